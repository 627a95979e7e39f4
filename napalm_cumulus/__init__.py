"""NAPALM driver for Cumulus Linux switches whose network is managed by ifupdown2."""

from napalm_cumulus.driver import CumulusDriver

# One class and no more: NAPALM takes the first subclass of its base that it finds here.
__all__ = ["CumulusDriver"]
