"""Fleets of simulated switches behind one real sshd."""
