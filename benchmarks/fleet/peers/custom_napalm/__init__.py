"""NAPALM looks for drivers of one's own in a package of this name."""
