"""Mimic: which switch and port the uplink of a hypervisor goes to."""
