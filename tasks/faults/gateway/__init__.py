"""Faults of a gateway itself: its devices, addresses, routes, rules and settings."""
