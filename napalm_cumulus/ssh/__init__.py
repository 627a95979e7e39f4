"""The login on a switch, and running commands there, over SSH."""
