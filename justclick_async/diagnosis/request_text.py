"""Requests as people paste them: a body, ``?query``, a URL, raw HTTP, a curl command, JSON."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from attrs import frozen

from justclick_async.diagnosis.changes import decoded, octets
from justclick_async.diagnosis.php_literal import is_array, read_array
from justclick_async.errors import InvalidInput
from justclick_async.messages import Message, _
from justclick_async.php import parse_str, urlencode

__all__ = ["RequestText", "hash_in", "is_request_text", "read_request", "without_hash"]


@frozen
class RequestText:
    """A request that was read from a text.

    Attributes:
        form: The form of the text: ``body``, ``query``, ``url``, ``http``, ``curl``, ``json`` or
            ``php``.
        body: The body or query as it was sent; ``None`` where there are parameters.
        params: The parameters.
    """

    form: str
    body: str | None = None
    params: Mapping[object, object] | None = None


def is_request_text(text: str) -> bool:
    """Return whether a text begins like one of the forms that are not a body."""
    stripped = _stripped(text)
    return any(re.match(pattern, stripped) for _form, pattern, _read in _FORMS) or is_array(text)


def _stripped(text: str) -> str:
    return text.lstrip("\ufeff \t\r\n")


def read_request(text: str) -> RequestText:
    """Recognize the form of a text and return the request in it.

    Raises:
        InvalidInput: The text begins like a form and is not of it.
    """
    stripped = _stripped(text)
    for form, pattern, read in _FORMS:
        if re.match(pattern, stripped):
            body = read(stripped)
            return (
                _read_body(form, body) if isinstance(body, str) else RequestText(form, None, body)
            )
    if is_array(text):
        return RequestText("php", None, cast("Mapping[object, object]", read_array(text)))
    return RequestText("body", text)


def _read_body(form: str, body: str) -> RequestText:
    if _is_json(body) and (params := _json(body)) is not None:
        return RequestText(form, None, params)
    return RequestText(form, body)


# ── JSON, URL, raw HTTP ─────────────────────────────────────────────────────────────


def _is_json(text: str) -> bool:
    return text.lstrip()[:1] == "{"


def _json(text: str) -> Mapping[object, object] | None:
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast("Mapping[object, object]", found) if isinstance(found, dict) else None


def _required_json(text: str) -> Mapping[object, object]:
    found = _json(text)
    if found is None:
        raise _refusal(
            _("the text must be a JSON object."),
            _('Paste an object such as {"lead_email": "..."}.'),
        )
    return found


def _refusal(what: Message, hint: Message) -> InvalidInput:
    return InvalidInput(what, field="request", hint=hint)


def _query_of(url: str) -> str:
    return url.strip().partition("#")[0].partition("?")[2]


def _http(text: str) -> str:
    head, _blank, body = re.sub("\r\n", "\n", text, count=200).partition("\n\n")
    first, *headers = head.split("\n")
    if not body.strip():
        return _query_of(first.split()[1])
    kind = next((line for line in headers if line.lower().startswith("content-type:")), "")
    if boundary := re.search(r'boundary="?([^";\s]{1,80})', kind):
        return _multipart(body, boundary[1])
    return body.strip("\r\n")


def _multipart(body: str, boundary: str) -> str:
    fields: list[str] = []
    for part in body.split(f"--{boundary}")[1:-1]:
        head, _blank, value = part.replace("\r\n", "\n").partition("\n\n")
        if name := re.search(r'\bname="([^"]*)"', head):
            fields.append(_encode(name[1], value.removesuffix("\n")))
    return "&".join(fields)


def _encode(name: str, value: str) -> str:
    return f"{urlencode(octets(name))}={urlencode(octets(value))}"


# ── curl ────────────────────────────────────────────────────────────────────────────

_DATA = {"-d", "--data", "--data-raw", "--data-binary", "--data-ascii", "--json", "--url-query"}
_FORM = {"-F", "--form", "--form-string"}


def _curl(text: str) -> str:
    text = re.sub(r"[ \t]*[\\^`]\r?\n", " ", text)  # continued lines: sh, cmd, PowerShell
    text = re.sub(r"(?<=\s)\$(?='(?:[^'\\]|\\.)*')", "", text)  # $'...' as browsers copy it
    try:
        words = shlex.split(text)
    except ValueError:
        raise _refusal(
            _("the curl command has an unclosed quotation mark."), _("Paste the whole command.")
        ) from None
    fields = list(_curl_fields(words[1:]))
    if fields:
        return "&".join(fields)
    url = next((word for word in words[1:] if re.match(r"https?://", word)), "")
    return _query_of(url)


def _curl_fields(words: Sequence[str]) -> Iterator[str]:
    rest = iter(words)
    for word in rest:
        option, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if word[:2] in ("-d", "-F") and len(word) > 2 and not word.startswith("--"):
            option, equals, value = word[:2], "=", word[2:]
        if option not in (*_DATA, *_FORM, "--data-urlencode"):
            continue
        if not equals:
            value = next(rest, "")
        name, _equals, content = value.partition("=")
        if (value if option in _DATA else content)[:1] in ("@", "<") and option != "--data-raw":
            raise _refusal(
                _("the curl command reads its data from a file."),
                _("Paste the content of the file."),
            )
        if option == "--data-urlencode":
            yield f"{name}={urlencode(octets(content))}" if _equals else urlencode(octets(value))
        elif option in _FORM:
            yield _encode(name, content)
        else:
            yield value


_FORMS: Sequence[tuple[str, str, Callable[[str], str | Mapping[object, object]]]] = (
    ("url", r"https?://\S+\s*\Z", _query_of),
    ("query", r"\?[^\s?]", lambda text: text[1:]),
    ("http", r"[A-Z]{3,7} \S+ HTTP/[\d.]+\r?\n", _http),
    ("curl", r"(?:\$ +)?curl(?:\.exe)?\s", lambda text: _curl(text.removeprefix("$").lstrip())),
    ("json", r"\{\s*[\"}]", _required_json),
)


# ── The hash in a body ──────────────────────────────────────────────────────────────


def _is_hash(field: str) -> bool:
    name = field.partition("=")[0]
    return "hash" in (decoded(name) if "%" in name or "+" in name else name) and (
        "hash" in parse_str(field)
    )


def without_hash(body: str) -> str:
    """Return a body as it was sent without the parameter that PHP reads as ``hash``."""
    return "&".join([field for field in body.split("&") if not _is_hash(field)])


def hash_in(body: str) -> tuple[str, str | None]:
    """Return a body without its hash, and the hash, also where PHP does not find it.

    In ``a=1;hash=...`` and ``a=1&amp;hash=...`` it is part of a value or has another name.
    """
    received: Any = parse_str(body).get("hash")
    if received is not None:
        return without_hash(body), received if isinstance(received, str) and received else None
    found = re.search(r"(?:;|&amp;)hash=([^&;]*)", body)
    if found is None:
        return body, None
    return body[: found.start()] + body[found.end() :], decoded(found[1]) or None
