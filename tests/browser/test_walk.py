"""A walk through the sandbox in a real browser: an order, its payment, what the shop is told."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from justclick_async import Good, JustClick, Order, PayStatus
from justclick_async.sandbox import Account, Sandbox
from tests.php_server import run_php

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
HOSTILE = (
    "<script>document.title='taken'</script>\"'><img src=x onerror=\"document.title='taken'\">"
)

pytestmark = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None,
    reason="there is no Chromium with its driver (Debian: chromium, chromium-driver)",
)

ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--no-proxy-server", "--window-size=1280,900", "--lang=en"),
)


class Shop:
    """The server of ``shop.py`` in a process of its own.

    Attributes:
        url: Where it listens.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def told(self) -> list[Any]:
        """What it was told and has verified."""
        with urlopen(f"{self.url}/told", timeout=60) as answer:
            told: list[Any] = json.load(answer)
            return told


@pytest.fixture
def shop(justclick_box: Sandbox) -> Iterator[Shop]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "uvicorn", "tests.browser.shop:app"),
                *("--fd", str(listening.fileno()), "--log-level", "warning"),
            ],
            pass_fds=[listening.fileno()],
            env={**os.environ, "JUSTCLICK_API_KEY": justclick_box.api_key},
            cwd=Path(__file__).parents[2],
        )
        try:
            justclick_box.notify(f"{url}/justclick")
            yield Shop(url)
        finally:
            justclick_box.notify("")
            server.terminate()
            server.wait(timeout=10)


@pytest.fixture(scope="module")
def justclick_box() -> Iterator[Sandbox]:
    with Sandbox(seed=1, accounts=[Account("second")]) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ARGUMENTS:
        options.add_argument(argument)
    profile: Path = tmp_path_factory.mktemp("profile")
    options.add_argument(f"--user-data-dir={profile}")
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    driver.set_page_load_timeout(60)
    yield driver
    driver.quit()


def until(done: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.02)


def text(browser: Any, css: str) -> str:
    """Ask the page as it is now: an element of the page before it would be stale."""
    script = "return document.querySelector(arguments[0])?.innerText ?? ''"
    return str(browser.execute_script(script, css))


def test_an_order_is_paid_in_the_browser(justclick_box: Sandbox, shop: Shop, browser: Any) -> None:
    box = justclick_box
    assert shop.told == []  # it listens, and nobody has told it anything
    with JustClick(box.login, box.api_key, base_url=box.base_url, rate=None) as client:
        order = Order(email="anna@example.com", first_name="Анна", goods=[Good("invoice")])
        bill_id = client.create_order(order).bill_id
        link = client.get_order_details(bill_id).link
        assert link is not None

        browser.get(box.base_url + link if link.startswith("/") else link)
        assert "1500.00" in text(browser, "h1")
        browser.find_element("id", "pay").click()
        until(lambda: "paid" in text(browser, "h1"))
        assert "Order paid" in text(browser, "main")
        assert text(browser, "main").count("delivered") == 2

        about = {"bill_id": bill_id, "email": "anna@example.com"}
        assert shop.told == [{"kind": "order_created", **about}, {"kind": "order_paid", **about}]

        forged = Request(f"{shop.url}/justclick", b"id=1&email=a%40b.c&created=1&hash=" + b"0" * 32)
        with pytest.raises(HTTPError, match="HTTP Error 4"):
            urlopen(forged, timeout=10)
        assert len(shop.told) == 2

        browser.get(f"{box.base_url}/orders?status=paid")
        assert str(bill_id) in text(browser, "tbody")
        assert client.get_order_details(bill_id).pay_status == PayStatus.PAID


def test_a_wrong_hash_of_php_is_found_with_its_cause(justclick_box: Sandbox, browser: Any) -> None:
    box = justclick_box
    printed = run_php("wrong_hash.php", box.base_url, box.login, box.api_key, extensions=("curl",))
    assert json.loads(printed)["error_code"] == 4
    browser.get(box.base_url)
    browser.find_element("link text", "Requests").click()
    browser.find_element("link text", "refused").click()
    browser.find_element("css selector", "tbody a").click()
    assert text(browser, "h1").startswith("CreateOrder")
    assert "hashed as %20" in text(browser, ".cause")
    marks = [mark.text for mark in browser.find_elements("css selector", "mark")]
    assert marks == ["+", "%20"]
    assert box.api_key not in browser.page_source


def test_a_hostile_name_stays_a_name(justclick_box: Sandbox, browser: Any) -> None:
    box = justclick_box
    with JustClick(box.login, box.api_key, base_url=box.base_url, rate=None) as client:
        order = Order(email="eve@example.com", first_name=HOSTILE, goods=[Good("invoice")])
        bill_id = client.create_order(order).bill_id
    for path in "/", "/orders", f"/orders/{bill_id}", "/requests":
        browser.get(box.base_url + path)
        assert "Sandbox" in browser.title
        assert not browser.find_elements("css selector", "script:not([src='/live.js']), main img")
    browser.get(f"{box.base_url}/orders/{bill_id}")
    assert HOSTILE in text(browser, "main")


def test_pages_fit_on_a_phone_and_load_nothing_from_other_hosts(
    justclick_box: Sandbox, browser: Any
) -> None:
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    name = HOSTILE + "W" * 200
    hostile = Order(email="mallory@example.com", first_name=name, goods=[Good("invoice")])
    box = justclick_box
    with JustClick(box.login, box.api_key, base_url=box.base_url, rate=None) as client:
        bill_id = client.create_order(hostile).bill_id
        link = str(client.get_order_details(bill_id).link)
    number = box.service.request_log.latest()[0].number
    rooms = "/", "/orders", "/contacts", "/products", "/deliveries", "/requests", "/faults"
    pages = *rooms, f"/orders/{bill_id}", link, f"/requests/{number}", "/requests/1", "/nothing"
    for path in pages:
        for language in "en", "ru":
            separator = "&" if "?" in path else "?"
            browser.get(f"{box.base_url}{path}{separator}lang={language}")
            assert browser.execute_script(
                "return document.documentElement.scrollWidth <= window.innerWidth"
            ), path
            asked = browser.execute_script(
                "return performance.getEntriesByType('resource').map(entry => entry.name)"
            )
            assert all(name.startswith((box.base_url, "data:")) for name in asked)


def test_the_account_is_switched_in_the_browser(justclick_box: Sandbox, browser: Any) -> None:
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.get(f"{justclick_box.base_url}/orders?lang=en")
    browser.find_element("css selector", ".accounts summary").click()
    browser.find_element("link text", "second").click()
    assert "No orders yet" in text(browser, "main")
    assert text(browser, ".accounts summary") == "second"
    browser.find_element("link text", "Products").click()
    assert text(browser, "footer").endswith("second")


def test_an_open_page_shows_what_happens(justclick_box: Sandbox, browser: Any) -> None:
    box = justclick_box
    browser.get(f"{box.base_url}/orders?account={box.login}&lang=en")
    browser.execute_script("window.same = true")
    with JustClick(box.login, box.api_key, base_url=box.base_url, rate=None) as client:
        order = Order(email="live@example.com", goods=[Good("lessons")])
        bill_id = client.create_order(order).bill_id
    until(lambda: str(bill_id) in text(browser, "main"))
    urlopen(
        Request(f"{box.base_url}/sandbox/orders/{bill_id}/cancel", method="POST"), timeout=60
    ).close()
    until(lambda: "cancelled" in text(browser, "tbody tr"))
    assert browser.execute_script("return window.same")  # it was not loaded again


def test_the_keyboard_skips_the_menu(justclick_box: Sandbox, browser: Any) -> None:
    browser.get(f"{justclick_box.base_url}/orders?status=paid&lang=en")
    browser.switch_to.active_element.send_keys("\ue004\ue007")  # tab, enter
    until(lambda: browser.switch_to.active_element.get_attribute("id") == "main")


def test_the_menu_has_one_line_on_a_phone(justclick_box: Sandbox, browser: Any) -> None:
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    for language in "en", "ru":
        browser.get(f"{justclick_box.base_url}/assumptions?lang={language}")
        tops, left = browser.execute_script(
            "const all = [...document.querySelectorAll('nav a')];"
            "const links = all.map(link => link.getBoundingClientRect());"
            "return [links.map(place => place.top), links.at(-1).left]"
        )
        assert len(set(tops)) == 1
        assert 0 <= left < 390  # the page that is open can be seen
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
