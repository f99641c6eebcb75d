"""Checks of the network: DNS, a connection, and the certificate."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from time import time
from urllib.parse import urlsplit

from justclick_async.cli.doctor.findings import Finding, fine, noted, skipped, wrong
from justclick_async.messages import _

__all__ = ["check_network"]

_SOON = 14 * 86400


async def check_network(base_url: str, seconds: float) -> AsyncIterator[Finding]:
    """Resolve the host, connect, and shake hands; steps after a failed one are skipped.

    Args:
        base_url: The address of the API.
        seconds: How long each step may take.
    """
    parts = urlsplit(base_url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    steps: Mapping[str, Callable[[], Awaitable[Finding]]] = {
        "dns": lambda: _dns(host, seconds),
        "tcp": lambda: _tcp(host, port, seconds),
        "tls": lambda: _tls(host, port, seconds) if secure else _no_tls(),
    }
    failed = ""
    for check, step in steps.items():
        finding = skipped(check, _("{check} failed.", check=failed)) if failed else await step()
        if finding.state == "wrong":
            failed = check
        yield finding


async def _dns(host: str, seconds: float) -> Finding:
    try:
        ip_address(host)
    except ValueError:
        pass
    else:
        return skipped("dns", _("the host is an IP address."))
    try:
        async with asyncio.timeout(seconds):
            found = await asyncio.get_running_loop().getaddrinfo(
                host, None, type=socket.SOCK_STREAM
            )
    except TimeoutError:
        return wrong(
            "dns",
            _("no response for {host} within {seconds:g} s.", host=host, seconds=seconds),
            _RESOLVER,
        )
    except (OSError, UnicodeError):
        return wrong(
            "dns",
            _("cannot resolve {host}.", host=host),
            _("Check login and zone. {hint}", hint=_RESOLVER),
        )
    addresses = ", ".join(dict.fromkeys(str(each[4][0]) for each in found))
    return fine("dns", f"{host}: {addresses}.")


_RESOLVER = _("Check the network and DNS server of this machine.")


async def _tcp(host: str, port: int, seconds: float) -> Finding:
    try:
        async with asyncio.timeout(seconds):
            _reader, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        return wrong(
            "tcp",
            _("no connection to port {port} within {seconds:g} s.", port=port, seconds=seconds),
            _("Check the firewall, and whether connections need a proxy (--proxy)."),
        )
    except OSError as error:
        why = error.strerror or type(error).__name__
        return wrong(
            "tcp",
            _("no connection to port {port}: {why}.", port=port, why=why),
            _("Check host, port and firewall."),
        )
    writer.close()
    return fine("tcp", _("connected to port {port}.", port=port))


async def _no_tls() -> Finding:
    return skipped("tls", _("http on this machine; the service itself uses https."))


async def _tls(host: str, port: int, seconds: float) -> Finding:
    context = ssl.create_default_context()
    try:
        async with asyncio.timeout(seconds):
            _reader, writer = await asyncio.open_connection(host, port, ssl=context)
    except ssl.SSLCertVerificationError as error:
        return _untrusted(error, host)
    except (OSError, TimeoutError) as error:  # SSLError is one
        why = getattr(error, "reason", None) or type(error).__name__
        return wrong(
            "tls",
            _("no TLS on port {port} ({why}).", port=port, why=why),
            _("Check the port, and whether a proxy or firewall intercepts TLS."),
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
            _("{version}; the certificate expires soon, on {until}.", version=version, until=until),
            _("The operator of that host has to renew it."),
        )
    return fine(
        "tls", _("{version}, the certificate is valid until {until}.", version=version, until=until)
    )


_EXPIRED, _NOT_YET, _OTHER_HOST, _OTHER_IP = 10, 9, 62, 64
"""Codes of OpenSSL."""


def _untrusted(error: ssl.SSLCertVerificationError, host: str) -> Finding:
    if error.verify_code in (_EXPIRED, _NOT_YET):
        now = f"{datetime.now(UTC):%Y-%m-%d %H:%M UTC}"
        return wrong(
            "tls",
            _("the certificate has expired.")
            if error.verify_code == _EXPIRED
            else _("the certificate is not valid yet."),
            _(
                "Check the clock of this machine, which is at {now}. If it is right, the operator "
                "of that host has to renew the certificate.",
                now=now,
            ),
        )
    if error.verify_code in (_OTHER_HOST, _OTHER_IP):
        return wrong(
            "tls",
            _("the certificate is not for {host}.", host=host),
            _("Check login, zone and base_url: the host must be that of your account."),
        )
    return wrong(
        "tls",
        _("the server's certificate is not trusted ({why}).", why=error.verify_message),
        _(
            "Update the certificates of this machine (ca-certificates). If a proxy of your company "
            "decrypts TLS, set SSL_CERT_FILE to its certificate."
        ),
    )
