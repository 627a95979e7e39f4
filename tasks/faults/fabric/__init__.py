"""Faults of what gateways are made of: the configuration, and the EVPN fabric."""
