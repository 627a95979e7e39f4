"""Bad input and unsafe moments: a sentence, an exit code, and a switch that nobody touched."""

from __future__ import annotations

import base64
import os
import random
import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from napalm.base.exceptions import CommitConfirmException

from lab.faults.inject import FaultInjector
from lab.machine.keys import key_texts
from lab.machine.tree import PASSWORD
from tests.lab.desk import SWITCH, VIP, Desk, ifindex, untouched
from tests.lab.switch import PATIENCE, WELL, LeafUnderTest
from tests.lab.test_commit import commit_extra, toggled
from tests.lab.test_vip_heal import with_password
from tests.unit.runbooks.source_faults import HOPELESS, SENSELESS

MAIN = "/etc/network/interfaces"


# --- the target


_DRAW = random.Random(f"{os.environ['VIPKEEPER_SEED']} refusals")
#: tests/unit/runbooks/test_sources.py goes through all of them without a lab.
_ALL = os.environ.get("VIPKEEPER_OUTAGES") == "all"


@pytest.mark.parametrize(("target", "words"), HOPELESS if _ALL else _DRAW.sample(HOPELESS, 1))
def test_a_target_that_cannot_be_healed(
    desk: Desk, leaf: LeafUnderTest, target: str, words: tuple[str, ...]
) -> None:
    desk.refused(leaf, 3, *words, command=("heal", target, "--toggle", "--yes"))
    assert desk.report()["verdict"] == "refused"
    assert desk.audited()[-1]["exit_code"] == 3


def test_an_id_tells_twins_apart(desk: Desk, leaf: LeafUnderTest) -> None:
    twin = next(vm for vm in desk.lab.topology.vms if vm.name == "twin")
    said = desk.vip("heal", twin.uuid, "--yes")
    assert said.code == 0, said
    assert "nothing to do" in said.out


@pytest.mark.parametrize("command", SENSELESS if _ALL else _DRAW.sample(SENSELESS, 1))
def test_a_command_line_that_makes_no_sense(
    desk: Desk, leaf: LeafUnderTest, command: tuple[str, ...]
) -> None:
    desk.refused(leaf, 2, command=command)


# --- what no cure of the switch ends


def test_what_cuts_off_two_leafs_is_not_cured_on_one(desk: Desk, leaf: LeafUnderTest) -> None:
    for vm in ("vm-a1", "vm-c1"):
        FaultInjector(desk.lab).inject("vrr-forwarding-off", vm=vm)
    words = ("vrr-forwarding-off", "no recreate on suspicion", "more than this leaf", "--toggle")
    said = desk.refused(leaf, 6, *words, command=("heal", "vm-a1", "--yes"))
    assert "more than one leaf" in said.out
    assert desk.report()["impact"]["scope"] == "more than one leaf"
    FaultInjector(desk.lab).mend()


def test_what_lies_beyond_the_gateway(desk: Desk, leaf: LeafUnderTest) -> None:
    """The VM answers its gateway, and something on the way outside does not let it."""
    core = desk.lab.fabric.ns("core")
    rule = ["to", "130.246.213.11", "priority", "10", "blackhole"]
    subprocess.run(["ip", "-n", core, "rule", "add", *rule], check=True)
    try:
        words = ("beyond-gateway", "nothing was touched", "security groups")
        said = desk.refused(leaf, 6, *words, command=("heal", "vm-a1", "--yes"))
    finally:
        subprocess.run(["ip", "-n", core, "rule", "del", *rule], check=True)
    assert "one VM: 1 of 1 beside it" in said.out


# --- logging in


def test_an_unknown_host_key(desk: Desk, leaf: LeafUnderTest, tmp_path: Path) -> None:
    known = tmp_path / "known_hosts"
    known.write_text("")
    known_hosts = {"VIPKEEPER_SSH__KNOWN_HOSTS": str(known)}
    desk.refused(leaf, 5, "10.5.0.43", "host key", "not known", env=known_hosts)
    assert known.read_text() == "", "a key was enrolled that nobody vouched for"


def test_a_changed_host_key(desk: Desk, leaf: LeafUnderTest, tmp_path: Path) -> None:
    known = tmp_path / "known_hosts"
    lines = []
    for line in desk.lab.seat.known_hosts.read_text().splitlines():
        names, kind, key = line.split()[:3]
        raw = bytearray(base64.b64decode(key))
        raw[-1] ^= 1
        lines.append(f"{names} {kind} {base64.b64encode(raw).decode()}\n")
    known.write_text("".join(lines))
    known_hosts = {"VIPKEEPER_SSH__KNOWN_HOSTS": str(known)}
    desk.refused(leaf, 5, "10.5.0.43", "HAS CHANGED", str(known), env=known_hosts)


def test_a_wrong_password(desk: Desk, leaf: LeafUnderTest) -> None:
    said = desk.refused(leaf, 5, "operator", "password", env=with_password("not-the-password"))
    assert "not-the-password" not in said.out + said.err


def test_a_wrong_sudo_password(desk: Desk, leaf: LeafUnderTest) -> None:
    login = with_password(PASSWORD) | {"VIPKEEPER_SUDO_PASSWORD": "not-the-password"}
    said = desk.refused(leaf, 5, "sudo", "password", env=login)
    assert "not-the-password" not in said.out + said.err


def test_an_operator_who_may_not_change_anything(desk: Desk, leaf: LeafUnderTest) -> None:
    """netops without sudo: it is said before the diagnosis, with the setting to change."""
    netops = {"VIPKEEPER_SSH__USERNAME": "netops"}
    with untouched(leaf):
        said = desk.vip("heal", "vm-a1", "--toggle", "--yes", env=netops)
        looked = desk.vip("check", "10.5.0.43", env=netops)
    assert said.code == 5, said
    assert "User 'netops' has no root rights on 10.5.0.43" in said.err
    assert "ssh.sudo = true" in said.err
    assert len(said.err.splitlines()) <= 2
    assert "LLDP: " not in said.out
    assert (looked.code, "no-root" in looked.out) == (12, True), looked


def test_an_operator_whom_sudo_does_not_know(desk: Desk, leaf: LeafUnderTest) -> None:
    login = with_password(PASSWORD) | {"VIPKEEPER_SUDO_PASSWORD": ""}
    said = desk.refused(leaf, 5, "sudo on 10.5.0.43", env=login)
    assert "VIPKEEPER_SUDO_PASSWORD" in said.err
    assert "diagnosis" not in said.out


def test_a_key_that_the_switch_does_not_take(
    desk: Desk, leaf: LeafUnderTest, tmp_path: Path
) -> None:
    key = tmp_path / "id_other"
    key.touch(mode=0o600)
    key.write_text(key_texts(ed25519.Ed25519PrivateKey.generate(), "nobody")[0])
    words = (SWITCH, "refused the login of user 'root'", str(key))
    desk.refused(leaf, 5, *words, env=only_key(key))


def test_a_key_that_is_not_there(desk: Desk, leaf: LeafUnderTest, tmp_path: Path) -> None:
    key = tmp_path / "none"
    desk.refused(leaf, 5, SWITCH, str(key), env=only_key(key))


def only_key(key: Path) -> dict[str, str]:
    """The settings of somebody who has no other key than this."""
    return {
        "VIPKEEPER_SSH__KEY_FILE": str(key),
        "VIPKEEPER_SSH__CONFIG_FILE": "/dev/null",
        "HOME": str(key.parent),
    }


def test_a_switch_that_is_down(desk: Desk, leaf: LeafUnderTest) -> None:
    leaf.sh("systemctl stop ssh.socket ssh 2>/dev/null; ss -ltn | grep -q ':22 ' && exit 1; :")
    try:
        desk.refused(leaf, 5, SWITCH, "10.5.0.43")
    finally:
        leaf.sh("systemctl start ssh")


def test_another_switch_at_that_address(desk: Desk, leaf: LeafUnderTest) -> None:
    name = leaf.sh("hostname").strip()
    leaf.sh("hostname swt-sn2100-99")
    try:
        for command in (("heal", "vm-a1", "--toggle", "--yes"), toggle()):
            desk.refused(leaf, 6, "calls itself swt-sn2100-99", SWITCH, command=command)
    finally:
        leaf.sh(f"hostname {name}")


def toggle(switch: str = SWITCH) -> tuple[str, ...]:
    """The command that toggles the gateway of leaf -03."""
    return ("toggle", switch, "--vip", VIP, "--yes")


# --- the switch's configuration


@contextmanager
def edited(leaf: LeafUnderTest, script: str) -> Iterator[None]:
    """An interfaces file that somebody has edited by hand, until the end of the block."""
    leaf.sh(f"cp -p {MAIN} /tmp/kept-by-test")
    leaf.sh(script)
    try:
        yield
    finally:
        leaf.sh(f"cp -p /tmp/kept-by-test {MAIN}; rm /tmp/kept-by-test")


def test_no_stanza_for_the_vms_subnet(desk: Desk, leaf: LeafUnderTest) -> None:
    with edited(leaf, f"sed -i '/address-virtual .*130[.]246/d' {MAIN}"):
        desk.refused(leaf, 6, SWITCH, "no address-virtual line", "130.246.213.11", MAIN)
    desk.refused(leaf, 3, "no address-virtual line", "192.0.2.99", VIP,
                 command=("toggle", SWITCH, "--vip", "192.0.2.99", "--yes"))  # fmt: skip


def test_address_lines_commented_out_already(desk: Desk, leaf: LeafUnderTest) -> None:
    number = leaf.sh(f"grep -n 'address-virtual .* {VIP}/22' {MAIN}").split(":")[0]
    comment = f"sed -i 's/^\\(\\s*\\)\\(address.*130[.]246\\)/\\1#\\2/' {MAIN}"
    with edited(leaf, comment):
        words = ("commented out already", "vlan453", MAIN, number, "remove the #")
        desk.refused(leaf, 6, *words)
        desk.refused(leaf, 6, *words, command=toggle())


@pytest.mark.parametrize("line", ["rubbish", "iface", "auto"])
def test_a_defect_elsewhere_in_the_file_refuses_nothing(
    desk: Desk, leaf: LeafUnderTest, line: str
) -> None:
    """ifupdown2 fails at it in each run; the stanza concerned can be given back all the same."""
    with edited(leaf, f"sed -i '1i {line}' {MAIN}"):
        said = desk.vip(*toggle())
        # At a bare "iface" ifupdown2 itself ends: nothing could be given back.
        assert said.code == (6 if line == "iface" else 0), said
        assert leaf.addresses() == WELL
        assert desk.vip("trace", "vm-a1").code == 0


def test_files_of_another_manager(desk: Desk, leaf: LeafUnderTest) -> None:
    """Found by the switch itself, after the audit log says that a change begins."""
    with edited(leaf, f"sed -i '1i # Auto-generated by NVUE!' {MAIN}"), untouched(leaf):
        said = desk.vip("heal", "vm-a1", "--toggle", "--yes")
    assert said.code == 6, said
    assert "NVUE" in said.sentence
    assert "Nothing was changed" in said.sentence
    assert desk.report()["verdict"] == "refused"


def test_a_switch_that_cannot_begin(desk: Desk, leaf: LeafUnderTest) -> None:
    """Its state directory is full: nothing is applied, and that is what is said."""
    leaf.sh("mkdir -p /run/vipkeeper; mount -t tmpfs -o size=16k,mode=700 tmpfs /run/vipkeeper")
    try:
        with untouched(leaf):
            said = desk.vip("heal", "vm-a1", "--toggle", "--yes")
    finally:
        leaf.sh("umount /run/vipkeeper")
    assert said.code == 6, said
    assert "did not begin" in said.sentence
    assert "No space left" in said.sentence
    assert "Nothing was changed" in said.sentence
    assert desk.report()["verdict"] == "refused"


def test_files_changed_by_somebody_else_meanwhile(desk: Desk, leaf: LeafUnderTest) -> None:
    """The operator thinks before saying yes, and somebody edits the file in that time."""
    lab = desk.lab
    with edited(leaf, ":"):
        before = ifindex(leaf)
        seat = lab.seat
        # A terminal is needed to be asked at all: script(1) gives one.
        argv = shlex.join(desk.argv("heal", "vm-a1", "--toggle"))
        asked = ["script", "-qefc", argv, "/dev/null"]
        process = subprocess.Popen(
            seat.command(asked),
            env=seat.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        said = ""
        while "[y/N]" not in said:
            char = process.stdout.read(1)
            assert char, said
            said += char
        leaf.sh(f"echo '# mine' >>{MAIN}")
        process.stdin.write("y\n")
        process.stdin.flush()
        rest, _ = process.communicate(timeout=60)
        assert process.returncode == 6, said + rest
        assert "was changed by somebody else" in rest
        assert "Run the command again" in rest
        assert ifindex(leaf) == before
        assert leaf.sh(f"tail -n 1 {MAIN}") == "# mine\n"


def test_another_commit_pending(desk: Desk, leaf: LeafUnderTest) -> None:
    driver = leaf.driver(owner="alice@noc")
    commit_extra(leaf, driver, revert_in=60)
    try:
        words = ("pending", "alice@noc", "a test", "rolls back in", f"vip pending {SWITCH}")
        desk.refused(leaf, 6, *words)
        desk.refused(leaf, 6, *words, command=toggle())
    finally:
        driver.rollback()


# --- commits that wait for their end


def test_pending_confirm_and_rollback(desk: Desk, leaf: LeafUnderTest) -> None:
    said = desk.vip("pending", SWITCH)
    assert (said.code, said.err) == (0, "")
    assert f"nothing is pending on {SWITCH}" in said.out
    for verb in ("confirm", "rollback"):
        desk.refused(leaf, 6, SWITCH, "no commit", command=(verb, SWITCH))
    driver = leaf.driver(owner="alice@noc")
    driver.load_merge_candidate(config=toggled(leaf))
    driver.commit_config(message="kept away", revert_in=60)
    assert leaf.addresses() == set()
    for name in (SWITCH, "swt-sn2100-03", "10.5.0.43"):
        said = desk.vip("pending", name)
        assert said.code == 0, said
        for part in ("alice@noc", "kept away", "vlan453", "rolls back in"):
            assert part in said.out, part
    said = desk.vip("rollback", SWITCH)
    assert said.code == 0, said
    assert "back in its old configuration" in said.out
    assert desk.report()["pending"]["owner"] == "alice@noc"
    with pytest.raises(CommitConfirmException):
        driver.confirm_commit()


def test_confirm_writes_the_disk(desk: Desk, leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    with edited(leaf, ":"):
        commit_extra(leaf, driver, revert_in=60)
        assert "203.0.113.7" not in leaf.sh(f"cat {MAIN}")
        said = desk.vip("confirm", "swt-sn2100-03")
        assert said.code == 0, said
        assert "confirmed" in said.out
        assert "203.0.113.7" in leaf.sh(f"cat {MAIN}")
        assert not driver.has_pending_commit()
    leaf.sh("ifreload -a")


def test_a_confirm_that_the_switch_refuses(desk: Desk, leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    commit_extra(leaf, driver, revert_in=60)
    with edited(leaf, f"echo '# mine' >>{MAIN}"):
        words = (SWITCH, "changed while the commit was pending", "Nothing was written")
        desk.refused(leaf, 6, *words, command=("confirm", SWITCH), asked=1)
    driver.rollback()


# --- two operators


def test_two_toggles_at_once(desk: Desk, leaf: LeafUnderTest) -> None:
    disk = leaf.disk()
    refusals = 0
    for _ in range(5):
        before = ifindex(leaf)
        with desk.running(*toggle()) as one, desk.running(*toggle()) as other:
            ends = [(p.communicate(timeout=PATIENCE), p.poll() or 0) for p in (one, other)]
        codes = sorted(code for _, code in ends)
        assert codes in ([0, 0], [0, 6]), ends
        refusals += codes == [0, 6]
        for (_, err), code in ends:
            assert "Traceback" not in err
            if code == 6:
                assert re.search("pending|under way", err), err
                assert "vip toggle" in err, "the other operator's commit is not described"
                assert "@" in err, "the other operator is not named"
        leaf.wait_until(lambda: leaf.state() == set())
        assert ifindex(leaf) != before
        assert desk.lab.answers("130.246.213.11", count=2)
        assert leaf.disk() == disk
        if refusals:
            return
    pytest.fail("they never met")
