"""The driver and Vipkeeper as they are installed: two wheels, and the driver alone is enough."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from email.parser import Parser
from pathlib import Path

import platformdirs
import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "napalm_cumulus"
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")

#: Run in the empty environment: what is installed and loads there.
PROBE = """
import importlib, importlib.metadata, json, pkgutil, sys

sys.modules["pydantic_core"] = None  # NAPALM brings it; the driver does without
from napalm import get_network_driver
from napalm.base.clitools.cl_napalm import check_installed_packages

driver = get_network_driver("cumulus")
package = sys.modules["napalm_cumulus"]
modules = [m.name for m in pkgutil.walk_packages(package.__path__, "napalm_cumulus.")]
loaded = {name: importlib.import_module(name) for name in modules}
check_installed_packages()  # what NAPALM's command line begins with
(program,) = {m.program for n, m in loaded.items() if n.rpartition(".")[2] == "transaction"}
files = importlib.metadata.files("vipkeeper-napalm-cumulus")
print(json.dumps({
    "driver": [driver.__module__, driver.__name__],
    "place": package.__file__,
    "modules": len(modules),
    "program": len(program()),
    "json": loaded["napalm_cumulus.parsing.output"].loads('{"read": [1]}'),
    "names": sorted({f.parts[0] for f in files if f.parts[0] not in ("..", "__pycache__")}),
}))
"""


@dataclass(frozen=True)
class Wheel:
    """What a wheel holds."""

    path: Path

    @property
    def files(self) -> dict[str, bytes]:
        """The files, but those that describe the wheel."""
        with zipfile.ZipFile(self.path) as archive:
            return {n: archive.read(n) for n in archive.namelist() if ".dist-info/" not in n}

    @property
    def modules(self) -> set[str]:
        """The top-level names that can be imported."""
        return {name.split("/")[0].removesuffix(".py") for name in self.files} - {RECORD}

    @property
    def metadata(self) -> Message:
        with zipfile.ZipFile(self.path) as archive:
            (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
            return Parser().parsestr(archive.read(name).decode())

    @property
    def requirements(self) -> set[str]:
        """The names of what it needs, extras left out."""
        lines = [x for x in self.metadata.get_all("Requires-Dist", []) if "extra ==" not in x]
        return {re.split(r"[^\w.-]", line)[0] for line in lines}


#: For NAPALM's command line, which asks for the version of a distribution of that name.
RECORD = "napalm_cumulus.egg-info"


def run(argv: Sequence[str | Path], where: Path) -> str:
    done = subprocess.run(argv, cwd=where, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(projects: Sequence[Path], where: Path) -> None:
    """Build wheels with the build backend of this environment."""
    run([*PIP, "wheel", "--no-deps", "--no-build-isolation", "-w", where, *projects], where)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    build([ROOT / "driver", ROOT], folder)
    return folder


@pytest.fixture(scope="module")
def driver(built: Path) -> Wheel:
    (path,) = built.glob("vipkeeper_napalm_cumulus-*.whl")
    return Wheel(path)


@pytest.fixture(scope="module")
def vipkeeper(built: Path) -> Wheel:
    (path,) = set(built.glob("vipkeeper-*.whl"))
    return Wheel(path)


def test_the_drivers_wheel_is_its_package(driver: Wheel) -> None:
    on_disk = {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in on_disk if name.endswith((".sh", "py.typed"))}
    files = driver.files
    record = files.pop(f"{RECORD}/PKG-INFO").decode()
    assert files == on_disk
    assert driver.modules == {"napalm_cumulus"}
    assert f"\nVersion: {driver.metadata['Version']}\n" in record


def test_the_driver_needs_napalm_and_paramiko(driver: Wheel) -> None:
    assert driver.requirements == {"napalm", "paramiko"}


def test_the_driver_imports_nothing_else() -> None:
    imported = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                imported.add(str(node.module).split(".")[0])
    ours = {"napalm_cumulus", "napalm", "paramiko", "pydantic_core"}
    assert imported - sys.stdlib_module_names == ours


def test_vipkeepers_wheel_leaves_the_driver_to_its_own(vipkeeper: Wheel, driver: Wheel) -> None:
    assert "runbooks" in vipkeeper.modules
    assert not [name for name in vipkeeper.files if name.startswith("napalm_cumulus")]
    assert "vipkeeper-napalm-cumulus" in vipkeeper.requirements
    (line,) = (x for x in vipkeeper.metadata.get_all("Requires-Dist", []) if "napalm-cumulus" in x)
    least, below = (re.search(sign + r"([\d.]+)", line) for sign in (">=", "<"))
    assert least
    assert below
    assert number(least[1]) <= number(driver.metadata["Version"]) < number(below[1])


def number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def test_the_drivers_sdist_builds_the_same_wheel(driver: Wheel, tmp_path: Path) -> None:
    run(
        [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", tmp_path],
        ROOT / "driver",
    )
    (sdist,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        assert all(member.isfile() for member in archive)
        archive.extractall(tmp_path)  # our own
    build([tmp_path / sdist.name.removesuffix(".tar.gz")], tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as ours, zipfile.ZipFile(driver.path) as theirs:
        assert {n: ours.read(n) for n in ours.namelist()} == {
            n: theirs.read(n) for n in theirs.namelist()
        }


def test_an_editable_install_leads_to_the_checkout_and_copies_nothing(tmp_path: Path) -> None:
    build_editable = "import sys; from hatchling.build import build_editable as b; b(sys.argv[1])"
    run([sys.executable, "-c", build_editable, tmp_path], ROOT / "driver")
    (path,) = tmp_path.glob("*.whl")
    files = Wheel(path).files
    assert files.pop(f"{RECORD}/PKG-INFO")
    ((name, text),) = files.items()
    assert name.endswith(".pth")
    assert text.decode() == str(ROOT)


def kept_wheels(name: str, wheel: Wheel, *others: Path) -> Path:
    """The wheels of all that one needs, as locked: from the index, and kept from then on.

    Args:
        name: of the folder that keeps them.
        wheel: what needs them.
        others: wheels of ours that it needs, too.
    """
    lock = (ROOT / "requirements.lock").read_text()
    projects = [(ROOT / at / "pyproject.toml").read_text() for at in ("driver", ".")]
    key = f"{lock}{projects}{sys.version}"
    digest = hashlib.sha256(key.encode()).hexdigest()[:12]
    kept = platformdirs.user_cache_path("vipkeeper") / f"{name}-wheels-{digest}"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as fresh:
            folder, wheels = Path(fresh), Path(fresh, "wheels")
            locked = re.findall(r"^[\w.-]+==[^\\\n]+", lock, re.MULTILINE)
            (folder / "locked.txt").write_text("\n".join(locked))
            run([*PIP, "wheel", "-c", "locked.txt", "-w", wheels, wheel.path, *others], folder)
            for ours in (wheel.path, *others):
                (wheels / ours.name).unlink()
            with contextlib.suppress(FileExistsError):  # another run has just kept them
                wheels.rename(kept)
    return kept


@pytest.fixture(scope="module")
def needed(driver: Wheel) -> Path:
    return kept_wheels("driver", driver)


def test_the_driver_alone_in_an_empty_environment(
    driver: Wheel, needed: Path, tmp_path: Path
) -> None:
    home = tmp_path / "environment"
    run([sys.executable, "-m", "venv", "--without-pip", home], tmp_path)
    python = home / "bin" / "python"
    install = [*PIP, "--python", python, "install", "--no-compile"]
    run([*install, "--no-index", "--find-links", needed, driver.path], tmp_path)
    found = json.loads(run([python, "-I", "-c", PROBE], tmp_path).splitlines()[-1])
    names = found.pop("names")
    assert [name for name in names if not name.endswith(".dist-info")] == [
        "napalm_cumulus",
        RECORD,
    ]
    assert found.pop("place").startswith(f"{home}{os.sep}")
    assert found.pop("modules") > 40
    assert found.pop("program") > 10_000
    assert found == {
        "driver": ["napalm_cumulus.driver", "CumulusDriver"],
        "json": {"read": [1]},
    }


@pytest.fixture(scope="module")
def both(vipkeeper: Wheel, driver: Wheel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment in which nothing but the two wheels was asked for."""
    kept = kept_wheels("vipkeeper", vipkeeper, driver.path)
    home = tmp_path_factory.mktemp("both") / "environment"
    run([sys.executable, "-m", "venv", "--without-pip", home], home.parent)
    install = [*PIP, "--python", home / "bin" / "python", "install", "--no-compile"]
    run([*install, "--no-index", "--find-links", kept, vipkeeper.path, driver.path], home.parent)
    return home / "bin"


#: A program of somebody who has never heard of Vipkeeper's packages.
STRANGER = """
import inventory, lab, tasks
from nornir import InitNornir

nornir = InitNornir(
    inventory={"plugin": PLUGIN, "options": OPTIONS},
    runner={"plugin": RUNNER},
    logging={"enabled": False},
)
result = nornir.run(task=tasks.hello)
print(inventory.MINE, lab.MINE, *(host_result[0].result for host_result in result.values()))
"""


@pytest.fixture
def strangers_folder(tmp_path: Path) -> Path:
    for name in ("inventory.py", "lab.py"):
        (tmp_path / name).write_text("MINE = 'mine'\n")
    (tmp_path / "tasks.py").write_text("def hello(task):\n    return f'hello {task.host}'\n")
    (tmp_path / "hosts.yaml").write_text("leaf1: {}\n")
    return tmp_path


def stranger(folder: Path, plugin: str, runner: str = "threaded") -> Path:
    """Write such a program, with an inventory plugin and a runner."""
    options = {"host_file": "hosts.yaml"} if plugin == "SimpleInventory" else {}
    text = STRANGER.replace("PLUGIN", repr(plugin)).replace("RUNNER", repr(runner))
    program = folder / "program.py"
    program.write_text(text.replace("OPTIONS", repr(options)))
    return program


def test_a_strangers_nornir_is_left_alone(both: Path, strangers_folder: Path) -> None:
    program = stranger(strangers_folder, "SimpleInventory")
    said = run([both / "python", program], strangers_folder)
    assert said == "mine mine hello leaf1\n"


@pytest.mark.parametrize(
    ("plugin", "runner"), [("SiteInventory", "threaded"), ("SimpleInventory", "vipkeeper")]
)
def test_what_hides_a_package_of_ours_is_named(
    both: Path, strangers_folder: Path, plugin: str, runner: str
) -> None:
    program = stranger(strangers_folder, plugin, runner)
    done = subprocess.run(
        [both / "python", program],
        cwd=strangers_folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"vipkeeper_entry.HiddenPackageError: {strangers_folder}/inventory.py hides Vipkeeper's "
        "package 'inventory', because Python looks there first. Rename it, or run this program "
        "from another folder."
    )


def test_our_plugins_work_where_nothing_hides_them(both: Path, tmp_path: Path) -> None:
    (tmp_path / "hosts.yaml").write_text("leaf1: {}\n")
    program = stranger(tmp_path, "SimpleInventory", "vipkeeper")
    text = program.read_text().replace("import inventory, lab, tasks\n", "")
    text = text.replace("tasks.hello", "lambda task: 'hello'").replace(
        "inventory.MINE, lab.MINE, ", ""
    )
    program.write_text(text)
    assert run([both / "python", program], tmp_path) == "hello\n"


def test_vip_starts_beside_such_files(both: Path, strangers_folder: Path) -> None:
    assert run([both / "vip", "--version"], strangers_folder).startswith("vip ")
    done = subprocess.run(
        [both / "vip", "--version"],
        cwd=strangers_folder,
        env={**os.environ, "PYTHONPATH": str(strangers_folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"vip: {strangers_folder}/inventory.py hides Vipkeeper's package")


def test_only_one_module_of_ours_is_an_entry(vipkeeper: Wheel) -> None:
    with zipfile.ZipFile(vipkeeper.path) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith("entry_points.txt"))
        entries = re.findall(r"= ([\w.]+):", archive.read(name).decode())
    assert set(entries) == {"vipkeeper_entry"}
