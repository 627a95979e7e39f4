"""Finds what is wrong with a gateway in the facts of its switch."""
