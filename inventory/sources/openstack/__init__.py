"""OpenStack: where a VM runs, and whose a MAC is."""
