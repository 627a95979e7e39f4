"""Simulated fleets: thousands of switches behind one real OpenSSH server.

A lab of two leafs is brought up. One of them gets a whole range of addresses, and an OpenSSH server
that listens on all of them. A client that connects to an address finds the switch of that address:
a real login on a real leaf, whose tools give the recorded answers of a leaf, rewritten with that
switch's names (``lab.swarm.answers``, ``lab.swarm.names``). To get a real leaf for each switch, use
a lab with ``extra_leafs``.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from lab.fabric.leaf import Leaf
from lab.lab import Lab
from lab.machine import netns
from lab.machine.shell import call, in_netns, ip_batch, wait_until
from lab.swarm.answers import HOME, install, record
from lab.swarm.delay import DEVICE
from lab.swarm.names import MOULDS, NETWORK, SwarmSwitch, moulds, switches
from lab.topology.specs import LabError

_SSHD = f"""\
# One server for thousands of switches, so no client is refused because there are many.
ListenAddress 0.0.0.0:22
HostKey /etc/ssh/ssh_host_ed25519_key
PidFile /{HOME}/sshd.pid
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
UseDNS no
PrintMotd no
PrintLastLog no
MaxStartups 10000
"""
_START = f"""\
set -e
kill "$(cat /run/sshd.pid)"
while [ -e /run/sshd.pid ]; do sleep 0.02; done
exec unshare --mount sh -ec '
mount --bind /{HOME}/bin /usr/local/sbin
exec /usr/sbin/sshd -f /{HOME}/sshd_config'
"""
_NEAR, _FAR = "10.49.0.1", "10.49.0.2"


class Swarm:
    """A simulated fleet; its lab has the same name, and is found and removed by it.

    Args:
        name: the lab's name.
        count: the number of switches.
    """

    def __init__(self, name: str, count: int) -> None:
        self.lab = Lab(name)
        self.switches: tuple[SwarmSwitch, ...] = switches(count)

    @property
    def known_hosts(self) -> Path:
        """Return the seat's known hosts, which include each switch."""
        return self.lab.seat.known_hosts

    def up(self, scripts: Sequence[str]) -> None:
        """Bring it up.

        Args:
            scripts: shell scripts that clients will run on the switches. The output of their tools
                is recorded. What is not recorded is answered by the one real leaf, later, more
                slowly and under its own names.

        Raises:
            LabError: it could not be brought up; nothing of it is left then.
        """
        self.lab.up(moulds(self.lab.name), kind="namespace")
        try:
            self._serve(scripts)
        except BaseException:
            self.lab.down()
            raise

    def down(self) -> None:
        """Remove everything."""
        self.lab.down()

    def _serve(self, scripts: Sequence[str]) -> None:
        answers = {number: record(self.lab.leaf(number), scripts) for number in MOULDS.values()}
        leaf = self._server
        install(leaf, answers)
        (leaf.root / HOME / "sshd_config").write_text(_SSHD)
        ip_batch([f"route add local {NETWORK} dev lo"], netns=leaf.netns)
        way = f"route add {NETWORK} via {leaf.spec.address.ip}"
        ip_batch([way], netns=self.lab.seat.netns)
        leaf.exec(["sh", "-c", _START], check=True)
        wait_until(self._listens, timeout=10, what="The fleet's SSH server did not come up")
        kind, key = (leaf.root / "etc/ssh/ssh_host_ed25519_key.pub").read_text().split()[:2]
        with self.known_hosts.open("a") as file:
            file.writelines(f"{s.address},{s.name} {kind} {key}\n" for s in self.switches)

    @property
    def _server(self) -> Leaf:
        return self.lab.leaf(next(iter(MOULDS.values())))

    def _listens(self) -> bool:
        inside = netns.processes_in([self._server.netns])
        return any(netns.listens(process, 22) for process in inside)

    def far_seat(self, delay: float) -> str:
        """Make a second seat, from which packets take longer to the switches and back.

        Args:
            delay: seconds each way; a round trip takes twice as long.

        Returns:
            Its network namespace. It reaches only the switches.

        Raises:
            LabError: it could not be made.
        """
        far = self.lab.fabric.ns("far")
        near = self._server.netns
        call(["ip", "netns", "add", far])
        netns.set_sysctls(far, {"ipv6/conf/all/disable_ipv6": "1"})
        log = self.lab.state_dir / "delay.log"
        # In the far namespace, so that it ends with the lab.
        enter = in_netns(far, [sys.executable, "-m", "lab.swarm.delay", near, far, f"{delay:g}"])
        with log.open("wb") as output:
            subprocess.run(
                ["setsid", "--fork", *enter],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=Path(__file__).parents[2],
                check=True,
            )
        if not wait_until(lambda: all(map(_has_line, (near, far))), timeout=10):
            raise LabError(f"The line to the far seat did not come up: {log.read_text()[-600:]}")
        for namespace, own, route in ((near, _NEAR, []), (far, _FAR, [f"default via {_NEAR}"])):
            ip_batch(
                [
                    f"addr add {own}/30 dev {DEVICE}",
                    f"link set dev {DEVICE} up txqueuelen 10000",
                    *(f"route add {destination}" for destination in route),
                ],
                netns=namespace,
            )
        return far


def _has_line(namespace: str) -> bool:
    return call(["ip", "-n", namespace, "link", "show", DEVICE], check=False).returncode == 0
