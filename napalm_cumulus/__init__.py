"""NAPALM driver for Cumulus Linux switches whose network is managed by ifupdown2."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napalm_cumulus.driver import CumulusDriver
else:

    def __getattr__(name: str) -> object:
        """Return the driver once it is asked for: NAPALM is slow to import (see ``errors``)."""
        if name != "CumulusDriver":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from napalm_cumulus.driver import CumulusDriver  # noqa: PLC0415 - see above

        return CumulusDriver

    def __dir__() -> list[str]:
        return __all__


# One class and no more: NAPALM takes the first subclass of its base that it finds here.
__all__ = ["CumulusDriver"]
