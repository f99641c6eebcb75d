"""Exceptions of commands; their exit codes are 2 and 3."""

from __future__ import annotations

from pathlib import Path
from tempfile import NamedTemporaryFile

from justclick_async.bulk.errors import CannotImport
from justclick_async.messages import Message, _

__all__ = ["CannotStart", "WrongUsage", "check_output", "read_error", "write_error"]


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


def check_output(option: str, path: Path | None) -> None:
    """Check that a file can be written at the end, before anything is sent.

    Args:
        option: The option that names the file.
        path: The file; ``None`` if the option is missing.

    Raises:
        WrongUsage: Its folder does not exist, or it is a folder or a device.
        CannotStart: It cannot be written.
    """
    if path is None:
        return
    problem = _("{option} must be a file in an existing folder.", option=option)
    if not path.parent.is_dir():
        raise WrongUsage(
            problem,
            _("Create the folder, or write {option} {file}", option=option, file=path.name),
        )
    try:
        if path.exists() and not path.is_file():
            raise WrongUsage(problem, _("Name a file, not a folder or a device."))
        # A draft beside the file replaces it, so the file itself need not be writable.
        NamedTemporaryFile(dir=path.parent, prefix=path.name).close()
    except OSError as error:
        hint = _("Name a file in a folder that you can write to.")
        raise write_error(path, error, hint) from None


def _describe(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or type(error).__name__
