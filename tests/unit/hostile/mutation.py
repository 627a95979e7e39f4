"""Real answers made wrong: a seeded mutator of JSON and of text."""

from __future__ import annotations

import copy
import json
import os
import random
from collections.abc import Iterator
from typing import Any

#: What peers have been known to put in the place of a value, and what parsers stumble over.
ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    10**30,
    1.5,
    "",
    "x",
    "\0",
    "\ud800",
    "é\u202e",
    "9" * 5000,
    "10.0.0.1/99",
    "::ffff:1.2.3.4%eth0",
    "x;touch /tmp/p",
    [],
    {},
    [1],
    ["x", None],
    [[]],
    {"a": [1]},
    {"host": []},
)
#: The same where only text can say it: numbers that Python refuses, and depth.
ODD_TEXTS = ("9" * 5000, "1e999", "NaN", "[" * 20_000, '{"a":' * 20_000, '"\\ud800"', "-0")
ODD_WORDS = (
    b"9" * 5000,
    b"-1",
    b"\0",
    b"\xff\xfe",
    b"\r",
    b"\xe2\x80\xa8",
    b"\xc2\xb2",  # a digit to str.isdigit, and none to int
    b"1e999",
    b"[1-99999999]",
    b"\\",
    b"<![DOCTYPE ",
    b"]]>",
    b"%",
    b"::1",
)
_MARK = "a place for odd text"


def seeded(name: str) -> random.Random:
    """The same sequence in each run, unless $VIPKEEPER_SEED says another."""
    return random.Random(f"{os.environ.get('VIPKEEPER_SEED', '8')} {name}")


def mutated(name: str, answer: bytes, count: int) -> Iterator[bytes]:
    """So many answers like this one, each wrong in one to three places."""
    chance = seeded(name)
    try:
        document = json.loads(answer)
    except ValueError:
        document = None
    for _ in range(count):
        if document is not None and chance.random() < 0.6:
            yield _in_json(chance, document)
        else:
            yield _in_text(chance, answer)


def _in_json(chance: random.Random, document: Any) -> bytes:
    changed = [copy.deepcopy(document)]
    raw = ""
    for _ in range(chance.randint(1, 3)):
        holder, key = chance.choice(list(_places(changed)))
        if chance.random() < 0.2 and isinstance(holder, dict):
            del holder[key]
        elif not raw and chance.random() < 0.3:
            raw, holder[key] = chance.choice(ODD_TEXTS), _MARK
        else:
            holder[key] = copy.deepcopy(chance.choice(ODD_VALUES))
    text = json.dumps(changed[0])
    return text.replace(json.dumps(_MARK), raw).encode("utf-8", "surrogatepass")


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, (list, dict)):
        keys = list(value) if isinstance(value, dict) else range(len(value))
        for key in keys:
            yield value, key
            yield from _places(value[key])


def _in_text(chance: random.Random, answer: bytes) -> bytes:
    text = bytearray(answer)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(text) + 1)
        kind = chance.randrange(6)
        if kind == 0:
            del text[at:]
        elif kind == 1:
            del text[at : at + chance.randint(1, 40)]
        elif kind == 2 and at < len(text):
            text[at] = chance.randrange(256)
        elif kind == 3:
            start = chance.randrange(len(text) + 1)
            text[at:at] = text[start : start + chance.randint(1, 200)]
        else:
            text[at : at + chance.randint(0, 4)] = chance.choice(ODD_WORDS)
    return bytes(text)
