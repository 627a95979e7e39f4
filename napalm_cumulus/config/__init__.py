"""The configuration of a switch: its interfaces files, and what they mean."""
