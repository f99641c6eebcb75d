"""The hashes of the service: of requests, of answers and of notifications.

All three are MD5, as the service requires.  They authenticate only a part of the data: the hash of
a response covers its code and text but not its result, the hash of a notification covers number,
e-mail address and one time.  TLS protects the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import md5
from hmac import compare_digest

from justclick_async.php import canonical_query, core, http_build_query
from justclick_async.privacy import hide_locals

__all__ = [
    "answer_hash",
    "notification_hash",
    "same_hash",
    "sign_query",
    "sign_request",
    "signed_body",
    "signed_query",
]


def sign_request(params: Mapping[str, object], login: str, api_key: str) -> str:
    """Return the ``hash`` of a request of API 1.0: 32 lower-case hexadecimal digits.

    It is the MD5 of ``http_build_query(params)``, the login and the key, joined by ``::``.
    Nothing is sorted: the order of *params* counts.

    Args:
        params: All parameters but ``hash``, in the order in which they are sent.
        login: The login of the account, also with a custom domain.
        api_key: The key of the account (``user_rps_key`` in the samples).

    Raises:
        TypeError: PHP does not have the type of a value; the message contains its path.
        ValueError: PHP cannot hold a value or an array.
    """
    try:
        return signed_body(params, login, api_key)[-32:].decode("ascii")
    finally:
        del params, login, api_key  # keep them out of tracebacks


def sign_query(query: str, login: str, api_key: str) -> str:
    """Return the ``hash`` of encoded parameters."""
    return _md5(f"{query}::{login}::{api_key}")


def signed_body(
    params: Mapping[str, object], login: str, api_key: str, *, canonical: bool = False
) -> bytes:
    """Return the body of a request of API 1.0: the encoded parameters, then their hash.

    Args:
        params: All parameters but ``hash``, in the order in which they are sent.
        login: The login of the account.
        api_key: The key of the account.
        canonical: Reject parameters that PHP would read differently, like
            ``php.canonical_query`` and the clients.

    Raises:
        TypeError: PHP does not have the type of a value; the message contains its path.
        ValueError: PHP cannot hold a value or an array.
    """
    try:
        if core.compiled:
            body: bytes | None = core.compiled.build_signed(params, login, api_key, canonical)
            if body is not None:
                return body
        return _signed_body(
            params, login, api_key, canonical_query if canonical else http_build_query
        )
    finally:
        del params, login, api_key


@hide_locals
def _signed_body(
    params: Mapping[str, object],
    login: str,
    api_key: str,
    build: Callable[[Mapping[str, object]], str],
) -> bytes:
    return signed_query(build(params), login, api_key)


def signed_query(query: str, login: str, api_key: str) -> bytes:
    """Return the body of a request with encoded parameters."""
    signature = sign_query(query, login, api_key)
    return (f"{query}&hash={signature}" if query else f"hash={signature}").encode("ascii")


def answer_hash(error_code: int | str, error_text: str, api_key: str) -> str:
    """Return the expected ``hash`` of a response; the result is not part of it.

    Args:
        error_code: As in the response.
        error_text: As in the response, including letter case and spaces.
        api_key: The key of the account.
    """
    return _md5(f"{error_code}::{error_text}::{api_key}")


def notification_hash(bill_id: int | str, email: str, moment: int | str, api_key: str) -> str:
    """Return the expected ``hash`` of a notification about an order.

    Args:
        bill_id: The ``id`` of the notification.
        email: Its ``email``.
        moment: Its ``created`` or ``paid``, depending on the kind; exactly as received, and
            an empty string if the field is missing.
        api_key: The key of the account.
    """
    return _md5(f"{bill_id}{email}{moment}{api_key}")


def same_hash(expected: str, received: str) -> bool:
    """Compare two hashes in constant time."""
    if expected.isascii() and received.isascii():
        return compare_digest(expected, received)
    return compare_digest(_bytes(expected), _bytes(received))


def _md5(text: str) -> str:
    return md5(_bytes(text), usedforsecurity=False).hexdigest()


def _bytes(text: str) -> bytes:
    # Surrogate escapes are bytes that are not UTF-8.  JSON can contain other lone surrogates, too,
    # which never match a hash of PHP, but must not raise.
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
