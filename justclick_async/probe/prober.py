"""Runs the experiments on an account, removes what they have made, and judges the findings."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from functools import partial
from secrets import token_hex
from time import monotonic, time
from urllib.parse import urlsplit

import aiohttp
from attrs import frozen

from justclick_async.account import Account, is_loopback
from justclick_async.calls import Pause
from justclick_async.errors import JustClickError
from justclick_async.messages import Message, _
from justclick_async.pacing import RateLimiter
from justclick_async.php import canonical_query
from justclick_async.probe.exchange import (
    Exchange,
    Experiment,
    Inconclusive,
    Request,
    Response,
    Wait,
)
from justclick_async.probe.experiments import EXPERIMENTS, Scene
from justclick_async.probe.leftovers import Leftovers
from justclick_async.probe.observers import OBSERVERS
from justclick_async.probe.receiver import Receiver
from justclick_async.sandbox.assumptions import ASSUMPTIONS
from justclick_async.signing import signed_body
from justclick_async.transport import Timeout, Transport

__all__ = ["Prober", "Verdict"]

_TAGS = _("no method returns the tags of a contact.")
_UNOBSERVABLE = {
    "lead_tags": _TAGS,
    "tag_case": _TAGS,
    "prepaid_hash": _("no method enters a prepayment."),
    "id_group": _("no method sets the address for notifications of a group."),
}
_TRIES = 5
"""The most times that a request answered with code 8 is sent."""


@frozen
class Verdict:
    """The result for an assumption.

    Attributes:
        choice: The choice that holds; ``None`` if it could not be found out.
        how: The methods that have shown it, or why it could not be found out.
    """

    choice: str | None
    how: str


class _Stopped(Exception):
    """No further request of an experiment may be sent."""


class Prober:
    """Probes one account.

    Args:
        account: Login, key and address.
        write: Whether products, groups, contacts and orders may be created.
        rate: Requests per second; ``None`` for no limit.
        timeout: Seconds for one request.
        proxy: The URL of a proxy.
        domain: The domain of the e-mail addresses of contacts.
        listen: The port of the receiver of notifications.
        notify_url: The address under which the service reaches the receiver.
        patience: Seconds to wait for a notification; by default 3 if the service runs on this
            machine, otherwise 15.
        limits: Whether to reach the limit of requests, if the service runs on this machine.
        confirm: Called before each request of an experiment; returns whether to send it.
        show: Called before each request that removes something.

    Attributes:
        mark: What everything that it creates is called by.
        sent: The number of requests.
        stopped: Whether it was stopped before its end.
        problem: Why it could not go on.
    """

    def __init__(
        self,
        account: Account,
        *,
        write: bool = False,
        rate: float | None = 1.0,
        timeout: float = 30.0,
        proxy: str | None = None,
        domain: str = "example.com",
        listen: int = 0,
        notify_url: str = "",
        patience: float | None = None,
        limits: bool = True,
        confirm: Callable[[Request], bool] = lambda _request: True,
        show: Callable[[Request], object] = lambda _request: None,
    ) -> None:
        self.mark: str = f"justclick-probe-{token_hex(4)}"
        self.sent: int = 0
        self.stopped: bool = False
        self.problem: Message | None = None
        self._account = account
        self._write = write
        self._rate = rate
        self._timeout = Timeout.of(timeout)
        self._proxy = proxy
        self._listen, self._notify_url = listen, notify_url
        self._confirm, self._show = confirm, show
        self._limiter = RateLimiter()
        self._local = is_loopback(urlsplit(account.base_url).hostname)
        self._limits = limits
        self._patience = patience if patience is not None else 3.0 if self._local else 15.0
        self._scene = Scene(self.mark, domain, account.api_key, int(time()), patient=self._local)
        self._seen: list[Exchange] = []
        self._found: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self._reasons: dict[str, Message] = {}
        self._leftovers = Leftovers()

    def stop(self) -> None:
        """Send no further request, except to remove what was created."""
        self.stopped = True

    def _give_up(self, problem: Message) -> None:
        self.problem = self.problem or problem
        self.stop()

    async def run(self) -> None:
        """Run the experiments, then remove what they have created."""
        async with AsyncExitStack() as stack:
            stranger = _stranger(self._account)
            self._transport = self._open(stack, self._account)
            self._stranger = stranger, self._open(stack, stranger)
            if self._write and (self._local or self._notify_url):
                self._receiver = await stack.enter_async_context(Receiver(self._listen))
                self._scene.receiver = (self._notify_url or self._receiver.url).rstrip("/")
            modes = {"reads", "writes" if self._write else "reads_only"}
            modes |= {"notified"} if self._scene.receiver else set()
            try:
                for experiment in EXPERIMENTS:
                    if experiment.mode in modes:
                        await self._run(experiment)
            finally:
                await self._clean_up()
            if self._write and self._local and self._limits:
                await self._run(EXPERIMENTS[-1])  # after it the service may refuse all calls

    def _open(self, stack: AsyncExitStack, account: Account) -> Transport:
        make: Callable[[], aiohttp.ClientSession] | None = None
        if self._local and account is not self._account:
            # A login is the first part of the host, and names under localhost often resolve to
            # nothing: the header alone names the host.
            host = f"{account.login}.localhost"
            make = partial(aiohttp.ClientSession, headers={"Host": host})
        transport = Transport(account.base_url, proxy=self._proxy, session=make)
        stack.push_async_callback(transport.close)
        return transport

    # ── Experiments ──

    async def _run(self, experiment: Experiment) -> None:
        flow, methods = experiment.run(self._scene), dict[str, None]()
        try:
            step = next(flow)
            while True:
                if isinstance(step, Request):
                    methods[step.method] = None
                step = flow.send(await self._take(step))
        except StopIteration as end:
            for name, choice in end.value.items():
                if choice is not None:
                    self._found[name][choice] = ", ".join(methods)
        except (_Stopped, Inconclusive) as error:
            reason = error.reason if isinstance(error, Inconclusive) else _STOPPED
            self._reasons |= dict.fromkeys(experiment.names, reason)
            if experiment is EXPERIMENTS[0] and not self.stopped:
                self._give_up(reason)  # neither login and key nor the network work
        finally:
            flow.close()

    async def _take(self, step: Request | Wait | Pause) -> object:
        if isinstance(step, Wait):
            return await self._receiver.wait(step.path, step.count, self._patience)
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
            return None
        # The requests of a burst are alike, and asked for once.
        asked = step.in_burst and bool(self._seen) and self._seen[-1][0].in_burst
        if not (self.stopped or asked or self._confirm(step)):
            self.stop()
        if self.stopped:
            raise _Stopped
        self._leftovers.expect(step)
        response = await self._send(step)
        self._leftovers.note(step, response)
        return response

    async def _send(self, request: Request) -> Response:
        """Send a request, again if the limit of requests is reached: then nothing was done."""
        account, transport = (
            self._stranger if request.wrong == "login" else (self._account, self._transport)
        )
        body = self._encode(request, account)
        for attempt in range(_TRIES):
            await self._wait_for_slot(request)
            try:
                raw = await transport.send(request.method, body, self._timeout)
            except JustClickError as error:
                if not request.writes and attempt < 2:
                    continue
                raise Inconclusive(
                    _("{method}: {message}", method=request.method, message=error.message)
                ) from None
            response = Response.of(raw, self._account.api_key)
            self._seen.append((request, response))
            if response.code != 8 or request.in_burst:
                return response
            await asyncio.sleep(1.1 * (attempt + 1))
        self._give_up(_("the service refuses requests because of their number (code 8)."))
        raise _Stopped

    async def _wait_for_slot(self, request: Request) -> None:
        if self._rate is None or request.in_burst:
            return
        await asyncio.sleep(self._limiter.wait(self._rate, monotonic()))
        self._limiter.take(self._rate, monotonic())

    def _encode(self, request: Request, account: Account) -> bytes:
        self.sent += 1
        if request.version == 1:
            return signed_body(request.params, account.login, account.api_key)
        key = token_hex(20) if request.wrong == "key" else account.api_key
        return canonical_query({"rpsKey": key, **request.params}).encode("ascii")

    async def _clean_up(self) -> None:
        """Remove what can be removed; what fails is tried again."""
        for _attempt in range(3):
            for request in self._leftovers.removals():
                self._show(request)
                with suppress(Inconclusive, _Stopped):
                    self._leftovers.note(request, await self._send(request))

    # ── Results ──

    def verdicts(self) -> dict[str, Verdict]:
        """Return the result for each assumption."""
        return {name: self._judge(name) for name in ASSUMPTIONS}

    def remains(self) -> list[Message]:
        """Return what was created and is still there."""
        return self._leftovers.describe(self.mark)

    @property
    def is_clean(self) -> bool:
        """True if everything that can be removed is removed."""
        return next(self._leftovers.removals(), None) is None

    def found_by_writing(self) -> list[str]:
        """Return the names of the assumptions that are only found if it may write."""
        return [name for name, verdict in self.verdicts().items() if verdict.how == _WRITE]

    def _judge(self, name: str) -> Verdict:
        found = dict(self._found[name])
        if (name in OBSERVERS) and (choice := OBSERVERS[name](self._seen)):
            found[choice] = _("all responses")
        if len(found) == 1:
            return Verdict(*next(iter(found.items())))
        return Verdict(None, _CONTRADICTORY if found else self._reason(name))

    def _reason(self, name: str) -> Message:
        modes = {experiment.mode for experiment in EXPERIMENTS if name in experiment.names}
        known = self._reasons.get(name) or _UNOBSERVABLE.get(name)
        if known or not modes:
            return known or (_UNDECIDED if self._write else _WRITE)
        if not self._write and not modes & {"reads"}:
            return _WRITE
        if modes == {"local"} and not self._local:
            return _NOT_PROVOKED
        if modes == {"notified"} and not self._scene.receiver:
            return _NOT_NOTIFIED
        return _UNDECIDED


_STOPPED = _("the probe was stopped before.")
_CONTRADICTORY = _("the responses contradict each other.")
_UNDECIDED = _("the responses fit none of its choices, or more than one.")
_WRITE = _("it is found by writing: add --write.")
_NOT_PROVOKED = _("reaching the limit of a live account could block it.")
_NOT_NOTIFIED = _("only a notification shows it: add --notify-url and --listen.")


def _stranger(account: Account) -> Account:
    """Return an account that does not exist, with an address of the same service."""
    login, host = f"justclick-probe-{token_hex(4)}", urlsplit(account.base_url).netloc
    own, _dot, zone = host.partition(".")
    if own.lower() == account.login.lower() and zone:
        return Account(login, token_hex(20), account.base_url.replace(host, f"{login}.{zone}"))
    return Account(login, token_hex(20), account.base_url)
