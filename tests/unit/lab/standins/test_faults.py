from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from flask.testing import FlaskClient

from lab.standins import Faults, UnknownFaultError, list_faults
from lab.topology.default import Topology
from tests.unit.lab.standins.conftest import Site


def test_every_fault_is_a_sentence() -> None:
    listed = list_faults()
    assert set(listed) == {"mimic", "subnet-page", "openstack", "observium"}
    for faults in listed.values():
        for name, sentence in faults.items():
            assert name == name.lower()
            assert sentence.endswith(".")


def test_the_file_is_read_at_every_request(tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    faults = Faults(path)
    assert faults.active("mimic") == frozenset()
    path.write_text('{"mimic": "aquilon-down", "openstack": ["not-admin", "slow"]}')
    assert faults.active("mimic") == {"aquilon-down"}
    assert faults.active("openstack") == {"not-admin", "slow"}
    assert faults.active("subnet-page") == frozenset()
    path.write_text("{}")
    assert faults.active("mimic") == frozenset()


@pytest.mark.parametrize("text", ["{", "[]", '{"mimic": 3}', '{"mimic": "aquilon-don"}'])
def test_an_unusable_file_is_an_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "faults.json"
    path.write_text(text)
    with pytest.raises(UnknownFaultError):
        Faults(path).active("mimic")


def test_an_unknown_fault_is_said_and_not_passed_over(
    mimic: FlaskClient, faults: dict[str, object]
) -> None:
    faults["mimic"] = "aquilon-don"
    answer = mimic.get("/views/view-cloud-openstack.php")
    assert answer.status_code == 500
    assert "aquilon-don" in answer.text
    assert "aquilon-down" in answer.text


def test_an_unknown_variant_is_said(mimic: FlaskClient, faults: dict[str, object]) -> None:
    faults["mimic-variant"] = "v1999"
    assert "v1999" in mimic.get("/views/view-cloud-openstack.php").text


def test_hang_ends_with_the_clients_patience_and_stop_with_the_fault(site: Site) -> None:
    site.faults["mimic"] = "hang"
    with pytest.raises(requests.ReadTimeout):
        requests.get(site.standins.mimic_url, timeout=0.3)
    site.faults.clear()
    assert requests.get(site.standins.mimic_url, timeout=60).status_code == 200


def test_refused_cuts_the_connection(site: Site) -> None:
    site.faults["subnet-page"] = "refused"
    with pytest.raises(requests.ConnectionError):
        requests.get(site.standins.subnet_page_url, timeout=60)


def test_slow_takes_its_time(site: Site) -> None:
    site.faults["mimic"] = "slow"
    started = time.monotonic()
    assert requests.get(site.standins.mimic_url, timeout=60).status_code == 200
    assert time.monotonic() - started >= 3


def test_the_program_serves_until_it_is_told_to_end(tmp_path: Path, topology: Topology) -> None:
    topology_file = tmp_path / "topology.json"
    topology_file.write_text(topology.to_json())
    faults_file = tmp_path / "faults.json"
    program = [sys.executable, "-m", "lab.standins", "--local", "--topology", str(topology_file)]
    with subprocess.Popen(
        [*program, "--faults", str(faults_file), "--log", str(tmp_path / "log")],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        words = process.stderr.readline().split()
        url = words[words.index("mimic") + 1]
        view = f"{url}views/view-cloud-openstack.php"
        assert "infrastructure" in requests.get(view, timeout=60).json()
        faults_file.write_text(json.dumps({"mimic": "nothing-matches"}))
        assert requests.get(view, timeout=60).json() == {"config": {"clickable": True}}
        faults_file.write_text(json.dumps({"mimic": "hang"}))
        with pytest.raises(requests.ReadTimeout):
            requests.get(view, timeout=0.2)
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    assert "view-cloud-openstack.php" in (tmp_path / "log").read_text()


def test_the_program_says_why_it_cannot_listen(tmp_path: Path, topology: Topology) -> None:
    topology_file = tmp_path / "topology.json"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        text = json.loads(topology.to_json())
        for service in text["services"]:
            service.update(address="127.0.0.1", port=port)
        topology_file.write_text(json.dumps(text))
        done = subprocess.run(
            [sys.executable, "-m", "lab.standins", "--topology", str(topology_file)],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert done.returncode == 1
    assert f"mimic cannot listen on 127.0.0.1:{port}" in done.stderr


def test_the_program_lists_its_faults() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lab.standins", "--list-faults"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert "mimic\taquilon-down\t" in done.stdout
