"""A call from its body to the bytes of its answer, without HTTP.

The checks come in this order: who is meant (5), may anybody call (7), may this caller (6), is
there a body (2), is it authentic (1, 4), is it valid (all others).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from time import perf_counter, time

from attrs import evolve, field, frozen

from justclick_async.diagnosis import KEY
from justclick_async.messages import Message, _
from justclick_async.php import http_build_query, urlencode
from justclick_async.sandbox import auth, methods
from justclick_async.sandbox.accounts import Account, parse_login
from justclick_async.sandbox.assumptions import Assumptions
from justclick_async.sandbox.auth import PostedBody
from justclick_async.sandbox.codes import Refusal
from justclick_async.sandbox.faults import InjectedFault
from justclick_async.sandbox.formats import (
    encode_response,
    format_result,
    http_status,
    normalize_params,
)
from justclick_async.sandbox.hashes import Cause, CauseSearch, search_cause
from justclick_async.sandbox.methods import Method, Reply
from justclick_async.sandbox.request_log import KEY_PLACEHOLDER, LoggedRequest, RequestLog
from justclick_async.sandbox.shop import Shop
from justclick_async.signing import answer_hash

__all__ = ["ApiRequest", "EncodedResponse", "Service"]

_WRONG_HASH = "0" * 32
_RATE_LIMITS = {"per_address": (1, 10), "per_method": (1, 10), "per_day": (86400, 1000)}
"""Seconds, and how many calls they may have."""


@frozen
class ApiRequest:
    """A call as received.

    Attributes:
        name: The method as the path spells it.
        versions: What the path leads to.
        body: Urlencoded.
        host: The host that was called.
        caller: The address it came from.
        headers: Of HTTP.
    """

    name: str
    versions: Mapping[int, Method]
    body: bytes
    host: str
    caller: str
    headers: Mapping[str, str] = field(factory=dict[str, str])


@frozen
class EncodedResponse:
    """A response.

    Attributes:
        status: Of HTTP.
        body: Its bytes.
        headers: What a client sees beside them.
        seen: The entry in the log.
    """

    status: int
    body: bytes
    headers: Mapping[str, str]
    seen: LoggedRequest


class Service:
    """The answers to the calls of all accounts, each with a separate shop.

    Args:
        shops: One for each account; the first serves calls that name no account and fit none.
        request_log: Records each call.
    """

    def __init__(self, shops: Sequence[Shop], request_log: RequestLog) -> None:
        self.shops: Sequence[Shop] = shops
        self.request_log = request_log
        self._search = CauseSearch()
        self._calls: dict[str, tuple[int, int]] = {}

    @property
    def assumptions(self) -> Assumptions:
        """The choices, the same for all accounts."""
        return self.shop.assumptions

    @property
    def shop(self) -> Shop:
        """The shop of the first account."""
        return self.shops[0]

    def shop_of(self, login: str) -> Shop:
        """Return the shop of an account; without a login that of the first.

        Raises:
            LookupError: There is no such account.
        """
        for shop in self.shops:
            if login.lower() in ("", shop.account.login.lower()):
                return shop
        logins = ", ".join(shop.account.login for shop in self.shops)
        raise LookupError(_("account must be one of {logins}.", logins=logins))

    def reset(self, only: Shop | None = None) -> None:
        """Be a new sandbox again, one that has not been asked anything.

        Args:
            only: Where it is reset; without it everywhere.
        """
        for shop in self.shops if only is None else (only,):
            shop.reset()
        self.request_log.clear(only.account.login if only and len(self.shops) > 1 else "")

    async def answer(
        self, asked: ApiRequest, fault: InjectedFault | None = None
    ) -> EncodedResponse:
        """Execute a call, unless a fault forbids it, and return its answer."""
        seen = LoggedRequest(
            at=time(), method=asked.name, caller=asked.caller, headers=asked.headers
        )
        started = perf_counter()
        posted = await _read(asked.body)
        if not isinstance(posted, Refusal):
            seen.sent = _without_key(posted)
            seen.body = seen.sent if seen.sent != posted.raw else _text(asked.body)
        shop, cause = await self._find_account(asked.host, posted)
        seen.account = shop.account.login if shop else ""
        try:
            if fault and not fault.done:
                raise Refusal(
                    8,
                    asked.caller,
                    why=_("the fault {name} was injected; nothing was done", name=fault.name),
                )
            if shop is None:
                raise Refusal(
                    5, why=_("the first label of the host is not the login of an account")
                )
            reply = await self._execute(asked, shop, posted, cause, seen)
            seen.outcome, seen.code, seen.text, seen.done = "done", 0, reply.text, True
            result = reply.result
        except Refusal as refused:
            seen.outcome, seen.code, seen.text = "refused", refused.code, refused.text
            seen.why, result = refused.why, refused.result
        if fault:
            seen.outcome = fault.name
        seen.milliseconds = round((perf_counter() - started) * 1000, 3)
        answer = self._encode(seen, result, shop, fault)
        self._log(seen)
        return answer

    def _encode(
        self, seen: LoggedRequest, result: object, shop: Shop | None, fault: InjectedFault | None
    ) -> EncodedResponse:
        code, text = seen.code or 0, seen.text
        if self.assumptions["error_text"] == "lowercase":
            text = text.lower()
        signature: str | None = answer_hash(code, text, shop.account.api_key if shop else "")
        if shop is None and self.assumptions["unknown_login"] == "unsigned":
            signature = None
        if seen.version == 2 and self.assumptions["v2_signature"] != "signed":
            signature = "" if self.assumptions["v2_signature"] == "empty" else None
        if fault and fault.answer == "bad_hash":
            signature = _WRONG_HASH
        body = encode_response(code, text, result, signature, self.assumptions)
        kind = "application/json" if self.assumptions["content_type"] == "json" else "text/html"
        headers = {"Content-Type": f"{kind}; charset=utf-8", "Content-Length": str(len(body))}
        return EncodedResponse(http_status(code, self.assumptions), body, headers, seen)

    def log_response(
        self, seen: LoggedRequest, status: int, headers: Mapping[str, str], body: bytes
    ) -> None:
        """Add to the log what a client got; a status of 0 is a closed connection."""
        seen.set_response(status, headers, body, self._keys())

    async def replay(self, number: int, caller: str) -> LoggedRequest | None:
        """Answer a request of the log again, without faults; return its new entry."""
        seen = self.request_log.find(number)
        if seen is None or not seen.replayable:
            return None
        shop = self.shop_of(seen.account)
        body = seen.body.replace(KEY, shop.account.api_key)
        if seen.code not in (1, 4, 5):  # otherwise it was another key
            body = body.replace(KEY_PLACEHOLDER, urlencode(shop.account.api_key))
        raw, host = body.encode("utf-8", "surrogateescape"), seen.headers.get("Host", "")
        versions = methods.find(seen.method) or {}
        answer = await self.answer(
            ApiRequest(seen.method, versions, raw, host, caller, seen.headers)
        )
        self.log_response(answer.seen, answer.status, answer.headers, answer.body)
        return answer.seen

    async def _find_account(
        self, host: str, posted: PostedBody | Refusal
    ) -> tuple[Shop | None, Cause | None]:
        """Return the shop that is called: by its host, or else by the key that signed the call.

        A call that fits no account is for the one that it was most likely meant for; what is
        wrong with its hash comes along, if it has been looked for.
        """
        if label := parse_login(host):
            found = (s for s in self.shops if s.account.login.lower() == label.lower())
            return next(found, None), None
        if len(self.shops) == 1 or isinstance(posted, Refusal):
            return self.shop, None
        for shop in self.shops:
            if auth.is_authentic(posted, shop.account):
                return shop, None
        return (
            await self._guess_account(posted) if posted.received is not None else (self.shop, None)
        )

    async def _guess_account(self, posted: PostedBody) -> tuple[Shop, Cause | None]:
        first: Cause | None = None
        for shop in self.shops:
            cause = await self._search.find_cause(posted, shop.account, self._other_accounts(shop))
            if cause is not None and cause.found:
                return shop, cause
            first = first or cause
        return self.shop, first

    def _other_accounts(self, shop: Shop) -> list[Account]:
        return [other.account for other in self.shops if other is not shop]

    async def _execute(
        self,
        asked: ApiRequest,
        shop: Shop,
        posted: PostedBody | Refusal,
        cause: Cause | None,
        seen: LoggedRequest,
    ) -> Reply:
        account = shop.account
        if account.disabled:
            raise Refusal(7)
        if asked.caller in account.denied:
            raise Refusal(6, asked.caller)
        self._check_rate(asked, shop)
        if isinstance(posted, Refusal):
            raise posted
        _note(posted, account, seen)
        method = _choose(asked.versions, posted)
        seen.version = method.version
        await self._check(posted, shop, method, cause, seen)
        params = normalize_params(posted.params, self.assumptions)
        shop.orders.touched = 0
        try:
            with shop.transaction():
                reply = method.execute(shop, params)
        finally:
            seen.bill_id = shop.orders.touched
        if method.version == 1:
            return evolve(reply, result=format_result(reply.result, self.assumptions))
        return reply

    def _check_rate(self, asked: ApiRequest, shop: Shop) -> None:
        rate = self.assumptions["rate_limit"]
        if rate == "none":
            return
        seconds, limit = _RATE_LIMITS[rate]
        key = asked.name if rate == "per_method" else asked.caller
        window = shop.now() // seconds
        started, count = self._calls.get(key, (window, 0))
        count = count + 1 if started == window else 1
        self._calls[key] = window, count
        if count > limit:
            raise Refusal(8, asked.caller)

    async def _check(
        self,
        posted: PostedBody,
        shop: Shop,
        method: Method,
        cause: Cause | None,
        seen: LoggedRequest,
    ) -> None:
        account, others = shop.account, self._other_accounts(shop)
        try:
            (auth.check_key if method.version == 2 else auth.check_hash)(posted, account)
        except Refusal as refused:
            if refused.code != 4:
                raise
            if method.version == 2:
                code = 4 if self.assumptions["wrong_key"] == "code_4" else 5
                raise Refusal(code, why=_other_key(posted, others)) from None
            cause = cause or await self._search.find_cause(posted, account, others)
            if cause is None:
                seen.explain_later(lambda: search_cause(posted, account, others), len(posted.raw))
                raise
            seen.set_cause(cause)
            raise Refusal(4, why=cause.why) from None

    def _log(self, seen: LoggedRequest) -> None:
        """Note a call, without the keys, wherever they occur."""
        seen.redact(self._keys())
        self.request_log.add(seen)

    async def explain(self, number: int) -> LoggedRequest | None:
        """Return a call that is remembered; what is wrong with its hash is looked for by now."""
        seen = self.request_log.find(number)
        if seen is not None and (cause := await seen.explain()) is not None:
            seen.set_cause(cause)
            seen.redact_cause(self._keys())
            seen.why = seen.cause
        return seen

    def _keys(self) -> list[str]:
        return [shop.account.api_key for shop in self.shops]


_LARGE = 100_000
"""Bytes of a body that takes longer to be read than the event loop should be held up."""


async def _read(body: bytes) -> PostedBody | Refusal:
    try:
        return (
            await asyncio.to_thread(auth.parse_body, body)
            if len(body) > _LARGE
            else auth.parse_body(body)
        )
    except Refusal as refused:
        return refused


def _other_key(posted: PostedBody, accounts: Sequence[Account]) -> Message:
    for account in accounts:
        if auth.is_authentic(posted, account):
            return _("rpsKey is the key of the account {login}", login=account.login)
    return _("rpsKey is not the key of the account")


def _note(posted: PostedBody, account: Account, seen: LoggedRequest) -> None:
    if "rpsKey" not in posted.params:
        seen.hashed = f"{posted.query}::{account.login}::{KEY}"
        seen.received = posted.received or ""
        seen.expected = posted.hash_for(account.login, account.api_key)


def _without_key(posted: PostedBody) -> str:
    """Return the body without its hash, and without ``rpsKey``: it is a key, or was meant to be."""
    if "rpsKey" not in posted.params:
        return posted.raw
    return http_build_query({**posted.params, "rpsKey": KEY})


def _text(body: bytes) -> str:
    return body.decode("utf-8", "surrogateescape")


def _choose(versions: Mapping[int, Method], posted: PostedBody) -> Method:
    """Return the method of the version that the body speaks, or else the only one there is."""
    return versions.get(auth.detect_version(posted)) or next(iter(versions.values()))
