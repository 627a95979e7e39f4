"""Where switches come from: OpenStack, Mimic and the subnet page, joined into a Nornir inventory."""
