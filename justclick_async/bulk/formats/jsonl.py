"""JSON objects, one per line or in one array, as rows of text.

Numbers, nested goods and marks become the cells that say the same, so that what follows need not
know where a row came from: ``{"goods": [{"name": "invoice", "price": 1500}], "utm": {...}}``.
Other objects within objects become columns of their own: ``customer.email``.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from io import TextIOWrapper
from typing import Any, cast

from attrs import evolve, frozen

from justclick_async.bulk.errors import FileProblem, Problem
from justclick_async.bulk.formats.base import (
    FileScan,
    Place,
    Record,
    RefusedCell,
    Table,
    open_text,
    read_lines,
)
from justclick_async.bulk.formats.numbers import boolean_cell, format_amount
from justclick_async.bulk.rows.options import ReadOptions
from justclick_async.messages import _
from justclick_async.reading import is_object

__all__ = ["JsonFile", "open_json"]

MOST_COLUMNS = 1000


@frozen(kw_only=True)
class JsonFile(Table):
    """A file of JSON Lines, or of one array.  Its result files are CSV.

    Attributes:
        is_array: Whether the objects are in one array.
    """

    is_array: bool = False

    @property
    def description(self) -> str:
        """A short description of the format."""
        return "JSON" if self.is_array else "JSON Lines"

    def _read(self, start: Place | None) -> Iterator[Record]:
        lines = (each for each in _lines(self, start) if each[2].strip())
        for number, (at, offset, line) in enumerate(lines, start.number if start else 1):
            cells: tuple[str, ...] = (_whole(line),)
            problem = None
            try:
                found = _cells(line)
                cells = tuple(found.get(name, "") for name in self.header)
            except _Twice as error:
                problem = error.problem
            except (ValueError, RecursionError):
                problem = _NO_OBJECT
            yield Record(number, at, cells, problem, offset=offset)


_NO_OBJECT = Problem(
    "row",
    _("must be a JSON object of fields"),
    _('Write one object per line: {"email": "a@example.com", "goods": "invoice:1500"}.'),
)


class _Twice(ValueError):
    """An object has a field twice."""

    def __init__(self, name: str) -> None:
        super().__init__("a field is there twice")
        self.problem = Problem(_whole(name), _("appears twice"), _("Write each field once."))


def _whole(text: str) -> str:
    """Return a text without surrogates, which no result file can hold."""
    return _HALF.sub("\ufffd", text.strip())


def open_json(file: FileScan, options: ReadOptions) -> JsonFile:
    """Detect the fields of a JSON file.

    Raises:
        FileProblem: It is something else.
    """
    options = evolve(options, encoding=file.encoding(options.encoding), delimiter=None)
    start = file.sample.decode(options.encoding or "utf-8", "replace").lstrip("\ufeff \t\r\n")
    bare = JsonFile(
        path=file.path,
        digest=file.digest,
        header=(),
        options=options,
        is_array=start.startswith("["),
    )
    names: dict[str, None] = {}
    twice: tuple[int, Problem] | None = None
    for at, _offset, line in _lines(bare):
        try:
            names |= dict.fromkeys(_cells(line))
        except _Twice as error:
            twice = twice or (at, error.problem)
        except (ValueError, RecursionError):
            continue  # reported as that row's problem
        if len(names) > MOST_COLUMNS:
            break
    if not names and twice is not None:
        at, problem = twice
        raise FileProblem(
            _("line {line}: {field!r} appears twice.", line=at, field=problem.field),
            problem.hint,
        )
    if not names or len(names) > MOST_COLUMNS:
        raise FileProblem(
            _("the file must contain JSON objects, one per line."),
            _NO_OBJECT.hint,
        )
    return evolve(bare, header=tuple(names))


def _lines(table: JsonFile, start: Place | None = None) -> Iterator[tuple[int, int | None, str]]:
    """Read the texts of the objects, each with its line and the byte at which it begins."""
    with open_text(table.path, table.encoding, start) as text:
        yield from _elements(text) if table.is_array else read_lines(text, start)


_PIECE, _LONGEST = 2**16, 2**24
_MARK = re.compile(r'\\.|["{}\[\],\n]', re.DOTALL)
_DEEPER = {"[": 1, "{": 1, "]": -1, "}": -1}
_BETWEEN_ELEMENTS = {("[", 1), (",", 1), ("]", 0)}
"""Signs with the depth behind them that begin, divide and end the elements of an array."""


def _elements(text: TextIOWrapper) -> Iterator[tuple[int, None, str]]:
    """Split a JSON array into the texts of its elements, each with its line."""
    line, depth, in_string, is_closed = 1, 0, False, False
    rest, first = "", 1  # the element that is not complete, and the line of its beginning
    for piece in _pieces(text):
        begin, read = 0, rest + piece
        for mark in _MARK.finditer(read, len(rest)):
            sign = mark[0]
            line += sign == "\n"
            if sign == '"':
                in_string = not in_string
            elif not in_string:
                depth += _DEEPER.get(sign, 0)
                if (sign, depth) in _BETWEEN_ELEMENTS:
                    element = read[begin : mark.start()]
                    if sign != "[" and (bare := element.lstrip()):
                        yield first + element[: -len(bare)].count("\n"), None, bare.rstrip()
                    begin, first = mark.end(), line
                    is_closed = sign == "]"
        rest = read[begin:]
        if len(rest) > _LONGEST:
            break
    if not is_closed or rest.strip():
        raise FileProblem(
            _("the JSON array is damaged or truncated."),
            _("Export the file again."),
        )


def _pieces(text: TextIOWrapper) -> Iterator[str]:
    """Read a text in pieces that end outside of an escape."""
    rest = ""
    while piece := rest + text.read(_PIECE):
        is_divided = (len(piece) - len(piece.rstrip("\\"))) % 2 and len(piece) > 1
        rest = piece[-1] if is_divided else ""
        yield piece.removesuffix(rest)


# ── From JSON to cells ──────────────────────────────────────────────────────────────


def _cells(line: str) -> dict[str, str]:
    """Return the cells of a line.

    Raises:
        ValueError: It is not an object, or holds what no cell can say.
    """
    if not line.strip():
        return {}
    decoded = json.loads(
        line, parse_float=Decimal, parse_constant=Decimal, object_pairs_hook=_object
    )
    if not is_object(decoded):
        raise ValueError("no object")
    cells: dict[str, str] = {}
    _flatten(decoded, "", cells)
    return cells


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Twice(Counter(name for name, _ in pairs).most_common(1)[0][0])
    return found


def _flatten(fields: Mapping[str, Any], above: str, cells: dict[str, str]) -> None:
    for name, value in fields.items():
        column = _whole(f"{above}{name}")
        if is_object(value) and column == "utm":
            cells |= {_mark(_whole(mark)): _text(text) for mark, text in value.items()}
        elif is_object(value):
            _flatten(value, f"{column}.", cells)
        elif column in cells:
            raise _Twice(column)
        elif type(value) is list:
            cells[column] = _list(cast("list[object]", value))
        else:
            cells[column] = _text(value)


def _mark(name: str) -> str:
    return name if name.startswith(("utm_", "aff_")) else f"utm_{name}"


_HALF = re.compile("[\ud800-\udfff]")

_IS_CUT = _("contains half of a character, cut by the program that wrote the file")
_WRITE_AGAIN = _("Type the value again.")
_IS_A_LIST = _("contains a list that cannot be read as one value or as products")
_ONE_VALUE = _('Write one value, or products as {"name": "invoice", "price": 1500, "quantity": 2}.')


def _text(value: Any) -> str:
    if isinstance(value, str):
        if not value.isascii() and _HALF.search(value):
            return RefusedCell(_whole(value), _IS_CUT, _WRITE_AGAIN)
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return boolean_cell(is_true=value)
    if isinstance(value, Decimal):
        text = str(value)  # an exponent stays: that of a phone has cost it its last digits
        return text if "E+" in text else format_amount(value)
    if isinstance(value, int):
        return str(value)
    return _refused(value)


def _refused(value: Any) -> RefusedCell:
    return RefusedCell(_whole(json.dumps(value, default=str)), _IS_A_LIST, _ONE_VALUE)


_SEPARATORS = frozenset(",;|:\n")


def _list(values: Sequence[Any]) -> str:
    """Write a list of texts or products as one cell."""
    try:
        return "; ".join(_good(value) for value in values)
    except ValueError:
        return _refused(values)


_PRICE = re.compile("[^,;|:\\n]*(?:,[0-9]{1,2})?")
_PARTS = {"good_name": "name", "good_sum": "price", "count": "quantity", "qty": "quantity"}


def _good(good: Any) -> str:
    if not is_object(good):
        good = {"name": good}
    parts = {_PARTS.get(key, key): value for key, value in good.items()}
    if len(parts) < len(good) or set(parts) - {"name", "price", "quantity"}:
        raise ValueError("unknown fields of a product")
    name, price, count = (parts.get(key) for key in ("name", "price", "quantity"))
    if not isinstance(name, str) or _SEPARATORS & set(name) or _HALF.search(name):
        raise ValueError("no name of a product")
    if isinstance(count, str) and count.isdecimal() and count.isascii():
        count = int(count)
    if count is not None and type(count) is not int:
        raise ValueError("no quantity of a product")
    said = _text(price)
    if not _PRICE.fullmatch(said):
        raise ValueError("no price of a product")
    cell = f"{name}:{said}" if said else name
    return cell if count is None else f"{cell} x{count}"
