"""Leafs that are whole machines: what needs no machine to be seen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lab.fabric import whole
from lab.fabric.boot import require_fit
from lab.fabric.first_boot import LIBRARY, first_boot_files
from lab.fabric.whole import WholeLeaf
from lab.topology.default import LabUsageError, Shape, default_topology

#: What the kernel takes of its command line.
_LONGEST = 2048


@pytest.mark.parametrize(
    ("shape", "own_kernel", "words"),
    [
        (Shape.REAL, False, "plain shape only"),
        (Shape.REAL, True, "plain shape only"),
        (Shape.PLAIN, True, "machine's own kernel only"),
    ],
)
def test_where_they_cannot_be_is_said(shape: Shape, own_kernel: bool, words: str) -> None:
    with pytest.raises(LabUsageError, match=words) as told:
        require_fit("vm", shape, own_kernel=own_kernel)
    assert told.value.advice
    require_fit("container", shape, own_kernel=own_kernel)


def test_they_can_be_in_a_plain_lab() -> None:
    require_fit("vm", Shape.PLAIN, own_kernel=False)


def test_the_agent_on_the_disk_is_whole() -> None:
    """It imports nothing of the project that is not on the disk with it."""
    files = first_boot_files()
    modules = {
        name.removeprefix(f"{LIBRARY}/").removesuffix(".py").replace("/", ".")
        for name in files
        if name.startswith(LIBRARY)
    }
    for name, text in files.items():
        for module in re.findall(r"^\s*from (lab[.\w]*) import", text, re.MULTILINE):
            assert {module, f"{module}.__init__"} & modules, f"{name} imports {module}"


def test_the_kernel_takes_the_longest_command_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    image = Path("/var/cache/vipkeeper/lab/disk-0123456789ab.ext4")
    monkeypatch.setattr(whole, "ensure_image", lambda *_: image)
    monkeypatch.setattr("lab.kernel.package.Tree.ensure", lambda _: Path("/nowhere"))
    monkeypatch.setattr(whole, "require_architecture", lambda: None)
    topology = default_topology("a-name-of-16-let")
    for spec in topology.leafs:
        directory = Path("/run/vipkeeper-lab/a-name-of-16-let/leafs") / spec.short_name
        arguments = WholeLeaf(spec, topology, tmp_path, directory).arguments()
        assert len(" ".join(arguments)) < _LONGEST
