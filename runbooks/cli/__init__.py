"""The command line: arguments, options, Ctrl-C, exit codes."""
