"""NAPALM's getters: the commands to run on a switch, and the parsing of their output."""
