"""What is wrong with a gateway, found in the facts of its switch."""
