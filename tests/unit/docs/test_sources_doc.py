"""The source that docs/sources.md shows works as it stands there, settings and all."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from inventory.errors import UnknownSwitchError, VipkeeperError
from inventory.sources.plugins import UnknownSourceError
from nornir_config.inventory_plugin import site_from_settings
from nornir_config.settings import SettingsError, load_settings
from tests.unit.docs.markdown import page, sections

SWITCH = "swt-sn2100-03.example.internal"


def block(first_line: str) -> str:
    """The code block of the page that begins with that line."""
    blocks = sections(page("sources.md"))["Another source"].split("```")[1::2]
    (found,) = (b for b in blocks if b.partition("\n")[2].startswith(first_line + "\n"))
    return found.partition("\n")[2]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The page's package, installed; gives the page's settings file."""
    for place in ("lib/mysite", "lib/mysite-1.dist-info", "etc"):
        (tmp_path / place).mkdir(parents=True)
    lib = tmp_path / "lib"
    (lib / "mysite/addresses.py").write_text(block("# mysite/addresses.py"), encoding="utf-8")
    group, point = block("# its pyproject.toml").splitlines()[1:3]
    name, _, value = point.partition(" = ")
    info = lib / "mysite-1.dist-info"
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mysite\nVersion: 1\n")
    group = group.removeprefix('[project.entry-points."').removesuffix('"]')
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {value.strip(chr(34))}\n")
    (tmp_path / "etc/switches.json").write_text(f'{{"{SWITCH}": "10.5.0.43"}}')
    file = tmp_path / "etc/vipkeeper.toml"
    file.write_text(block("# vipkeeper.toml") + f'paths.cache = "{tmp_path}/cache"\n')
    monkeypatch.syspath_prepend(str(lib))
    importlib.invalidate_caches()
    yield file
    for module in [m for m in sys.modules if m.partition(".")[0] == "mysite"]:
        del sys.modules[module]


def test_the_example_answers_from_its_own_settings(installed: Path) -> None:
    source = site_from_settings(load_settings(installed)).address
    assert source.location == str(installed.parent / "switches.json"), "beside the settings file"
    assert str(source.address_of(SWITCH).value.address) == "10.5.0.43"
    assert source.address_of("swt-sn2100-03").value.name == SWITCH
    with pytest.raises(UnknownSwitchError, match="it has no switch called sw9"):
        source.address_of("sw9")


def test_the_environment_sets_its_section_too(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIPKEEPER_OUR_TABLE__DOMAIN", "example.org")
    source = site_from_settings(load_settings(installed)).address
    with pytest.raises(UnknownSwitchError):
        source.address_of("swt-sn2100-03")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('our_table.fle = "x"', r"unknown key our_table\.fle \(did you mean our_table\.file"),
        ("our_table.file = 3", r"our_table\.file: Input is not a valid path"),
        ("", r"our_table: Field required"),
        ("our_tabel = 1", r"unknown key our_tabel \(did you mean our_table\?\)"),
    ],
)
def test_its_section_is_checked_as_the_others_are(installed: Path, line: str, said: str) -> None:
    installed.write_text(f'sources.address = "our-table"\n{line}\n')
    with pytest.raises(SettingsError, match=said):
        load_settings(installed)


def test_its_section_may_stay_when_another_source_is_chosen(installed: Path) -> None:
    installed.write_text('our_table.file = "switches.json"\n')
    assert site_from_settings(load_settings(installed)).address.system == "Subnet page"
    installed.write_text("our_table.file = 3\n")
    with pytest.raises(SettingsError, match=r"our_table\.file"):
        load_settings(installed)


@pytest.mark.parametrize("code", ["raise KeyError('url')", "class Table:\n    settings_class = 3"])
def test_a_source_whose_settings_cannot_be_had_is_named(installed: Path, code: str) -> None:
    (installed.parents[1] / "lib/mysite/addresses.py").write_text(code)
    with pytest.raises(UnknownSourceError, match=r'"our-table" .*cannot be start'):
        load_settings(installed)


def test_a_source_cannot_take_the_section_of_something_else(installed: Path) -> None:
    installed.write_text('sources.address = "ssh"\n')
    with pytest.raises(VipkeeperError, match="a source cannot be called ssh"):
        load_settings(installed)
