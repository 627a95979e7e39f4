"""NAPALM's getters: what is asked of a switch, and what its answers mean."""
