"""What a person runs: trace, heal, toggle, ... and the command line."""
