"""Nornir's runner for many switches: it keeps deadlines, can be stopped, and loses no host."""

from nornir_config.runner.fleet import FleetRunner

__all__ = ["FleetRunner"]
