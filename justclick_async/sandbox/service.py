"""A call from its body to the bytes of its answer, without HTTP.

The order of the checks is the documented one where there is one: who is meant (5), may they call
at all (7, 6), is there a body (2), is it theirs (1, 4), does it make sense (3 and all others).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from time import perf_counter, time

from justclick_async.sandbox import auth
from justclick_async.sandbox.auth import Posted
from justclick_async.sandbox.codes import Refused
from justclick_async.sandbox.faults import Struck
from justclick_async.sandbox.journal import Journal, Seen
from justclick_async.sandbox.methods import Method, Reply
from justclick_async.sandbox.shop import Shop
from justclick_async.signing import answer_hash, sign_query

__all__ = ["Service"]

_WRONG_HASH = "0" * 32


class Service:
    """Answers calls for the account of one shop.

    Args:
        shop: Where the work is done.
        journal: Where each call is noted.
    """

    def __init__(self, shop: Shop, journal: Journal) -> None:
        self.shop = shop
        self.journal = journal

    def answer(
        self,
        name: str,
        versions: Mapping[int, Method],
        body: bytes,
        *,
        host: str,
        caller: str,
        struck: Struck | None = None,
    ) -> bytes:
        """Carry out a call, unless a fault forbids it, and return its answer.

        Args:
            name: The method as the path spells it.
            versions: What the path leads to.
            body: As it came.
            host: The host that was called.
            caller: The address it came from.
            struck: The fault that befalls the call.
        """
        seen = Seen(at=time(), method=name, caller=caller)
        started = perf_counter()
        key = self.shop.account.api_key
        try:
            if struck and not struck.done:
                raise Refused(8, caller, why=f"fault {struck.name}: nothing was done")
            reply = self._carry_out(versions, body, host, caller, seen)
        except Refused as refused:
            seen.outcome, seen.code, seen.text, seen.why = (
                "refused", refused.code, refused.text, refused.why,
            )  # fmt: skip
            # Nobody's key signs an answer to nobody.
            signed_with = "" if refused.code == 5 else key
            answer = _envelope(refused.code, refused.text, refused.result, signed_with, struck)
        else:
            seen.outcome, seen.code, seen.text, seen.done = "done", 0, reply.text, True
            answer = _envelope(0, reply.text, reply.result, key, struck)
        if struck:
            seen.outcome = struck.name
        seen.milliseconds = round((perf_counter() - started) * 1000, 3)
        self.journal.add(seen)
        return answer

    def _carry_out(
        self, versions: Mapping[int, Method], body: bytes, host: str, caller: str, seen: Seen
    ) -> Reply:
        account = self.shop.account
        if auth.login_of(host, account) != account.login:
            raise Refused(5, why="the first label of the host is not the login of the account")
        if account.disabled:
            raise Refused(7)
        if caller in account.denied:
            raise Refused(6, caller)
        posted = auth.read(body)
        self._note(posted, seen)
        method = _choose(versions, posted)
        seen.version = method.version
        (auth.check_hash if method.version == 1 else auth.check_key)(posted, account)
        with self.shop.transaction():
            return method.carry_out(self.shop, posted.params)

    def _note(self, posted: Posted, seen: Seen) -> None:
        account = self.shop.account
        if "rpsKey" in posted.params:
            return  # holds the key
        seen.hashed = f"{posted.query}::{account.login}::(API key)"
        seen.sent = posted.raw
        seen.received = posted.received or ""
        seen.expected = sign_query(posted.query, account.login, account.api_key)


def _choose(versions: Mapping[int, Method], posted: Posted) -> Method:
    """Return the method of the version that the body speaks, or else the only one there is."""
    spoken = auth.version_of(posted)
    return versions.get(spoken) or next(iter(versions.values()))


def _envelope(code: int, text: str, result: object, key: str, struck: Struck | None) -> bytes:
    answer: dict[str, object] = {"error_code": code, "error_text": text}
    if result is not None:
        answer["result"] = result
    wrong = struck is not None and struck.answer == "bad_hash"
    answer["hash"] = _WRONG_HASH if wrong else answer_hash(code, text, key)
    return json.dumps(answer).encode()
