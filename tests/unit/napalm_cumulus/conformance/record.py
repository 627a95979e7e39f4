"""Record what a leaf of a lab says, as mocked data for upstream's getter suite.

    vip lab up --name rec
    python -m tests.unit.napalm_cumulus.conformance.record rec
    vip lab down --name rec

Each test's folder gets the case `lab_leaf` (or `--case NAME`): the outputs of the commands, and
the model that the driver made of them, which is to be read before it is committed. The case
`frr_8_4` is of a leaf on which FRR was installed by hand, recorded with `--as-it-is`.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import tarfile
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from napalm.base.exceptions import NapalmException
from napalm.base.test import conftest
from napalm.base.test.getters import BaseTestGetters

from lab.lab import Lab
from napalm_cumulus import CumulusDriver
from napalm_cumulus.result import CommandResult
from tests.lab.switch import PastTheNetwork
from tests.unit.napalm_cumulus.conformance import suite, transcript
from tests.unit.napalm_cumulus.conformance.double import TRANSCRIPT, TREE
from tests.unit.napalm_cumulus.conformance.prepare import prepared

DATA = Path(__file__).parent / "mocked_data"


class RecordingDriver(CumulusDriver):
    """The driver, remembering what it was told."""

    patched_attrs = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.heard: dict[str, CommandResult] = {}

    def _run_many(
        self, commands: Sequence[str], *, timeout: float | None = None
    ) -> list[CommandResult]:
        results = super()._run_many(commands, timeout=timeout)
        self.heard.update(zip(commands, results, strict=True))
        return results


class RecordingTransport(PastTheNetwork):
    """A session that keeps the archives of /etc/network."""

    def __init__(self, lab: Lab, leaf: str) -> None:
        super().__init__(lab, leaf)
        self.archives: list[bytes] = []

    def run(
        self, command: str, *, stdin: bytes = b"", timeout: float | None = None
    ) -> CommandResult:
        result = super().run(command, stdin=stdin, timeout=timeout)
        if "tar -cf" in command:
            self.archives.append(result.stdout)
        return result


def body(name: str) -> Any:
    """The test itself, without upstream's wrapper that compares and skips."""
    return getattr(BaseTestGetters, name).__wrapped__


def _record(lab: Lab, leaf: str, test: str, case: str) -> None:
    transport = RecordingTransport(lab, leaf)
    device = RecordingDriver("leaf", "u", "p", transport=transport)
    device.open()
    runner = BaseTestGetters()
    runner.device = device
    try:
        result = body(test)(runner, case)
    except (AssertionError, NapalmException):
        print(f"{test}: not answered by this leaf, not recorded")  # noqa: T201 - a script
        return
    folder = DATA / test / case
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    transcript.write(folder / TRANSCRIPT, device.heard)
    for archive in transport.archives:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(folder / TREE, members=_configuration(tar), filter="data")
    text = json.dumps(result, indent=2, sort_keys=True)
    (folder / "expected_result.json").write_text(text + "\n")
    print(f"{test}: recorded")  # noqa: T201 - a script


def _configuration(tar: tarfile.TarFile) -> list[tarfile.TarInfo]:
    return [one for one in tar if one.isfile() and "/interfaces" in one.name]


def _shell(lab: Lab, leaf: str, script: str) -> str:
    return lab.exec_leaf(leaf, ["sh", "-c", script], check=True).stdout


def main() -> None:
    """Record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]  # it has one
    parser.add_argument("lab", help="name of a lab that is up")
    parser.add_argument("--leaf", default="03")
    parser.add_argument("--case", default="lab_leaf")
    parser.add_argument("--as-it-is", action="store_true", help="do not prepare the leaf")
    parser.add_argument("tests", nargs="*", help="names of upstream's tests; all when none")
    arguments = parser.parse_args()
    if not conftest.NAPALM_TEST_MOCK:
        raise SystemExit("Unset NAPALM_TEST_MOCK to record.")
    lab = Lab(arguments.lab)
    with nullcontext() if arguments.as_it_is else prepared(partial(_shell, lab, arguments.leaf)):
        for test in arguments.tests or suite.tests():
            if suite.method_of(test) not in suite.NOT_IMPLEMENTED:
                _record(lab, arguments.leaf, test, arguments.case)


if __name__ == "__main__":
    main()
