"""Login, key and address."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from justclick_async import AsyncJustClick, InvalidInput, InvalidInputType, JustClick
from justclick_async.account import Account
from tests.service import KEY


def account(login: str = "username", **more: str | None) -> Account:
    return Account.of(login, KEY, base_url=more.get("base_url"), zone=more.get("zone") or "a.io")


def test_the_host_is_login_and_zone_over_https() -> None:
    assert account("UserName", zone="justclick.io").base_url == "https://username.justclick.io"


@pytest.mark.parametrize(
    "login",
    ["evil.example/#", "a.b", "a b", "", "-a", "a-", "a" * 64, "логин", "a\n", "a@b", "a:1"],
)
def test_a_login_is_a_dns_label_and_nothing_else(login: str) -> None:
    with pytest.raises(InvalidInput, match="login"):
        account(login)
    with pytest.raises(InvalidInput, match="login"):
        account(login, base_url="https://shop.example.com")


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("https://Shop.example.com", "https://shop.example.com"),
        ("https://shop.example.com:8443/", "https://shop.example.com:8443"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://127.8.9.1", "http://127.8.9.1"),
        ("https://магазин.рф", "https://xn--80aairftm.xn--p1ai"),
        ("https://Магазин.РФ:8443/", "https://xn--80aairftm.xn--p1ai:8443"),
        ("https://xn--80aairftm.xn--p1ai", "https://xn--80aairftm.xn--p1ai"),
        ("https://straße.de", "https://xn--strae-oqa.de"),
    ],
)
def test_a_base_url_is_scheme_host_and_port(given: str, used: str) -> None:
    assert account(base_url=given).base_url == used


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://10.0.0.1",
        "https://shop.example.com/api",
        "https://user:password@shop.example.com",
        "https://shop.example.com?x=1",
        "https://shop.example.com#x",
        "https://",
        "shop.example.com",
        "ftp://shop.example.com",
        "https://shop.example.com:port",
        "https://shop.example.com:99999",
        "https://shop example.com",
        "",
        "https://shop.example.com?",
        "https://shop.example.com:0",
        "https://shop..example.com",
        "https://-shop.example.com",
        "https://" + "a" * 64 + ".com",
        "https://shop%2eexample.com",
        "https://300.1.1.1",
        "https://[v1.x]",
        "https://[::1%25lo]",
        "http://127.1",
    ],
)
def test_any_other_base_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="base_url"):
        account(base_url=url)


@pytest.mark.parametrize(
    "url",
    [
        "https://a\tb.com",
        " https://a.com",
        "https://a.com\n",
        "https://a.com\x00",
        "https://a\u200b.com",
    ],
)
def test_a_base_url_with_blanks_or_control_characters_is_refused_as_such(url: str) -> None:
    """Python's own parser drops some of them, so that the request would go to another host."""
    with pytest.raises(InvalidInput, match="base_url must not contain whitespace or control"):
        account(base_url=url)


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("https://me:secret@a.com", "must not contain a user name or a password"),
        ("https://a.com:0", "must have a port from 1 to 65535"),
        ("https://a.com/api", "must consist of scheme, host and port only"),
    ],
)
def test_a_base_url_that_is_refused_names_the_rule_and_shows_no_password(
    url: str, rule: str
) -> None:
    with pytest.raises(InvalidInput, match=rule) as raised:
        account(base_url=url)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("zone", ["", "io", "evil.example/", "a b.io", "justclick.io:443"])
def test_a_zone_is_a_domain_name(zone: str) -> None:
    with pytest.raises(InvalidInput, match="zone"):
        Account.of("username", KEY, base_url=None, zone=zone)


def test_blanks_around_a_pasted_key_do_not_count() -> None:
    assert Account.of("username", f" {KEY}\n", base_url=None, zone="a.io").api_key == KEY


@pytest.mark.parametrize("key", ["", "  ", "a b", "ключ", "a\x00b"])
def test_a_key_that_can_be_none_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(InvalidInput, match="api_key") as raised:
        Account.of("username", key, base_url=None, zone="a.io")
    assert not key.strip() or key not in str(raised.value)


@pytest.mark.parametrize("client", [AsyncJustClick, JustClick])
def test_a_login_or_key_of_another_type_is_a_type_error(client: type[JustClick]) -> None:
    with pytest.raises(InvalidInputType, match="login must be str, not None"):
        client(None, KEY)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputType, match="api_key must be str, not int"):
        client("username", 5)  # type: ignore[arg-type]


@pytest.mark.parametrize("client", [AsyncJustClick, JustClick])
def test_a_client_comes_from_the_environment(
    client: type[JustClick], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "JUSTCLICK_LOGIN", "JUSTCLICK_API_KEY", "JUSTCLICK_BASE_URL", "JUSTCLICK_ZONE":
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(
        InvalidInput, match="variables JUSTCLICK_LOGIN, JUSTCLICK_API_KEY are not set"
    ):
        client.from_env()
    monkeypatch.setenv("JUSTCLICK_LOGIN", "anna")
    with pytest.raises(InvalidInput, match="JUSTCLICK_API_KEY is not set. Set it in the env"):
        client.from_env()
    monkeypatch.setenv("JUSTCLICK_API_KEY", KEY)
    monkeypatch.setenv("JUSTCLICK_ZONE", "justclick.ru")
    assert "https://anna.justclick.ru" in repr(client.from_env())
    assert "https://boris.justclick.ru" in repr(client.from_env(login="boris"))
    monkeypatch.setenv("JUSTCLICK_BASE_URL", "https://shop.example.com")
    assert "https://shop.example.com" in repr(client.from_env())
    assert KEY not in repr(client.from_env())


HOLDERS = {
    "client": lambda client: client,
    "view": lambda client: client.with_options(timeout=5),
    "v2": lambda client: client.v2,
    "method": lambda client: client.create_order,
    "account": lambda client: getattr(client, "_client", client)._account,
    "transport": lambda client: getattr(client, "_client", client)._transport,
}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("client", [AsyncJustClick, JustClick])
@pytest.mark.parametrize("holder", HOLDERS.values(), ids=HOLDERS)
def test_nothing_that_holds_the_key_is_pickled(
    client: type[JustClick], holder: Any, protocol: int
) -> None:
    held = holder(client("username", KEY))
    with pytest.raises(InvalidInputType, match="cannot be pickled: it holds the API key") as raised:
        pickle.dumps(held, protocol)
    assert "from_env()" in raised.value.hint


@pytest.mark.parametrize("twin_of", [copy.copy, copy.deepcopy])
@pytest.mark.parametrize("client", [AsyncJustClick, JustClick])
def test_copies_of_a_client_share_its_connections_and_its_pace(
    client: type[JustClick], twin_of: Any
) -> None:
    original = client("username", KEY, timeout=7)
    twin, twin_v2 = twin_of(original), twin_of(original.v2)
    assert type(twin) is client
    assert twin is not original
    inner: Any = getattr(original, "_client", original)
    for copied in twin, twin_v2._client:
        its: Any = getattr(copied, "_client", copied)
        assert (its._transport, its._limiter, its._timeout) == (
            inner._transport,
            inner._limiter,
            inner._timeout,
        )
    assert twin._is_view  # leaving it closes nothing
    assert twin_of({"client": original})["client"]._is_view or twin_of is copy.copy
