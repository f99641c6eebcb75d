"""``justclick notifications listen``: a webhook endpoint for development."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import sqlite3
import sys
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated, TypeAlias, cast

import aiohttp
from aiohttp import web
from cyclopts import Parameter

from justclick_async.cli.errors import CannotStart, WrongUsage
from justclick_async.cli.inbox import Inbox
from justclick_async.cli.output import echo_error, echo_note, flush_output, translate
from justclick_async.cli.params import Forward, Json, Switch
from justclick_async.cli.send import check_url
from justclick_async.cli.settings import api_key
from justclick_async.cli.signals import on_signals
from justclick_async.cli.verify import describe_event, echo_refusal
from justclick_async.messages import _
from justclick_async.notifications import (
    Claim,
    Guard,
    NotificationError,
    ReplayGuard,
    Reply,
    Router,
    SQLiteReplayGuard,
    aiohttp_web,
    parse,
)
from justclick_async.notifications.events import ContactEvent, OrderEvent
from justclick_async.notifications.payload import MAX_BYTES
from justclick_async.sandbox.listener import listening
from justclick_async.visible import visible, visible_json

__all__ = ["Forwarder", "listen", "make_lines", "open_guard"]

Event: TypeAlias = OrderEvent | ContactEvent

FORWARD_TIMEOUT = 8.0
"""Seconds; less than the service is likely to wait for the response."""

IDLE, SLOWEST_BODY = 75.0, 60.0
"""Seconds after which a connection without a request is closed, and reading a body is aborted."""


def listen(
    *,
    host: Annotated[str, Parameter(help=_("Address to listen on."))] = "127.0.0.1",
    port: Annotated[int, Parameter(help=_("Port; 0 takes a free one."))] = 0,
    forward: Forward = None,
    guard: Annotated[
        str | None,
        Parameter(help=_("File that remembers handled events, so that a restart knows them.")),
    ] = None,
    save: Annotated[
        str | None,
        Parameter(help=_("SQLite file that keeps all requests, for notifications replay.")),
    ] = None,
    allow_unsigned: Annotated[
        Switch,
        Parameter(
            help=_(
                "Accept contact events, too; the service does not sign them, so that anybody can "
                "send them."
            )
        ),
    ] = False,
    as_json: Json = False,
) -> int:
    """Receive, verify and print notifications until Ctrl-C or SIGTERM."""
    if not 0 <= port <= 65535:
        raise WrongUsage(
            _("--port must be a number from 0 to 65535."), _("Leave it out to take a free port.")
        )
    if forward is not None:
        check_url(forward, "--forward")
    listener = Listener(
        api_key(),
        open_guard(guard),
        None if save is None else Inbox(save, create=True),
        host=host,
        port=port,
        forward=forward,
        allow_unsigned=allow_unsigned,
        as_json=as_json,
    )
    with suppress(KeyboardInterrupt):  # Windows has no signal handlers
        asyncio.run(listener.run())
    return listener.code


def open_guard(file: str | None) -> Guard:
    """Open the file of --guard; without one, remember in memory."""
    if file is None:
        return ReplayGuard()
    try:
        return SQLiteReplayGuard(file)
    except (sqlite3.Error, OSError) as error:
        why = getattr(error, "strerror", None) or error
        raise CannotStart(
            _("cannot open {file} of --guard: {why}.", file=file, why=str(why)),
            _("Use a file of its own; it is created if it does not exist."),
        ) from None


_SILENT = logging.getLogger("justclick_async.cli.listen")
_SILENT.propagate = False
_SILENT.addHandler(logging.NullHandler())
"""For aiohttp, which logs requests that it does not understand, with the data in them."""


class Listener:
    """An endpoint: from a request to a line on standard output.

    Attributes:
        code: The exit code.
    """

    def __init__(
        self,
        key: str,
        guard: Guard,
        inbox: Inbox | None = None,
        *,
        host: str,
        port: int,
        forward: str | None,
        allow_unsigned: bool,
        as_json: bool,
    ) -> None:
        self.code: int = 0
        self._host, self._port, self._forward = host, port, forward
        self._allow_unsigned, self._as_json = allow_unsigned, as_json
        self._parse = partial(parse, api_key=key, allow_unsigned=allow_unsigned)
        self._router = Router(api_key=key, guard=_NotingGuard(guard), on_error=_echo_failure)
        self._lines = make_lines(as_json=as_json)
        self._inbox = inbox
        self._accepted = self._refused = 0
        self._end = asyncio.Event()

    async def run(self) -> None:
        """Listen until a signal."""
        # What the router logs is written here, in the user's language.
        logging.getLogger("justclick_async.notifications").addHandler(logging.NullHandler())
        async with AsyncExitStack() as stack:
            if self._forward is not None:
                forward = Forwarder(self._forward)
                self._router.on(OrderEvent, ContactEvent)(forward)
                await stack.enter_async_context(forward.session)
            loop = asyncio.get_running_loop()
            end = partial(loop.call_soon_threadsafe, self._end.set)
            self._router.on(OrderEvent, ContactEvent)(partial(self._print, end))
            await self._start(stack)
            await self._end.wait()
        echo_note(
            _(
                "Stopped; accepted: {accepted}, refused: {refused}.",
                accepted=self._accepted,
                refused=self._refused,
            )
        )

    async def _start(self, stack: AsyncExitStack) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._receive)
        runner = web.AppRunner(
            app,
            access_log=None,
            logger=_SILENT,
            shutdown_timeout=FORWARD_TIMEOUT,
            keepalive_timeout=IDLE,
        )
        stack.push_async_callback(runner.cleanup)
        await runner.setup()
        server = cast("web.Server", runner.server)
        try:
            addresses = await stack.enter_async_context(
                listening(server, self._host, self._port, on_shortage=_echo_shortage)
            )
        except OSError as error:
            raise _cannot_listen(self._host, self._port, error) from None
        stack.enter_context(on_signals(self._end.set))
        if not self._as_json:
            self._lines.write(_COLUMNS.format(*map(translate, _TITLES)).rstrip())
        _echo_ready(self._host, addresses[0][1], allow_unsigned=self._allow_unsigned)

    # ── One request ─────────────────────────────────────────────────────────────────

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        return await aiohttp_web.respond(request, await self._reply(request))

    async def _reply(self, request: web.Request) -> Reply:
        if request.method != "POST":
            return Reply(HTTPStatus.METHOD_NOT_ALLOWED)
        try:
            async with asyncio.timeout(SLOWEST_BODY):
                body = await aiohttp_web.read_body(request, max_bytes=MAX_BYTES)
            event = self._parse(body)
        except TimeoutError:
            return Reply(HTTPStatus.REQUEST_TIMEOUT)
        except NotificationError as refusal:
            self._refused += 1
            echo_refusal(refusal)
            return Reply(HTTPStatus(refusal.http_status))
        if self._inbox is not None:
            await asyncio.to_thread(self._inbox.add, body)
        return await self._router.dispatch(event)

    def _print(self, end: Callable[[], object], event: Event) -> None:
        try:
            self._lines.write(event)
        except OSError:
            # The pipe is closed or the disk full: the sender keeps the event.
            self.code = 1
            end()
            raise
        self._accepted += 1


# ── Handlers ────────────────────────────────────────────────────────────────────────


class _NotForwarded(Exception):
    """An event was not accepted by the URL of ``--forward``."""


class Forwarder:
    """Posts events as JSON; one that is not accepted is refused, so that it is sent again."""

    def __init__(self, url: str) -> None:
        limit = aiohttp.ClientTimeout(total=FORWARD_TIMEOUT)
        self.session: aiohttp.ClientSession = aiohttp.ClientSession(timeout=limit, trust_env=False)
        self._url = url

    async def __call__(self, event: Event) -> None:
        """Post an event; raise ``_NotForwarded`` if it is not accepted."""
        body = json.dumps(describe_event(event)).encode("ascii")
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

    def write(self, content: Event | str) -> None:
        """Write an event, or a line of text.

        Raises:
            OSError: The pipe is closed, or the disk is full.
        """
        line = content if isinstance(content, str) else self._form(content)
        coding = sys.stdout.encoding or "ascii"
        with self._lock:
            # Characters that the encoding of the terminal lacks are escaped as in JSON.
            sys.stdout.write(line.encode(coding, "backslashreplace").decode(coding) + "\n")
            flush_output()


def make_lines(*, as_json: bool) -> _Lines:
    """Return what writes events to standard output, as JSON or as a table."""
    return _Lines(_format_json if as_json else _format_row)


def _format_json(event: Event) -> str:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    document = {"event": "notification", "received": now, **describe_event(event)}
    return visible_json(document)


_COLUMNS = "{:8}  {:16}  {:>12}  {:>12}  {:32}  {}"
_TITLES = (_("time"), _("event"), _("order/group"), _("sum"), _("e-mail"), _("hash of"))


def _format_row(event: Event) -> str:
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
    return _COLUMNS.format(*map(visible, cells))


# ── Messages ────────────────────────────────────────────────────────────────────────


class _NotingGuard:
    """A guard that reports duplicates, which are answered and not printed again."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self.finish = guard.finish
        self.release = guard.release

    def claim(self, key: str) -> Claim:
        """Claim an event, and report a duplicate."""
        claim = self._guard.claim(key)
        if claim is not Claim.NEW:
            kind, number = key.split(":")[:2]
            echo_note(_("Duplicate: {kind} {number}.", kind=kind, number=number))
        return claim


def _echo_failure(event: Event, error: Exception) -> None:
    if isinstance(error, _NotForwarded):
        text = _("{kind} was not forwarded ({why}); answered 500.", kind=event.kind, why=str(error))
    else:
        why = type(error).__name__
        text = _("{kind} was not handled ({why}); answered 500.", kind=event.kind, why=why)
    echo_error(text)


def _echo_ready(host: str, port: int, *, allow_unsigned: bool) -> None:
    shown = f"[{host}]" if ":" in host else host
    echo_note(
        _(
            "PERSONAL DATA: the output has names, addresses and phones of real customers. Consider "
            "who can see this terminal, its log and its files."
        )
    )
    if allow_unsigned:
        echo_note(_("Contact events are accepted; nothing proves that the service sends them."))
    echo_note(_("Listening at http://{host}:{port}", host=shown, port=port))


def _echo_shortage() -> None:
    echo_error(
        _("no file descriptors left: new connections wait."), _("Raise the limit: ulimit -n 4096.")
    )


def _cannot_listen(host: str, port: int, error: OSError) -> CannotStart:
    if error.errno == errno.EADDRINUSE:
        return CannotStart(
            _("port {port} of {host} is in use.", port=port, host=host),
            _("Choose another port, or leave out --port to take a free one."),
        )
    why = error.strerror or type(error).__name__
    return CannotStart(
        _("cannot listen on {host}: {why}.", host=host, why=why),
        _("Leave out --host to listen on 127.0.0.1."),
    )
