"""Reading what programs on a switch print."""
