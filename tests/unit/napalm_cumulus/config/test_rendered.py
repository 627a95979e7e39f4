"""What ifupdown2 says it makes of templates and of directories, as stanzas."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from napalm_cumulus.config import rendered
from napalm_cumulus.config.configuration import MAIN_FILE, Configuration
from napalm_cumulus.config.semantics import Address, addresses_of
from napalm_cumulus.errors import CommandErrorException
from napalm_cumulus.result import CommandResult

#: As ifupdown2 3.0.0 printed it.
ROWS: list[dict[str, Any]] = [
    {"name": "lo", "addr_method": "loopback", "addr_family": "inet", "auto": True, "config": {}},
    {
        "name": "vlan458",
        "addr_method": "static",
        "addr_family": "inet",
        "auto": True,
        "config": {
            "bridge-ports": "none",
            "address": ["10.11.0.2", "10.12.0.2", "10.13.0.2"],
            "netmask": ["", "255.255.255.0", "255.255.0.0"],
            "address-virtual": [
                "00:00:5e:00:01:05 10.11.0.1/24 2001:db8:5::1/64",
                "none 10.12.0.1/24",
            ],
        },
    },
]


def said(document: object, *, error: str = "", status: int = 0) -> CommandResult:
    out = document if isinstance(document, str) else json.dumps(document)
    return CommandResult(rendered.QUERY, status, out.encode(), error.encode())


def test_the_answer_becomes_plain_stanzas() -> None:
    made = rendered.parse(said(ROWS), MAIN_FILE)
    assert made.auto == {"lo", "vlan458"}
    found = addresses_of(made, "vlan458")
    assert found == {
        Address("vlan458", "10.11.0.2/32"),
        Address("vlan458", "10.12.0.2/24"),
        Address("vlan458", "10.13.0.2/16"),
        Address("vlan458-v0", "10.11.0.1/24"),
        Address("vlan458-v0", "2001:db8:5::1/64"),
        Address("vlan458-v1", "10.12.0.1/24"),
    }


def test_what_is_not_auto_is_told_after_the_others() -> None:
    quiet = {**ROWS[1], "name": "vlan459"}
    # By the second file all are auto.
    answer = f"{json.dumps(ROWS)}\n# every interface\n{json.dumps([*ROWS, quiet])}"
    made = rendered.parse(said(answer), MAIN_FILE)
    assert made.auto == {"lo", "vlan458"}
    assert set(made.counted) == {"lo", "vlan458", "vlan459"}
    assert made.counted["vlan459"][0].stanza.values("address-virtual")


@pytest.mark.parametrize("rest", ["", "no json", "{}", '"x"'])
def test_where_only_those_that_are_auto_are_told_nothing_is_lost(rest: str) -> None:
    made = rendered.parse(said(f"{json.dumps(ROWS)}\n# every interface\n{rest}"), MAIN_FILE)
    assert set(made.counted) == {"lo", "vlan458"}


@pytest.mark.parametrize(
    "result",
    [
        said("", status=1),
        said("no json"),
        said([7]),
        said({"name": 1}),
        # No switch is without interfaces: lo is one.
        said([]),
        said({}),
        said('""'),
        said(ROWS, error="error: /etc/network/interfaces: failed to render template (x). Continue"),
    ],
)
def test_an_answer_that_is_none_is_an_error(result: CommandResult) -> None:
    with pytest.raises(CommandErrorException, match="ifquery"):
        rendered.parse(result, MAIN_FILE)


TEMPLATE = "% for v in [453]:\nauto vlan${v}\niface vlan${v}\n% endfor\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("auto a\niface a\n  post-up echo 100% ${x}\n", "is a mako template"),
        (TEMPLATE, "is a mako template"),
        ("<%def name='x()'>\n</%def>\n", "is a mako template"),
        ("source-directory /etc/network/interfaces.d\n", "has a 'source-directory' line"),
        ("# source-directory x\nauto a\niface a\n  mtu 9000\n", ""),
        ("# 100% plain\nauto a\niface a\n", ""),
    ],
)
def test_where_the_lines_do_not_tell(text: str, why: str) -> None:
    assert rendered.unclear(Configuration({MAIN_FILE: text})).endswith(why)
    assert bool(rendered.unclear(Configuration({MAIN_FILE: text}))) == bool(why)


@pytest.mark.parametrize(
    ("files", "asked"),
    [
        ({"interfaces": TEMPLATE}, True),
        ({"interfaces": "source x\n", "interfaces.d/x": TEMPLATE}, True),
        ({"interfaces": "  source-directory /etc/network/interfaces.d\n"}, True),
        ({"interfaces": "auto lo\niface lo inet loopback\n  alias 100%\n"}, False),
        ({"interfaces": "", "if-up.d/x": "echo ${x%y}\n", "ifupdown2/a.conf": "%\n"}, False),
    ],
)
def test_the_switch_is_asked_where_it_must_be_and_nowhere_else(
    tmp_path: Path, files: dict[str, str], asked: bool
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    command = rendered.QUERY_WHERE_NEEDED.replace(rendered.QUERY, "echo asked")
    command = command.replace("/etc/network", str(tmp_path))
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout == ("asked\n" if asked else "")
