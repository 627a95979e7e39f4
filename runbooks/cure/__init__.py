"""Which cure next, and carrying it out."""
