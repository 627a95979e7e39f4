"""Where switches come from: OpenStack, Mimic and the subnet page, joined for Nornir."""
