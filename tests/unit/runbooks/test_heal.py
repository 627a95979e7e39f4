from __future__ import annotations

import dataclasses
import json
import stat
from ipaddress import ip_interface
from typing import Any

import pytest
from napalm.base.exceptions import (
    CommitError,
    ConnectAuthError,
    ConnectionException,
    LockError,
    MergeConfigException,
    SessionLockedException,
)

from inventory.model import Segment
from napalm_cumulus.config.configuration import MAIN_FILE
from napalm_cumulus.errors import CommitRefusedError, NoRootError, SudoRefusedError
from tasks.cures.toggle import refuse_pending
from tasks.ladder import Cure
from tests.unit.inventory.fakes import SW3, vm
from tests.unit.runbooks.conftest import World, well
from tests.unit.tasks.fakes import CONFIG, VM_MAC, FakeSwitch, lldp, pending_commit
from tests.unit.tasks.health.healthy import without

REMOTE: list[Any] = [
    {"mac": VM_MAC, "ifname": "vni10453", "dst": "10.0.0.12", "flags": [], "state": ""}
]


def test_a_cut_off_vm_is_healed(world: World) -> None:
    world.cut_off()
    result = world.vip("heal", "vm-a1", "--toggle", "--yes")
    assert result.exit_code == 0, result.output
    order = [e.split(" ")[0] for e in world.leaf.events]
    assert order.index("commit") < order.index("arping")
    (commit,) = [e for e in world.leaf.events if e.startswith("commit")]
    assert commit == "commit bounce=True revert_in=60 vip heal vm-a1"
    for said in ("hv50", "swp1s3", "10.5.0.43", "vlan453", "130.246.212.1/22", "HEALED", "Report:"):
        assert said in result.output
    assert "\x1b[" not in result.output


def test_the_report_tells_all(world: World) -> None:
    world.cut_off()
    world.vip("heal", "vm-a1", "--toggle", "--yes")
    (report,) = world.reports()
    assert report["schema"] == "vipkeeper/heal-run/2"
    assert (report["verdict"], report["exit_code"]) == ("healed", 0)
    steps = [(s["question"], s["source"]) for s in report["way"]["steps"]]
    assert steps == [
        ("VM", "Fake"),
        ("uplinks", "Fake"),
        ("VMs beside", "Fake"),
        ("switch", "Fake"),
    ]
    assert report["way"]["steps"][0]["age_seconds"] > 0
    assert report["attempts"][0]["commit"]["outage_seconds"] == 0.31
    assert report["pings"]["before"][0]["received"] == 0
    assert report["pings"]["after"][0]["received"] == 3
    assert "-\taddress-virtual" in report["attempts"][0]["diff"]
    assert all(event["at"].endswith("+00:00") for event in report["timeline"])


def test_report_and_audit_are_for_the_user_alone(world: World) -> None:
    world.cut_off()
    world.vip("heal", "vm-a1", "--toggle", "--yes")
    (path,) = (world.directory / "reports").iterdir()
    audit = world.directory / "state/audit.jsonl"
    assert [stat.S_IMODE(p.stat().st_mode) for p in (path, audit)] == [0o600, 0o600]
    begin, end = world.audit()
    assert (begin["event"], end["event"], end["verdict"]) == ("begin", "end", "healed")
    assert begin["run"] == end["run"]
    assert begin["switches"] == [SW3]
    assert len(begin["diff_sha256"]) == 64
    assert end["report"] == str(path)


def test_a_vm_that_answers_is_left_alone(world: World) -> None:
    result = world.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 0
    assert "nothing to do, nothing was touched" in result.output
    assert not {"load", "commit"} & set(world.leaf.events)
    assert world.reports()[0]["verdict"] == "healthy"


def test_what_the_leaf_of_a_vm_that_answers_has_is_said(world: World) -> None:
    """The VIP's address is gone: outside reaches the VM, and the VM does not reach its gateway."""
    world.facts[SW3] = without(well(), "addresses", device="vlan453-v0")
    result = world.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 0
    text = " ".join(result.output.split())
    assert "HEALTHY: vm-a1 answers at 130.246.213.11 from outside, and nothing was touched" in text
    assert f"but {SW3} has vip-address-lost: 130.246.212.1/22 is on no device" in text
    assert f"vip check {SW3} --fix" in text
    (report,) = world.reports()
    assert [found["fault"] for found in report["remaining"]] == ["vip-address-lost"]
    assert not world.committed


def test_what_harms_nobody_yet_is_said_beside_it(world: World) -> None:
    world.facts[SW3] = without(well(), "addresses", device="vlan453")
    text = " ".join(world.vip("heal", "vm-a1", "--yes").output.split())
    assert "nothing to do, nothing was touched" in text
    assert f"{SW3} has svi-address-lost, which harms nobody yet" in text


def test_a_leaf_that_cannot_be_asked_makes_no_vm_ill(world: World) -> None:
    world.site.broken = {"uplinks_of"}
    result = world.vip("heal", "vm-a1", "--yes")
    assert (result.exit_code, world.reports()[0]["verdict"]) == (0, "healthy")


_TENANT2 = """
auto vlan999
iface vlan999
	vlan-id 999
	vrf tenant2
	address-virtual 00:00:5e:00:01:63 130.246.212.1/22
"""


def two_tenants(world: World) -> None:
    text = world.leaf.tree[MAIN_FILE].replace("\tmtu 9000\n", "\tmtu 9000\n\tvrf tenant1\n", 1)
    world.leaf.tree[MAIN_FILE] = text[: text.index("auto vlan999")] + _TENANT2
    world.cut_off()


def test_of_two_tenants_with_one_vip_the_vrf_has_to_be_said(world: World) -> None:
    two_tenants(world)
    result = world.vip("heal", "vm-a1", "--toggle", "--dry-run")
    assert result.exit_code == 3
    said = " ".join(result.stderr.split())
    assert "in more than one VRF: vlan453 (130.246.212.1/22, VRF tenant1), vlan999" in said
    assert "--vrf tenant1 or --vrf tenant2" in said
    named = world.vip("heal", "vm-a1", "--toggle", "--dry-run", "--vrf", "tenant1")
    assert named.exit_code == 0
    assert "gateway vlan453" in " ".join(named.output.split())


def test_openstack_tells_of_which_tenant_a_vm_is(world: World) -> None:
    two_tenants(world)
    world.site.segments = {"130.246.213.11": Segment("vlan", 453)}
    result = world.vip("heal", "vm-a1", "--toggle", "--dry-run")
    assert result.exit_code == 0, result.output
    text = " ".join(result.output.split())
    assert "OpenStack has 130.246.213.11 in the vlan 453: vlan453 is its gateway" in text


def test_a_vm_that_answers_needs_no_mimic(world: World) -> None:
    world.site.broken = {"uplinks_of"}
    assert world.vip("heal", "vm-a1", "--yes").exit_code == 0


def test_toggle_goes_on_though_it_answers(world: World) -> None:
    result = world.vip("heal", "vm-a1", "--toggle", "--yes")
    assert result.exit_code == 0
    assert world.committed


def test_a_dry_run_shows_the_plan_and_commits_nothing(world: World) -> None:
    world.cut_off()
    result = world.vip("heal", "vm-a1", "--toggle", "--dry-run")
    assert result.exit_code == 0
    assert "#address-virtual 00:00:5e:00:01:c5 130.246.212.1/22" in result.output
    assert not world.committed
    assert world.leaf.events.count("load") == world.leaf.events.count("discard") == 1
    assert world.reports()[0]["verdict"] == "dry-run"


def test_a_name_cannot_act_on_the_terminal(world: World) -> None:
    world.site.vms = [dataclasses.replace(world.site.vms[0], name="vm\x1b[2J")]
    result = world.vip("heal", "130.246.213.11")
    assert "\x1b" not in result.output
    assert "vm\\x1b[2J" in result.output


def test_without_a_terminal_and_yes_it_refuses_after_the_plan(world: World) -> None:
    world.cut_off()
    result = world.vip("heal", "vm-a1", "--toggle")
    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert "address-virtual" in result.stdout
    assert not world.committed


def test_no_is_an_answer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.cut_off()
    monkeypatch.setattr("runbooks.cli.options.is_terminal", lambda: True)
    result = world.vip("heal", "vm-a1", "--toggle", input_="n\n")
    assert result.exit_code == 9
    assert not world.committed
    assert world.vip("heal", "vm-a1", "--toggle", input_="y\n").exit_code == 0


@pytest.mark.parametrize("status", ["SHUTOFF", "PAUSED", "ERROR"])
def test_a_vm_that_does_not_run_is_refused(world: World, status: str) -> None:
    world.site.vms = [vm("vm-a1", status=status)]
    world.cut_off()
    result = world.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 3
    assert status in result.stderr
    assert world.leaf.events == []


def test_targets_that_cannot_be_healed(world: World) -> None:
    first = world.site.vms[0]
    world.site.vms += [
        vm("homeless", hypervisor=""),
        dataclasses.replace(first, name="bare", id="bare", addresses=()),
        vm("twin"),
        vm("twin", project="p2"),
    ]
    world.cut_off()
    for target, said in (
        ("nobody", "Nothing is called"),
        ("twin", "2 VMs answer"),
        ("homeless", "on no hypervisor"),
        ("bare", "no address"),
        ("swt-sn2100-03", "is a switch"),
    ):
        result = world.vip("heal", target, "--yes")
        assert (result.exit_code, said in result.stderr) == (3, True), result.output
    assert not world.committed


@pytest.mark.parametrize("broken", ["uplinks_of", "address_of"])
def test_a_source_that_fails_stops_the_healing(world: World, broken: str) -> None:
    world.cut_off()
    world.site.broken = {broken}
    result = world.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 4
    assert "is down" in result.stderr
    assert world.reports()[0]["verdict"] == "error"


def test_a_switch_that_does_not_see_the_hypervisor_is_refused(world: World) -> None:
    world.cut_off()
    world.leaf.lldp = lldp(("swp1s3", "hv99"))
    result = world.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 6
    assert "no neighbour is called hv50" in result.stderr
    assert not world.committed


def test_advice_with_an_odd_name_can_be_typed_as_it_stands(world: World) -> None:
    world.site.vms = [vm("web 1; reboot")]
    world.cut_off()
    world.leaf.lldp = lldp(("swp1s3", "hv99"))
    ended = world.vip("heal", "web 1; reboot", "--yes")
    assert ended.exit_code == 6, ended.output
    assert "vip find 'web 1; reboot' asks" in ended.stderr
    ended = world.vip("heal", "hv50", "--yes")
    assert ended.exit_code == 6, ended.output
    assert "vip: The uplink source puts hv50 " in ended.stderr  # nobody asked OpenStack where it is
    ended = world.vip("heal", "switch:swt-sn2100-03")
    assert ended.exit_code == 3, ended.output
    assert "vip toggle swt-sn2100-03.example.internal --vip" in ended.stderr


def test_a_switch_whose_tables_were_not_read_cannot_tell(world: World) -> None:
    world.cut_off()
    world.leaf.instead = {"lldpctl": (1, "", "it is broken"), "bridge -j fdb": (0, "", "")}
    result = world.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 6
    assert "cannot tell whether it is there (LLDP: 'lldpctl' failed" in result.stderr
    assert not world.committed
    traced = json.loads(world.vip("trace", "vm-a1", "--json").stdout)
    assert traced["switches"][0]["confirmed"] is None
    assert "behind it?" in (shown := world.vip("trace", "vm-a1").output)
    assert "not known: LLDP" in shown


def test_a_kernel_that_was_not_read_is_neither_whole_nor_broken(world: World) -> None:
    """What cannot be seen is not changed."""
    world.cut_off()
    world.leaf.instead = {"ip -j addr": (1, "", "it is broken")}
    result = world.vip("heal", "vm-a1", "--toggle", "--yes")
    assert result.exit_code == 5, result.output
    assert "'ip -j addr show' failed with exit status 1" in result.stderr
    assert "does not exist" not in result.output
    assert not world.committed


def test_force_goes_on_and_is_recorded(world: World) -> None:
    world.cut_off()
    world.leaf.fdb = REMOTE
    assert world.vip("heal", "vm-a1", "--toggle", "--yes").exit_code == 6
    assert world.vip("heal", "vm-a1", "--toggle", "--yes", "--force").exit_code == 0
    assert "another leaf" in world.reports()[-1]["forced"][0]


def test_force_does_not_make_another_switch_the_right_one(world: World) -> None:
    world.cut_off()
    world.leaf.hostname = "swt-sn2100-04"
    result = world.vip("heal", "vm-a1", "--yes", "--force")
    assert result.exit_code == 6
    assert "calls itself swt-sn2100-04" in result.stderr


def test_a_pending_commit_is_named_with_its_owner(world: World) -> None:
    world.cut_off()
    world.leaf.pending = pending_commit()
    result = world.vip("heal", "vm-a1", "--toggle", "--yes")
    assert result.exit_code == 6
    assert "bob@seat" in result.stderr
    assert not world.committed


@pytest.mark.parametrize("how", [(), ("--toggle",)])
def test_a_second_operator_is_told_to_wait_for_a_repair_and_not_to_confirm(
    world: World, how: tuple[str, ...]
) -> None:
    world.cut_off()
    world.leaf.pending = pending_commit(hold="repair")
    if not how:  # the fake plans repairs without the switch
        world.on_cure[Cure.REAPPLY] = lambda: refuse_pending(SW3, world.leaf)
    result = world.vip("heal", "vm-a1", "--yes", *how)
    assert result.exit_code == 6
    assert "another repair is under way: repair 0123456789ab by bob@seat" in result.stderr
    assert f"Wait until it has ended, then look whether it has helped: vip pending {SW3}" in (
        result.stderr
    )
    assert "vip confirm" not in result.stderr


def test_a_repair_under_way_cannot_be_confirmed(world: World) -> None:
    world.leaf.pending = pending_commit(hold="repair")
    result = world.vip("confirm", SW3)
    assert result.exit_code == 6
    assert "there is nothing to confirm: repair 0123456789ab by bob@seat" in result.stderr
    assert world.leaf.pending is not None
    shown = world.vip("pending", SW3)
    assert "it is under way and ends by itself, at the latest in 42 s" in shown.output


def test_a_report_of_a_repair_shows_no_line_commented_out(world: World) -> None:
    world.cut_off()
    assert world.vip("heal", "vm-a1", "--yes").exit_code == 0
    (report,) = world.reports()
    (attempt,) = report["attempts"]
    assert attempt["cure"] == "reapply"
    assert "address-virtual" in attempt["gateway"]["stanza"]
    assert "#address-virtual" not in json.dumps(report)


def test_address_lines_that_are_commented_out_already(world: World) -> None:
    world.cut_off()
    world.leaf.tree[MAIN_FILE] = CONFIG.replace("\taddress-virtual", "\t#address-virtual")
    result = world.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 6
    assert "/etc/network/interfaces, line" in result.stderr


def test_no_gateway_for_the_subnet(world: World) -> None:
    first = world.site.vms[0]
    world.site.vms = [dataclasses.replace(first, addresses=(ip_interface("192.168.7.5/24"),))]
    world.cut_off()
    result = world.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 6
    assert "no address-virtual line" in result.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConnectAuthError("10.5.0.43 refused the key"), 5),
        (ConnectionException("THE HOST KEY OF 10.5.0.43 HAS CHANGED."), 5),
    ],
)
def test_a_switch_that_cannot_be_logged_in_to(world: World, error: Exception, code: int) -> None:
    world.cut_off()
    world.leaf.open_errors = [error]
    result = world.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == code
    assert str(error) in result.stderr


def test_without_a_password_and_a_terminal_the_variable_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VIPKEEPER_SSH_PASSWORD", raising=False)
    monkeypatch.setattr("nornir_config.secrets._from_keyring", lambda _: None)
    world.leaf.open_errors = [ConnectAuthError("key k (encrypted, and no passphrase was given)")]
    result = world.vip("pending", SW3)
    assert result.exit_code == 5
    advice = result.stderr.splitlines()[-1]
    assert "nobody can be asked: set VIPKEEPER_SSH_PASSWORD, or VIPKEEPER_SSH_PASS" in advice
    assert "set VIPKEEPER_SSH_PASSPHRASE, or VIPKEEPER_SSH_PASSPHRASE_FILE" in advice
    monkeypatch.setenv("VIPKEEPER_SSH_PASSWORD", "wrong")
    world.leaf.open_errors = [ConnectAuthError("refused")]
    assert "VIPKEEPER_SSH_PASSWORD" not in world.vip("pending", SW3).stderr


@pytest.mark.parametrize(
    ("error", "setting"),
    [
        (NoRootError("User 'netops' has no root rights on 10.5.0.43"), "ssh.sudo = true"),
        (SudoRefusedError("sudo on 10.5.0.43 refused user 'x'"), "VIPKEEPER_SUDO_PASSWORD"),
    ],
)
def test_who_is_not_root_is_told_before_the_diagnosis(
    world: World, error: Exception, setting: str
) -> None:
    world.cut_off()
    world.leaf.not_root = error
    result = world.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 5
    assert str(error) in result.stderr
    assert setting in result.stderr
    assert "--force" not in result.stderr
    assert "LLDP: " not in result.output
    assert "diagnosis" not in result.stdout


@pytest.mark.parametrize(
    ("error", "code", "verdict"),
    [
        (CommitError("it was rolled back; the switch is as before"), 7, "rolled-back"),
        (CommitRefusedError("it did not begin. Nothing was changed."), 6, "refused"),
        (LockError("the files changed meanwhile"), 6, "refused"),
        (SessionLockedException("another commit is pending"), 6, "refused"),
        (MergeConfigException("would not mean what it says"), 6, "refused"),
        (RuntimeError("a bug"), 1, "error"),
    ],
)
def test_what_the_driver_says_becomes_an_exit_code(
    world: World, error: Exception, code: int, verdict: str
) -> None:
    world.cut_off()

    def fail(_: FakeSwitch) -> None:
        raise error

    world.leaf.on_commit = fail
    result = world.vip("heal", "vm-a1", "--toggle", "--yes")
    assert result.exit_code == code
    assert str(error) in result.stderr
    assert "Traceback" not in result.stderr
    assert world.reports()[0]["verdict"] == verdict
    assert [line["event"] for line in world.audit()] == ["begin", "end"]
    assert world.leaf.events[-1] == "close"


def test_a_failure_of_the_driver_names_the_switch(world: World) -> None:
    world.cut_off()
    world.leaf.open_errors = [ConnectionException("Cannot connect\nto 10.5.0.43:22: refused.")]
    result = world.vip("heal", "vm-a1", "--yes")
    assert result.stderr == f"vip: {SW3}: Cannot connect to 10.5.0.43:22: refused.\n"


def test_lines_at_which_ifupdown2_fails_anyway_are_told_and_refuse_nothing(world: World) -> None:
    world.cut_off()
    world.leaf.tree[MAIN_FILE] = "rubbish\n" + world.leaf.tree[MAIN_FILE]
    result = world.vip("heal", "vm-a1", "--toggle", "--yes")
    assert result.exit_code == 0, result.stderr
    assert "ifupdown2 complains of" in result.stdout
    assert f"{MAIN_FILE} line 1: error processing line 'rubbish'" in result.stdout


def test_an_edit_elsewhere_in_the_files_after_the_plan(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.cut_off()

    def edit_and_agree(*_: Any) -> bool:
        world.leaf.tree[MAIN_FILE] += "# mine\n"
        return True

    monkeypatch.setattr("runbooks.cli.options.is_terminal", lambda: True)
    monkeypatch.setattr("typer.confirm", edit_and_agree)
    result = world.vip("heal", "vm-a1", "--toggle")
    assert result.exit_code == 6
    assert "was changed by somebody else after the plan was shown" in result.stderr
    assert not any(event.startswith("commit") for event in world.leaf.events)


@pytest.mark.parametrize(
    ("said", "note"), [("absent", "is not installed"), ("failed", "arping failed")]
)
def test_a_vip_that_could_not_be_announced(world: World, said: str, note: str) -> None:
    world.cut_off()
    world.leaf.arping = said
    result = world.vip("heal", "vm-a1", "--toggle", "--yes")
    assert result.exit_code == 0
    assert "no gratuitous ARP for 130.246.212.1" in result.output
    assert note in result.output


def test_not_healed_is_its_own_exit_code(world: World) -> None:
    world.cut_off(healed_by_toggle=False)
    result = world.vip("heal", "vm-a1", "--toggle", "--yes")
    assert result.exit_code == 8
    assert "still does not answer" in result.output
    assert world.reports()[0]["verdict"] == "not-healed"


def test_a_gateway_that_came_back_incomplete_is_a_failure(world: World) -> None:
    world.cut_off()

    def lose_a_device(switch: FakeSwitch) -> None:
        world.silent.clear()
        switch.links = [row for row in switch.links if row["ifname"] != "vlan453-v1"]

    world.leaf.on_commit = lose_a_device
    result = world.vip("heal", "vm-a1", "--toggle", "--yes")
    assert result.exit_code == 7
    assert "vlan453-v1 does not exist" in result.stderr


def test_a_change_that_cannot_be_audited_is_not_made(world: World) -> None:
    world.cut_off()
    (world.directory / "state").write_text("in the way")
    result = world.vip("heal", "vm-a1", "--toggle", "--yes")
    assert result.exit_code == 1
    assert "audit log" in result.stderr
    assert not world.committed


def test_a_machine_that_cannot_ping_calls_nobody_cut_off(world: World) -> None:
    world.unpingable = {"130.246.213.11"}
    result = world.vip("heal", "vm-a1", "--yes")
    assert result.exit_code == 6
    assert "Network is unreachable" in result.stderr
    assert not world.committed


def test_what_the_toggle_took_along_is_put_back(world: World) -> None:
    world.cut_off()
    by_hand = {"dst": "10.77.0.0/16", "gateway": "130.246.213.11", "dev": "vlan453", "flags": []}
    world.leaf.routes.append(by_hand)

    def lose_the_route(switch: FakeSwitch) -> None:
        world.silent.clear()
        switch.routes.remove(by_hand)

    world.leaf.on_commit = lose_the_route
    result = world.vip("heal", "vm-a1", "--toggle", "--yes")
    assert "ip route replace 10.77.0.0/16 via 130.246.213.11 dev vlan453" in world.leaf.events
    assert world.reports()[0]["attempts"][0]["aftercare"]["restored"] == [
        "route 10.77.0.0/16 via 130.246.213.11 dev vlan453"
    ]
    assert "put back" in result.output
