"""``justclick doctor`` before a service, a network and settings that are wrong in each way."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import trustme
from aiohttp import web

from justclick_async.cli import main
from justclick_async.cli.doctor import examine
from justclick_async.cli.doctor.findings import Finding
from justclick_async.cli.doctor.machine import look_at_proxies, look_at_versions
from justclick_async.cli.doctor.settings import Given
from justclick_async.sandbox import API_KEY, LOGIN, Sandbox
from tests.cli.command import JUSTCLICK, environment
from tests.service import envelope, http
from tests.service import running as scripted

CHECKS = [
    "versions", "speedups", "signature", "proxy", "login", "api_key", "address", "dns", "tcp",
    "tls", "api_1", "api_2", "clock", "rate",
]  # fmt: skip


async def examined(
    base_url: str | None,
    login: str = LOGIN,
    key: str = API_KEY,
    *,
    zone: str = "justclick.io",
    seconds: float = 5.0,
) -> dict[str, Finding]:
    findings = [each async for each in examine(Given(login, key, base_url, zone), seconds)]
    assert [each.check for each in findings] == CHECKS
    for each in findings:
        assert (each.hint is not None) >= (each.state == "wrong")
        for text in filter(None, (each.text, each.hint)):
            assert text.en
            assert text.ru
            if len(key.strip()) > 20:
                assert key.strip() not in f"{text.en} {text.ru}"
    return {each.check: each for each in findings}


def wrong(findings: Mapping[str, Finding]) -> dict[str, str]:
    return {name: each.text.en for name, each in findings.items() if each.state == "wrong"}


def skipped(findings: Mapping[str, Finding]) -> set[str]:
    return {name for name, each in findings.items() if each.state == "skipped"}


# ── A service that is well ──────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_all_is_well_and_nothing_is_changed() -> None:
    async with Sandbox() as sandbox:
        before = sandbox.state()
        findings = await examined(sandbox.base_url)
        after = sandbox.state()
    assert wrong(findings) == {}
    assert skipped(findings) == {"dns", "tls"}
    assert findings["api_1"].text.en == (
        "a signed call is accepted, and the answer is signed with this key."
    )
    asked = [each["method"] for each in after.pop("requests")]
    before.pop("requests")
    assert asked == ["GetAllGroups", "getalllists", *["GetAllGroups"] * 3]
    assert after == before


# ── A service that is not ───────────────────────────────────────────────────────────


def _other_key(sandbox: Sandbox) -> None:
    sandbox.account.api_key = "f" * 40


def _other_login(sandbox: Sandbox) -> None:
    sandbox.account.login = "Username"


def _denied(sandbox: Sandbox) -> None:
    sandbox.account.denied.add("127.0.0.1")


def _disabled(sandbox: Sandbox) -> None:
    sandbox.account.disabled = True


def _fault(*names: str) -> Callable[[Sandbox], None]:
    return lambda sandbox: sandbox.faults.next(*names)


BEYOND = {"api_2", "rate"}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("ill", "check", "text", "hint", "not_made"),
    [
        (_other_key, "api_1", "is not signed with this key either", "copy it once more", BEYOND),
        (_other_login, "api_1", "the key is right", "small and capital letters", {"rate"}),
        (_denied, "api_1", "code 6: this machine's address", "list in the account", BEYOND),
        (_disabled, "api_1", "code 7: the account is switched off", "support", BEYOND),
        (_fault("limit"), "api_1", "code 8: the calls allowed", "Stop for some hours", BEYOND),
        (_fault("http_500"), "api_1", "HTTP 500", "try again in some minutes", BEYOND),
        (_fault("html_page"), "api_1", "(HTTP 200): ", "in a browser", BEYOND),
        (_fault("bad_hash"), "api_1", "is not signed with this key", "Copy the key", BEYOND),
        (_fault("slow"), "api_1", "no answer came in time", "", BEYOND),
        (_fault("drop_before"), "api_1", "the connection was cut off", "", BEYOND),
        (_fault("", "limit"), "api_2", "code 8", "Stop for some hours", set[str]()),
        (_fault("", "", "", "limit"), "rate", "call 3 was refused with code 8", "Stop", set[str]()),
        (_fault("", "", "http_500"), "rate", "call 2 failed where the first was", "", set[str]()),
    ],
)  # fmt: skip
async def test_a_service_that_is_wrong(
    ill: Callable[[Sandbox], None], check: str, text: str, hint: str, not_made: set[str]
) -> None:
    async with Sandbox(slow_for=30) as sandbox:
        ill(sandbox)
        findings = await examined(sandbox.base_url, seconds=0.5)
    assert list(wrong(findings)) == [check]
    assert text in findings[check].text.en
    said = findings[check].hint
    assert said is not None
    assert hint in said.en
    assert said.en != said.ru
    assert skipped(findings) - {"dns", "tls", "clock"} == not_made


@asynccontextmanager
async def front(
    sandbox: Sandbox, *, tls: ssl.SSLContext | None = None, asked_as: str = "", ahead: float = 0
) -> AsyncIterator[int]:
    """Stand before a sandbox as a web server does: TLS, another host name, a clock of its own."""

    async def forward(request: web.Request) -> web.Response:
        headers = {"Content-Type": request.content_type}
        if asked_as:
            headers["Host"] = asked_as
        url = f"{sandbox.base_url}{request.path}"
        async with session.post(url, data=await request.read(), headers=headers) as answer:
            date = format_datetime(datetime.now(UTC) + timedelta(seconds=ahead), usegmt=True)
            return web.Response(
                body=await answer.read(), content_type="application/json", headers={"Date": date}
            )

    app = web.Application()
    app.router.add_post("/api/{method}", forward)
    runner = web.AppRunner(app)
    await runner.setup()
    async with aiohttp.ClientSession() as session:
        await web.TCPSite(runner, "localhost", 0, ssl_context=tls).start()
        try:
            yield runner.addresses[0][1]
        finally:
            await runner.cleanup()


@pytest.mark.asyncio
async def test_a_host_of_another_login() -> None:
    async with Sandbox() as sandbox, front(sandbox, asked_as="other.justclick.io") as port:
        findings = await examined(f"http://127.0.0.1:{port}")
    assert wrong(findings) == {"api_1": "code 5: there is no such login."}
    assert skipped(findings) == {"dns", "tls", *BEYOND}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("ahead", "text"),
    [
        (7200, "this machine's is 2 h slow."),
        (-7200, "this machine's is 2 h fast."),
        (-200, "this machine's is 3 min fast."),
        (75, "this machine's is 7"),
    ],
)
async def test_a_clock_that_is_wrong(ahead: float, text: str) -> None:
    async with Sandbox() as sandbox, front(sandbox, ahead=ahead) as port:
        findings = await examined(f"http://127.0.0.1:{port}")
    assert list(wrong(findings)) == ["clock"]
    assert findings["clock"].text.en.startswith(text)


@pytest.mark.asyncio
@pytest.mark.parametrize("date", [{}, {"Date": "yesterday"}])
async def test_an_answer_without_a_time(date: dict[str, str]) -> None:
    with scripted(http(envelope([]), **date)) as there:
        findings = await examined(there.base_url)
    assert wrong(findings) == {}
    assert findings["clock"].state == "skipped"
    assert findings["clock"].text.en == "the answer tells no time."


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (
            http("", 301, Location="https://parked.example.com/lander"),
            "the answer is a redirect to https://parked.example.com; a signed call does not follow",
        ),
        (http("<html>Log in to this network</html>"), "what answers is not the API (HTTP 200): "),
        (http("Too many requests", 429), "the answer is HTTP 429."),
        (http(envelope([], hash="")), "is not signed with this key."),
        (http(envelope(None, 77, "What?")), "code 77."),
        (http(envelope(None, 1, "not transferred hash")), "code 1: the hash did not arrive."),
    ],
)
async def test_an_answer_of_somebody_else(reply: bytes, text: str) -> None:
    with scripted(reply) as there:
        findings = await examined(there.base_url)
        assert len(there.requests) == 1
    assert list(wrong(findings)) == ["api_1"]
    assert text in findings["api_1"].text.en
    assert skipped(findings) >= BEYOND


# ── A way that is blocked ───────────────────────────────────────────────────────────

NEVER_ASKED = {"api_1", "api_2", "clock", "rate"}


@pytest.mark.asyncio
async def test_a_name_that_does_not_exist() -> None:
    findings = await examined("https://username.invalid")
    assert list(wrong(findings)) == ["dns"]
    assert "there is no host username.invalid" in findings["dns"].text.en
    assert skipped(findings) == {"tcp", "tls", *NEVER_ASKED}


@pytest.mark.asyncio
async def test_a_resolver_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "getaddrinfo", lambda *_args, **_more: asyncio.sleep(60))
    findings = await examined("https://username.justclick.io", seconds=0.05)
    assert list(wrong(findings)) == ["dns"]
    assert findings["dns"].text.en.startswith("nobody said within 0.05 s")


@pytest.mark.asyncio
async def test_a_port_where_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    findings = await examined(f"http://127.0.0.1:{port}")
    assert list(wrong(findings)) == ["tcp"]
    assert "Connect call failed" in findings["tcp"].text.en or "refused" in findings["tcp"].text.en
    assert skipped(findings) == {"dns", "tls", *NEVER_ASKED}


@pytest.mark.asyncio
async def test_a_port_that_swallows_connections() -> None:
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for each in first, second:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        findings = await examined(f"http://127.0.0.1:{full.getsockname()[1]}", seconds=0.2)
    assert list(wrong(findings)) == ["tcp"]
    assert findings["tcp"].text.en.endswith("within 0.2 s.")


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """A certificate authority that this process trusts."""
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return made


def context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(made)
    return made


NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("issue", "text", "hint"),
    [
        (
            lambda ca: ca.issue_cert("localhost", not_before=NOW - 9 * DAY, not_after=NOW - DAY),
            "the certificate has expired.",
            "Is the clock of this machine right? It says 2",
        ),
        (
            lambda ca: ca.issue_cert("localhost", not_before=NOW + DAY, not_after=NOW + 9 * DAY),
            "the certificate is not valid yet.",
            "Is the clock of this machine right? It says 2",
        ),
        (
            lambda ca: ca.issue_cert("shop.example.com"),
            "the certificate is not for localhost.",
            "Check login, zone and base_url",
        ),
        (
            lambda _: trustme.CA().issue_cert("localhost"),
            "nobody that this machine trusts vouches for the certificate (",
            "SSL_CERT_FILE must name its certificate",
        ),
    ],
)
async def test_a_certificate_that_is_not_trusted(
    authority: trustme.CA, issue: Callable[[trustme.CA], trustme.LeafCert], text: str, hint: str
) -> None:
    async with Sandbox() as sandbox, front(sandbox, tls=context(issue(authority))) as port:
        findings = await examined(f"https://localhost:{port}")
        assert sandbox.state()["requests"] == []
    assert list(wrong(findings)) == ["tls"]
    assert findings["tls"].text.en.startswith(text)
    said = findings["tls"].hint
    assert said is not None
    assert hint in said.en
    assert skipped(findings) == NEVER_ASKED


@pytest.mark.asyncio
async def test_a_port_that_speaks_no_tls(authority: trustme.CA) -> None:
    async with Sandbox() as sandbox, front(sandbox) as port:
        findings = await examined(f"https://localhost:{port}")
    assert list(wrong(findings)) == ["tls"]
    assert f"there is no TLS on port {port}" in findings["tls"].text.en


@pytest.mark.asyncio
@pytest.mark.parametrize(("days", "state"), [(90, "ok"), (5, "note")])
async def test_over_trusted_tls_all_is_well(
    authority: trustme.CA, tmp_path: Path, days: int, state: str
) -> None:
    # In a process of its own: aiohttp decides whom to trust when it is imported.
    certificate = authority.issue_cert("localhost", not_after=NOW + days * DAY)
    async with Sandbox() as sandbox, front(sandbox, tls=context(certificate)) as port:
        done = await asyncio.create_subprocess_exec(
            *JUSTCLICK, "doctor", "--json",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env=environment(
                JUSTCLICK_LOGIN=LOGIN, JUSTCLICK_API_KEY=API_KEY,
                JUSTCLICK_BASE_URL=f"https://localhost:{port}",
                SSL_CERT_FILE=str(tmp_path / "ca.pem"),
            ),
        )  # fmt: skip
        out, err = await done.communicate()
    assert (done.returncode, err) == (0, b"")
    told = json.loads(out)
    states = {each["check"]: each["state"] for each in told["checks"]}
    assert told["ok"]
    assert states["tls"] == state
    assert {states[each] for each in ("dns", "tcp", "api_1", "api_2", "clock", "rate")} == {"ok"}


# ── Settings ────────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("login", "key", "base_url", "zone", "said"),
    [
        ("", "", None, "justclick.io", {"login": "there is none.", "api_key": "there is none."}),
        ("shop.justclick.io", "x", None, "justclick.io",
         {"login": "it is an address; the login is the first part of it alone."}),
        ("https://shop.justclick.io/", "x", None, "justclick.io",
         {"login": "it is an address; the login is the first part of it alone."}),
        ("anna@example", "x", None, "justclick.io",
         {"login": "it is an e-mail address, not the login of an account."}),
        ("my_login", "x", None, "justclick.io",
         {"login": "it is no login: letters, digits and hyphens, at most 63 of them."}),
        ("shop", "Shop", None, "justclick.io", {"api_key": "it is the login, not the key."}),
        ("shop", '"abc"', None, "justclick.io", {"api_key": "quotation marks stand around it."}),
        ("shop", "a b", None, "justclick.io", {"api_key": "there are blanks within it."}),
        ("shop", "\ufeffabc", None, "justclick.io",
         {"api_key": "it holds characters that no key has, invisible ones maybe."}),
        ("shop", "https://x", None, "justclick.io",
         {"api_key": "it is an address, not the key."}),
        ("shop", "x", "shop.example.com", "justclick.io",
         {"address": "base_url must be scheme, host and port."}),
        ("shop", "x", "http://shop.example.com", "justclick.io",
         {"address": "base_url may be http only on this machine."}),
        ("shop", "x", "https://other.justclick.ru", "justclick.io",
         {"address": "https://other.justclick.ru is the host of the login other, not of shop."}),
        ("shop", "x", None, "justclick", {"address": "zone is no domain name."}),
    ],
)  # fmt: skip
async def test_settings_that_are_wrong(
    login: str, key: str, base_url: str | None, zone: str, said: dict[str, str]
) -> None:
    findings = await examined(base_url, login, key, zone=zone, seconds=0.01)
    network = {"dns", "tcp", "tls"}
    assert {name: text for name, text in wrong(findings).items() if name not in network} == said


@pytest.mark.asyncio
async def test_blanks_around_settings_are_noted() -> None:
    async with Sandbox() as sandbox:
        findings = await examined(sandbox.base_url, f"{LOGIN}\r", f" {API_KEY}\n")
    assert wrong(findings) == {}
    assert findings["login"].state == findings["api_key"].state == "note"


def test_proxies_are_named_without_their_passwords() -> None:
    (found,) = look_at_proxies({"https_proxy": "http://me:secret@proxy:1", "HTTP_PROXY": ""})
    assert found.state == "note"
    assert found.text.en.startswith("https_proxy is set, and not used")
    assert "secret" not in str(found)
    (none,) = look_at_proxies({})
    assert none.state == "ok"


def test_versions_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    versions, _ = look_at_versions()
    assert f"aiohttp {aiohttp.__version__}" in versions.text.en
    monkeypatch.setattr("justclick_async.cli.doctor.machine.find_spec", lambda _: None)
    _, speedups = look_at_versions()
    assert speedups.state == "note"


# ── The command ─────────────────────────────────────────────────────────────────────


def told(caught: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    code = main(["doctor", "--json", *words])
    return code, json.loads(caught.readouterr().out)


@pytest.fixture
def _nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "LOGIN", "API_KEY", "BASE_URL", "ZONE":
        monkeypatch.delenv(f"JUSTCLICK_{name}", raising=False)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setattr(sys, "stdin", io.StringIO())


@pytest.mark.usefixtures("_nobody")
def test_an_embedded_sandbox_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    code, document = told(capsys, "--sandbox")
    assert (code, document["ok"]) == (0, True)
    assert [each["check"] for each in document["checks"]] == CHECKS


@pytest.mark.usefixtures("_nobody")
def test_without_settings_it_says_which(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, document = told(capsys)
    assert (code, document["ok"]) == (1, False)
    monkeypatch.setenv("LC_ALL", "ru_RU.UTF-8")
    assert main(["doctor", "--login", "shop"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "ок       логин:       shop." in lines
    assert "ОШИБКА   ключ API:    не задан." in lines
    assert lines[-1] == "Нужно исправить: 1."
