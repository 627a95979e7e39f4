"""The stand-in of the subnet page, read with the standard library's HTML parser."""

from __future__ import annotations

import re
from html import unescape

import pytest
from flask.testing import FlaskClient

_URL = "/network/?subnet=10.5.0.0%2F24"
_LEAF_01 = ("10.5.0.41", "swt-sn2100-01.example.internal", "Today")
_LEAF_03 = ("10.5.0.43", "swt-sn2100-03.example.internal", "Today")


def _tables(text: str) -> list[list[list[str]]]:
    return [
        [
            [
                re.sub(r"<[^>]*>", "", unescape(re.sub(r"<br>\s*", " ", cell))).strip()
                for cell in re.findall(r"<t[hd]>(.*?)</t[hd]>", row, re.DOTALL)
            ]
            for row in re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
        ]
        for table in re.findall(r"<table>(.*?)</table>", text, re.DOTALL)
    ]


def _rows(text: str) -> list[tuple[str, ...]]:
    return [tuple(row) for table in _tables(text) for row in table[1:]]


def test_the_page(subnet_page: FlaskClient) -> None:
    answer = subnet_page.get(_URL)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=UTF-8"
    assert "Displaying: 10.5.0.0/24" in answer.text
    assert "Listing IP ↔ FQDN for subnet:" in unescape(answer.text)
    assert "Management - Core Switches" in answer.text
    assert len(_tables(answer.text)) > 2
    assert "Block 0" in answer.text
    assert "Block 1" in answer.text
    assert all(table[0] == ["IP Address", "FQDN", "Seen"] for table in _tables(answer.text))
    rows = _rows(answer.text)
    assert {_LEAF_01, _LEAF_03} <= set(rows)
    assert any(row[1] == "" for row in rows)


def test_another_subnet_of_the_selector(subnet_page: FlaskClient) -> None:
    text = subnet_page.get("/network/?subnet=10.5.1.0%2F24").text
    assert "Displaying: 10.5.1.0/24" in text
    assert ("10.5.1.50", "hv50.nubes.example.internal", "Today") in _rows(text)
    assert "swt-" not in text


def test_an_unknown_subnet_has_no_table(subnet_page: FlaskClient) -> None:
    text = subnet_page.get("/network/?subnet=10.9.0.0%2F24").text
    assert _tables(text) == []


def test_not_the_asked_subnet(subnet_page: FlaskClient, faults: dict[str, object]) -> None:
    faults["subnet-page"] = "not-the-asked-subnet"
    text = subnet_page.get(_URL).text
    assert "Displaying: 10.5.0.0/24" not in text
    assert "Displaying: 10.5.1.0/24" in text


def test_no_table(subnet_page: FlaskClient, faults: dict[str, object]) -> None:
    faults["subnet-page"] = "no-table"
    text = subnet_page.get(_URL).text
    assert "Displaying: 10.5.0.0/24" in text
    assert "<table>" not in text


def test_reordered_columns(subnet_page: FlaskClient, faults: dict[str, object]) -> None:
    faults["subnet-page"] = "reordered-columns"
    text = subnet_page.get(_URL).text
    header = [cell.replace("\xa0", " ") for cell in _tables(text)[0][0]]
    assert [cell.strip() for cell in header] == ["SEEN", "MAC", "Fqdn", "", "IP ADDRESS"]
    assert any(row[2] == _LEAF_03[1] and row[4] == _LEAF_03[0] for row in _rows(text))


def test_several_names(subnet_page: FlaskClient, faults: dict[str, object]) -> None:
    faults["subnet-page"] = "several-names"
    names = dict(row[:2] for row in _rows(subnet_page.get(_URL).text))
    assert names["10.5.0.43"].split() == [
        "swt-sn2100-03.example.internal",
        "swt-sn2100-03-mgmt.example.internal",
    ]


def test_doubled_rows(subnet_page: FlaskClient, faults: dict[str, object]) -> None:
    faults["subnet-page"] = "two-addresses"
    rows = _rows(subnet_page.get(_URL).text)
    named = [row[0] for row in rows if row[1] == _LEAF_03[1]]
    assert named == ["10.5.0.43", "10.5.0.142"]
    faults["subnet-page"] = "two-names"
    rows = _rows(subnet_page.get(_URL).text)
    assert sorted(row[1] for row in rows if row[0] == "10.5.0.43") == [_LEAF_01[1], _LEAF_03[1]]


def test_switch_missing(subnet_page: FlaskClient, faults: dict[str, object]) -> None:
    faults["subnet-page"] = "switch-missing"
    text = subnet_page.get(_URL).text
    assert "swt-" not in text
    assert _rows(text)


@pytest.mark.parametrize(
    ("fault", "seen"), [("never-seen", "Never"), ("seen-long-ago", "3.4 weeks ago")]
)
def test_seen(subnet_page: FlaskClient, faults: dict[str, object], fault: str, seen: str) -> None:
    faults["subnet-page"] = fault
    assert (*_LEAF_03[:2], seen) in _rows(subnet_page.get(_URL).text)


def test_short_names(subnet_page: FlaskClient, faults: dict[str, object]) -> None:
    faults["subnet-page"] = "short-names"
    assert ("10.5.0.43", "swt-sn2100-03", "Today") in _rows(subnet_page.get(_URL).text)


def test_names_spelled_otherwise(subnet_page: FlaskClient, faults: dict[str, object]) -> None:
    faults["subnet-page"] = ["upper-case-names", "trailing-dot"]
    name = "SWT-SN2100-03.EXAMPLE.INTERNAL."
    assert ("10.5.0.43", name, "Today") in _rows(subnet_page.get(_URL).text)


def test_answers_that_are_no_page(subnet_page: FlaskClient, faults: dict[str, object]) -> None:
    faults["subnet-page"] = "http-500"
    assert subnet_page.get(_URL).status_code == 500
    faults["subnet-page"] = "login-required"
    assert subnet_page.get(_URL).status_code == 401
    faults["subnet-page"] = "login-page"
    answer = subnet_page.get(_URL)
    assert answer.status_code == 200
    assert 'type="password"' in answer.text
    faults["subnet-page"] = "empty-body"
    answer = subnet_page.get(_URL)
    assert (answer.status_code, answer.data) == (200, b"")
    faults["subnet-page"] = "page-cut-off"
    assert "</html>" not in subnet_page.get(_URL).text
