"""Loading candidates: one after the other, lines in errors, encodings, and what it costs."""

from __future__ import annotations

import gc
import io
import tarfile
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from napalm.base.exceptions import (
    MergeConfigException,
    ReplaceConfigException,
    TemplateNotImplemented,
    TemplateRenderException,
)

from napalm_cumulus import CumulusDriver
from napalm_cumulus.config import snapshot
from napalm_cumulus.config.candidate import COLLECTOR_PAUSED
from napalm_cumulus.config.configuration import Configuration
from napalm_cumulus.config.marked_text import ConfigurationError, split_marked
from napalm_cumulus.config.merge import merge
from napalm_cumulus.config.unified_diff import unified_diff
from napalm_cumulus.result import CommandResult

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MAIN = "/etc/network/interfaces"
DROP_IN = "/etc/network/interfaces.d/vlan453.intf"
FILES = {
    MAIN: b"auto lo\niface lo inet loopback\n\nsource /etc/network/interfaces.d/*\n\n"
    b"auto swp1\niface swp1\n    mtu 9000\n",
    DROP_IN: b"# r\xe9gion ouest\nauto vlan453\niface vlan453\n    address 130.246.212.2/22\n"
    b"    vlan-raw-device swp1\n    vlan-id 453\n",
}
SWP1 = "auto swp1\niface swp1\n    mtu 9100\n"
SWP2 = "auto swp2\niface swp2\n    mtu 9200\n"


class Switch:
    """A switch with these files, which can be changed."""

    def __init__(self, files: dict[str, bytes], *, directories: bool = False) -> None:
        self.files = dict(files)
        self.directories = directories

    def run(self, command: str, **_: Any) -> CommandResult:
        if command == snapshot.FILES_READ:
            read = Configuration(
                {path: data.decode("utf-8", "replace") for path, data in self.files.items()},
                directories=self.directories,
            )
            said = "".join(f"info: processing interfaces file {f.path}\n" for f in read.files)
            return CommandResult(command, 0, said.encode(), b"")
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w") as archive:
            for path, data in self.files.items():
                info = tarfile.TarInfo(path.lstrip("/"))
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        return CommandResult(command, 0, made.getvalue(), b"")

    def is_alive(self) -> bool:
        return True

    def close(self) -> None: ...


@pytest.fixture
def switch() -> Switch:
    return Switch(FILES)


@pytest.fixture
def device(switch: Switch) -> CumulusDriver:
    driver = CumulusDriver("leaf1", "u", "p", transport=switch)
    driver.open()
    return driver


def written(device: CumulusDriver) -> dict[str, bytes | None]:
    """What a commit would write."""
    assert device._base
    assert device._candidate
    changes = device._base.disk.changes_to(device._candidate)
    return {
        path: None if text is None else text.encode("utf-8", "surrogateescape")
        for path, text in changes.items()
    }


# --- one after the other --------------------------------------------------------------------------


def test_a_second_merge_adds_to_the_first(device: CumulusDriver) -> None:
    device.load_merge_candidate(config=SWP1)
    device.load_merge_candidate(config=SWP2)
    difference = device.compare_config()
    assert "+    mtu 9100" in difference
    assert "+    mtu 9200" in difference
    device.load_merge_candidate(config=SWP1.replace("9100", "9150"))
    assert "+    mtu 9100" not in device.compare_config()
    assert "+    mtu 9150" in device.compare_config()


def test_a_replace_starts_anew(device: CumulusDriver) -> None:
    device.load_merge_candidate(config=SWP2)
    device.load_replace_candidate(config=device.get_config()["running"])
    assert device.compare_config() == ""
    device.load_merge_candidate(config=SWP1)
    assert "mtu 9200" not in device.compare_config()


def test_a_merge_adds_to_a_replacement(device: CumulusDriver) -> None:
    text = device.get_config()["running"].replace("mtu 9000", "mtu 8000")
    device.load_replace_candidate(config=text)
    device.load_merge_candidate(config=SWP2)
    assert "+    mtu 8000" in device.compare_config()
    assert "+    mtu 9200" in device.compare_config()


def test_after_discarding_nothing_is_left(device: CumulusDriver) -> None:
    device.load_merge_candidate(config=SWP2)
    device.discard_config()
    device.load_merge_candidate(config=SWP1)
    assert "mtu 9200" not in device.compare_config()


def test_a_text_that_is_refused_discards_the_candidate(device: CumulusDriver) -> None:
    device.load_merge_candidate(config=SWP1)
    with pytest.raises(MergeConfigException):
        device.load_merge_candidate(config="rubbish\n")
    assert device.compare_config() == ""


def test_files_that_changed_between_two_merges(switch: Switch, device: CumulusDriver) -> None:
    device.load_merge_candidate(config=SWP1)
    switch.files[MAIN] += b"# somebody\n"
    with pytest.raises(MergeConfigException, match=r"by somebody else.*everything anew"):
        device.load_merge_candidate(config=SWP2)
    device.load_merge_candidate(config=SWP2)
    assert "mtu 9100" not in device.compare_config()


# --- lines ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\n\nrubbish\n", "Line 3 of the merge text"),
        (SWP1 + "\nsource /etc/x\n", "Line 5 of the merge text is a 'source' line"),
        (SWP1 + "    adress 10.0.0.1/24\n", r"line 4 of the text .*interfaces\).*adress"),
        (SWP2 + SWP1 + "    adress 10.0.0.1/24\n", r"line 7 of the text .*interfaces\).*adress"),
        (f"# file: {MAIN}\n{SWP2}# file: {DROP_IN}\nrubbish\n", "Line 6 of the merge text"),
        (f"\nx\n# file: {MAIN}\n{SWP2}", "Line 2 of the text is before the first"),
        (f"# file: {MAIN}\n{SWP2}# file: {MAIN}\n", "twice, again in line 5"),
        (
            f"# file: {MAIN} (encoding: klingon)\n",
            "Line 1 .* names the encoding 'klingon'",
        ),
        ("iface a\n\0\n", "Line 2 of the text contains a NUL byte"),
    ],
)
def test_a_merge_that_is_refused_names_the_line_of_the_text(
    device: CumulusDriver, text: str, said: str
) -> None:
    with pytest.raises(MergeConfigException, match=said):
        device.load_merge_candidate(config=text)


def test_a_replacement_that_is_refused_names_the_line_of_the_text(device: CumulusDriver) -> None:
    text = device.get_config()["running"] + "    adress 10.0.0.1/24\n"
    line = text.count("\n")
    with pytest.raises(ReplaceConfigException, match=rf"line {line} of the text \(/etc"):
        device.load_replace_candidate(config=text)
    with pytest.raises(ReplaceConfigException, match=r"/etc/x \(line 1\), which no 'source'"):
        device.load_replace_candidate(config="# file: /etc/x\nauto x\n" + text)


# --- where the text comes from --------------------------------------------------------------------


def test_an_empty_file_name_beside_a_text(device: CumulusDriver, tmp_path: Path) -> None:
    device.load_merge_candidate(filename="", config=SWP2)
    assert "+    mtu 9200" in device.compare_config()
    (tmp_path / "candidate").write_text(SWP1)
    device.load_replace_candidate(config=device.get_config()["running"])
    device.load_merge_candidate(filename=str(tmp_path / "candidate"), config=SWP2)
    assert "mtu 9200" not in device.compare_config()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "Neither a file nor"),
        ({"filename": ""}, "Neither a file nor"),
        ({"config": b"iface a\n"}, "The candidate is a text, not b'iface"),
        ({"config": ["iface a"]}, "The candidate is a text, not \\['iface a'\\]"),
        ({"config": "iface a\n    alias \ud800\n"}, "UTF-8 cannot write"),
        ({"filename": b"x"}, "filename is a path"),
        ({"filename": "a\0b"}, "filename contains a NUL"),
        ({"filename": "/none/x"}, "cannot be read: .*No such file"),
    ],
)
def test_what_is_no_text(device: CumulusDriver, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(MergeConfigException, match=said):
        device.load_merge_candidate(**arguments)


# --- encodings ------------------------------------------------------------------------------------


def test_a_latin_1_file_is_shown_in_utf_8_and_comes_back(device: CumulusDriver) -> None:
    text = device.get_config()["running"]
    assert f"# file: {DROP_IN} (encoding: latin-1)\n# région ouest\n" in text
    assert text.encode("utf-8")  # no surrogates
    device.load_replace_candidate(config=text)
    assert written(device) == {}
    device.load_replace_candidate(config=text.replace("région", "métropole"))
    assert written(device) == {DROP_IN: FILES[DROP_IN].replace(b"r\xe9gion", b"m\xe9tropole")}
    assert "-# région ouest\n+# métropole ouest\n" in device.compare_config()


def test_what_the_encoding_does_not_have_is_refused(device: CumulusDriver) -> None:
    text = device.get_config()["running"].replace("région", "€")
    with pytest.raises(ReplaceConfigException, match=r"Line \d+ of the text holds '€', which /etc"):
        device.load_replace_candidate(config=text)


def test_without_its_name_the_file_becomes_utf_8(device: CumulusDriver) -> None:
    text = device.get_config()["running"].replace(" (encoding: latin-1)", "")
    device.load_replace_candidate(config=text)
    assert written(device) == {DROP_IN: FILES[DROP_IN].replace(b"\xe9", "é".encode())}
    assert "-# région ouest (latin-1)\n+# région ouest\n" in device.compare_config()


def test_a_merge_writes_in_the_encoding_of_the_file(device: CumulusDriver, tmp_path: Path) -> None:
    stanza = "iface vlan453\n    address 130.246.212.2/22\n    alias été\n"
    meant = FILES[DROP_IN].split(b"iface")[0] + stanza.encode("latin-1")
    device.load_merge_candidate(config=stanza)
    assert written(device)[DROP_IN] == meant
    (tmp_path / "candidate").write_bytes(stanza.encode("latin-1"))
    device.load_merge_candidate(filename=str(tmp_path / "candidate"))
    assert written(device)[DROP_IN] == meant
    with pytest.raises(MergeConfigException, match="Line 3 of the text holds '€'"):
        device.load_merge_candidate(config=stanza.replace("été", "10 €"))


def test_a_byte_order_mark_is_no_part_of_the_text(device: CumulusDriver, tmp_path: Path) -> None:
    text = device.get_config()["running"].replace("mtu 9000", "mtu 9100")
    path = tmp_path / "candidate"
    path.write_text(text, encoding="utf-8-sig")
    device.load_replace_candidate(filename=str(path))
    assert list(written(device)) == [MAIN]
    path.write_text(SWP2, encoding="utf-8-sig")
    device.load_merge_candidate(filename=str(path))
    device.load_merge_candidate(config=f"\ufeff{SWP1}")
    assert not any("\ufeff".encode() in (data or b"") for data in written(device).values())


def test_an_error_can_be_printed(device: CumulusDriver, tmp_path: Path) -> None:
    (tmp_path / "candidate").write_bytes(b"r\xe9gion\n")
    with pytest.raises(MergeConfigException, match="région") as caught:
        device.load_merge_candidate(filename=str(tmp_path / "candidate"))
    assert str(caught.value).encode("utf-8")


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_any_bytes_come_back(first: bytes, second: bytes) -> None:
    tree = {
        MAIN: (b"source /etc/network/interfaces.d/*\n" + first).decode("utf-8", "surrogateescape"),
        DROP_IN: second.decode("utf-8", "surrogateescape"),
    }
    configuration = Configuration(tree)
    try:
        text = configuration.to_text()
        found = split_marked(text)
    except ConfigurationError:
        return  # a source line that was spoilt, or a line like a marker
    assert text.encode("utf-8")
    assert found == {file.path: tree[file.path] for file in configuration.files}


def test_the_calls_of_napalm_ansibles_install_config(device: CumulusDriver, tmp_path: Path) -> None:
    archive, given = tmp_path / "archive", tmp_path / "new.conf"
    archive.write_text(device.get_config(retrieve="running")["running"], encoding="utf-8")
    given.write_text(SWP2, encoding="utf-8")
    device.load_merge_candidate(filename=str(given))
    assert "+iface swp2" in device.compare_config()
    assert SWP2 in device.get_config(retrieve="candidate")["candidate"]
    device.discard_config()
    device.load_replace_candidate(filename=str(archive))
    assert device.compare_config() == ""


# --- source-directory -----------------------------------------------------------------------------

IN_DIRECTORY = "/etc/network/more/vlan7"
WITH_DIRECTORY = {
    MAIN: b"auto lo\niface lo inet loopback\n\nsource-directory /etc/network/more/\n"
    b"auto swp1\niface swp1\n    mtu 9000\n",
    IN_DIRECTORY: b"auto swp7\niface swp7\n    mtu 9000\n",
    "/etc/network/more/vlan8.bak": b"auto swp8\niface swp8\n",
}


@pytest.mark.parametrize("follows", [False, True])
def test_files_of_a_source_directory_are_shown_where_the_switch_reads_them(follows: bool) -> None:
    device = CumulusDriver("leaf1", "u", "p", transport=Switch(WITH_DIRECTORY, directories=follows))
    device.open()
    running = device.get_config()["running"]
    assert (f"# file: {IN_DIRECTORY}\n" in running) == follows
    assert "vlan8" not in running
    device.load_replace_candidate(config=running)
    assert device.compare_config() == ""
    device.load_merge_candidate(config="iface swp7\n    mtu 1500\n")
    changed = IN_DIRECTORY if follows else MAIN
    assert list(written(device)) == [changed]
    if follows:
        device.load_replace_candidate(config=f"{running}# file: /etc/network/more/new\n{SWP2}")
        assert written(device) == {"/etc/network/more/new": SWP2.encode()}
    with pytest.raises(MergeConfigException, match="'source' line"):
        device.load_merge_candidate(config="source /x\n")


# --- cost -----------------------------------------------------------------------------------------


def stanzas(count: int, mtu: int) -> str:
    return "".join(
        f"auto swp{n}\niface swp{n}\n    address 10.{n // 250}.{n % 250}.1/24\n    mtu {mtu}\n\n"
        for n in range(count)
    )


def cpu_seconds(base: str, text: str) -> float:
    device = CumulusDriver("leaf1", "u", "p", transport=Switch({MAIN: base.encode()}))
    device.open()
    begun = time.process_time()
    device.load_merge_candidate(config=text)
    device.compare_config()
    return time.process_time() - begun


def stanzas_that_change(count: int) -> tuple[str, str]:
    return stanzas(count, 9000), stanzas(count, 9100)


def allow_lines(count: int) -> tuple[str, str]:
    lines = "".join(f"allow-c{n} swp1\n" for n in range(5 * count))
    return "auto lo\niface lo\n", f"{lines}iface swp1\n    alias \\\n    uplink\n"


@pytest.mark.parametrize("texts", [stanzas_that_change, allow_lines])
def test_ten_times_the_lines_cost_ten_times_as_much(
    texts: Callable[[int], tuple[str, str]],
) -> None:
    ratios = (cpu_seconds(*texts(2000)) / cpu_seconds(*texts(200)) for _ in range(3))
    assert any(ratio < 30 for ratio in ratios), "it would be 100 if it were quadratic"


BOTH = (
    "auto x\niface x inet static\n    address 10.0.0.1/24\n\niface x inet6 static\n    address {}\n"
)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("iface x inet6 static\n    address 2001:db8::2/64\n", BOTH.format("2001:db8::2/64")),
        (
            "iface x\n    address 10.0.0.2/24\n",
            BOTH.format("2001:db8::1/64")
            .replace("x inet static", "x")
            .replace("10.0.0.1", "10.0.0.2"),
        ),
    ],
)
def test_one_of_two_families_is_replaced_alone(text: str, meant: str) -> None:
    base = Configuration({MAIN: BOTH.format("2001:db8::1/64")})
    assert merge(base, text).configuration.tree[MAIN] == meant


def test_one_of_two_stanzas_of_one_family_needs_both() -> None:
    base = Configuration({MAIN: f"{BOTH}iface x inet\n    mtu 9000\n"})
    with pytest.raises(ConfigurationError, match=r"has 3 stanzas .* 2 of them are inet\."):
        merge(base, "iface x inet static\n    address 10.0.0.2/24\n")
    assert merge(base, "iface x inet6 static\n    address 2001:db8::2/64\n")


@pytest.mark.parametrize("on", [True, False])
def test_the_collector_is_as_it_was_after_the_last_of_two(on: bool) -> None:
    was_on = gc.isenabled()
    (gc.enable if on else gc.disable)()
    try:
        with COLLECTOR_PAUSED:
            with pytest.raises(ValueError, match="x"), COLLECTOR_PAUSED:
                raise ValueError("x")
            assert not gc.isenabled()
        assert gc.isenabled() == on
    finally:
        (gc.enable if was_on else gc.disable)()


def test_allow_lines_of_a_new_interface_stand_in_front_of_it_in_their_order() -> None:
    device = CumulusDriver("leaf1", "u", "p", transport=Switch({MAIN: b"auto lo\niface lo\n"}))
    device.open()
    device.load_merge_candidate(config="allow-b x\nallow-a x\niface x\n    mtu 1500\nauto x\n")
    assert written(device)[MAIN] == (
        b"auto lo\niface lo\n\nallow-b x\nallow-a x\nauto x\niface x\n    mtu 1500\n"
    )


@given(
    st.lists(st.sampled_from(["a", "b", "c", "d", "e f", ""]), max_size=30),
    st.lists(st.sampled_from(["a", "b", "c", "x", "e f", ""]), max_size=30),
)
def test_the_diff_leads_from_one_file_to_the_other(old: list[str], new: list[str]) -> None:
    found = [*unified_diff(old, new, "old", "new")]
    assert bool(found) == (old != new)
    result: list[str] = []
    at = 0
    for line in found[2:]:
        if line.startswith("@@"):
            start, _, length = line.split()[1][1:].partition(",")
            begin = int(start) - (length != "0")
            result += old[at:begin]
            at = begin
        elif line.startswith("+"):
            result.append(line[1:])
        else:
            assert line[1:] == old[at]
            result += [old[at]] if line.startswith(" ") else []
            at += 1
    assert [*result, *old[at:]] == new


def test_a_name_in_two_files_is_replaced_in_both() -> None:
    tree = {
        MAIN: f"auto a\niface a\n    mtu 1\nsource {DROP_IN}\n",
        DROP_IN: "iface a\n    mtu 2\n",
    }
    base = Configuration(tree)
    merged = merge(base, base.to_text().replace(f"source {DROP_IN}\n", "").replace("mtu", "alias"))
    assert merged.configuration.tree[DROP_IN] == "iface a\n    alias 2\n"
    assert "alias 1" in merged.configuration.tree[MAIN]


def test_a_template_is_found_by_the_drivers_public_name(
    device: CumulusDriver, tmp_path: Path
) -> None:
    folder = tmp_path / "cumulus" / "templates"
    folder.mkdir(parents=True)
    (folder / "port.j2").write_text("{% include 'mtu.j2' %}")
    (folder / "mtu.j2").write_text("auto {{ name }}\niface {{ name }}\n    mtu {{ mtu }}\n")
    device.load_template("port", template_path=str(tmp_path), name="swp2", mtu=9200)
    assert "+    mtu 9200" in device.compare_config()
    device.load_template("port", template_source=SWP1)
    assert "+    mtu 9100" in device.compare_config()


@pytest.mark.parametrize(
    ("arguments", "kind", "said"),
    [
        ({"template_name": "x"}, TemplateNotImplemented, "x.j2 not found"),
        ({"template_name": None}, TemplateNotImplemented, "template_name is a text"),
        ({"template_name": "x", "template_path": "/none"}, TemplateNotImplemented, "not exist"),
        ({"template_name": "x", "template_path": b"/"}, TemplateNotImplemented, "is a path"),
        ({"template_name": "x", "template_source": b"a"}, TemplateNotImplemented, "is a text"),
        ({"template_name": "x", "template_source": "{{ 1/0 }}"}, TemplateRenderException, "zero"),
        ({"template_name": "x", "template_source": "{% if"}, TemplateRenderException, "render"),
        ({"template_name": "x", "template_source": "rubbish"}, MergeConfigException, "Line 1"),
    ],
)
def test_a_template_that_cannot_be_loaded(
    device: CumulusDriver, arguments: dict[str, Any], kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=said):
        device.load_template(**arguments)
