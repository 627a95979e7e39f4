"""A real Chromium without a window, and the map's pages in it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from runbooks.output.map import to_html
from runbooks.output.placement import Placement
from tasks.health.model import FleetHealth
from tests.browser import pdf

CHROMIUM = "/usr/bin/chromium"
CHROMEDRIVER = "/usr/bin/chromedriver"
FLAGS = (
    "--headless=new",
    "--no-sandbox",  # tests run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
DESK = (1440, 900)
PHONE = (360, 740)


@dataclass
class Browser:
    """The browser, and what a test does with it."""

    driver: Chrome
    directory: Path

    def resize(self, size: tuple[int, int], *, scale: int = 1) -> None:
        width, height = size
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False},
        )

    def prefer(self, scheme: str) -> None:
        """Be a browser of somebody who prefers light or dark pages."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})

    def scripting(self, *, on: bool) -> None:
        self.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not on})

    def open(
        self, fleet: FleetHealth, placement: Placement | None = None, *, fragment: str = ""
    ) -> Path:
        """Write the fleet's map and open it."""
        file = self.directory / "map.html"
        file.write_text(to_html(fleet, placement=placement, site="RAL"), encoding="utf-8")
        self.driver.get("about:blank")  # or else a new fragment would not load the page anew
        self.driver.get(file.as_uri() + fragment)
        return file

    def find(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def script(self, text: str, *arguments: Any) -> Any:
        return self.driver.execute_script(text, *arguments)

    def seen(self, selector: str) -> list[str]:
        """The texts of the elements that are to be seen, blanks made one."""
        return [
            " ".join(text.split())
            for text in self.script(
                "return [...document.querySelectorAll(arguments[0])]"
                ".filter((e) => e.checkVisibility()).map((e) => e.innerText)",
                selector,
            )
        ]

    def style(self, selector: str, name: str) -> str:
        return str(
            self.script(
                "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]",
                selector,
                name,
            )
        )

    def printed(self) -> pdf.Pdf:
        """The page on A4 paper."""
        content = self.driver.execute_cdp_cmd(
            "Page.printToPDF", {"paperWidth": 8.27, "paperHeight": 11.69, "preferCSSPageSize": True}
        )
        return pdf.read(base64.b64decode(content["data"]))

    def scrolls_sideways(self) -> bool:
        root = "document.documentElement"
        return bool(self.script(f"return {root}.scrollWidth > {root}.clientWidth"))

    def requests(self) -> list[str]:
        """The addresses that were asked for since the last time, but for the page itself.

        Those that the page's own policy stopped are not among them: nobody was asked.
        """
        asked = {}
        for entry in self.driver.get_log("performance"):  # type: ignore[no-untyped-call]
            message = json.loads(entry["message"])["message"]
            about = message["params"]
            if message["method"] == "Network.requestWillBeSent":
                asked[about["requestId"]] = about["request"]["url"]
            elif message["method"] == "Network.loadingFailed" and "blockedReason" in about:
                asked.pop(about["requestId"], None)
        page = self.directory.joinpath("map.html").as_uri()
        return [u for u in asked.values() if u != "about:blank" and u.split("#")[0] != page]

    def complaints(self) -> list[str]:
        """What the console says since the last time: errors, refusals of the policy."""
        log = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [entry["message"] for entry in log]


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    options = ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options=options, service=Service(CHROMEDRIVER))
    driver.set_script_timeout(20)
    yield driver
    driver.quit()


@pytest.fixture
def browser(chromium: Chrome, tmp_path: Path) -> Iterator[Browser]:
    """A browser as a new user has it; no test passes whose page complains or asks anybody."""
    browser = Browser(chromium, tmp_path)
    browser.resize(DESK)
    browser.prefer("light")
    browser.requests()
    browser.complaints()
    yield browser
    browser.scripting(on=True)
    assert browser.complaints() == []
    assert [url for url in browser.requests() if not url.startswith("data:")] == []
    # Preferences are kept per origin, which is one for all files.
    browser.script("try { localStorage.clear() } catch {}")
    browser.driver.get("about:blank")


@pytest.fixture
def opened(browser: Browser) -> Callable[..., Browser]:
    def run(fleet: FleetHealth, placement: Placement | None = None, **options: Any) -> Browser:
        browser.open(fleet, placement, **options)
        return browser

    return run
