"""Parse responses into a result or an exception; pure.

A response is a trustworthy success, a refusal, or leaves the outcome unknown.  Undocumented details
are read leniently (numbers as text, spaces and byte order marks around the document), hash and
error code strictly.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC
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
    redact_personal_data,
)
from justclick_async.messages import Message, _
from justclick_async.reading import MismatchError, is_object
from justclick_async.signing import answer_hash, same_hash
from justclick_async.wire import structure

__all__ = ["Envelope", "RawResponse", "parse_envelope", "parse_response", "redirect_target"]

R = TypeVar("R")

_loads: Callable[[bytes], object]
try:
    from orjson import loads as _loads
except ImportError:
    _loads = json.loads


# Not frozen: created once per request, and three times as fast.
@define(eq=False)
class RawResponse:
    """An HTTP response.  Header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    url: str = ""
    """The URL of the request, the base of relative redirects."""


@define(eq=False)
class Envelope:
    """A decoded response of the service.

    Attributes:
        error_code: 0 for success.
        error_text: The text of the service.
        result: The decoded result; ``None`` if missing.
        verified: True if the hash is correct; ``None`` if missing.
    """

    error_code: int
    error_text: str = field(repr=False)
    result: Any = field(repr=False)
    verified: bool | None


def parse_response(
    call: Call[R], received: RawResponse, api_key: str, *, verify: bool = True, attempts: int = 1
) -> Answer[R]:
    """Return the answer of a call from the response.

    Args:
        call: The call.
        received: The response.
        api_key: The key that the hash of the response is made with.
        verify: Require a correct hash for a success; not for API 2.0, which does not document it.
        attempts: Copied to the answer.

    Raises:
        APIError: The service answered with an error code.
        OutcomeUnknown: The outcome is unknown; see the subclasses.
    """
    envelope = parse_envelope(received.body, api_key)
    if isinstance(envelope, Message):
        raise _envelope_error(call.method, received, envelope)
    trusted = envelope.verified or not verify or call.version == 2
    empty = envelope.error_code in call.empty_codes and trusted
    if envelope.error_code and not empty:
        raise _api_error(call, received, envelope)
    if received.status >= 500:
        raise _bad_status(call.method, received)
    if not trusted:
        raise AnswerHashMismatch(
            _("the response reports success, but its hash is missing.")
            if envelope.verified is None
            else _("the response reports success, but its hash is wrong."),
            status=received.status,
            method=call.method,
        )
    return Answer(
        _read(call, envelope, received),
        envelope.result,
        received.status,
        received.headers,
        attempts,
        envelope.verified,
        envelope.error_code,
        envelope.error_text,
    )


def _read(call: Call[R], envelope: Envelope, received: RawResponse) -> R:
    result: object = envelope.result
    if envelope.error_code and not result:
        result = ()  # "none found"; sometimes with a result
    try:
        if call.reshape:
            result = call.reshape(result, envelope.error_text, received.url)
        return structure(result, call.returns)
    except MismatchError as mismatch:
        problem: object = _join_problems(mismatch.problems)
    except Exception as error:  # noqa: BLE001  # the request was sent, whatever failed here
        problem = type(error).__name__
    unreadable = UnreadableAnswer(
        _(
            "the response reports success, but its result is not as documented: {problem}.",
            problem=problem,
        ),
        status=received.status,
        method=call.method,
    )
    unreadable.result = envelope.result
    raise unreadable


def _join_problems(problems: Mapping[str, Message]) -> Message:
    """Return the problems of a result as one message that can be translated."""
    values: dict[str, object] = {}
    for number, (path, problem) in enumerate(problems.items()):
        dot = "." if path and not path.startswith("[") else ""
        values |= {f"path{number}": f"result{dot}{path}", f"problem{number}": problem}
    template = "; ".join(f"{{path{i}}}: {{problem{i}}}" for i in range(len(problems)))
    return Message(template, values)


# ── The envelope ────────────────────────────────────────────────────────────────────

_AROUND = b"\xef\xbb\xbf \t\r\n"


def parse_envelope(body: bytes, api_key: str) -> Envelope | Message:
    """Decode a response and check its hash; or describe the body if it is not a response.

    Not an exception: that would hold the whole body in its context.
    """
    document = body.strip(_AROUND)
    try:
        decoded = _decode(document)
    except (ValueError, RecursionError):
        return _describe_document(document)
    if not is_object(decoded) or "error_code" not in decoded:
        return _("JSON, but not a response of the service")
    code, text, received = decoded["error_code"], decoded.get("error_text"), decoded.get("hash")
    number, text = _parse_code(code), "" if text is None else str(text)
    if number is None:
        return _("JSON, but its error_code is not a number")
    verified = None
    if isinstance(received, str) and received:
        verified = same_hash(_expected_answer_hash(str(code), text, api_key), received)
    # The service might echo the key.
    return Envelope(number, text.replace(api_key, "<key>"), decoded.get("result"), verified)


# orjson converts integers beyond 64 bits, of 19 digits or more, to float.
_TO_ZEROS = bytes.maketrans(b"123456789", b"0" * 9)
_MANY_DIGITS = b"0" * 19


def _decode(document: bytes) -> object:
    if _MANY_DIGITS in document.translate(_TO_ZEROS):
        return json.loads(document)
    try:
        return _loads(document)
    except ValueError:
        if _loads is json.loads:
            raise
    # orjson rejects NaN, lone surrogates and UTF-16.
    return json.loads(document)


_expected_answer_hash = lru_cache(maxsize=16)(
    answer_hash
)  # nearly all responses have code 0 and text "OK"


def _parse_code(code: object) -> int | None:
    if isinstance(code, int) and not isinstance(code, bool):
        return code
    if isinstance(code, str) and len(code) < 20 and code.strip().isdecimal():
        return int(code)
    return None


def _describe_document(document: bytes) -> Message:
    """Describe a document that is not JSON, without its content."""
    size = len(document)
    if not document:
        return _("empty")
    if document.startswith(b"<"):
        return _("HTML or XML ({size} bytes), not JSON", size=size)
    if document[:1] in b"{[":
        return _("malformed or truncated JSON ({size} bytes)", size=size)
    return _("not JSON ({size} bytes)", size=size)


# ── Failures ────────────────────────────────────────────────────────────────────────


_PERSONAL = re.compile(
    r"_name$|surname|otchestvo|email|phone|whatsapp|telegram|viber|facebook|instagram|vkontakte"
    r"|_in$|country|region|state|city|address|zip|postal|shipping|_ip$|^ip$|comment|note|description"
)
_IDS = frozenset({"good_name", "rass_name", "group_name", "product_name"})


def _personal(params: Mapping[str, object]) -> dict[str, str]:
    """Return customers' data among the parameters, with the name of each."""
    return {
        value: name
        for name, value in params.items()
        if isinstance(value, str)
        and len(value) > 2  # redacting one or two letters would reveal more than it hides
        and _PERSONAL.search(name)
        and name not in _IDS
    }


def _api_error(call: Call[Any], received: RawResponse, envelope: Envelope) -> Exception:
    # May come from a proxy; only a signed refusal is final.
    if (received.status >= 500 or received.status == 429) and not envelope.verified:
        return _bad_status(call.method, received)
    # Code 5 (unknown login) cannot be signed, so refusals are accepted without a valid hash.
    return api_error(
        envelope.error_code,
        envelope.error_text,
        method=call.method,
        result=envelope.result,
        answer_verified=envelope.verified is True,
        personal=_personal(call.params),
    )


def _envelope_error(method: str, received: RawResponse, description: Message) -> Exception:
    if 300 <= received.status < 400:
        return _unexpected_redirect(method, received, received.url)
    if received.status == 429 or received.status >= 500:
        return _bad_status(method, received)
    return UnreadableAnswer(
        _(
            "the response (HTTP {status}) is {description}.",
            status=received.status,
            description=description,
        ),
        status=received.status,
        method=method,
    )


def _bad_status(method: str, received: RawResponse) -> BadStatus:
    error = BadStatus(
        _("the response has HTTP status {status}.", status=received.status),
        status=received.status,
        method=method,
    )
    error.retry_after = _parse_retry_after(received.headers.get("retry-after", ""))
    return error


_DECIMAL = re.compile(r"\d{1,400}(?:\.\d{1,400})?", re.ASCII)


def _parse_retry_after(retry_after: str) -> float | None:
    """Return the seconds of a ``Retry-After``, which is a number or a date; otherwise ``None``."""
    text = retry_after.strip()
    if _DECIMAL.fullmatch(text):
        return min(float(text), 1e10)  # three hundred years, never infinite
    try:
        date = parsedate_to_datetime(text[:100])
        # The oldest date format of HTTP has no time zone, and means UTC.
        moment = date.replace(tzinfo=date.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None
    return max(0.0, moment - time())


# ── Redirects ───────────────────────────────────────────────────────────────────────


def redirect_target(method: str, received: RawResponse, url: str) -> str | None:
    """Return the URL to repeat the request at; ``None`` if the response is not a redirect.

    Only 307 and 308 keep method and body, and requests contain a hash or the key, so that they must
    not go to another host or scheme.

    Raises:
        UnexpectedRedirect: 307 or 308 redirect to another host.
    """
    if received.status not in (307, 308):
        return None
    target = _redirect_location(received, url)
    here, there = urlsplit(url), urlsplit(target)
    if (there.scheme, there.netloc) != (here.scheme, here.netloc) or target == url:
        raise _unexpected_redirect(method, received, url)
    return target


def _redirect_location(received: RawResponse, url: str) -> str:
    """Return the target of a redirect; empty if it is not a URL."""
    try:
        target = urljoin(url, received.headers.get("location", "")[:8000])
        _ = urlsplit(target).port
    except ValueError:
        return ""
    return target


_PLAIN_PATH = re.compile(r"(?:/[A-Za-z._-]{0,20}){1,4}")


def _unexpected_redirect(method: str, received: RawResponse, url: str) -> UnexpectedRedirect:
    here, there = urlsplit(url), urlsplit(_redirect_location(received, url))
    target = f"{there.scheme}://{there.netloc.rpartition('@')[2]}" if there.hostname else ""
    stays = there.hostname and (here.scheme, here.netloc) == (there.scheme, there.netloc)
    # Show the path only if it is plain words: it may contain data that was sent.
    path = there.path if stays and _PLAIN_PATH.fullmatch(there.path) else ""
    shown = redact_personal_data(target + path) or _("another host")
    error = UnexpectedRedirect(
        _(
            "the service redirects to {target} (HTTP {status}); signed requests do not follow.",
            status=received.status,
            target=shown,
        ),
        status=received.status,
        method=method,
    )
    if stays:
        error.hint = _("Check base_url and zone: this host does not serve /api/METHOD.")
    error.target = target
    return error
