"""Many switches: choosing, judging and healing them."""
