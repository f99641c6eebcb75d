"""Exceptions of commands; their exit codes are 2 and 3."""

from __future__ import annotations

from pathlib import Path

from justclick_async.bulk.errors import CannotImport
from justclick_async.messages import Message, _

__all__ = ["CannotStart", "WrongUsage", "read_error", "write_error"]


class WrongUsage(CannotImport):
    """The command was used in a wrong way."""


class CannotStart(CannotImport):
    """Something that the command needs is missing."""


def read_error(file: Path | str, error: Exception, hint: Message) -> WrongUsage:
    """Return the error of a file that cannot be read."""
    return WrongUsage(_("cannot read {file}: {why}.", file=str(file), why=_describe(error)), hint)


def write_error(file: Path | str, error: Exception, hint: Message) -> CannotStart:
    """Return the error of a file that cannot be written."""
    return CannotStart(
        _("cannot write {file} ({why}).", file=str(file), why=_describe(error)), hint
    )


def _describe(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or type(error).__name__
