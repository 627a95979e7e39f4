from __future__ import annotations

import io
from pathlib import Path

import keyring
import pytest

from nornir_config.secrets import SecretError, get_secret


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "VIPKEEPER_SSH_PASSWORD", "VIPKEEPER_SSH_PASSWORD_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(keyring, "get_password", lambda *_: None)


def secret_file(tmp_path: Path, mode: int) -> Path:
    path = tmp_path / ".config/vipkeeper/secrets/ssh_password"
    path.parent.mkdir(parents=True)
    path.write_text("from the file\n")
    path.chmod(mode)
    return path


def test_nowhere_is_none() -> None:
    assert get_secret("ssh_password", use_keyring=True, prompt="Password: ") is None


def test_the_environment_is_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret_file(tmp_path, 0o644)
    monkeypatch.setenv("VIPKEEPER_SSH_PASSWORD", "from the environment")
    found = get_secret("ssh_password")
    assert found is not None
    assert found.get_secret_value() == "from the environment"
    assert "environment" not in f"{found} {found!r}"


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_private_file_is_read(tmp_path: Path, mode: int) -> None:
    secret_file(tmp_path, mode)
    found = get_secret("ssh_password")
    assert found is not None
    assert found.get_secret_value() == "from the file"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_a_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = secret_file(tmp_path, mode)
    with pytest.raises(SecretError, match=f"open to others .mode {mode:o}") as error:
        get_secret("ssh_password")
    assert f"chmod 600 {path}" in error.value.advice
    assert "from the file" not in str(error.value)


def test_a_file_of_somebody_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = secret_file(tmp_path, 0o600)
    other = path.stat().st_uid + 1
    monkeypatch.setattr("os.geteuid", lambda: other)
    with pytest.raises(SecretError, match="not to you"):
        get_secret("ssh_password")


def test_a_named_file_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIPKEEPER_SSH_PASSWORD_FILE", str(tmp_path / "gone"))
    with pytest.raises(SecretError, match="is not there"):
        get_secret("ssh_password")


def test_the_keyring_only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "get_password", lambda service, name: f"{service}/{name}")
    assert get_secret("ssh_password") is None
    found = get_secret("ssh_password", use_keyring=True)
    assert found is not None
    assert found.get_secret_value() == "vipkeeper/ssh_password"


def test_the_terminal_is_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda prompt: f"typed at {prompt}")
    found = get_secret("ssh_password", prompt="Password: ")
    assert found is not None
    assert found.get_secret_value() == "typed at Password: "
