"""Logging in to a switch and running commands there, over SSH."""
