"""The cures of a run: which one is next, and carrying it out."""
