"""How Nornir starts: the settings file, secrets, and ``init_nornir()``."""
