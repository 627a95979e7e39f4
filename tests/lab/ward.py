"""A leaf as the tests of cures see it: faults in its kernel, cures, and what is left of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from nornir.core import Nornir
from nornir.core.inventory import Defaults, Groups, Host, Hosts, Inventory
from nornir.core.task import Result
from nornir.plugins.runners import SerialRunner

from napalm_cumulus import CumulusDriver
from tasks.cures.apply import apply_cure
from tasks.cures.model import CureOutcome
from tasks.faults.model import Diagnosis
from tasks.gateways import GatewayQuery, find_gateway
from tasks.ladder import Cure
from tasks.model import Gateway
from tests.lab.switch import LeafUnderTest

SVI, VRR, VRR2 = "vlan453", "vlan453-v0", "vlan453-v1"
MAC = "00:00:5e:00:01:c5"
VM, VM_ADDRESS = "vm-a1", "130.246.213.11"
BYSTANDER = "vm-b1"
OUTSIDE = "198.51.100.250"

#: Everything in the kernel that a fault or a cure of the gateway may change.
KERNEL = f"""
for d in {SVI} {VRR} {VRR2} swp1s3; do
    ip -o -d link show dev $d 2>&1 | sed -E 's/^[0-9]+: //' |
        grep -oE '^[^@:]+|<[^>]*>|mtu [0-9]+|link/ether \\S+|protodown on|master \\S+' |
        tr '\\n' ' '
    echo
done
ip -o addr show scope global | awk '{{ print $2, $3, $4 }}' | sort
ip -4 route show table all | sed 's/ *$//' | grep -v broadcast | sort
bridge -o link | grep -oE ' [^ ]+@| [^ ]+: <|master \\S+ state \\S+' | tr '\\n' ' '
bridge fdb show br {SVI} | grep -i 00:00:5e | sort
{{ ip -4 neigh show nud permanent; ip -6 neigh show nud permanent; }} | grep -v extern_learn
cd /proc/sys/net/ipv4/conf
grep -H . {SVI}*/forwarding {SVI}*/rp_filter {SVI}*/arp_ignore {SVI}*/proxy_arp
"""

_FORGET = f"""
rm -f /usr/local/sbin/ifup
for d in {SVI} {VRR} {VRR2}; do
    ip -4 neigh flush dev $d nud permanent
    ip -6 neigh flush dev $d nud permanent
done
ip neigh flush dev {SVI}
"""
_MEND = f"""
ip link set swp1s3 up
for d in {VRR} {VRR2}; do ip link delete dev $d; done
ip addr flush dev {SVI}
ip link set {SVI} up mtu 9000
ifreload -a
bridge link set dev swp1s3 state 3
bridge fdb del {MAC} dev vni10453 master
"""
#: By lab: the kernel of its leaf after it has been mended and all was well.
_WELL: dict[str, set[str]] = {}


class Ward:
    """Leaf -03, one driver session to it, and Nornir tasks run over that session."""

    def __init__(self, leaf: LeafUnderTest, driver: CumulusDriver) -> None:
        self.leaf = leaf
        self.driver = driver
        host = Host(name="swt-sn2100-03", hostname="10.5.0.43", platform="cumulus")
        # All that is used of a connection plugin.
        plugin: Any = SimpleNamespace(connection=driver, close=driver.close)
        host.connections["napalm"] = plugin
        inventory = Inventory(Hosts({host.name: host}), Groups(), Defaults())
        self._nornir = Nornir(inventory=inventory, runner=SerialRunner())
        self.gateway: Gateway = self.run(find_gateway, wanted=GatewayQuery(interface=SVI))
        self.mend()
        if self.kernel() != _WELL.get(leaf.lab.name):
            leaf.lab.wait_evpn()  # after a reboot FRR's routes come one by one
            leaf.wait_until(self._settled)
            _WELL[leaf.lab.name] = self.kernel()
        self.well = _WELL[leaf.lab.name]

    def run(self, task: Callable[..., Result], **arguments: Any) -> Any:
        """A task's result; its exception where it failed."""
        self._nornir.data.reset_failed_hosts()
        results = self._nornir.run(task=task, raise_on_error=False, **arguments)["swt-sn2100-03"]
        if results[0].exception is not None:
            raise results[0].exception
        return results[0].result

    def kernel(self) -> set[str]:
        return set(self.leaf.sh(KERNEL).splitlines())

    def _settled(self) -> bool:
        before = self.kernel()
        time.sleep(0.3)
        return self.kernel() == before

    def differs(self) -> set[str]:
        """What of the kernel is not as it was when all was well."""
        return self.kernel() ^ self.well

    def mend(self) -> None:
        """Make all well again; devices are made anew only where something differs."""
        self.leaf.sh(f"( {_FORGET} ) 2>/dev/null; true")
        if self.kernel() != _WELL.get(self.leaf.lab.name):
            self.leaf.sh(f"( {_MEND} ) 2>/dev/null; true")
        for vm in (VM, "vm-a2", BYSTANDER):
            self.leaf.lab.exec_vm(vm, ["ip", "neigh", "flush", "dev", "eth0"])
        self.leaf.lab.answers(VM_ADDRESS, count=2)

    def answers(self, count: int = 2) -> bool:
        return self.leaf.lab.answers(VM_ADDRESS, count=count)

    def carries_large_packets(self) -> bool:
        ping = ["ping", "-n", "-q", "-c", "1", "-W", "1", "-s", "1472", "-M", "do", OUTSIDE]
        return self.leaf.lab.exec_vm(VM, ping).returncode == 0

    def cure(self, diagnosis: Diagnosis, **options: Any) -> CureOutcome:
        arguments = {"message": "a test", "revert_in": 30, **options}
        cured: CureOutcome = self.run(
            apply_cure, diagnosis=diagnosis, gateway=self.gateway, **arguments
        )
        return cured


def diagnosed(cure: Cure, *devices: str, **more: Any) -> Diagnosis:
    return Diagnosis("a-fault", "a fault", (), cure, SVI, devices, **more)


@contextmanager
def warded(leaf: LeafUnderTest) -> Iterator[Ward]:
    """The leaf with nothing wrong in its kernel, before and after."""
    ward = Ward(leaf, leaf.driver())
    try:
        yield ward
    finally:
        ward.mend()
