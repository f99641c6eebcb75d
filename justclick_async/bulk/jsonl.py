"""One JSON object a line: the same columns, as text.

Numbers, nested goods and marks become the cells that say the same, so that what follows need not
know where a row came from: ``{"goods": [{"name": "invoice", "price": 1500}], "utm": {...}}``.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, cast

from attrs import frozen

from justclick_async.bulk.problems import FileProblem, Problem, Text
from justclick_async.bulk.tables import (
    Counted,
    Place,
    Record,
    Survey,
    Table,
    from_here,
    opened,
)
from justclick_async.reading import is_object

__all__ = ["JsonLines", "amount_text", "json_lines"]

MOST_COLUMNS = 1000


@frozen(kw_only=True)
class JsonLines(Table):
    """A file of JSON Lines.  Its result files are CSV."""

    @property
    def told(self) -> str:
        """How the file is written, in a few words."""
        return "JSON Lines"

    def records(self, start: Place | None = None) -> Iterator[Record]:
        """Read the rows, one after the other."""
        if start is None or start.offset is None:
            yield from from_here(self._read(_lines(self), 1), start)
        else:
            yield from self._read(_lines(self, start), start.number)

    def places(self) -> Iterator[tuple[Record, Place]]:
        """Read the rows, each with the place where it begins."""
        with opened(self.path, self.encoding) as text:
            counted, offsets = Counted(text), deque[int | None]()
            for record in self._read(_noting(counted, offsets), 1):
                yield record, Place(record.number, record.line, offsets[-1])

    def _read(self, lines: Iterator[tuple[int, str]], first: int) -> Iterator[Record]:
        lines = ((at, line) for at, line in lines if line.strip())
        for number, (at, line) in enumerate(lines, first):
            try:
                cells = _cells(line)
            except (ValueError, RecursionError):
                yield Record(number, at, (line.strip(),), _NO_OBJECT)
            else:
                yield Record(number, at, tuple(cells.get(name, "") for name in self.header))


_NO_OBJECT = Problem(
    "row",
    Text("is no JSON object of fields", "не является объектом JSON с полями"),
    Text(
        'Write one object a line: {"email": "a@example.com", "goods": "invoice:1500"}.',
        'Пишите по одному объекту в строке: {"email": "a@example.com", "goods": "invoice:1500"}.',
    ),
)


def json_lines(file: Survey, *, encoding: str | None) -> JsonLines:
    """Find out which fields a file of JSON Lines has.

    Raises:
        FileProblem: It is something else.
    """
    bare = JsonLines(
        path=file.path, digest=file.digest, header=(), encoding=file.encoding(encoding)
    )
    names: dict[str, None] = {}
    for _, line in _lines(bare):
        try:
            names |= dict.fromkeys(_cells(line))
        except (ValueError, RecursionError):
            continue  # that row is told when its turn comes
        if len(names) > MOST_COLUMNS:
            break
    if not names or len(names) > MOST_COLUMNS:
        raise FileProblem(
            Text("the file is no JSON Lines of rows.", "файл не является JSON Lines со строками."),
            _NO_OBJECT.hint,
        )
    return JsonLines(
        path=file.path, digest=file.digest, header=tuple(names), encoding=bare.encoding
    )


def _lines(table: JsonLines, start: Place | None = None) -> Iterator[tuple[int, str]]:
    with opened(table.path, table.encoding, start) as text:
        yield from enumerate(text, start.line if start else 1)


def _noting(counted: Counted, offsets: deque[int | None]) -> Iterator[tuple[int, str]]:
    """Number the lines, and note where the last one began."""
    offsets.append(counted.offset)
    for at, line in enumerate(counted, 1):
        yield at, line
        offsets.append(counted.offset)
        offsets.popleft()


# ── From JSON to cells ──────────────────────────────────────────────────────────────


def _cells(line: str) -> dict[str, str]:
    """Return the cells of a line.

    Raises:
        ValueError: It is no object, or holds what no cell can say.
    """
    if not line.strip():
        return {}
    decoded = json.loads(line, parse_float=Decimal, parse_constant=Decimal)
    if not is_object(decoded):
        raise ValueError("no object")
    cells: dict[str, str] = {}
    for name, value in decoded.items():
        if is_object(value) and name == "utm":
            cells |= {_mark(mark): _text(text) for mark, text in value.items()}
        else:
            cells[name] = (
                _goods(cast("list[object]", value)) if type(value) is list else _text(value)
            )
    return cells


def _mark(name: str) -> str:
    return name if name.startswith(("utm_", "aff_")) else f"utm_{name}"


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, Decimal):
        return amount_text(value)
    if isinstance(value, str | int):
        return str(value)
    raise ValueError("a cell cannot say that")


def amount_text(number: Decimal) -> str:
    """Write a number so that three decimals are not taken for thousands."""
    if not number.is_finite():
        return str(number)
    text = format(number, "f")
    return f"{text}0" if len(text.partition(".")[2]) == 3 else text


_SEPARATORS = frozenset(",;|:\n")


def _goods(goods: Sequence[Any]) -> str:
    """Write a list of products as one cell."""
    return "; ".join(_good(good) for good in goods)


def _good(good: Any) -> str:
    name: object = good
    price: object = None
    if is_object(good):
        if set(good) - {"name", "price", "good_name", "good_sum"}:
            raise ValueError("unknown fields of a product")
        name = good.get("name", good.get("good_name"))
        price = good.get("price", good.get("good_sum"))
    if not isinstance(name, str) or _SEPARATORS & set(name):
        raise ValueError("no name of a product")
    return name if price is None else f"{name}:{_text(price)}"
