"""Reading a switch in one round trip into typed facts."""
