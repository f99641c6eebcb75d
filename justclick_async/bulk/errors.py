"""Errors of imports.

A :class:`Problem` concerns one row and never stops the others.  A :class:`CannotImport` concerns
the file, the journal or the run as a whole.
"""

from __future__ import annotations

from attrs import frozen

from justclick_async.errors import JustClickError
from justclick_async.messages import Message, _

__all__ = [
    "CannotImport",
    "FileProblem",
    "JournalInUse",
    "JournalProblem",
    "Problem",
    "file_has_changed",
]


@frozen
class Problem:
    """Why one row cannot be sent, found without asking the service.

    Attributes:
        field: The column that is wrong, as the file calls it.
        reason: The reason, without the value itself.
        hint: How to correct it.
        code: The code by which the service would refuse this, where it documents one.
    """

    field: str
    reason: Message
    hint: Message
    code: int | None = None


class CannotImport(JustClickError):
    """The import cannot start, or cannot continue; nothing that was done is lost."""

    def __init__(self, message: Message, hint: Message) -> None:
        super().__init__(message, hint=hint)

    @property
    def text(self) -> Message:
        """The message."""
        return self.message


class FileProblem(CannotImport):
    """The input cannot be read as rows of orders."""


class JournalProblem(CannotImport):
    """The journal is damaged, or belongs to another import; it was not changed.

    Attributes:
        options: Options that differ from those of the import that the journal belongs to.
    """

    def __init__(self, message: Message, hint: Message, options: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint)
        self.options = options


class JournalInUse(JournalProblem):
    """Another importer uses this journal."""


def file_has_changed() -> FileProblem:
    """Return why an import cannot continue: its file is another one now."""
    return FileProblem(
        _("the file has changed during the import."),
        _("Restore the file that the import began with, then run the same command again."),
    )
