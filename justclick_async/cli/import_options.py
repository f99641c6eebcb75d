"""Options of ``justclick import``: how the file is read and sent, and a file that keeps the first.

The two classes are also what cyclopts builds options from.
"""

from __future__ import annotations

import csv
import json
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, cast

from cyclopts import Parameter

from justclick_async.bulk.api import KINDS
from justclick_async.bulk.kinds.base import Kind
from justclick_async.bulk.rows.options import ReadOptions
from justclick_async.cli.errors import WrongUsage, read_error
from justclick_async.cli.params import Switch
from justclick_async.messages import _
from justclick_async.private_files import open_new

__all__ = ["Reading", "Sending", "load_settings", "option_of", "read_options", "save_settings"]

Many: TypeAlias = Annotated[tuple[str, ...], Parameter(negative="")]
Text: TypeAlias = str | None
Number: TypeAlias = int | None


def _describe_fields(kind: Kind[Any]) -> str:
    """Return the fields of a kind of rows, for the help page."""
    fields = (f"{each}*" if each in kind.names.not_sent else each for each in kind.names.described)
    return f"{kind.name}: {', '.join(fields)}."


_FIELDS_HELP = "\n\n".join(
    (
        "",
        _("Fields of each kind; those with * are read or shown, but not sent:"),
        *map(_describe_fields, KINDS.values()),
    )
)


@Parameter(name="*", group=_("File and columns"))
@dataclass(frozen=True)
class Reading:
    """The options that control reading."""

    encoding: Annotated[Text, Parameter(help=_("Encoding of the file. Default: detected."))] = None
    delimiter: Annotated[
        Text, Parameter(help=_("Delimiter of a CSV file; tab for a tab. Default: detected."))
    ] = None
    sheet: Annotated[
        Text, Parameter(help=_("Sheet of a workbook. Default: the first visible one."))
    ] = None
    header_row: Annotated[
        Number, Parameter(help=_("Line of the header. Default: detected in the first 30 lines."))
    ] = None
    timezone: Annotated[
        Text,
        Parameter(
            help=_(
                "Time zone of times without one. Default: Europe/Moscow, or that of the exporting "
                "system."
            )
        ),
    ] = None
    dates: Annotated[
        Literal["dmy", "mdy"] | None,
        Parameter(help=_("Order in 03/04/2024: dmy is 3 April, mdy is 4 March.")),
    ] = None
    currency: Annotated[
        Text,
        Parameter(help=_("Currency of the shop; rows in another one are refused. Default: RUB.")),
    ] = None
    preset: Annotated[
        Text,
        Parameter(
            help=_("System that exported the file, or none. Default: detected from the header.")
        ),
    ] = None
    map: Annotated[
        Many,
        Parameter(
            name="--map",
            help=_(
                "COLUMN=FIELD for a column with another name; COLUMN= leaves it out. NAME#2 is the "
                "second column NAME, #3 the third column of the file. Of two columns for one field "
                "the first that is not empty is used. Repeatable."
            )
            + _FIELDS_HELP,
        ),
    ] = ()
    ignore_unknown: Annotated[
        Switch, Parameter(help=_("Leave out unknown columns; the preview lists them."))
    ] = False
    set: Annotated[
        Many,
        Parameter(
            name="--set",
            help=_("FIELD=VALUE for every row, such as groups=super or goods=invoice. Repeatable."),
        ),
    ] = ()
    good: Annotated[
        Many,
        Parameter(
            name="--good",
            help=_("TITLE=ID for a product with another title or SKU in the file. Repeatable."),
        ),
    ] = ()
    only: Annotated[
        Many,
        Parameter(
            name="--only", help=_("COLUMN=VALUE,... of rows to send; * is any value. Repeatable.")
        ),
    ] = ()
    skip: Annotated[
        Many,
        Parameter(
            name="--skip",
            help=_("COLUMN=VALUE,... of rows to leave out: Status=cancelled. Repeatable."),
        ),
    ] = ()
    settings: Annotated[
        Path | None, Parameter(help=_("TOML file with these options, from --save-settings."))
    ] = None
    save_settings: Annotated[
        Path | None, Parameter(help=_("Write these options to a TOML file, then import."))
    ] = None


@Parameter(name="*", group=_("Sending"))
@dataclass(frozen=True)
class Sending:
    """The options that control sending."""

    concurrency: Annotated[int, Parameter(help=_("Requests in flight at once."))] = 10
    rate: Annotated[
        float | None,
        Parameter(help=_("Requests per second; 0 is unlimited. Default: 10; with --sandbox 0.")),
    ] = None
    stop_after: Annotated[
        int, Parameter(help=_("Stop after this many consecutive equal failures; 0 is never."))
    ] = 20
    settle_after: Annotated[
        int,
        Parameter(
            help=_(
                "Seconds to wait before an order whose request was cut off, and which the service "
                "does not have, is sent again."
            )
        ),
    ] = 10
    send_duplicates: Annotated[
        Switch, Parameter(help=_("Send duplicate rows, too. Default: only the first of them."))
    ] = False
    first: Annotated[
        Number,
        Parameter(
            help=_("Send this many rows and stop; the same command without it sends the rest.")
        ),
    ] = None
    max_errors: Annotated[
        Text,
        Parameter(help=_("Stop when more rows than this have failed: a number, or 5% of them.")),
    ] = None
    again: Annotated[
        Switch,
        Parameter(
            help=_("Send rows that another journal has sent; orders are then created twice.")
        ),
    ] = False
    changed_file: Annotated[
        Switch,
        Parameter(
            help=_(
                "Resume with a file that was corrected or extended: unchanged rows keep their "
                "outcome, the others are sent."
            )
        ),
    ] = False
    shards: Annotated[
        Number, Parameter(help=_("Parts to divide the file into. Default: four per worker."))
    ] = None
    workers: Annotated[
        Number,
        Parameter(help=_("Processes that share the work and the rate; if one dies, others go on.")),
    ] = None
    temporal: Annotated[
        Text, Parameter(help=_("HOST:PORT of a Temporal server whose workers send the rows."))
    ] = None
    namespace: Annotated[Text, Parameter(help=_("Namespace on the Temporal server."))] = None


# ── From options to ReadOptions ─────────────────────────────────────────────────────

_SCALARS: Mapping[str, type] = {
    "encoding": str,
    "delimiter": str,
    "sheet": str,
    "header_row": int,
    "timezone": str,
    "dates": str,
    "currency": str,
    "preset": str,
    "ignore_unknown": bool,
}
_TABLES = ("columns", "set", "products", "only", "skip")
_FIELDS = {"timezone": "zone", "columns": "rename", "set": "constants"}
"""Fields of ``ReadOptions`` with another name than the setting."""

_OPTIONS = {
    "zone": "--timezone",
    "rename": "--map",
    "products": "--good",
    "constants": "--set",
    "deduplicate": "--send-duplicates",
}
"""Options with another name than in Python."""


def option_of(name: str) -> str:
    """Return the option of the command line for an option in Python."""
    return _OPTIONS.get(name, "--" + name.replace("_", "-"))


def read_options(reading: Reading) -> ReadOptions:
    """Return how the file is read; the command line counts before the settings file.

    Raises:
        WrongUsage: An option is wrong, or the settings cannot be read or written.
    """
    found = load_settings(reading.settings) if reading.settings is not None else {}
    for name in _SCALARS:
        value = getattr(reading, name)
        if value not in (None, False):
            found[name] = value
    tables: dict[str, Mapping[str, object]] = {
        "columns": dict(_pairs("--map", reading.map, "COLUMN=FIELD", "Buyer=email")),
        "set": dict(_pairs("--set", reading.set, "FIELD=VALUE", "tag=shop", split=str.partition)),
        "products": dict(_pairs("--good", reading.good, "TITLE=ID", "Invoice=invoice")),
        "only": _filters("--only", reading.only),
        "skip": _filters("--skip", reading.skip),
    }
    for name, given in tables.items():
        found[name] = {**found.get(name, {}), **given}
    if reading.save_settings is not None:
        save_settings(reading.save_settings, found)
    return ReadOptions(**{_FIELDS.get(name, name): value for name, value in found.items()})


def _pairs(
    option: str,
    given: Sequence[str],
    form: str,
    example: str,
    split: Callable[[str, str], tuple[str, str, str]] = str.rpartition,
) -> Iterator[tuple[str, str]]:
    """Parse ``NAME=VALUE``, given repeatedly."""
    seen: dict[str, str] = {}
    for pair in given:
        name, equals, value = (part.strip() for part in split(pair, "="))
        if not (name and equals):
            raise WrongUsage(
                _("{option} must be {form}; got '{given}'.", option=option, form=form, given=pair),
                _("Write {option} '{example}'.", option=option, example=example),
            )
        if seen.setdefault(name, value) != value:
            raise WrongUsage(
                _("{option} has two values for '{name}'.", option=option, name=name),
                _("Leave one of them out."),
            )
        yield name, value


def _filters(option: str, given: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pair in given:
        for name, values in _pairs(
            option, [pair], "COLUMN=VALUE,...", "Status=cancelled,refunded", str.partition
        ):
            found.setdefault(name, []).extend(
                value.strip() for value in next(csv.reader([values]), [""])
            )
    return found


# ── The settings file ───────────────────────────────────────────────────────────────


def load_settings(path: Path) -> dict[str, Any]:
    """Load a file that ``save_settings`` or a person wrote.

    Raises:
        WrongUsage: It cannot be read, or a setting is wrong.
    """
    try:
        found = tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise read_error(path, error, _("Check the path after --settings.")) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
        raise WrongUsage(
            _("{file} must be TOML in UTF-8.", file=str(path)),
            _("Write a new one with --save-settings FILE.toml."),
        ) from None
    for name, value in found.items():
        if not _is_valid(name, value):
            names = ", ".join([*_SCALARS, *(f"[{table}]" for table in _TABLES)])
            raise WrongUsage(
                _("{file}: unknown setting or wrong type: '{name}'.", file=str(path), name=name),
                _("Use these settings: {names}.", names=names),
            )
    for name in ("only", "skip"):
        found[name] = {
            column: [values] if isinstance(values, str) else values
            for column, values in found.get(name, {}).items()
        }
    return found


def _is_valid(name: str, value: object) -> bool:
    if name == "dates":
        return value in ("dmy", "mdy")
    if name in _SCALARS:
        return type(value) is _SCALARS[name]
    if name not in _TABLES or not isinstance(value, dict):
        return False
    values = cast("dict[str, object]", value).values()
    if name in ("only", "skip"):
        return all(isinstance(each, str) or _is_texts(each) for each in values)
    return all(isinstance(each, str) for each in values)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(each, str) for each in cast("list[object]", value)
    )


def save_settings(path: Path, found: Mapping[str, Any]) -> None:
    """Write settings that ``load_settings`` reads.

    Raises:
        WrongUsage: Another file of that name exists, or it cannot be written.
    """
    text = "".join(_lines(found))
    hint = _("Choose another file for --save-settings.")
    try:
        if path.exists():
            if path.read_text("utf-8") == text:
                return
            raise WrongUsage(_("{file} exists already.", file=str(path)), hint)
        # Path.open takes no opener.
        with open(path, "w", encoding="utf-8", opener=open_new) as file:
            file.write(text)
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUsage(_("cannot write {file}.", file=str(path)), hint) from error


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    for name in _SCALARS:
        if name in found:
            yield f"{name} = {_toml(found[name])}\n"
    for table in _TABLES:
        if found.get(table):
            yield f"\n[{table}]\n"
            yield from (f"{_toml(key)} = {_toml(value)}\n" for key, value in found[table].items())


def _toml(value: object) -> str:
    """Write a text, a number, a flag or a list of texts; TOML has them as JSON does."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
