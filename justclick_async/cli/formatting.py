"""Results in the format of ``--output``: a table for people, JSON and CSV for machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, TypeAlias, cast

import attrs
from cyclopts import Parameter

from justclick_async.cli.errors import WrongUsage
from justclick_async.cli.output import (
    echo,
    echo_csv,
    echo_json,
    echo_note,
    echo_table,
    is_terminal,
)
from justclick_async.export.files import csv_fields, json_fields
from justclick_async.export.tables import record_row, table_of
from justclick_async.messages import _
from justclick_async.models.orders import OrderInfo
from justclick_async.models.records import Record

__all__ = ["Output", "show"]

Format: TypeAlias = Literal["table", "json", "jsonl", "csv"]

_COLUMNS_OF_ORDERS = ["bill_id", "created", "email", "price", "pay_status"]
"""Those that fit into 80 characters."""


@Parameter(name="*", group=_("Output"))
@dataclass(frozen=True)
class Output:
    """The options that control how a command prints its result."""

    format: Annotated[
        Format,
        Parameter(
            name="--output",
            help=_(
                "json has every field; jsonl and csv have the columns that justclick import reads."
            ),
        ),
    ] = "table"
    columns: Annotated[
        str | None, Parameter(name="--columns", help=_("Columns to print: bill_id,email,price."))
    ] = None

    @property
    def is_json(self) -> bool:
        """True if errors are printed as JSON, too."""
        return self.format in ("json", "jsonl")

    def choose_columns(self, kind: type[Record]) -> list[str]:
        """Return the columns to print of records of a kind.

        Raises:
            WrongUsage: ``--columns`` names one that they do not have.
        """
        known = list(table_of(kind).columns)
        if self.format == "json":
            known = [a.name for a in attrs.fields(kind)]
        if self.columns is None:
            short = self.format == "table" and issubclass(kind, OrderInfo)
            return _COLUMNS_OF_ORDERS if short else known
        chosen = [name.strip() for name in self.columns.split(",") if name.strip()]
        if unknown := next((name for name in chosen if name not in known), None):
            raise WrongUsage(
                _("unknown column {name!r}.", name=unknown),
                _("Use one of: {names}.", names=", ".join(known)),
            )
        return chosen or known


def show(result: object, output: Output, columns: Sequence[str]) -> None:
    """Print the result of a method: records with these columns, a value, or nothing."""
    is_list = isinstance(result, list)
    records = cast("list[Record]", result) if is_list else [result]
    if output.format == "json":
        documents = [_plain(each, columns) for each in records]
        echo_json(documents if is_list else documents[0], indent=2 if is_terminal() else None)
    elif not is_list and not isinstance(result, Record):
        _value(result, output.format)
    elif output.format != "table":
        _rows(cast("list[Record]", records), columns, is_csv=output.format == "csv")
    elif isinstance(result, Record):
        _card(result, columns if output.columns else table_of(type(result)).columns)
    else:
        _table(cast("list[Record]", records), columns)


def _plain(result: object, columns: Sequence[str]) -> object:
    if not isinstance(result, Record):
        return result
    fields = result.to_dict()
    return {name: fields[name] for name in columns}


def _value(result: object, output: Format) -> None:
    if output == "jsonl":
        echo_json(result)
    elif result is not None:
        echo(str(result))
    elif output == "table":
        echo(_("Done."))


def _rows(records: list[Record], columns: Sequence[str], *, is_csv: bool) -> None:
    fields = csv_fields if is_csv else json_fields
    rows = (fields(table_of(type(each)), record_row(each)) for each in records)
    chosen = ({name: row[name] for name in columns} for row in rows)
    if is_csv:
        echo_csv([columns, *(list(row.values()) for row in chosen)])
        return
    for row in chosen:
        echo_json(row)


def _table(records: list[Record], columns: Sequence[str]) -> None:
    if not records:
        echo_note(_("No results."))
        return
    rows = ([cells[name] for name in columns] for cells in map(_readable, records))
    echo_table(rows, *columns, header_style="bold")


def _card(record: Record, columns: Sequence[str]) -> None:
    from rich.table import Column  # noqa: PLC0415  # heavy

    cells = _readable(record)
    rows = ((name, cells[name]) for name in columns if cells[name])
    echo_table(rows, Column(style="bold"), "", show_header=False)


def _readable(record: Record) -> dict[str, str]:
    """Return the cells of a record for people: times in their zone."""
    row = dict(zip(table_of(type(record)).columns, record_row(record), strict=True))
    cells = {name: "" if cell is None else str(cell) for name, cell in row.items()}
    for name in cells:
        value = getattr(record, name, None)
        if isinstance(value, datetime):
            cells[name] = f"{value.astimezone():%Y-%m-%d %H:%M}"
        elif isinstance(value, bool):
            cells[name] = str(value).lower()
    return cells
