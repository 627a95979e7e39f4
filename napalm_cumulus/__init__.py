"""NAPALM driver for Cumulus Linux switches whose network is managed by ifupdown2."""
