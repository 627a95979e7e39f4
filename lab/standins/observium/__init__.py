"""A stand-in for Observium: a poller that looks at the lab's leafs, and the web UI."""
