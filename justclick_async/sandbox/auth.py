"""Who is calling, and may they: what a server in PHP can know, checked as it would check it.

PHP hands over decoded parameters and nothing else.  The hash can only be checked by taking it
out and encoding the rest again, which is what happens here; the bytes that were sent play no
part.  Why a hash is wrong is found out in ``justclick_async.diagnosis``.
"""

from __future__ import annotations

import json

from attrs import frozen

from justclick_async.php import http_build_query, parse_str
from justclick_async.sandbox.accounts import Account
from justclick_async.sandbox.codes import Refused
from justclick_async.sandbox.params import Params
from justclick_async.signing import same_hash, sign_query

__all__ = ["Posted", "check_hash", "check_key", "fits", "read", "version_of"]


@frozen
class Posted:
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


def read(body: bytes) -> Posted:
    """Read a body as PHP does.

    Raises:
        Refused: 2, it is empty; 3, it holds more than PHP reads, or is no UTF-8.
    """
    if not body:
        raise Refused(2, why="the body is empty, or of a type that PHP reads no parameters from")
    try:
        params: dict[str, object] = dict(parse_str(body))
    except ValueError as error:
        raise Refused(3, why=str(error)) from None
    received = params.pop("hash", None)
    return Posted(
        params,
        received if isinstance(received, str) and received else None,
        http_build_query(params),
        _without_hash(body),
    )


def version_of(posted: Posted) -> int:
    """Say which version of the API a body speaks.

    Raises:
        Refused: 3, it speaks both.
    """
    if "rpsKey" not in posted.params:
        return 1
    if posted.received is not None:
        raise Refused(3, why="the body carries rpsKey and hash; a call has one or the other")
    return 2


def fits(posted: Posted, account: Account) -> bool:
    """Say whether a body is signed with an account's key, or carries it."""
    if posted.received is not None:
        expected = sign_query(posted.query, account.login, account.api_key)
        return same_hash(expected, posted.received)
    key = posted.params.get("rpsKey")
    return isinstance(key, str) and same_hash(account.api_key, key)


def check_hash(posted: Posted, account: Account) -> None:
    """Let a call of API 1.0 pass if it is signed.

    Raises:
        Refused: 1, it carries no hash; 4, a wrong one; 3, it is signed but no UTF-8.
    """
    if posted.received is None:
        raise Refused(1)
    if not fits(posted, account):
        raise Refused(4, why="the hash is not the one of these parameters")
    _check_encoding(posted.params)


def check_key(posted: Posted, account: Account) -> None:
    """Let a call of API 2.0 pass if it carries the key.

    Raises:
        Refused: 1, it carries no key; 4, a wrong one; 3, it is no UTF-8.
    """
    received = posted.params.get("rpsKey")
    if not isinstance(received, str) or not received:
        raise Refused(1, why="the body carries no rpsKey")
    if not fits(posted, account):
        raise Refused(4, why="rpsKey is not the key of the account")
    _check_encoding(posted.params)


def _check_encoding(params: Params) -> None:
    try:
        json.dumps(params, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise Refused(3, why="the text is no UTF-8") from None


def _without_hash(body: bytes) -> str:
    pairs = body.decode("utf-8", "surrogateescape").split("&")
    return "&".join(pair for pair in pairs if not pair.startswith("hash="))
