"""Unified diffs in a time proportional to the files, not to their square as with difflib.

Lines that occur once in each file, and in the same order in both, are anchors ("patience diff");
difflib compares only the lines between two anchors.
"""

from __future__ import annotations

import difflib
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence

_CONTEXT = 3
#: Above so many pairs of lines between two anchors, difflib may ignore frequent lines.
_MANY = 1_000_000

_Block = tuple[int, int, int]


def unified_diff(
    old: Sequence[str], new: Sequence[str], old_name: str, new_name: str
) -> Iterator[str]:
    """Yield the lines of a unified diff; none where the files are equal."""
    matcher = _Matcher(old, new)
    headed = False
    for group in matcher.get_grouped_opcodes(_CONTEXT):
        if not headed:
            headed = True
            yield f"--- {old_name}"
            yield f"+++ {new_name}"
        first, last = group[0], group[-1]
        yield f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@"
        for tag, from_old, to_old, from_new, to_new in group:
            if tag == "equal":
                yield from (f" {line}" for line in old[from_old:to_old])
                continue
            yield from (f"-{line}" for line in old[from_old:to_old])
            yield from (f"+{line}" for line in new[from_new:to_new])


def _range(start: int, stop: int) -> str:
    length = stop - start
    if length == 1:
        return f"{start + 1}"
    return f"{start + 1 if length else start},{length}"


class _Matcher(difflib.SequenceMatcher[str]):
    """difflib's matcher, with blocks found between anchors."""

    def __init__(self, old: Sequence[str], new: Sequence[str]) -> None:
        super().__init__(None, "", "")
        self._old, self._new = old, new
        self.opcodes = list(_opcodes(_blocks(old, new)))


def _opcodes(blocks: list[_Block]) -> Iterator[tuple[str, int, int, int, int]]:
    at_old = at_new = 0
    for old, new, size in blocks:
        if at_old < old or at_new < new:
            tag = "insert" if at_old == old else "delete" if at_new == new else "replace"
            yield tag, at_old, old, at_new, new
        at_old, at_new = old + size, new + size
        if size:
            yield "equal", old, at_old, new, at_new


def _blocks(old: Sequence[str], new: Sequence[str]) -> list[_Block]:
    """Return the runs of lines that both have, in order; the last run is empty, at both ends."""
    found: list[_Block] = []
    at_old = at_new = 0
    for anchor_old, anchor_new in [*_anchors(old, new), (len(old), len(new))]:
        part_old, part_new = old[at_old:anchor_old], new[at_new:anchor_new]
        small = len(part_old) * len(part_new) < _MANY
        if part_old and part_new:
            matcher = difflib.SequenceMatcher(None, part_old, part_new, autojunk=not small)
            found += [
                (at_old + i, at_new + j, size) for i, j, size in matcher.get_matching_blocks()
            ]
        found.append((anchor_old, anchor_new, 1 if anchor_old < len(old) else 0))
        at_old, at_new = anchor_old + 1, anchor_new + 1
    joined: list[_Block] = []
    for i, j, size in found:
        if (
            joined
            and size
            and (joined[-1][0] + joined[-1][2], joined[-1][1] + joined[-1][2])
            == (
                i,
                j,
            )
        ):
            joined[-1] = (joined[-1][0], joined[-1][1], joined[-1][2] + size)
        elif size:
            joined.append((i, j, size))
    return [*joined, (len(old), len(new), 0)]


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Return the positions of lines that occur once in each, as many as are in the same order."""
    often_old, often_new = Counter(old), Counter(new)
    place = {line: at for at, line in enumerate(new) if often_new[line] == 1}
    pairs = [
        (at, place[line]) for at, line in enumerate(old) if often_old[line] == 1 and line in place
    ]
    # The longest run of pairs that are also in order in the new file (patience sorting).
    tops: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for number, (_, at) in enumerate(pairs):
        pile = bisect_left(tops, at)
        before.append(ends[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [at]
        ends[pile : pile + 1] = [number]
    run: list[tuple[int, int]] = []
    number = ends[-1] if ends else -1
    while number >= 0:
        run.append(pairs[number])
        number = before[number]
    return run[::-1]
