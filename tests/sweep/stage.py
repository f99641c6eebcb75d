"""Bad input of every kind, and what is said of it.

The files beside this one are the corpus.  Each entry is one line of Python after ``>>>``, or one
command after ``$``, and below it the whole message::

    >>> Good("invoice", price="1 500")
    InvalidInput: Good.price must be a decimal number such as 1500.50, not other text. Remove ...

    $ justclick orders create --email a@example.com
    [2] Error: Command "orders create" parameter "--goods" requires an argument. ...

``TAKEN`` stands for a port that somebody listens on.

``python -m tests.sweep`` writes what is said now; read it as a user would before it is committed.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import math
import os
import re
import shlex
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from inspect import isawaitable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import aiohttp
from attrs import frozen

import justclick_async
from justclick_async import bulk, notifications, php, signing
from justclick_async.cli import main
from justclick_async.diagnosis import explain, read_array
from justclick_async.errors import JustClickError
from justclick_async.models.countries import COUNTRIES
from justclick_async.retry import Retries
from justclick_async.sandbox import Sandbox
from justclick_async.sandbox.faults import Faults
from tests.service import KEY, LOGIN, envelope, http, running

ROOM = Path(__file__).parent
SECRET = "Sekretov"
"""Stands for a customer's data in the corpus; it never appears in a message."""

FILES: Mapping[str, bytes] = {
    "empty.csv": b"",
    "header.csv": b"email;goods\n",
    "orders.csv": b"email;goods\na@example.com;invoice\n",
    "strange.csv": "email;goods;колонка\na@example.com;invoice;1\n".encode(),
    "twice.csv": b"email;email;goods\na@example.com;b@example.com;invoice\n",
    "nomail.csv": b"name;goods\nAnna;invoice\n",
    "nogoods.csv": b"email;name\na@example.com;Anna\n",
    "binary.csv": b"\x00\x01\x02\xff\xfe" * 50,
    "mark.csv": b"\xff\xfe",
    "half16.csv": "email;goods\na@example.com;invoice\n".encode("utf-16") + b"x",
    "lone16.jsonl": '{"email": "\ud800"}'.encode("utf-16", "surrogatepass"),
    "wide.csv": b"email;goods\na@example.com;" + b"x" * 200_000,
    "header.txt": b"x" * 200_000,
    "quote.csv": b'email;goods\n"a@example.com;invoice\n' + b"a@example.com;invoice\n" * 9999,
    "utf16.csv": "email;goods\na@example.com;invoice\n".encode("utf-16"),
    "broken.jsonl": b'{"email": "a@example.com", "goods": ["invoice"]}\nno json\n',
    "notes.xlsx": b"this is no workbook",
    "old.xls": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 100,
    "note.pdf": b"%PDF-1.4",
    "no.journal": b"this is no journal",
    "seed.json": b"[1]",
    "nojson.json": b"{",
    "accounts.json": b'{"second": ""}',
    "body.txt": b"a=1",
}


@frozen
class Entry:
    """A bad input, and what has to be said of it."""

    file: str
    line: int
    asked: str
    said: str


def entries() -> Iterator[Entry]:
    """Read the corpus."""
    for path in sorted(ROOM.glob("*.txt")):
        asked, said, line = "", list[str](), 0
        for number, text in enumerate([*path.read_text().splitlines(), ""], 1):
            if text.startswith((">>> ", "$ ")):
                asked, said, line = text, [], number
            elif text and asked and not text.startswith("#"):
                said.append(text)
            elif asked:
                yield Entry(path.stem, line, asked, "\n".join(said))
                asked = ""


# ── Asking ──────────────────────────────────────────────────────────────────────────


class Refused(Exception):
    """What is said of a row of a file."""


def row(header: str, cells: str, kind: Any = bulk.ORDERS) -> None:
    """Read a file of one row; raise what is said of it."""
    Path("row.csv").write_text(f"{header}\n{cells}\n", "utf-8")
    (found,) = bulk.read_rows("row.csv", kind=kind)
    told = [f"{each.field} {each.reason}. {each.hint}" for each in found.problems]
    for each in found.problems:
        assert has_russian(each.hint.in_("ru"))
    raise Refused(" / ".join(told))


def consume(source: Any) -> Any:
    """Take all of an iterable, awaited or not."""
    if hasattr(source, "__aiter__"):

        async def all_of_it() -> list[Any]:
            return [each async for each in source]

        return all_of_it()
    return list(source)


def names(client: Any) -> dict[str, Any]:
    """Return what the lines of the corpus may name."""
    known = {name: getattr(justclick_async, name) for name in justclick_async.__all__}
    more = (
        bulk, notifications, php, signing, math, timedelta, date, datetime, Decimal, Fraction,
        aiohttp, explain, read_array, Retries, Sandbox, Faults, row, consume, Path, UTC, KEY,
        LOGIN, SECRET, COUNTRIES, asyncio,
    )  # fmt: skip
    named = {getattr(each, "__name__", "").rpartition(".")[2]: each for each in more}
    return {
        **known, **named, "UTC": UTC, "KEY": KEY, "LOGIN": LOGIN, "SECRET": SECRET,
        "COUNTRIES": COUNTRIES, "client": client, "BAD": "\ud800", "object": object,
        "NAIVE": datetime(2024, 5, 17), "GOOD": justclick_async.Order(email="a@b.ru", goods=["x"]),
    }  # fmt: skip


class Silence(AssertionError):
    """Nothing was said of a bad input."""


class TakenOnError(BaseException):
    """A bad input was not refused: a server began to serve, or somebody was asked."""


@contextmanager
def not_for_long() -> Iterator[None]:
    """Fail when a bad input is processed instead of refused."""

    def give_up(_number: int, _frame: object) -> None:
        raise TakenOnError

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, 5)
    try:
        yield
    except TakenOnError:
        raise Silence("it was taken on") from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def told_by_python(asked: str, client: Any) -> tuple[str, BaseException]:
    """Evaluate a line and return what is said, and the exception that says it."""

    async def evaluate() -> object:
        value = eval(asked, names(client))
        return await value if isawaitable(value) else value

    try:
        if isinstance(client, justclick_async.AsyncJustClick):
            asyncio.run(evaluate())
        else:
            eval(asked, names(client))
    except Exception as error:  # noqa: BLE001  # whatever it is, it is what is said
        said = str(error).replace("AsyncJustClick", "JustClick").replace("AsyncV2", "V2")
        return f"{type(error).__name__}: {said}", error
    raise Silence(asked)


def told_by_command(asked: str) -> str:
    """Run a command here and return its exit code and what it says on standard error."""
    words = shlex.split(asked)[1:]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code: object = main(words)
        except SystemExit as end:  # argparse, of the sandbox
            code = end.code
        except Exception as error:  # noqa: BLE001
            code = f"Traceback: {type(error).__name__}: {error}"
    said = re.sub(r"^usage: .* (?=\S+: error: )", "", " ".join(err.getvalue().split()))
    return f"[{code}] {said}"


def has_russian(text: str) -> bool:
    return any("а" <= letter <= "я" for letter in text.lower())


# ── The stage ───────────────────────────────────────────────────────────────────────


@frozen
class Stage:
    """A service that wants not to be asked, and what asks it."""

    told: Callable[[Entry], str]
    requests: list[Any]


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """Be in *folder*, with an account of a service that counts what it is asked."""
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(HIDDEN)}
    here = Path.cwd()
    with running(http(envelope([]))) as service, patch.dict(os.environ, kept, clear=True):
        os.environ |= {
            "JUSTCLICK_LOGIN": LOGIN,
            "JUSTCLICK_API_KEY": KEY,
            "JUSTCLICK_BASE_URL": service.base_url,
            "LC_ALL": "C.UTF-8",
            "COLUMNS": "200",
        }
        options = {"base_url": service.base_url, "rate": None}
        blocking = justclick_async.JustClick(LOGIN, KEY, **options)
        awaiting = justclick_async.AsyncJustClick(LOGIN, KEY, **options)
        os.chdir(folder)

        taken = service.base_url.rpartition(":")[2]

        def told(entry: Entry) -> str:
            if entry.asked.startswith("$"):
                command = entry.asked[2:].replace("TAKEN", taken)
                with patch.object(sys, "stdin", io.StringIO()), not_for_long():
                    return told_by_command(command).replace(taken, "TAKEN")
            with not_for_long(), warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # of the service's own
                said, error = told_by_python(entry.asked[4:], blocking)
                if "client" in entry.asked:
                    assert told_by_python(entry.asked[4:], awaiting)[0] == said
            said = said.replace(f"{folder}{os.sep}", "")
            if isinstance(error, JustClickError):
                assert has_russian(error.hint_ru), f"no hint in Russian: {said}"
                assert str(error).endswith(error.hint)
            return said

        try:
            yield Stage(told, service.requests)
        finally:
            os.chdir(here)
            blocking.close()


HIDDEN = ("JUSTCLICK_", "LC_", "LANG")
