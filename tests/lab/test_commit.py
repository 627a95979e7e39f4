"""The transaction on a real leaf: what it applies, keeps, refuses and takes back."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import replace

import pytest
from napalm.base.exceptions import (
    CommitConfirmException,
    CommitError,
    LockError,
    MergeConfigException,
    NapalmException,
    ReplaceConfigException,
    SessionLockedException,
)

from lab.machine.shell import wait_until
from napalm_cumulus import CumulusDriver
from tests.lab.switch import PATIENCE, WELL, LeafUnderTest

EXTRA = "203.0.113.7/32"


def stanza(leaf: LeafUnderTest, name: str) -> str:
    at = leaf.snapshot().disk.stanzas_of(name)[0]
    return at.file.stanza_text(at.stanza)


def with_extra(leaf: LeafUnderTest) -> str:
    """swp10's stanza with one more address."""
    return stanza(leaf, "swp10").rstrip("\n") + f"\n    address {EXTRA}\n"


def whole_with(leaf: LeafUnderTest, text: str) -> str:
    """The whole configuration with other text in the place of swp10's stanza."""
    disk = leaf.snapshot().disk
    at = disk.stanzas_of("swp10")[0]
    lines = list(at.file.physical_lines)
    lines[at.stanza.first - 1 : at.stanza.last] = [text]
    return replace(disk, tree={**disk.tree, at.file.path: "".join(lines)}).to_text()


def toggled(leaf: LeafUnderTest) -> str:
    """vlan453's stanza with its address lines commented out."""
    at = leaf.snapshot().disk.stanzas_of("vlan453")[0]
    file = at.file.comment_out(at.stanza)
    return file.stanza_text(next(s for s in file.stanzas if s.name == "vlan453"))


def commit_extra(leaf: LeafUnderTest, driver: CumulusDriver, revert_in: int | None) -> None:
    driver.load_merge_candidate(config=with_extra(leaf))
    driver.commit_config(message="a test", revert_in=revert_in)


def commit_that_expires(driver: CumulusDriver, candidate: str, seconds: int = 2) -> None:
    """Commit with the shortest timer of which half is left when the candidate is applied.

    How long that takes is the machine's affair: a busy one gets a longer timer.
    """
    while True:
        driver.load_merge_candidate(config=candidate)
        begin = time.monotonic()
        try:
            driver.commit_config(message="a test", revert_in=seconds)
        except CommitError as error:
            if "not confirmed in time" not in str(error):
                raise
        else:
            if time.monotonic() - begin < seconds / 2:
                return
            with suppress(NapalmException):
                driver.rollback()
            assert wait_until(lambda: not driver.has_pending_commit(), timeout=PATIENCE)
        seconds *= 3


def commit_unheard(driver: CumulusDriver) -> None:
    """Commit what cuts the session that it is committed over."""
    with suppress(NapalmException):
        driver.commit_config(revert_in=3)


def has_extra(leaf: LeafUnderTest) -> bool:
    return f"swp10 {EXTRA}" in leaf.addresses("swp10")


@pytest.mark.promise("T2")
def test_the_toggle_takes_the_vip_away_and_gives_it_back_without_touching_the_disk(
    leaf: LeafUnderTest,
) -> None:
    driver = leaf.driver()
    before = leaf.sh("ip -o link show dev vlan453-v0").split(":")[0]
    disk = leaf.disk()
    driver.load_merge_candidate(config=toggled(leaf))
    assert "-    address-virtual" in driver.compare_config().replace("\t", "    ")
    driver.commit_config(message="toggle", revert_in=60, bounce=True)
    report = driver.last_commit
    assert report is not None
    assert (report.mode, report.interfaces, report.result) == ("targeted", ("vlan453",), "reverted")
    assert report.applied_ok
    assert report.reverted_ok
    assert report.problems == ()
    assert 0 < report.outage_seconds < 60
    assert leaf.addresses() == WELL
    assert leaf.disk() == disk
    # The proof that it was away: the VRR device is a new one.
    assert leaf.sh("ip -o link show dev vlan453-v0").split(":")[0] != before
    assert leaf.timers() == ""


@pytest.mark.promise("T9")
def test_pending_is_seen_and_confirmed_from_another_session(leaf: LeafUnderTest) -> None:
    old = leaf.disk()
    one, other = leaf.driver(owner="alice@noc"), leaf.driver()
    commit_extra(leaf, one, revert_in=60)
    pending = other.pending
    assert pending is not None
    assert (pending.owner, pending.message, pending.mode) == ("alice@noc", "a test", "targeted")
    assert pending.interfaces == ("swp10",)
    assert 50 < pending.remaining <= 60
    assert pending.armed
    assert f"+    address {EXTRA}" in pending.diff
    assert other.has_pending_commit()
    assert has_extra(leaf)
    assert leaf.disk() == old
    texts = other.get_config()
    assert EXTRA in texts["running"]
    assert EXTRA not in texts["startup"]
    one.close()
    other.confirm_commit()
    assert not other.has_pending_commit()
    assert leaf.timers() == ""
    assert EXTRA in other.get_config()["startup"]
    assert has_extra(leaf)
    kept = [line for line in old.splitlines() if " f " in line]
    assert all(line in leaf.disk() for line in kept), "a mode or an owner changed"
    with pytest.raises(CommitConfirmException, match="No commit is pending"):
        other.confirm_commit()
    other.rollback()
    assert leaf.disk() == old
    assert not has_extra(leaf)


@pytest.mark.promise("T21")
def test_the_newest_confirmed_commit_can_be_undone_and_redone(leaf: LeafUnderTest) -> None:
    old = leaf.disk()
    leaf.sh("rm -rf /var/lib/vipkeeper")
    driver = leaf.driver()
    with pytest.raises(CommitError, match="none was ever confirmed"):
        driver.rollback()
    commit_extra(leaf, driver, revert_in=None)
    assert has_extra(leaf)
    new = leaf.disk()
    for disk in (old, new, old):
        leaf.driver().rollback()
        assert leaf.disk() == disk
        assert has_extra(leaf) == (disk == new)


@pytest.mark.promise("T21")
def test_what_was_edited_after_a_confirm_is_not_undone(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    main = "/etc/network/interfaces"
    leaf.sh(f"cp -p {main} /tmp/kept")
    commit_extra(leaf, driver, revert_in=None)
    leaf.sh(f"echo '# mine' >>{main}")
    with pytest.raises(LockError, match=f"{main} on .* changed after commit"):
        driver.rollback()
    assert leaf.sh(f"tail -n 1 {main}") == "# mine\n"
    leaf.sh(f"cp -p /tmp/kept {main} && ifreload -a")


DROP_IN = "/etc/network/interfaces.d/extra.intf"


@pytest.mark.promise("T18")
def test_several_files_are_confirmed_and_undone_together(leaf: LeafUnderTest) -> None:
    old = leaf.disk()
    driver = leaf.driver()
    text = driver.get_config()["startup"] + f"# file: {DROP_IN}\nauto br-x\niface br-x\n"
    driver.load_replace_candidate(config=text.replace("# The loopback", "# The very loopback"))
    assert f"+++ {DROP_IN}" in driver.compare_config()
    driver.commit_config(message="two files")
    assert leaf.sh(f"cat {DROP_IN}") == "auto br-x\niface br-x\n"
    assert "# The very loopback" in leaf.sh("cat /etc/network/interfaces")
    left = leaf.sh("ls /var/lib/vipkeeper; ls /etc/systemd/system | grep vipkeeper || :").split()
    assert left == ["previous"]
    driver.rollback()
    assert leaf.disk() == old
    assert leaf.sh("ip -o link show dev br-x 2>&1 || :").startswith("Device")


def test_only_a_comment_changes(leaf: LeafUnderTest) -> None:
    old = leaf.disk()
    driver = leaf.driver()
    text = driver.get_config()["startup"]
    driver.load_replace_candidate(config=text.replace("# The loopback", "# The very loopback"))
    driver.commit_config()
    assert driver.last_commit is not None
    assert driver.last_commit.interfaces == ()
    assert "# The very loopback" in leaf.sh("cat /etc/network/interfaces")
    driver.rollback()
    assert leaf.disk() == old


@pytest.mark.promise("T14")
def test_the_management_interface_is_not_changed_unasked(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    eth0 = stanza(leaf, "eth0")
    driver.load_merge_candidate(config=eth0.replace("10.5.0.43", "10.5.0.99"))
    with pytest.raises(CommitError, match=r"changes eth0, by which .* is managed"):
        driver.commit_config(revert_in=30)
    assert not driver.has_pending_commit()


def test_a_candidate_that_cuts_the_operator_off_is_rolled_back(leaf: LeafUnderTest) -> None:
    driver = leaf.driver(allow_management_change=True, command_timeout=5, keepalive=1)
    eth0 = stanza(leaf, "eth0")
    driver.load_merge_candidate(config=eth0.replace("10.5.0.43", "10.5.0.99"))
    thread = threading.Thread(target=commit_unheard, args=(driver,))
    thread.start()
    leaf.wait_until(lambda: leaf.addresses("eth0") == {"eth0 10.5.0.99/24"})
    leaf.wait_until(lambda: leaf.addresses("eth0") == {"eth0 10.5.0.43/24"})
    thread.join(60)
    assert not thread.is_alive()
    leaf.wait_until(lambda: leaf.state() == set())


def test_rollback_takes_it_back_at_once(leaf: LeafUnderTest) -> None:
    one, other = leaf.driver(), leaf.driver()
    commit_extra(leaf, one, revert_in=600)
    assert has_extra(leaf)
    other.rollback()
    assert not has_extra(leaf)
    assert not one.has_pending_commit()
    assert leaf.timers() == ""
    with pytest.raises(CommitConfirmException, match="already been rolled back"):
        one.confirm_commit()
    with pytest.raises(CommitConfirmException, match="already been rolled back"):
        one.rollback(pending_only=True)


@pytest.mark.promise("T20")
def test_a_late_confirm_is_an_error(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    commit_that_expires(driver, with_extra(leaf))
    leaf.wait_until(lambda: not driver.has_pending_commit())
    with pytest.raises(CommitConfirmException):
        driver.confirm_commit()
    assert not has_extra(leaf)


@pytest.mark.promise("T8")
def test_a_second_commit_is_refused_and_names_the_first(leaf: LeafUnderTest) -> None:
    one, other = leaf.driver(owner="alice@noc"), leaf.driver(owner="bob@noc")
    commit_extra(leaf, one, revert_in=60)
    for revert_in in (None, 30):
        with pytest.raises(SessionLockedException, match=r"alice@noc \(a test\) on swp10"):
            commit_extra(leaf, other, revert_in)
    assert one.pending is not None
    one.rollback()


@pytest.mark.parametrize("revert_in", [60, None])
@pytest.mark.parametrize("full", ["both", "one"])
def test_of_two_commits_at_one_moment_one_is_told_of_the_other(
    leaf: LeafUnderTest, full: str, revert_in: int | None
) -> None:
    owners = ("alice@noc", "bob@noc")
    drivers = [
        leaf.driver(owner=owner, full_reload=full == "both" or owner == "bob@noc")
        for owner in owners
    ]
    for driver in drivers:
        driver.load_merge_candidate(config=with_extra(leaf))
    begin = threading.Barrier(2)
    lost: dict[str, NapalmException] = {}

    def commit(owner: str, driver: CumulusDriver) -> None:
        begin.wait()
        try:
            driver.commit_config(message="a test", revert_in=revert_in)
        except NapalmException as error:
            lost[owner] = error

    threads = [
        threading.Thread(target=commit, args=pair) for pair in zip(owners, drivers, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(200)
    assert len(lost) == 1, lost
    (loser,) = lost
    (winner,) = set(owners) - {loser}
    # Who comes when a commit that was confirmed at once has ended finds other files than it read.
    kinds = (SessionLockedException,) if revert_in else (SessionLockedException, LockError)
    assert isinstance(lost[loser], kinds), lost
    assert winner in str(lost[loser])
    assert has_extra(leaf)
    drivers[0].rollback()
    assert not has_extra(leaf)


@pytest.mark.promise("T10")
def test_files_changed_meanwhile_are_never_overwritten(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    main = "/etc/network/interfaces"
    leaf.sh(f"cp -p {main} /tmp/kept")
    for change, undo in (
        (f"echo '# mine' >>{main}", f"cp -p /tmp/kept {main}"),
        ("touch /etc/network/.interfaces.swp", "rm /etc/network/.interfaces.swp"),
    ):
        driver.load_merge_candidate(config=with_extra(leaf))
        leaf.sh(change)
        try:
            with pytest.raises(LockError, match="changed by somebody else"):
                driver.commit_config(revert_in=30)
        finally:
            leaf.sh(undo)
        assert not has_extra(leaf)


@pytest.mark.promise("T10")
def test_files_changed_while_pending_stop_the_confirm(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    main = "/etc/network/interfaces"
    leaf.sh(f"cp -p {main} /tmp/kept")
    commit_extra(leaf, driver, revert_in=30)
    leaf.sh(f"echo '# mine' >>{main}")
    with pytest.raises(CommitError, match="changed while the commit was pending"):
        driver.confirm_commit()
    assert driver.has_pending_commit()
    assert leaf.sh(f"tail -n 1 {main}") == "# mine\n"
    leaf.sh(f"cp -p /tmp/kept {main}")
    driver.rollback()


def test_somebody_elses_reload_stops_the_confirm(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    commit_extra(leaf, driver, revert_in=30)
    leaf.sh("ifreload -a")
    with pytest.raises(CommitError, match="no longer has the candidate"):
        driver.confirm_commit()
    driver.rollback()


@pytest.mark.promise("T11")
def test_another_manager_s_files_are_left_alone(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    main = "/etc/network/interfaces"
    leaf.sh(f"cp -p {main} /tmp/kept; sed -i '1i # Auto-generated by NVUE!' {main}")
    try:
        driver.load_merge_candidate(config=with_extra(leaf))
        with pytest.raises(LockError, match="NVUE"):
            driver.commit_config(revert_in=30)
    finally:
        leaf.sh(f"cp -p /tmp/kept {main}")


def test_a_full_reload_is_rolled_back_too(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    driver.load_merge_candidate(
        config="auto br-new\niface br-new\n    bridge-ports none\n    address 192.0.2.1/32\n"
    )
    driver.commit_config(revert_in=60)
    report = driver.last_commit
    assert report is not None
    assert (report.mode, report.interfaces) == ("full", ("br-new",))
    assert report.why_full
    assert leaf.addresses("br-new") == {"br-new 192.0.2.1/32"}
    driver.rollback()
    assert leaf.sh("ip -o link show dev br-new 2>&1 || :").startswith("Device")


@pytest.mark.promise("T15")
def test_what_the_kernel_did_not_take_is_rolled_back_at_once(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    # The address goes as soon as it comes: ifupdown2 itself reports success.
    text = with_extra(leaf) + f"    post-up ip addr del {EXTRA} dev swp10\n"
    driver.load_merge_candidate(config=text)
    with pytest.raises(CommitError, match=f"missing swp10 {EXTRA}"):
        driver.commit_config(revert_in=60)
    assert not driver.has_pending_commit()
    assert leaf.timers() == ""


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("adress 203.0.113.7/32", "did you mean 'address'"),
        ("address 203.0.113.700/32", "is not an address"),
        ("address 130.246.212.1/22", "is also on"),
    ],
)
def test_a_candidate_that_would_lie_is_not_even_loaded(
    leaf: LeafUnderTest, line: str, message: str
) -> None:
    driver = leaf.driver()
    with pytest.raises(MergeConfigException, match=message):
        driver.load_merge_candidate(config=stanza(leaf, "swp10").rstrip("\n") + f"\n    {line}\n")
    with pytest.raises(ReplaceConfigException, match="rubbish"):
        driver.load_replace_candidate(config="rubbish\nauto lo\niface lo inet loopback\n")


@pytest.mark.promise("T12")
def test_what_ifupdown2_itself_rejects_is_not_applied(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    driver.load_merge_candidate(config=with_extra(leaf) + "    link-down maybe\n")
    with pytest.raises(CommitError, match=r"rejects the candidate.*maybe.*Nothing was changed"):
        driver.commit_config(revert_in=60)
    assert not driver.has_pending_commit()


@pytest.mark.promise("T12")
@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("no-such-thing 7", r"line 3 of the text .* does not know the attribute 'no-such-thing'"),
        ("bridge-ports swp99", "bridge-ports needs swp99, which does not exist"),
    ],
)
def test_what_only_the_switch_can_tell_is_refused(
    leaf: LeafUnderTest, line: str, message: str
) -> None:
    with pytest.raises(MergeConfigException, match=message):
        leaf.driver().load_merge_candidate(config=f"auto br-x\niface br-x\n    {line}\n")


def test_what_this_release_knows_is_not_called_misspelt(leaf: LeafUnderTest) -> None:
    leaf.driver().load_merge_candidate(
        config="auto br-x\niface br-x\n    bridge-ports none\n    bridge-mcqifaddr 1\n"
    )


def test_the_checks_can_be_overridden_and_the_record_says_so(leaf: LeafUnderTest) -> None:
    driver = leaf.driver(accept_problems=True)
    odd = "\n    no-such-thing 7\n\niface br-y\n    bridge-ports none\n"
    driver.load_merge_candidate(config=f"auto br-x\niface br-x\n    bridge-ports none{odd}")
    driver.commit_config(message="as agreed", revert_in=60)
    pending = leaf.driver().pending
    assert pending is not None
    assert pending.message == "[accept_problems: 1 overridden] as agreed"
    wrong, warning, _ = pending.diff.split("\n", 2)
    assert wrong.startswith("# overridden: /etc/network/interfaces line ")
    assert "br-y: it is not auto" in warning
    assert driver.last_commit is not None
    assert driver.last_commit.remarks == (wrong, warning)
    driver.rollback()


def test_what_ifupdown2_itself_rejects_cannot_be_overridden(leaf: LeafUnderTest) -> None:
    driver = leaf.driver(accept_problems=True)
    driver.load_merge_candidate(
        config="auto br-x\niface br-x\n    bridge-ports none\n    address 192.0.2.300/24\n"
    )
    with pytest.raises(CommitError, match="rejects the candidate"):
        driver.commit_config(revert_in=60)
    assert not driver.has_pending_commit()


def test_a_port_without_auto_is_committed(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    driver.load_merge_candidate(
        config="iface vni77\n    vxlan-id 77\n    mtu 1400\n\nauto br-x\niface br-x\n"
        "    bridge-ports vni77\n    address 192.0.2.1/32\n"
    )
    assert driver.candidate_problems == ()
    driver.commit_config(revert_in=60)
    port = leaf.sh("ip -o link show dev vni77")
    assert "master br-x" in port
    assert "mtu 1400" in port
    driver.rollback()


def test_no_difference_changes_nothing(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    driver.load_replace_candidate(config=driver.get_config()["startup"])
    assert driver.compare_config() == ""
    driver.commit_config(revert_in=60)
    assert driver.last_commit is not None
    assert driver.last_commit.result == "unchanged"
    assert not driver.has_pending_commit()
    with pytest.raises(CommitError, match="No candidate is loaded"):
        driver.commit_config()


def test_a_stanza_reached_through_a_source_line_is_toggled_in_its_file(
    leaf: LeafUnderTest,
) -> None:
    other = LeafUnderTest(leaf.lab, leaf._stack, "01")
    disk, addresses = other.disk(), other.addresses()
    at = other.snapshot().disk.stanzas_of("vlan453")[0]
    assert at.file.path.startswith("/etc/network/interfaces.d/")
    driver = other.driver()
    driver.load_merge_candidate(config=toggled(other))
    assert f"--- {at.file.path}" in driver.compare_config()
    driver.commit_config(revert_in=60, bounce=True)
    assert (other.disk(), other.addresses()) == (disk, addresses)


def test_an_operator_with_sudo_can_do_all_of_it(leaf: LeafUnderTest) -> None:
    driver = leaf.driver("netops", sudo=True)
    commit_extra(leaf, driver, revert_in=60)
    assert has_extra(leaf)
    assert driver.pending is not None
    driver.rollback()


def test_a_reload_by_hand_that_is_under_way_is_waited_for(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    driver.load_merge_candidate(config=toggled(leaf))
    # Somebody else holds ifupdown2's own lock for two seconds.
    leaf.sh("systemd-run -q flock /run/network/.lock sleep 2; sleep 0.3")
    begin = time.monotonic()
    driver.commit_config(revert_in=60, bounce=True)
    assert time.monotonic() - begin > 1
    assert driver.last_commit is not None
    assert driver.last_commit.reverted_ok


@pytest.mark.promise("T34")
def test_nothing_of_a_message_is_run(leaf: LeafUnderTest) -> None:
    driver = leaf.driver(owner="$(touch /tmp/owned)")
    driver.load_merge_candidate(config=with_extra(leaf))
    message = "`touch /tmp/owned`; 'touch /tmp/owned\"\n== state\nx"
    driver.commit_config(message=message, revert_in=60)
    pending = driver.pending
    assert pending is not None
    assert pending.owner == "$(touch /tmp/owned)"
    assert pending.message == " ".join(message.split())
    assert pending.state == "pending"
    driver.rollback()
    assert leaf.sh("ls /tmp/owned 2>&1 || :").startswith("ls:")
