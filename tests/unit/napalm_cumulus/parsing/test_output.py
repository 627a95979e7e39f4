"""JSON that commands print is the same as to `json`, with the quicker parser and without it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napalm_cumulus.errors import CommandErrorException
from napalm_cumulus.parsing import output
from napalm_cumulus.result import CommandResult

DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.fixture(params=["pydantic_core", "json"])
def parser(request: pytest.FixtureRequest) -> Iterator[str]:
    """The parser that is used: the quicker one, an extra of the driver, or `json` in its place."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "json":
            patch.setitem(sys.modules, "pydantic_core", None)
        output._quicker_parser.cache_clear()
        yield request.param
    output._quicker_parser.cache_clear()


def test_the_quicker_parser_is_used_where_it_is_installed(parser: str) -> None:
    assert (output._quicker_parser() is None) == (parser == "json")


def printed(text: bytes) -> CommandResult:
    return CommandResult("ip -j addr show", 0, text, b"")


@given(DOCUMENTS, st.booleans(), st.sampled_from([None, 2]))
def test_every_document_is_read_as_json_reads_it(
    document: object, ascii_only: bool, indent: int | None
) -> None:
    text = json.dumps(document, ensure_ascii=ascii_only, indent=indent)
    assert repr(output.loads(text)) == repr(json.loads(text))


@given(st.text(alphabet='{}[]:,"\\ud8-+.0123456789eENaInfty nulrs\n\t\x01', max_size=12))
def test_what_json_refuses_is_refused_in_its_words(text: str) -> None:
    assert outcome(output.loads, text) == outcome(json.loads, text)


def outcome(load: Callable[[str], object], text: str) -> str:
    try:
        return repr(load(text))
    except ValueError as error:
        return str(error)


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 2}',
        '"\\ud800"',  # half a pair
        "[NaN, Infinity, -Infinity, 1e400, -0, 123456789012345678901234567890]",
        "[" * 300 + "]" * 300,  # deeper than the quicker parser goes
        b'\xef\xbb\xbf["marked as UTF-8"]',
        json.dumps(["wide"]).encode("utf-16"),
    ],
)
def test_odd_documents_are_read_as_json_reads_them(text: str | bytes) -> None:
    assert repr(output.loads(text)) == repr(json.loads(text))


@pytest.mark.usefixtures("parser")
def test_output_that_is_cut_off_is_refused_with_the_place() -> None:
    with pytest.raises(CommandErrorException, match=r"not print a whole JSON .* at character 8 of"):
        output.rows_of(printed(b'[{"a": 1'))


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("text", [b'{"a": 1}', b'[{"a": 1}, 2]', b"[[]]", b"[null]"])
def test_rows_are_objects(text: bytes) -> None:
    with pytest.raises(CommandErrorException, match="something else than a list of objects"):
        output.rows_of(printed(text))


@pytest.mark.usefixtures("parser")
def test_empty_objects_are_no_rows() -> None:
    assert output.rows_of(printed(b'[{}, {"a": 1}, {}]')) == [{"a": 1}]
    assert output.rows_of(printed(b"[]")) == []


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    "text", [b"[" * 100_000, b'{"a":' * 100_000, b"9" * 5000, b"[" + b"9" * 5000]
)
def test_documents_without_measure_are_a_sentence(text: bytes) -> None:
    with pytest.raises(CommandErrorException, match="'ip -j addr show'"):
        output.rows_of(printed(text))


def test_a_parser_that_stumbles_over_a_time_names_the_command() -> None:
    @output.reader
    def read(result: CommandResult) -> float:
        return float(10 ** len(result.stdout))

    with pytest.raises(CommandErrorException, match="OverflowError"):
        read(printed(b"x" * 400))
