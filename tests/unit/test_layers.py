"""The house has floors: a room imports only what stands below it, and no room is too full.

``python -m tests.unit.test_layers [CHECKOUT]`` prints rooms, floors, arrows and circles by folder.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = (
    "benchmarks",
    "runbooks",
    "tasks",
    "lab",
    "nornir_config",
    "napalm_cumulus",
    "inventory",
)
MOST_MODULES = 16
MOST_LINES = 400
LINES_ON_THE_SWITCH = 200  # each part stays below

#: The rooms of a folder, floor by floor from the top: a room imports only what stands on a lower
#: line. "" is the whole. Add a room where its imports allow; a room that is not here fails.
FLOORS: dict[str, tuple[str, ...]] = {
    "": (
        "benchmarks",
        "runbooks",
        "tasks lab",
        "nornir_config",
        "napalm_cumulus inventory",
    ),
    "runbooks": (
        "cli",
        "watch fleet_heal",
        "check monitor find inventory evidence",
        "search",
        "heal toggle fleet",
        "trace cure",
        "incident output pending",
        "run",
    ),
    "tasks": (
        "health cures",
        "faults presence verify",
        "facts identity",
        "gateways shell pending ladder",
        "gateway_choice",
        "model addresses errors getters",
    ),
    "lab": (
        "cli",
        "demo status swarm rebooted",
        "faults",
        "lab",
        "web",
        "fabric",
        "kernel",
        "standins",
        "machine",
        "topology",
    ),
    "nornir_config": (
        "init inventory_plugin",
        "runner connection settings secrets",
        "stopping fleet_settings terminal",
    ),
    "napalm_cumulus": (
        "__init__",
        "driver",
        "getters session",
        "commit",
        "config parsing prefetched",
        "ssh",
        "batch account",
        "errors result",
        "refusals patterns values redaction",
    ),
    "inventory": (
        "target nornir_hosts",
        "site leafs",
        "cached_sources events",
        "disk_cache kept",
        "sources export given causes",
        "model settings",
        "names errors files",
    ),
    "inventory.sources": (
        "registry one_vm",
        "mimic openstack subnet_page",
        "protocols plugins host_index memory_cache web",
        "patience page",
        "deadline retries",
        "limit",
    ),
}

#: The only modules that may import from above, and what: for types alone, under ``TYPE_CHECKING``.
MAY_GO_UP: dict[str, tuple[str, ...]] = {
    # A report is made of what the rooms above put in it.
    "runbooks.run.report": (
        "runbooks.cure.rogues",
        "runbooks.fleet.outcome",
        "runbooks.fleet.plan",
        "runbooks.fleet.rollout",
        "runbooks.heal",
        "runbooks.incident.impact",
        "runbooks.incident.path",
        "runbooks.incident.reachability",
    ),
}


@dataclass(frozen=True)
class Arrow:
    """One import: of which module, by which, and whether for its types alone."""

    importer: str
    imported: str
    for_types: bool

    @property
    def folder(self) -> str:
        """The folder that both stand in."""
        shared = []
        for mine, its in zip(self.importer.split("."), self.imported.split("."), strict=False):
            if mine != its:
                break
            shared.append(mine)
        return ".".join(shared)

    @property
    def rooms(self) -> tuple[str, str]:
        """The rooms of that folder which it leads from and to."""
        depth = len(self.folder.split(".")) if self.folder else 0
        return _room(self.importer, depth), _room(self.imported, depth)


def _room(module: str, depth: int) -> str:
    parts = module.split(".")
    return parts[depth] if depth < len(parts) else "__init__"


@dataclass(frozen=True)
class House:
    """The modules of a checkout, by name, and what they import of each other."""

    modules: dict[str, Path]
    arrows: tuple[Arrow, ...]

    def rooms(self, folder: str) -> set[str]:
        """What stands in a folder: modules, and folders with modules."""
        depth = folder.count(".") + 1 if folder else 0
        start = f"{folder}." if folder else ""
        inside = {_room(m, depth) for m in self.modules if m.startswith(start)}
        opens = any(folder in (a.importer, a.imported) for a in self._within(folder))
        return inside | ({"__init__"} if folder and opens else set())

    def folders(self) -> list[str]:
        """Every folder of it, the whole first."""
        return folders_of(self.modules)

    def _within(self, folder: str) -> Iterator[Arrow]:
        return (a for a in self.arrows if a.folder == folder and len(set(a.rooms)) == 2)

    def between(self, folder: str) -> dict[tuple[str, str], list[Arrow]]:
        """The imports between rooms of a folder."""
        found: dict[tuple[str, str], list[Arrow]] = {}
        for arrow in self._within(folder):
            if not (arrow.for_types and arrow.imported in MAY_GO_UP.get(arrow.importer, ())):
                found.setdefault(arrow.rooms, []).append(arrow)
        return found


@cache
def find_modules(root: Path = ROOT) -> dict[str, Path]:
    """Find every module, which costs little: each worker does it to name its tests."""
    modules = {}
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            modules[".".join(parts).removesuffix(".__init__")] = path
    return modules


def folders_of(modules: Iterable[str]) -> list[str]:
    """Every folder that holds one of the modules, the whole first."""
    return sorted({".".join(m.split(".")[:n]) for m in modules for n in range(m.count(".") + 1)})


@cache
def read_house(root: Path = ROOT) -> House:
    """Read what imports what."""
    modules = find_modules(root)
    arrows = {a for name, path in modules.items() for a in _imports(name, path, set(modules))}
    return House(modules, tuple(sorted(arrows, key=lambda a: (a.importer, a.imported))))


def _imports(name: str, path: Path, modules: set[str]) -> Iterator[Arrow]:
    tree = ast.parse(path.read_text())
    for_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for statement in node.body
        for inner in ast.walk(statement)
    }
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            wanted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            wanted = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for one in wanted:
            found = one if one in modules else one.rpartition(".")[0]
            if found in modules and found != name:
                yield Arrow(name, found, node in for_types)


def circles(pairs: set[tuple[str, str]]) -> list[list[str]]:
    """The groups of rooms that lead to each other."""
    reached: dict[str, set[str]] = {room: set() for pair in pairs for room in pair}
    for room, there in reached.items():
        waiting = [room]
        while waiting:
            at = waiting.pop()
            nexts = {after for before, after in pairs if before == at} - there
            there.update(nexts)
            waiting.extend(nexts)
    groups = {
        tuple(sorted(b for b in reached if b in reached[a] and a in reached[b])) for a in reached
    }
    return [list(group) for group in sorted(groups) if len(group) > 1]


def height(rooms: set[str], pairs: set[tuple[str, str]]) -> int:
    """On how many floors the rooms stand; those of a circle share one."""
    together = {room: tuple(group) for group in circles(pairs) for room in group}
    below: dict[tuple[str, ...], set[tuple[str, ...]]] = {
        together.get(room, (room,)): set() for room in rooms
    }
    for before, after in pairs:
        here, there = together.get(before, (before,)), together.get(after, (after,))
        if here != there:
            below[here].add(there)

    @cache
    def floor(group: tuple[str, ...]) -> int:
        return 1 + max((floor(other) for other in below[group]), default=0)

    return max(map(floor, below), default=0)


def table(folder: str) -> dict[str, int]:
    """The floor of each room in the table, counted from the top."""
    return {room: n for n, line in enumerate(FLOORS[folder]) for room in line.split()}


def going_up(house: House, folder: str) -> list[Arrow]:
    """The imports of what does not stand below."""
    floors = table(folder)
    return [
        arrow
        for (before, after), arrows in house.between(folder).items()
        if floors.get(before, 0) >= floors.get(after, 99)
        for arrow in arrows
    ]


def _said(arrows: list[Arrow]) -> str:
    return "\n".join(f"{a.importer} imports {a.imported}" for a in arrows)


@pytest.mark.parametrize("folder", FLOORS)
def test_the_table_names_every_room(folder: str) -> None:
    assert set(table(folder)) == read_house().rooms(folder)


@pytest.mark.parametrize("folder", FLOORS)
def test_a_room_imports_only_what_stands_below_it(folder: str) -> None:
    up = going_up(read_house(), folder)
    assert not up, _said(up)


@pytest.mark.parametrize("folder", folders_of(find_modules()))
def test_no_rooms_form_a_circle(folder: str) -> None:
    between = read_house().between(folder)
    found = circles(set(between))
    held = [
        arrow
        for (before, after), arrows in between.items()
        for circle in found
        if before in circle and after in circle
        for arrow in arrows
    ]
    assert not found, _said(held)


def test_what_may_go_up_does_so_for_types_alone() -> None:
    named = {(importer, imported) for importer, them in MAY_GO_UP.items() for imported in them}
    at_run_time = {(a.importer, a.imported) for a in read_house().arrows if not a.for_types}
    assert named <= {(a.importer, a.imported) for a in read_house().arrows} - at_run_time


@pytest.mark.parametrize("folder", folders_of(find_modules())[1:])
def test_no_folder_holds_too_many_modules(folder: str) -> None:
    held = [m for m in read_house().modules if m.rpartition(".")[0] == folder]
    packages = set(read_house().folders())
    assert len([m for m in held if m not in packages]) <= MOST_MODULES


def test_no_module_is_too_long() -> None:
    lengths = {
        name: len(path.read_text().splitlines()) for name, path in read_house().modules.items()
    }
    assert {name: n for name, n in lengths.items() if n > MOST_LINES} == {}


def test_no_part_of_the_program_on_the_switch_is_too_long() -> None:
    parts = sorted((ROOT / "napalm_cumulus/commit/switch").glob("*.sh"))
    assert parts
    lengths = {path.name: len(path.read_text().splitlines()) for path in parts}
    assert {name: n for name, n in lengths.items() if n >= LINES_ON_THE_SWITCH} == {}


def test_the_readme_shows_the_way_to_every_room() -> None:
    packages = {f for f in read_house().folders() if f.count(".") == 1}
    rooms = {f.replace(".", "/") for f in packages if not f.startswith("benchmarks.")}
    readme = (ROOT / "README.md").read_text()
    assert {room for room in rooms if f"]({room})" not in readme} == set()


def _exists(name: str) -> bool:
    """Whether a dotted name is a module's, or that of something in one."""
    module = name
    while module not in read_house().modules and "." in module:
        module = module.rpartition(".")[0]
    inside = name.removeprefix(module).split(".")[1:]
    return not inside or ("." in module and inside[0] in read_house().modules[module].read_text())


def test_what_is_said_to_stand_somewhere_stands_there() -> None:
    texts = [*read_house().modules.values(), ROOT / "README.md", *(ROOT / "docs").rglob("*.*")]
    named = re.compile(rf"`((?:{'|'.join(FOLDERS)})(?:\.[A-Za-z_]+)+)[`(]")
    said = {
        (path.relative_to(ROOT).as_posix(), name)
        for path in texts
        for name in named.findall(path.read_text(errors="replace"))
    }
    assert {(path, name) for path, name in said if not _exists(name)} == set()


def rows(house: House) -> Iterator[str]:
    """Say what the tests count."""
    yield f"{'folder':34}{'rooms':>6}{'floors':>8}{'arrows':>8}{'up':>4}{'circles':>9}"
    for folder in house.folders():
        rooms, pairs = house.rooms(folder), set(house.between(folder))
        if not pairs:
            continue
        known = folder in FLOORS and set(table(folder)) == rooms
        up = str(len({a.rooms for a in going_up(house, folder)})) if known else "-"
        found = circles(pairs)
        counts = f"{len(rooms):>6}{height(rooms, pairs):>8}{len(pairs):>8}{up:>4}{len(found):>9}"
        yield f"{folder or 'whole':34}{counts}"
        yield from (f"    circle: {', '.join(circle)}" for circle in found)


if __name__ == "__main__":
    checkout = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT
    sys.stdout.write("\n".join(rows(read_house(checkout))) + "\n")
