"""The way to the service: its name, a connection, and whether who answers may be trusted."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from time import time
from urllib.parse import urlsplit

from justclick_async.bulk.problems import Text
from justclick_async.cli.doctor.findings import Finding, fine, noted, skipped, wrong

__all__ = ["look_at_network"]

_CHECKS = ("dns", "tcp", "tls")
_SOON = 14 * 86400


async def look_at_network(base_url: str, seconds: float) -> AsyncIterator[Finding]:
    """Look up the host, connect, and shake hands; what needs what failed is skipped.

    Args:
        base_url: Where requests would go.
        seconds: How long each step may take.
    """
    parts = urlsplit(base_url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    steps = {
        "dns": _dns(host, seconds),
        "tcp": _tcp(host, port, seconds),
        "tls": _tls(host, port, seconds) if secure else _no_tls(),
    }
    failed = ""
    for check, step in steps.items():
        if failed:
            step.close()
            yield skipped(check, f"{failed} failed.", f"не прошла проверка {failed}.")
            continue
        finding = await step
        failed = check if finding.state == "wrong" else ""
        yield finding


# ── The name ────────────────────────────────────────────────────────────────────────


async def _dns(host: str, seconds: float) -> Finding:
    try:
        ip_address(host)
    except ValueError:
        pass
    else:
        return skipped("dns", "the host is an address.", "хост задан адресом.")
    try:
        async with asyncio.timeout(seconds):
            found = await asyncio.get_running_loop().getaddrinfo(
                host, None, type=socket.SOCK_STREAM
            )
    except TimeoutError:
        return wrong(
            "dns",
            f"nobody said within {seconds:g} s what {host} is.",
            f"за {seconds:g} с никто не ответил, что такое {host}.",
            _RESOLVER,
        )
    except (OSError, UnicodeError):
        return wrong(
            "dns",
            f"there is no host {host}, or nobody can be asked.",
            f"хоста {host} нет, или спросить некого.",
            Text(
                f"Check the login and the zone. {_RESOLVER.en}",
                f"Проверьте логин и зону. {_RESOLVER.ru}",
            ),
        )
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    said = f"{host}: {', '.join(addresses)}."
    return fine("dns", said, said)


_RESOLVER = Text(
    "Does this machine have network and a resolver?",
    "Есть ли на этой машине сеть и DNS?",
)


# ── The connection ──────────────────────────────────────────────────────────────────


async def _tcp(host: str, port: int, seconds: float) -> Finding:
    try:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        return wrong(
            "tcp",
            f"no connection to port {port} within {seconds:g} s.",
            f"нет соединения с портом {port} за {seconds:g} с.",
            Text(
                "A firewall may drop it silently; a proxy may be the only way out.",
                "Возможно, его молча отбрасывает брандмауэр или выход есть только через прокси.",
            ),
        )
    except OSError as error:
        why = error.strerror or type(error).__name__
        return wrong(
            "tcp",
            f"no connection to port {port}: {why}.",
            f"нет соединения с портом {port}: {why}.",
            Text(
                "Nothing listens there, or a firewall is in between; check host and port.",
                "Там никто не слушает, или мешает брандмауэр; проверьте хост и порт.",
            ),
        )
    writer.close()
    return fine("tcp", f"port {port} answers.", f"порт {port} отвечает.")


# ── The certificate ─────────────────────────────────────────────────────────────────


async def _no_tls() -> Finding:
    return skipped(
        "tls",
        "http, on this machine; the service itself is reached over https.",
        "http на этой машине; сам сервис доступен по https.",
    )


async def _tls(host: str, port: int, seconds: float) -> Finding:
    context = ssl.create_default_context()
    try:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except ssl.SSLCertVerificationError as error:
        return _untrusted(error, host)
    except (OSError, TimeoutError) as error:  # SSLError is one
        why = getattr(error, "reason", None) or type(error).__name__
        return wrong(
            "tls",
            f"there is no TLS on port {port} ({why}).",
            f"на порту {port} нет TLS ({why}).",
            Text(
                "Check the port, and whether something in between breaks TLS open.",
                "Проверьте порт и то, не вскрывает ли кто-то TLS по пути.",
            ),
        )
    certificate: dict[str, str] = writer.get_extra_info("peercert")
    version: str = writer.get_extra_info("ssl_object").version()
    writer.close()
    return _trusted(certificate, version)


def _trusted(certificate: Mapping[str, str], version: str) -> Finding:
    end = ssl.cert_time_to_seconds(certificate["notAfter"])
    until = f"{datetime.fromtimestamp(end, UTC):%Y-%m-%d}"
    if end - time() < _SOON:
        return noted(
            "tls",
            f"{version}; the certificate expires soon, on {until}.",
            f"{version}; сертификат скоро истекает: {until}.",
            Text(
                "Whoever keeps that host has to renew it.",
                "Его должен обновить тот, кто держит этот хост.",
            ),
        )
    return fine(
        "tls",
        f"{version}, the certificate is trusted until {until}.",
        f"{version}, сертификат действителен до {until}.",
    )


_CLOCK = "%Y-%m-%d %H:%M UTC"


def _untrusted(error: ssl.SSLCertVerificationError, host: str) -> Finding:
    now = f"{datetime.now(UTC):{_CLOCK}}"
    said = {
        10: Text("the certificate has expired.", "срок сертификата истёк."),
        9: Text("the certificate is not valid yet.", "сертификат ещё не действует."),
        62: Text(f"the certificate is not for {host}.", f"сертификат не для {host}."),
        64: Text(f"the certificate is not for {host}.", f"сертификат не для {host}."),
    }.get(
        error.verify_code,
        Text(
            f"nobody that this machine trusts vouches for the certificate "
            f"({error.verify_message}).",
            f"сертификат не подтверждён никем, кому доверяет эта машина ({error.verify_message}).",
        ),
    )
    if error.verify_code in (9, 10):
        hint = Text(
            f"Is the clock of this machine right? It says {now}. If so, whoever keeps that host "
            "has to renew it.",
            f"Верны ли часы этой машины? На них {now}. Если да, сертификат должен обновить тот, "
            "кто держит этот хост.",
        )
    elif error.verify_code in (62, 64):
        hint = Text(
            "Check login, zone and base_url: the host must be the one that the service gave you.",
            "Проверьте логин, зону и base_url: хост должен быть тем, который дал сервис.",
        )
    else:
        hint = Text(
            "Update the certificates of this machine (ca-certificates). If a proxy of your company "
            "opens TLS, SSL_CERT_FILE must name its certificate.",
            "Обновите сертификаты этой машины (ca-certificates). Если TLS вскрывает прокси "
            "компании, укажите его сертификат в SSL_CERT_FILE.",
        )
    return wrong("tls", said.en, said.ru, hint)
