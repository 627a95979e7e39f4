"""The lab's network: leafs, links, routing, and the seat from which operators work."""
