"""What docs/transaction.md promises is shown by a test that names it, and nothing else is named."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[2]
PAGE = TESTS.parent / "docs" / "transaction.md"
PROMISES = re.findall(r"^\| (T\d+) \| .+\. \|$", PAGE.read_text(), re.MULTILINE)


@cache
def named() -> dict[str, set[str]]:
    """The tests that name each promise, by ``@pytest.mark.promise("T1", ...)``."""
    found: dict[str, set[str]] = {}
    for path in TESTS.rglob("test_*.py"):
        text = path.read_text()
        if "mark.promise" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.FunctionDef) or not node.name.startswith("test_"):
                continue
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.promise":
                    for promise in mark.args:
                        assert isinstance(promise, ast.Constant), node.name
                        found.setdefault(promise.value, set()).add(node.name)
    return found


def test_promises_are_numbered_one_after_the_other() -> None:
    assert [f"T{number}" for number in range(1, len(PROMISES) + 1)] == PROMISES
    assert len(PROMISES) > 30


def test_every_promise_is_named_by_a_test() -> None:
    shown = named()
    assert [promise for promise in PROMISES if promise not in shown] == []


def test_no_test_names_what_is_not_promised() -> None:
    assert {promise: names for promise, names in named().items() if promise not in PROMISES} == {}
