"""A kernel of the lab's own: user-mode Linux, in which the whole lab runs."""
