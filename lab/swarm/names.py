"""Names and addresses in a simulated fleet by number, and how a switch finds its own.

The switches come in pairs. Each pair is a copy of the lab's two leafs with its own names,
addresses, VNI and MACs. Every replacement is exactly as long as the text it replaces, so the
answers of a leaf, even archives, can be rewritten byte by byte.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from lab.topology.default import default_topology
from lab.topology.specs import LabError, LeafSpec, SeatSpec, ServiceSpec, Topology

#: The management addresses of all simulated switches.
NETWORK = IPv4Network("10.64.0.0/10")
#: The leafs whose answers are copied: the last digit of a switch's address, and the leaf's number.
MOULDS = {"3": "03", "1": "01"}
MOST = 10_000

_PREFIX = "10.50.100."
_DOMAIN = "example.internal"
# Pairs per last octet, third octet and second octet of the management addresses.
_ZZ, _YYY = 15, 156


@dataclass(frozen=True)
class SwarmSwitch:
    """One simulated switch."""

    name: str
    address: IPv4Address


@dataclass(frozen=True)
class Rule:
    """A replacement in the answers of the copied leafs.

    Attributes:
        key: the shell variable that holds the new text after ``WHO``.
        old: a plain text.
        new: the new text, as a double-quoted word of the shell.
    """

    key: str
    old: str
    new: str

    @property
    def forward(self) -> str:
        """Return the sed command that replaces it, for a double-quoted word of the shell."""
        return f"s/{self.old.replace('.', '[.]')}/${self.key}/g;"

    @property
    def back(self) -> str:
        """Return the sed command that undoes it."""
        return f"s/${self.key}/{self.old}/g;"


RULES = (
    Rule("N", "sn2100-0", "p${n}-0"),
    Rule("H", ".nubes.", ".${n}."),
    *(Rule(f"V{k}", f"130.246.{212 + k}.", f"130.$vb.$((vc + {k})).") for k in range(4)),
    Rule("S", "10.99.0.", "1$sa.$sb.$sc."),
    Rule("U", "10.254.0.", "1$sa.1$sb.$sc."),
    Rule("O", "192.0.2.", "2$sa.$sb.$sc."),
    Rule("I", "10453", "$((20000 + g))"),
    Rule("T", "10.200.100.11", "10.$ta.$tb.1$tc"),
    Rule("M", "10.50.100.14", "10.$x.$y.$zz"),
    Rule("A", "24:8a:07:", "24:$h:$l:"),
    Rule("B", "fa:16:3e:", "fa:$h:$l:"),
    Rule("C", "0c:c4:7a:", "0c:$h:$l:"),
)

#: The beginning of a command on the simulated switch: sets ``k`` to the digit of the copied leaf
#: (empty on that leaf itself), and the variable of each rule. Nothing here forks.
WHO = f"""\
k=
to=${{SSH_CONNECTION#* * }}; to=${{to%% *}}
case $to in
10.6[4-9].*|10.[7-9]?.*|10.1[01]?.*|10.12[0-7].*)
    z=${{to#*.}}; x=${{z%%.*}}; z=${{z#*.}}; y=${{z%%.*}}; z=${{z#*.}}
    zz=${{z%?}}; k=${{z#??}}
    g=$(((x - 64) * {_ZZ * _YYY} + (y - 100) * {_ZZ} + zz - 10))
    n=$((100000 + g)); n=${{n#1}}; l=${{n#???}}; h=${{n#?}}; h=${{h%??}}
    vb=$((100 + g / 39)); vc=$((100 + g % 39 * 4))
    sa=$((1 + g / 900)); sb=$((10 + g % 900 / 10)); sc=$((g % 10))
    ta=$((200 + g / 1560)); tb=$((100 + g % 1560 / 10)); tc=$((g % 10))
{"".join(f'    {rule.key}="{rule.new}"{chr(10)}' for rule in RULES)}\
    ;;
esac
"""
#: The reverse of all rules, as a sed program for a double-quoted word; only valid after ``WHO``.
UNDO = "".join(rule.back for rule in reversed(RULES))


def switch(number: int) -> SwarmSwitch:
    """Return the simulated switch of that number, from 0 on.

    >>> switch(0)
    SwarmSwitch(name='swt-p00000-03.example.internal', address=IPv4Address('10.64.100.103'))
    >>> switch(4999)
    SwarmSwitch(name='swt-p02499-01.example.internal', address=IPv4Address('10.65.110.191'))
    """
    pair, member = divmod(number, 2)
    digit, leaf = list(MOULDS.items())[member]
    x, rest = divmod(pair, _ZZ * _YYY)
    y, z = divmod(rest, _ZZ)
    address = IPv4Address(f"10.{64 + x}.{100 + y}.{10 + z}{digit}")
    return SwarmSwitch(f"swt-p{pair:05d}-{leaf}.{_DOMAIN}", address)


def switches(count: int) -> tuple[SwarmSwitch, ...]:
    """Return the first switches of a fleet.

    Raises:
        LabError: so many switches cannot be simulated.
    """
    if not 1 <= count <= MOST:
        raise LabError(f"A fleet of {count} switches cannot be simulated: 1 to {MOST} can.")
    return tuple(switch(number) for number in range(count))


def moulds(name: str) -> Topology:
    """Return the topology of the copied leafs: the default one, with longer addresses."""
    drawn = default_topology(name)
    places = {leaf: place for place, leaf in enumerate(MOULDS.values(), 1)}
    digits = {leaf: digit for digit, leaf in MOULDS.items()}

    def longer(leaf: LeafSpec) -> LeafSpec:
        number = leaf.short_name.rsplit("-", 1)[-1]
        return replace(
            leaf,
            address=IPv4Interface(f"{_PREFIX}14{digits[number]}/24"),
            loopback=IPv4Address(f"10.200.100.11{places[number]}"),
        )

    def moved(service: ServiceSpec) -> ServiceSpec:
        last = str(service.address).rsplit(".", 1)[-1]
        return replace(service, address=IPv4Address(_PREFIX + last))

    return replace(
        drawn,
        leafs=tuple(map(longer, drawn.leafs)),
        services=tuple(map(moved, drawn.services)),
        seat=SeatSpec(management=IPv4Interface(f"{_PREFIX}250/24"), outside=drawn.seat.outside),
        management_network=IPv4Network(f"{_PREFIX}0/24"),
    )
