"""A leaf as the commit tests see it: driver sessions, its disk, its kernel, its state."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from lab.lab import Lab
from lab.machine.netns import in_namespace
from lab.machine.shell import wait_until
from napalm_cumulus import CumulusDriver
from napalm_cumulus.config.snapshot import Snapshot, take
from napalm_cumulus.result import CommandResult

#: Seconds, at most, for what is waited for: none of them is lost when it comes at once, and a busy
#: machine does not reach them. A shorter limit is one that a test is about.
PATIENCE = 120.0
ADDRESS = {"03": "10.5.0.43", "01": "10.5.0.41", "02": "10.5.0.42"}
#: Addresses of vlan453 on leaf -03 when all is well.
WELL = {
    "vlan453 130.246.212.2/22",
    "vlan453-v0 130.246.212.1/22",
    "vlan453-v1 130.246.215.254/22",
}
#: Everything whose change on the disk would be a broken promise.
_DISK = "find /etc/network -xdev -printf '%p %y %m %u %g %l\\n' -type f -exec sha256sum {} + | sort"


class LeafUnderTest:
    """One leaf of the lab and any number of driver sessions to it."""

    def __init__(self, lab: Lab, stack: ExitStack, name: str = "03") -> None:
        self.lab = lab
        self.name = name
        self._stack = stack

    def driver(self, user: str = "root", **optional_args: Any) -> CumulusDriver:
        """A new session from the operator's seat."""
        seat = self.lab.seat
        driver = CumulusDriver(
            ADDRESS[self.name],
            user,
            "",
            60,
            {
                "known_hosts_file": str(seat.known_hosts),
                "ssh_config_file": "/dev/null",
                "key_file": str(seat.key_file),
                "use_agent": False,
                **optional_args,
            },
        )
        self._stack.callback(driver.close)
        in_namespace(seat.netns, driver.open)
        return driver

    def sh(self, script: str, timeout: float = 60) -> str:
        """A shell script's stdout on the leaf, past the network."""
        return self.lab.exec_leaf(
            self.name, ["sh", "-c", script], timeout=timeout, check=True
        ).stdout

    def disk(self) -> str:
        """Names, kinds, modes, owners and contents of all that is below /etc/network."""
        return self.sh(_DISK)

    def addresses(self, device: str = "vlan453") -> set[str]:
        """``device address`` for the device and its VRR devices."""
        lines = self.sh("ip -o addr show scope global").splitlines()
        pairs = [(line.split()[1], line.split()[3]) for line in lines]
        return {f"{name} {address}" for name, address in pairs if name.startswith(device)}

    def state(self) -> set[str]:
        """What stands in the state directory, but for the newest ended commit and the lock."""
        return set(self.sh("ls -A /run/vipkeeper 2>/dev/null || :").split()) - {"last", "lock"}

    def timers(self) -> str:
        """The transaction's units that systemd knows."""
        return self.sh("systemctl list-units --plain --no-legend 'vipkeeper-*'")

    def snapshot(self) -> Snapshot:
        """The configuration, read past the network."""
        return take(PastTheNetwork(self.lab, self.name))

    def wait_until(self, condition: Callable[[], bool], timeout: float = PATIENCE) -> float:
        """Wait for it; gives the seconds that it took."""
        begin = time.monotonic()
        if not wait_until(condition, timeout=timeout):
            raise TimeoutError(f"{condition} did not come true within {timeout} s")
        return time.monotonic() - begin


class PastTheNetwork:
    """A transport that needs no SSH, to look at a leaf whatever its network does."""

    def __init__(self, lab: Lab, leaf: str) -> None:
        self._leaf = lab.leaf(leaf)

    def run(
        self, command: str, *, stdin: bytes = b"", timeout: float | None = None
    ) -> CommandResult:
        done = subprocess.run(
            self._leaf.command(["sh", "-c", command]),
            input=stdin,
            capture_output=True,
            timeout=timeout or 60,
            check=False,
        )
        return CommandResult(command, done.returncode, done.stdout, done.stderr)

    def is_alive(self) -> bool:
        return True

    def close(self) -> None:
        """Nothing to close."""
