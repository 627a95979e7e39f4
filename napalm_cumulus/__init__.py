"""NAPALM driver for Cumulus Linux switches whose network is managed by ifupdown2."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napalm_cumulus.driver import CumulusDriver
else:

    def __getattr__(name: str) -> object:
        """Return the driver when it is used for the first time.

        NAPALM is slow to import (see ``errors``).
        """
        if name != "CumulusDriver":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from napalm_cumulus.driver import CumulusDriver  # noqa: PLC0415 - see above

        return CumulusDriver

    def __dir__() -> list[str]:
        return __all__


# Only one class: NAPALM takes the first subclass of its base class that it finds here.
__all__ = ["CumulusDriver"]
