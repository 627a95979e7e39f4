"""A cure takes nothing away that it could not give back: spoilt stanzas on the disk of a well leaf.

``bin/test`` runs a sample of the cures times the stanzas; ``VIPKEEPER_SPOILT=all`` runs all.
"""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from napalm.base.exceptions import CommitError, NapalmException

from napalm_cumulus import CumulusDriver
from napalm_cumulus.commit import repair_steps as steps
from napalm_cumulus.commit import transaction
from napalm_cumulus.errors import CommitRefusedError
from tests.lab.desk import SWITCH, Desk
from tests.lab.switch import WELL, LeafUnderTest
from tests.lab.test_commit import toggled
from tests.lab.test_lock_holders import function
from tests.lab.ward import MAC, SVI, VRR, Ward, warded

FILE = "/etc/network/interfaces"
VIP, SECOND, OWN = "130.246.212.1/22", "130.246.215.254/22", "130.246.212.2/22"
#: By name: a sed command on the file, and what the refusal says; None for what spoils no VIP.
SPOILT: dict[str, tuple[str, str | None]] = {
    "own address beyond 255": (f"s#{OWN}#10.99.0.299/24#", "10.99.0.299/24"),
    "MAC with a g": (f"/address-virtual/s#{MAC}#00:00:5e:00:01:6g#", "00:00:5e:00:01:6g"),
    "MAC with dashes": (f"/address-virtual/s#{MAC}#00-00-5e-00-01-63#", "00-00-5e-00-01-63"),
    "multicast MAC": (f"/address-virtual/s#{MAC}#01:00:5e:00:01:c5#", "01:00:5e:00:01:c5"),
    "address-virtual misspelt": (r"s#address-virtual\(.*130[.]246\)#adress-virtual\1#", "gives it"),
    "own address misspelt": (f"s#address {OWN}#adress {OWN}#", "gives it"),
    "no prefix": (f"s#{VIP}#130.246.212.1#", "has no prefix length"),
    "prefix of 44": (f"s#{VIP}#130.246.212.1/44#", "130.246.212.1/44"),
    "trailing comment": (f"s#{VIP}#& \\# the gateway#", "cannot get #"),
    "no value": (f"s#address-virtual.*{VIP}#address-virtual#", "invalid syntax"),
    "commented out by hand": ("s#^.*address-virtual#\\# &#", "gives it"),
    "backslash in a comment": (f"s#^.*address-virtual.*{VIP}#\\# no \\\\\\n&#", "gives it"),
    "garbage in the first line": ("1s#^#garbage here\\n#", None),
    "not auto": (f"/^auto {SVI}$/d", None),
    "netmask": (f"s#address {OWN}#address 130.246.212.2\\n\\tnetmask 255.255.252.0#", None),
    "MAC without zeros": (f"/address-virtual/s#{MAC}#0:0:5E:0:1:C5#", None),
    "two stanzas": (f"s#^.*address-virtual.*{SECOND}#iface {SVI} inet static\\n&#", None),
}


def _toggle(leaf: LeafUnderTest, driver: CumulusDriver) -> None:
    driver.load_merge_candidate(config=toggled(leaf))
    try:
        driver.commit_config(revert_in=60, bounce=True)
    finally:
        driver.discard_config()


def _repair(step: steps.Step) -> Callable[[LeafUnderTest, CumulusDriver], None]:
    def carry_out(leaf: LeafUnderTest, driver: CumulusDriver) -> None:
        del leaf
        driver.repairs.carry_out([step], revert_in=60)

    return carry_out


CURES: dict[str, Callable[[LeafUnderTest, CumulusDriver], None]] = {
    "toggle": _toggle,
    "recreate": _repair(steps.recreate(VRR, SVI)),
    "flap": _repair(steps.flap(VRR, SVI)),
    "set-mac": _repair(steps.set_mac(VRR, MAC, SVI)),
    "reapply": _repair(steps.reapply(SVI)),
}
CELLS = [
    cell
    for cell in itertools.product(CURES, SPOILT)
    if cell
    != ("toggle", "two stanzas")  # the candidate here has one; tests/lab/test_configurations.py
]


def chosen() -> list[tuple[str, str]]:
    if os.environ.get("VIPKEEPER_SPOILT") == "all":
        return CELLS
    seed = int(os.environ.get("VIPKEEPER_SEED", "0"))
    named = [("toggle", name) for name in list(SPOILT)[:3]]
    rest = [cell for cell in CELLS if cell not in named]
    return named + sorted(random.Random(seed).sample(rest, 9))


@contextmanager
def spoilt(leaf: LeafUnderTest, how: str) -> Iterator[None]:
    """The file changed and not reloaded."""
    leaf.sh(f"cp -p {FILE} /var/tmp/good; sed -i '{how}' {FILE}")
    assert leaf.sh(f"cmp -s {FILE} /var/tmp/good || echo differs")
    try:
        yield
    finally:
        leaf.sh(f"cp -p /var/tmp/good {FILE}; rm /var/tmp/good")


def index(leaf: LeafUnderTest) -> str:
    return leaf.sh(f"cat /sys/class/net/{VRR}/ifindex")


@pytest.mark.promise("T35")
def test_every_cure_leaves_no_fewer_vips_than_it_found(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    for cure, name in chosen():
        how, said = SPOILT[name]
        before, was = leaf.addresses(), index(leaf)
        error: NapalmException | None = None
        with spoilt(leaf, how):
            try:
                CURES[cure](leaf, driver)
            except NapalmException as raised:
                error = raised
        now = leaf.addresses()
        cell = f"{cure}, {name}: {error}"
        if said is None:
            # One that is not auto is not reached by a toggle, which takes nothing away then.
            assert error is None or name == "not auto", cell
        else:
            assert isinstance(error, CommitRefusedError), cell
            assert said in str(error), cell
            assert f"{FILE} line " in str(error), cell
            assert "Nothing was changed" in str(error), cell
            assert index(leaf) == was, f"{cell}: something was touched"
        if not before <= now:
            leaf.sh("ifreload -a || :")
        assert before <= now, cell


@pytest.mark.promise("T35")
def test_vip_toggle_says_what_to_correct(desk: Desk, leaf: LeafUnderTest) -> None:
    with spoilt(leaf, SPOILT["own address beyond 255"][0]):
        said = desk.vip("toggle", SWITCH, "--vip", "130.246.212.1", "--yes")
    assert said.code == 6, said
    assert "10.99.0.299/24" in " ".join((said.out + said.err).split())
    assert leaf.addresses() == WELL


@pytest.fixture
def ward(leaf: LeafUnderTest) -> Iterator[Ward]:
    with warded(leaf) as ward:
        yield ward


@pytest.mark.promise("T36")
@pytest.mark.parametrize(
    "name", ["address-virtual misspelt", "MAC with dashes", "own address beyond 255"]
)
def test_a_file_spoilt_while_a_vip_is_away(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """What was there is put back without the file, and the words say so."""
    leaf, driver = ward.leaf, ward.leaf.driver()
    how = SPOILT[name][0]
    text = transaction.program().decode()
    line = '    mark "delete $one"\n'
    assert line in text
    edited = text.replace(line, f"{line}    sed -i '{how}' {FILE}\n").encode()
    monkeypatch.setattr(transaction, "program", lambda: edited)
    with spoilt(leaf, "1s#^#\\# a remark\\n#"):
        with pytest.raises(CommitError, match="put back by ip") as raised:
            driver.repairs.carry_out([steps.recreate(VRR, SVI)], revert_in=60)
        assert "correct the files" in str(raised.value)
        assert leaf.addresses() == WELL
        assert MAC in leaf.sh(f"ip -o link show dev {VRR}")
        assert ward.answers(count=3)
        assert leaf.state() == set()
    # The first reload after one that failed may fail, too.
    leaf.sh("ifreload -a || ifreload -a")


def vips(leaf: LeafUnderTest) -> set[str]:
    """Every VRR device with its addresses."""
    lines = leaf.sh("ip -o addr show scope global | grep -E -- '-v[0-9]+ '").splitlines()
    return {" ".join(line.split()[1:4]) for line in lines}


@pytest.mark.promise("T36")
@pytest.mark.parametrize("full", [False, True])
def test_a_file_spoilt_in_the_middle_of_a_toggle(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, *, full: bool
) -> None:
    leaf, driver = ward.leaf, ward.leaf.driver(full_reload=full)
    # Of every stanza: the others lose nothing either, unless everything is reloaded as asked.
    how = "s#address-virtual#adress-virtual#"
    if full:
        how = f"/^iface {SVI}$/,/^$/{how}"
    before = vips(leaf)
    text = transaction.program().decode()
    edited = text.replace("    mark applied\n", f"    mark applied\n    sed -i '{how}' {FILE}\n")
    assert edited != text
    monkeypatch.setattr(transaction, "program", edited.encode)
    with spoilt(leaf, "1s#^#\\# a remark\\n#"):
        driver.load_merge_candidate(config=toggled(leaf))
        with pytest.raises(CommitError, match=f"put back by ip: .*{VRR} {VIP}"):
            driver.commit_config(revert_in=60, bounce=True)
        assert driver.last_commit is None or not driver.last_commit.reverted_ok
        assert leaf.addresses() == WELL
        assert vips(leaf) == before
        assert ward.answers(count=3)


def test_where_nothing_can_be_tried_the_text_decides(leaf: LeafUnderTest) -> None:
    words = (
        "mac vlan1 vlan1-v0 00:00:5e:00:01:63", "mac vlan1 vlan1-v0 00-00-5e-00-01-63",
        "mac vlan1 vlan1-v0 00:00:5e:00:01:6g", "mac vlan1 vlan1-v0 01:00:5e:00:01:63",
        "mac vlan1 vlan1-v0 0:0:5e:0:1:c5",
        "address vlan1 vlan1 10.0.0.1/24", "address vlan1 vlan1 10.0.0.299/24",
        "address vlan1 vlan1 10.0.0.1/44", "address vlan1 vlan1 10.0.0.1/24 # gateway",
        "address vlan1 vlan1 2001:db8::1/64", "address vlan1 vlan1 2001:db8::x/64",
    )  # fmt: skip
    printed = function(leaf, "plainly_wrong <<'WORDS'\n" + "\n".join(words) + "\nWORDS")
    wrong = [line.split()[2] for line in printed.splitlines() if line.startswith("!")]
    assert wrong == [
        "00-00-5e-00-01-63", "00:00:5e:00:01:6g", "01:00:5e:00:01:63",
        "10.0.0.299/24", "10.0.0.1/44", "10.0.0.1/24", "2001:db8::x/64",
    ]  # fmt: skip
    # As the kernel writes it.
    assert "+ vlan1-v0 00:00:5e:00:01:c5\n" in printed
