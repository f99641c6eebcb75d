"""A call from its body to the bytes of its answer, without HTTP.

The checks come in this order: who is meant (5), may anybody call (7), may this caller (6), is
there a body (2), is it theirs (1, 4), does it make sense (all others).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from time import perf_counter, time

from attrs import frozen

from justclick_async.diagnosis import KEY
from justclick_async.php import http_build_query
from justclick_async.sandbox import auth
from justclick_async.sandbox.accounts import Account, label_of
from justclick_async.sandbox.auth import Posted
from justclick_async.sandbox.codes import Refused
from justclick_async.sandbox.faults import Struck
from justclick_async.sandbox.hashes import Cause, Search, cause_of
from justclick_async.sandbox.journal import Journal, Seen
from justclick_async.sandbox.methods import Method, Reply
from justclick_async.sandbox.shop import Shop
from justclick_async.signing import answer_hash, sign_query

__all__ = ["Asked", "Service"]

_WRONG_HASH = "0" * 32


@frozen
class Asked:
    """A call as it came.

    Attributes:
        name: The method as the path spells it.
        versions: What the path leads to.
        body: Urlencoded.
        host: The host that was called.
        caller: The address it came from.
    """

    name: str
    versions: Mapping[int, Method]
    body: bytes
    host: str
    caller: str


class Service:
    """Answers calls for the accounts of a sandbox, each with a shop of its own.

    Args:
        shops: Where the work is done, one for each account; the first stands in where a call
            names no account and fits none.
        journal: Where each call is noted.
    """

    def __init__(self, shops: Sequence[Shop], journal: Journal) -> None:
        self.shops: Sequence[Shop] = shops
        self.journal = journal
        self._search = Search()

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
        raise LookupError(f"there is no such account, but {logins}")

    def reset(self, only: Shop | None = None) -> None:
        """Be a new sandbox again, one that has not been asked anything.

        Args:
            only: Where it is reset; without it everywhere.
        """
        for shop in self.shops if only is None else (only,):
            shop.reset()
        self.journal.forget(only.account.login if only and len(self.shops) > 1 else "")

    def answer(self, asked: Asked, struck: Struck | None = None) -> bytes:
        """Carry out a call, unless a fault forbids it, and return its answer."""
        seen = Seen(at=time(), method=asked.name, caller=asked.caller)
        started = perf_counter()
        posted = _read(asked.body)
        shop, cause = self._meant(asked.host, posted)
        seen.account = shop.account.login if shop else ""
        try:
            if struck and not struck.done:
                raise Refused(8, asked.caller, why=f"the fault {struck.name}: nothing was done")
            if shop is None:
                raise Refused(5, why="the first label of the host is not the login of the account")
            reply = self._carry_out(asked, shop, posted, cause, seen)
            answer = _success(reply, shop, seen, struck)
        except Refused as refused:
            answer = _refusal(refused, shop, seen)
        if struck:
            seen.outcome = struck.name
        seen.milliseconds = round((perf_counter() - started) * 1000, 3)
        self._remember(seen)
        return answer

    def _meant(self, host: str, posted: Posted | Refused) -> tuple[Shop | None, Cause | None]:
        """Return the shop that is called: by its host, or else by the key that signed the call.

        A call that fits no account is for the one that it was most likely meant for; what is
        wrong with its hash comes along, if it has been looked for.
        """
        if label := label_of(host):
            found = (s for s in self.shops if s.account.login.lower() == label.lower())
            return next(found, None), None
        if len(self.shops) == 1 or isinstance(posted, Refused):
            return self.shop, None
        for shop in self.shops:
            if auth.fits(posted, shop.account):
                return shop, None
        return self._nearest(posted) if posted.received is not None else (self.shop, None)

    def _nearest(self, posted: Posted) -> tuple[Shop, Cause | None]:
        causes = [
            (s, self._search.cause_of(posted, s.account, self._beside(s))) for s in self.shops
        ]
        return next(((shop, cause) for shop, cause in causes if cause and cause.found), causes[0])

    def _beside(self, shop: Shop) -> list[Account]:
        return [other.account for other in self.shops if other is not shop]

    def _carry_out(
        self,
        asked: Asked,
        shop: Shop,
        posted: Posted | Refused,
        cause: Cause | None,
        seen: Seen,
    ) -> Reply:
        account = shop.account
        if account.disabled:
            raise Refused(7)
        if asked.caller in account.denied:
            raise Refused(6, asked.caller)
        if isinstance(posted, Refused):
            raise posted
        _note(posted, account, seen)
        method = _choose(asked.versions, posted)
        seen.version = method.version
        self._check(posted, shop, method, cause, seen)
        with shop.transaction():
            return method.carry_out(shop, posted.params)

    def _check(
        self, posted: Posted, shop: Shop, method: Method, cause: Cause | None, seen: Seen
    ) -> None:
        account, others = shop.account, self._beside(shop)
        try:
            (auth.check_key if method.version == 2 else auth.check_hash)(posted, account)
        except Refused as refused:
            if refused.code != 4:
                raise
            if method.version == 2:
                raise Refused(4, why=_whose_key(posted, others) or refused.why) from None
            cause = cause or self._search.cause_of(posted, account, others)
            if cause is None:
                seen.explain_later(lambda: cause_of(posted, account, others), len(posted.raw))
                raise
            seen.caused_by(cause)
            raise Refused(4, why=cause.why) from None

    def _remember(self, seen: Seen) -> None:
        """Note a call, without the keys wherever somebody has put them."""
        self._mask(seen)
        self.journal.add(seen)

    def explained(self, number: int) -> Seen | None:
        """Return a call that is remembered; what is wrong with its hash is looked for by now."""
        seen = self.journal.find(number)
        if seen is not None and (cause := seen.explained_now()) is not None:
            seen.caused_by(cause)
            seen.why = cause.why
            self._mask(seen)
        return seen

    def _mask(self, seen: Seen) -> None:
        for name in "hashed", "sent", "received", "theirs", "cause", "cause_ru", "why":
            shown: str = getattr(seen, name)
            for shop in self.shops:
                shown = shown.replace(shop.account.api_key, KEY)
            setattr(seen, name, shown)


def _read(body: bytes) -> Posted | Refused:
    try:
        return auth.read(body)
    except Refused as refused:
        return refused


def _whose_key(posted: Posted, accounts: Sequence[Account]) -> str:
    found = next((account for account in accounts if auth.fits(posted, account)), None)
    return f"rpsKey is the key of the account {found.login}" if found else ""


def _note(posted: Posted, account: Account, seen: Seen) -> None:
    if "rpsKey" in posted.params:  # it is the key, or was meant to be one
        seen.sent = http_build_query({**posted.params, "rpsKey": KEY})
        return
    seen.hashed = f"{posted.query}::{account.login}::{KEY}"
    seen.sent = posted.raw
    seen.received = posted.received or ""
    seen.expected = sign_query(posted.query, account.login, account.api_key)


def _success(reply: Reply, shop: Shop, seen: Seen, struck: Struck | None) -> bytes:
    seen.outcome, seen.code, seen.text, seen.done = "done", 0, reply.text, True
    signature = answer_hash(0, reply.text, shop.account.api_key)
    if struck and struck.answer == "bad_hash":
        signature = _WRONG_HASH
    return _envelope(0, reply.text, reply.result, signature)


def _refusal(refused: Refused, shop: Shop | None, seen: Seen) -> bytes:
    seen.outcome, seen.code, seen.text = "refused", refused.code, refused.text
    seen.why = refused.why
    # An answer about nobody's account is signed with nobody's key.
    key = shop.account.api_key if shop else ""
    signature = answer_hash(refused.code, refused.text, key)
    return _envelope(refused.code, refused.text, refused.result, signature)


def _choose(versions: Mapping[int, Method], posted: Posted) -> Method:
    """Return the method of the version that the body speaks, or else the only one there is."""
    return versions.get(auth.version_of(posted)) or next(iter(versions.values()))


def _envelope(code: int, text: str, result: object, signature: str) -> bytes:
    answer = {"error_code": code, "error_text": text, "result": result, "hash": signature}
    if result is None:
        del answer["result"]
    return json.dumps(answer).encode()
