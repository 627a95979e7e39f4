"""The parts of every run: its story, report, sessions, audit lines and errors."""
