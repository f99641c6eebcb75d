"""From bytes to a result or an error; pure.

Whatever came back over the wire is sorted here into an answer that can be trusted, a refusal, or
"nobody knows".  What the service leaves open is read leniently (numbers as text, blanks and byte
order marks around the document); what decides about money is not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from functools import lru_cache
from time import time
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

from attrs import define, field

from justclick_async.calls import Answer, Call
from justclick_async.errors import (
    AnswerHashMismatch,
    BadStatus,
    UnexpectedRedirect,
    UnreadableAnswer,
    api_error,
)
from justclick_async.reading import MisfitError, is_object
from justclick_async.signing import answer_hash, same_hash
from justclick_async.wire import structure

__all__ = ["Envelope", "Received", "decipher", "open_envelope", "redirect_target"]

R = TypeVar("R")

_loads: Callable[[bytes], object]
try:
    from orjson import loads as _loads
except ImportError:
    _loads = json.loads


# Each request makes one of either; to make a frozen one takes three times as long.
@define(eq=False)
class Received:
    """What came back over the wire.  Headers are asked for in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@define(eq=False)
class Envelope:
    """An answer of the service.

    Attributes:
        error_code: 0 for success.
        error_text: The service's own words.
        result: Decoded; ``None`` if there is none.
        verified: Whether the hash is right; ``None`` if there is none.
    """

    error_code: int
    error_text: str = field(repr=False)
    result: Any = field(repr=False)
    verified: bool | None


def decipher(
    call: Call[R], received: Received, api_key: str, *, verify: bool = True, attempts: int = 1
) -> Answer[R]:
    """Read what came back for *call*.

    Args:
        call: What was asked.
        received: What came back.
        api_key: Needed to check the hash of the answer.
        verify: Whether a success must carry the right hash.  Answers of API 2.0 are let through
            without: no page says how theirs is made.
        attempts: To be told in the answer.

    Raises:
        APIError: The service refused.
        OutcomeUnknown: Nobody can tell; see its subclasses.
    """
    envelope = open_envelope(received.body, api_key)
    if isinstance(envelope, str):
        raise _without_envelope(call.method, received, envelope)
    trusted = envelope.verified or not verify or call.version == 2
    empty = envelope.error_code in call.empty_codes and trusted
    if envelope.error_code and not empty:
        raise _refusal(call, received, envelope)
    if received.status >= 500:
        raise _bad_status(call.method, received)
    if not trusted:
        raise AnswerHashMismatch(
            "the answer says success, but its hash is "
            + ("missing." if envelope.verified is None else "wrong."),
            status=received.status,
            method=call.method,
        )
    return Answer(
        _read(call, envelope, received.status),
        envelope.result,
        received.status,
        received.headers,
        attempts,
        envelope.verified,
        envelope.error_code,
        envelope.error_text,
    )


def _read(call: Call[R], envelope: Envelope, status: int) -> R:
    result: object = envelope.result
    if envelope.error_code and not result:
        result = ()  # "none found"; some come with a result all the same
    try:
        if call.reshape:
            result = call.reshape(result, envelope.error_text)
        return structure(result, call.returns)
    except MisfitError as misfit:
        what = "; ".join(f"{_path(path)}: {why}" for path, why in misfit.problems.items())
    except Exception as error:  # noqa: BLE001  # it was sent, whatever is wrong with the reading
        what = f"reading it ended in {type(error).__name__}"
    unreadable = UnreadableAnswer(
        f"the answer says success, but its result is not as documented: {what}.",
        status=status,
        method=call.method,
    )
    unreadable.result = envelope.result
    raise unreadable


def _path(path: str) -> str:
    return f"result{path}" if not path or path.startswith("[") else f"result.{path}"


# ── The envelope ────────────────────────────────────────────────────────────────────

_AROUND = b"\xef\xbb\xbf \t\r\n"


def open_envelope(body: bytes, api_key: str) -> Envelope | str:
    """Decode an answer and check its hash; or say what the body looks like, if it is none.

    That is no exception, which would hold the whole body as its context.
    """
    document = body.strip(_AROUND)
    try:
        decoded = _decoded(document)
    except (ValueError, RecursionError):
        return _looks_like(document)
    if not is_object(decoded) or "error_code" not in decoded:
        return "JSON, but not an answer of the service"
    code, text, received = decoded["error_code"], decoded.get("error_text"), decoded.get("hash")
    number, text = _code(code), "" if text is None else str(text)
    if number is None:
        return "JSON, but its error_code is no number"
    verified = None
    if isinstance(received, str) and received:
        verified = same_hash(_expected_hash(str(code), text, api_key), received)
    # Whoever echoes the key must not make us show it.
    return Envelope(number, text.replace(api_key, "<key>"), decoded.get("result"), verified)


# orjson makes a float of an integer beyond 64 bits, and so another number: it takes 19 digits.
_TO_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)
_MANY_DIGITS = b"0" * 19


def _decoded(document: bytes) -> object:
    if _MANY_DIGITS in document.translate(_TO_ZEROS):
        return json.loads(document)
    try:
        return _loads(document)
    except ValueError:
        if _loads is json.loads:
            raise
    # orjson takes no NaN, no half of a surrogate pair and no UTF-16.
    return json.loads(document)


_expected_hash = lru_cache(maxsize=16)(answer_hash)  # nearly all answers are 0 and "OK"


def _code(code: object) -> int | None:
    if isinstance(code, int) and not isinstance(code, bool):
        return code
    if isinstance(code, str) and len(code) < 20 and code.strip().isdecimal():
        return int(code)
    return None


def _looks_like(document: bytes) -> str:
    """Say in a few words what a document that is no JSON looks like, without showing it."""
    if not document:
        return "empty"
    if document.startswith(b"<"):
        return f"a page of HTML or XML ({len(document)} bytes), not JSON"
    if document[:1] in b"{[":
        return f"JSON that is broken or breaks off ({len(document)} bytes)"
    return f"not JSON ({len(document)} bytes)"


# ── What is no success ──────────────────────────────────────────────────────────────


_PERSONAL = re.compile(
    r"_name$|surname|otchestvo|email|phone|whatsapp|telegram|viber|facebook|instagram|vkontakte"
    r"|_in$|country|region|state|city|address|zip|postal|shipping|_ip$|^ip$|comment|note|description"
)
_IDS = frozenset({"good_name", "rass_name", "group_name", "product_name"})


def _personal(params: Mapping[str, object]) -> dict[str, str]:
    """Return what was sent of a customer, and the names of these parameters."""
    return {
        value: name
        for name, value in params.items()
        if isinstance(value, str)
        and len(value) > 2  # blacking out a letter or two would tell more than it hides
        and _PERSONAL.search(name)
        and name not in _IDS
    }


def _refusal(call: Call[Any], received: Received, envelope: Envelope) -> Exception:
    # Behind these may stand anybody; only a refusal that knows the key is final.
    if (received.status >= 500 or received.status == 429) and not envelope.verified:
        return _bad_status(call.method, received)
    # Code 5 (no such login) cannot be signed with our key: a wrong hash hides no refusal.
    return api_error(
        envelope.error_code,
        envelope.error_text,
        method=call.method,
        result=envelope.result,
        answer_verified=envelope.verified is True,
        personal=_personal(call.params),
    )


def _without_envelope(method: str, received: Received, looks_like: str) -> Exception:
    if 300 <= received.status < 400:
        return _redirect(method, received, "")
    if received.status == 429 or received.status >= 500:
        return _bad_status(method, received)
    status = "" if received.status == 200 else f" (HTTP {received.status})"
    return UnreadableAnswer(
        f"the answer is {looks_like}{status}.", status=received.status, method=method
    )


def _bad_status(method: str, received: Received) -> BadStatus:
    error = BadStatus(
        f"answered with HTTP {received.status}.", status=received.status, method=method
    )
    error.retry_after = _seconds(received.headers.get("retry-after", ""))
    return error


def _seconds(retry_after: str) -> float | None:
    """Read a ``Retry-After``: seconds, or a date."""
    if re.fullmatch(r"\d{1,9}", retry_after.strip(), re.ASCII):
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time())
    except (ValueError, OverflowError):
        return None


# ── Redirects ───────────────────────────────────────────────────────────────────────


def redirect_target(method: str, received: Received, url: str) -> str | None:
    """Return where to send the request again, unchanged; ``None`` if this is no such redirect.

    Only 307 and 308 keep method and body, and a signed request (or a key, in API 2.0) goes to no
    other host and over no weaker connection.

    Raises:
        UnexpectedRedirect: 307 or 308 point to another place.
    """
    if received.status not in (307, 308):
        return None
    target = _location(received, url)
    here, there = urlsplit(url), urlsplit(target)
    if (there.scheme, there.netloc) != (here.scheme, here.netloc) or target == url:
        raise _redirect(method, received, url)
    return target


def _location(received: Received, url: str) -> str:
    """Return where a redirect points to; nowhere, if that is no URL."""
    try:
        target = urljoin(url, received.headers.get("location", ""))
        urlsplit(target)
    except ValueError:
        return ""
    return target


def _redirect(method: str, received: Received, url: str) -> UnexpectedRedirect:
    there = urlsplit(_location(received, url))
    target = f"{there.scheme}://{there.hostname}" if there.hostname else "another place"
    error = UnexpectedRedirect(
        f"redirected (HTTP {received.status}) to {target}; a signed request is not sent there.",
        status=received.status,
        method=method,
    )
    error.target = target
    return error
