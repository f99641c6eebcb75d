"""A walk through the sandbox in a real browser: an order, its payment, what the shop is told."""

from __future__ import annotations

import json
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from justclick_async import Good, JustClick, Order, PayStatus
from justclick_async.notifications import OrderCreated, OrderPaid, Router, asgi
from justclick_async.sandbox import Sandbox
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


class Receiver:
    """A shop's own server, in a thread: it verifies what it is told and keeps it."""

    def __init__(self, api_key: str) -> None:
        self.events: list[Any] = []
        self.router = Router(api_key=api_key)
        self.router.on(OrderCreated)(self._take)
        self.router.on(OrderPaid)(self._take)

    async def _take(self, event: Any) -> None:
        self.events.append(event)


@pytest.fixture
def receiver(justclick_box: Sandbox) -> Iterator[Receiver]:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.routing import Route

    receiver = Receiver(justclick_box.api_key)
    route = Route("/justclick", asgi.app(receiver.router), methods=["POST"])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(Starlette(routes=[route]), log_level="error", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        until(lambda: server.started)
        justclick_box.notify(f"http://127.0.0.1:{listening.getsockname()[1]}/justclick")
        yield receiver
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def justclick_box() -> Iterator[Sandbox]:
    with Sandbox(seed=1) as sandbox:
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
    driver.set_page_load_timeout(20)
    yield driver
    driver.quit()


def until(done: Callable[[], object], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(0.02)


def text(browser: Any, css: str) -> str:
    return str(browser.find_element("css selector", css).text)


def test_an_order_is_paid_in_the_browser(
    justclick_box: Sandbox, receiver: Receiver, browser: Any
) -> None:
    box = justclick_box
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
        assert text(browser, "main").count("accepted") == 2

        created, paid = receiver.events
        assert (type(created), type(paid)) == (OrderCreated, OrderPaid)
        assert (paid.bill_id, paid.email) == (bill_id, "anna@example.com")

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
    assert "with %20 for blanks" in text(browser, ".cause")
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
        assert not browser.find_elements("css selector", "script, main img")
    browser.get(f"{box.base_url}/orders/{bill_id}")
    assert HOSTILE in text(browser, "main")


def test_pages_fit_on_a_phone_and_ask_nobody_else(justclick_box: Sandbox, browser: Any) -> None:
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    pages = "/", "/orders", "/contacts", "/products", "/deliveries", "/requests", "/faults"
    for path in pages:
        for language in "en", "ru":
            browser.get(f"{justclick_box.base_url}{path}?lang={language}")
            assert browser.execute_script(
                "return document.documentElement.scrollWidth <= window.innerWidth"
            ), path
            asked = browser.execute_script(
                "return performance.getEntriesByType('resource').map(entry => entry.name)"
            )
            assert all(name.startswith((justclick_box.base_url, "data:")) for name in asked)
