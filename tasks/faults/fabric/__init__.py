"""Faults of the fabric below the gateways: the configuration and EVPN."""
