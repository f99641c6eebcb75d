"""``justclick explain``: what is hashed for a request, and why another hash is wrong.

The request is a customer's data; it is written to standard output only.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Annotated, Any

from cyclopts import Parameter

from justclick_async.cli.errors import WrongUsage
from justclick_async.cli.output import echo, echo_json, echo_note, translate
from justclick_async.cli.params import Json, encode_body, read_input, split_pair, to_utf8
from justclick_async.cli.settings import Access
from justclick_async.diagnosis import Explanation, Request, explain, is_request_text
from justclick_async.messages import Message, _
from justclick_async.php import MAX_SIZE, PhpValueError
from justclick_async.visible import visible

__all__ = ["explain_request"]

DONE, WRONG = 0, 1


def explain_request(
    *given: Annotated[
        str,
        Parameter(
            allow_leading_hyphen=True,  # for "-"
            help=_(
                "A file with the body of the request; - for standard input; the body itself; "
                "name=value parameters; or an array of PHP from var_export() or print_r(). Without "
                "it, paste one."
            ),
        ),
    ],
    hash: Annotated[str | None, Parameter(help=_("The hash that was sent or computed."))] = None,  # noqa: A002
    sandbox: Annotated[
        bool, Parameter(negative="", help=_("Use login and key of the sandbox."))
    ] = False,
    as_json: Json = False,
    access: Access = Access(),  # noqa: B008  # frozen
) -> int:
    """Explain a request, and return the exit code: 1 if the service refuses it."""
    login, key = _sandbox() if sandbox else access.credentials()
    request = _request(given)
    try:
        with _progress() as show:
            found = explain(request, login=login, api_key=key, hash=hash, on_progress=show)
    except PhpValueError as error:
        raise WrongUsage(error.message, error.hint or _HINT) from None
    _print_json(found) if as_json else _print(found)
    return DONE if found.is_acceptable else WRONG


_HINT = _("Pass a file with the body of the request, name=value parameters, or a PHP array.")


def _sandbox() -> tuple[str, str]:
    from justclick_async.sandbox import API_KEY, LOGIN  # noqa: PLC0415  # heavy

    return LOGIN, API_KEY


# ── Input ───────────────────────────────────────────────────────────────────────────


def _request(given: Sequence[str]) -> Request:
    if given in ((), ("-",)):
        return _decode(_read_stdin())
    (first, *rest) = given
    if not rest and is_request_text(first):
        return first
    if not rest and not first.strip():
        return _decode(b"")
    if not rest and "=" not in first:
        return _decode(read_input(first, MAX_SIZE + 1, _HINT))
    if not rest and "&" in first:
        return first
    # As it is, not as PHP reads it: a name that PHP changes is one of the causes to find.
    return encode_body(split_pair(param) for param in given)


def _read_stdin() -> bytes:
    if sys.stdin.isatty():
        echo_note(_("Paste the body or a PHP array, then press Ctrl-D on a new line:"))
    return read_input("-", MAX_SIZE + 1, _HINT)


def _decode(octets: bytes) -> str:
    text = to_utf8(octets).decode("utf-8", "surrogateescape").strip("\r\n")
    if not text.strip():
        raise WrongUsage(_("the request is empty."), _HINT)
    return text


# ── Progress ────────────────────────────────────────────────────────────────────────

_DELAY = 0.5
"""Seconds after which the progress of a search is shown."""


@contextmanager
def _progress() -> Generator[Callable[[float], None]]:
    """Show the progress of a long search on a terminal."""
    begun = shown = monotonic()

    def show(used: float) -> None:
        nonlocal shown
        now = monotonic()
        if sys.stderr.isatty() and now - begun > _DELAY and now - shown > _DELAY / 5:
            shown = now
            line = translate(_("Searching for the cause: {used:.0%}", used=used))
            print(f"\r{line} ", end="", file=sys.stderr, flush=True)

    try:
        yield show
    finally:
        if shown > begun:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


# ── Output ──────────────────────────────────────────────────────────────────────────


def _print(found: Explanation) -> None:
    _line(_("To hash"), found.canonical)
    _line(_("Correct hash"), found.hash)
    if found.received is not None:
        _line(_("This hash"), found.received)
    if found.diagnosis:
        if found.diagnosis.hashed:
            _line(_("Was hashed"), found.diagnosis.hashed)
        why = translate(found.diagnosis.why)
        echo(visible(f"{why[0].upper()}{why[1:]}.", blanks=True))
        echo(found.diagnosis.hint)
    elif found.right and found.is_acceptable:
        echo(
            _(
                "The hash is correct. If the service refuses it, the account has another login or "
                "key."
            )
        )
    for remark in found.remarks:
        echo(remark.text)


def _line(name: Message, value: str) -> None:
    echo(f"{translate(name) + ':':14}{visible(value, blanks=True)}")


def _print_json(found: Explanation) -> None:
    document: dict[str, Any] = {
        "right": found.right,
        "canonical": found.canonical,
        "hash": found.hash,
        "received": found.received,
    }
    if wrong := found.diagnosis:
        document |= {
            "causes": [cause.name for cause in wrong.causes],
            "about": [about for about in wrong.about if about],
            "certain": wrong.certain,
            "why": translate(wrong.why),
            "hint": translate(wrong.hint),
            "hashed": wrong.hashed,
        }
    remarks = [{"name": each.name, "text": translate(each.text)} for each in found.remarks]
    echo_json({**document, "remarks": remarks})
