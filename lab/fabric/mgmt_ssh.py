"""sshd in the VRF ``mgmt`` alone, as Cumulus starts it: ``ssh@mgmt`` instead of ``ssh``."""

from __future__ import annotations

_UNITS = "etc/systemd/system"
FILES = {
    f"{_UNITS}/ssh@.service": """\
[Unit]
Description=OpenBSD Secure Shell server in the VRF %i
After=network.target networking.service

[Service]
EnvironmentFile=-/etc/default/ssh
ExecStart=/sbin/ip vrf exec %i /usr/sbin/sshd -D $SSHD_OPTS
KillMode=process
Restart=on-failure
RestartSec=1
RuntimeDirectory=sshd
RuntimeDirectoryMode=0755

[Install]
WantedBy=multi-user.target
"""
}
#: Symbolic links, and where they lead.
LINKS = {
    f"{_UNITS}/ssh.service": "/dev/null",
    f"{_UNITS}/multi-user.target.wants/ssh@mgmt.service": f"/{_UNITS}/ssh@.service",
}
