"""The on-switch program's functions, each called by a real ``sh`` in namespaces of its own.

There is no ifupdown2 and no lab: what the program keeps lies in a directory of the test, its
devices are those of an empty network namespace, and what it starts dies with its PID namespace.
Nothing is synchronised to a disk.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from napalm_cumulus.commit import transaction

ID = "0123456789ab"
OTHER = "ba9876543210"
#: As root no user namespace is needed; in one, what the test has made is root's, too.
ISOLATED = (
    *("unshare", *(() if os.geteuid() == 0 else ("-Ur",))),
    *("-n", "-m", "-p", "--fork", "--kill-child", "--mount-proc"),
)
_START = b'main "$@"\n'
_PLACES = """
W=$1
PATH=$W/bin:$PATH
D=$W/run V=$W/lib UNITS=$W/units NETWORK=$W/network RUNDIR=$W/rundir LOCK=$W/rundir/.lock
ID=0123456789ab VERB=test MODE=targeted INTERFACES='vlan453 '
T=$D/pending
SPOKEN=$W/spoken
note() { printf '%s\\n' "$*" >>"$SPOKEN"; }
with_systemd() { return 1; }
flush() { :; }
mount --make-rprivate / && mount -t sysfs sysfs /sys
"""


@dataclass(frozen=True)
class Said:
    """What a call left behind."""

    status: int
    out: str
    error: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


@dataclass(frozen=True)
class Program:
    """The program's functions, and the directory that they work in."""

    place: Path

    def run(self, script: str, timeout: float = 60) -> Said:
        """Run a script behind all parts of the program."""
        done = subprocess.run(
            self._command(script),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def cut(self, script: str, step: str, timeout: float = 60) -> None:
        """Run a script, and end all that it has started at a step of its own record."""
        reached = self.place / "cut"
        reached.unlink(missing_ok=True)
        mark = f'mark() {{ [ "$1" != "{step}" ] || {{ : >"$W/cut"; sleep 600; }}; }}\n'
        with subprocess.Popen(self._command(f"{mark}{script}")) as running:
            until = time.monotonic() + timeout
            while not reached.exists() and running.poll() is None and time.monotonic() < until:
                time.sleep(0.01)
            running.kill()
        assert reached.exists(), f"it never came to {step}"

    def _command(self, script: str) -> list[str]:
        whole = transaction.program()
        assert whole.endswith(_START)
        file = self.place / "program.sh"
        file.write_bytes(whole.removesuffix(_START) + _PLACES.encode() + script.encode() + b"\n")
        return [*ISOLATED, "sh", str(file), str(self.place)]

    def keep(self, files: Mapping[str, str], state: str = "pending") -> Path:
        """Write files of a commit's directory."""
        return self.write({f"run/{state}/{name}": text for name, text in files.items()})

    def write(self, files: Mapping[str, str]) -> Path:
        """Write files below the test's directory; what lies in ``bin`` can be run."""
        for name, text in files.items():
            path = self.place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            if name.startswith("bin/"):
                path.chmod(0o755)
        return self.place

    def read(self, name: str) -> str:
        """Return a file's text; empty where there is none."""
        path = self.place / name
        return path.read_text() if path.exists() else ""

    @property
    def spoken(self) -> str:
        """Return what was said to the switch's log."""
        return self.read("spoken")


@pytest.fixture
def program(tmp_path: Path) -> Program:
    if subprocess.run([*ISOLATED, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine lets this user make no namespaces")
    for name in ("run/pending", "lib", "network", "rundir", "units", "bin"):
        (tmp_path / name).mkdir(parents=True, mode=0o700)
    found = Program(tmp_path)
    found.keep({"id": f"{ID}\n", "log": "", "owner": "alice@seat\n", "message": "why\n"})
    return found
