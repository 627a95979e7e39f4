"""How the site's systems fail, what ``vip`` must say of it, and whether an old answer serves."""

from __future__ import annotations

from typing import NamedTuple

HV = "hv50.nubes.example.internal"
SWITCH = "swt-sn2100-03.example.internal"


class SourceFault(NamedTuple):
    """A fault of a stand-in; ``words`` stand in the sentence."""

    system: str
    fault: str
    words: tuple[str, ...]
    #: Whether an earlier answer takes the place of this one.
    remembered: bool = True
    #: The exit code without an earlier answer.
    code: int = 4

    def __str__(self) -> str:
        return f"{self.system} {self.fault}"


def _mimic(fault: str, *words: str, remembered: bool = True, code: int = 4) -> SourceFault:
    return SourceFault("mimic", fault, ("Mimic", *words), remembered, code)


def _subnet_page(fault: str, *words: str, remembered: bool = True, code: int = 4) -> SourceFault:
    return SourceFault("subnet-page", fault, ("Subnet page", *words), remembered, code)


def _openstack(fault: str, *words: str) -> SourceFault:
    return SourceFault("openstack", fault, ("OpenStack", *words))


#: "HOST" is the system's address, wherever it is served.
SOURCE_FAULTS = (
    _mimic("postgres-down", HV),
    _mimic("mysql-down", HV),
    _mimic("links-table-missing", HV, "Unknown Switch"),
    _mimic("graphviz-empty"),
    _mimic("page-cut-off", HV),
    _mimic("html-instead"),
    _mimic("login-required", "401"),
    _mimic("http-500", "500"),
    _mimic("refused", "HOST"),
    _mimic("hang", "HOST"),
    _mimic("host-unknown", HV, remembered=False, code=3),
    _subnet_page("http-500", "500"),
    _subnet_page("hang", "HOST"),
    _subnet_page("refused", "HOST"),
    _subnet_page("login-page"),
    _subnet_page("empty-body"),
    _subnet_page("page-cut-off"),
    _subnet_page("not-the-asked-subnet", "10.5.0.0"),
    _subnet_page("switch-missing", SWITCH, remembered=False, code=3),
    _subnet_page("two-addresses", SWITCH, "10.5.0.43", remembered=False, code=3),
    _openstack("keystone-down", "503"),
    _openstack("keystone-refused", "HOST"),
    _openstack("keystone-hang"),
    _openstack("wrong-password", "401"),
    _openstack("wrong-region", "RegionOne"),
    _openstack("nova-500", "500"),
    _openstack("neutron-down"),
    _openstack("cell-down", "500"),
    _openstack("not-admin", "admin"),
    _openstack("html-answer"),
    _openstack("empty-body"),
    _openstack("hang"),
)
#: Targets that cannot be healed, and what is said of each.
HOPELESS = (
    ("vm-zz", ("no VM", "no hypervisor", "no switch", '"vm-zz"')),
    ("130.246.213.99", ("OpenStack has no VM", "130.246.213.99")),
    ("00000000-0000-0000-0000-000000000000", ("OpenStack has no VM", "00000000-")),
    ("twin", ("2 VMs answer", "project", "hv60", "hv61", "Give the id of one")),
    ("vm-nohost", ("vm-nohost", "ERROR", "No valid host", "openstack server show")),
    ("vm-stopped", ("SHUTOFF", "openstack server start")),
    (SWITCH, ("is a switch", f"vip toggle {SWITCH} --vip")),
    ("vm a1; reboot", ("OpenStack has no VM", "vm a1; reboot")),
)
#: Command lines that make no sense.
SENSELESS = (
    ("toggle", SWITCH, "--yes"),
    ("toggle", SWITCH, "--vip", "130.246.212.1", "--interface", "vlan453", "--yes"),
    ("toggle", SWITCH, "--vip", "130.246.212", "--yes"),
    ("toggle", SWITCH, "--interface", "vlan453; reboot", "--yes"),
)
#: A name that no switch can have: as every name that is unknown, it ends with 3.
NAMELESS = ("toggle", "no such; switch", "--vip", "130.246.212.1", "--yes")
