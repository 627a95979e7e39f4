"""The same facts from the same switches by several clients, and what each of them costs."""
