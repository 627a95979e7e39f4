"""The client's half of a commit: what it sends, and how it reads every answer."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import subprocess
import tarfile
from collections.abc import Callable

import pytest
from napalm.base.exceptions import (
    CommandErrorException,
    CommitConfirmException,
    CommitError,
    LockError,
    MergeConfigException,
    SessionLockedException,
)

from napalm_cumulus import CumulusDriver
from napalm_cumulus.commit import transaction
from napalm_cumulus.config.configuration import Configuration
from napalm_cumulus.config.snapshot import Snapshot, take
from napalm_cumulus.errors import CommitRefusedError
from napalm_cumulus.result import CommandResult

MAIN = "/etc/network/interfaces"
BASE = """\
auto vlan453
iface vlan453
    address 130.246.212.2/22
    address-virtual 00:00:5e:00:01:c5 130.246.212.1/22

auto swp1
iface swp1
    address 10.0.0.1/31
"""
TOGGLED = BASE.replace("    address 130", "    #address 130").replace(
    "    address-v", "    #address-v"
)


class FakeSwitch:
    """Answers by the first word that matches; keeps what it was asked."""

    def __init__(self, answer: Callable[[str, bytes], tuple[int, bytes, bytes]]) -> None:
        self.answer = answer
        self.asked: list[tuple[str, bytes]] = []

    def run(
        self, command: str, *, stdin: bytes = b"", timeout: float | None = None
    ) -> CommandResult:
        del timeout
        self.asked.append((command, stdin))
        return CommandResult(command, *self.answer(command, stdin))

    def is_alive(self) -> bool:
        return True

    def close(self) -> None:
        """Nothing to close."""


def snapshot(text: str = BASE) -> Snapshot:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Snapshot(Configuration({MAIN: text}), None, {MAIN: digest}, (MAIN,))


def a_plan(new: str = TOGGLED, **options: object) -> transaction.Plan:
    return transaction.plan(
        snapshot(),
        Configuration({MAIN: new}),
        revert_in=60,
        **options,  # type: ignore[arg-type]
    )


def members(request: bytes) -> dict[str, str]:
    with tarfile.open(fileobj=io.BytesIO(request)) as archive:
        return {m.name: archive.extractfile(m).read().decode() for m in archive}  # type: ignore[union-attr]


def answering(status: int, out: bytes = b"", err: bytes = b"") -> FakeSwitch:
    return FakeSwitch(lambda *_: (status, out, err))


def test_what_is_sent_for_a_toggle() -> None:
    commit = a_plan(bounce=True, owner="alice@noc", message="why\nnot")
    sent = members(transaction.request(commit))
    assert list(sent)[-1] == "complete"
    assert sent["interfaces"] == "vlan453\n"
    assert (sent["mode"], sent["hold"], sent["revert_in"]) == ("targeted\n", "bounce\n", "60\n")
    assert (sent["owner"], sent["message"]) == ("alice@noc\n", "why not\n")
    assert sent[f"new{MAIN}"] == TOGGLED
    assert sent["changed"] == f"{MAIN}\n"
    assert sent["removed"] == ""
    assert sent["expect.new"] == ("- vlan453 130.246.212.2/22\n- vlan453-v0 130.246.212.1/22\n")
    assert sent["expect.old"] == ("+ vlan453 130.246.212.2/22\n+ vlan453-v0 130.246.212.1/22\n")
    assert sent["expect.keep"] == ""


def test_the_manifest_is_what_sha256sum_checks(tmp_path: object) -> None:
    sent = members(transaction.request(a_plan()))
    digest, path = sent["manifest"].split()
    assert (digest, path) == (hashlib.sha256(BASE.encode()).hexdigest(), MAIN)


def test_a_full_reload_keeps_every_other_address() -> None:
    commit = a_plan(BASE + "\nauto br0\niface br0\n    address 192.0.2.1/32\n")
    sent = members(transaction.request(commit))
    assert sent["mode"] == "full\n"
    assert sent["expect.new"] == "+ br0 192.0.2.1/32\n"
    assert sent["expect.old"].startswith("- br0 192.0.2.1/32\n")
    assert "+ swp1 10.0.0.1/31\n" in sent["expect.keep"]
    assert "+ vlan453-v0 130.246.212.1/22\n" in sent["expect.keep"]


def test_what_tells_the_changes_own_devices() -> None:
    new = BASE.replace("iface swp1\n", "iface swp1\n    vrf red\n")
    new += (
        "\nauto br0\niface br0\n    bridge-ports swp9.7 -x\n"
        "    post-up ip link add $(reboot) type dummy\n"
    )
    sent = members(transaction.request(a_plan(new)))
    assert (sent["added"], sent["gone"], sent["size"]) == ("br0\n", "", "3 2\n")
    named = set(sent["named"].split("\n"))
    assert {"br0", "swp1", "swp9.7", "red"} <= named
    assert not {"-x", "$(reboot)", "vlan453"} & named
    assert "vlan453-v0 130.246.212.1/22\n" in sent["held"]
    back = transaction.plan(
        snapshot(new), Configuration({MAIN: BASE + "iface dhcp inet dhcp\n"}), revert_in=9
    )
    assert members(transaction.request(back))["gone"] == "br0\n"


def test_odd_bytes_reach_the_switch_unchanged() -> None:
    raw = b"# \xff\xfe caf\xe9\r\nauto lo\niface lo\n"
    text = raw.decode("utf-8", "surrogateescape")
    commit = transaction.plan(snapshot(), Configuration({MAIN: text}), revert_in=5)
    with tarfile.open(fileobj=io.BytesIO(transaction.request(commit))) as archive:
        content = archive.extractfile(f"new{MAIN}")
        assert content is not None
        assert content.read() == raw


def test_a_report_of_a_toggle() -> None:
    out = (
        b"== result\n reverted bounced as asked\n== progress\n 10.0 staged\n 10.1 armed\n"
        b" 10.2 applying\n 10.5 applied\n 10.51 reverting\n 10.8 reverted\n"
        b"== apply.status\n 0\n== unmet.new\n== log\n + in_candidate: ifup vlan453\n"
    )
    report = transaction.apply(answering(0, out), a_plan(bounce=True), "leaf1")
    assert report.result == "reverted"
    assert report.applied_ok
    assert report.reverted_ok
    assert report.seconds_applied == pytest.approx(0.3)
    assert report.outage_seconds == pytest.approx(0.6)
    assert report.log == ("+ in_candidate: ifup vlan453",)


PENDING = (
    b"== state\n pending\n== id\n 0123456789ab\n== owner\n alice@noc\n== message\n a == b\n"
    b"== created\n 1700000000\n== mode\n targeted\n== interfaces\n vlan453\n swp1\n"
    b"== armed\n yes\n== remaining\n 42\n"
)


@pytest.mark.parametrize(
    ("status", "out", "error", "message"),
    [
        (71, b"== error\n The files were changed.\n", LockError, "The files were changed"),
        (72, PENDING + b"== error\n A commit is pending.\n", SessionLockedException, "alice@noc"),
        (73, b"== error\n NVUE\n", LockError, "NVUE"),
        (74, b"== error\n no timer\n", CommitError, "no timer"),
        (75, b"", CommitError, "did not begin"),
        (85, b"== error\n needs at least 9 s\n", CommitRefusedError, "at least 9 s. Nothing was"),
        (127, b"", CommitError, "is not known"),
        (
            77,
            b"== result\n reverted x\n== progress\n 1 staged\n== unmet.new\n missing a 1/32\n",
            CommitError,
            "missing a 1/32",
        ),
        (
            78,
            b"== result\n incomplete x\n== progress\n 1 staged\n== unmet.old\n missing b 2/32\n",
            CommitError,
            "is not as before: missing b 2/32",
        ),
    ],
)
def test_every_refusal_is_its_own_sentence(
    status: int, out: bytes, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        transaction.apply(answering(status, out), a_plan(), "leaf1")


def test_pending() -> None:
    found = transaction.pending(answering(0, PENDING), "leaf1")
    assert found is not None
    assert (found.id, found.owner, found.message) == ("0123456789ab", "alice@noc", "a == b")
    assert (found.remaining, found.interfaces, found.armed) == (42, ("vlan453", "swp1"), True)
    assert str(found) == (
        "commit 0123456789ab by alice@noc (a == b) on vlan453, swp1; it rolls back in 42 s"
    )
    for said, armed, words in (
        (b"no", False, "does not end by itself, because its timer is dead: run vip rollback"),
        (b"unknown", None, "rolls back in 42 s (if its timer is alive, which the switch does not"),
    ):
        told = PENDING.replace(b"armed\n yes", b"armed\n " + said)
        found = transaction.pending(answering(0, told), "leaf1")
        assert found is not None
        assert found.armed is armed
        assert words in str(found)
    assert transaction.pending(answering(0), "leaf1") is None
    with pytest.raises(CommandErrorException, match="exit status 255"):
        transaction.pending(answering(255), "leaf1")
    with pytest.raises(CommandErrorException, match="not understood"):
        transaction.pending(answering(0, PENDING.replace(b"42", b"soon")), "leaf1")


@pytest.mark.parametrize(
    ("status", "out", "error", "message"),
    [
        (76, b"== error\n No commit is pending.\n", CommitConfirmException, "cannot be confirmed"),
        (84, b"== refused\n its time was over\n", CommitConfirmException, "time was over. Nothing"),
        (79, b"== refused\n the disk changed\n", CommitError, "the disk changed"),
        (80, b"== refused\n No space left on device\n", CommitError, "No space left"),
    ],
)
def test_confirm_errors(status: int, out: bytes, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        transaction.confirm(answering(status, out), "0123456789ab", "leaf1")


def test_rollback_errors() -> None:
    with pytest.raises(CommitConfirmException, match="cannot be rolled back"):
        transaction.roll_back(answering(76), "0123456789ab", "leaf1")
    with pytest.raises(CommitError, match="exit status 78"):
        transaction.roll_back(answering(78), "0123456789ab", "leaf1")
    with pytest.raises(CommandErrorException, match="is not the id"):
        transaction.roll_back(answering(0), "x; reboot", "leaf1")


# --- the snapshot ---------------------------------------------------------------------------------


def tarball(files: dict[str, str | bytes], links: dict[str, str] | None = None) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, text in files.items():
            data = text.encode() if isinstance(text, str) else text
            info = tarfile.TarInfo(name.lstrip("/"))
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name.lstrip("/"))
            info.type, info.linkname = tarfile.SYMTYPE, target
            archive.addfile(info)
    return buffer.getvalue()


def test_links_and_files_elsewhere_are_followed() -> None:
    inside = tarball(
        {MAIN: "source /etc/network/interfaces.d/*\nsource /etc/other/*.intf\n"},
        {
            "/etc/network/interfaces.d/a": "../../fabric/a",
            "/etc/network/run": "/run/network",
        },
    )
    outside = tarball(
        {"/etc/fabric/a": "auto a\niface a\n", "/etc/other/b.intf": "auto b\niface b\n"}
    )
    switch = FakeSwitch(lambda command, _: (0, outside if "-chf" in command else inside, b""))
    found = take(switch)
    assert [at.stanza.name for at in found.disk.stanzas()] == ["a", "b"]
    assert set(found.manifest) >= {MAIN, "/etc/network/interfaces.d/a", "/etc/other/b.intf"}
    assert found.listing == (MAIN, "/etc/network/interfaces.d/a", "/etc/network/run")
    assert len(switch.asked) == 2


def test_a_source_line_that_finds_nothing_is_no_error() -> None:
    inside, nothing = tarball({MAIN: f"source /etc/other/*.intf\n{BASE}"}), bytes(10240)
    switch = FakeSwitch(lambda command, _: (0, nothing if "-chf" in command else inside, b""))
    assert set(take(switch).manifest) == {MAIN}


def test_an_ordinary_leaf_is_one_round_trip() -> None:
    switch = answering(0, tarball({MAIN: BASE}, {"/etc/network/run": "/run/network"}))
    assert take(switch).running.tree == {MAIN: BASE}
    assert len(switch.asked) == 1


def test_what_a_power_cut_left_behind_is_no_file_of_the_configuration() -> None:
    left = "/etc/network/.interfaces.vipkeeper.0123456789ab"
    found = take(answering(0, tarball({MAIN: BASE, left: TOGGLED})))
    assert found.listing == (MAIN,)
    assert set(found.manifest) == {MAIN}


def test_what_is_pending_is_what_runs() -> None:
    pending = f"/run/vipkeeper/pending/network{MAIN.removeprefix('/etc/network')}"
    found = take(answering(0, tarball({MAIN: BASE, pending: TOGGLED})))
    assert found.disk.tree[MAIN] == BASE
    assert found.running.tree[MAIN] == TOGGLED


@pytest.mark.parametrize(
    ("status", "out", "message"),
    [
        (2, b"", "could not be read"),
        (1, b"", "could not be read"),
        (0, b"not a tar", "not a whole tar"),
        (0, tarball({MAIN: BASE})[:700], "not a whole tar"),
        (0, gzip.compress(tarball({MAIN: BASE})), "not a whole tar"),  # not packed beyond measure
        (0, tarball({"/etc/network/a'b": ""}), "rename that file"),
        (0, tarball({MAIN: "source /etc/$(reboot)/*\n"}), "does not handle"),
    ],
)
def test_an_answer_that_is_not_whole_is_an_error(status: int, out: bytes, message: str) -> None:
    with pytest.raises(CommandErrorException, match=message):
        take(answering(status, out))


def test_commit_needs_a_candidate_and_sane_seconds() -> None:
    switch = answering(0, tarball({MAIN: BASE}))
    driver = CumulusDriver("leaf1", "root", "", transport=switch)
    driver.open()
    with pytest.raises(CommitError, match="No candidate is loaded"):
        driver.commit_config()
    driver.load_replace_candidate(config=TOGGLED)
    with pytest.raises(CommitError, match="1 to 604800"):
        driver.commit_config(revert_in=0)
    driver.discard_config()
    assert driver.compare_config() == ""


KNOWS = b"attribute address\nattribute bridge-ports\ndevice swp1\ndevice lo\n"


def judging(text: str = BASE, **arguments: object) -> CumulusDriver:
    """Return a driver whose switch has these files, and tells what it knows."""

    def answer(command: str, _stdin: bytes) -> tuple[int, bytes, bytes]:
        return 0, KNOWS if "--syntax-help" in command else tarball({MAIN: text}), b""

    driver = CumulusDriver(
        "leaf1", "root", "", optional_args=arguments, transport=FakeSwitch(answer)
    )
    driver.open()
    return driver


def test_what_is_odd_stands_in_front_of_the_diff(caplog: pytest.LogCaptureFixture) -> None:
    driver = judging()
    driver.load_merge_candidate(config="iface vlan7\n    vlan-raw-device swp1\n")
    first, rest = driver.compare_config().split("\n", 1)
    assert re.fullmatch(r"# warning: /etc/.* line \d+: vlan7: it is not auto, so .*\.", first)
    assert rest.startswith(f"--- {MAIN}\n+++ {MAIN}\n")
    assert first in caplog.text
    assert [problem.is_warning for problem in driver.candidate_problems] == [True]
    driver.discard_config()
    assert driver.candidate_problems == ()


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        ("bridge-ports swp1 swp77", "bridge-ports needs swp77, which does not exist"),
        ("brigde-ports swp1", "did you mean 'bridge-ports'?"),
        ("no-such-thing 1", "this switch's ifupdown2 does not know the attribute 'no-such-thing'"),
    ],
)
def test_the_switch_is_asked_when_a_candidate_is_loaded(attribute: str, message: str) -> None:
    text = f"auto br7\niface br7\n    {attribute}\n"
    with pytest.raises(MergeConfigException, match=re.escape(message)) as refused:
        judging().load_merge_candidate(config=text)
    assert "the optional argument accept_problems" in str(refused.value)


def test_who_overrides_the_checks_is_on_record() -> None:
    driver = judging(accept_problems=True)
    driver.load_merge_candidate(config="auto br7\niface br7\n    no-such-thing 1\n")
    assert driver.compare_config().startswith("# overridden: ")
    sent: dict[str, str] = {}

    def refuse(command: str, stdin: bytes) -> tuple[int, bytes, bytes]:
        del command
        sent.update(members(stdin))
        return 75, b"== error\n no room\n", b""

    driver._transport = FakeSwitch(refuse)
    with pytest.raises(CommitRefusedError):
        driver.commit_config(message="as agreed", revert_in=60)
    assert sent["message"] == "[accept_problems: 1 overridden] as agreed\n"
    assert sent["diff"].startswith("# overridden: /etc/network/interfaces line ")


def test_a_new_interface_that_is_not_brought_up_is_not_missed_in_the_kernel() -> None:
    new = BASE + "\niface vlan7\n    address 192.0.2.7/24\n    vlan-raw-device swp1\n"
    assert members(transaction.request(a_plan(new)))["expect.new"] == ""


def test_the_program_is_plain_sh() -> None:
    done = subprocess.run(
        ["sh", "-n"], input=transaction.program(), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
