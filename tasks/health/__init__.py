"""The health of the gateways of one switch, and of a fleet: facts, checks, diagnosis."""
