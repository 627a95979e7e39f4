"""The clock of a monitoring system against this machine's."""

from __future__ import annotations

from datetime import datetime, timedelta

from inventory.names import age_in_words

#: Below that it is the way of the answer, and times of whole seconds.
_SAME = timedelta(seconds=3)


def ahead(server: datetime, here: datetime) -> timedelta:
    """Return how far a system's clock is ahead of this machine's; zero where they agree."""
    found = timedelta(seconds=round((server - here).total_seconds()))
    return found if abs(found) > _SAME else timedelta()


def clock_warning(system: str, found: timedelta) -> str:
    """Return what to say of a clock that is off; empty where it is not.

    >>> from datetime import timedelta
    >>> clock_warning("Observium", timedelta(minutes=-3))
    "The clock of Observium is 3 minutes behind this machine's; its times are corrected by that."
    """
    if not found:
        return ""
    where = "ahead of" if found > timedelta() else "behind"
    return (
        f"The clock of {system} is {age_in_words(abs(found).total_seconds())} {where} this "
        "machine's; its times are corrected by that."
    )
