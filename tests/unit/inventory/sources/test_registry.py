from __future__ import annotations

import pickle
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

from inventory.cached_sources import CachedUplink
from inventory.errors import SourceError, UnknownHypervisorError
from inventory.settings import MimicSettings, SourcesSettings
from inventory.site import open_site
from inventory.sources import plugins
from inventory.sources.memory_cache import TimedValue
from inventory.sources.mimic.source import MimicSource
from inventory.sources.plugins import UnknownSourceError
from inventory.sources.registry import SourceContext, make_uplink
from tests.unit.inventory.fakes import Fake


def own_source(_: SourceContext) -> Fake:
    return Fake()


def broken_source(_: SourceContext) -> Fake:
    raise KeyError("url")


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [
        EntryPoint("netdb", f"{__name__}:own_source", plugins.UPLINK_GROUP),
        EntryPoint("broken", f"{__name__}:broken_source", plugins.UPLINK_GROUP),
        EntryPoint("gone", "no_such_module_here:x", plugins.UPLINK_GROUP),
    ]
    monkeypatch.setattr(
        plugins, "entry_points", lambda group: EntryPoints(p for p in points if p.group == group)
    )


def context(uplink: str) -> SourceContext:
    return SourceContext(sources=SourcesSettings(uplink=uplink))


def test_ours_is_the_default() -> None:
    assert isinstance(make_uplink(SourceContext()), MimicSource)


@pytest.mark.usefixtures("installed")
def test_a_sites_own_source_is_found_by_its_entry_point() -> None:
    assert make_uplink(context("netdb")).system == "Fake"


@pytest.mark.usefixtures("installed")
def test_an_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(UnknownSourceError, match="broken, gone, mimic, netdb"):
        make_uplink(context("netbd"))


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("name", ["broken", "gone"])
def test_a_source_that_cannot_be_started_is_named(name: str) -> None:
    with pytest.raises(UnknownSourceError, match=f'"{name}".*cannot be started'):
        make_uplink(context(name))


def test_passwords_are_asked_for_only_where_a_user_is_set() -> None:
    asked: list[str] = []

    def password(name: str) -> str:
        asked.append(name)
        return "hush"

    made = SourceContext(sections=(MimicSettings(username="me"),), password=password)
    open_site(made, None)
    assert asked == ["openstack", "mimic"]
    assert "hush" not in repr(made)


def test_a_site_remembers_on_disk(tmp_path: Path) -> None:
    assert isinstance(open_site(SourceContext(), tmp_path).uplink, CachedUplink)
    assert list(tmp_path.iterdir()) == []


def test_a_memo_fetches_once_and_remembers_failure_for_less_long() -> None:
    now = [0.0]
    answers: list[int | SourceError] = [SourceError("X", "down."), 1, 2]

    def fetch() -> int:
        answer = answers.pop(0)
        if isinstance(answer, SourceError):
            raise answer
        return answer

    memo = TimedValue(fetch, keep=100, keep_failure=10, clock=lambda: now[0])
    for moment in (0.0, 9.0):
        now[0] = moment
        with pytest.raises(SourceError, match="X: down"):
            memo.get()
    seen = []
    for moment in (10.0, 109.0, 110.0):
        now[0] = moment
        seen.append(memo.get())
    assert seen == [1, 1, 2]


def test_errors_travel_between_processes() -> None:
    error = UnknownHypervisorError("Mimic", "it does not know hv1.", "Look.")
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.advice, copy.system, copy.sound) == (
        "Mimic: it does not know hv1.",
        "Look.",
        "Mimic",
        True,
    )
