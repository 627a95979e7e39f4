"""What the kernel has and lacks, and putting it right by ``ip`` alone (kernel.sh, links.sh)."""

from __future__ import annotations

import pytest

from tests.unit.napalm_cumulus.commit.switch.conftest import Program

MAC = "02:00:00:00:00:01"
DEVICES = f"""\
ip link add vlan453 address {MAC} type bridge
ip addr add 10.0.0.2/24 dev vlan453
ip link set vlan453 up
"""


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ("+ vlan453 10.0.0.2/24", ""),
        ("+ vlan453 UP", ""),
        (f"+ vlan453 {MAC}", ""),
        ("- vlan453 10.0.0.9/24", ""),
        ("- gone 10.0.0.2/24", ""),
        ("+ vlan453 10.0.0.2/25", "missing vlan453 10.0.0.2/25"),
        ("+ vlan453 10.0.0.9/24", "missing vlan453 10.0.0.9/24"),
        ("+ vlan453 02:00:00:00:00:02", "missing vlan453 02:00:00:00:00:02"),
        ("- vlan453 10.0.0.2/24", "left over vlan453 10.0.0.2/24"),
        ("- vlan453 UP", "left over vlan453 UP"),
        ("+ lo UP", "missing lo UP"),
        ("+ gone UP", "missing gone UP"),
    ],
)
def test_where_the_kernel_differs(program: Program, wish: str, told: str) -> None:
    program.keep({"expect.new": f"{wish}\n"})
    assert program.run(f'{DEVICES}unmet "$T/expect.new"').out.strip() == told


@pytest.mark.parametrize("ip", ["sleep 60", "exit 1"])
def test_an_ip_that_does_not_answer_tells_nothing(program: Program, ip: str) -> None:
    """Neither that all is there nor that something is missing."""
    program.keep({"expect.new": "+ lo UP\n", "expect.old": ""})
    program.write({"bin/ip": f"#!/bin/sh\n{ip}\n"})
    said = program.run(
        'ASKING=0.3; unmet "$T/expect.new"; ip_answers || echo silent\n'
        'unmet "$T/expect.old" | grep -c "^unknown"; look "$T/kernel.now" || echo not read\n'
        'ls "$T" | grep kernel; : >"$T/unmet.before"; unmet "$T/expect.old" >"$T/unmet.old"\n'
        "newly_unmet old >/dev/null && echo not called right"
    )
    assert said.lines[0].startswith("unknown: ")
    assert said.lines[1:] == ["silent", "1", "not read", "not called right"]


def test_what_was_wrong_before_is_not_the_changes_doing(program: Program) -> None:
    program.keep(
        {
            "unmet.before": "missing vlan453 UP\n",
            "unmet.old": "missing vlan453 UP\nmissing vlan453 10.0.0.2/24\n",
            "unmet.new": "missing vlan453 UP\n",
        }
    )
    said = program.run(
        "newly_unmet old; newly_unmet new || echo nothing; newly_unmet keep || echo nothing"
    )
    assert said.lines == [
        "missing vlan453 10.0.0.2/24",
        "nothing",
        "unknown: what the kernel has could not be written down",
    ]


def test_what_comes_and_goes_by_itself_is_nobodys_change(program: Program) -> None:
    said = program.run(
        f"{DEVICES}ip addr add 169.254.1.1/16 dev vlan453 scope link\n"
        'look "$T/kernel.before"; cat "$T/kernel.before"'
    )
    names = [line.split()[:2] for line in said.lines]
    assert ["device", "vlan453"] in names
    assert ["up", "vlan453"] in names
    assert "address vlan453 10.0.0.2/24" in said.lines
    assert not [line for line in said.lines if "169.254" in line or "fe80" in line]


CHANGE = {"held": "", "added": "", "devices": "", "hold": "pending\n", "named": "vlan453\n"}


def compared(program: Program, change: str, **files: str) -> list[str]:
    """What differs after a change that is made of ``ip`` commands."""
    program.keep({**CHANGE, **files})
    return program.run(
        f'{DEVICES}look "$T/kernel.before"\n{change}\nlook "$T/kernel.now"; differences'
    ).lines


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("true", []),
        ("ip link add new type bridge", ["left over device new"]),
        ("ip link add dummy0 type bridge", []),  # as a module does when it is loaded
        ("ip link del vlan453", ["missing device vlan453"]),
        ("ip link set vlan453 down", ["missing vlan453 UP"]),
        ("ip addr del 10.0.0.2/24 dev vlan453", ["missing vlan453 10.0.0.2/24"]),
        ("ip addr add 10.0.0.9/24 dev vlan453", ["left over vlan453 10.0.0.9/24"]),
    ],
)
def test_what_a_change_has_left(program: Program, change: str, told: list[str]) -> None:
    assert compared(program, change) == told


def test_what_the_disk_gives_was_missing_before_and_stays(program: Program) -> None:
    assert compared(program, "ip link add new type bridge", devices="new\n") == []
    held = {"held": "vlan453 10.0.0.9/24\n"}
    assert compared(program, "ip addr add 10.0.0.9/24 dev vlan453", **held) == []


def test_what_was_made_since_the_change_is_somebody_elses(program: Program) -> None:
    change = 'look "$T/kernel.after"; ip addr add 10.0.0.9/24 dev vlan453'
    assert compared(program, change) == []


def test_only_devices_that_the_change_names_are_deleted(program: Program) -> None:
    program.keep({**CHANGE, "expect.old": "- vlan453 10.0.0.9/24\n"})
    said = program.run(
        f'{DEVICES}look "$T/kernel.before"\n'
        "ip link add link vlan453 name vlan453-v0 type macvlan mode private\n"
        "ip link add other type bridge; ip link add vlan453-v0x type bridge\n"
        "ip addr add 10.0.0.9/24 dev vlan453; ip addr add 10.0.0.8/24 dev vlan453\n"
        'look "$T/kernel.now"; delete_left\n'
        "ls /sys/class/net | tr '\\n' ' '; ip -o -4 addr show dev vlan453 | awk '{print $4}'"
    )
    assert said.lines[0].startswith("lo other vlan453 vlan453-v0x ")
    assert "10.0.0.9/24" not in said.out, "the candidate gave it"
    assert "10.0.0.8/24" in said.out, "somebody else's"
    assert "deleting what was left: link delete dev vlan453-v0;" in program.spoken


def test_a_change_that_was_cut_short(program: Program) -> None:
    said = program.run(
        'cut_short || echo never begun; : >"$T/kernel.before"; cut_short && echo begun\n'
        'echo 137 >"$T/apply.status"; cut_short && echo killed\n'
        'echo 0 >"$T/apply.status"; cut_short || echo whole'
    )
    assert said.lines == ["never begun", "begun", "killed", "whole"]


GIVEN = """\
+ vlan453 UP
+ vlan453 10.0.0.2/24
+ vlan453-v0 UP
+ vlan453-v0 00:00:5e:00:01:c5
+ vlan453-v0 10.0.0.1/24
+ never 10.9.9.9/24
"""


@pytest.mark.parametrize(
    "spoilt",
    [
        "ip link del vlan453-v0",
        "ip link set vlan453-v0 down; ip addr flush dev vlan453-v0",
        "ip link set vlan453-v0 down; ip link set vlan453-v0 address 00:00:5e:00:01:99",
        "ip addr del 10.0.0.2/24 dev vlan453; ip link set vlan453 down",
    ],
)
def test_what_spoilt_files_do_not_give_back_is_put_back_by_ip(
    program: Program, spoilt: str
) -> None:
    program.keep({"given": GIVEN})
    said = program.run(
        f"{DEVICES}make_vrr vlan453-v0; ip link set vlan453-v0 address 00:00:5e:00:01:c5\n"
        "ip addr add 10.0.0.1/24 dev vlan453-v0; ip link set vlan453-v0 up\n"
        'put_back || echo nothing was remembered; remember; cat "$T/given.before"\n'
        "put_back || echo nothing is lost\n"
        f'{spoilt}\nput_back && echo put back; unmet "$T/given"'
    )
    assert said.lines == [
        "nothing was remembered",
        "missing never 10.9.9.9/24",
        "nothing is lost",
        "put back",
        "missing never 10.9.9.9/24",
    ]
    assert program.read("run/pending/restored")


def test_files_that_somebody_edits_meanwhile(program: Program) -> None:
    program.keep({"given": GIVEN})
    program.write({"network/interfaces": "auto lo\n"})
    said = program.run(
        'remember; is_edited || echo same; : >"$NETWORK/.a.swp"; is_edited || echo same\n'
        'echo x >>"$NETWORK/interfaces"; is_edited && echo edited'
    )
    assert said.lines == ["same", "same", "edited"]


def test_a_flap_keeps_ipv6_addresses_and_is_told_where_it_fails(program: Program) -> None:
    program.keep({"failed": ""})
    said = program.run(
        f"{DEVICES}ip addr add 2001:db8::1/64 dev vlan453 nodad\n"
        "down_and_up vlan453; down_and_up gone; ip -o -6 addr show dev vlan453 scope global"
    )
    assert "2001:db8::1/64" in said.out
    assert program.read("run/pending/failed") == "failed taking gone down and up\n"


def test_lifting_sets_a_device_up_and_mends_the_mtu_of_every_vrr_device(program: Program) -> None:
    program.keep({"failed": "", "expect.new": "+ vlan453 UP\n+ vlan453-v1 UP\n+ gone UP\n"})
    said = program.run(
        f"{DEVICES}ip link add link vlan453 name vlan453-v1 type macvlan mode private\n"
        "ip link set vlan453-v1 mtu 1280; ip link set vlan453 down; lift_all\n"
        "cat /sys/class/net/vlan453-v1/mtu; links | grep UP"
    )
    assert said.lines == ["1500", "= vlan453 UP", "= vlan453-v1 UP"]
    assert program.read("run/pending/failed") == ""


def test_routes_that_are_gone_are_added_and_others_left(program: Program) -> None:
    program.keep({"failed": ""})
    said = program.run(
        f"{DEVICES}ip route del 10.0.0.0/24; ip route del local 10.0.0.2 table local\n"
        "for turn in 1 2; do\n"
        "    reroute vlan453 10.0.0.2 10.0.0.0/24 0; reroute vlan453 10.0.0.7 10.0.0.0/24 0\n"
        "done; ip -4 route show table all type unicast; ip route show table local type local"
    )
    assert len([line for line in said.lines if "10.0.0.0/24" in line]) == 1
    assert len([line for line in said.lines if "local 10.0.0.2" in line]) == 1
    assert "10.0.0.7" not in said.out


def test_a_route_in_another_table_is_not_the_one_that_is_gone(program: Program) -> None:
    program.keep({"failed": ""})
    said = program.run(
        f"{DEVICES}ip route del 10.0.0.0/24; ip route del local 10.0.0.2 table local\n"
        "ip route add 10.0.0.0/24 dev vlan453 proto kernel table 77\n"
        "ip route add local 10.0.0.2 dev vlan453 proto kernel table 77\n"
        "reroute vlan453 10.0.0.2 10.0.0.0/24 0\n"
        "ip -4 route show; ip route show table local type local"
    )
    assert len([line for line in said.lines if "10.0.0.0/24" in line]) == 1
    assert len([line for line in said.lines if "local 10.0.0.2" in line]) == 1


def test_a_vrr_device_follows_its_svi_into_a_vrf_and_out_of_it(program: Program) -> None:
    program.keep({"failed": "", "expect.new": "+ vlan453-v0 UP\n"})
    said = program.run(
        f"{DEVICES}ip link add link vlan453 name vlan453-v0 type macvlan mode private\n"
        'vrf_of() { [ "$1" = vlan453 ] && printf "%s" "$svis"; [ "$1" = vlan453 ] || '
        'printf "%s" "$vrrs"; }\n'
        'tried() { cat "$T/batch"; }\n'
        "svis=tenant1 vrrs=; follow_vrf vlan453-v0 vlan453\n"
        "svis= vrrs=tenant1; follow_vrf vlan453-v0 vlan453\n"
        "svis=tenant1; follow_vrf vlan453-v0 vlan453"
    )
    assert [line for line in said.lines if line.startswith("link")] == [
        "link set dev vlan453-v0 master tenant1",
        "link set dev vlan453-v0 nomaster",
    ]
