"""Explanation of a request: what has to be hashed, what was hashed, and other peculiarities."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import TypeAlias

from attrs import field, frozen

from justclick_async.diagnosis.candidates import leaves
from justclick_async.diagnosis.changes import decoded, looks_garbled
from justclick_async.diagnosis.finding import Diagnosis, finish, search
from justclick_async.diagnosis.joints import KEY
from justclick_async.diagnosis.request_text import hash_in, read_request
from justclick_async.messages import Message, _
from justclick_async.php import http_build_query, parse_str
from justclick_async.signing import sign_query
from justclick_async.visible import visible

__all__ = ["Explanation", "Remark", "Request", "explain"]

Request: TypeAlias = "Mapping[str, object] | str | bytes"
"""Parameters, or the text of a request: see ``explain``."""


@frozen
class Remark:
    """A peculiarity of a request, whatever its hash.

    Attributes:
        name: A name for programs.
        text: A sentence.
    """

    name: str
    text: Message


@frozen
class Explanation:
    """The string that has to be hashed for a request, and why the received hash is wrong.

    Attributes:
        query: The parameters as PHP encodes them.  It holds what the request holds.
        login: The login that is hashed with them.
        hash: The right hash.
        received: The received hash; ``None`` if there is none.
        diagnosis: Why it is wrong; ``None`` if it is right, or if there is none.
        remarks: Peculiarities.
    """

    query: str = field(repr=False)
    login: str
    hash: str = field(repr=False)
    received: str | None = field(repr=False)
    diagnosis: Diagnosis | None
    remarks: tuple[Remark, ...]

    @property
    def canonical(self) -> str:
        """The string that has to be hashed, with ``(API key)`` in place of the key."""
        return f"{self.query}::{self.login}::{KEY}"

    @property
    def right(self) -> bool | None:
        """``True`` if the received hash is right; ``None`` if there is none."""
        return None if self.received is None else self.diagnosis is None

    @property
    def is_acceptable(self) -> bool:
        """``True`` if the service accepts the hash, if any, and the text, which must be UTF-8."""
        return self.diagnosis is None and all(each.name != "not_utf8" for each in self.remarks)


def explain(
    request: Request,
    *,
    login: str,
    api_key: str,
    hash: str | None = None,  # noqa: A002
    on_progress: Callable[[float], object] = lambda _: None,
) -> Explanation:
    """Return what has to be hashed for a request of API 1.0, and why another hash is wrong.

    Args:
        request: Parameters as they would be signed; or a text: a body as it was sent, ``?query``, a
            URL, a raw HTTP request, a curl command, JSON, or an array of PHP (``array('a' => 1)``,
            ``['a' => 1]``, the output of ``var_export`` or ``print_r``).
        login: The login of the account.
        api_key: The key of the account.
        hash: The hash that was sent or computed, where *request* does not hold it.
        on_progress: Called during a search, which takes some seconds for a large request, with
            the share of it that is done at most, from 0 to 1.

    Raises:
        InvalidInput: The text begins like one of these forms and is not of it.
        TypeError: A value has a type that PHP does not have; the message names its path.
        ValueError: More than PHP reads, or a value that it cannot hold.
    """
    raw: str | None = None
    params: dict[object, object]
    if isinstance(request, str | bytes):
        text = request if isinstance(request, str) else request.decode("utf-8", "surrogateescape")
        read = read_request(text)
        raw, params = read.body, dict(read.params or {})
    else:
        params = dict[object, object](request.items())
    found = params.pop("hash", None)
    if raw is not None:
        raw, found = hash_in(raw)
        params = dict[object, object](parse_str(raw).items())
    received = hash if hash is not None else found
    received = received if isinstance(received, str) and received else None
    return _explained(params, raw, received, login, api_key, on_progress)


def _explained(
    params: Mapping[object, object],
    raw: str | None,
    received: str | None,
    login: str,
    api_key: str,
    on_progress: Callable[[float], object],
) -> Explanation:
    # A server sees what PHP has decoded.  What was given as parameters is sent first.
    sent = http_build_query(params) if raw is None else raw
    held: Mapping[str, object] = parse_str(sent)
    query = http_build_query(held)
    # Types are known where parameters were given; names that PHP bends only show in what was sent.
    known = params if raw is None and query == sent else held
    diagnosis = None
    if received is not None:
        steps = search(
            known,
            received,
            right=query,
            login=login,
            api_key=api_key,
            raw=None if raw is None and sent == query else sent,
        )
        diagnosis = finish(steps, on_progress)
    remarks = tuple(_remarks(sent, held, received))
    masked = query.replace(api_key, KEY)
    return Explanation(
        masked, login, sign_query(query, login, api_key), received, diagnosis, remarks
    )


# ── Remarks ─────────────────────────────────────────────────────────────────────────


_MOST = 5
"""The most remarks of one kind."""


def _remarks(sent: str, held: Mapping[str, object], received: str | None) -> Iterator[Remark]:
    if "rpsKey" in held:
        yield Remark(
            "api_2",
            _("rpsKey is the key itself: a call of API 2.0 carries it instead of a hash."),
        )
    elif received is None:
        yield Remark("no_hash", _("There is no hash to compare with."))
    yield from islice(_renamed(sent), _MOST)
    values = [(name, value) for name, value in leaves(held) if isinstance(value, str)]
    for name, text, applies in _ODD:
        odd = [shown(each) for each, value in values if applies(value)]
        if odd:
            names = ", ".join([*odd[:_MOST], *(["..."] if len(odd) > _MOST else [])])
            yield Remark(name, Message(text.template, {"names": names}))


def shown(name: str) -> str:
    """Return a name with its blanks made visible."""
    return visible(name, blanks=True)


def _renamed(sent: str) -> Iterator[Remark]:
    for part in filter(None, sent.split("&")):
        was = decoded(part.partition("=")[0])
        now = next((name for name, _value in leaves(parse_str(part))), "")
        if was not in ("", now) and not re.search(r"\[\s?\]", was):
            text = (
                _("PHP reads the name {was} as {now}.", was=shown(was), now=shown(now))
                if now
                else _("PHP drops the name {was}.", was=shown(was))
            )
            yield Remark("renamed", text)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_BROKEN = frozenset({"Array", "[object Object]", "None", "null", "undefined", "NaN"})
_ODD: tuple[tuple[str, Message, Callable[[str], bool]], ...] = (
    (
        "not_utf8",
        _(
            "The service refuses text that is not UTF-8 (it may be Windows-1251): convert {names}"
            " to UTF-8."
        ),
        lambda value: not _is_utf8(value),
    ),
    (
        "made_text",
        _("A value may have been converted to text by mistake (Array, None, a list) in {names}."),
        lambda value: value in _BROKEN or re.match(r"[\[{(]+'", value) is not None,
    ),
    (
        "percents",
        _("After decoding, %XX remains, maybe because of encoding twice: {names}."),
        lambda value: re.search("%[0-9A-Fa-f]{2}", value) is not None,
    ),
    (
        "garbled",
        _("UTF-8 may have been read in another encoding (\u0420\u0452\u0420\u0405) in {names}."),
        looks_garbled,
    ),
    (
        "blanks",
        _("Spaces or line breaks surround the value of {names}."),
        lambda value: value != value.strip(),
    ),
)
