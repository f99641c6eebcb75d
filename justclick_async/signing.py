"""The hashes of the service: of requests, of answers and of notifications.

All three are MD5, which the service prescribes.  They authenticate; they hide nothing and
cover little.  The hash of an answer covers its code and text but not its result, and the hash
of a notification covers one number, one address and one moment.  TLS protects the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import md5
from hmac import compare_digest

from justclick_async.php import http_build_query
from justclick_async.privacy import discreet

__all__ = [
    "answer_hash",
    "notification_hash",
    "same_hash",
    "sign_query",
    "sign_request",
    "signed_body",
    "signed_query",
]


@discreet
def sign_request(params: Mapping[str, object], login: str, api_key: str) -> str:
    """Return the ``hash`` of a request of API 1.0: 32 lower-case hexadecimal digits.

    It is the MD5 of ``http_build_query(params)``, the login and the key, joined by ``::``.
    Nothing is sorted: the order of *params* counts.

    Args:
        params: All parameters but ``hash``, in the order in which they are sent.
        login: The login of the account, also where its host is a domain of its own.
        api_key: The key of the account (``user_rps_key`` in the samples).

    Raises:
        TypeError: A value that PHP has no such type for; the message names its path.
        ValueError: A value or an array that PHP could not hold.
    """
    return sign_query(http_build_query(params), login, api_key)


def sign_query(query: str, login: str, api_key: str) -> str:
    """Return the ``hash`` of a request whose parameters are encoded already."""
    return _md5(f"{query}::{login}::{api_key}")


@discreet
def signed_body(params: Mapping[str, object], login: str, api_key: str) -> bytes:
    """Return the body of a request of API 1.0: the encoded parameters, then their hash.

    Whether PHP reads the parameters as they were meant is not checked here: clients pass
    ``php.canonical_query(params)`` to ``signed_query``, which is the same and refuses the rest.

    Raises:
        TypeError: A value that PHP has no such type for; the message names its path.
        ValueError: A value or an array that PHP could not hold.
    """
    return signed_query(http_build_query(params), login, api_key)


def signed_query(query: str, login: str, api_key: str) -> bytes:
    """Return the body of a request whose parameters are encoded already."""
    signature = sign_query(query, login, api_key)
    return (f"{query}&hash={signature}" if query else f"hash={signature}").encode("ascii")


def answer_hash(error_code: int | str, error_text: str, api_key: str) -> str:
    """Return the ``hash`` that an answer must carry; the result is not part of it.

    Args:
        error_code: As it stands in the answer.
        error_text: As it stands in the answer, letter case and blanks included.
        api_key: The key of the account.
    """
    return _md5(f"{error_code}::{error_text}::{api_key}")


def notification_hash(bill_id: int | str, email: str, moment: int | str, api_key: str) -> str:
    """Return the ``hash`` that a notification about an order must carry.

    Args:
        bill_id: The ``id`` of the notification.
        email: Its ``email``.
        moment: Its ``created`` or ``paid``, depending on the kind; exactly as received, and
            an empty string where the field is missing.
        api_key: The key of the account.
    """
    return _md5(f"{bill_id}{email}{moment}{api_key}")


def same_hash(expected: str, received: str) -> bool:
    """Compare two hashes without telling by the time taken where they differ."""
    if expected.isascii() and received.isascii():
        return compare_digest(expected, received)
    return compare_digest(_bytes(expected), _bytes(received))


def _md5(text: str) -> str:
    return md5(_bytes(text), usedforsecurity=False).hexdigest()


def _bytes(text: str) -> bytes:
    # Surrogate escapes are how bytes that were no UTF-8 travel through str.  JSON can hold other
    # lone surrogates as well; nothing that PHP hashed is equal to them, but they must not crash.
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
