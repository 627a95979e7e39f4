"""Nornir's runner for many switches at once: it keeps deadlines, can be stopped, loses no host."""

from nornir_config.runner.fleet import FleetRunner

__all__ = ["FleetRunner"]
