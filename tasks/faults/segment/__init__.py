"""Faults of the segment behind a gateway: bridge, ports, neighbours, and the VM itself."""
