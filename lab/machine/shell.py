"""Runs the machine's own commands, with a clear error when one of them fails."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from lab.machine.guest import patience
from lab.topology.default import LabError

NETNS_DIR = Path("/run/netns")
TOOLS = {
    "ip": "iproute2",
    "nsenter": "util-linux",
    "unshare": "util-linux",
    "mount": "mount",
}


def require_tools(tools: dict[str, str]) -> None:
    """Raise, with the packages to install, when a command is missing.

    Args:
        tools: the package that holds each command.
    """
    missing = sorted(tool for tool in tools if shutil.which(tool) is None)
    if missing:
        packages = " ".join(sorted({tools[tool] for tool in missing}))
        message = f"The lab needs {', '.join(missing)}, which this machine does not have."
        raise LabError(message, f"Install it: apt-get install {packages}")


def call(
    argv: Sequence[str],
    *,
    stdin: str | None = None,
    timeout: float = 60,
    check: bool = True,
    env: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, and capture its output.

    Args:
        argv: the command.
        stdin: text for its standard input; None for an empty one.
        timeout: seconds after which it is killed; longer where the kernel is slow.
        check: raise ``LabError`` with its error output when it fails.
        env: its whole environment; None for this process's own.
    """
    try:
        done = subprocess.run(
            list(argv),
            input=stdin if stdin is not None else "",
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout * patience(),
            check=False,
            env=env,
        )
    except subprocess.TimeoutExpired as error:
        message = f"{' '.join(argv[:12])} did not end within {timeout * patience():g} s."
        raise LabError(message) from error
    except OSError as error:
        raise LabError(f"{argv[0]} cannot be run: {error}") from error
    if check and done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing")[-600:]
        raise LabError(f"{' '.join(argv[:12])} ended with {done.returncode} and said: {said}")
    return done


def ip_batch(lines: Iterable[str], *, netns: str | None = None) -> None:
    """Run several ``ip`` commands in one process; the first that fails stops them."""
    text = "\n".join(lines)
    if not text:
        return
    where = ["-n", netns] if netns else []
    call(["ip", *where, "-batch", "-"], stdin=text + "\n")


def in_netns(netns: str, argv: Sequence[str]) -> list[str]:
    """Return the command that runs ``argv`` in a network namespace and changes nothing else."""
    return ["nsenter", f"--net={NETNS_DIR / netns}", "--", *argv]


def wait_until(
    true: Callable[[], bool], *, timeout: float, every: float = 0.05, what: str = ""
) -> bool:
    """Wait until a condition is true; return whether it is.

    Args:
        true: the condition.
        timeout: seconds to wait at most; longer where the kernel is slow.
        every: seconds between two looks, at first; later a twentieth of the time that has passed,
            as each look costs processes.
        what: when given, a ``LabError`` with this text is raised instead of returning False.
    """
    begin = time.monotonic()
    timeout *= patience()
    while not true():
        waited = time.monotonic() - begin
        if waited >= timeout:
            if what:
                raise LabError(f"{what} within {timeout:g} s.")
            return False
        time.sleep(max(every, waited / 20))
    return True
