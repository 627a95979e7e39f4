"""Parses the output of programs on a switch."""
