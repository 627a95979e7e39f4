from __future__ import annotations

from pathlib import Path

import pytest

from nornir_config.settings import SettingsError, find_settings_file, load_settings


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory and a home without settings."""
    for name in ("VIPKEEPER_CONFIG", "VIPKEEPER_LAB"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.chdir(tmp_path)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_file_is_read_and_defaults_fill_it(tmp_path: Path) -> None:
    write(tmp_path / "vipkeeper.toml", "workers = 3\n[mimic]\nurl = 'http://10.5.0.10'\n")
    settings = load_settings()
    assert (settings.workers, settings.mimic.url) == (3, "http://10.5.0.10")
    assert settings.heal.revert_in == 60
    assert settings.file == Path("vipkeeper.toml")


def test_the_order_of_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_home = write(tmp_path / "home/.config/vipkeeper/vipkeeper.toml", "workers = 2\n")
    assert find_settings_file() == at_home
    write(tmp_path / "vipkeeper.toml", "workers = 3\n")
    assert load_settings().workers == 3
    monkeypatch.setenv("VIPKEEPER_CONFIG", str(write(tmp_path / "named.toml", "workers = 4\n")))
    assert load_settings().workers == 4
    assert load_settings(write(tmp_path / "given.toml", "workers = 5\n")).workers == 5


def test_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "vipkeeper.toml", "[mimic]\nurl = 'http://file'\nparallel = 2\n")
    monkeypatch.setenv("VIPKEEPER_MIMIC__URL", "http://environment")
    settings = load_settings()
    assert settings.mimic.url == "http://environment"
    assert settings.mimic.parallel == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[mimic]\nulr = 'x'\n", r"unknown key mimic\.ulr \(did you mean mimic\.url\?"),
        ("[mimik]\nurl = 'x'\n", r"unknown key mimik \(did you mean mimic\?"),
        ("wrokers = 3\n", r"unknown key wrokers \(did you mean workers\?"),
        ("[ssh]\nxyzzy = 1\n", r"unknown key ssh\.xyzzy \(known: username, port"),
        ("workers = 3\nworkers\n", "is not TOML.*line 2"),
        ("workers = 0\n", "workers: Input should be greater than or equal to 1"),
        ("[ssh]\nport = 'ssh'\n", r"ssh\.port: Input should be a valid integer"),
        ("mimic = 3\n", "mimic: Input should be"),
    ],
)
def test_a_wrong_file_is_one_sentence_that_names_it(tmp_path: Path, text: str, said: str) -> None:
    path = write(tmp_path / "vipkeeper.toml", text)
    with pytest.raises(SettingsError, match=said) as error:
        load_settings()
    assert path.name in str(error.value)
    assert error.value.exit_code == 2


def test_a_value_is_never_shown(tmp_path: Path) -> None:
    write(tmp_path / "vipkeeper.toml", "[ssh]\nport = 'hunter2'\n")
    with pytest.raises(SettingsError) as error:
        load_settings()
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize("name", ["VIPKEEPER_MIMIC__ULR", "VIPKEEPER_MIMIK__URL"])
def test_an_unknown_variable_is_an_error(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "x")
    with pytest.raises(SettingsError, match=f"environment variable {name}: unknown key"):
        load_settings()


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIPKEEPER_SSH__PORT", "many")
    with pytest.raises(SettingsError, match="environment variable VIPKEEPER_SSH__PORT"):
        load_settings()


def test_a_section_in_a_variable_must_be_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIPKEEPER_SSH", "secret words")
    with pytest.raises(SettingsError, match="not JSON"):
        load_settings()


def test_a_named_file_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match=r"gone\.toml is not there"):
        load_settings(tmp_path / "gone.toml")
    monkeypatch.setenv("VIPKEEPER_CONFIG", str(tmp_path / "gone.toml"))
    with pytest.raises(SettingsError, match=r"gone\.toml is not there"):
        load_settings()


def test_a_directory_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "vipkeeper.toml").mkdir()
    with pytest.raises(SettingsError, match="cannot be read: Is a directory"):
        load_settings()


def test_without_a_file_only_the_sources_are_missing() -> None:
    settings = load_settings()
    assert settings.file is None
    with pytest.raises(SettingsError, match="no settings file was found; looked at vipkeeper"):
        settings.require_site()


def test_the_environment_may_stand_for_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIPKEEPER_MIMIC__URL", "http://10.5.0.10")
    load_settings().require_site()


def test_paths_are_beside_the_file_or_at_home(tmp_path: Path) -> None:
    path = write(
        tmp_path / "etc/vipkeeper.toml",
        "[ssh]\nkey_file = 'keys/id'\nknown_hosts = '~/known'\n[paths]\naudit = '/var/audit'\n",
    )
    settings = load_settings(path)
    assert settings.ssh.key_file == tmp_path / "etc/keys/id"
    assert settings.ssh.known_hosts == tmp_path / "home/known"
    assert settings.paths.audit == Path("/var/audit")


@pytest.mark.parametrize(
    "text",
    [
        "workers = " + "9" * 5000,
        "x = " + "[" * 20_000,
        "x = " + "{a=" * 20_000,
        "[" + "a." * 3000 + "a]",
        "[paths]\ncache = '~nosuchuser/x'",
        "[mimic]\ntimeout = inf",
        "[mimic]\ntimeout = nan",
        "[mimic]\ntimeout = 1e300",
        "[ssh]\nport = 99999999999999999999",
        "[ssh]\nconnect_timeout = 1e12",
        "[openstack]\ndeadline = inf",
    ],
    ids=range(11),
)
def test_settings_without_measure_are_a_sentence(tmp_path: Path, text: str) -> None:
    file = tmp_path / "vipkeeper.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_settings(file)
    assert caught.value.advice


@pytest.mark.parametrize("value", ["[" * 100_000, '{"a":' * 100_000, "9" * 5000])
def test_a_section_in_the_environment_without_measure(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("VIPKEEPER_MIMIC", value)
    with pytest.raises(SettingsError):
        load_settings()


def test_a_settings_file_in_the_home_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match="nosuchuser"):
        load_settings(Path("~nosuchuser/vipkeeper.toml"))
    monkeypatch.setenv("VIPKEEPER_CONFIG", "~nosuchuser/vipkeeper.toml")
    with pytest.raises(SettingsError, match="nosuchuser"):
        load_settings()
