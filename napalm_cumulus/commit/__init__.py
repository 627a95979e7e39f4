"""Changing a switch: commit-confirm, rollback and repairs, and the program on the switch."""
