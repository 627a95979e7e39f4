"""The operator's seat: a namespace with its own settings, keys and home, without a way out."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ed25519

from lab.machine.guest import in_guest, patience
from lab.machine.keys import key_texts
from lab.machine.shell import NETNS_DIR
from lab.topology.default import OBSERVIUM_PASSWORD, OBSERVIUM_USER, Topology

# No name is resolved: the machine's own resolvers are hidden, not only unreachable.
_ENTER = """\
for way in /run/systemd/resolve /run/nscd; do
    [ ! -d "$way" ] || mount -t tmpfs tmpfs "$way"
done
[ ! -e /etc/resolv.conf ] || mount --bind "$1/resolv.conf" /etc/resolv.conf
mount --bind "$1/hosts" /etc/hosts
shift
exec "$@"
"""
_DROPPED = ("XDG_", "SSH_", "OS_")
_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy")


class Seat:
    """The seat's files, and the command that runs something in it."""

    def __init__(self, topology: Topology, netns: str, directory: Path, tree: Path) -> None:
        self.topology = topology
        self.netns = netns
        self.directory = directory
        self.tree = tree
        self.home = directory / "home"
        self.key_file = self.home / ".ssh" / "id_ed25519"
        self.known_hosts = self.home / ".ssh" / "known_hosts"
        self.config = directory / "vipkeeper.toml"
        self.reports = directory / "reports"
        self.audit = directory / "audit.jsonl"

    def install(self) -> str:
        """Write all files but the known hosts; return the operator's public key."""
        for path in (self.home / ".ssh", self.directory / "bin"):
            path.mkdir(parents=True, exist_ok=True)
        (self.home / ".ssh").chmod(0o700)
        private, public = key_texts(ed25519.Ed25519PrivateKey.generate(), "operator@seat")
        self.key_file.touch(mode=0o600)
        self.key_file.write_text(private)
        self.key_file.with_suffix(".pub").write_text(public)
        (self.directory / "resolv.conf").write_text("")
        (self.directory / "hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")
        clouds = self.directory / "clouds.yaml"
        clouds.touch(mode=0o600)
        clouds.write_text(self._clouds())
        self.config.write_text(self._settings(clouds))
        (self.home / ".ssh" / "config").write_text(self._ssh_config())
        secrets = self.home / ".config" / "vipkeeper" / "secrets"
        secrets.mkdir(parents=True, exist_ok=True)
        secret = secrets / "observium_password"
        secret.touch(mode=0o600)
        secret.write_text(OBSERVIUM_PASSWORD)
        self._borrow_tools()
        return public

    def environment(self) -> dict[str, str]:
        """Return the environment of a command in the seat."""
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(_DROPPED) and key.lower() not in _PROXIES
        }
        here = str(Path(sys.executable).parent)
        path = os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        return kept | {
            "HOME": str(self.home),
            "PATH": f"{self.directory / 'bin'}:{here}:{path}",
            "VIPKEEPER_CONFIG": str(self.config),
            "VIPKEEPER_LAB": self.topology.name,
        }

    def command(self, argv: Sequence[str]) -> list[str]:
        """Return the machine's command that runs ``argv`` in the seat, in the same directory."""
        return [
            *("nsenter", f"--net={NETNS_DIR / self.netns}", "--"),
            *("unshare", "--mount", "--"),
            *("sh", "-ec", _ENTER, "seat", str(self.directory), *argv),
        ]

    def _settings(self, clouds: Path) -> str:
        topology = self.topology
        mimic = topology.service("mimic").url.rstrip("/")
        subnet_page = topology.service("subnet-page").url
        observium = topology.service("observium").url
        timeout = f"{5 * patience():g}"
        return f"""\
# The settings of the operator's seat in the lab {topology.name!r}.
[openstack]
cloud = "lab"
clouds_file = "{clouds}"
timeout = {timeout}
deadline = {20 * patience():g}

[mimic]
url = "{mimic}"
timeout = {timeout}

[subnet_page]
url = "{subnet_page}"
subnets = ["{topology.management_network}"]
timeout = {timeout}

[sources]
events = "observium"

[observium]
url = "{observium}"
username = "{OBSERVIUM_USER}"
timeout = {timeout}
poll_takes = 1

[ssh]
username = "root"
key_file = "{self.key_file}"
known_hosts = "{self.known_hosts}"
use_agent = false
{self._longer()}
[paths]
cache = "{self.directory}/cache"
reports = "{self.reports}"
audit = "{self.audit}"
"""

    @staticmethod
    def _longer() -> str:
        """Return longer limits where the switches are slow: on a kernel of the lab's own."""
        if not in_guest():
            return ""
        return f"""\
connect_timeout = {10 * patience():g}

[heal]
revert_in = 120
settle = 60

[check]
deadline = {120 * patience():g}
switch_deadline = {30 * patience():g}
"""

    def _clouds(self) -> str:
        cloud = self.topology.cloud
        return f"""\
clouds:
  lab:
    auth:
      auth_url: {self.topology.service("keystone").url}
      username: {cloud.username}
      password: {cloud.password}
      project_name: {cloud.project}
      user_domain_name: {cloud.domain}
      project_domain_name: {cloud.domain}
    region_name: {cloud.region}
    identity_api_version: 3
    api_timeout: {5 * patience():g}
"""

    def _ssh_config(self) -> str:
        lines = [
            f"IdentityFile {self.key_file}",
            f"UserKnownHostsFile {self.known_hosts}",
            "GlobalKnownHostsFile /dev/null",
            "StrictHostKeyChecking yes",
        ]
        for leaf in self.topology.leafs:
            lines += [
                f"Host {leaf.short_name} {leaf.name}",
                f"    HostName {leaf.address.ip}",
                f"    HostKeyAlias {leaf.name}",
                "    User root",
            ]
        return "\n".join(lines) + "\n"

    def _borrow_tools(self) -> None:
        """Let the seat use the tree's ping and other tools where the machine has none.

        OpenSSH's client looks for its files in the account's home directory, whatever ``HOME`` is.
        """
        loader = next((self.tree / "usr/lib").glob("*/ld-linux*.so*"), None)
        for tool in ("ping", "arping", "ssh"):
            program = self.tree / "usr/bin" / tool
            own = shutil.which(tool)
            if own is not None and tool != "ssh":
                continue
            run = own or f"{loader} --library-path {loader and loader.parent} {program}"
            option = f" -F {self.home}/.ssh/config" if tool == "ssh" else ""
            wrapper = self.directory / "bin" / tool
            wrapper.write_text(f'#!/bin/sh\nexec {run}{option} "$@"\n')
            wrapper.chmod(0o755)
