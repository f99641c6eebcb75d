"""The options of an import: one value from the command line to the importer."""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from typing import Any, cast

import attrs
from attrs import Attribute, field, frozen

from justclick_async.bulk.rows.options import ReadKeywords, ReadOptions
from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.messages import _, languages
from justclick_async.models.checks import check_bool, check_count, describe_value, type_name
from justclick_async.pacing import DEFAULT_RATE

__all__ = [
    "LEASE",
    "SETTLE_AFTER",
    "ImportKeywords",
    "ImportOptions",
    "check_source",
    "options_from",
]

LEASE = 15.0
"""Seconds after which a worker that gives no sign of life counts as expired."""

SETTLE_AFTER = 10
"""Seconds for which the service may process a request after its connection was lost."""

_MAX_ERRORS = re.compile(r"[0-9]{1,9}|[0-9]{1,3}(\.[0-9]{1,3})?%")

Validator = Callable[[Any, "Attribute[Any]", Any], None]


def _checked(
    check: Callable[..., object], *, or_none: bool = False, **keywords: object
) -> Validator:
    """Return a validator that calls a check with the value and the name of the field."""

    def validate(_self: object, attribute: Attribute[Any], value: object) -> None:
        if not (or_none and value is None):
            check(value, attribute.name, **keywords)

    return validate


def _check_above_zero(value: object, name: str, *, default: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e6:
        raise InvalidInput(
            _(
                "{name} must be a number above 0, not {value}.",
                name=name,
                value=describe_value(value),
            ),
            field=name,
            hint=_("Leave it out for {default}.", default=default),
        )


def _check_max_errors(value: object, name: str) -> None:
    if isinstance(value, bool) or not _MAX_ERRORS.fullmatch(str(value)):
        raise InvalidInput(
            _(
                "{field} must be a number such as 20 or a share such as 5%, not {value}.",
                field=name,
                value=describe_value(value),
            ),
            field=name,
            hint=_("Leave it out for any number."),
        )


def _check_language(value: object, name: str) -> None:
    if value not in languages():
        raise InvalidInput(
            _("language must be one of {names}.", names=", ".join(languages())),
            field=name,
            hint=_("Leave it out for English."),
        )


_FLAG = _checked(check_bool)


class ImportKeywords(ReadKeywords, total=False):
    """The options of reading and importing, as keywords.

    See :class:`ReadOptions` and :class:`ImportOptions`.
    """

    concurrency: int
    stop_after: int
    settle_after: int
    deduplicate: bool
    language: str
    redact: bool
    excel: bool
    rate: float | None
    timeout: float
    lease: float
    first: int | None
    max_errors: int | str | None
    again: bool
    changed_file: bool
    results: str | None


@frozen(kw_only=True)
class ImportOptions:
    """The options of an import.

    Attributes:
        concurrency: The most requests in flight at once, in each worker.
        stop_after: The most consecutive rows that may fail in the same way; 0 for any number.
        settle_after: Seconds for which the service may process a request that was cut off.
        deduplicate: Whether rows of equal content are one order.
        language: Of reasons and hints: ``en`` or ``ru``.
        redact: Whether to black out customers' data in the result files.
        excel: Whether to write result files for Excel: with semicolons, a byte order mark where
            they are in UTF-8, and ``="text"`` where Excel would execute or change the text.
        rate: Requests a second of the account, which its workers share; ``None`` is unlimited.
            A client that is given has a rate of its own.
        timeout: Seconds that a call of a worker may take in all.
        lease: Seconds after which a worker that gives no sign of life counts as expired.
        first: Rows to send in this run; ``None`` is all.  A later run sends the rest.
        max_errors: Rows that may fail in this run: a number, or a share such as ``"5%"``, which
            counts from the twentieth row on; ``None`` is any number.  In each worker.
        again: Whether to send rows again that another journal has sent.
        changed_file: Whether to resume with a file that was corrected or extended since: rows that
            are unchanged keep their outcome, and the others are sent.
        results: The folder of the result files; beside the input where ``None``.
    """

    concurrency: int = field(default=10, validator=_checked(check_count, least=1, default="10"))
    stop_after: int = field(default=20, validator=_checked(check_count, least=0, default="20"))
    settle_after: int = field(
        default=SETTLE_AFTER, validator=_checked(check_count, least=0, default="10 seconds")
    )
    deduplicate: bool = field(default=True, validator=_FLAG)
    language: str = field(default="en", validator=_checked(_check_language))
    redact: bool = field(default=False, validator=_FLAG)
    excel: bool = field(default=False, validator=_FLAG)
    rate: float | None = field(
        default=DEFAULT_RATE, validator=_checked(_check_above_zero, default="10", or_none=True)
    )
    timeout: float = field(default=30.0, validator=_checked(_check_above_zero, default="30"))
    lease: float = field(default=LEASE, validator=_checked(_check_above_zero, default="15"))
    first: int | None = field(
        default=None, validator=_checked(check_count, least=1, default="all rows", or_none=True)
    )
    max_errors: int | str | None = field(
        default=None, validator=_checked(_check_max_errors, or_none=True)
    )
    again: bool = field(default=False, validator=_FLAG)
    changed_file: bool = field(default=False, validator=_FLAG)
    results: str | None = None


def options_from(keywords: ImportKeywords) -> tuple[ReadOptions, ImportOptions]:
    """Sort keywords into options of reading and of importing.

    Raises:
        InvalidInput: One of them is invalid or unknown.
    """
    given = cast("Mapping[str, Any]", keywords)
    reading, sending = set(attrs.fields_dict(ReadOptions)), set(attrs.fields_dict(ImportOptions))
    for name in given:
        if name not in reading | sending:
            raise InvalidInput(
                _("there is no option {name}.", name=name),
                field=name,
                hint=_("The options are {names}.", names=", ".join(sorted(reading | sending))),
            )
    return (
        ReadOptions(**{name: value for name, value in given.items() if name in reading}),
        ImportOptions(**{name: value for name, value in given.items() if name in sending}),
    )


def check_source(source: object, of: str, *, is_file_possible: bool = True) -> None:
    """Check that a source is an iterable of items, and not a single one.

    Args:
        source: The source.
        of: The class of its items.
        is_file_possible: Whether it may be a path as well; otherwise it may be asynchronous.

    Raises:
        InvalidInputType: It is not.
    """
    given = type_name(source)
    if is_file_possible:
        iterable: tuple[type, ...] = (Iterable,)
        message = _(
            "source must be an iterable of {wanted}, or the path of a file, not {type}.",
            wanted=of,
            type=given,
        )
    else:
        iterable = (Iterable, AsyncIterable)
        message = _("source must be an iterable of {wanted}, not {type}.", wanted=of, type=given)
    if isinstance(source, bytes | Mapping | str) or not isinstance(source, iterable):
        hint = _("Put a single one in a list: [item].")
        raise InvalidInputType(message, field="source", hint=hint)
