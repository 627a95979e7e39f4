"""The documentation names what there is: links, commands, options, exit codes, faults."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import typer.main
from napalm.base import NetworkDriver

import inventory
import lab
import nornir_config
import runbooks
import tasks
from inventory.errors import ExitCode, VipkeeperError
from lab.faults.catalogue import FAULTS
from lab.standins.faults import VARIANTS, list_faults
from napalm_cumulus import CumulusDriver
from napalm_cumulus.ssh.arguments import OPTIONAL_ARGS
from nornir_config import secrets
from runbooks.cli.app import app
from tests.unit.docs.markdown import PAGES, ROOT, anchors, links, page, rows, sections

OF_THE_SHELL = {"--install-completion", "--show-completion", "--help", "--name"}


@pytest.mark.parametrize(
    "path", [*PAGES, ROOT / "driver" / "README.md"], ids=lambda path: str(path.relative_to(ROOT))
)
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    dead = []
    for link in links(path.read_text(encoding="utf-8")):
        parts = urlsplit(link)
        if parts.scheme:
            continue
        target = (path.parent / parts.path).resolve() if parts.path else path
        known = parts.fragment == "" or (
            target.suffix == ".md"
            and target.is_file()
            and parts.fragment in anchors(target.read_text(encoding="utf-8"))
        )
        if not (target.exists() and target.is_relative_to(ROOT) and known):
            dead.append(link)
    assert not dead


def test_the_readme_leads_to_every_page() -> None:
    readme = links((ROOT / "README.md").read_text(encoding="utf-8"))
    missing = [p.name for p in PAGES[2:] if f"docs/{p.name}" not in readme]
    assert not missing


# --- commands ---------------------------------------------------------------------------------


def commands(group: Any, way: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        if hasattr(command, "list_commands"):
            yield from commands(command, (*way, name))
        else:
            yield (*way, name), command


ALL = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("way", sorted(ALL), ids=" ".join)
def test_every_command_and_its_options_are_described(way: tuple[str, ...]) -> None:
    spoken = " ".join(("vip", *way))
    found = sections(page("commands.md"))
    heading = spoken if spoken in found else "vip lab"
    text = found[heading]
    assert f"`{spoken}" in text
    options = {name for p in ALL[way].params for name in p.opts if name.startswith("--")}
    assert not [name for name in options - OF_THE_SHELL if name not in text]


def test_no_command_is_described_that_is_not_there() -> None:
    known = {" ".join(("vip", *way)) for way in ALL} | {"vip lab"}
    described = {name for name in sections(page("commands.md")) if name.startswith("vip ")}
    assert described <= known


# --- exit codes -------------------------------------------------------------------------------


def used_exit_codes() -> set[int]:
    """The exit codes that our errors bring."""
    for package in (inventory, lab, nornir_config, runbooks, tasks):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    found = set()
    kinds = [VipkeeperError]
    while kinds:
        kind = kinds.pop()
        found.add(kind.exit_code)
        kinds += kind.__subclasses__()
    return found


def test_every_exit_code_has_a_name() -> None:
    assert used_exit_codes() <= set(ExitCode)


def test_every_exit_code_is_explained() -> None:
    text = page("errors.md")
    table = {cells[0] for cells in rows(sections(text)["Exit codes"]) if cells[0] != "code"}
    assert table == {str(int(code)) for code in ExitCode}
    with_section = {heading.split(":")[0] for heading in sections(text) if ":" in heading}
    assert table - {"0"} == with_section


# --- names ------------------------------------------------------------------------------------


def test_every_optional_argument_of_the_driver_is_described() -> None:
    table = rows(sections(page("napalm.md"))["optional_args"])
    assert {cells[0].strip("`") for cells in table} - {"name"} == set(OPTIONAL_ARGS)


def test_every_getter_of_the_driver_is_described() -> None:
    own = {
        name
        for name in dir(CumulusDriver)
        if name.startswith("get_")
        and getattr(CumulusDriver, name) is not getattr(NetworkDriver, name, None)
    }
    described = re.findall(r"`(get_\w+)`", sections(page("napalm.md"))["What is read"])
    assert sorted(described) == sorted(own)


def test_every_fault_of_the_lab_is_described() -> None:
    first = page("faults.md").split("\n## ", 1)[0]
    table = [cells for cells in rows(first) if len(cells) > 2]
    described = {(cells[0].strip("`"), cells[1]) for cells in table} - {("name", "id")}
    assert described == {(fault.name, fault.id) for fault in FAULTS}


def test_every_fault_of_the_web_systems_is_described() -> None:
    text = sections(page("lab.md"))["Faults of the web systems"]
    parts = dict(part.split("\n", 1) for part in text.split("### ")[1:])
    described = {
        system: {cells[0].strip("`") for cells in rows(part)} - {"name", "value"}
        for system, part in parts.items()
    }
    assert described == {
        **{system: set(faults) for system, faults in list_faults().items()},
        "mimic-variant": set(VARIANTS),
    }


def test_every_secret_is_described() -> None:
    described = {cells[0].strip("`") for cells in rows(page("secrets.md"))}
    used = {"ssh_password", "ssh_passphrase", "sudo_password"}
    used |= {f"{section}_password" for section in ("openstack", "mimic", "subnet_page")}
    assert used <= described
    assert secrets.SERVICE in page("secrets.md")


def test_the_record_for_napalms_command_has_the_drivers_version() -> None:
    record = (ROOT / "driver" / "napalm_cumulus.egg-info" / "PKG-INFO").read_text()
    project = (ROOT / "driver" / "pyproject.toml").read_text()
    (version,) = re.findall(r'^version = "(.*)"$', project, re.MULTILINE)
    assert f"\nVersion: {version}\n" in record
