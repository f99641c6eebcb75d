"""A call from its body to the bytes of its answer, without HTTP.

The checks come in this order: who is meant (5), may anybody call (7), may this caller (6), is
there a body (2), is it theirs (1, 4), does it make sense (all others).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from time import perf_counter, time

from attrs import frozen

from justclick_async.diagnosis import KEY, diagnose
from justclick_async.php import http_build_query
from justclick_async.sandbox import auth
from justclick_async.sandbox.auth import Posted
from justclick_async.sandbox.codes import Refused
from justclick_async.sandbox.faults import Struck
from justclick_async.sandbox.journal import Journal, Seen
from justclick_async.sandbox.methods import Method, Reply
from justclick_async.sandbox.shop import Shop
from justclick_async.signing import answer_hash, sign_query

__all__ = ["Asked", "Service"]

_WRONG_HASH = "0" * 32
_SEARCHED = 500_000
"""How many bytes are hashed in search of what is wrong with a hash: others are waiting."""


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
    """Answers calls for the account of one shop.

    Args:
        shop: Where the work is done.
        journal: Where each call is noted.
    """

    def __init__(self, shop: Shop, journal: Journal) -> None:
        self.shop = shop
        self.journal = journal

    def reset(self) -> None:
        """Be a new sandbox again, one that has not been asked anything."""
        self.shop.reset()
        self.journal.forget()

    def answer(self, asked: Asked, struck: Struck | None = None) -> bytes:
        """Carry out a call, unless a fault forbids it, and return its answer."""
        seen = Seen(at=time(), method=asked.name, caller=asked.caller)
        started = perf_counter()
        try:
            if struck and not struck.done:
                raise Refused(8, asked.caller, why=f"the fault {struck.name}: nothing was done")
            answer = self._success(self._carry_out(asked, seen), seen, struck)
        except Refused as refused:
            answer = self._refusal(refused, seen)
        if struck:
            seen.outcome = struck.name
        seen.milliseconds = round((perf_counter() - started) * 1000, 3)
        self._remember(seen)
        return answer

    def _carry_out(self, asked: Asked, seen: Seen) -> Reply:
        account = self.shop.account
        if auth.login_of(asked.host, account) != account.login:
            raise Refused(5, why="the first label of the host is not the login of the account")
        if account.disabled:
            raise Refused(7)
        if asked.caller in account.denied:
            raise Refused(6, asked.caller)
        posted = auth.read(asked.body)
        self._note(posted, seen)
        method = _choose(asked.versions, posted)
        seen.version = method.version
        self._check(posted, method, seen)
        with self.shop.transaction():
            return method.carry_out(self.shop, posted.params)

    def _check(self, posted: Posted, method: Method, seen: Seen) -> None:
        account = self.shop.account
        if method.version == 2:
            return auth.check_key(posted, account)
        try:
            auth.check_hash(posted, account)
        except Refused as refused:
            found = diagnose(
                posted.params,
                posted.received or "",
                login=account.login,
                api_key=account.api_key,
                raw=posted.raw,
                largest=_SEARCHED,
            )
            if refused.code != 4 or found is None:
                raise
            seen.cause, seen.cause_ru, seen.theirs = found.why, found.why_ru, found.hashed
            raise Refused(4, why=found.why) from None

    def _note(self, posted: Posted, seen: Seen) -> None:
        account = self.shop.account
        if "rpsKey" in posted.params:  # it is the key, or was meant to be one
            seen.sent = http_build_query({**posted.params, "rpsKey": KEY})
            return
        seen.hashed = f"{posted.query}::{account.login}::{KEY}"
        seen.sent = posted.raw
        seen.received = posted.received or ""
        seen.expected = sign_query(posted.query, account.login, account.api_key)

    def _remember(self, seen: Seen) -> None:
        """Note a call, without the key wherever somebody has put it."""
        for name in "hashed", "sent", "received", "theirs", "cause", "cause_ru", "why":
            shown = getattr(seen, name).replace(self.shop.account.api_key, KEY)
            setattr(seen, name, shown)
        self.journal.add(seen)

    def _success(self, reply: Reply, seen: Seen, struck: Struck | None) -> bytes:
        seen.outcome, seen.code, seen.text, seen.done = "done", 0, reply.text, True
        signature = answer_hash(0, reply.text, self.shop.account.api_key)
        if struck and struck.answer == "bad_hash":
            signature = _WRONG_HASH
        return _envelope(0, reply.text, reply.result, signature)

    def _refusal(self, refused: Refused, seen: Seen) -> bytes:
        seen.outcome, seen.code, seen.text = "refused", refused.code, refused.text
        seen.why = refused.why
        # An answer about nobody's account is signed with nobody's key.
        key = "" if refused.code == 5 else self.shop.account.api_key
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
