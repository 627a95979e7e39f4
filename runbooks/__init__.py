"""What a person runs (trace, heal, toggle and others), and the command line."""
