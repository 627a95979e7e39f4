"""NAPALM's two suites on a live leaf, run as a user would: over SSH, from the operator's seat."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from napalm.base.exceptions import CommandErrorException
from napalm.base.test import base

from lab.lab import Lab
from lab.machine.shell import wait_until
from tests.lab.switch import ADDRESS, PATIENCE, LeafUnderTest
from tests.unit.napalm_cumulus.conformance import suite
from tests.unit.napalm_cumulus.conformance.prepare import prepared

HERE = Path(__file__).parent / "upstream"
ROOT = HERE.parents[2]
GETTERS = [
    "test_method_signatures",
    *(
        test
        for test in suite.tests()
        if suite.method_of(test) not in suite.NOT_IMPLEMENTED
        and test not in suite.NOT_ON_A_LAB_LEAF
    ),
]
CONFIG = [name for name in vars(base.TestConfigNetworkDriver) if name.startswith("test_")]

#: What upstream's suite asks for by name.
LEAKED = ("1.0.4.0/24", "1.0.4.0/25")
Results = dict[str, str]


def run_suite(lab: Lab, file: str, report: Path) -> tuple[Results, str]:
    """Each test's outcome ("" is good) and the output of pytest."""
    seat = lab.seat
    optional_args = {
        "known_hosts_file": str(seat.known_hosts),
        "ssh_config_file": "/dev/null",
        "key_file": str(seat.key_file),
        "use_agent": False,
    }
    environment = {
        "NAPALM_TEST_MOCK": "0",
        "NAPALM_HOSTNAME": ADDRESS["03"],
        "NAPALM_USERNAME": "root",
        "NAPALM_PASSWORD": "",
        "NAPALM_OPTIONAL_ARGS": json.dumps(optional_args),
    }
    # Upstream's tests return what they got, which pytest warns of.
    options = ["-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestReturnNotNoneWarning"]
    done = subprocess.run(
        lab.seat.command(
            [sys.executable, "-m", "pytest", *options, f"--junitxml={report}", str(HERE / file)]
        ),
        env=seat.environment() | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert report.exists(), done.stdout + done.stderr
    results = {}
    for case in ET.parse(report).iter("testcase"):
        bad = [kind for kind in ("failure", "error", "skipped") if case.find(kind) is not None]
        name = (case.get("name") or "").partition("[")[0]
        results[name] = "\n".join("".join(case.find(kind).itertext()) for kind in bad)  # type: ignore[union-attr]  # found above
    return results, done.stdout


def leaked_routes(lab: Lab) -> set[str]:
    said = lab.exec_leaf("03", ["ip", "route", "show", "proto", "bgp"]).stdout
    return {line.split()[0] for line in said.splitlines()} & set(LEAKED)


@pytest.fixture(scope="module")
def leaked(lab: Lab) -> Iterator[None]:
    """Routes that FRR has by BGP; what stands in the kernel as one of BGP's it passes over."""
    for prefix in LEAKED:
        lab.leak(prefix)
    assert wait_until(lambda: LEAKED[-1] in leaked_routes(lab), timeout=PATIENCE)
    yield
    for prefix in LEAKED:
        lab.leak(prefix, withdraw=True)
    # Whoever comes next compares the whole table before and after.
    assert wait_until(lambda: not leaked_routes(lab), timeout=PATIENCE)


@pytest.fixture(scope="module")
def getters(lab: Lab, leaked: None, tmp_path_factory: pytest.TempPathFactory) -> Results:
    def sh(script: str) -> str:
        return lab.exec_leaf("03", ["sh", "-c", script], check=True).stdout

    with prepared(sh):
        results, output = run_suite(
            lab, "live_getters.py", tmp_path_factory.mktemp("getters") / "report.xml"
        )
    sys.stdout.write(output.splitlines()[-1])
    return results


@pytest.fixture(scope="module")
def config(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Results:
    report = tmp_path_factory.mktemp("config") / "report.xml"
    results, output = run_suite(lab, "live_config.py", report)
    sys.stdout.write(output.splitlines()[-1])
    return results


@pytest.mark.parametrize("test", GETTERS)
def test_getters(getters: Results, test: str) -> None:
    assert getters[test] == ""


def test_no_other_getter_ran(getters: Results) -> None:
    assert sorted(getters) == sorted(GETTERS)


@pytest.mark.parametrize("test", CONFIG)
def test_configuration(config: Results, test: str) -> None:
    assert config[test] == ""


def test_what_is_left_out_live_answers_rightly(leaf: LeafUnderTest) -> None:
    driver = leaf.driver()
    rightly: dict[str, Callable[[], bool]] = {
        "test_get_ntp_stats": lambda: driver.get_ntp_stats() == [],
        "test_traceroute": lambda: "not found" in driver.traceroute("10.5.0.250")["error"],
    }
    for test, check in rightly.items():
        assert check(), test
    with pytest.raises(CommandErrorException, match=r"no VRF 'TEST'\. It has: default"):
        driver.get_arp_table(vrf="TEST")
    assert {*rightly, "test_get_arp_table_with_vrf"} == set(suite.NOT_ON_A_LAB_LEAF)
