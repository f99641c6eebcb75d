"""Constants, types and exceptions of PHP's query strings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from justclick_async.messages import Message, _
from justclick_async.visible import visible

__all__ = [
    "INT_MAX",
    "INT_MIN",
    "MAX_DEPTH",
    "MAX_SIZE",
    "MAX_VARIABLES",
    "PHP_QUERY_RFC1738",
    "PHP_QUERY_RFC3986",
    "LimitExceededError",
    "NotCanonicalError",
    "PhpArray",
    "PhpTypeError",
    "PhpValue",
    "PhpValueError",
    "printable",
    "size_error",
    "surrogate_error",
    "variables_error",
]

PHP_QUERY_RFC1738: Final = 1
"""A space becomes ``+`` and ``~`` becomes ``%7E``: PHP's default, used for signatures."""
PHP_QUERY_RFC3986: Final = 2
"""A space becomes ``%20`` and ``~`` stays."""

NO_HINT = Message("", {})

MAX_VARIABLES: Final = 1000
"""Variables that PHP reads from one request (``max_input_vars``)."""
MAX_DEPTH: Final = 64
"""Pairs of brackets that PHP reads in one name (``max_input_nesting_level``)."""
MAX_SIZE: Final = 8 * 1024 * 1024
"""Bytes that PHP reads from one request (``post_max_size``)."""
INT_MIN: Final = -(2**63)
"""The smallest integer of a PHP of 64 bits."""
INT_MAX: Final = 2**63 - 1
"""The largest integer of a PHP of 64 bits."""

PhpArray: TypeAlias = "Mapping[Any, object] | list[Any] | tuple[object, ...]"
"""The equivalent of a PHP array.  Keys are str, bytes or int; values are str, bytes, int,
float, bool, None or arrays."""
PhpValue: TypeAlias = "str | list[PhpValue] | dict[int | str, PhpValue]"
"""A value returned by ``parse_str``."""


class PhpValueError(ValueError):
    """Data without an equivalent in PHP.

    Attributes:
        message: The problem, with the path of the variable.
        hint: The fix.
    """

    def __init__(self, message: Message, hint: Message = NO_HINT) -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class PhpTypeError(PhpValueError, TypeError):
    """A value of a type that PHP does not have."""


class NotCanonicalError(PhpValueError):
    """PHP would read other parameters than those that were signed."""


class LimitExceededError(PhpValueError):
    """More data than PHP reads; PHP would silently drop the rest."""


def surrogate_error(field: str) -> PhpValueError:
    """Return the exception for text that cannot be encoded as UTF-8."""
    return PhpValueError(
        _("{field} must not contain a lone surrogate.", field=field),
        _("Drop it with {example}.", example='value.encode("utf-8", "replace").decode()'),
    )


def size_error(size: int) -> tuple[Message, Message]:
    """Return message and hint for more than *size* bytes."""
    return (
        _("the data exceed {size} bytes, the limit of PHP.", size=size),
        _("Send less data in one request."),
    )


def variables_error(count: int, limit: int) -> tuple[Message, Message]:
    """Return message and hint for more than *limit* variables."""
    return (
        _("the data have {count} variables; PHP reads {limit}.", count=count, limit=limit),
        _("Send less data in one request."),
    )


def printable(path: str) -> str:
    """Return the path of a variable for messages: shortened, and on one line."""
    path = path if len(path) <= 200 else f"{path[:100]}...{path[-97:]}"
    return visible(path)
