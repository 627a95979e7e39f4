"""What switches and their neighbours say, made wrong: one section unknown, and no crash."""

from __future__ import annotations

import json
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

import pytest

from napalm_cumulus import batch, errors
from napalm_cumulus.commit import last_confirmed
from napalm_cumulus.config.archive import ArchiveError, read_archive
from napalm_cumulus.config.interfaces_file import InterfacesFile
from napalm_cumulus.parsing import iproute_text, lldp_text
from napalm_cumulus.result import CommandResult
from napalm_cumulus.ssh.known_hosts import KnownHosts, parse_known_hosts
from tasks import presence, verify
from tasks.cures import restore
from tasks.errors import UnreadableAnswerError
from tasks.facts.assemble import read_facts
from tasks.facts.model import Section, SwitchFacts
from tasks.gateways import GatewayQuery, gateway_in
from tasks.health.assess import assess
from tasks.health.diagnose import diagnose
from tests.unit.hostile.mutation import mutated
from tests.unit.tasks.fakes import CONFIG, HV, VM_MAC, FakeSwitch
from tests.unit.tasks.health.recorded import COMMANDS, INTERFACES, SWITCH, results, said, stdout

GATEWAY = gateway_in(CONFIG, "sw", GatewayQuery(address=ip_address("130.246.213.11")))
SAMPLES = [name for name in COMMANDS if name != "configuration"]


def judged(facts: SwitchFacts) -> None:
    """All that is made of the facts of one switch."""
    assess(facts, hypervisors=[HV])
    diagnose(facts, macs={"130.246.213.11": (VM_MAC,)})
    presence.judge(facts, HV, ports=["swp1"], macs=[VM_MAC], addresses=["130.246.213.11"])
    for gateway in facts.gateways:
        with suppress(UnreadableAnswerError):
            verify.judge(facts, gateway)


def unread(facts: SwitchFacts) -> set[str]:
    return {
        name
        for name, value in vars(facts).items()
        if isinstance(value, Section) and not value.known and not value.absent
    }


@pytest.mark.parametrize("name", SAMPLES)
def test_a_wrong_answer_spoils_its_own_section_alone(name: str) -> None:
    of_none = unread(read_facts(SWITCH, results(), None))
    for output in mutated(name, stdout(name), 20):
        facts = read_facts(SWITCH, results(**{name: said(name, 0, output, b"")}), None)
        judged(facts)
        assert len(unread(facts) - of_none) <= 1, output[:300]


def test_a_wrong_configuration_is_one_thing_unknown() -> None:
    for output in mutated("configuration", stdout("configuration"), 40):
        changed = results(configuration=said("configuration", 0, output, b""))
        facts = read_facts(SWITCH, changed, None)
        judged(facts)
        assert not unread(facts)


@pytest.mark.parametrize("source", [["10.0.0.0"], {"a": 1}, [[]]])
def test_a_rule_with_a_list_as_its_source(source: Any) -> None:
    rules = [{"priority": 0, "src": "all", "table": "local"}]
    rules.append({"priority": 9, "src": source, "table": "main"})
    facts = read_facts(SWITCH, results(rules=json.dumps(rules)), None)
    assert unread(facts) == {"rules"}
    assert "not understood" in facts.rules.unread
    found = assess(facts).findings
    assert [f.check for f in found] == ["unread"]
    judged(facts)


def test_what_cures_read() -> None:
    switch = FakeSwitch(
        fdb=[{"mac": VM_MAC, "ifname": "swp1s3", "flags": [], "state": ""}],
        neighbours=[{"dst": "130.246.213.11", "dev": "vlan453", "lladdr": VM_MAC, "state": ["X"]}],
        permanent=[{"dst": "130.246.213.12", "dev": "vlan453", "lladdr": VM_MAC, "state": ["X"]}],
    )

    commands = restore.recording_commands(GATEWAY)
    sound = {c: CommandResult(c, 0, switch.answer(c).encode(), b"") for c in commands}
    restore.record("sw", sound, GATEWAY)
    for command in commands:
        for output in mutated(f"preserve {command}", sound[command].stdout, 40):
            with suppress(UnreadableAnswerError):
                said = CommandResult(command, 0, output, b"")
                restore.record("sw", {**sound, command: said}, GATEWAY)


TEXTS = {
    "links": b"2: eth0: <BROADCAST,UP> mtu 1500 state UP \\    link/ether 0e:00:00:00:00:01\n",
    "addresses": b"2: eth0    inet 192.0.2.1/24 brd 192.0.2.255 scope global eth0\n",
    "neighbours": b"192.0.2.9 dev eth0 lladdr 0e:00:00:00:00:02 used 1/2/3 probes 1 STALE\n",
    "forwarding": b"0e:00:00:00:00:03 dev swp1 vlan 1 master bridge permanent\n",
    "vlans": b"port\tvlan ids\nswp1\t 1 PVID Egress Untagged\n\t 2-9\n\nswp2\tNone\n",
    "routes": b"default via 192.0.2.254 dev eth0 metric 9 \\\tnexthop via 192.0.2.3 dev eth0\n",
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_text_of_iproute2(name: str) -> None:
    read = getattr(iproute_text, name)
    read(TEXTS[name].decode())
    for output in mutated(name, TEXTS[name] * 3, 300):
        with suppress(ValueError, LookupError):
            read(output.decode("utf-8", "replace"))


def test_the_text_of_lldpctl() -> None:
    text = b"lldp.swp1.via=LLDP\nlldp.swp1.chassis.mac=0e:00:00:00:00:01\nlldp.swp1.port.ifname=e\n"
    for output in mutated("lldp text", text * 2, 300):
        with suppress(ValueError, LookupError, TypeError):
            lldp_text.document(output.decode("utf-8", "replace"))


def test_interfaces_files_are_kept_whatever_they_hold() -> None:
    for output in mutated("interfaces", INTERFACES.encode(), 150):
        text = output.decode("utf-8", "surrogateescape")
        file = InterfacesFile.parse(text)
        assert file.render() == text
        assert "".join(file.physical_lines) == text
        for stanza in file.stanzas:
            assert len(stanza.interfaces) <= 10_000
        assert file.problems is not None


def test_archives() -> None:
    for output in mutated("archive", stdout("configuration"), 400):
        with suppress(ArchiveError):
            read_archive(output)


def test_what_a_commit_replaced() -> None:
    class Answers:
        output = b""

        def run(self, command: str, **_: object) -> CommandResult:
            return CommandResult(command, 0, self.output, b"")

    switch: Any = Answers()
    for switch.output in mutated("previous", stdout("configuration"), 100):
        with suppress(errors.NapalmException):
            last_confirmed.read(switch, "leaf1", b"")


def test_the_frames_of_a_batch() -> None:
    boundary = "--" + "ab" * 16
    sound = f"one\n{boundary} 0\ntwo\n{boundary} 1\n".encode()
    for output in mutated("frames", sound, 300):
        with suppress(errors.CommandErrorException):
            batch.parse(["a", "b"], boundary, output, f"{boundary}\n".encode() * 2)
    huge = f"{boundary} {'1' * 23_003}\n".encode()
    with pytest.raises(errors.CommandErrorException, match="ended after 0 of 1"):
        batch.parse(["a"], boundary, huge, f"{boundary}\n".encode())


def test_known_hosts() -> None:
    line = b"leaf1,10.5.0.41 ssh-ed25519 AAAA\n*.x,!y ssh-rsa AAAA\n|1|AAAA|BBBB ssh-rsa AAAA\n"
    for output in mutated("known_hosts", line * 3, 200):
        keys = parse_known_hosts(output.decode("utf-8", "replace"), "x")
        KnownHosts(keys).keys_of("leaf1")
