"""The subnet page: the management address of a switch."""
