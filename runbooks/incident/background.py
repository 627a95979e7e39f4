"""Questions to the sources, asked in the background while something else is done."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from inventory.errors import VipkeeperError

T = TypeVar("T")


class Background(Generic[T]):
    """A question asked in the background.

    A source that hangs does not delay the end of a command.
    """

    def __init__(self, ask: Callable[[], T], limit: threading.Semaphore | None = None) -> None:
        self._answer: SimpleQueue[T | VipkeeperError] = SimpleQueue()
        self._ask = ask
        self._limit = limit or threading.Semaphore()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        with self._limit:
            try:
                self._answer.put(self._ask())
            except VipkeeperError as error:
                self._answer.put(error)
            except Exception as error:  # noqa: BLE001 - a comparison never stops a repair
                self._answer.put(VipkeeperError(f"{type(error).__name__}: {error}"))

    def result(self, seconds: float) -> T:
        """Return the answer; may be called once.

        Raises:
            VipkeeperError: the source failed, or has not answered within the time.
        """
        try:
            answer = self._answer.get(timeout=max(0.05, seconds))
        except Empty:
            raise VipkeeperError("the answer took too long") from None
        if isinstance(answer, VipkeeperError):
            raise answer
        return answer
