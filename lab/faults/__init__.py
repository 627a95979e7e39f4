"""Faults that the lab can be given: how each is made, and mended."""
