"""A leaf whose files are written as people write them: no false alarm, and the gateway is cured.

Each style means what the lab's own file means, so that nothing has to be reloaded. Half of the
styles are toggled, the others healed of a fault, as the seed draws it; ``VIPKEEPER_CURES=all`` does
both with each.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator

import pytest
from napalm.base.exceptions import MergeConfigException

from lab.faults.inject import FaultInjector
from napalm_cumulus.config.snapshot import FILES_READ
from tasks.facts.model import SwitchFacts
from tasks.health.judge import judge
from tests.lab.desk import SWITCH, Desk
from tests.lab.looker import SVI, VIP, Looker, told
from tests.lab.switch import WELL, LeafUnderTest

FILE = "/etc/network/interfaces"
OWN, SECOND = "130.246.212.2/22", "130.246.215.254/22"


def netmask(text: str) -> str:
    return text.replace(f"address {OWN}", "address 130.246.212.2\n\tnetmask 255.255.252.0")


def dotted(text: str) -> str:
    return text.replace(f"{VIP}/22", f"{VIP}/255.255.252.0")


def short_macs(text: str) -> str:
    return text.replace("00:00:5e:00:01:c", "0:0:5E:0:1:C")


def two_stanzas(text: str) -> str:
    return re.sub(rf"(.*address-virtual \S+ {SECOND})", rf"iface {SVI} inet6 static\n\1", text)


def continued(text: str) -> str:
    return text.replace("bridge-ports ", "bridge-ports \\\n\t\t")


def trunk(text: str) -> str:
    """Write ``bridge-vids`` by its other name; a kernel without VLANs on bridges passes it over."""
    if "bridge-vids " in text:
        return text.replace("bridge-vids ", "bridge-trunk ")
    return text.replace(f"iface {SVI}\n", f"iface {SVI}\n\tbridge-trunk 453 999-1000\n")


def loop(text: str) -> str:
    """The SVI's stanza comes out of a mako loop."""
    lines = text.replace(f"auto {SVI}\niface {SVI}\n", "auto vlan${v}\niface vlan${v}\n")
    begin = lines.index("auto vlan${v}")
    end = lines.index("\n\n", begin) if "\n\n" in lines[begin:] else len(lines)
    return f"{lines[:begin]}% for v in [453]:\n{lines[begin:end]}\n% endfor\n{lines[end:]}"


STYLES = {
    each.__name__: each
    for each in (netmask, dotted, short_macs, two_stanzas, continued, trunk, loop)
}


_ALL = os.environ.get("VIPKEEPER_CURES") == "all"
#: The loop is no stanza that could be toggled, which is refused without harm.
TOGGLED = {
    "loop",
    *random.Random(f"{os.environ['VIPKEEPER_SEED']} styles").sample(sorted(STYLES), 3),
}


@pytest.fixture
def original(leaf: LeafUnderTest) -> Iterator[str]:
    text = leaf.sh(f"cp -p {FILE} /var/tmp/as-it-was; cat {FILE}")
    yield text
    leaf.sh(f"cp -p /var/tmp/as-it-was {FILE}; rm /var/tmp/as-it-was; ifreload -a || ifreload -a")


def write(leaf: LeafUnderTest, text: str) -> None:
    """Put it there; what it means is what the kernel has, by ifupdown2's own word."""
    script = f"cat >{FILE}.new <<'END'\n{text}END\ncat {FILE}.new >{FILE}; rm {FILE}.new"
    leaf.sh(f"{script}\nifreload -a")
    assert leaf.addresses() == WELL


@pytest.mark.parametrize("style", STYLES)
def test_no_false_alarm_and_the_gateway_is_cured(
    desk: Desk, leaf: LeafUnderTest, looker: Looker, original: str, style: str
) -> None:
    text = STYLES[style](original)
    assert text != original
    write(leaf, text)
    looker.facts()
    looker.channels.clear()
    facts: SwitchFacts = looker.facts()
    assert judge(facts) == (), told(judge(facts))
    assert len(looker.channels) == 1
    assert SVI in {gateway.interface for gateway in facts.gateways}

    said = desk.vip("trace", "vm-a1")
    assert said.code == 0, said
    assert f"{VIP}/22 on {SVI}-v0 ({FILE}" in said.out

    if style in TOGGLED or _ALL:
        said = desk.vip("toggle", SWITCH, "--vip", VIP, "--yes")
        if style == "loop":
            assert said.code == 6, said
            assert "lines of vlan453 cannot be commented out" in said.err
            assert "nothing was touched" in said.err
        else:
            assert said.code == 0, said
        assert leaf.addresses() == WELL
    if style not in TOGGLED or style == "loop" or _ALL:
        require_healed(desk, leaf)
    assert leaf.sh(f"cat {FILE}") == text


def require_healed(desk: Desk, leaf: LeafUnderTest) -> None:
    """A VRR device that is gone comes back, by the stanza as it is written."""
    assert FaultInjector(desk.lab).inject("vrr-device-deleted").as_declared
    said = desk.vip("heal", "vm-a1", "--yes")
    print(said.out, said.err)  # noqa: T201 - pytest -rP shows what a person reads
    assert said.code == 0, said
    assert leaf.addresses() == WELL
    assert desk.lab.answers("130.246.213.11")
    FaultInjector(desk.lab).forget()


def test_a_vip_of_a_template_that_is_not_auto_is_seen(
    leaf: LeafUnderTest, looker: Looker, original: str
) -> None:
    write(leaf, loop(original))
    quiet = loop(original).replace("auto vlan${v}\n", "")
    leaf.sh(f"cat >{FILE} <<'END'\n{quiet}END")
    found = judge(looker.facts())
    assert [(f.check, f.subject) for f in found] == [("vip-not-auto", SVI)], told(found)


def test_bridge_trunk_is_bridge_vids_to_ifupdown2_and_to_the_checks(leaf: LeafUnderTest) -> None:
    stanza = (
        "auto br9\niface br9\n\tbridge-vlan-aware yes\n\tbridge-ports none\n\t{} 453 999-1000\n"
    )
    told = []
    for name in ("bridge-vids", "bridge-trunk"):
        leaf.sh(f"cat >/var/tmp/trunk <<'END'\n{stanza.format(name)}END")
        # What ifupdown2 has against a line, it says on stderr.
        said = leaf.sh("ifquery -i /var/tmp/trunk -a -o json 2>&1; rm /var/tmp/trunk")
        told.append(said.replace("bridge-trunk", "bridge-vids"))
    assert told[0] == told[1]
    assert "453 999-1000" in told[0]
    switch = leaf.driver()
    switch.load_merge_candidate(config=stanza.format("bridge-trunk"))
    assert switch.candidate_problems == ()
    with pytest.raises(MergeConfigException, match="bridge-trunk 5000 is not a number"):
        switch.load_merge_candidate(
            config=stanza.format("bridge-trunk").replace("999-1000", "5000")
        )


def test_a_source_directory_is_shown_where_this_ifupdown2_reads_it(
    leaf: LeafUnderTest, original: str
) -> None:
    more = "/etc/network/more/one"
    leaf.sh(f"mkdir -p {more.rpartition('/')[0]}; printf 'auto br9\\niface br9\\n' >{more}")
    try:
        leaf.sh(f"cat >{FILE} <<'END'\nsource-directory /etc/network/more\n{original}END")
        told = leaf.sh(FILES_READ)
        assert f"processing interfaces file {FILE}\n" in told
        running = leaf.driver().get_config()["running"]
        assert (f"# file: {more}\n" in running) == (f"file {more}\n" in told)
    finally:
        leaf.sh("rm -r /etc/network/more")


def test_why_ifupdown2_does_not_make_the_vips_is_told(
    desk: Desk, leaf: LeafUnderTest, original: str
) -> None:
    """A stanza that was spoilt, and a VRR device that is gone: it cannot come back."""
    write(leaf, f"{original}\n")
    spoilt = original.replace(SECOND, "130.246.215.254/abc")
    leaf.sh(f"cat >{FILE} <<'END'\n{spoilt}END")
    try:
        FaultInjector(desk.lab).inject("vrr-device-deleted")
        said = desk.vip("heal", "vm-a1", "--yes")
        print(said.out, said.err)  # noqa: T201 - as above
        assert said.code == 6, said
        assert "ifquery says \"invalid literal for int() with base 10: 'abc'\"" in said.out
        assert f"{FILE} line " in said.err
        assert "130.246.215.254/abc" in said.err
        assert "console" not in said.out + said.err
    finally:
        leaf.sh(f"cp -p /var/tmp/as-it-was {FILE}")
        FaultInjector(desk.lab).mend()
