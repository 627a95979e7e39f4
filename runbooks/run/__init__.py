"""What every run has: its story, its report, its sessions, its audit lines and errors."""
