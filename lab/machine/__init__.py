"""What the lab asks of this machine: namespaces, processes, keys, the tree of a leaf."""
