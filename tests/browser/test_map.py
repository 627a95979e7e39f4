"""The map in a real browser: what is on it, and how a person works with it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from selenium.webdriver.common.keys import Keys

from runbooks.output.placement import PlacedHypervisor
from tests.browser.conftest import PHONE, Browser
from tests.unit.runbooks.output import fleets

pytestmark = pytest.mark.browser

SEVENTH = "#switch-swt-sn2100-07"


@pytest.fixture
def forty(browser: Browser) -> Browser:
    fleet = fleets.forty()
    browser.open(fleet, fleets.placed(fleet))
    return browser


def type_filter(browser: Browser, text: str) -> None:
    field = browser.one("#filter")
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(Keys.BACKSPACE, text)
    browser.script("return new Promise((done) => setTimeout(done, 30))")


def names(browser: Browser) -> list[str]:
    return browser.seen(".tile .name")


def focused(browser: Browser) -> str:
    return str(browser.script("return document.activeElement.innerText")).split("\n")[0]


# --- what is on it ----------------------------------------------------------------------------


def test_a_tile_for_each_switch_by_rack(forty: Browser) -> None:
    assert names(forty) == [f"swt-sn2100-{n:02}" for n in range(1, 41)]
    assert forty.seen(".rack h2") == [f"R{n} 4 switches" for n in range(1, 11)]
    assert [len(names) for names in (forty.find(".rack:last-child .tile"),)] == [4]


def test_forty_are_on_one_screen(forty: Browser) -> None:
    assert forty.script("return document.documentElement.scrollHeight") <= 900
    boxes = forty.script(
        "return [...document.querySelectorAll('.tile')].map((t) => t.getBoundingClientRect())"
    )
    assert max(box["bottom"] for box in boxes) <= 900
    # Nothing that matters is cut off.
    cut = forty.script(
        "return [...document.querySelectorAll('.tile .what, .tile .under, .tile .name')]"
        ".filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.innerText)"
    )
    assert cut == []


def test_states_differ_in_colour_symbol_and_word(forty: Browser) -> None:
    tiles = forty.script(
        "return [...document.querySelectorAll('.tile')].map((t) => ["
        " t.dataset.status, t.querySelector('use').getAttribute('href'),"
        " t.querySelector('.sr').textContent, getComputedStyle(t.querySelector('.mark')).color,"
        " getComputedStyle(t.querySelector('a')).backgroundColor])"
    )
    found = Counter(tuple(tile) for tile in tiles)
    assert len(found) == 4
    assert {(key[0], key[1]): number for key, number in found.items()} == {
        ("ok", "#i-ok"): 33,
        ("warning", "#i-warning"): 3,
        ("critical", "#i-critical"): 2,
        ("unknown", "#i-unknown"): 2,
    }
    for column in range(5):
        assert len({key[column] for key in found}) == 4
    shapes = set(
        forty.script("return [...document.querySelectorAll('symbol')].map((s) => s.innerHTML)")
    )
    assert len(shapes) == 4, "the symbols must differ in their outline, not only in colour"


def test_the_head_tells_the_outcome(forty: Browser) -> None:
    assert forty.seen("h1") == ["Gateway VIPs RAL CRITICAL"]
    assert forty.seen(".counts button") == ["2 critical", "3 warning", "2 unknown", "33 OK"]
    when = forty.seen(".when")[0]
    assert "40 switches" in when
    assert "75 of 76 VIPs present" in when
    assert "checked 2026-11-22 17:31:00 UTC" in when
    assert forty.driver.title.startswith("CRITICAL: 2 of 40 switches critical")


@pytest.mark.parametrize(
    ("minutes", "told", "stale"),
    [(0, "(just now)", False), (5, "(5 min ago)", False), (180, "(3 h ago)", True)],
)
def test_the_head_tells_the_age(browser: Browser, minutes: int, told: str, stale: bool) -> None:
    fleet = fleets.healthy()
    at = datetime.now(timezone.utc) - timedelta(minutes=minutes, seconds=5)
    browser.open(type(fleet)(at, fleet.switches))
    assert browser.seen("#age") == [told]
    assert browser.script("return document.documentElement.classList.contains('stale')") is stale


def test_what_concerns_the_fleet_stands_above(forty: Browser) -> None:
    assert forty.seen(".fleet li b") == ["vip-mac-differs", "routing-model"]
    forty.find(".fleet a")[1].click()
    details = forty.seen("#fleet")[0]
    for finding in (fleets.ASYMMETRIC, fleets.MAC_DIFFERS):
        assert finding.evidence in details
        assert finding.remedy in details


def test_small_fleets_show_what_is_under_each_leaf(browser: Browser) -> None:
    fleet = fleets.one_down()
    browser.open(fleet, fleets.placed(fleet))
    third = browser.seen(".tile")[2]
    for text in ("130.246.212.1/22 absent", "130.246.216.1/22 vlan454-v0", "hv03a.nubes"):
        assert text in third
    assert "7 VMs" in third
    assert "silent" not in third


def test_a_switch_that_was_not_asked_says_so(browser: Browser) -> None:
    browser.open(fleets.forty(), fragment="#switch-swt-sn2100-18")
    text = browser.seen(".detail.open")[0]
    assert "UNKNOWN" in text
    assert "could not be checked" in text
    assert fleets.UNREACHABLE.evidence in text


# --- filter and toggles -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("sn2100-07", ["swt-sn2100-07"]),
        ("10.5.0.24", ["swt-sn2100-23"]),
        ("VM-0612", ["swt-sn2100-07"]),
        ("hv31c", ["swt-sn2100-31"]),
        ("commented", ["swt-sn2100-12", "swt-sn2100-29"]),
        ("kim@desk", ["swt-sn2100-29"]),
        ("0a:11:22:33:44:55", ["swt-sn2100-23"]),
        ("130.246.212.9/22", ["swt-sn2100-07"]),
        ("rp-filter  r9", ["swt-sn2100-36"]),
        ("r10", [f"swt-sn2100-{n}" for n in range(37, 41)]),
        ("no such thing", []),
    ],
)
def test_the_filter_finds(forty: Browser, text: str, found: list[str]) -> None:
    type_filter(forty, text)
    assert names(forty) == found
    assert len(forty.seen(".rack")) == len({(int(name[-2:]) + 3) // 4 for name in found})
    assert forty.seen("#shown") == [f"{len(found)} of 40 switches shown"]
    assert bool(forty.seen("#none")) is not bool(found)


def test_the_filter_finds_every_leaf_of_a_vip_and_the_fleet_s_findings(forty: Browser) -> None:
    type_filter(forty, "130.246.216.1/22")
    assert len(names(forty)) == 38, "the two that could not be asked have none"
    type_filter(forty, "routing-model")
    assert len(forty.seen(".fleet li")) == 1
    type_filter(forty, "")
    assert len(names(forty)) == 40
    assert len(forty.seen(".fleet li")) == 2
    assert forty.seen("#shown") == []


def test_the_filter_can_be_cleared(forty: Browser) -> None:
    type_filter(forty, "nothing like it")
    forty.one("#clear").click()
    assert len(names(forty)) == 40
    assert forty.script("return document.activeElement.id") == "filter"
    type_filter(forty, "vm-0612")
    forty.one("#filter").send_keys(Keys.ESCAPE)
    assert len(names(forty)) == 40


def test_what_was_looked_for_is_marked(forty: Browser) -> None:
    type_filter(forty, "vm-0612")
    forty.find(".tile:not(.out) a")[0].click()
    assert forty.seen(".hit") == ["vm-0612"]
    box = forty.script("return document.querySelector('.hit').getBoundingClientRect()")
    assert 0 < box["top"] < box["bottom"] <= 900


def test_toggles_show_only_their_states(forty: Browser) -> None:
    critical, warning, _, fine = forty.find(".counts button")
    critical.click()
    assert names(forty) == ["swt-sn2100-07", "swt-sn2100-23"]
    assert critical.get_attribute("aria-pressed") == "true"
    assert [len(forty.seen(".rack")), len(forty.seen(".fleet li"))] == [2, 1]
    warning.click()
    assert len(names(forty)) == 5
    type_filter(forty, "rp-filter")
    assert names(forty) == ["swt-sn2100-07", "swt-sn2100-36"]
    type_filter(forty, "")
    critical.click()
    warning.click()
    assert len(names(forty)) == 40
    fine.click()
    assert len(names(forty)) == 33


# --- details ----------------------------------------------------------------------------------


def test_a_click_opens_the_details(forty: Browser) -> None:
    assert forty.seen(".detail") == []
    forty.one(f".tile a[href='{SEVENTH}']").click()
    [text] = forty.seen(".detail")
    health = fleets.forty().switches[6]
    for finding in health.findings:
        for part in (finding.check, finding.evidence, finding.remedy, finding.subject):
            assert part in text
    for record in health.vips:
        assert f"{record.vip}/{record.prefix_length}" in text
        for part in (record.mac, str(record.vni), record.device, record.own[0]):
            assert part in text
    assert "1 of 2 present" in text
    assert "hv07d.nubes.example.internal on swp1s3" in text
    assert "Whether a VM answers is not known" in text
    assert "silent" not in text
    forty.one("#close").click()
    assert forty.seen(".detail") == []
    assert focused(forty) == "swt-sn2100-07"


def test_a_mac_that_is_not_the_configured_one_is_told(browser: Browser) -> None:
    health = fleets.leaf(1)
    wrong = replace(health.vips[0], actual_mac="0a:11:22:33:44:55")
    browser.open(fleets.fleet_of(replace(health, vips=(wrong,))), fragment="#switch-swt-sn2100-01")
    assert browser.seen(".detail dd em") == ["but the kernel has 0a:11:22:33:44:55"]


def test_details_open_and_close_by_keyboard(forty: Browser) -> None:
    body = forty.one("body")
    body.send_keys("/")
    assert forty.script("return document.activeElement.id") == "filter"
    type_filter(forty, "sn2100-2")
    for _ in range(2):  # the theme's button, then the first tile: no fleet finding is left
        forty.driver.switch_to.active_element.send_keys(Keys.TAB)
    while not focused(forty).startswith("swt-"):
        forty.driver.switch_to.active_element.send_keys(Keys.TAB)
    assert focused(forty) == "swt-sn2100-20"
    forty.driver.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    assert focused(forty) == "swt-sn2100-21"
    forty.driver.switch_to.active_element.send_keys(Keys.ENTER)
    assert forty.seen(".detail h2") == ["swt-sn2100-21"]
    assert focused(forty) == "swt-sn2100-21"
    assert forty.script("return document.activeElement.tagName") == "H2"
    forty.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert forty.seen(".detail") == []
    assert focused(forty) == "swt-sn2100-21"
    assert forty.script("return document.activeElement.tagName") == "A"


def test_arrows_walk_over_the_map(forty: Browser) -> None:
    forty.script("document.querySelector('.tile a').focus()")
    walked = []
    for key in (Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_RIGHT, Keys.ARROW_UP, Keys.ARROW_LEFT):
        forty.driver.switch_to.active_element.send_keys(key)
        walked.append(focused(forty)[-2:])
    assert walked == ["02", "03", "04", "03", "02"]


def test_a_focus_can_be_seen(forty: Browser) -> None:
    forty.one("#filter").send_keys(Keys.TAB)
    assert forty.script("return getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_back_and_links_to_a_switch_work(forty: Browser) -> None:
    forty.one(f".tile a[href='{SEVENTH}']").click()
    forty.one(".tile a[href='#switch-swt-sn2100-08']").click()
    assert forty.seen(".detail h2") == ["swt-sn2100-08"]
    forty.driver.back()
    assert forty.seen(".detail h2") == ["swt-sn2100-07"]
    forty.driver.back()
    assert forty.seen(".detail h2") == []
    forty.open(fleets.forty(), fragment=SEVENTH)
    assert forty.seen(".detail h2") == ["swt-sn2100-07"]


def test_the_open_tile_is_beside_the_panel_not_below(forty: Browser) -> None:
    forty.one(".tile a[href='#switch-swt-sn2100-40']").click()
    tile = forty.script("return document.querySelector('[aria-current]').getBoundingClientRect()")
    panel = forty.script("return document.querySelector('#details').getBoundingClientRect()")
    assert tile["right"] <= panel["left"]
    assert 0 <= tile["top"] < tile["bottom"] <= 900


# --- looks ------------------------------------------------------------------------------------


def brightness(colour: str) -> float:
    numbers = [float(part) for part in colour.strip("rgba()").split(",")[:3]]
    linear = [(n / 255 / 12.92) if n <= 10 else ((n / 255 + 0.055) / 1.055) ** 2.4 for n in numbers]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_dark_where_dark_is_preferred_and_by_the_switch(forty: Browser) -> None:
    assert brightness(forty.style("body", "backgroundColor")) > 0.8
    forty.prefer("dark")
    assert brightness(forty.style("body", "backgroundColor")) < 0.02
    theme = forty.one("#theme")
    assert theme.text == "Theme: auto"
    theme.click()
    assert theme.text == "Theme: light"
    assert brightness(forty.style("body", "backgroundColor")) > 0.8
    theme.click()
    assert theme.text == "Theme: dark"
    forty.prefer("light")
    assert brightness(forty.style("body", "backgroundColor")) < 0.02
    forty.driver.refresh()
    assert forty.one("#theme").text == "Theme: dark", "the choice is kept"
    forty.one("#theme").click()
    assert brightness(forty.style("body", "backgroundColor")) > 0.8


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_is_readable_on_its_ground(forty: Browser, scheme: str) -> None:
    """Contrast of at least 4.5 to 1, as WCAG 2.2 AA demands of text."""
    forty.prefer(scheme)
    forty.one(f".tile a[href='{SEVENTH}']").click()
    forty.script("return new Promise((done) => setTimeout(done, 300))")
    pairs = forty.script(
        """
        const ground = (e) => {
          for (; e; e = e.parentElement) {
            const colour = getComputedStyle(e).backgroundColor;
            if (!/, 0\\)$|transparent/.test(colour)) return colour;
          }
        };
        return [...document.querySelectorAll('body *')].filter((e) => e.checkVisibility()
          && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
          .map((e) => [getComputedStyle(e).color, ground(e), e.innerText]);
        """
    )
    assert len(pairs) > 200
    poor = {
        (colour, ground, text)
        for colour, ground, text in pairs
        for bright, dim in [sorted((brightness(colour), brightness(ground)), reverse=True)]
        if (bright + 0.05) / (dim + 0.05) < 4.5
    }
    assert poor == set()


@pytest.mark.parametrize("fragment", ["", SEVENTH, "#fleet"])
def test_a_phone_scrolls_in_one_direction_only(browser: Browser, fragment: str) -> None:
    browser.resize(PHONE, scale=2)
    fleet = fleets.forty()
    browser.open(fleet, fleets.placed(fleet), fragment=fragment)
    assert browser.script("return window.innerWidth") == 360
    assert not browser.scrolls_sideways()
    assert browser.script("return document.querySelector('#details').scrollWidth") <= 360
    beyond = browser.script(
        "return [...document.querySelectorAll('body *')].filter((e) => e.checkVisibility()"
        " && !e.closest('.sprite, .sr, .line') && e.getBoundingClientRect().right > 360.5)"
        ".map((e) => e.outerHTML.slice(0, 80))"
    )
    assert beyond == []


@pytest.mark.parametrize("size", [(768, 1024), (1024, 768), (2560, 1440)])
def test_other_widths_need_no_sideways_scrolling(forty: Browser, size: tuple[int, int]) -> None:
    forty.resize(size)
    assert not forty.scrolls_sideways()
    forty.one(f".tile a[href='{SEVENTH}']").click()
    assert not forty.scrolls_sideways()


def test_racks_that_nobody_knows(browser: Browser) -> None:
    browser.open(fleets.fleet_of(*(fleets.leaf(n) for n in range(1, 21))))
    assert browser.seen(".rack h2") == ["All switches 20 switches"]
    columns = browser.script(
        "return new Set([...document.querySelectorAll('.tile')]"
        ".map((t) => t.getBoundingClientRect().left)).size"
    )
    assert columns >= 4
    browser.open(fleets.fleet_of(fleets.leaf(1), fleets.leaf(2)))
    left, right = browser.script(
        "return [...document.querySelectorAll('.tile')].map((t) => t.getBoundingClientRect())"
    )
    assert left["top"] == right["top"], "beside one another, where there is room"
    browser.open(fleets.fleet_of(fleets.leaf(1), fleets.leaf(2, "R1")))
    assert browser.seen(".rack h2") == ["R1 1 switch", "No rack known 1 switch"]


def test_no_switch_at_all_is_told(browser: Browser) -> None:
    browser.open(fleets.fleet_of())
    assert browser.seen(".tile") == []
    assert browser.driver.title.startswith("UNKNOWN: no switch was checked")
    assert "UNKNOWN" in browser.seen("h1")[0]


def test_a_hypervisor_that_only_openstack_knows(browser: Browser) -> None:
    fleet = fleets.fleet_of(fleets.leaf(1))
    placement = {fleets.name_of(1): (PlacedHypervisor("hv99", "", ()),)}
    browser.open(fleet, placement, fragment="#switch-swt-sn2100-01")
    text = browser.seen(".detail")[0]
    assert "hv99 No VM" in text
    assert "hv01a.nubes.example.internal on swp1s0 VMs were not asked for" in text
