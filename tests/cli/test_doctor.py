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
from justclick_async.cli.doctor.machine import check_proxy, check_versions
from justclick_async.cli.doctor.settings import Given
from justclick_async.messages import in_language
from justclick_async.sandbox import API_KEY, LOGIN, Sandbox
from tests.cli.command import JUSTCLICK, environment
from tests.service import envelope, http
from tests.service import running as scripted

CHECKS = [
    "versions", "encoder", "speedups", "signature", "proxy", "login", "api_key", "address", "dns",
    "tcp", "tls", "api_1", "api_2", "clock", "rate",
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
            assert text
            if len(key.strip()) > 20:
                assert key.strip() not in f"{text} {in_language(text, 'ru')}"
    return {each.check: each for each in findings}


def wrong(findings: Mapping[str, Finding]) -> dict[str, str]:
    return {name: each.text for name, each in findings.items() if each.state == "wrong"}


def skipped(findings: Mapping[str, Finding]) -> set[str]:
    return {name for name, each in findings.items() if each.state == "skipped"}


# ── A service that is well ──────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_a_healthy_service_passes_all_checks_and_nothing_is_changed() -> None:
    async with Sandbox() as sandbox:
        before = sandbox.state()
        findings = await examined(sandbox.base_url)
        after = sandbox.state()
    assert wrong(findings) == {}
    assert skipped(findings) == {"dns", "tls"}
    assert findings["api_1"].text == ("calls are accepted, and responses are signed with this key.")
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
        (_other_key, "api_1", "is not signed with this key either", "Copy the key", BEYOND),
        (_other_login, "api_1", "the key is right", "in the same case", {"rate"}),
        (_denied, "api_1", "code 6", "list in the API settings", BEYOND),
        (_disabled, "api_1", "code 7", "support", BEYOND),
        (_fault("limit"), "api_1", "code 8", "Wait several hours", BEYOND),
        (_fault("http_500"), "api_1", "500", "in a few minutes", BEYOND),
        (_fault("html_page"), "api_1", "HTML", "in a browser", BEYOND),
        (_fault("bad_hash"), "api_1", "its hash is wrong", "Copy the key", BEYOND),
        (_fault("slow"), "api_1", "", "--timeout", BEYOND),
        (_fault("drop_before"), "api_1", "the connection was closed", "", BEYOND),
        (_fault("", "limit"), "api_2", "code 8", "Wait several hours", set[str]()),
        (_fault("", "", "", "limit"), "rate", "call 3 failed: ", "Wait", set[str]()),
        (_fault("", "", "http_500"), "rate", "call 2 failed: ", "", set[str]()),
    ],
)  # fmt: skip
async def test_a_service_that_is_wrong(
    ill: Callable[[Sandbox], None], check: str, text: str, hint: str, not_made: set[str]
) -> None:
    async with Sandbox(slow_for=30) as sandbox:
        ill(sandbox)
        findings = await examined(sandbox.base_url, seconds=0.5)
    assert list(wrong(findings)) == [check]
    assert text in findings[check].text
    said = findings[check].hint
    assert said is not None
    assert hint in said
    assert said != in_language(said, "ru")
    assert skipped(findings) - {"dns", "tls", "clock"} == not_made


@asynccontextmanager
async def front(
    sandbox: Sandbox, *, tls: ssl.SSLContext | None = None, asked_as: str = "", ahead: float = 0
) -> AsyncIterator[int]:
    """Run a reverse proxy for a sandbox: with TLS, another host name, or another clock."""

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
    assert wrong(findings) == {"api_1": "refused with code 5: Invalid user name."}
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
    assert findings["clock"].text.startswith(text)


@pytest.mark.asyncio
@pytest.mark.parametrize("date", [{}, {"Date": "yesterday"}])
async def test_an_answer_without_a_time(date: dict[str, str]) -> None:
    with scripted(http(envelope([]), **date)) as there:
        findings = await examined(there.base_url)
    assert wrong(findings) == {}
    assert findings["clock"].state == "skipped"
    assert findings["clock"].text == "the response has no Date."


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (
            http("", 301, Location="https://parked.example.com/lander"),
            "redirects to https://parked.example.com (HTTP 301)",
        ),
        (http("<html>Log in to this network</html>"), "HTML"),
        (http("Too many requests", 429), "429."),
        (http(envelope([], hash="")), "its hash is missing."),
        (http(envelope(None, 77, "What?")), "code 77"),
        (http(envelope(None, 1, "not transferred hash")), "code 1"),
    ],
)
async def test_an_answer_of_somebody_else(reply: bytes, text: str) -> None:
    with scripted(reply) as there:
        findings = await examined(there.base_url)
        assert len(there.requests) == 1
    assert list(wrong(findings)) == ["api_1"]
    assert text in findings["api_1"].text
    assert skipped(findings) >= BEYOND


# ── A way that is blocked ───────────────────────────────────────────────────────────

NEVER_ASKED = {"api_1", "api_2", "clock", "rate"}


@pytest.mark.asyncio
async def test_a_name_that_does_not_exist() -> None:
    findings = await examined("https://username.invalid")
    assert list(wrong(findings)) == ["dns"]
    assert "cannot resolve username.invalid" in findings["dns"].text
    assert skipped(findings) == {"tcp", "tls", *NEVER_ASKED}


@pytest.mark.asyncio
async def test_a_resolver_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "getaddrinfo", lambda *_args, **_more: asyncio.sleep(60))
    findings = await examined("https://username.justclick.io", seconds=0.05)
    assert list(wrong(findings)) == ["dns"]
    assert findings["dns"].text.startswith("no response for username.justclick.io within 0.05 s")


@pytest.mark.asyncio
async def test_a_port_that_is_closed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    findings = await examined(f"http://127.0.0.1:{port}")
    assert list(wrong(findings)) == ["tcp"]
    assert "Connect call failed" in findings["tcp"].text or "refused" in findings["tcp"].text
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
    assert findings["tcp"].text.endswith("within 0.2 s.")


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
            "Check the clock of this machine, which is at 2",
        ),
        (
            lambda ca: ca.issue_cert("localhost", not_before=NOW + DAY, not_after=NOW + 9 * DAY),
            "the certificate is not valid yet.",
            "Check the clock of this machine, which is at 2",
        ),
        (
            lambda ca: ca.issue_cert("shop.example.com"),
            "the certificate is not for localhost.",
            "Check login, zone and base_url",
        ),
        (
            lambda _: trustme.CA().issue_cert("localhost"),
            "the server's certificate is not trusted (",
            "set SSL_CERT_FILE to its certificate",
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
    assert findings["tls"].text.startswith(text)
    said = findings["tls"].hint
    assert said is not None
    assert hint in said
    assert skipped(findings) == NEVER_ASKED


@pytest.mark.asyncio
async def test_a_port_that_speaks_no_tls(authority: trustme.CA) -> None:
    async with Sandbox() as sandbox, front(sandbox) as port:
        findings = await examined(f"https://localhost:{port}")
    assert list(wrong(findings)) == ["tls"]
    assert f"no TLS on port {port}" in findings["tls"].text


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
    document = json.loads(out)
    states = {each["check"]: each["state"] for each in document["checks"]}
    assert document["ok"]
    assert states["tls"] == state
    assert {states[each] for each in ("dns", "tcp", "api_1", "api_2", "clock", "rate")} == {"ok"}


# ── Settings ────────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("login", "key", "base_url", "zone", "said"),
    [
        ("", "", None, "justclick.io", {"login": "not set.", "api_key": "not set."}),
        ("shop.justclick.io", "x", None, "justclick.io",
         {"login": "it is an address; the login is only its first part."}),
        ("https://shop.justclick.io/", "x", None, "justclick.io",
         {"login": "it is an address; the login is only its first part."}),
        ("anna@example", "x", None, "justclick.io",
         {"login": "it is an e-mail address, not a login."}),
        ("my_login", "x", None, "justclick.io",
         {"login": "it must be 1 to 63 Latin letters, digits and hyphens."}),
        ("shop", "Shop", None, "justclick.io", {"api_key": "it is the login, not the key."}),
        ("shop", '"abc"', None, "justclick.io", {"api_key": "it has quotation marks around it."}),
        ("shop", "a b", None, "justclick.io", {"api_key": "it has spaces inside."}),
        ("shop", "\ufeffabc", None, "justclick.io",
         {"api_key": "it has characters that no key has; they may be invisible."}),
        ("shop", "https://x", None, "justclick.io",
         {"api_key": "it is an address, not the key."}),
        ("shop", "x", "shop.example.com", "justclick.io",
         {"address": "base_url must consist of scheme, host and port."}),
        ("shop", "x", "http://shop.example.com", "justclick.io",
         {"address": "base_url must be https, except for this machine."}),
        ("shop", "x", "https://other.justclick.ru", "justclick.io",
         {"address": "https://other.justclick.ru is the host of login other, not of shop."}),
        ("shop", "x", None, "justclick", {"address": "zone must be a domain name."}),
    ],
)  # fmt: skip
async def test_settings_that_are_wrong(
    login: str, key: str, base_url: str | None, zone: str, said: dict[str, str]
) -> None:
    findings = await examined(base_url, login, key, zone=zone, seconds=0.01)
    network = {"dns", "tcp", "tls"}
    assert {name: text for name, text in wrong(findings).items() if name not in network} == said


@pytest.mark.asyncio
async def test_whitespace_around_settings_is_noted() -> None:
    async with Sandbox() as sandbox:
        findings = await examined(sandbox.base_url, f"{LOGIN}\r", f" {API_KEY}\n")
    assert wrong(findings) == {}
    assert findings["login"].state == findings["api_key"].state == "note"


def test_the_proxy_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    address = "https://shop.example.com"
    for name in "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy":
        monkeypatch.delenv(name, raising=False)
    assert check_proxy(None, address)[0] is None
    monkeypatch.setenv("https_proxy", "me:secret@proxy:1")
    proxy, found = check_proxy(None, address)
    assert (proxy, found.state) == ("http://me:secret@proxy:1", "ok")
    assert "secret" not in str(found)
    proxy, found = check_proxy("socks5://me:secret@proxy:1", address)
    assert (proxy, found.state) == (None, "wrong")
    assert "secret" not in str(found)


def test_versions_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    versions, _, _ = check_versions()
    assert f"aiohttp {aiohttp.__version__}" in versions.text
    monkeypatch.setattr("justclick_async.cli.doctor.machine.find_spec", lambda _: None)
    _, _, speedups = check_versions()
    assert speedups.state == "note"


def test_doctor_shows_which_encoder_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    reasons = {
        None: ("compiled.", "скомпилирован."),
        "JUSTCLICK_NO_EXTENSIONS is set": (
            "pure Python: JUSTCLICK_NO_EXTENSIONS is set.",
            "на чистом Python: задана переменная JUSTCLICK_NO_EXTENSIONS.",
        ),
        "there is no compiled core that this Python can load": (
            "pure Python: the compiled one is not installed.",
            "на чистом Python: скомпилированный не установлен.",
        ),
    }
    for why_pure, said in reasons.items():
        monkeypatch.setattr("justclick_async.cli.doctor.machine.WHY_PURE", why_pure)
        _, encoder, _ = check_versions()
        assert said == (encoder.text, in_language(encoder.text, "ru"))


# ── The command ─────────────────────────────────────────────────────────────────────


def run_doctor(caught: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    code = main(["doctor", "--json", *words])
    return code, json.loads(caught.readouterr().out)


@pytest.fixture
def _without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "LOGIN", "API_KEY", "BASE_URL", "ZONE":
        monkeypatch.delenv(f"JUSTCLICK_{name}", raising=False)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setattr(sys, "stdin", io.StringIO())


@pytest.mark.usefixtures("_without_settings")
def test_an_embedded_sandbox_passes_all_checks(capsys: pytest.CaptureFixture[str]) -> None:
    code, document = run_doctor(capsys, "--sandbox")
    assert (code, document["ok"]) == (0, True)
    assert [each["check"] for each in document["checks"]] == CHECKS


@pytest.mark.usefixtures("_without_settings")
def test_missing_settings_are_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, document = run_doctor(capsys)
    assert (code, document["ok"]) == (1, False)
    monkeypatch.setenv("LC_ALL", "ru_RU.UTF-8")
    assert main(["doctor", "--login", "shop"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "ок       логин:       shop." in lines
    assert "ОШИБКА   ключ:        не задан." in lines
    assert lines[-1] == "Нужно исправить 1 проблему."
