"""How results are shown: a table for people, JSON for machines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

import attrs

from justclick_async.cli.say import Text, say, say_json, say_table
from justclick_async.models.records import Record
from justclick_async.reading import is_object

__all__ = ["plain", "show"]


def show(result: object, *, as_json: bool) -> None:
    """Show what a method returned."""
    if as_json:
        say_json({"result": plain(result)})
    elif result is None:
        say(Text("Done.", "Готово."))
    elif isinstance(result, list):
        _table(cast("list[Record]", result))
    elif isinstance(result, Record):
        _card(result)
    else:
        say(str(result))


def plain(value: object) -> Any:
    """Return a result as JSON can hold it: money as text, times in ISO 8601."""
    if isinstance(value, Record):
        return {
            field.name: plain(getattr(value, field.name)) for field in attrs.fields(type(value))
        }
    if isinstance(value, list | tuple):
        return [plain(each) for each in cast("Sequence[object]", value)]
    if is_object(value):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _table(records: list[Record]) -> None:
    from rich.table import Table  # noqa: PLC0415  # heavy

    if not records:
        say(Text("Nothing found.", "Ничего не найдено."))
        return
    rows = [_cells(record) for record in records]
    columns = [name for name in rows[0] if any(row[name] for row in rows)]
    table = Table(*columns, box=None, header_style="bold")
    for row in rows:
        table.add_row(*(row[name] for name in columns))
    say_table(table)


def _card(record: Record) -> None:
    from rich.table import Table  # noqa: PLC0415  # heavy

    table = Table(box=None, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, cell in _cells(record).items():
        if cell:
            table.add_row(name, cell)
    say_table(table)


def _cells(record: Record) -> dict[str, str]:
    """Return the fields of a record as text; empty for what did not come."""
    return {
        field.name: _cell(getattr(record, field.name))
        for field in attrs.fields(type(record))
        if field.name != "extra"
    }


def _cell(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(filter(None, map(_cell, cast("tuple[object, ...]", value))))
    if isinstance(value, Record):
        return " ".join(filter(None, _cells(value).values()))
    if isinstance(value, datetime):
        return f"{value.astimezone():%Y-%m-%d %H:%M}"
    return "" if value is None else "".join(c if c.isprintable() else " " for c in str(value))
