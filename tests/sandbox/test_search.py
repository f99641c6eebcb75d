"""The search of the lists, and the order of their rows."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from urllib.parse import quote

import aiohttp
import pytest
import pytest_asyncio

from justclick_async.sandbox import Sandbox
from justclick_async.sandbox.samples import sample_order
from justclick_async.sandbox.search import matches
from tests.sandbox.running import ORDER, call, call_v2
from tests.sandbox.test_pages import Browser

PEOPLE = (
    ("Анна", "Ёлкина", "+7 (916) 123-45-67"),
    ("Пётр", "Иванов", "8 900 000 00 01"),
    ("Maximilian", "Weiß", "+49 30 1234567"),
)


@pytest.mark.parametrize(
    ("wanted", "texts"),
    [
        ("АННА", ["анна"]),
        ("елкина анна", ["Анна", "Ёлкина"]),
        ("WEISS", ["Weiß"]),
        ("й", ["и\N{COMBINING BREVE}"]),
        ("8 (916) 123-45-67", ["+79161234567"]),
        ("+7 916 123", ["8(916)1234567"]),
        ("9161234567", ["+7 916 123-45-67"]),
        ("", ["anything"]),
    ],
)
def test_text_is_found_in_any_case_and_notation(wanted: str, texts: list[str]) -> None:
    assert matches(wanted, *texts)


@pytest.mark.parametrize(
    ("wanted", "texts"),
    [
        ("анна петрова", ["Анна", "Ёлкина"]),
        ("%", ["anything"]),
        ("8 916 123-45-68", ["+79161234567"]),
        ("7", ["Анна", "+8"]),
    ],
)
def test_other_text_is_not_found(wanted: str, texts: list[str]) -> None:
    assert not matches(wanted, *texts)


@pytest_asyncio.fixture
async def browser(sandbox: Sandbox) -> AsyncIterator[Browser]:
    sandbox.notify("http://127.0.0.1:9/")
    for number, (first, last, phone) in enumerate(PEOPLE):
        names = {"bill_first_name": first, "bill_surname": last, "bill_phone": phone}
        goods = [{"good_name": "sales" if number else "invoice", "good_sum": 100 * (3 - number)}]
        fields = {**ORDER, **names, "bill_email": f"{number}@example.com", "goods": goods}
        assert (await call(sandbox.base_url, "CreateOrder", fields)).code == 0
        lead = {"lead_name": f"{first} {last}", "lead_phone": phone, "rid": ["super"]}
        lead["lead_email"] = f"{number}@example.com"
        assert (await call(sandbox.base_url, "AddLeadToGroup", lead)).code == 0
    async with aiohttp.ClientSession() as session:
        yield Browser(session, sandbox.base_url)


async def found(browser: Browser, path: str) -> list[int]:
    page = await browser.get(path)
    assert page.status == 200
    section = path.partition("?")[0]
    return list(map(int, re.findall(rf'<td><a href="{section}/(\d+)"', page.text)))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("wanted", "person"),
    [
        ("ёлкина АННА", 0), ("8-916-123-45-67", 0), ("иван", 1), ("+7 900 0000001", 1),
        ("WEISS", 2), ("1234567", None), ("2@EXAMPLE.com", 2), ("нет такого", -1),
    ],
)  # fmt: skip
async def test_every_list_finds_a_person(browser: Browser, wanted: str, person: int | None) -> None:
    people = [0, 2] if person is None else [] if person == -1 else [person]
    query = f"?sort=number&q={quote(wanted)}"
    assert await found(browser, f"/orders{query}") == [102937 + each for each in people]
    assert await found(browser, f"/contacts{query}") == [1 + each for each in people]
    both = [number for each in people for number in (1 + 2 * each, 2 + 2 * each)]
    assert await found(browser, f"/requests{query}") == both
    assert await found(browser, f"/deliveries{query}") == both


@pytest.mark.asyncio
async def test_every_list_finds_a_product(browser: Browser) -> None:
    assert await found(browser, "/orders?q=invoice") == [102937]
    assert await found(browser, f"/orders?q={quote('ОПЛАТА ПО счёту')}") == [102937]
    assert await found(browser, "/contacts?q=invoice") == [1]
    assert await found(browser, "/requests?q=invoice") == [1]
    assert await found(browser, f"/deliveries?q={quote('оплата по счету')}") == [1]


@pytest.mark.asyncio
async def test_an_order_finds_its_requests_by_number(browser: Browser) -> None:
    assert await found(browser, "/requests?q=102938") == [3]
    page = await browser.get("/orders/102938")
    assert 'href="/requests/3"' in page.text
    assert 'href="/requests/1"' not in page.text
    assert 'href="/contacts/2"' in page.text
    contact = await browser.get("/contacts/2")
    assert 'href="/orders/102938"' in contact.text
    assert re.findall(r'href="/requests/(\d+)"', contact.text) == ["4", "3"]
    assert re.findall(r'href="/deliveries/(\d+)"', contact.text) == ["4", "3"]
    assert (await browser.get("/contacts/9")).status == 404


@pytest.mark.asyncio
async def test_columns_are_sorted_both_ways(browser: Browser) -> None:
    assert await found(browser, "/orders?sort=amount") == [102939, 102938, 102937]
    assert await found(browser, "/orders?sort=-amount") == [102937, 102938, 102939]
    assert await found(browser, "/orders?sort=customer") == [102939, 102937, 102938]
    assert await found(browser, "/contacts?sort=-contact") == [2, 1, 3]
    assert await found(browser, "/requests?sort=method") == [2, 4, 6, 1, 3, 5]
    assert await found(browser, "/deliveries?sort=event") == [2, 4, 6, 1, 3, 5]
    assert await found(browser, "/orders?sort=nonsense") == [102939, 102938, 102937]
    page = await browser.get("/orders?sort=customer&q=a")
    assert 'aria-sort="ascending"><a href="/orders?q=a&amp;sort=-customer">' in page.text


@pytest.mark.asyncio
async def test_pages_of_a_sorted_list_have_each_row_once(sandbox: Sandbox) -> None:
    shop = sandbox.service.shop
    with shop.transaction():
        for _ in range(120):
            shop.orders.restore(sample_order(0))
    async with aiohttp.ClientSession() as session:
        browser = Browser(session, sandbox.base_url)
        for sort in "customer", "-amount", "number", "-status":
            page = await browser.get(f"/orders?sort={sort}")
            pages = [page]
            while more := re.search(r'rel="next" href="([^"]+)"', pages[-1].text):
                pages.append(await browser.get(more[1].replace("&amp;", "&")))
            numbers = [
                n for each in pages for n in re.findall(r'<td><a href="/orders/(\d+)', each.text)
            ]
            assert len(pages) == 3
            assert numbers == sorted(set(numbers), reverse=sort.startswith("-"))
            back = re.search(r'rel="prev" href="([^"]+)"', pages[2].text)
            assert back
            before = await browser.get(back[1].replace("&amp;", "&"))
            assert re.findall(r'<td><a href="/orders/(\d+)', before.text) == numbers[50:100]


@pytest.mark.asyncio
async def test_a_contact_without_an_address_has_no_requests(sandbox: Sandbox) -> None:
    await call_v2(sandbox.base_url, "addupdatelead", lead_first_name="Nobody")
    async with aiohttp.ClientSession() as session:
        page = await Browser(session, sandbox.base_url).get("/contacts/1")
    assert (page.status, "Nobody" in page.words) == (200, True)
    assert 'href="/requests/' not in page.text
