"""Every text that comes from outside, adversarial shapes of it, and what reading them costs.

``python -m tests.linear_time`` prints the table: text, shape, processor time at two sizes.
"""

from __future__ import annotations

import asyncio
import atexit
import gc
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout, suppress
from functools import partial
from io import StringIO
from itertools import count
from pathlib import Path
from time import process_time

from attrs import frozen

from justclick_async import php
from justclick_async.account import Account
from justclick_async.answers import RawResponse, parse_response, redirect_target
from justclick_async.bulk.formats.numbers import parse_number_format
from justclick_async.bulk.kinds.contacts import CONTACTS
from justclick_async.bulk.kinds.orders import ORDERS
from justclick_async.bulk.kinds.statuses import STATUSES
from justclick_async.bulk.rows import values
from justclick_async.bulk.rows.exports import COUPON_SYNTAXES, GOODS_SYNTAXES
from justclick_async.bulk.rows.goods import parse_goods
from justclick_async.bulk.rows.header import find_field
from justclick_async.bulk.rows.reader import read_rows
from justclick_async.bulk.rows.times import TimeParser
from justclick_async.calls import Call
from justclick_async.cli.explain import explain_request
from justclick_async.cli.output import echo
from justclick_async.cli.profiles import remove_table
from justclick_async.cli.settings import Access
from justclick_async.diagnosis import explain, is_array, read_array
from justclick_async.endpoints.orders import create_order
from justclick_async.errors import redact_personal_data
from justclick_async.models.orders import Good, Order
from justclick_async.notifications import parse
from justclick_async.sandbox import params as posted
from justclick_async.sandbox.access import host_name, is_loopback
from justclick_async.sandbox.accounts import Account as SandboxAccount
from justclick_async.sandbox.methods import find
from justclick_async.sandbox.request_log import RequestLog
from justclick_async.sandbox.search import matches, values_of
from justclick_async.sandbox.service import ApiRequest, Service
from justclick_async.sandbox.shop import Shop
from justclick_async.sandbox.tables import Database
from justclick_async.signing import signed_body
from justclick_async.transport import Transport

LOGIN, KEY = "username", "0a1B2c3D4e" * 4

SHAPES: Mapping[str, str] = {
    "letters": "a",
    "Cyrillic letters": "я",
    "letters that grow when folded": "İ",
    "digits": "1",
    "zeros": "0",
    "blanks": " ",
    "no-break spaces": "\xa0",
    "line breaks": "\n",
    "carriage returns": "\r\n",
    "tabs": "\t",
    "NULs": "\0",
    "dots": ".",
    "letters and dots": "a.",
    "hyphens": "-",
    "letters and hyphens": "a-",
    "commas": ",",
    "digits and commas": "1,",
    "semicolons": ";",
    "colons": ":",
    "letters and colons": "a:",
    "at signs": "@",
    "letters and at signs": "a@",
    "addresses": "a@a.",
    "digits and blanks": "1 ",
    "digits and hyphens": "1-",
    "digits and parentheses": "1(",
    "parentheses": "(",
    "hexadecimal digits": "0a",
    "currency": "р. ",
    "exponents": "1e",
    "amounts": "1.0,",
    "thousands": "000 ",
    "brackets": "[",
    "empty brackets": "[]",
    "indexes": "[0]",
    "indexes never closed": "a[",
    "braces": '{"a":',
    "quotation marks": '"',
    "apostrophes": "'",
    "letters and quotation marks": 'a"',
    "backslashes": "\\",
    "dollar signs": "$",
    "slashes": "/",
    "comments never closed": "/*",
    "hash signs": "#",
    "percent signs": "%",
    "escapes": "%41",
    "escaped ampersands": "&amp;",
    "ampersands": "&",
    "pairs": "a=1&",
    "equal signs": "=",
    "plus signs": "+",
    "tags": "<",
    "bytes that are no UTF-8": "\udcff",
    "escape sequences": "\x1b[",
    "array words": "array(",
    "printed arrays": "Array\n(\n",
    "values of an array": "1,'a'=>",
    "underscores": "a_",
    "what was sent": "Anna",
    "message words": " must be ",
    "message colons": "refused with code a: ",
    "joined texts": "'a'.",
    "products of an export": "[1] a (1 ",
    "ids of products": "[1]",
    "garbled letters": "Рђ",
}
"""What is repeated."""

ENDS = ("", "x", '"')
"""What stands at the end, where a search that has come so far fails and begins anew."""

UNNOTICED = 0.03
"""Seconds below which the larger size is not compared."""


@frozen
class Text:
    """A text from outside.

    Attributes:
        read: Reads it; what it raises does not matter.
        size: How many characters it is tried with first; then with twice as many.
    """

    read: Callable[[str], object]
    size: int = 3_000


# ── Answers ─────────────────────────────────────────────────────────────────────────

_ORDER = Order(email="anna@example.com", first_name="Anna", goods=[Good("invoice")])
_CALL: Call[object] = Call("GetBills", {"bill_email": "Anna", "bill_first_name": "aaaa"}, object)


def _answered(body: str = "{}", status: int = 200, **headers: str) -> object:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    octets = body.encode("utf-8", "surrogatepass")
    return parse_response(_CALL, RawResponse(status, named, octets), KEY)


def _refused(text: str) -> object:
    return _answered(json.dumps({"error_code": 600, "error_text": text, "hash": "0"}))


def _told(text: str) -> object:
    try:
        return _refused(text)
    except Exception as error:  # noqa: BLE001  # whatever it is, it is shown
        return str(error), repr(error), getattr(error, "redacted", "")


def _result(text: str) -> object:
    result = {"bill_id": text, "link": text, "created": text, "paid": text, "price": text}
    body = json.dumps({"error_code": 0, "error_text": "OK", "result": result, "hash": ""})
    return parse_response(
        create_order(_ORDER), RawResponse(200, {}, body.encode()), KEY, verify=False
    )


def _redirected(text: str) -> object:
    received = RawResponse(307, {"location": text}, b"")
    return redirect_target("GetBills", received, "https://a.example.com/api/GetBills")


# ── Files ───────────────────────────────────────────────────────────────────────────

_FOLDER = tempfile.TemporaryDirectory()
_NUMBERS = count()


def _file(form: str, text: str, name: str = "rows.csv") -> object:
    path = Path(_FOLDER.name) / f"{next(_NUMBERS)}-{name}"
    path.write_text(form.replace("{}", text), encoding="utf-8", errors="surrogateescape")
    try:
        return [row.problems for row in read_rows(path)]
    finally:
        path.unlink()


def _each_cell(text: str) -> None:
    for kind in ORDERS, STATUSES, CONTACTS:
        for read in kind.readings(TimeParser()).values():
            if read is not None:
                with suppress(Exception):
                    read(values.unwrap(text))
    values.inspect_cell(text, is_free_text=True)
    values.normalize_blanks(text)
    parse_number_format(text)


def _each_syntax(text: str) -> None:
    for reads in (COUPON_SYNTAXES, GOODS_SYNTAXES):
        for read in reads.values():
            for cell in (text, f"[1] a{text}(1", f"a{text}(1"):
                with suppress(Exception):
                    read(cell)


def _each_name(text: str) -> None:
    for kind in ORDERS, STATUSES, CONTACTS:
        find_field(text, kind.names)


# ── Requests to the receiver and to the sandbox ─────────────────────────────────────


_SERVICE = Service([Shop(SandboxAccount(LOGIN, KEY), Database(None))], RequestLog())
_LOOP = asyncio.new_event_loop()
atexit.register(_LOOP.close)


def _asked(body: bytes, *, name: str = "GetBills", host: str = "127.0.0.1") -> object:
    versions = find(name)
    assert versions is not None
    asked = ApiRequest(name, versions, body, host, "127.0.0.1")
    return _LOOP.run_until_complete(_SERVICE.answer(asked))


def _signed(name: str) -> Callable[[str], object]:
    def ask(text: str) -> object:
        fields = "bill_email bill_phone bill_created goods status date ids pay_status lead_email"
        params: dict[str, str] = dict.fromkeys(fields.split(), text)
        return _asked(signed_body(params, LOGIN, KEY), name=name)

    return ask


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _notified(text: str) -> object:
    names = "id email created paid status prepayment_sum last_payment_sum items hash utm"
    return parse(dict.fromkeys(names.split(), text), api_key=KEY)


def _posted(text: str) -> None:
    params = {"a": text}
    for read in posted.words, posted.number, posted.moment, posted.truth, posted.wall_clock:
        with suppress(Exception):
            read(params, "a")
    posted.is_email(text)
    with suppress(Exception):
        posted.money(text, "a")


# ── The command line ────────────────────────────────────────────────────────────────


def _printed(text: str) -> None:
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        echo(text)


def _explained_to_people(text: str) -> None:
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        explain_request(f"a={text}", hash="0" * 32, access=Access(), sandbox=True)


_explain = partial(explain, login=LOGIN, api_key=KEY)
_account = partial(Account.of, LOGIN, KEY, zone="justclick.io")

TEXTS: Mapping[str, Text] = {
    "body of an answer": Text(_answered),
    "body of an answer, HTTP 500": Text(lambda text: _answered(text, 500)),
    "text of an error": Text(_refused),
    "text of an error, printed": Text(_told),
    "text of an error, any value of which was sent": Text(
        lambda text: redact_personal_data(text, {text[i : i + 9]: "name" for i in range(50)})
    ),
    "what was sent, in the text of an error": Text(
        lambda text: redact_personal_data("Anna " * 100, {text: "name"})
    ),
    "value of a result": Text(_result),
    "Retry-After": Text(lambda text: _answered("", 503, retry_after=text)),
    "Location": Text(_redirected),
    "base_url": Text(lambda text: _account(base_url=f"https://{text}")),
    "base_url, as it is": Text(lambda text: _account(base_url=text)),
    "zone": Text(lambda text: Account.of(LOGIN, KEY, base_url=None, zone=text)),
    "login": Text(lambda text: Account.of(text, KEY, base_url=None, zone="justclick.io")),
    "proxy": Text(lambda text: Transport("https://a.example.com", proxy=f"http://{text}")),
    "cell": Text(_each_cell),
    "cell of an export": Text(_each_syntax),
    "price of a product in a cell": Text(lambda text: parse_goods(f"invoice:1{text}")),
    "quantity of a product": Text(lambda text: parse_goods(f"invoice {text}2 x")),
    "JSON array": Text(partial(_file, '[{"email": "a@example.com", "goods": "{}"}]')),
    "JSON array, as it is": Text(partial(_file, "[{}")),
    "name of a column": Text(_each_name),
    "CSV file": Text(partial(_file, "{}")),
    "CSV file, cells": Text(partial(_file, "email;goods;price\n{};{};{}\n")),
    "CSV file, quoted cell": Text(partial(_file, 'email;goods\n"{}";"{}"\n')),
    "CSV file, rows": Text(partial(_file, "email;goods\na@example.com;{}\n")),
    "CSV file, one byte that is not UTF-8": Text(partial(_file, "email;goods\n{}\udcff;x\n")),
    "JSON Lines": Text(partial(_file, '{"email": "{}", "goods": [{"name": "{}"}]}\n')),
    "JSON Lines, number": Text(partial(_file, '{"email": {}, "goods": "x"}\n')),
    "parse_str": Text(php.parse_str, 12_000),
    "parse_str, bytes": Text(lambda text: php.parse_str(_octets(text)), 12_000),
    "parse_str, name": Text(lambda text: php.parse_str(f"{text}=1")),
    "parse_str, name with an index": Text(lambda text: php.parse_str(f"a[{text}=1")),
    "name of a parameter": Text(lambda text: php.canonical_query({text: "1"})),
    "name of an index": Text(lambda text: php.canonical_query({f"a[{text}": "1"})),
    "value of a parameter": Text(lambda text: php.canonical_query({"a": text})),
    "notification": Text(lambda text: parse(_octets(text), api_key=KEY)),
    "notification, one value": Text(lambda text: parse(f"id={text}&hash=0", api_key=KEY)),
    "notification, values": Text(_notified),
    "notification, names": Text(lambda text: parse({text: text}, api_key=KEY)),
    "request to explain": Text(_explain, 300),
    "request to explain, wrong hash": Text(lambda text: _explain(text, hash="0" * 32), 400),
    "value to explain, wrong hash": Text(lambda text: _explain({"a": text}, hash="0" * 32), 400),
    "value to explain, as people see it": Text(_explained_to_people, 400),
    "hash to explain": Text(lambda text: _explain({"a": "1"}, hash=text), 200),
    "PHP array": Text(read_array),
    "PHP array, begun": Text(lambda text: read_array(f"array({text}")),
    "PHP array, text": Text(lambda text: read_array(f"array('a' => '{text}")),
    "PHP array, double quotes": Text(lambda text: read_array(f'array("a" => "{text}")')),
    "PHP array, joined": Text(lambda text: read_array(f"array('a'.{text}'b')"), 12_000),
    "PHP array, number": Text(lambda text: read_array(f"array(1{text})")),
    "PHP array, printed": Text(lambda text: read_array(f"Array\n(\n    [a] => {text}\n)\n")),
    "PHP array, printed keys": Text(lambda text: read_array(f"Array\n(\n    [{text}] => 1\n)\n")),
    "PHP array, is it one": Text(is_array),
    "request to the sandbox": Text(lambda text: _asked(_octets(text)), 600),
    "request to the sandbox, wrong hash": Text(
        lambda text: _asked(_octets(f"a={text}&hash={'0' * 32}")), 1_000
    ),
    "request to the sandbox, names": Text(
        lambda text: _asked(_octets(f"{text}=a&hash={'0' * 32}")), 1_000
    ),
    "request to the sandbox, signed": Text(_signed("GetBills")),
    "order for the sandbox": Text(_signed("CreateOrder")),
    "parameter of the sandbox": Text(_posted),
    "search on the pages of the sandbox": Text(lambda text: matches(text[:200], text, f"8{text}")),
    "body in the search of the sandbox": Text(lambda text: values_of(f"a={text}&{text}=%{text}")),
    "Host": Text(lambda text: (host_name(text), is_loopback(text))),
    "Host of an account": Text(lambda text: _asked(signed_body({"a": "1"}, LOGIN, KEY), host=text)),
    "file of profiles": Text(lambda text: remove_table(text, "a"), 12_000),
    "file of profiles, table": Text(
        lambda text: remove_table(f"[profiles.a]\n{text}", "a"), 12_000
    ),
    "message on the command line": Text(_printed),
    "message on the command line, begun": Text(lambda text: _printed(f"the array {text}")),
}


# ── Measuring ───────────────────────────────────────────────────────────────────────


def made(shape: str, end: str, size: int) -> str:
    """Return a text of a shape, of so many characters."""
    unit = SHAPES[shape]
    return (unit * (size // len(unit) + 1))[: size - len(end)] + end


def taken(read: Callable[[str], object], text: str) -> float:
    """Return the seconds of processor time that reading a text takes."""
    began = process_time()
    with suppress(Exception):
        read(text)
    return process_time() - began


def times(text: Text, shape: str, end: str, size: int) -> tuple[float, float]:
    """Return the least processor time for a text and for one twice as long.

    A text that takes no noticeable time is read once: others on the machine can only make it
    slower.  One that takes longer is read again until it proves linear, a few times at most.
    """
    read, small, large = text.read, made(shape, end, size), made(shape, end, 2 * size)
    slow = taken(read, large)
    if slow < UNNOTICED:
        return slow, slow
    quick = taken(read, small)
    for _ in range(12):
        if slow < 3 * quick or slow > 5:
            break
        gc.collect()
        quick, slow = min(quick, taken(read, small)), min(slow, taken(read, large))
    return quick, slow


def cases(text: Text) -> Iterator[tuple[str, str, float, float]]:
    """Go through the shapes of a text: shape, end, and what both sizes take.

    It begins with small texts, so that what grows too fast is known before it takes minutes.
    """
    for shape in SHAPES:
        for end in ENDS:
            size = text.size
            while size > 500 and taken(text.read, made(shape, end, size // 16)) > 0.05:
                size //= 4
            yield shape, end, *times(text, shape, end, size)


def too_fast(text: Text) -> list[tuple[str, str, float, float]]:
    """Return the shapes of a text with which the time grows faster than its length."""
    return [case for case in cases(text) if case[3] >= 3 * case[2] and case[3] >= UNNOTICED]


def main(wanted: str = "") -> None:
    """Print what takes noticeable time, and mark what grows too fast."""
    for name, text in TEXTS.items():
        if wanted not in name:
            continue
        slowest = (0.0, 0.0, "", "")
        for shape, end, quick, slow in cases(text):
            if slow >= 3 * quick and slow >= UNNOTICED:
                print(f"{name} | {shape} {end!r} | {quick:.3f} | {slow:.3f} | TOO FAST", flush=True)
            slowest = max(slowest, (slow, quick, shape, end))
        slow, quick, shape, end = slowest
        print(f"{name} | {shape} {end!r} | {quick:.3f} | {slow:.3f} | slowest", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
