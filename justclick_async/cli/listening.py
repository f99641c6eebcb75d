"""``justclick notifications listen``: an endpoint for as long as one looks at it."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import TypeAlias

import aiohttp
from aiohttp import web
from attrs import frozen

from justclick_async.bulk.problems import Text
from justclick_async.cli.notifying import as_document, http_url, printable, say_refusal
from justclick_async.cli.say import say, say_error
from justclick_async.cli.settings import CannotStart, WrongUsage, api_key
from justclick_async.models.notifications import ContactEvent, OrderEvent
from justclick_async.notifications import (
    Claim,
    Guard,
    MalformedNotification,
    NotificationRefused,
    NotificationTooLarge,
    ReplayGuard,
    Reply,
    Router,
    SQLiteReplayGuard,
    parse,
)
from justclick_async.notifications.forms import MAX_BYTES

__all__ = ["Wanted", "listen"]

Event: TypeAlias = OrderEvent | ContactEvent

FORWARD_TIMEOUT = 8.0
"""Seconds; less than who has sent the notification may be expected to wait."""


@frozen(kw_only=True)
class Wanted:
    """What was asked for.

    Attributes:
        host: The address to listen on.
        port: The port; 0 takes a free one.
        forward: Where to post events as JSON.
        guard: The file that remembers what was handled.
        allow_unsigned: Whether to accept events of contacts.
        as_json: JSON lines instead of a table.
    """

    host: str
    port: int
    forward: str | None
    guard: str | None
    allow_unsigned: bool
    as_json: bool


def listen(wanted: Wanted) -> int:
    """Receive, verify and print notifications until Ctrl-C or SIGTERM."""
    if not 0 <= wanted.port <= 65535:
        raise WrongUsage(
            Text("a port is a number up to 65535.", "порт — число до 65535."),
            Text("0 takes a free one.", "0 выбирает свободный."),
        )
    if wanted.forward is not None:
        http_url(wanted.forward)
    listener = Listener(wanted, api_key(), _guard(wanted.guard))
    with suppress(KeyboardInterrupt):  # on Windows, which knows no signal handlers
        asyncio.run(listener.run())
    return listener.code


def _guard(file: str | None) -> Guard:
    if file is None:
        return ReplayGuard()
    try:
        return SQLiteReplayGuard(file)
    except sqlite3.Error as error:
        raise CannotStart(
            Text(f"--guard {file!r}: {error}.", f"--guard {file!r} не открывается: {error}."),
            Text(
                "Name a file that is no other's, or one that does not exist yet.",
                "Укажите отдельный файл; если его нет, он будет создан.",
            ),
        ) from None


_SILENT = logging.getLogger("justclick_async.cli.listening")
_SILENT.propagate = False
_SILENT.addHandler(logging.NullHandler())
"""For aiohttp, which logs requests that it does not understand, with the data in them."""


class Listener:
    """An endpoint: from a request to a line on standard output.

    Attributes:
        code: The exit code.
    """

    def __init__(self, wanted: Wanted, key: str, guard: Guard) -> None:
        self.code: int = 0
        self._wanted = wanted
        self._parse = partial(parse, api_key=key, allow_unsigned=wanted.allow_unsigned)
        self._router = Router(api_key=key, guard=_TellingGuard(guard), on_error=_say_failure)
        self._lines = _Lines(_json_line if wanted.as_json else _row)
        self._accepted = self._refused = 0
        self._end = asyncio.Event()

    async def run(self) -> None:
        """Listen until it is told to end."""
        # What the router logs is said here, in the user's language.
        logging.getLogger("justclick_async.notifications").addHandler(logging.NullHandler())
        async with AsyncExitStack() as stack:
            if self._wanted.forward is not None:
                forward = _Forwarder(self._wanted.forward)
                self._router.on(OrderEvent, ContactEvent)(forward)
                await stack.enter_async_context(forward.session)
            self._router.on(OrderEvent, ContactEvent)(partial(self._print, self._end_soon()))
            await self._start(stack)
            await self._end.wait()
        _say_end(self._accepted, self._refused)

    async def _start(self, stack: AsyncExitStack) -> None:
        app = web.Application(client_max_size=MAX_BYTES + 1)
        app.router.add_route("*", "/{path:.*}", self._receive)
        runner = web.AppRunner(
            app, access_log=None, logger=_SILENT, shutdown_timeout=FORWARD_TIMEOUT
        )
        stack.push_async_callback(runner.cleanup)
        await runner.setup()
        host, port = self._wanted.host, self._wanted.port
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise _no_port(host, port, error) from None
        self._heed_signals()
        if not self._wanted.as_json:
            self._lines.write(_HEADER)
        _say_ready(host, runner.addresses[0][1], allow_unsigned=self._wanted.allow_unsigned)

    def _heed_signals(self) -> None:
        loop = asyncio.get_running_loop()
        with suppress(NotImplementedError):  # on Windows, where Ctrl-C raises KeyboardInterrupt
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, self._end_now, number)

    def _end_now(self, number: int) -> None:
        # Once more ends it at once, whatever it waits for.
        asyncio.get_running_loop().remove_signal_handler(number)
        self._end.set()

    def _end_soon(self) -> Callable[[], object]:
        return partial(asyncio.get_running_loop().call_soon_threadsafe, self._end.set)

    # ── One request ─────────────────────────────────────────────────────────────────

    async def _receive(self, request: web.Request) -> web.Response:
        reply = await self._reply(request)
        return web.Response(status=reply.status, body=reply.body, headers=reply.headers)

    async def _reply(self, request: web.Request) -> Reply:
        if request.method != "POST":
            return Reply(HTTPStatus.METHOD_NOT_ALLOWED)
        try:
            event = self._parse(await _body(request))
        except (MalformedNotification, NotificationRefused, NotificationTooLarge) as refusal:
            self._refused += 1
            say_refusal(refusal)
            return Reply(HTTPStatus(refusal.http_status))
        return await self._router.dispatch(event)

    def _print(self, end_soon: Callable[[], object], event: Event) -> None:
        try:
            self._lines.write(event)
        except OSError:
            # Who reads has gone, or the disk is full.  The sender keeps what nobody would see.
            self.code = 1
            end_soon()
            raise
        self._accepted += 1


async def _body(request: web.Request) -> bytes:
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise NotificationTooLarge(f"the body is larger than {MAX_BYTES} bytes.") from None
    except (web.RequestPayloadError, ConnectionError):
        raise MalformedNotification("the body ends early, or cannot be unpacked.") from None


# ── Handlers ────────────────────────────────────────────────────────────────────────


class _NotForwarded(Exception):
    """The other end did not take an event."""


class _Forwarder:
    """Posts events as JSON; what is not taken is not accepted, so that the sender repeats it."""

    def __init__(self, url: str) -> None:
        limit = aiohttp.ClientTimeout(total=FORWARD_TIMEOUT)
        self.session = aiohttp.ClientSession(timeout=limit, trust_env=False)
        self._url = url

    async def __call__(self, event: Event) -> None:
        body = json.dumps(as_document(event)).encode("ascii")
        headers = {"Content-Type": "application/json"}
        try:
            async with self.session.post(
                self._url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                if not 200 <= answer.status < 300:
                    raise _NotForwarded(str(answer.status))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise _NotForwarded(type(error).__name__) from error


class _Lines:
    """Writes to standard output, a whole line at a time, from any thread."""

    def __init__(self, form: Callable[[Event], str]) -> None:
        self._form = form
        self._lock = threading.Lock()

    def write(self, what: Event | str) -> None:
        """Write an event, or a line that is ready.

        Raises:
            OSError: Nobody reads, or the disk is full.
        """
        line = what if isinstance(what, str) else self._form(what)
        coding = sys.stdout.encoding or "ascii"
        with self._lock:
            # What has no letter in the terminal's coding is escaped, as JSON would have it, too.
            sys.stdout.write(line.encode(coding, "backslashreplace").decode(coding) + "\n")
            _flush()


def _flush() -> None:
    try:
        sys.stdout.flush()
    except OSError:
        # Point it at nothing, or Python complains once more when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


def _json_line(event: Event) -> str:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    document = {"event": "notification", "received": now, **as_document(event)}
    return json.dumps(document, ensure_ascii=False)


_COLUMNS = "{:8}  {:16}  {:>12}  {:>12}  {:32}  {}"
_HEADER = _COLUMNS.format("time", "kind", "order/group", "sum", "email", "hash over").rstrip()


def _row(event: Event) -> str:
    about, amount = (
        (str(event.bill_id), "" if event.sum is None else str(event.sum))
        if isinstance(event, OrderEvent)
        else (event.group_id, "")
    )
    over = "+".join(event.signed_over) or "-"
    cells = (
        f"{datetime.now(UTC).astimezone():%H:%M:%S}",
        event.kind,
        about,
        amount,
        event.email,
        over,
    )
    return _COLUMNS.format(*map(printable, cells))


# ── What is said ────────────────────────────────────────────────────────────────────


class _TellingGuard:
    """A guard that says what is a repeat; it is answered and not printed again."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self.finish = guard.finish
        self.release = guard.release

    def claim(self, key: str) -> Claim:
        """Say whether to handle an event, to people as well."""
        claim = self._guard.claim(key)
        if claim is not Claim.NEW:
            kind, number = key.split(":")[:2]
            say(
                Text(f"A repeat: {kind} {number}.", f"Повтор: {kind} {number}."),
                quietly=True,
            )
        return claim


def _say_failure(event: Event, error: Exception) -> None:
    if isinstance(error, _NotForwarded):
        text = Text(
            f"{event.kind} was not forwarded ({error}); answered 500.",
            f"{event.kind}: не переслано ({error}); ответ 500.",
        )
    else:
        name = type(error).__name__
        text = Text(
            f"{event.kind} was not handled ({name}); answered 500.",
            f"{event.kind}: не обработано ({name}); ответ 500.",
        )
    say_error(text)


def _say_ready(host: str, port: int, *, allow_unsigned: bool) -> None:
    shown = f"[{host}]" if ":" in host else host
    say(
        Text(
            "PERSONAL DATA: what is printed are names, addresses and phones of real customers. "
            "Think of who sees this terminal, its log and any file it goes to.",
            "ПЕРСОНАЛЬНЫЕ ДАННЫЕ: выводятся имена, адреса и телефоны настоящих покупателей. "
            "Подумайте, кто увидит этот терминал, его журнал и файлы.",
        ),
        quietly=True,
    )
    if allow_unsigned:
        say(
            Text(
                "Events of contacts are accepted; nothing proves that the service sends them.",
                "События контактов принимаются; ничто не доказывает, что их шлёт сервис.",
            ),
            quietly=True,
        )
    say(
        Text(f"Listening at http://{shown}:{port}", f"Слушаю: http://{shown}:{port}"),
        quietly=True,
    )


def _say_end(accepted: int, refused: int) -> None:
    say(
        Text(
            f"Ended: {accepted} accepted, {refused} refused.",
            f"Завершено: принято {accepted}, отклонено {refused}.",
        ),
        quietly=True,
    )


def _no_port(host: str, port: int, error: OSError) -> CannotStart:
    if error.errno == errno.EADDRINUSE:
        return CannotStart(
            Text(f"port {port} of {host} is taken.", f"порт {port} на {host} уже занят."),
            Text(
                "Choose another; --port 0 takes a free one.",
                "Выберите другой; --port 0 — любой свободный.",
            ),
        )
    why = error.strerror or type(error).__name__
    return CannotStart(
        Text(f"cannot listen on {host}: {why}.", f"адрес {host} недоступен: {why}."),
        Text("Leave out --host for 127.0.0.1.", "Не указывайте --host, чтобы взять 127.0.0.1."),
    )
