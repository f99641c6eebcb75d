"""Requests through a proxy, with real sockets and processes."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme
from attrs import field, mutable

from justclick_async import (
    AsyncJustClick,
    ConnectionFailed,
    InvalidInput,
    InvalidInputType,
    JustClick,
    Order,
    Outcome,
    TLSFailed,
)
from justclick_async.proxies import proxy_from_environment
from tests.cli.command import environment, run, run_process
from tests.compare_http import pushing, serving
from tests.service import KEY, LOGIN
from tests.test_connection import pump

ORDER = Order(email="buyer@example.com", goods=["invoice"])
SERVICE = "https://shop.example.com"
VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@mutable
class HttpProxy:
    """Gives one answer to every CONNECT; connects, if that is none."""

    answer: bytes | None
    heads: list[bytes] = field(factory=list)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        if self.answer is not None:
            writer.write(self.answer)
            writer.close()
            return
        host, _, port = head.split()[1].decode().partition(":")
        there_reader, there_writer = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(pump(reader, there_writer), pump(there_reader, writer))


@contextmanager
def proxy(answer: bytes | None) -> Iterator[HttpProxy]:
    served = HttpProxy(answer)
    with serving(served.serve) as port:
        served.url = f"127.0.0.1:{port}"
        yield served


REFUSALS = {
    "it asks for a password": (
        b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
        "requires a user name and a password (HTTP 407)",
        "http://user:password@host:port",
    ),
    "it forbids the host": (
        b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno",
        "refused the connection (HTTP 403)",
        "Ask the proxy administrator",
    ),
    "it does not reach the host": (
        b"HTTP/1.1 502 Bad Gateway\r\n\r\n",
        "refused the connection (HTTP 502)",
        "Ask the proxy administrator",
    ),
    "it drops the connection": (b"", "no connection through the proxy", "Check the proxy"),
    "it answers with garbage": (
        b"\x00\x01 garbage\r\n\r\n",
        "no connection through the proxy",
        "Check the proxy",
    ),
    "it breaks off": (b"HTTP/1.1 200 Conn", "no connection through the proxy", "Check the proxy"),
    "it connects and drops": (b"HTTP/1.1 200 OK\r\n\r\n", "", ""),
}


@pytest.mark.filterwarnings("ignore:An HTTPS request is being sent through:RuntimeWarning")
@pytest.mark.parametrize(("answer", "message", "hint"), REFUSALS.values(), ids=REFUSALS)
def test_a_request_refused_by_the_proxy_is_not_sent(answer: bytes, message: str, hint: str) -> None:
    with proxy(answer) as refusing:
        url = f"http://me:s3cret@{refusing.url}"
        with JustClick(LOGIN, KEY, base_url=SERVICE, proxy=url, retries=0, timeout=5) as client:
            with pytest.raises(ConnectionFailed) as raised:
                client.create_order(ORDER)
    assert raised.value.outcome is Outcome.NOT_SENT
    assert message in str(raised.value)
    assert hint in raised.value.hint
    assert "s3cret" not in str(raised.value)
    assert refusing.heads[0].startswith(b"CONNECT shop.example.com:443")


def test_a_proxy_that_is_not_there_is_named_as_the_cause() -> None:
    with JustClick(LOGIN, KEY, base_url=SERVICE, proxy="http://127.0.0.1:9", retries=0) as client:
        with pytest.raises(ConnectionFailed, match="no connection through the proxy") as raised:
            client.create_order(ORDER)
    assert "HTTPS_PROXY" in raised.value.hint


# ── The environment ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("client", [AsyncJustClick, JustClick])
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("scheme", ["", "http://"], ids=["host and port", "URL"])
def test_the_environments_proxy_is_used(
    variable: str, scheme: str, client: type[JustClick], monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxy(REFUSALS["it asks for a password"][0]) as refusing:
        monkeypatch.setenv(variable, scheme + refusing.url)
        asking = client(LOGIN, KEY, base_url=SERVICE, retries=0, timeout=5)
        run = (lambda order: order) if client is JustClick else asyncio.run
        with pytest.raises(ConnectionFailed, match="HTTP 407"):
            run(asking.create_order(ORDER))
        run(asking.close())
    assert len(refusing.heads) == 1


@pytest.mark.parametrize(
    ("base_url", "exceptions", "goes_through"),
    [
        ("https://shop.example.com", "", True),
        ("https://shop.example.com:8443", "example.org", True),
        ("https://shop.example.com", "example.com", False),
        ("https://shop.example.com", "a.com, .example.com", False),
        ("https://shop.example.com:8443", "shop.example.com:8443", False),
        ("https://shop.example.com", "*", False),
        ("http://127.0.0.1:8000", "", False),
        ("http://localhost:8000", "", False),
    ],
)
def test_exceptions_and_this_machine_go_directly(
    base_url: str, exceptions: str, goes_through: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example.com:3128")
    monkeypatch.setenv("NO_PROXY", exceptions)
    assert (proxy_from_environment(base_url) is not None) is goes_through


REFUSED = {
    "socks5://me:s3cret@proxy:1080": "must be an HTTP proxy, not SOCKS",
    "socks4a://proxy:1080": "must be an HTTP proxy, not SOCKS",
    "ftp://proxy:21": "must be the URL of an HTTP proxy",
    "http://": "must be the URL of an HTTP proxy",
    "http://me:s3cret@proxy:0": "must be the URL of an HTTP proxy",
    "http://me:s3cret@proxy:99999": "must be the URL of an HTTP proxy",
    "http://pro xy:3128": "must be the URL of an HTTP proxy",
    "http://pro\txy:3128": "must be the URL of an HTTP proxy",
}


@pytest.mark.parametrize(("url", "rule"), REFUSED.items())
def test_a_proxy_that_cannot_be_used_is_refused_and_never_passed_over(
    url: str, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidInput, match=f"^proxy {rule}") as raised:
        JustClick(LOGIN, KEY, proxy=url)
    assert "s3cret" not in str(raised.value)
    monkeypatch.setenv("HTTPS_PROXY", url)
    with pytest.raises(InvalidInput, match=f"^HTTPS_PROXY {rule}") as raised:
        AsyncJustClick(LOGIN, KEY)
    assert "s3cret" not in str(raised.value)
    assert raised.value.hint
    assert raised.value.hint_ru
    AsyncJustClick(LOGIN, KEY, trust_env=False)


def test_an_https_proxy_of_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """aiohttp passes it over, and the request leaves directly."""
    monkeypatch.setenv("HTTPS_PROXY", "https://me:s3cret@proxy.example.com:3128")
    with pytest.raises(InvalidInput, match="HTTPS_PROXY must be an http:// URL") as raised:
        JustClick(LOGIN, KEY)
    assert "s3cret" not in str(raised.value)
    JustClick(LOGIN, KEY, proxy="https://proxy.example.com:3128")
    JustClick(LOGIN, KEY, base_url="http://127.0.0.1:1")


def test_a_proxy_that_is_named_in_code_has_a_scheme() -> None:
    with pytest.raises(InvalidInput, match="proxy must be the URL of an HTTP proxy"):
        JustClick(LOGIN, KEY, proxy="proxy.example.com:3128")


def test_a_proxy_of_another_type_is_a_type_error() -> None:
    with pytest.raises(InvalidInputType, match="proxy must be str, not int"):
        JustClick(LOGIN, KEY, proxy=3128)  # type: ignore[arg-type]


def test_no_password_of_netrc_reaches_the_service_or_the_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login foreign password s3cret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with pushing(b"", b"") as service:
        with JustClick(LOGIN, KEY, base_url=service.base_url, trust_env=True) as client:
            client.create_order(ORDER)
    assert not any(b"authorization" in head.lower() for head in service.heads)


# ── The command line ────────────────────────────────────────────────────────────────

AUTHORITY = trustme.CA()


def account(**variables: str) -> dict[str, str]:
    return environment(JUSTCLICK_LOGIN=LOGIN, JUSTCLICK_API_KEY=KEY, **variables)


@pytest.fixture
def certificates(tmp_path: Path) -> str:
    AUTHORITY.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return str(tmp_path / "ca.pem")


@pytest.mark.parametrize("by", ["option", "environment"])
def test_commands_go_through_the_proxy_and_do_not_show_its_password(
    by: str, certificates: str
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    with pushing(b"", b"", tls=context) as service, proxy(None) as between:
        url = f"http://me:s3cret@{between.url}"
        option = ["--proxy", url] if by == "option" else []
        variables = {} if by == "option" else {"HTTPS_PROXY": url}
        ran = run_process(  # which reads SSL_CERT_FILE when it starts
            "call", "GetAllGroups", "--base-url", service.base_url, *option,
            env=account(SSL_CERT_FILE=certificates, **variables),
        )  # fmt: skip
    assert ran.code == 0, ran.err
    assert '"bill_id": 1' in ran.out
    assert len(between.heads) == 1
    assert b"Proxy-Authorization: Basic" in between.heads[0]
    assert "s3cret" not in ran.out + ran.err


@pytest.mark.parametrize(
    "words",
    [
        ["call", "GetAllGroups", "--proxy", "URL"],
        ["doctor", "--proxy", "URL"],
        ["import", "FILE", "--yes", "--proxy", "URL"],
        ["import", "FILE", "--yes", "--proxy=URL"],
        ["import", "FILE", "--yes", "--workers", "2", "--proxy", "URL"],
        ["goods", "get-all-goods", "--proxy", "URL"],
    ],
    ids=["call", "doctor", "import", "import with =", "import by two processes", "method"],
)
def test_every_command_takes_a_proxy_and_reports_its_refusal(
    words: list[str], tmp_path: Path
) -> None:
    orders = tmp_path / "orders.csv"
    orders.write_text("email,goods\nbuyer@example.com,invoice\n")
    with proxy(REFUSALS["it asks for a password"][0]) as refusing:
        line = [word.replace("URL", f"me:s3cret@{refusing.url}") for word in words]
        line = [str(orders) if word == "FILE" else word for word in line]
        ran = run(*line, "--base-url", SERVICE, env=account())
    message = ran.out + ran.err
    assert ran.code != 0, message
    assert "407" in message
    assert "s3cret" not in message
    assert refusing.heads


@pytest.mark.parametrize("url", ["socks5://me:s3cret@proxy:1080", "https://me:s3cret@proxy:3128"])
def test_a_command_refuses_a_proxy_of_the_environment_that_cannot_be_used(url: str) -> None:
    ran = run("call", "GetAllGroups", env=account(HTTPS_PROXY=url))
    assert ran.code != 0
    assert "HTTPS_PROXY" in ran.err
    assert "s3cret" not in ran.out + ran.err


def test_tls_that_fails_behind_the_proxy_is_not_sent(certificates: str) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    with pushing(b"", b"", tls=context) as service, proxy(None) as between:
        with JustClick(
            LOGIN,
            KEY,
            base_url=service.base_url,
            proxy=f"http://{between.url}",
            retries=0,
            timeout=5,
        ) as client:
            with pytest.raises(TLSFailed):
                client.create_order(ORDER)
    assert not service.requests
