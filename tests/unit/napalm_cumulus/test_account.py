from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from napalm_cumulus import account
from napalm_cumulus.commit import transaction
from napalm_cumulus.config.configuration import Configuration
from napalm_cumulus.config.snapshot import Snapshot

ME = pwd.getpwuid(os.geteuid()).pw_name


@pytest.fixture(autouse=True)
def nobody_logged_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """As in a container: no audit session, no terminal, nobody's sudo."""
    login_uid = tmp_path / "loginuid"
    login_uid.write_text(str(2**32 - 1))

    def no_terminal() -> str:
        raise OSError(6, "No such device or address")

    monkeypatch.setattr(account, "_LOGIN_UID", login_uid)
    monkeypatch.setattr("os.getlogin", no_terminal)
    monkeypatch.delenv("SUDO_UID", raising=False)
    return login_uid


def test_who_is_the_account_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME", "SUDO_USER"):
        monkeypatch.setenv(name, "mallory")
    assert account.who().startswith(f"{ME}@")
    files = Configuration({"/etc/network/interfaces": "auto lo\n"})
    plan = transaction.plan(Snapshot(files, None, {}, ()), files, revert_in=60)
    assert plan.owner.startswith(f"{ME}@")


def test_the_login_stands_beside_the_account(nobody_logged_in: Path) -> None:
    nobody_logged_in.write_text(str(pwd.getpwnam("daemon").pw_uid))
    assert account.who().startswith(f"{ME} (login daemon)@")


def test_root_believes_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_UID", str(pwd.getpwnam("daemon").pw_uid))
    monkeypatch.setenv("SUDO_USER", "mallory")  # the number is what counts
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert account.who().startswith("root (login daemon)@")


def test_nobody_else_believes_sudos_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_UID", "0")
    monkeypatch.setattr("os.geteuid", lambda: pwd.getpwnam("daemon").pw_uid)
    assert account.who().startswith("daemon@")


def test_the_terminals_login_is_the_last_resort(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getlogin", lambda: "alice")
    assert account.login() == "alice"


def test_an_account_without_a_name_is_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 54321)
    assert account.account() == "54321"
