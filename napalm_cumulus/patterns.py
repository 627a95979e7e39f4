"""How names and addresses of the kernel are written, as regular expressions."""

from __future__ import annotations

#: A MAC address with colons.
MAC = r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}"
#: A network interface that can stand in a command line; the kernel takes 15 characters.
INTERFACE = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}"
