"""Curing a gateway: planning one change, carrying it out, and the aftercare."""
