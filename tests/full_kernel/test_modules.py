"""What runs in the lab's own kernel: each module there is one test here."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

from tests.full_kernel.kernel_lab import ROOT, KernelLab

INSIDE = sorted((ROOT / "tests/full_kernel/inside").glob("test_*.py"))
#: In every run: checks without an alarm, five faults in the default VRF, five in a tenant's, a
#: toggle. Each of them takes half a minute there.
ALWAYS = ("test_plain.py", "test_symmetric.py")
#: What takes too long for every run: a part of ``bin/test --full``.
AT_LENGTH = ["test_catalogue.py", "test_conformance_live.py"]
if os.environ.get("VIPKEEPER_FULL_KERNEL") == "all":
    CHOSEN = [*INSIDE, *(ROOT / "tests/lab" / name for name in AT_LENGTH)]
else:
    CHOSEN = [file for file in INSIDE if file.name in ALWAYS]


def options(file: Path) -> list[str]:
    """The options of ``vip lab up`` that a module wants."""
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "LAB":
            return list(ast.literal_eval(node.value))
    return []


def by_lab(file: Path) -> tuple[list[str], str]:
    return options(file), file.name


@pytest.mark.timeout(4800)
@pytest.mark.parametrize("file", sorted(CHOSEN, key=by_lab), ids=lambda file: file.stem)
def test_on_a_full_kernel(file: Path, kernel_lab: KernelLab) -> None:
    kernel_lab.up(options(file))
    done = kernel_lab.pytest(file, timeout=1200 if file in INSIDE else 4500)
    assert done.returncode == 0, done.stdout[-20000:] + done.stderr[-4000:]
