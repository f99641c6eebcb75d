"""The pages over HTTP: what they show, what their buttons do, and who may press them."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from html import unescape
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from attrs import define

from justclick_async.php import http_build_query
from justclick_async.sandbox import API_KEY, LOGIN, Account, Assumptions, Sandbox
from justclick_async.sandbox.languages import preferred_language
from justclick_async.sandbox.pages.rendering import Difference, compare
from justclick_async.sandbox.samples import sample_order
from justclick_async.signing import sign_query, signed_body
from tests.php_server import run_php
from tests.sandbox.running import ORDER, call, call_v2, send

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}"
LIVE = '<script src="/live.js" defer></script>'
PATHS = (
    "/",
    "/orders",
    "/contacts",
    "/products",
    "/deliveries",
    "/requests",
    "/faults",
    "/assumptions",
)


@define
class Shown:
    """A page."""

    status: int
    text: str
    headers: Mapping[str, str]

    @property
    def words(self) -> str:
        return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", self.text)))


class Browser:
    """Something that loads pages and presses buttons."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str) -> None:
        self.session = session
        self.base_url = base_url

    async def get(self, path: str, **headers: str) -> Shown:
        headers = {"Accept": "text/html", "Accept-Language": "en", **headers}
        async with self.session.get(self.base_url + path, headers=headers) as response:
            return Shown(response.status, await response.text(), response.headers)

    async def token(self) -> str:
        found = re.search(r'name="token" value="([^"]+)"', (await self.get("/products")).text)
        assert found
        return found[1]

    async def press(
        self, path: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Shown:
        """Post a form with the token, as a browser does it, and follow where it leads."""
        return await self.post(path, fields, {"Origin": self.base_url, **(headers or {})})

    async def post(self, path: str, fields: Mapping[str, str], headers: Mapping[str, str]) -> Shown:
        """Post a form with the token, and with no other headers that matter."""
        async with self.session.post(
            self.base_url + path,
            data={"token": await self.token(), **fields},
            headers={"Accept": "text/html", **headers},
        ) as response:
            return Shown(response.status, await response.text(), response.headers)


@pytest_asyncio.fixture
async def browser(sandbox: Sandbox) -> AsyncIterator[Browser]:
    jar = aiohttp.CookieJar(unsafe=True)  # cookies of an IP address, too
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        yield Browser(session, sandbox.base_url)


@pytest_asyncio.fixture
async def hook(sandbox: Sandbox) -> AsyncIterator[list[int]]:
    """A receiver of notifications, which answers with the first of these statuses."""
    answers: list[int] = [200]

    async def take(_: web.Request) -> web.Response:
        return web.Response(status=answers[0])

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sandbox.notify(f"http://127.0.0.1:{runner.addresses[0][1]}/hook")
    yield answers
    await runner.cleanup()


async def order(sandbox: Sandbox, **more: object) -> int:
    reply = await call(sandbox.base_url, "CreateOrder", {**ORDER, **more})
    return int(reply.result["bill_id"])


def found(sandbox: Sandbox, bill_id: int) -> Any:
    return sandbox.service.shop.orders.find(bill_id)


# ── Pages ───────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
@pytest.mark.parametrize("path", PATHS)
async def test_every_page_is_there_in_both_languages(browser: Browser, path: str) -> None:
    english = await browser.get(path)
    russian = await browser.get(path, **{"Accept-Language": "ru-RU,ru;q=0.9,en;q=0.8"})
    assert (english.status, russian.status) == (200, 200)
    assert '<html lang="en">' in english.text
    assert '<html lang="ru">' in russian.text
    assert "Песочница" in russian.text
    assert "Песочница" not in english.text


@pytest.mark.asyncio
async def test_the_language_can_be_chosen_and_is_kept(browser: Browser) -> None:
    assert '<html lang="ru">' in (await browser.get("/orders?lang=ru")).text
    assert '<html lang="ru">' in (await browser.get("/contacts")).text
    assert '<html lang="en">' in (await browser.get("/?lang=en")).text
    assert '<html lang="en">' in (await browser.get("/?lang=<script>")).text


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de", "en"),
        ("ru", "ru"),
        ("en, ru", "en"),
        ("ru;q=0.1, en-GB;q=0.2", "en"),
        ("fr, ru-RU;q=0.5", "ru"),
        ("ru;q=x", "ru"),
        (";;,,q=", "en"),
    ],
)
def test_the_language_is_the_one_that_is_liked_best(accepted: str, language: str) -> None:
    assert preferred_language(accepted) == language


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("count", "label"),
    [(0, "заказов"), (1, "заказ"), (2, "заказа"), (5, "заказов"), (21, "заказ"), (22, "заказа")],
)
async def test_the_overview_counts_in_russian(
    sandbox: Sandbox, browser: Browser, count: int, label: str
) -> None:
    with sandbox.service.shop.transaction():
        for _ in range(count):
            sandbox.service.shop.orders.restore(sample_order(0))
    assert f" {count} {label} оплачено: 0 " in (await browser.get("/?lang=ru")).words


@pytest.mark.asyncio
async def test_nothing_on_a_page_comes_from_elsewhere(browser: Browser) -> None:
    for path in PATHS:
        page = await browser.get(path)
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["Cache-Control"] == "no-store"
        assert page.text.count("<script") == page.text.count(LIVE) == 1
        assert not re.search(r"\son\w+=|style=", page.text)
        assert not re.search(r'(?:src|href|action)="(?!/|\?|data:)', page.text)
    assert "text/css" in (await browser.get("/style.css")).headers["Content-Type"]


@pytest.mark.asyncio
async def test_a_program_gets_the_endpoints_as_text(browser: Browser) -> None:
    told = await browser.get("/", Accept="*/*")
    assert told.headers["Content-Type"].startswith("text/plain")


@pytest.mark.asyncio
async def test_orders_are_filtered_and_paged(sandbox: Sandbox, browser: Browser) -> None:
    shop = sandbox.service.shop
    with shop.transaction():
        for number in range(120):
            made = shop.orders.add(sample_order(0, 1291001819 + number))
            if number % 3 == 0:
                shop.orders.change(made, 1291001819, "paid", pay_status="paid", paid=1291001819)

    def numbers(page: Shown) -> list[int]:
        return list(map(int, re.findall(r'href="/orders/(\d+)"', page.text)))

    def link(page: Shown, rel: str) -> str:
        found = re.search(rf'rel="{rel}" href="([^"]+)"', page.text)
        return unescape(found[1]) if found else ""

    first = await browser.get("/orders")
    second = await browser.get(link(first, "next"))
    third = await browser.get(link(second, "next"))
    assert numbers(first) + numbers(second) + numbers(third) == list(range(103056, 102936, -1))
    assert (link(first, "prev"), link(third, "next")) == ("", "")
    assert numbers(await browser.get(link(third, "prev"))) == numbers(second)
    back = await browser.get(link(second, "prev"))
    assert (numbers(back), link(back, "prev")) == (numbers(first), "")

    paid = await browser.get("/orders?status=paid")
    assert len(numbers(paid)) == 40
    assert numbers(await browser.get("/orders?q=102940")) == [102940]
    assert len(numbers(await browser.get("/orders?q=ANNA%40example.com&status=paid"))) == 40
    for nonsense in "q=%25", "q=_", "q=%5C", "status=sent", "before=1", "before=x&after=-1&q=zz":
        page = await browser.get(f"/orders?{nonsense}")
        assert (page.status, numbers(page)) == (200, [])


@pytest.mark.asyncio
async def test_pages_do_no_more_work_when_there_are_more_orders(sandbox: Sandbox) -> None:
    shop = sandbox.service.shop
    steps = [0]

    def step() -> None:
        steps[0] += 1

    def taken(**wanted: Any) -> int:
        steps[0] = 0
        shop._sql.set_progress_handler(step, 10)  # instructions of SQLite
        assert len(shop.orders.page(**wanted, limit=51)) == 51
        shop._sql.set_progress_handler(None, 0)
        return steps[0]

    def measured() -> list[int]:
        middle = 102937 + shop.orders.counts()["waiting"] // 2
        return [
            taken(),
            taken(status="waiting"),
            taken(before=middle),
            taken(status="waiting", before=middle),
            taken(status="waiting", after=middle),
        ]

    few: list[int] = []
    for count in 500, 19_500:
        with shop.transaction():
            for _ in range(count):
                shop.orders.restore(sample_order(0))
        few = few or measured()
    for before, now in zip(few, measured(), strict=True):
        assert 0 < now < before * 1.2 + 20


@pytest.mark.asyncio
async def test_hostile_names_are_text(sandbox: Sandbox, browser: Browser) -> None:
    bill_id = await order(
        sandbox, bill_first_name=HOSTILE, bill_comment=HOSTILE, bill_tag=HOSTILE, bill_city=HOSTILE
    )
    await call(
        sandbox.base_url,
        "AddLeadToGroup",
        {"rid": ["super"], "lead_email": "a@example.com"},
        lead_name=HOSTILE,
    )
    await call(
        sandbox.base_url, "AddGood", good_name="hostile", good_title=HOSTILE, good_sum="1.00"
    )
    await send(sandbox.base_url, "GetBills", http_build_query({HOSTILE: HOSTILE}).encode())
    bill = found(sandbox, bill_id).link
    paths = [
        *PATHS,
        f"/orders/{bill_id}",
        bill,
        "/orders?q=" + HOSTILE.replace("%", ""),
        "/requests/1",
    ]
    requests = [f"/requests/{number}" for number in range(1, 5)]
    seen = ""
    for path in [*paths, *requests]:
        page = await browser.get(path)
        assert page.status == 200, path
        assert page.text.count("<script") == page.text.count(LIVE) == 1
        assert "<img" not in page.text
        assert "49" not in re.findall(r">\D*(49)\D*<", page.text)
        seen += page.words
    assert seen.count(HOSTILE) > 5


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "path",
    [
        "/orders/1", "/orders/x", "/orders/99999999999999999999999", "/orders/%D9%A1",
        "/requests/1", "/deliveries/1", "/bill/", "/bill/?id=1&crc=1", "/nothing",
        "/..%2f..%2fetc/passwd", "/style.css/../../app.py", "/templates/base.html",
    ],
)  # fmt: skip
async def test_unknown_pages_are_404(browser: Browser, path: str) -> None:
    assert (await browser.get(path)).status == 404


@pytest.mark.asyncio
async def test_a_bill_opens_with_its_own_link_only(sandbox: Sandbox, browser: Browser) -> None:
    bill_id = await order(sandbox)
    link = found(sandbox, bill_id).link
    assert (await browser.get(link)).status == 200
    assert (await browser.get(link + "0")).status == 404
    assert (await browser.get(link.partition("&")[0])).status == 404


# ── Requests ────────────────────────────────────────────────────────────────────────


def signed(sent: str, hashed: str, login: str = LOGIN) -> bytes:
    return f"{sent}&hash={sign_query(hashed, login, API_KEY)}".encode()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("body", "cause", "marks"),
    [
        (signed("b=1&a=2", "a=2&b=1"), "parameters were hashed sorted by name", ["b", "a"]),
        (signed("a=b+c", "a=b%20c"), "spaces were hashed as %20", ["+", "%20"]),
        (signed("a=%7E", "a=~"), "~ was hashed unencoded", ["%7E", "~"]),
        (signed("a=1&b=2", "a=1"), "b was sent, but not hashed", ["&", ":"]),
        (signed("b=+&a=2", "a=2&b=%20"), "sorted by name; spaces were hashed as %20", ["b", "a"]),
        (signed("a=1", "a=1", "Username"), "another login was hashed: Username", ["u", "U"]),
        (
            signed(
                "g%5B0%5D%5Bn%5D=1&e=2&g%5B0%5D%5Bs%5D=3", "g%5B0%5D%5Bn%5D=1&e=2&g%5B0%5D%5Bs%5D=3"
            ),
            "PHP groups them",
            ["g", "e"],
        ),
        (
            b"a=1&hash=" + sign_query("a=1", LOGIN, API_KEY).upper().encode(),
            "right except for its capital letters",
            [],
        ),
        (b"a=1&hash=" + b"a" * 32, "a parameter was changed after signing", []),
        (b"a=1&hash=" + API_KEY.encode(), "the key itself was sent", []),
        (b"a=%FF%00&a[=%zz&hash=" + b"a" * 32, "login or key differ", None),
    ],
)
async def test_a_wrong_hash_is_explained(
    sandbox: Sandbox, browser: Browser, body: bytes, cause: str, marks: list[str] | None
) -> None:
    assert (await send(sandbox.base_url, "GetBills", body)).code == 4
    assert cause in (await browser.get("/requests")).words
    page = await browser.get("/requests/1")
    assert cause in page.words
    assert sandbox.service.request_log.latest()[0].hint in page.words
    assert "String to hash" in page.words
    if marks is not None:
        assert list(map(unescape, re.findall(r"<mark>(.*?)</mark>", page.text))) == marks
    assert API_KEY not in page.text
    for russian in "/requests/1?lang=ru", "/requests":
        page = await browser.get(russian)
        assert re.search("[Хх]еш|MD5", page.words)
        assert cause not in page.words


@pytest.mark.asyncio
async def test_the_key_is_shown_in_examples_only(sandbox: Sandbox, browser: Browser) -> None:
    await call(sandbox.base_url, "GetBills", email=API_KEY)
    await call_v2(sandbox.base_url, "createorder", product_names="invoice", email=API_KEY)
    await send(sandbox.base_url, "GetBills", b"rpsKey=" + b"f" * 40)
    await send(sandbox.base_url, "GetBills", f"user_rps_key={API_KEY}&hash={API_KEY}".encode())
    for path in [*PATHS, *(f"/requests/{number}" for number in range(1, 5))]:
        page = await browser.get(path)
        assert page.status == 200
        # It is made up, and stands on the overview for whoever wants to call.
        assert path == "/" or API_KEY not in page.text
        assert "f" * 40 not in page.text
    assert API_KEY not in str(sandbox.state()["requests"])


@pytest.mark.asyncio
async def test_requests_are_filtered(sandbox: Sandbox, browser: Browser) -> None:
    await order(sandbox)
    await send(sandbox.base_url, "GetBills", b"a=1&hash=x")
    sandbox.faults.next("limit")
    await call(sandbox.base_url, "GetAllGoods")
    for query, numbers in (
        ("", ["3", "2", "1"]),
        ("outcome=refused", ["2"]),
        ("outcome=limit", ["3"]),
        ("method=CreateOrder", ["1"]),
        ("before=2", ["1"]),
        ("outcome=x", []),
    ):
        page = await browser.get(f"/requests?{query}")
        assert re.findall(r'href="/requests/(\d+)"', page.text) == numbers


@pytest.mark.asyncio
async def test_a_request_is_shown_as_it_was_sent_and_answered(
    sandbox: Sandbox, browser: Browser
) -> None:
    body = signed_body({"email": "anna@example.com", "bill_tag": ""}, LOGIN, API_KEY)
    headers = {"X-Shop": "cart 5", "Authorization": "Basic c2VjcmV0", "Cookie": "a=secret"}
    answer = await send(sandbox.base_url, "GetBills", body, headers)
    page = await browser.get("/requests/1")
    assert body.decode() in page.words
    assert "HTTP 200" in page.words
    assert answer.body.decode() in page.words
    assert "X-Shop cart 5" in page.words
    assert "c2VjcmV0" not in page.text
    assert "secret" not in page.text
    assert "1 empty field bill_tag" in page.words
    (seen,) = sandbox.service.request_log.state()
    assert (seen["status"], seen["response"]) == (200, answer.body.decode())


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "body",
    [
        signed_body({"email": "it's \u044f", "a": '$HOME `id` \\ "'}, LOGIN, API_KEY),
        "email=\u044f b&x='$(id)\"\\&hash=1".encode(),
        b"email=\xff\n&hash=1",
    ],
)
async def test_the_curl_command_sends_the_same(
    sandbox: Sandbox, browser: Browser, body: bytes
) -> None:
    answer = await send(sandbox.base_url, "GetBills", body)
    shown = re.search(
        r'<pre class="wrap copy">([^<]*)</pre>', (await browser.get("/requests/1")).text
    )
    assert shown
    _, said = await outcome_of("sh", "-euc", unescape(shown[1]).replace("curl -i", "curl -s"))
    assert json.loads(said) == answer.answer
    first, second = sandbox.service.request_log.state()
    assert first["hashed"] == second["hashed"]


@pytest.mark.asyncio
async def test_a_request_is_sent_again(sandbox: Sandbox, browser: Browser) -> None:
    await call(sandbox.base_url, "GetAllGoods", note=API_KEY)
    await call_v2(sandbox.base_url, "getgoods")
    await send(sandbox.base_url, "GetBills", b"rpsKey=wrong")
    await send(sandbox.base_url, "GetBills", b"a=1&hash=" + b"0" * 32)
    seen = sandbox.service.request_log.state()
    for number in range(1, 5):
        page = await browser.press(f"/requests/{number}", {})
        assert (page.status, API_KEY in page.text) == (200, False)
    for before, after in zip(seen, sandbox.service.request_log.state()[4:], strict=True):
        same = ("method", "version", "code", "body", "expected", "received", "response")
        assert {name: before[name] for name in same} == {name: after[name] for name in same}
    assert (await browser.press("/requests/99", {})).status == 404


@pytest.mark.asyncio
async def test_a_large_request_is_shown_in_part_and_not_sent_again(
    sandbox: Sandbox, browser: Browser
) -> None:
    await call(sandbox.base_url, "GetBills", a="x" * 20_000)
    page = await browser.get("/requests/1")
    assert "Copy as curl" not in page.words
    assert "Send again" not in page.words
    assert (await browser.press("/requests/1", {})).status == 404


@pytest.mark.asyncio
async def test_a_fault_is_shown_with_what_the_client_got(
    sandbox: Sandbox, browser: Browser
) -> None:
    sandbox.faults.next("http_500", "drop_before")
    await call(sandbox.base_url, "GetAllGoods")
    with pytest.raises(aiohttp.ClientError):
        await call(sandbox.base_url, "GetAllGoods")
    assert "HTTP 500" in (await browser.get("/requests/1")).words
    closed = await browser.get("/requests/2")
    assert "The connection was closed without a response." in closed.words


@pytest.mark.parametrize(
    ("text", "against", "parts"),
    [
        ("abc", "abd", ("ab", "c", "")),
        ("abc", "abc", ("abc", "", "")),
        ("ab", "abc", ("ab", "", "")),
        ("a%20b", "a%21b", ("a", "%20", "b")),
        ("a%20b", "a+b", ("a", "%20", "b")),
        ("a%7Eb", "a%8Eb", ("a", "%7E", "b")),
        ("", "x", ("", "", "")),
    ],
)
def test_the_first_difference_is_found(text: str, against: str, parts: tuple[str, ...]) -> None:
    assert compare(text, against) == Difference(*parts)


# ── Buttons ─────────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_a_bill_is_prepaid_paid_and_refunded(
    sandbox: Sandbox, browser: Browser, hook: list[int]
) -> None:
    bill_id = await order(sandbox)
    bill = found(sandbox, bill_id).link
    page = await browser.press(bill, {"action": "prepay", "sum": "300,50"})
    assert "Order prepaid order_prepaid" in page.words
    assert found(sandbox, bill_id).received == "300.50"
    page = await browser.press(bill, {"action": "pay"})
    assert page.words.count("delivered HTTP 200") == 3
    hook[0] = 500
    page = await browser.press(bill, {"action": "refund"})
    assert "will be retried HTTP 500" in page.words
    assert found(sandbox, bill_id).status == "moneyback"
    history = (await browser.get(f"/orders/{bill_id}")).words
    assert re.search("History awaiting payment .* prepaid .* paid .* refunded", history)


@pytest.mark.asyncio
async def test_an_order_is_cancelled_and_then_not_paid(sandbox: Sandbox, browser: Browser) -> None:
    bill_id = await order(sandbox)
    page = await browser.press(f"/orders/{bill_id}", {"action": "cancel"})
    assert "cancelled" in page.words
    for action, status in ("pay", 409), ("refund", 409), ("explode", 404), ("", 404):
        assert (await browser.press(f"/orders/{bill_id}", {"action": action})).status == status
    fields = {"action": "prepay", "sum": "much"}
    assert (await browser.press(f"/orders/{bill_id}", fields)).status in (400, 409)
    assert found(sandbox, bill_id).status == "cancel"


@pytest.mark.asyncio
async def test_a_notification_is_sent_again(
    sandbox: Sandbox, browser: Browser, hook: list[int]
) -> None:
    await order(sandbox)
    await sandbox.wait_for_deliveries()
    page = await browser.press("/deliveries/1", {})
    assert "Notification 2 delivered" in page.words
    assert "bill_id" not in page.words
    assert "anna@example.com" in page.words
    assert (await browser.get("/deliveries?state=delivered")).text.count('href="/deliveries/') >= 2
    assert (await browser.press("/deliveries/9", {})).status == 404


@pytest.mark.asyncio
async def test_addresses_are_set_and_nonsense_is_refused(
    sandbox: Sandbox, browser: Browser
) -> None:
    url = "http://127.0.0.1:1/x?y=1&z=2"
    assert "Saved." in (await browser.press("/products", {"url": url})).words
    fields = {"product": "invoice", "order_paid": url, "order_created": ""}
    assert "Saved." in (await browser.press("/products", fields)).words
    assert "Saved." in (await browser.press("/contacts", {"group": "super", "url": url})).words
    shop = sandbox.service.shop
    product, group = shop.products.find("invoice"), shop.contacts.group("super")
    assert product is not None
    assert group is not None
    assert (shop.notify_url, group.notify_url) == (url, url)
    assert product.settings["good_api_url_notif"] == url
    for wrong in "javascript:alert(1)", "file:///etc/passwd", "http://", "x", "http://x:99999/":
        assert (await browser.press("/products", {"url": wrong})).status == 400
    assert (await browser.press("/products", {"product": "x", "order_paid": url})).status == 404
    assert (await browser.press("/contacts", {"group": "x", "url": url})).status == 404
    assert shop.notify_url == url


@pytest.mark.asyncio
async def test_a_request_of_the_automation_is_sent_from_its_page(
    sandbox: Sandbox, browser: Browser
) -> None:
    bill_id = await order(sandbox)
    fields = {"url": "http://127.0.0.1:9/x", "method": "GET", "bill_id": str(bill_id)}
    page = await browser.press("/deliveries", {**fields, "fields": "mail={email}\n\nsecret = a=b"})
    assert "GET request of the automation" in page.words
    assert "nothing listens at this address" in page.words
    (sent,) = sandbox.service.shop.outbox.state()
    assert sent["body"] == "mail=anna%40example.com&secret=a%3Db"
    assert (await browser.press("/deliveries", {**fields, "url": "x"})).status == 400
    for wrong in "1", "x":
        assert (await browser.press("/deliveries", {**fields, "bill_id": wrong})).status == 404


@pytest.mark.asyncio
async def test_contacts_confirm_and_leave(sandbox: Sandbox, browser: Browser) -> None:
    await call(
        sandbox.base_url, "AddLeadToGroup", {"rid": ["super"], "lead_email": "a@example.com"}
    )
    fields = {"email": "a@example.com", "group": "super"}
    for action, told in ("activate", "subscribed"), ("unsubscribe", "unsubscribed"):
        page = await browser.press("/contacts", {**fields, "action": action})
        assert told in page.words
    assert "a@example.com" in (await browser.get("/contacts?q=A%40EXAMPLE&group=super")).words
    assert "a@example.com" not in (await browser.get("/contacts?group=second")).words
    for wrong in {"email": "b@example.com"}, {"group": "x"}, {"action": "x"}:
        fields = {"email": "a@example.com", "group": "super", "action": "activate", **wrong}
        assert (await browser.press("/contacts", fields)).status == 404


@pytest.mark.asyncio
async def test_faults_are_switched(sandbox: Sandbox, browser: Browser) -> None:
    page = await browser.press("/faults", {"limit": "100", "slow": "0,5", "action": "set"})
    assert "Saved." in page.words
    assert (sandbox.faults["limit"], sandbox.faults["slow"]) == (1.0, 0.005)
    assert (await call(sandbox.base_url, "GetAllGoods")).code == 8
    assert "limit, slow" in (await browser.get("/")).words.replace("slow, limit", "limit, slow")
    for wrong in "101", "-1", "much", "nan":
        assert (await browser.press("/faults", {"limit": wrong, "slow": "9"})).status == 400
    assert sandbox.faults["slow"] == 0.005
    assert "100 % of all calls: limit" in page.words
    none = await browser.press("/faults", {"action": "none"})
    assert "No fault is active." in none.words
    planned = await browser.press("/faults", {"action": "next", "name": "limit"})
    assert "Next call: limit" in planned.words
    codes = [(await call(sandbox.base_url, "GetAllGoods")).code for _ in range(2)]
    assert codes == [8, 0]
    assert (await browser.press("/faults", {"action": "next", "name": "x"})).status == 400
    await browser.press("/faults", {"action": "account", "disabled": "on"})
    assert (await call(sandbox.base_url, "GetAllGoods")).code == 7


@pytest.mark.asyncio
async def test_assumptions_are_switched(sandbox: Sandbox, browser: Browser) -> None:
    page = await browser.press("/assumptions", {"numbers": "all", "error_code": "text"})
    assert "Saved." in page.words
    assert "numbers=all" in page.words
    assert (await call(sandbox.base_url, "GetAllGoods")).answer["error_code"] == "0"
    wrong = {"numbers": "integers", "error_code": "word"}
    assert (await browser.press("/assumptions", wrong)).status == 400
    assert sandbox.assumptions["numbers"] == "all"
    page = await browser.press("/assumptions", {})  # the button that restores the defaults
    assert "numbers=text" in page.words
    assert sandbox.assumptions == Assumptions()


@pytest.mark.asyncio
async def test_the_state_is_reset_seeded_and_sampled(sandbox: Sandbox, browser: Browser) -> None:
    page = await browser.press("/state/sample", {})
    assert "Order 102937" in page.words
    assert "in its initial state" in (await browser.press("/state/reset", {})).words
    seed = '{"orders": [{"email": "a@example.com", "goods": [{"good_name": "invoice"}]}]}'
    assert (
        "The data has been imported." in (await browser.press("/state/seed", {"seed": seed})).words
    )
    assert found(sandbox, 102937).email == "a@example.com"
    for wrong in "", "[]", '{"colours": []}', "[" * 100_000:
        assert (await browser.press("/state/seed", {"seed": wrong})).status == 400


# ── Live ────────────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_pages_learn_of_changes_as_they_happen(sandbox: Sandbox, browser: Browser) -> None:
    async with browser.session.get(f"{sandbox.base_url}/events") as stream:
        assert stream.content_type == "text/event-stream"
        assert await stream.content.readuntil(b"\n\n") == b":\n\n"
        await call(sandbox.base_url, "GetAllGoods")
        assert await stream.content.readuntil(b"\n\n") == b"data: changed\n\n"
        await browser.press("/state/sample", {})
        assert await stream.content.readuntil(b"\n\n") == b"data: changed\n\n"
        sandbox.faults.next("limit")
        assert await stream.content.readuntil(b"\n\n") == b"data: changed\n\n"
        await sandbox.close()  # which does not wait for the stream
        assert await stream.content.read() == b""


@pytest.mark.asyncio
async def test_the_overview_draws_calls_and_errors(sandbox: Sandbox, browser: Browser) -> None:
    assert '<svg viewBox="0 0 600 60"' not in (await browser.get("/")).text
    for _ in range(3):
        await call(sandbox.base_url, "GetAllGoods")
    await send(sandbox.base_url, "GetBills", b"a=1&hash=x")
    page = await browser.get("/")
    assert 'aria-label="3 calls done, 1 errors"' in page.text
    heights = re.findall(r'class="(done|failed)"[^>]* height="([\d.]+)"', page.text)
    assert sum(float(height) for kind, height in heights if kind == "done") == 42
    assert sum(float(height) for kind, height in heights if kind == "failed") == 14


@pytest.mark.asyncio
async def test_a_failed_delivery_names_the_error_and_the_next_attempt(
    sandbox: Sandbox, browser: Browser
) -> None:
    sandbox.notify("http://127.0.0.1:9/")
    await order(sandbox)
    sandbox.notify("http://nothing.invalid/")
    await order(sandbox, bill_email="b@example.com")
    (first, second) = await attempted(sandbox)
    assert (first["error"], second["error"]) == (
        "ConnectionRefusedError",
        "ClientConnectorDNSError",
    )
    page = await browser.get("/deliveries/1")
    assert re.search(r"nothing listens at this address.*next attempt at \d\d:\d\d:\d\d", page.words)
    assert "the host name is unknown" in (await browser.get("/deliveries/2")).words
    assert "по этому адресу никто не отвечает" in (await browser.get("/deliveries?lang=ru")).words


async def attempted(sandbox: Sandbox) -> list[dict[str, object]]:
    async with asyncio.timeout(30):
        while not all(one["attempts"] for one in sandbox.service.shop.outbox.state()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return sandbox.service.shop.outbox.state()


@pytest.mark.asyncio
async def test_pages_can_be_used_without_a_mouse(sandbox: Sandbox, browser: Browser) -> None:
    bill_id = await order(sandbox)
    for path in (*PATHS, f"/orders/{bill_id}", "/requests/1", found(sandbox, bill_id).link):
        page = await browser.get(path)
        skip = re.search(r'<body>\s*<a class="skip" href="([^"]*)#main">', page.text)
        assert skip
        assert unescape(skip[1]) == path
        assert '<main id="main" tabindex="-1">' in page.text
        assert not re.search(r"<th(?! scope=)[ >]", page.text)


@pytest.mark.asyncio
async def test_sums_are_in_roubles(sandbox: Sandbox, browser: Browser) -> None:
    bill_id = await order(sandbox)
    for path in "/", "/orders", f"/orders/{bill_id}", found(sandbox, bill_id).link:
        assert "3700.50\N{NO-BREAK SPACE}\u20bd" in (await browser.get(path)).text


# ── Access to forms ──────────────────────────────────────────────────────────────


BUTTONS = [
    ("/faults", {"limit": "100"}),
    ("/state/reset", {}),
    ("/state/sample", {}),
    ("/products", {"url": "http://evil.example/"}),
    ("/orders/102937", {"action": "pay"}),
]


@pytest.mark.asyncio
@pytest.mark.parametrize(("path", "fields"), BUTTONS)
async def test_forms_of_other_sites_are_rejected(
    sandbox: Sandbox, browser: Browser, path: str, fields: dict[str, str]
) -> None:
    await order(sandbox)
    before = sandbox.state()
    for refused in (
        await browser.press(path, {**fields, "token": ""}),
        await browser.press(path, {**fields, "token": "ё" * 32}),
        await browser.press(path, fields, {"Origin": "https://evil.example"}),
        await browser.press(path, fields, {"Origin": "null"}),
        await browser.press(path, fields, {"Host": "evil.example"}),
        await browser.post(path, fields, {"Sec-Fetch-Site": "cross-site"}),
        await browser.post(path, fields, {"Sec-Fetch-Site": "same-site"}),
    ):
        assert refused.status == 403
    assert sandbox.state() == before
    assert sandbox.faults["limit"] == 0


@pytest.mark.asyncio
@pytest.mark.parametrize("path", PATHS)
async def test_pages_are_for_this_machine(browser: Browser, path: str) -> None:
    assert (await browser.get(path, Host="evil.example")).status == 403
    assert (await browser.get(path, Host="192.0.2.1")).status == 403


# ── Without jinja2 ──────────────────────────────────────────────────────────────────


def test_without_jinja2_calls_work_and_pages_show_what_to_install() -> None:
    script = """
import asyncio, sys
sys.modules["jinja2"] = None
import aiohttp
from justclick_async.sandbox import Sandbox
from tests.sandbox.running import call
async def story():
    async with Sandbox() as box, aiohttp.ClientSession(headers={"Accept": "text/html"}) as session:
        assert (await call(box.base_url, "GetAllGoods")).code == 0
        for path in "/", "/orders", "/style.css":
            async with session.get(box.base_url + path) as response:
                print(response.status, await response.text())
        async with session.get(box.base_url, headers={"Accept": "*/*"}) as response:
            assert "POST /api/METHOD" in await response.text()
asyncio.run(story())
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count('pip install "justclick_async[cli]"') == 2
    assert done.stdout.startswith("503 ")


def test_jinja2_is_not_loaded_before_a_page_is_asked_for() -> None:
    script = "import sys, justclick_async.sandbox; assert 'jinja2' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


# ── Several accounts ────────────────────────────────────────────────────────────────


@pytest_asyncio.fixture
async def shared() -> AsyncIterator[tuple[Sandbox, Browser]]:
    """A sandbox of two accounts, each with an order, and a browser."""
    second = Account("second")
    jar = aiohttp.CookieJar(unsafe=True)
    async with (
        Sandbox(accounts=[second]) as sandbox,
        aiohttp.ClientSession(cookie_jar=jar) as session,
    ):
        await order(sandbox)
        body = signed_body({**ORDER, "bill_first_name": "Вторая"}, "second", second.api_key)
        assert (await send(sandbox.base_url, "CreateOrder", body)).code == 0
        yield sandbox, Browser(session, sandbox.base_url)


@pytest.mark.asyncio
async def test_the_account_is_chosen_and_kept(shared: tuple[Sandbox, Browser]) -> None:
    _, browser = shared
    assert 'href="/orders/102937"' in (await browser.get("/orders")).text
    second = await browser.get("/orders?account=second")
    assert "Вторая" in second.words
    assert 'href="/orders/1102937"' in second.text
    assert "/orders/102937" not in second.text
    assert "Вторая" in (await browser.get("/")).words
    assert (await browser.get("/orders/102937")).status == 404
    assert (await browser.get("/orders/102937?account=username")).status == 200
    assert (await browser.get("/orders?account=third")).status == 404


@pytest.mark.asyncio
async def test_a_host_shows_its_account(shared: tuple[Sandbox, Browser]) -> None:
    _, browser = shared
    page = await browser.get("/orders?account=username", Host="second.localhost")
    assert "Вторая" in page.words


@pytest.mark.asyncio
async def test_a_button_means_the_account_of_its_page(shared: tuple[Sandbox, Browser]) -> None:
    sandbox, browser = shared
    token = await browser.token()  # of a page of the first account
    await browser.get("/?account=second")
    assert (await browser.press("/state/reset", {"token": token})).status == 200
    assert len(sandbox.state()["orders"]) == 0  # type: ignore[arg-type]
    assert len(sandbox.state("second")["orders"]) == 1  # type: ignore[arg-type]
    pressed = await browser.press("/products", {"url": "http://127.0.0.1:1/"})
    assert pressed.status == 200
    assert [shop.notify_url for shop in sandbox.service.shops] == ["", "http://127.0.0.1:1/"]
    foreign = token.replace("username", "third")
    assert (await browser.press("/state/reset", {"token": foreign})).status == 403


@pytest.mark.asyncio
async def test_a_bill_opens_whichever_account_is_looked_at(
    shared: tuple[Sandbox, Browser],
) -> None:
    sandbox, browser = shared
    (bought,) = sandbox.service.shops[1].orders.find_by_email("anna@example.com")
    page = await browser.get(bought.link)
    assert page.status == 200
    found = re.search(r'name="token" value="([^"]+)"', page.text)
    assert found
    assert (await browser.press(bought.link, {"token": found[1], "action": "pay"})).status == 200
    assert sandbox.service.shops[1].orders.find_by_email("anna@example.com")[0].pay_status == "paid"
    assert sandbox.service.shop.orders.find_by_email("anna@example.com")[0].pay_status == "waiting"


@pytest.mark.asyncio
async def test_the_request_page_shows_the_account(shared: tuple[Sandbox, Browser]) -> None:
    sandbox, browser = shared
    body = signed_body({"a": "1"}, LOGIN, API_KEY)
    await send(sandbox.base_url, "GetBills", body, {"Host": "second.localhost"})
    page = await browser.get("/requests/3")
    assert "the hash is right for the account username, but another one was called" in page.words
    assert "Account second" in page.words
    for query, numbers in (
        ("", ["3", "2", "1"]),
        ("for=username", ["1"]),
        ("for=second", ["3", "2"]),
    ):
        page = await browser.get(f"/requests?{query}")
        assert re.findall(r'href="/requests/(\d+)"', page.text) == numbers


# ── The first visit ───────────────────────────────────────────────────────


async def shown_snippets(browser: Browser) -> dict[str, str]:
    page = await browser.get("/")
    found = re.findall(r'<summary>([^<]*)</summary><pre class="copy">([^<]*)</pre>', page.text)
    return {name: unescape(text) for name, text in found}


async def outcome_of(*command: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    said, problem = await process.communicate()
    return process.returncode, said.decode() or problem.decode()


@pytest.mark.asyncio
async def test_the_examples_work(sandbox: Sandbox, browser: Browser, tmp_path: Path) -> None:
    shown = await shown_snippets(browser)
    assert list(shown) == ["PHP", "curl", "curl, API 2.0", "Python"]
    script = tmp_path / "first.py"
    script.write_text(shown["Python"], "utf-8")
    status, said = await outcome_of(sys.executable, str(script))
    assert status == 0, said
    assert "CreatedOrder(bill_id=102937" in said
    for name in "curl", "curl, API 2.0":
        status, said = await outcome_of("sh", "-euc", shown[name])
        assert (status, json.loads(said)["error_code"]) in ((0, 0), (0, 601)), said
    script = tmp_path / "first.php"
    script.write_text(shown["PHP"], "utf-8")
    said = await asyncio.to_thread(run_php, str(script), extensions=("curl",))
    assert json.loads(said)["error_code"] in (0, 601)
    assert {seen.outcome for seen in sandbox.service.request_log.latest()} <= {"done", "refused"}


@pytest.mark.asyncio
async def test_a_given_key_is_not_shown_in_examples() -> None:
    async with (
        Sandbox(api_key="somebodys-own-key") as sandbox,
        aiohttp.ClientSession() as session,
    ):
        browser = Browser(session, sandbox.base_url)
        shown = await shown_snippets(browser)
        page = await browser.get("/")
    assert all("(API key)" in text for text in shown.values())
    assert "the key that the sandbox was started with" in page.words
    assert "somebodys-own-key" not in page.text


@pytest.mark.asyncio
async def test_help_steps_aside_when_something_has_come(browser: Browser) -> None:
    assert '<details id="start">' not in (await browser.get("/")).text
    await browser.press("/state/sample", {})
    assert '<details id="start">' in (await browser.get("/")).text


# ── Unknown pages ───────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_an_unknown_page_links_to_known_ones(browser: Browser) -> None:
    page = await browser.get("/nothing/<here>?lang=en")
    assert (page.status, "Page not found." in page.words) == (404, True)
    assert "<code>/nothing/&lt;here&gt;</code>" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    russian = await browser.get("/nothing?lang=ru")
    assert (russian.status, "Страница не найдена." in russian.words) == (404, True)
    assert 'href="/orders"' in russian.text
    assert (await browser.get("/orders/5")).text.count('class="button" href="/orders"') == 1


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("path", "told"), [("/nothing", "POST /api/METHOD"), ("/sandbox/nothing", "404: Not Found")]
)
async def test_a_program_gets_no_page(browser: Browser, path: str, told: str) -> None:
    page = await browser.get(path, Accept="*/*")
    assert (page.status, told in page.text) == (404, True)
    assert page.headers["Content-Type"].startswith("text/plain")


@pytest.mark.asyncio
async def test_paths_of_the_service_answer_as_the_service(browser: Browser) -> None:
    for path in "/api", "/api/", "/api/a/b", "/api/Nothing":
        page = await browser.get(path)
        assert page.status == 404
        assert "/style.css" not in page.text
