"""Arguments of methods as strangers give them: they work, or end in an exception of NAPALM's."""

# ruff: noqa: ARG002 - stand-ins take what the real ones take

from __future__ import annotations

import contextlib
import inspect
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from napalm.base import NetworkDriver
from napalm.base.exceptions import (
    CommandErrorException,
    CommitError,
    NapalmException,
    ValidationException,
)

from napalm_cumulus import CumulusDriver
from napalm_cumulus.result import CommandResult
from tests.unit.napalm_cumulus.ssh.test_options import ANYTHING


class SilentTransport:
    """A switch on which every command succeeds and says nothing; it keeps the scripts."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def run(
        self, command: str, *, stdin: bytes = b"", timeout: float | None = None
    ) -> CommandResult:
        self.sent.append(stdin.decode("utf-8", "replace"))
        boundary = stdin.split(b"\n", 1)[0].removeprefix(b"BOUNDARY=")
        count = stdin.count(b"\nframed ")
        return CommandResult(command, 0, (boundary + b" 0\n") * count, (boundary + b"\n") * count)

    def is_alive(self) -> bool:
        return True

    def close(self) -> None: ...


def opened() -> tuple[CumulusDriver, SilentTransport]:
    transport = SilentTransport()
    device = CumulusDriver("leaf1", "u", "p", transport=transport)
    device.open()
    return device, transport


#: Every public method that takes something, and what.
METHODS = {
    name: [*inspect.signature(method).parameters][1:]
    for name, method in inspect.getmembers(CumulusDriver, inspect.isfunction)
    if not name.startswith("_") and hasattr(NetworkDriver, name) and name != "load_template"
}
CALLS = st.sampled_from(sorted(name for name, taken in METHODS.items() if taken)).flatmap(
    lambda name: st.tuples(
        st.just(name), st.fixed_dictionaries({}, optional=dict.fromkeys(METHODS[name], ANYTHING))
    )
)


def test_every_getter_with_arguments_is_among_them() -> None:
    taken = {name for name, parameters in METHODS.items() if parameters}
    assert {"get_route_to", "get_config", "ping", "traceroute", "cli", "commit_config"} <= taken
    assert {"load_merge_candidate", "load_replace_candidate", "compliance_report"} <= taken


@given(CALLS)
def test_any_argument_of_any_method_works_or_ends_in_an_exception_of_napalms(
    call: tuple[str, dict[str, Any]],
) -> None:
    name, arguments = call
    required = inspect.signature(getattr(CumulusDriver, name)).parameters.values()
    for parameter in [*required][1:]:
        if parameter.default is parameter.empty:
            arguments.setdefault(parameter.name, None)
    # NAPALM's own answer to a format that a driver does not have.
    with contextlib.suppress(NapalmException, NotImplementedError):
        getattr(opened()[0], name)(**arguments)


@pytest.mark.parametrize(
    ("call", "arguments", "said"),
    [
        ("ping", {"destination": "a", "count": "many"}, "count is a whole number from 1 to 86400"),
        ("ping", {"destination": "a", "ttl": 256}, "ttl is a whole number from 1 to 255, not 256"),
        ("ping", {"destination": ""}, "ping: destination is empty"),
        ("ping", {"destination": b"a"}, "destination is a text, not b'a'"),
        ("traceroute", {"destination": "a", "timeout": float("nan")}, "timeout is a whole number"),
        ("get_route_to", {"destination": ["10.0.0.1"]}, "get_route_to: destination is a text"),
        ("get_route_to", {"longer": "perhaps"}, "longer is true or false"),
        ("get_route_to", {"protocol": 3}, "protocol is a text, not 3"),
        ("get_arp_table", {"vrf": 1}, "get_arp_table: vrf is a text, not 1"),
        ("get_bgp_config", {"group": ["a"]}, "group is a text"),
        ("get_config", {"retrieve": "runing"}, "retrieve is all, running, startup or candidate"),
        ("get_config", {"sanitized": "maybe"}, "sanitized is true or false"),
        ("cli", {"commands": "true"}, "commands is a list of texts, not 'true'"),
        ("cli", {"commands": ["true", 1]}, "cli: a command is a text, not 1"),
        ("cli", {"commands": ["a\0b"]}, "NUL byte"),
    ],
)
def test_what_is_said(call: str, arguments: dict[str, Any], said: str) -> None:
    device, transport = opened()
    with pytest.raises(CommandErrorException, match=said):
        getattr(device, call)(**arguments)
    assert transport.sent == []


def test_what_napalm_ansible_gives() -> None:
    device, transport = opened()
    device.ping("10.0.0.1", count="2", ttl="64", timeout="1", size="56", vrf=None)  # type: ignore[arg-type]
    assert "ping -n -c 2 -t 64 -W 1 -s 56 -- 10.0.0.1" in transport.sent[0]


def test_a_commit_needs_reasons_that_are_texts() -> None:
    device, _ = opened()
    with pytest.raises(CommitError, match="pending_only is true or false"):
        device.rollback(pending_only="perhaps")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (None, "are a list"),
        ({"get_facts": {}}, "are a list"),
        ([{"get_facts": ["a"]}], "are a list"),
        ([{"get_fax": {}}], "There is no getter 'get_fax'"),
        ([{"get_arp_table": {"_kwargs": {"vfr": "a"}}}], "get_arp_table cannot be called so"),
    ],
)
def test_rules_that_are_none(rules: Any, said: str) -> None:
    with pytest.raises(ValidationException, match=said):
        opened()[0].compliance_report(validation_source=rules)
