"""Authentication of a call, with what a server in PHP can know.

PHP hands over decoded parameters and nothing else.  The hash can only be checked by taking it
out and encoding the rest again, which is what happens here; the bytes that were sent play no
part.  Why a hash is wrong is found out in ``justclick_async.diagnosis``.
"""

from __future__ import annotations

import json
from hashlib import md5
from typing import Protocol, Self

from attrs import field, frozen

from justclick_async.diagnosis import without_hash
from justclick_async.messages import _
from justclick_async.php import http_build_query, parse_str
from justclick_async.sandbox.accounts import Account
from justclick_async.sandbox.codes import Refusal
from justclick_async.sandbox.params import Params
from justclick_async.signing import same_hash

__all__ = ["PostedBody", "check_hash", "check_key", "detect_version", "is_authentic", "parse_body"]


class _Digest(Protocol):
    """An MD5 that has been begun."""

    def copy(self) -> Self: ...
    def update(self, data: bytes, /) -> None: ...
    def hexdigest(self) -> str: ...


@frozen
class PostedBody:
    """A body as PHP holds it.

    Attributes:
        params: All parameters but the hash.
        received: The hash; ``None`` if there is none.
        query: The parameters as PHP encodes them again: what has to be hashed.
        raw: The body without its hash as it was sent: what a client most likely has hashed.
    """

    params: Params
    received: str | None
    query: str
    raw: str
    _hashed: _Digest = field(repr=False, eq=False)

    def hash_for(self, login: str, api_key: str) -> str:
        """Return the right hash for a login and a key; the query is hashed only once for all."""
        whole = self._hashed.copy()
        whole.update(f"::{login}::{api_key}".encode())
        return whole.hexdigest()


def parse_body(body: bytes) -> PostedBody:
    """Read a body as PHP does.

    Raises:
        Refusal: 2, it is empty; 3, it holds more than PHP reads, or is not UTF-8.
    """
    if not body:
        raise Refusal(2, why=_("the body is empty, or its content type is not one that PHP parses"))
    try:
        params: dict[str, object] = dict(parse_str(body))
    except ValueError as error:
        raise Refusal(3, why=_("PHP cannot parse the body: {error}", error=str(error))) from None
    received = params.pop("hash", None)
    query = http_build_query(params)
    return PostedBody(
        params,
        received if isinstance(received, str) and received else None,
        query,
        without_hash(body.decode("utf-8", "surrogateescape")),
        md5(query.encode(), usedforsecurity=False),
    )


def detect_version(posted: PostedBody) -> int:
    """Return the version of the API that a body is for.

    Raises:
        Refusal: 3, it speaks both.
    """
    if "rpsKey" not in posted.params:
        return 1
    if posted.received is not None:
        raise Refusal(3, why=_("the body contains both rpsKey and hash; send only one of them"))
    return 2


def is_authentic(posted: PostedBody, account: Account) -> bool:
    """Return whether a body is signed with an account's key, or carries it."""
    if posted.received is not None:
        return same_hash(posted.hash_for(account.login, account.api_key), posted.received)
    key = posted.params.get("rpsKey")
    return isinstance(key, str) and same_hash(account.api_key, key)


def check_hash(posted: PostedBody, account: Account) -> None:
    """Let a call of API 1.0 pass if it is signed.

    Raises:
        Refusal: 1, it carries no hash; 4, a wrong one; 3, it is signed but no UTF-8.
    """
    if posted.received is None:
        raise Refusal(1)
    if not is_authentic(posted, account):
        raise Refusal(4, why=_("the hash does not match the parameters"))
    _check_encoding(posted.params)


def check_key(posted: PostedBody, account: Account) -> None:
    """Let a call of API 2.0 pass if it carries the key.

    Raises:
        Refusal: 1, it carries no key; 4, a wrong one; 3, it is not UTF-8.
    """
    received = posted.params.get("rpsKey")
    if not isinstance(received, str) or not received:
        raise Refusal(1, why=_("rpsKey is missing"))
    if not is_authentic(posted, account):
        raise Refusal(4, why=_("rpsKey is not the key of the account"))
    _check_encoding(posted.params)


def _check_encoding(params: Params) -> None:
    try:
        json.dumps(params, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Refusal(3, why=_("the text is not valid UTF-8")) from None
