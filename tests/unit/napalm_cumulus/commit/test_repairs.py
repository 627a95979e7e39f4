"""The client's half of a repair: which steps there are, what is sent, how the answer is read."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest
from napalm.base.exceptions import CommitError, SessionLockedException

from napalm_cumulus.commit import repair_steps as steps
from napalm_cumulus.commit.repair_steps import Step, bridges_of, wishes
from napalm_cumulus.commit.repairs import Repairs
from napalm_cumulus.config.configuration import Configuration
from napalm_cumulus.config.snapshot import READ
from napalm_cumulus.errors import CommitRefusedError
from tests.unit.napalm_cumulus.commit.test_transaction import MAIN, FakeSwitch, members, tarball

CONFIG = """\
auto eth0
iface eth0
    address 10.5.0.43/24

auto swp1
iface swp1

auto bond1
iface bond1
    link-down yes

auto bridge
iface bridge
    bridge-ports glob swp10-20

auto vlan453
iface vlan453
    bridge-ports swp1 vni10453
    address 130.246.212.2/22
    address-virtual 00:00:5E:00:01:c5 130.246.212.1/22
    address-virtual 00:00:5e:00:01:c6 2001:db8::1/64

auto vlan9
iface vlan9 inet dhcp
"""
DONE = b"""\
== result
 repaired the disk was not touched
== progress
 100.0 armed
 101.0 applying
 101.5 disturbing
 101.6 down and up vlan453-v0
 101.7 disturbing
 101.9 settled
 102.0 applied
 102.25 repaired
== apply.status
 0
== unmet.new
== failed
== log
 + ip link set dev vlan453-v0 down
"""


def repaired(answer: bytes, status: int = 0, config: str = CONFIG) -> tuple[Repairs, FakeSwitch]:
    def answering(command: str, _: bytes) -> tuple[int, bytes, bytes]:
        return (0, tarball({MAIN: config}), b"") if command == READ else (status, answer, b"")

    switch = FakeSwitch(answering)
    return Repairs(lambda: switch, "10.5.0.43", "ada@noc"), switch


def test_what_is_sent() -> None:
    repairs, switch = repaired(DONE)
    flap = steps.flap("vlan453-v0", "vlan453")
    reapply = steps.reapply("swp1")
    repairs.carry_out([flap, reapply], message="a\ntest", revert_in=30)
    sent = members(switch.asked[-1][1])
    assert next(iter(sent)) == "transaction.sh"
    assert list(sent)[-1] == "complete"
    # The bridge goes with its port; ifup of these ends what is cut off.
    assert sent["steps"] == "flap vlan453-v0\nreapply swp1 vlan453\n"
    assert sent["interfaces"] == "vlan453\nswp1\n"
    assert (sent["hold"], sent["mode"], sent["revert_in"]) == ("repair\n", "targeted\n", "30\n")
    assert (sent["owner"], sent["message"]) == ("ada@noc\n", "a test\n")
    assert sent["expect.new"] == sent["expect.old"]
    assert sent["changed"] == sent["removed"] == ""
    assert "ip link set vlan453-v0 down" in sent["diff"]


def test_what_the_kernel_must_have() -> None:
    configuration = Configuration({MAIN: CONFIG})
    assert wishes(configuration, ["vlan453", "swp1"]) == (
        "+ vlan453 UP",
        "+ vlan453 130.246.212.2/22",
        "+ vlan453-v0 130.246.212.1/22",
        "+ vlan453-v1 2001:db8::1/64",
        "+ vlan453-v0 UP",
        "+ vlan453-v0 00:00:5e:00:01:c5",
        "+ vlan453-v1 UP",
        "+ vlan453-v1 00:00:5e:00:01:c6",
        "+ swp1 UP",
    )
    assert wishes(configuration, ["vlan9"]) == ("+ vlan9 UP",)
    assert wishes(configuration, ["bond1"]) == (), "it is meant to be down"


def test_bridges_that_may_have_a_port() -> None:
    configuration = Configuration({MAIN: CONFIG})
    assert bridges_of(configuration, "swp1") == ("vlan453",)
    assert bridges_of(configuration, "swp15") == ("bridge",)
    assert bridges_of(configuration, "swp21") == ()
    assert bridges_of(Configuration({MAIN: "auto swp1\niface swp1\n"}), "swp1") == ()


def test_what_a_template_makes_the_switch_itself_finds() -> None:
    loop = "% for v in [453]:\nauto vlan${v}\niface vlan${v}\n  bridge-ports swp1\n% endfor\n"
    repairs, switch = repaired(DONE, config=loop)
    repairs.carry_out([steps.reapply("vlan453"), steps.recreate("vlan453-v0", "vlan453")])
    sent = members(switch.asked[-1][1])
    assert sent["steps"] == "reapply vlan453\nrecreate vlan453-v0 vlan453\n"
    assert sent["interfaces"] == "vlan453\n"
    assert sent["expect.new"] == "+ vlan453 UP\n"


def test_a_port_without_a_stanza_is_its_bridges_to_bring_up() -> None:
    repairs, switch = repaired(DONE)
    repairs.carry_out([steps.reapply("vlan453", "swp15"), steps.flap("swp16", "swp16")])
    sent = members(switch.asked[-1][1])
    assert sent["steps"] == "reapply vlan453 bridge\nflap swp16\n"
    assert sent["interfaces"] == "vlan453\nbridge\n"
    assert "+ swp15 UP\n" in sent["expect.new"]
    with pytest.raises(CommitRefusedError, match="no interface swp21"):
        repairs.carry_out([steps.reapply("vlan453", "swp21")])


def test_the_report() -> None:
    repairs, _ = repaired(DONE)
    report = repairs.carry_out([steps.flap("vlan453-v0", "vlan453")])
    assert (report.result, report.applied_ok, report.problems) == ("repaired", True, ())
    assert report.seconds == pytest.approx(1.25)
    assert report.outage_seconds == pytest.approx(0.4), "from the first disturbance"
    assert report.interfaces == ("vlan453",)
    assert report.steps == ("ip link set vlan453-v0 down; ip link set vlan453-v0 up",)


def test_nothing_taken_away_is_no_outage() -> None:
    without = b"\n".join(line for line in DONE.splitlines() if b"disturbing" not in line)
    repairs, _ = repaired(without)
    assert repairs.carry_out([steps.reapply("vlan453")]).outage_seconds == 0


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        (b"== failed\n failed taking x down\n", "failed taking x down"),
        (b"== unmet.new\n missing vlan453-v0 UP\n", "missing vlan453-v0 UP"),
    ],
)
def test_what_is_not_as_meant_is_a_problem(section: bytes, problem: str) -> None:
    name = section.split(b"\n", maxsplit=1)[0] + b"\n"
    repairs, _ = repaired(DONE.replace(name, section))
    report = repairs.carry_out([steps.reapply("vlan453")])
    assert not report.applied_ok
    assert report.problems == (problem,)


def test_what_ifup_complains_of_is_told_where_something_is_lacking() -> None:
    log = (
        b"== log\n error: invalid literal for int() with base 10: 'abc'\n ifup ended with exit "
        b"status 1\n error: invalid literal for int() with base 10: 'abc'\n"
    )
    spoken = DONE.replace(b"== log\n", log)
    repairs, _ = repaired(spoken)
    assert repairs.carry_out([steps.reapply("vlan453")]).problems == (), "all is there"
    lacking = spoken.replace(b"== unmet.new\n", b"== unmet.new\n missing vlan453-v0 UP\n")
    repairs, _ = repaired(lacking)
    report = repairs.carry_out([steps.reapply("vlan453")])
    assert report.problems == (
        "missing vlan453-v0 UP",
        "ifup says: invalid literal for int() with base 10: 'abc'",
    )


@pytest.mark.parametrize(
    ("result", "status", "said"),
    [
        (b"reverted it took something away", 77, "has restored the configuration on its disk"),
        (b"incomplete it took something away", 78, "that ifup did not bring back"),
    ],
)
def test_a_repair_that_was_taken_back_is_an_error(result: bytes, status: int, said: str) -> None:
    repairs, _ = repaired(DONE.replace(b"repaired the disk was not touched", result), status)
    with pytest.raises(CommitError, match=said):
        repairs.carry_out([steps.recreate("vlan453-v0", "vlan453")])


def test_what_was_put_back_without_the_files_is_told_with_the_cause() -> None:
    result = b"incomplete it took something away"
    answer = DONE.replace(b"repaired the disk was not touched", result).replace(
        b"== log\n",
        b"== restored\n vlan453-v0 130.246.212.1/22\n== log\n error: '10.9.0.299' is no address\n",
    )
    repairs, _ = repaired(answer, 78)
    with pytest.raises(CommitError) as raised:
        repairs.carry_out([steps.recreate("vlan453-v0", "vlan453")])
    assert str(raised.value).endswith(
        "It was put back by ip: vlan453-v0 130.246.212.1/22. The next ifreload or reboot loses it: "
        "correct the files, then run 'ifreload -a'; ifup says: '10.9.0.299' is no address."
    )


def test_another_one_is_pending() -> None:
    pending = b"== state\n pending\n== id\n 0123456789ab\n== owner\n bob@noc\n== error\n x\n"
    repairs, _ = repaired(pending, 72)
    with pytest.raises(SessionLockedException, match="bob@noc"):
        repairs.carry_out([steps.reapply("vlan453")])


@pytest.mark.parametrize(("hold", "noun"), [("repair", "repair"), ("bounce", "commit")])
def test_a_repair_under_way_is_waited_for_and_not_confirmed(hold: str, noun: str) -> None:
    pending = (
        b"== state\n pending\n== id\n 0123456789ab\n== owner\n bob@noc\n== hold\n "
        + hold.encode()
        + b"\n== armed\n yes\n== remaining\n 58\n== error\n x\n"
    )
    repairs, _ = repaired(pending, 72)
    with pytest.raises(SessionLockedException) as raised:
        repairs.carry_out([steps.reapply("vlan453")])
    said = str(raised.value)
    assert said.startswith(f"Another {noun} is under way on 10.5.0.43: {noun} 0123456789ab by bob")
    assert "ends by itself, at the latest in 58 s" in said
    assert said.endswith("Wait until it has ended, then look again.")
    assert "confirm" not in said


def test_what_is_refused_before_anything_is_sent() -> None:
    repairs, switch = repaired(DONE)
    with pytest.raises(CommitRefusedError, match=r"eth0 is what 10\.5\.0\.43 is managed by"):
        repairs.carry_out([steps.reapply("eth0")])
    with pytest.raises(CommitRefusedError, match="no interface vlan7"):
        repairs.carry_out([steps.reapply("vlan7")])
    with pytest.raises(CommitError, match="1 to 604800"):
        repairs.carry_out([steps.reapply("vlan453")], revert_in=0)
    assert all(command == READ for command, _ in switch.asked)


@pytest.mark.parametrize("name", ["vlan453; reboot", "", "-x", "a" * 16, "a b", "a\nb", "../x"])
def test_nothing_but_interface_names_becomes_a_step(name: str) -> None:
    makers: tuple[Callable[[], Step], ...] = (
        lambda: steps.reapply(name),
        lambda: steps.flap(name, "vlan453"),
        lambda: steps.flap("vlan453-v0", name),
        lambda: steps.recreate(name, "vlan453"),
        lambda: steps.recreate("vlan453-v0", name),
        lambda: steps.set_mac(name, "00:00:5e:00:01:c5", "vlan453"),
        lambda: steps.reroute(name, "10.0.0.1/24", "vlan453"),
    )
    for make in makers:
        with pytest.raises(ValueError, match="not an interface name"):
            make()


@pytest.mark.parametrize("mac", ["01:00:5e:00:00:01", "00:00:5e:00:01", "x; reboot"])
def test_nothing_but_a_unicast_mac_becomes_a_step(mac: str) -> None:
    with pytest.raises(ValueError, match="not a MAC address"):
        steps.set_mac("vlan453-v0", mac, "vlan453")


@pytest.mark.parametrize(
    ("master", "details", "table"),
    [("../red", "vrf table 1001 addrgenmode", "1001"), ("../bridge", "bridge ", ""), ("", "", "")],
)
def test_the_table_of_a_vrf_is_asked_of_the_vrf_which_old_releases_tell_too(
    tmp_path: Path, master: str, details: str, table: str
) -> None:
    """Before iproute2 4.6 a device of a VRF is not told with the VRF's table."""
    link = f"9: red: <UP> mtu 1500 state UP link/ether 02:00:00:00:00:09 promiscuity 0 {details}"
    programs = {
        "readlink": f"[ -n '{master}' ] && echo '{master}'",
        "ip": f"[ \"$*\" = '-d -o link show dev {master.removeprefix('../')}' ] && echo '{link}'",
    }
    for name, text in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    part = resources.files("napalm_cumulus.commit").joinpath("switch/repair.sh").read_text()
    script = f'ASKING=10; within() {{ timeout "$@"; }}\n{part}\ntable_of blue'
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    argv = ["sh", "-c", script]
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == table
