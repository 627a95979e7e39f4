"""Which VMs are cut off, and behind which leaf."""
