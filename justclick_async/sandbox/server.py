"""A sandbox that runs: in the caller's event loop, or in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AsyncExitStack, suppress
from os import PathLike
from time import time
from types import TracebackType
from typing import Self, TypeVar

from aiohttp import web

from justclick_async.sandbox import payments
from justclick_async.sandbox.accounts import API_KEY, LOGIN, Account, Accounts
from justclick_async.sandbox.app import Options, make_app
from justclick_async.sandbox.deliveries import PAUSES, Courier
from justclick_async.sandbox.faults import Faults
from justclick_async.sandbox.guard import networks
from justclick_async.sandbox.journal import Journal
from justclick_async.sandbox.options import check_account, check_place
from justclick_async.sandbox.seeds import read_seed, sow
from justclick_async.sandbox.service import Service
from justclick_async.sandbox.shop import Shop
from justclick_async.sandbox.state import state_of
from justclick_async.sandbox.tables import File

__all__ = ["Sandbox"]

T = TypeVar("T")


class Sandbox:
    """A local service that answers as the documentation of JustClick says.

    ``async with Sandbox() as sandbox:`` runs it in the event loop, ``with Sandbox() as sandbox:``
    in a thread; ``sandbox.base_url`` is where to call it.  The same object can be entered again:
    with a file it goes on where it ended, in memory it starts anew.

    Args:
        login: The login of its account.
        api_key: The key of that account.
        accounts: Further accounts, each with orders, contacts and products of its own.  A call is
            for the account that its host names (``second.localhost``) or, at an address that
            names nobody, for the one whose key has signed it.
        host: The address to listen on.
        port: The port; 0 takes a free one.
        db: The file that holds the state; ``None`` keeps it in memory.
        faults: Probabilities of faults by name, see ``FAULTS``; can be changed while it runs.
        seed: Makes the faults strike the same requests every time.
        seed_file: A JSON file with products, groups, contacts and orders to begin with; read
            only while there are no orders yet.
        notify_url: Who is told about orders of products without an address of their own; of the
            first account, as are *seed_file*, *denied* and *disabled*.
        pauses: Seconds between the attempts to deliver a notification.
        denied: Callers' addresses that are answered with code 6.
        disabled: Whether everybody is answered with code 7.
        slow_for: Seconds by which the fault ``slow`` delays an answer.
        redirect_v2: Whether lower-case names of API 2.0 redirect to capitalised ones.
        visitors: Networks or addresses, such as ``172.17.0.0/16``, that may look at its pages and
            at ``/sandbox/`` besides this machine.
        clock: Tells the time in seconds since 1970.

    Attributes:
        base_url: Scheme, host and port as this machine reaches it; empty while it does not run.
        account: The first one.  May be changed while it runs, for example
            ``sandbox.account.disabled = True``.
        faults: May be changed while it runs, for example ``sandbox.faults["limit"] = 1.0``.
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
        pauses: Sequence[float] = PAUSES,
        denied: Collection[str] = (),
        disabled: bool = False,
        slow_for: float = 3.0,
        redirect_v2: bool = False,
        visitors: Iterable[str] = (),
        clock: Callable[[], float] = time,
    ) -> None:
        check_account(login, api_key, notify_url)
        check_place(host, port, slow_for)
        for each in accounts:
            if not isinstance(each, Account):
                raise TypeError(f"accounts must hold Account, not {type(each).__name__}")
        self.account: Account = Account(login, api_key, set(denied), disabled, notify_url)
        self._accounts = Accounts((self.account, *accounts))
        self.faults: Faults = Faults(faults, seed=seed)
        self.base_url: str = ""
        self._listen_on = (host, port)
        self._db = db
        self._seed_file = seed_file
        self._pauses = pauses
        self._options = Options(slow_for, redirect_v2, networks(visitors))
        self._clock = clock
        self._running: AsyncExitStack | None = None
        self._service: Service | None = None
        self._couriers: Sequence[Courier] = ()
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
        """What answers the calls; for in-process use in the sandbox's own event loop.

        Raises:
            RuntimeError: The sandbox does not run.
        """
        if self._service is None:
            raise RuntimeError("the sandbox does not run: use it as a context manager")
        return self._service

    def state(self, account: str = "") -> dict[str, object]:
        """Return all that it holds of an account, as ``/sandbox/state.json`` does.

        Args:
            account: The login; without one it is the first account.

        Raises:
            LookupError: There is no such account.
        """
        service = self.service
        shop = service.shop_of(account)
        return self._in_its_thread(lambda: state_of(service, shop))

    def reset(self, account: str | None = None) -> None:
        """Be a new sandbox again: all of it, or one account.

        Args:
            account: The login of the account; without one all of them are reset.

        Raises:
            LookupError: There is no such account.
        """
        service = self.service
        only = None if account is None else service.shop_of(account)
        self._in_its_thread(lambda: service.reset(only))

    def _in_its_thread(self, function: Callable[[], T]) -> T:
        return function() if self._thread is None else self._thread.call(function)

    def notify(
        self, url: str, *, product: str = "", kind: str = "", group: str = "", account: str = ""
    ) -> None:
        """Set who is told: of a kind of event of a product's orders, of a group, or of the rest.

        Args:
            url: The address of a script.
            product: The symbolic id of a product; with *kind*.
            kind: ``order_created``, ``order_paid``, ``order_prepaid``, ``order_cancelled`` or
                ``order_moneyback``.
            group: The id of a group of contacts.
            account: The login of an account; without one it is the first.

        Raises:
            LookupError: There is no such product, kind, group or account.
        """
        shop = self.service.shop_of(account)
        self._in_its_thread(lambda: shop.notify(url, product=product, kind=kind, group=group))

    async def settled(self) -> None:
        """Wait until every notification is delivered or given up."""
        for courier in self._couriers:
            await courier.settled()

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
            raise RuntimeError("the sandbox runs already")
        async with AsyncExitStack() as stack:
            file = File(self._db)
            stack.callback(file.close)
            shops = self._open(file)
            self._sow(shops[0])
            service = Service(shops, Journal())
            couriers = [Courier(shop.outbox, self._clock, self._pauses) for shop in shops]
            for errand in (*(courier.run() for courier in couriers), _sweep(shops)):
                stack.push_async_callback(_stop, asyncio.create_task(errand))
            app = make_app(service, self.faults, self._options)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
            stack.push_async_callback(runner.cleanup)
            await runner.setup()
            host, port = self._listen_on
            await web.TCPSite(runner, host, port, backlog=1024).start()
            self.base_url = f"http://{_bracketed(host)}:{runner.addresses[0][1]}"
            self._service, self._couriers = service, couriers
            self._running = stack.pop_all()

    def _open(self, file: File) -> Sequence[Shop]:
        numbers = file.numbers([account.login for account in self._accounts])
        return [
            Shop(account, file, number, clock=self._clock)
            for account, number in zip(self._accounts, numbers, strict=True)
        ]

    def _sow(self, shop: Shop) -> None:
        if self._seed_file is None or shop.orders.counts():
            return
        seed = read_seed(self._seed_file)
        try:
            with shop.transaction():
                sow(shop, seed)
        except ValueError as error:
            raise OSError(f"the seed file {self._seed_file} cannot be used: {error}") from None

    async def close(self) -> None:
        """Stop listening and let go of everything; a second time does nothing."""
        running, self._running = self._running, None
        self._service, self._couriers = None, ()
        self.base_url = ""
        if running is not None:
            await running.aclose()

    # ── In a thread ──

    def __enter__(self) -> Self:
        if self._thread is not None:
            raise RuntimeError("the sandbox runs already")
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


async def _sweep(shops: Sequence[Shop]) -> None:
    while True:
        await asyncio.sleep(1)
        for shop in shops:
            payments.sweep(shop)


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


class _Thread:
    """The thread in which a sandbox runs, with an event loop of its own."""

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
            raise RuntimeError("the sandbox does not run")
        return asyncio.run_coroutine_threadsafe(called(), self._loop).result()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            await self._sandbox.start()
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits in begin()
            self._ready.set_exception(error)
            return
        self._ready.set_result(None)
        try:
            await self._end.wait()
        finally:
            await self._sandbox.close()
