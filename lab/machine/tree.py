"""Trees of Debian packages, such as the switch software: built once, kept, never written to.

Leafs put an overlay on it; hypervisors run its lldpd on it read-only. Nothing of it is installed on
the machine itself.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from lab.machine.shell import call, require_tools
from lab.topology.default import LabError

SUITE = "bookworm"
PACKAGES = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "ifupdown2",
    "bridge-utils",
    "openssh-server",
    "lldpd",
    "frr",
    "iproute2",
    "iputils-ping",
    "iputils-arping",
    "procps",
    "util-linux",
    "python3",
    "python3-mako",
    "sudo",
    "ethtool",
)
# Accounts for rehearsing logins: one with a password for sudo, one whose sudo needs none.
PASSWORD_USER = "operator"
PASSWORD = "lab-operator"
NOPASSWD_USER = "netops"

# Timers and sockets that are useless in the lab; they would only cost boot time.
_MASKED = (
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "dpkg-db-backup.timer",
    "e2scrub_all.timer",
    "e2scrub_reap.service",
    "fstrim.timer",
    "getty@tty1.service",
    "logrotate.timer",
    "systemd-update-utmp.service",
    "systemd-update-utmp-runlevel.service",
)
_RECIPE = f"""
set -eu
root=$1
rm -f "$root"/etc/ssh/ssh_host_* "$root"/etc/machine-id "$root"/etc/hostname
rm -f "$root"/etc/network/if-*.d/bridge  # hooks for the other ifupdown
: > "$root/etc/resolv.conf"
chroot "$root" useradd -m -N -g operator -G sudo -s /bin/bash {PASSWORD_USER}
chroot "$root" useradd -m -s /bin/bash {NOPASSWD_USER}
echo '{PASSWORD_USER}:{PASSWORD}' | chroot "$root" chpasswd
echo '{NOPASSWD_USER} ALL=(ALL:ALL) NOPASSWD: ALL' > "$root/etc/sudoers.d/netops"
chmod 440 "$root/etc/sudoers.d/netops"
for unit in {" ".join(_MASKED)}; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
done
mkdir -p "$root/etc/systemd/journald.conf.d"
printf '[Journal]\\nStorage=volatile\\nRuntimeMaxUse=8M\\n' > "$root/etc/systemd/journald.conf.d/lab.conf"
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/doc "$root"/usr/share/man
"""  # noqa: E501 - shell, one command a line


def cache_dir() -> Path:
    """Return the directory of the trees; ``VIPKEEPER_LAB_CACHE`` names another one."""
    return Path(os.environ.get("VIPKEEPER_LAB_CACHE") or "/var/cache/vipkeeper/lab")


@dataclass(frozen=True)
class Tree:
    """A directory made of packages of one release.

    Attributes:
        name: the beginning of its name in the cache.
        packages: the packages, which bring those they depend on.
        variant: mmdebstrap's; ``extract`` unpacks and installs nothing.
        recipe: a shell script that finishes it; its argument is the directory.
        what: what it holds, for messages.
        suite: Debian's name of the release.
    """

    name: str
    packages: tuple[str, ...]
    variant: str
    recipe: str
    what: str
    suite: str = SUITE

    @property
    def path(self) -> Path:
        """Return its path for this recipe, whether it is built or not."""
        key = hashlib.sha256("\0".join([self.suite, *self.packages, self.recipe]).encode())
        return cache_dir() / f"{self.name}-{key.hexdigest()[:12]}"

    @property
    def hook(self) -> str:
        """Return the last moment at which mmdebstrap runs the recipe of such a tree."""
        return "extract-hook" if self.variant == "extract" else "customize-hook"

    def ensure(self) -> Path:
        """Return its path; build it first when this machine does not have it yet."""
        path = self.path
        if path.is_dir():
            return path
        require_tools({"mmdebstrap": "mmdebstrap"})
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LabError(f"The lab's cache cannot be made: {error}") from error
        with building(path):
            if not path.is_dir():
                _build(self)
        return path


SWITCH = Tree("tree", PACKAGES, "minbase", _RECIPE, "switch software")
#: For a leaf with a single VXLAN device: FRR reads its VNIs from 8.5 on, and bookworm has 8.4.
NEWER_SWITCH = replace(SWITCH, suite="trixie")


def tree_path() -> Path:
    """Return the path of the switches' tree, whether it is built or not."""
    return SWITCH.path


def ensure_tree() -> Path:
    """Return the switches' tree; build it first when this machine does not have it yet."""
    return SWITCH.ensure()


@contextmanager
def building(path: Path) -> Iterator[None]:
    """Let only one build run in the cache at a time; a second caller finds what the first built."""
    lock = path.parent / ".build.lock"
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        for leftover in path.parent.glob("build-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        yield


def _build(tree: Tree) -> None:
    path = tree.path
    with tempfile.TemporaryDirectory(prefix="build-", dir=path.parent) as scratch:
        # A directory of our own inside: mmdebstrap gives the tree the mode and owner of ``/``.
        target = Path(scratch) / "tree"
        hook = Path(scratch) / "recipe.sh"
        hook.write_text(tree.recipe)
        argv = [
            "mmdebstrap",
            "--quiet",
            "--mode=root",
            f"--variant={tree.variant}",
            f"--include={','.join(tree.packages)}",
            f'--{tree.hook}=sh {hook} "$1"',
            *_apt_proxy(),
            tree.suite,
            str(target),
            *_mirrors(tree.suite),
        ]
        try:
            call(argv, timeout=1200)
        except LabError as error:
            advice = "Check that apt-get update works on this machine, then try again."
            raise LabError(f"The {tree.what} could not be fetched: {error}", advice) from error
        target.rename(path)


def _apt_proxy() -> list[str]:
    """Return the machine's own apt proxy, if it has one."""
    for scheme in ("http", "https"):
        option = f"Acquire::{scheme}::Proxy"
        said = call(["apt-config", "dump", "--format", "%v%n", option], check=False).stdout.strip()
        if said:
            return [f'--aptopt={option} "{said.splitlines()[0]}"']
    return []


def _mirrors(suite: str) -> list[str]:
    """Return the machine's own sources, for a suite; without any, mmdebstrap uses Debian's."""
    apt = Path("/etc/apt")
    texts = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]
    found: list[str] = []
    for path in texts:
        if path.suffix == ".sources":
            found += deb822_sources(path.read_text(errors="replace"))
        elif path.suffix == ".list" and path.is_file():
            found += one_line_sources(path.read_text(errors="replace"))
    named = re.compile(rf" {SUITE}(?=[- ])")
    return [named.sub(f" {suite}", line) for line in sorted(set(found), key=found.index)]


_SUITES = (SUITE, f"{SUITE}-updates", f"{SUITE}-security")


def one_line_sources(text: str) -> list[str]:
    """Return the entries of an apt ``.list`` file that belong to the tree's suite."""
    pattern = re.compile(r"^deb\s+(\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.*)$")
    found = []
    for line in text.splitlines():
        match = pattern.match(line.strip())
        if match and match[3] in _SUITES and "main" in match[4].split():
            found.append(f"deb {match[1] or ''}{match[2]} {match[3]} main")
    return found


def deb822_sources(text: str) -> list[str]:
    """Return the entries of an apt ``.sources`` file that belong to the tree's suite."""
    found = []
    for paragraph in re.split(r"\n\s*\n", text):
        lines = [line for line in paragraph.splitlines() if not line.startswith("#")]
        fields = {
            key.strip().lower(): value.split()
            for key, colon, value in (line.partition(":") for line in lines)
            if colon
        }
        if fields.get("enabled") == ["no"] or "deb" not in fields.get("types", []):
            continue
        if "main" not in fields.get("components", []):
            continue
        signed = fields.get("signed-by", [])
        option = f"[signed-by={signed[0]}] " if signed else ""
        found += [
            f"deb {option}{uri} {suite} main"
            for uri in fields.get("uris", [])
            for suite in fields.get("suites", [])
            if suite in _SUITES
        ]
    return found
