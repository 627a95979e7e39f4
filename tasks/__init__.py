"""Nornir tasks; each does one thing on one switch."""
