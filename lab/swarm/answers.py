"""Records the answers of a leaf, and gives the same answers for thousands of switches.

A tool of the switch (``ip``, ``vtysh``, ...) is first replaced by a shim that records its arguments
and output. Later another shim of the same name prints the recorded output, rewritten for the switch
whose address was connected to. Command lines that were not recorded run the real tool.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.fabric.leaf import Leaf
from lab.swarm.names import MOULDS, RULES, UNDO, WHO

#: The tools whose answers are recorded: those that name the switch, and slow ones.
TOOLS = (
    "arping",
    "bridge",
    "ethtool",
    "hostname",
    "ifquery",
    "ip",
    "lldpctl",
    "ping",
    "sh",
    "sysctl",
    "tar",
    "timeout",
    "uname",
    "vtysh",
)
#: The directory of all this on a leaf's disk.
HOME = Path("var/lib/swarm")
# The signal of a ``timeout`` ends the tool; the recorder still has to record its output.
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_RECORDER = """\
#!/bin/sh
trap : INT TERM
at=$(mktemp -d {records}/XXXXXXXX)
printf %s {tool} >"$at/tool"
printf %s "$*" >"$at/asked"
{real} "$@" >"$at/out" 2>"$at/err"
status=$?
printf %s "$status" >"$at/status"
cat "$at/out"
cat "$at/err" >&2
exit $status
"""
# The arguments may have the switch's own names: then the question is the leaf's, rewritten.
_SHIM = """\
#!/bin/sh
. {home}/who
ask() {{
    case "$k:$1" in
{cases}
    esac
}}
if [ -n "$k" ]; then
    ask "$*"
    ask "$(printf %s "$*" | sed "$undo")"
fi
exec {real} "$@"
"""


@dataclass(frozen=True)
class Answer:
    """The output of a tool for one command line, without the tool's name (``-j addr show``)."""

    tool: str
    asked: str
    out: bytes
    err: bytes
    status: int


def record(leaf: Leaf, scripts: Iterable[str]) -> tuple[Answer, ...]:
    """Run shell scripts on a leaf, and record the output of its tools.

    Args:
        leaf: a running leaf.
        scripts: the scripts, such as the commands that a client sends.

    Returns:
        One answer for each different command line of a tool, the last one if there are several.
    """
    disk = leaf.root / HOME
    records, tools = disk / "records", disk / "recorders"
    for directory in (records, tools):
        directory.mkdir(parents=True, exist_ok=True)
    for tool, real in real_tools(leaf).items():
        text = _RECORDER.format(records=f"/{HOME}/records", tool=tool, real=real)
        _program(tools / tool, text)
    path = f"PATH=/{HOME}/recorders:{_PATH}"
    for script in scripts:
        leaf.exec(["env", "--chdir=/", path, "LC_ALL=C", "sh", "-c", script])
    return tuple(answer for answer in _read(records) if not _reads_stdin(answer))


def real_tools(leaf: Leaf) -> dict[str, str]:
    """Return the tools that the leaf has, with their paths."""
    loop = f"for tool in {' '.join(TOOLS)}; do command -v $tool; done; true"
    said = leaf.exec(["env", f"PATH={_PATH}", "sh", "-c", loop], check=True).stdout
    return {path.rsplit("/", 1)[-1]: path for path in said.split()}


def install(leaf: Leaf, answers: Mapping[str, Sequence[Answer]]) -> None:
    """Write the shims and the answers on a leaf's disk, under ``answers`` and ``bin``.

    Args:
        leaf: the leaf behind which the simulated switches are.
        answers: the answers of each copied leaf, by its number.
    """
    disk = leaf.root / HOME
    (disk / "answers").mkdir(exist_ok=True)
    (disk / "bin").mkdir(exist_ok=True)
    (disk / "who").write_text(f'{WHO}[ -z "$k" ] || undo="{UNDO}"\n')
    for tool, real in real_tools(leaf).items():
        cases = [
            _case(disk, f"{digit}.{tool}.{number}", digit, answer)
            for digit, mould in MOULDS.items()
            for number, answer in enumerate(answers[mould])
            if answer.tool == tool
        ]
        text = _SHIM.format(home=f"/{HOME}", cases="\n".join(cases), real=real)
        _program(disk / "bin" / tool, text)


def _case(disk: Path, name: str, digit: str, answer: Answer) -> str:
    """Return the branch of a shim for one question; the parts of the answer become files."""
    saying = _say(disk, name, answer.out)
    if answer.err:
        saying = f"{{ {_say(disk, f'{name}.err', answer.err)}; }} >&2; {saying}"
    question = shlex.quote(f"{digit}:{answer.asked}")
    return f"    {question}) {saying}; exit {answer.status};;"


def _say(disk: Path, name: str, content: bytes) -> str:
    """Return the shell's command that prints an answer with the names replaced."""
    file = disk / "answers" / name
    if b"\0" in content:  # an archive; words of the shell end at such a byte
        file.write_bytes(content)
        needed = "".join(rule.forward for rule in RULES if rule.old.encode() in content)
        return f'sed "{needed}" /{HOME}/answers/{name}'
    # The shell itself prints it, without another process: a third of the CPU time.
    word = re.sub(rb'[\\"$`]', rb"\\\g<0>", content)
    for rule in RULES:
        word = word.replace(rule.old.encode(), b"${%s}" % rule.key.encode())
    file.write_bytes(b'printf %s "' + word + b'"\n')
    return f". /{HOME}/answers/{name}"


def _read(records: Path) -> Iterable[Answer]:
    found: dict[tuple[str, str], Answer] = {}
    for at in sorted(records.iterdir(), key=lambda path: path.stat().st_mtime_ns):
        answer = Answer(
            tool=(at / "tool").read_text(),
            asked=(at / "asked").read_text(),
            out=(at / "out").read_bytes(),
            err=(at / "err").read_bytes(),
            status=int((at / "status").read_text()),
        )
        found[answer.tool, answer.asked] = answer
    return found.values()


def _reads_stdin(answer: Answer) -> bool:
    """Return whether it was a shell that did not get its commands from its arguments."""
    return answer.tool == "sh" and not answer.asked.startswith("-c ")


def _program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)
