"""The map where things are missing or hostile: paper, no scripts, foreign names, many leafs."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator

import pytest

from runbooks.output.map import to_html
from tasks.health.model import FleetHealth
from tests.browser.conftest import PHONE, Browser
from tests.unit.runbooks.output import fleets

pytestmark = pytest.mark.browser


def joined(text: str) -> str:
    return re.sub(r"\s+", "", text)


# --- paper ------------------------------------------------------------------------------------


def test_paper_shows_every_finding_vip_and_vm(browser: Browser) -> None:
    fleet = fleets.forty()
    placement = fleets.placed(fleet)
    browser.open(fleet, placement)
    paper = browser.printed()
    assert 5 < paper.pages < 60
    for finding in fleet.all_findings:
        for part in (finding.check, finding.evidence, finding.remedy, finding.subject):
            assert joined(part) in paper.text
    for health in fleet.switches:
        assert health.address in paper.text
        for record in health.vips:
            assert f"{record.vip}/{record.prefix_length}" in paper.text
        for placed in placement[health.switch]:
            assert placed.name in paper.text
            for vm in placed.vms or ():
                assert vm.name in paper.text
    assert paper.text.count("Whattodo") == len(fleet.all_findings), "each once"


def test_paper_shows_all_of_it_from_an_open_panel_in_the_dark_too(browser: Browser) -> None:
    fleet = fleets.one_down()
    browser.prefer("dark")
    browser.open(fleet, fragment="#switch-swt-sn2100-03")
    paper = browser.printed()
    for health in fleet.switches:
        assert health.address in paper.text
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert browser.style(".detail", "color") == "rgb(0, 0, 0)"
        assert browser.style(".detail", "backgroundColor") == "rgb(255, 255, 255)"
        clipped = browser.script(
            "return [...document.querySelectorAll('body *')].filter((e) => e.checkVisibility()"
            " && !e.closest('.sr') && ['auto', 'scroll', 'hidden'].includes("
            "getComputedStyle(e).overflowY) && e.scrollHeight > e.clientHeight + 1)"
            ".map((e) => e.outerHTML.slice(0, 80))"
        )
        assert clipped == []
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_paper_shows_what_was_filtered_and_says_so(browser: Browser) -> None:
    browser.open(fleets.forty())
    browser.find(".counts button")[0].click()
    paper = browser.printed()
    assert "2of40switchesshown" in paper.text
    assert "10.5.0.8·" in paper.text
    assert "10.5.0.9·" not in paper.text


# --- without scripts --------------------------------------------------------------------------


def test_it_reads_well_without_scripts(browser: Browser) -> None:
    fleet = fleets.forty()
    browser.scripting(on=False)
    browser.open(fleet, fleets.placed(fleet))
    assert len(browser.find(".tile")) == 40
    whole = joined(browser.one("body").text)
    for finding in fleet.all_findings:
        assert joined(finding.evidence) in whole
        assert joined(finding.remedy) in whole
    assert not browser.one("#filter").is_displayed(), "nothing that would not work"
    assert not browser.one("#close").is_displayed()
    assert all(not button.is_enabled() for button in browser.find(".counts button"))
    section = browser.one("#switch-swt-sn2100-40")
    assert section.is_displayed()
    browser.one(".tile a[href='#switch-swt-sn2100-40']").click()
    assert browser.driver.current_url.endswith("#switch-swt-sn2100-40")


# --- foreign names ----------------------------------------------------------------------------


def test_foreign_names_stay_text(browser: Browser) -> None:
    fleet = fleets.hostile()
    browser.open(fleet, fleets.hostile_placement())
    assert browser.driver.title.startswith("CRITICAL: 10 of 10 switches critical")
    assert len(browser.find(".tile")) == len(fleets.HOSTILE)
    assert browser.find("img, iframe, object, embed, base, form, [onerror], [onload]") == []
    assert len(browser.find("script")) == 1
    assert len(browser.find("style")) == 1
    assert len(browser.find("svg:not(.sprite):not(.mark)")) == 0
    texts = "\n".join(
        browser.script("return [...document.querySelectorAll('bdi')].map((b) => b.textContent)")
    )
    for text in ("</script><img src=x onerror=\"document.title='owned'\">", "{{ 7*7 }}{% raw %}"):
        assert text in texts
    assert "vm-\\u202egnp.exe" in texts, "nothing turns the direction of reading"
    links = browser.script("return [...document.links].map((a) => a.getAttribute('href'))")
    assert all(link.startswith("#") for link in links)


@pytest.mark.parametrize("size", [PHONE, (1440, 900)])
def test_long_names_break_nothing(browser: Browser, size: tuple[int, int]) -> None:
    browser.resize(size)
    fleet = fleets.hostile()
    browser.open(fleet, fleets.hostile_placement())
    assert not browser.scrolls_sideways()
    for leaf in browser.find(".tile a"):
        browser.script("location.hash = arguments[0].hash", leaf)
        browser.script("return new Promise((done) => setTimeout(done, 20))")
        assert len(browser.seen(".detail.open")) == 1
        panel = (
            "const d = document.querySelector('#details'); return d.scrollWidth <= d.clientWidth"
        )
        assert browser.script(panel)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A port of this machine that somebody's markup might call."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        yield server


def test_what_a_name_could_smuggle_in_would_not_run(
    browser: Browser, listener: socket.socket
) -> None:
    """The second wall: even markup that got in would meet the page's policy."""
    browser.open(fleets.healthy())
    browser.script(
        "document.body.insertAdjacentHTML('beforeend',"
        ' \'<img src=x onerror="document.title = 1"><svg onload="document.title = 2">'
        '<img src="http://127.0.0.1:9/leak"><style>body { color: red }</style>\')'
    )
    browser.script("return new Promise((done) => setTimeout(done, 200))")
    assert browser.driver.title.startswith("OK: ")
    assert browser.style("body", "color") != "rgb(255, 0, 0)"
    refused = [line for line in browser.complaints() if "Content Security Policy" in line]
    assert len(refused) >= 4
    with pytest.raises(BlockingIOError):  # nobody has called
        listener.accept()


def test_no_request_and_no_word_from_the_console(browser: Browser) -> None:
    fleet = fleets.forty()
    browser.open(fleet, fleets.placed(fleet), fragment="#fleet")
    time.sleep(0.3)
    assert all(url.startswith("data:image/svg+xml,") for url in browser.requests())
    assert browser.complaints() == []


# --- many -------------------------------------------------------------------------------------


def load_ms(browser: Browser) -> float:
    timing = browser.script(
        "const t = performance.getEntriesByType('navigation')[0]; return t.loadEventEnd"
    )
    return float(timing)


def test_a_thousand_leafs_are_there_soon_and_filter_at_once(browser: Browser) -> None:
    fleet = fleets.big(1000)
    placement = fleets.placed(fleet)
    assert len(to_html(fleet, placement=placement).encode()) < 6_000_000
    browser.open(fleet, placement)
    assert load_ms(browser) < 10_000
    assert len(browser.find(".tile")) == 1000
    took = browser.script(
        "const began = performance.now(); const f = document.getElementById('filter');"
        "f.value = 'vm-49900'; f.dispatchEvent(new Event('input'));"
        "return new Promise((done) => setTimeout(() => requestAnimationFrame(() => "
        "done(performance.now() - began)), 121))"
    )
    assert took < 5_000
    [switch] = [
        name
        for name, hypervisors in placement.items()
        if any(vm.name == "vm-49900" for placed in hypervisors for vm in placed.vms or ())
    ]
    assert browser.seen(".tile .name") == [switch.removesuffix(f".{fleets.DOMAIN}")]


def test_ids_are_the_same_in_every_map_and_never_twice(browser: Browser) -> None:
    hostile: FleetHealth = fleets.hostile()
    for fleet in (fleets.big(50), hostile):
        browser.open(fleet)
        ids = browser.script("return [...document.querySelectorAll('[id]')].map((e) => e.id)")
        assert len(ids) == len(set(ids))
