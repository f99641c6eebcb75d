"""Login, key and address."""

from __future__ import annotations

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
    ],
)
def test_any_other_base_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="base_url"):
        account(base_url=url)


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
    with pytest.raises(InvalidInput, match="JUSTCLICK_LOGIN and JUSTCLICK_API_KEY are not set"):
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
