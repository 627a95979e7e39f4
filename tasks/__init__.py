"""Nornir tasks: one thing on one switch."""
