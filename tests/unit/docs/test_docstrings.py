"""The form of docstrings and comments that ruff's rules do not cover."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
PACKAGES = (
    "runbooks",
    "tasks",
    "napalm_cumulus",
    "lab",
    "nornir_config",
    "inventory",
    "benchmarks",
)
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
#: A function's docstring begins with a verb. These begin a noun or a clause; D401 lets most pass.
NOT_VERBS = set(
    """A All An Another As Both Each Either Every Everything For How Its Not Nothing Nornir Number
    One Several Some Something That The Their Those Under What When Where Whether Which Who Whom
    Whose Why With""".split()  # noqa: SIM905 (a list of words reads best as text)
)
SINGLE_BACKTICK = re.compile(r"(?<!`)`(?!`)")
SINGLE_BACKTICKS = re.compile(r"(?<!`)`(?!`)[^`]+`(?!`)")


def docstrings(tree: ast.Module) -> Iterator[tuple[ast.AST, int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            text = ast.get_docstring(node)
            if text:
                yield node, node.body[0].lineno, text


def test_docstrings_of_functions_begin_with_a_verb() -> None:
    """Say what a function does: "Return the ...", "Raise where ..."."""
    wrong = [
        f"{path.relative_to(ROOT)} line {line}: {text.splitlines()[0]}"
        for path in FILES
        for node, line, text in docstrings(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (text.split()[0].rstrip(".,:;") in NOT_VERBS or text.startswith("`"))
    ]

    assert wrong == []


def test_names_in_docstrings_and_comments_stand_in_double_backticks() -> None:
    wrong = []
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        if not SINGLE_BACKTICK.search(text):
            continue  # in most files there is none at all
        found = [(line, each) for _, line, each in docstrings(ast.parse(text))]
        found += [
            (token.start[0], token.string)
            for token in tokenize.generate_tokens(io.StringIO(text).readline)
            if token.type == tokenize.COMMENT
        ]
        wrong += [
            f"{path.relative_to(ROOT)} line {line}: {match[0]}"
            for line, each in found
            for match in SINGLE_BACKTICKS.finditer(each)
        ]

    assert wrong == []
