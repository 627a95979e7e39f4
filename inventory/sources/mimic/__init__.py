"""Mimic: the switch and port of the uplink of a hypervisor."""
