"""A repair that is cut off at any step: the VIP is back within the timer, and nothing is left.

``bin/test`` cuts each step in one way, drawn from a seed; ``VIPKEEPER_CUTS=all`` in every way.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from napalm.base.exceptions import CommitError, NapalmException, SessionLockedException

from napalm_cumulus.commit import repair_steps as steps
from napalm_cumulus.commit import transaction
from napalm_cumulus.commit.repair_steps import Step
from tests.lab.cuts import AT as _AT
from tests.lab.cuts import HERE as _HERE
from tests.lab.cuts import pausing_program
from tests.lab.switch import LeafUnderTest
from tests.lab.test_adversity import old_systemd
from tests.lab.ward import MAC, SVI, VRR, Ward, warded

REVERT_IN = 4
_STEPS: dict[str, tuple[Step, tuple[str, ...]]] = {
    "flap": (steps.flap(VRR, SVI), ("disturbing", f"down and up {VRR}", "took flap")),
    "set-mac": (steps.set_mac(VRR, MAC, SVI), (f"down and up {VRR}",)),
    "recreate": (steps.recreate(VRR, SVI), (f"delete {VRR}",)),
    "reapply": (steps.reapply(SVI), ()),
}
#: Down and up is one process; of this copy of it the second half never comes.
_WHOLE = 'ip -force -batch "$T/batch"'
_HALF = """sh -c 'sed -i "/ up$/,\\$d" "$1"; ip -force -batch "$1"' half "$T/batch\""""
#: Before and after the steps of its own each repair passes these.
_BEFORE = ("staged", "armed", "pending", "applying")
_AFTER = ("settled", "applied", "claimed.revert", "repaired")
CUTS = ("program killed", "SSH cut", "both")
CELLS = [
    (verb, step, cut)
    for verb, (_, own) in _STEPS.items()
    for step in (*_BEFORE, *own, *_AFTER)
    for cut in CUTS
    # Most of the steps before and after are the same for each verb.
    if verb == "flap" or step in own
]
_ALL = os.environ.get("VIPKEEPER_CUTS", "").startswith("all")


def chosen() -> list[tuple[str, str, str]]:
    """Every step, cut in a way that the seed draws; each way as often as any other."""
    if _ALL:
        return CELLS
    draw = random.Random(f"{os.environ['VIPKEEPER_SEED']} repairs")
    places = list(dict.fromkeys((verb, at) for verb, at, _ in CELLS))
    ways = [way for _ in places for way in draw.sample(CUTS, len(CUTS))]
    return [(*place, way) for place, way in zip(places, ways, strict=False)]


def halves() -> list[tuple[str, str]]:
    """Every way to be cut, by turns of a flap and of another MAC."""
    ways = ("nothing", *CUTS)
    if _ALL:
        return [(verb, way) for verb in ("flap", "set-mac") for way in ways]
    draw = random.Random(f"{os.environ['VIPKEEPER_SEED']} halves")
    return list(zip(draw.sample(["flap", "flap", "set-mac", "set-mac"], 4), ways, strict=True))


_KILL_PROGRAM = (
    "for unit in $(systemctl list-units --plain --no-legend 'vipkeeper-run-*.service' "
    "'vipkeeper-rollback-*.service' | cut -d' ' -f1); do systemctl kill -s KILL $unit || :; done; "
    "pkill -KILL -f '[t]ransaction.sh apply' || :"
)
_CUT_SSH = "pkill -KILL -f '^sshd: [r]oot' || :"


@pytest.fixture
def ward(leaf: LeafUnderTest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ward]:
    with warded(leaf) as ward:
        leaf.sh(f"rm -f {_AT} {_HERE}")
        program = pausing_program()
        assert _WHOLE in program.decode()
        monkeypatch.setattr(transaction, "program", lambda: program)
        yield ward
        leaf.sh(f"rm -f {_AT} {_HERE}; rm -rf /run/vipkeeper/.incoming.*")


@contextmanager
def paused(ward: Ward, step: Step, at: str) -> Iterator[None]:
    """Bring a repair to one of its steps."""
    driver = ward.leaf.driver(keepalive=1, command_timeout=60)

    def client() -> None:
        with suppress(NapalmException):
            driver.repairs.carry_out([step], message="cut me", revert_in=REVERT_IN)

    ward.leaf.sh(f"printf %s '{at}' >{_AT}")
    thread = threading.Thread(target=client)
    thread.start()
    try:
        ward.leaf.wait_until(lambda: is_there(ward.leaf))
        yield
    finally:
        ward.leaf.sh(f"rm -f {_AT} {_HERE}")
        thread.join(60)
        assert not thread.is_alive(), "the client still waits"


def is_there(leaf: LeafUnderTest) -> bool:
    return leaf.sh(f"[ ! -e {_HERE} ] || echo yes") == "yes\n"


def _do(ward: Ward, cut: str) -> None:
    if cut in {"SSH cut", "both"}:
        ward.leaf.sh(_CUT_SSH)
    if cut in {"program killed", "both"}:
        ward.leaf.sh(_KILL_PROGRAM)


def require_well(ward: Ward) -> None:
    """Everything as it was, within the timer and a reload."""
    leaf = ward.leaf
    leaf.wait_until(lambda: not {s for s in leaf.state() if not s.startswith(".incoming.")})
    leaf.wait_until(lambda: "vipkeeper" not in leaf.timers())
    leaf.wait_until(lambda: ward.differs() == set())
    assert ward.answers(count=3)
    left = leaf.sh("ls /etc/systemd/system | grep vipkeeper || :; ls /var/lib/vipkeeper || :")
    assert set(left.split()) <= {"previous"}


@pytest.mark.promise("T30")
@pytest.mark.parametrize(("verb", "at", "cut"), chosen(), ids=lambda value: value.replace(" ", "-"))
def test_cut_at_a_step(ward: Ward, verb: str, at: str, cut: str) -> None:
    disk = ward.leaf.disk()
    with paused(ward, _STEPS[verb][0], at):
        _do(ward, cut)
    require_well(ward)
    assert ward.leaf.disk() == disk


@pytest.mark.promise("T30")
@pytest.mark.parametrize(("verb", "cut"), halves())
def test_a_device_that_went_down_and_not_up(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, verb: str, cut: str
) -> None:
    program = transaction.program().decode().replace(_WHOLE, _HALF).encode()
    monkeypatch.setattr(transaction, "program", lambda: program)
    with paused(ward, _STEPS[verb][0], f"down and up {VRR}"):
        assert "UP" not in ward.leaf.sh(f"ip -o link show dev {VRR}").split(">")[0].split("<")[1]
        _do(ward, cut)
    require_well(ward)


@pytest.mark.parametrize("at", [f"down and up {VRR}", f"delete {VRR}"])
def test_a_reboot_in_the_middle(ward: Ward, at: str) -> None:
    verb = "flap" if at.startswith("down") else "recreate"
    switch = ward.leaf.lab.leaf(ward.leaf.name)
    with paused(ward, _STEPS[verb][0], at):
        switch.power_cut()
        switch.boot()
    ward.leaf.wait_until(lambda: ward.leaf.addresses() != set())
    assert ward.leaf.state() == set()
    ward.leaf.wait_until(ward.answers)


def test_the_client_killed_in_the_middle(ward: Ward) -> None:
    """The switch goes on by itself; nothing waits for the client."""
    leaf = ward.leaf
    seat = leaf.lab.seat
    code = (
        "from napalm_cumulus import CumulusDriver\n"
        "from napalm_cumulus.commit import repair_steps as steps, transaction\n"
        "from tests.lab.cuts import pausing_program\n"
        "program = pausing_program()\n"
        "transaction.program = lambda: program\n"
        f"options = {{'known_hosts_file': {str(seat.known_hosts)!r}, 'use_agent': False,\n"
        f"           'ssh_config_file': '/dev/null', 'key_file': {str(seat.key_file)!r}}}\n"
        "driver = CumulusDriver('10.5.0.43', 'root', '', 10, options)\n"
        "driver.open()\n"
        f"driver.repairs.carry_out([steps.recreate({VRR!r}, {SVI!r})], revert_in=60)\n"
    )
    leaf.sh(f"printf %s 'delete {VRR}' >{_AT}")
    client = subprocess.Popen(
        seat.command([sys.executable, "-c", code]), env=seat.environment() | {"PYTHONPATH": "."},
        start_new_session=True,
    )  # fmt: skip
    try:
        leaf.wait_until(lambda: is_there(leaf))
    finally:
        os.killpg(client.pid, signal.SIGKILL)
        client.wait()
    leaf.sh(f"rm -f {_AT} {_HERE}")
    begin = time.monotonic()
    require_well(ward)
    assert time.monotonic() - begin < 45, "the timer has ended it"
    assert leaf.sh("cat /run/vipkeeper/last/result").startswith("repaired")


@pytest.mark.promise("T31")
def test_a_repair_cannot_be_confirmed_and_can_be_ended_by_anybody(ward: Ward) -> None:
    other = ward.leaf.driver()
    with paused(ward, steps.recreate(VRR, SVI), f"delete {VRR}"):
        ward.leaf.sh(_CUT_SSH)
        ward.leaf.sh(_KILL_PROGRAM)
        other = ward.leaf.driver()
        pending = other.pending
        assert pending is not None
        assert f"ip link delete {VRR}" in pending.diff
        assert (pending.hold, pending.ends_itself) == ("repair", True)
        assert "it is under way and ends by itself, at the latest in" in str(pending)
        with pytest.raises(SessionLockedException, match="Wait until it has ended") as waiting:
            other.repairs.carry_out([steps.reapply(SVI)])
        assert "confirm" not in str(waiting.value)
        with pytest.raises(CommitError, match="to be taken back, not to be kept"):
            other.confirm_commit()
        other.rollback(pending_only=True)
    require_well(ward)


@pytest.mark.promise("T29")
def test_all_of_it_without_systemds_help(ward: Ward) -> None:
    """Cumulus 3: a sleeping process is the timer."""
    leaf = ward.leaf
    with old_systemd(leaf):
        for step, _ in _STEPS.values():
            report = leaf.driver().repairs.carry_out([step], revert_in=30)
            assert report.applied_ok
        assert leaf.sh("pgrep -f '[v]ipkeeper-revert' || :") == "", "a sleeper is left"
        with paused(ward, _STEPS["recreate"][0], f"delete {VRR}"):
            assert leaf.sh("pgrep -f '[v]ipkeeper-revert' || :"), "no sleeper is waiting"
            leaf.sh(_CUT_SSH)
            leaf.sh("pkill -KILL -f '[p]rogram.* run ' || :")
        require_well(ward)


def test_an_operator_with_sudo_can_do_all_of_it(ward: Ward) -> None:
    driver = ward.leaf.driver("netops", sudo=True)
    for step, _ in _STEPS.values():
        assert driver.repairs.carry_out([step], revert_in=30).applied_ok
    require_well(ward)


def test_a_hung_ifupdown2_is_ended_by_the_timer(ward: Ward) -> None:
    """It holds the program up for longer than the timer: killed, and the VIP is back."""
    leaf = ward.leaf
    hanging = "/usr/local/sbin/ifup"
    leaf.sh(f"printf '#!/bin/sh\\nrm -f {hanging}\\nsleep 100\\n' >{hanging}; chmod 755 {hanging}")
    begin = time.monotonic()
    with pytest.raises(NapalmException, match="has restored the configuration on its disk"):
        leaf.driver(command_timeout=60).repairs.carry_out(
            [steps.recreate(VRR, SVI)], revert_in=REVERT_IN
        )
    assert time.monotonic() - begin < 90, "it was waited for"
    require_well(ward)
    leaf.sh("pkill -KILL -f '[s]leep 100' || :")
