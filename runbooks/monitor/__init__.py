"""What only ``vip watch`` needs."""
