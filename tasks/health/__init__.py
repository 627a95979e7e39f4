"""The health of the gateways of one switch, and of all: facts, checks, diagnosis."""
