"""A running sandbox, in the caller's event loop or in a separate thread."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AsyncExitStack, suppress
from decimal import Decimal
from os import PathLike
from time import time
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from justclick_async.messages import _
from justclick_async.sandbox import payments
from justclick_async.sandbox.access import parse_networks
from justclick_async.sandbox.accounts import API_KEY, LOGIN, Account, Accounts
from justclick_async.sandbox.app import Options, make_app
from justclick_async.sandbox.assumptions import Assumptions
from justclick_async.sandbox.deliveries import RETRY_DELAYS, DeliveryWorker
from justclick_async.sandbox.faults import Faults
from justclick_async.sandbox.listener import listening
from justclick_async.sandbox.notifications import encode_order_notification
from justclick_async.sandbox.options import check_place
from justclick_async.sandbox.request_log import RequestLog
from justclick_async.sandbox.seeds import import_seed, read_seed
from justclick_async.sandbox.service import Service
from justclick_async.sandbox.shop import Shop
from justclick_async.sandbox.state import account_state
from justclick_async.sandbox.tables import Database

__all__ = ["Sandbox"]

T = TypeVar("T")

IDLE = 75.0
"""Seconds after which a connection is closed that sends no whole request."""

# Below aiohttp's logger, so that errors are shown without a logging configuration: the loggers of
# this package are silent then.
log: logging.Logger = logging.getLogger("aiohttp.server.justclick_sandbox")


class _ShortErrors(logging.Filter):
    """A filter that logs invalid or incomplete requests in one line, without their data."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError | ConnectionError | web.RequestPayloadError):
            record.msg, record.args = "a request cannot be read (%s)", (type(error).__name__,)
            record.exc_info = record.exc_text = None
        return True


log.addFilter(_ShortErrors())


def _report_shortage() -> None:
    log.error("no file descriptors are left: connections wait until others are closed")


class Sandbox:
    """A local service that answers as the documentation of JustClick says.

    ``async with Sandbox() as sandbox:`` runs it in the event loop, ``with Sandbox() as sandbox:``
    in a thread; ``sandbox.base_url`` is its address.  The same object can be entered again: a file
    keeps its state, memory does not.

    Args:
        login: The login of its account.
        api_key: The key of that account.
        accounts: Further accounts, each with separate orders, contacts and products.  A call is
            for the account that its host names (``second.localhost``) or, at an address
            without a login, for the one whose key has signed it.
        host: The address to listen on.
        port: The port; 0 takes a free one.
        db: The file that holds the state; ``None`` keeps it in memory.
        faults: Probabilities of faults by name, see ``FAULTS``; can be changed while it runs.
        seed: Makes the faults strike the same requests every time.
        seed_file: A JSON file with products, groups, contacts and orders to begin with; read
            only while there are no orders yet.
        notify_url: The address for notifications of products without another one; of the first
            account, as are *seed_file*, *denied* and *disabled*.
        retry_delays: Seconds between the attempts to deliver a notification.
        denied: Callers' addresses that are answered with code 6.
        disabled: Whether everybody is answered with code 7.
        slow_for: Seconds by which the fault ``slow`` delays an answer.
        assume: Choices by the names of assumptions, see ``ASSUMPTIONS``; can be changed while it
            runs.
        visitors: Networks or addresses, such as ``172.17.0.0/16``, that may look at its pages and
            at ``/sandbox/`` besides this machine.
        clock: Returns Unix time in seconds.

    Attributes:
        base_url: Scheme, host and port as this machine reaches it; empty while it does not run.
        account: The first one.  May be changed while it runs, for example
            ``sandbox.account.disabled = True``.
        faults: May be changed while it runs, for example ``sandbox.faults["limit"] = 1.0``.
        assumptions: The same, for example ``sandbox.assumptions["numbers"] = "all"``.
    """

    def __init__(
        self,
        *,
        login: str = LOGIN,
        api_key: str = API_KEY,
        accounts: Iterable[Account] = (),
        host: str = "127.0.0.1",
        port: int = 0,
        db: str | PathLike[str] | None = None,
        faults: Mapping[str, float] | None = None,
        seed: int | None = None,
        seed_file: str | PathLike[str] | None = None,
        notify_url: str = "",
        retry_delays: Sequence[float] = RETRY_DELAYS,
        denied: Collection[str] = (),
        disabled: bool = False,
        slow_for: float = 3.0,
        assume: Mapping[str, str] | None = None,
        visitors: Iterable[str] = (),
        clock: Callable[[], float] = time,
    ) -> None:
        self.account: Account = Account(login, api_key, set(denied), disabled, notify_url)
        check_place(host, port, slow_for)
        for each in accounts:
            if not isinstance(each, Account):
                raise TypeError(
                    _("accounts must contain Account, not {type}.", type=type(each).__name__)
                )
        self._accounts = Accounts((self.account, *accounts))
        self.faults: Faults = Faults(faults, seed=seed)
        self.assumptions: Assumptions = Assumptions(assume)
        self.base_url: str = ""
        self._listen_on = (host, port)
        self._db = db
        self._seed_file = seed_file
        self._retry_delays = retry_delays
        self._options = Options(slow_for, parse_networks(visitors))
        self._clock = clock
        self._running: AsyncExitStack | None = None
        self._service: Service | None = None
        self._workers: Sequence[DeliveryWorker] = ()
        self._thread: _Thread | None = None

    @property
    def login(self) -> str:
        """The login of its account."""
        return self.account.login

    @property
    def api_key(self) -> str:
        """The key of its account."""
        return self.account.api_key

    @property
    def accounts(self) -> tuple[Account, ...]:
        """All accounts, the first first."""
        return tuple(self._accounts)

    @property
    def host(self) -> str:
        """The address it listens on."""
        return self._listen_on[0]

    @property
    def service(self) -> Service:
        """The service that answers calls; for use in the sandbox's event loop.

        Raises:
            RuntimeError: The sandbox does not run.
        """
        if self._service is None:
            raise RuntimeError("the sandbox is not running: use it as a context manager")
        return self._service

    def state(self, account: str = "") -> dict[str, Any]:
        """Return all that it holds of an account, as ``/sandbox/state.json`` does.

        Args:
            account: The login; without one it is the first account.

        Raises:
            LookupError: There is no such account.
        """
        service = self.service
        shop = service.shop_of(account)
        return self._call_in_thread(lambda: account_state(service, shop))

    def reset(self, account: str | None = None) -> None:
        """Restore the initial state of all accounts, or of one.

        Args:
            account: The login of the account; without one all of them are reset.

        Raises:
            LookupError: There is no such account.
        """
        service = self.service
        only = None if account is None else service.shop_of(account)
        self._call_in_thread(lambda: service.reset(only))

    def _call_in_thread(self, function: Callable[[], T]) -> T:
        return function() if self._thread is None else self._thread.call(function)

    def notify(
        self, url: str, *, product: str = "", kind: str = "", group: str = "", account: str = ""
    ) -> None:
        """Set an address for notifications: of a product and a kind, of a group, or of the account.

        Args:
            url: The address of a script.
            product: The symbolic id of a product; with *kind*.
            kind: ``order_created``, ``order_paid``, ``order_prepaid``, ``order_cancelled`` or
                ``order_moneyback``.
            group: The id of a group of contacts.
            account: The login of an account; without one it is the first.

        Raises:
            LookupError: There is no such product, kind, group or account.
            ValueError: The URL has another scheme than http or https, or no host.
        """
        shop = self.service.shop_of(account)
        self._call_in_thread(
            lambda: shop.set_notify_url(url, product=product, kind=kind, group=group)
        )

    def send_request(
        self,
        url: str,
        fields: Mapping[str, object],
        *,
        method: str = "POST",
        bill_id: int = 0,
        account: str = "",
    ) -> None:
        """Send a request of the service's automation, whose fields are yours and not signed.

        Args:
            url: The address of a script.
            fields: Values by name; ``{email}`` in a value stands for that field of the order, as
                notifications name it.
            method: ``GET`` or ``POST``.
            bill_id: The number of the order; 0 for none.
            account: The login of an account; without one it is the first.

        Raises:
            LookupError: There is no such order or account.
            ValueError: The address or the method is invalid.
        """
        shop = self.service.shop_of(account)
        self._call_in_thread(lambda: shop.send_request(url, fields, method=method, bill_id=bill_id))

    def order_notification(self, bill_id: int, kind: str = "") -> tuple[str, str]:
        """Return the kind and the body of the notification about an order of the first account.

        Args:
            bill_id: The number of the order.
            kind: Such as ``order_paid``; by default the one that fits the status of the order.

        Raises:
            LookupError: There is no such order.
        """
        shop = self.service.shop
        order = self._call_in_thread(lambda: shop.orders.find(bill_id))
        if order is None:
            raise LookupError(_("bill_id must be the number of an order of the sandbox."))
        kinds = {"paid": "order_paid", "cancel": "order_cancelled", "moneyback": "order_moneyback"}
        first = "order_prepaid" if Decimal(order.received) else "order_created"
        kind = kind or kinds.get(order.pay_status, first)
        return kind, encode_order_notification(kind, order, self.api_key, shop.assumptions)

    async def wait_for_deliveries(self) -> None:
        """Wait until every notification is delivered or has failed for the last time."""
        for worker in self._workers:
            await worker.wait_for_deliveries()

    # ── In the event loop ──

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Listen; returns when calls are answered.

        Raises:
            RuntimeError: It runs already.
            OSError: The address cannot be listened on, or a file cannot be used.
        """
        if self._running is not None:
            raise RuntimeError("the sandbox is already running")
        async with AsyncExitStack() as stack:
            file = Database(self._db)
            stack.callback(file.close)
            shops = self._open(file)
            self._import_seed(shops[0])
            service = Service(shops, RequestLog())
            workers = [DeliveryWorker(shop.outbox, self._clock, self._delays) for shop in shops]
            for errand in (*(worker.run() for worker in workers), _cancel_expired(shops)):
                stack.push_async_callback(_stop, asyncio.create_task(errand))
            app = make_app(service, self.faults, self._options)
            runner = web.AppRunner(
                app, access_log=None, logger=log, shutdown_timeout=1.0, keepalive_timeout=IDLE
            )
            stack.push_async_callback(runner.cleanup)
            await runner.setup()
            host, port = self._listen_on
            addresses = await stack.enter_async_context(
                listening(
                    cast("web.Server", runner.server), host, port, on_shortage=_report_shortage
                )
            )
            self.base_url = f"http://{_bracketed(host)}:{addresses[0][1]}"
            self._service, self._workers = service, workers
            self._running = stack.pop_all()

    def _delays(self) -> Sequence[float]:
        return self._retry_delays if self.assumptions["failed_delivery"] == "retried" else ()

    def _open(self, file: Database) -> Sequence[Shop]:
        numbers = file.numbers([account.login for account in self._accounts])
        return [
            Shop(account, file, number, assumptions=self.assumptions, clock=self._clock)
            for account, number in zip(self._accounts, numbers, strict=True)
        ]

    def _import_seed(self, shop: Shop) -> None:
        if self._seed_file is None or shop.orders.counts():
            return
        seed = read_seed(self._seed_file)
        try:
            with shop.transaction():
                import_seed(shop, seed)
        except ValueError as error:
            raise OSError(
                _(
                    "cannot import {path}: {problem}",
                    path=str(self._seed_file),
                    problem=error.args[0],
                )
            ) from None

    async def close(self) -> None:
        """Stop listening and release all resources; calling it twice is safe."""
        running, self._running = self._running, None
        self._service, self._workers = None, ()
        self.base_url = ""
        if running is not None:
            await running.aclose()

    # ── In a thread ──

    def __enter__(self) -> Self:
        if self._thread is not None:
            raise RuntimeError("the sandbox is already running")
        self._thread = _Thread(self)
        try:
            self._thread.begin()
        except BaseException:
            self._thread = None
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.end()

    def __repr__(self) -> str:
        return f"Sandbox({self.base_url or 'not running'})"


def _bracketed(host: str) -> str:
    host = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"[{host}]" if ":" in host else host


async def _cancel_expired(shops: Sequence[Shop]) -> None:
    while True:
        await asyncio.sleep(1)
        for shop in shops:
            payments.cancel_expired(shop)


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


class _Thread:
    """A thread with an event loop, in which a sandbox runs."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end = asyncio.Event()
        self._ready: Future[None] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._run()), name="justclick sandbox", daemon=True
        )

    def begin(self) -> None:
        """Start it, and wait until the sandbox answers."""
        self._thread.start()
        try:
            self._ready.result()
        except BaseException:
            self._thread.join()
            raise

    def end(self) -> None:
        """Stop the sandbox and the thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def call(self, function: Callable[[], T]) -> T:
        """Call *function* in the thread and return what it returns."""

        async def called() -> T:
            return function()

        if self._loop is None:
            raise RuntimeError("the sandbox is not running")
        return asyncio.run_coroutine_threadsafe(called(), self._loop).result()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            await self._sandbox.start()
        except BaseException as error:  # noqa: BLE001 - raised in begin()
            self._ready.set_exception(error)
            return
        self._ready.set_result(None)
        try:
            await self._end.wait()
        finally:
            await self._sandbox.close()
