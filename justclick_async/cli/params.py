"""Parameters that many commands take, and how values are read from the command line."""

from __future__ import annotations

import sys
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, TypeAlias

from cyclopts import Parameter

from justclick_async.bulk.rows.values import CellError
from justclick_async.cli.errors import WrongUsage, read_error
from justclick_async.messages import Message, _
from justclick_async.php import PhpValue, PhpValueError, parse_str, urlencode

__all__ = [
    "Forward",
    "Json",
    "Sandbox",
    "Switch",
    "Yes",
    "encode_body",
    "parse_params",
    "read_input",
    "read_value",
    "split_pair",
    "to_utf8",
]

Switch: TypeAlias = Annotated[bool, Parameter(negative="")]
Json: TypeAlias = Annotated[
    Switch, Parameter(name="--json", help=_("Print JSON to standard output."))
]
Sandbox: TypeAlias = Annotated[
    Switch, Parameter(help=_("Use a local sandbox that starts and ends with the command instead."))
]

Yes: TypeAlias = Annotated[
    Switch, Parameter(name=["--yes", "-y"], help=_("Do not ask for confirmation."))
]
Forward: TypeAlias = Annotated[
    str | None, Parameter(name="--forward", help=_("Post each event as JSON to this URL."))
]


def read_input(file: str, most: int, hint: Message) -> bytes:
    """Return at most so many bytes of a file, or of standard input for ``-``.

    Raises:
        WrongUsage: It cannot be read.
    """
    try:
        if file == "-":
            return sys.stdin.buffer.read(most)
        with open(file, "rb") as opened:  # noqa: PTH123  # also /dev/stdin and pipes
            return opened.read(most)
    except (OSError, ValueError) as error:
        raise read_error(file, error, hint) from None


def read_value(name: str, read: Callable[[Any], Any], given: object) -> Any:
    """Convert the value of an option.

    Args:
        name: Of the option, as Python has it.
        read: Converts it; raises ``CellError``.
        given: The value.

    Raises:
        WrongUsage: It cannot be converted.
    """
    try:
        return read(given)
    except CellError as error:
        option, reason = f"--{name.replace('_', '-')}", error.reason
        raise WrongUsage(
            _("{option}: {reason}.", option=option, reason=reason), error.hint
        ) from None


def to_utf8(body: bytes) -> bytes:
    """Return the body of a request in a file, without what editors and shells add to it."""
    if body.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):  # PowerShell writes text as UTF-16
        body = body.decode("utf-16", "replace").encode()
    # An editor ends a file with a line break; in a body it would be %0A.
    return body.removeprefix(BOM_UTF8).removesuffix(b"\n").removesuffix(b"\r")


def parse_params(params: Sequence[str]) -> dict[str, PhpValue]:
    """Parse ``goods[0][good_name]=invoice`` as PHP does.

    Raises:
        WrongUsage: One is not ``name=value``, PHP would change its name, or there are too many.
    """
    pairs = [split_pair(param) for param in params]
    for name, _value in pairs:
        _check_name(name)
    try:
        return parse_str(encode_body(pairs))
    except PhpValueError as error:
        raise WrongUsage(error.message, error.hint) from None


def encode_body(pairs: Iterable[tuple[str, str]]) -> str:
    """Return the body of a request with these parameters."""
    return "&".join(f"{urlencode(name)}={urlencode(value)}" for name, value in pairs)


def split_pair(param: str, hint: Message | None = None) -> tuple[str, str]:
    """Return the two parts of ``name=value``.

    Raises:
        WrongUsage: It has another form.
    """
    name, equals, value = param.partition("=")
    if not (name and equals):
        raise WrongUsage(
            _("parameters must be name=value."), hint or _("Write email=a@example.com.")
        )
    return name, value


def _check_name(name: str) -> None:
    read = next(iter(parse_str(f"{urlencode(name)}=")), "")
    if read != name.partition("[")[0]:
        raise WrongUsage(
            _("PHP reads the name '{name}' as '{read}'.", name=name, read=read),
            _("Write names without dots and spaces: goods[0][good_name]=invoice."),
        )
