"""The parts that only ``vip watch`` needs."""
