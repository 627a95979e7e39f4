"""What the lab uses of this machine: namespaces, processes, keys, the tree of a leaf."""
