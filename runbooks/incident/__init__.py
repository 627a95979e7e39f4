"""Who is cut off, and behind which leaf."""
