"""A session that has some answers already, for reads that share one round trip."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napalm_cumulus.result import CommandResult
    from napalm_cumulus.ssh.transport import Transport


class PrefetchedTransport:
    """Returns the known answers, and runs every other command in the session."""

    def __init__(self, transport: Transport, answers: Mapping[str, CommandResult]) -> None:
        self._transport = transport
        self._answers = answers

    def run(
        self, command: str, *, stdin: bytes = b"", timeout: float | None = None
    ) -> CommandResult:
        """Return the known result of the command, or run it."""
        known = None if stdin else self._answers.get(command)
        return known or self._transport.run(command, stdin=stdin, timeout=timeout)

    def is_alive(self) -> bool:
        """Return whether the session is alive."""
        return self._transport.is_alive()

    def close(self) -> None:
        """End the session."""
        self._transport.close()
