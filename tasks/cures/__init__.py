"""Curing a gateway: planning the one change, carrying it out, and what comes after it."""
