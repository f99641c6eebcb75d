"""Both clients against a real PHP that checks hashes as any PHP server can: from ``$_POST``.

What PHP found in the request comes back as the result, so these tests see both that the hash was
accepted and that nothing was lost or changed on the way.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import evolve

from justclick_async import AsyncJustClick, AuthenticationFailed, Good, JustClick, Order, Utm
from justclick_async.calls import Call
from justclick_async.endpoints import V1
from justclick_async.php import http_build_query, parse_str
from tests.endpoints.test_table import FULL, described
from tests.php_server import API_KEY, LOGIN, PhpServer, php_server

__all__ = ["php_server"]  # a fixture

NASTY = [
    "~ * ' ( ) & = + %",
    '100% & more = less; a+b?c#d/e\\f|g^h`i<j>k"l',
    "Ёлка, «Москва» – ул. 1-я Тверская-Ямская",
    "😀👩‍👩‍👧‍👦🇷🇺",
    "line1\r\nline2\nline3\rline4\ttab",
    "",
    " leading and trailing ",
    "%D0%96 %zz + %2B",
    "[0][good_name]=x&hash=0",
    "\x00\x01\x7f\x80\xa0\u2028\ufeff",
]


def as_php_sees_it(call: Call[Any]) -> Any:
    return parse_str(http_build_query(call.params)) or []


def raw(call: Call[Any]) -> Call[Any]:
    return evolve(call, returns=object, reshape=None)


CALLS = [
    pytest.param(described(make), id=f"{name} {number}" if number else name)
    for name, makes in FULL.items()
    for number, make in enumerate(makes)
]


@pytest.mark.parametrize("call", CALLS)
def test_php_accepts_every_method_of_the_blocking_client(
    call: Call[Any], php_server: PhpServer
) -> None:
    with JustClick(LOGIN, API_KEY, base_url=php_server.base_url, rate=None) as client:
        answer = client.answer(raw(call))
    assert answer.verified
    assert answer.result == as_php_sees_it(call)


@pytest.mark.asyncio
@pytest.mark.parametrize("call", CALLS)
async def test_php_accepts_every_method_of_the_awaiting_client(
    call: Call[Any], php_server: PhpServer
) -> None:
    async with AsyncJustClick(LOGIN, API_KEY, base_url=php_server.base_url, rate=None) as client:
        answer = await client.answer(raw(call))
    assert answer.verified
    assert answer.result == as_php_sees_it(call)


@pytest.mark.parametrize("text", NASTY)
def test_php_accepts_nasty_texts_and_gets_them_whole(text: str, php_server: PhpServer) -> None:
    order = Order(
        email=f"a@example.com{text}",
        goods=[Good(f"good {text}", price=1), Good("sales")],
        first_name=text,
        comment=text,
        timer_kill=False,
        utm=Utm(medium=text, aff_term=text),
    )
    with JustClick(LOGIN, API_KEY, base_url=php_server.base_url, rate=None) as client:
        seen = client.run(raw(V1.create_order(order)))
        nested = {"a": {"b": [{"c": text}, text, None, True, False, 1.5, 10**15, 1e25]}}
        in_php = json.loads(json.dumps(parse_str(http_build_query(nested))))
        assert client.call("AnyMethod", nested) == in_php
    assert seen["bill_first_name"] == seen["bill_comment"] == text
    assert seen["goods"] == [
        {"good_name": f"good {text}", "good_sum": "1"},
        {"good_name": "sales"},
    ]
    assert seen["utm"] == {"utm_medium": text, "aff_term": text}
    assert seen["bill_timer_kill"] == "0"


def test_999_parameters_and_hash_are_the_limit_of_php(php_server: PhpServer) -> None:
    many = {f"p{number}": "x" for number in range(999)}
    with JustClick(LOGIN, API_KEY, base_url=php_server.base_url, rate=None) as client:
        assert client.call("AnyMethod", many) == many


def test_php_refuses_a_wrong_key(php_server: PhpServer) -> None:
    with JustClick(LOGIN, "another", base_url=php_server.base_url, rate=None) as client:
        with pytest.raises(AuthenticationFailed, match="code 4"):
            client.get_bills("a@example.com")
