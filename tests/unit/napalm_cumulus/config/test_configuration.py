"""The set of files: reading order, markers, merge, diff."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napalm_cumulus.config.configuration import Configuration
from napalm_cumulus.config.marked_text import ConfigurationError
from napalm_cumulus.config.merge import merge

MAIN = "/etc/network/interfaces"
DROP_IN = "/etc/network/interfaces.d/vlan453.intf"
TREE = {
    MAIN: "auto lo\niface lo\n\nsource /etc/network/interfaces.d/*\n\nauto swp1\niface swp1\n",
    DROP_IN: "auto vlan453\niface vlan453\n    address 130.246.212.2/22\n",
    "/etc/network/interfaces.d/.vlan453.swp": "iface hidden\n",
    "/etc/network/if-up.d/mountnfs": "#!/bin/sh\n",
}


def test_files_are_read_where_the_source_line_stands() -> None:
    configuration = Configuration(TREE)
    assert [f.path for f in configuration.files] == [MAIN, DROP_IN]
    assert [at.stanza.name for at in configuration.stanzas()] == ["lo", "vlan453", "swp1"]
    assert str(configuration.stanzas_of("vlan453")[0]) == f"{DROP_IN} line 2"


def test_auto_counts_only_for_what_is_read_after_it() -> None:
    configuration = Configuration({MAIN: "iface a\nauto a b\niface b\nauto swp[1-2]\niface swp2\n"})
    assert configuration.auto == {"b", "swp2"}


def test_files_that_source_each_other_are_refused() -> None:
    circle = Configuration({MAIN: f"source {DROP_IN}\n", DROP_IN: f"source {MAIN}\n"})
    with pytest.raises(ConfigurationError, match="without end"):
        _ = circle.files


@given(
    st.text(alphabet=st.characters(blacklist_categories=["Cs"], blacklist_characters="#")),
    st.text(alphabet="ab \n\r#:/"),
)
def test_a_marked_text_maps_back_to_the_same_files(main: str, other: str) -> None:
    tree = {MAIN: "source /etc/network/interfaces.d/*\n" + main, DROP_IN: other}
    configuration = Configuration(tree)
    if DROP_IN not in {f.path for f in configuration.files}:
        return  # the source line was spoilt by what follows it
    assert dict(configuration.replaced(configuration.to_text()).tree) == tree


def test_a_missing_final_newline_survives() -> None:
    configuration = Configuration({**TREE, DROP_IN: "auto x\niface x"})
    assert configuration.replaced(configuration.to_text()).tree == configuration.tree


def test_a_file_left_out_of_a_marked_text_is_removed() -> None:
    configuration = Configuration(TREE)
    replaced = configuration.replaced(f"# file: {MAIN}\nauto lo\niface lo\n")
    assert configuration.changes_to(replaced) == {MAIN: "auto lo\niface lo\n", DROP_IN: None}
    assert "+++ /dev/null" in configuration.diff_to(replaced)


def test_a_text_without_markers_is_the_main_file() -> None:
    replaced = Configuration(TREE).replaced("auto lo\niface lo\n")
    assert replaced.tree[DROP_IN] == TREE[DROP_IN]
    assert [f.path for f in replaced.files] == [MAIN]


def test_a_marked_file_that_nothing_sources_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no 'source' line reads"):
        Configuration(TREE).replaced(f"# file: {MAIN}\nauto lo\n# file: /etc/x\nauto x\n")


def test_a_file_that_looks_like_a_marker_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="looks like a marker"):
        Configuration({MAIN: "# file: /etc/passwd\n"}).to_text()


def test_merge_replaces_where_the_stanza_stands() -> None:
    configuration = Configuration(TREE)
    merged = merge(configuration, "iface vlan453\n    address 10.0.0.1/24\n").configuration
    assert configuration.changes_to(merged) == {
        DROP_IN: "auto vlan453\niface vlan453\n    address 10.0.0.1/24\n"
    }
    assert configuration.diff_to(merged).splitlines() == [
        f"--- {DROP_IN}",
        f"+++ {DROP_IN}",
        "@@ -1,3 +1,3 @@",
        " auto vlan453",
        " iface vlan453",
        "-    address 130.246.212.2/22",
        "+    address 10.0.0.1/24",
    ]


def test_merge_appends_what_is_new_and_unites_auto() -> None:
    text = "auto lo br0\niface br0\n    bridge-ports none\n"
    merged = merge(Configuration(TREE), text).configuration
    assert merged.tree[MAIN] == TREE[MAIN] + "\nauto br0\niface br0\n    bridge-ports none\n"
    assert "br0" in merged.auto


def test_merge_of_the_same_stanza_changes_nothing() -> None:
    configuration = Configuration(TREE)
    same = "auto vlan453\niface vlan453\n    address 130.246.212.2/22\n"
    assert configuration.diff_to(merge(configuration, same).configuration) == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "nothing to merge"),
        ("# only words\n", "nothing to merge"),
        ("source /etc/x\niface a\n", "'source' line"),
        ("rubbish\n", "Line 1"),
        ("% if 1:\niface a\n% endif\n", "mako"),
    ],
)
def test_merge_refuses(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        merge(Configuration(TREE), text)


def test_merge_wants_all_stanzas_of_a_name() -> None:
    twice = Configuration({MAIN: "auto a\niface a\n  mtu 1\niface a\n  mtu 2\n"})
    with pytest.raises(ConfigurationError, match="has 2 stanzas"):
        merge(twice, "iface a\n  mtu 3\n")
    merged = merge(twice, "iface a\n  mtu 3\niface a\n  mtu 4\n").configuration
    assert merged.tree[MAIN] == "auto a\niface a\n  mtu 3\niface a\n  mtu 4\n"


def test_merge_leaves_templates_alone() -> None:
    template = Configuration({MAIN: "% for i in [1]:\niface a\n% endfor\n"})
    with pytest.raises(ConfigurationError, match="mako template"):
        merge(template, "iface a\n  mtu 1\n")
