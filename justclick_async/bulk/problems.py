"""What stands in the way of an import, in English and in Russian.

A :class:`Problem` concerns one row and never stops the others.  A :class:`CannotImport` concerns
the file, the journal or the run as a whole.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import frozen

from justclick_async.errors import JustClickError

__all__ = [
    "CannotImport",
    "FileProblem",
    "JournalInUse",
    "JournalProblem",
    "Language",
    "Problem",
    "Text",
]

Language: TypeAlias = Literal["en", "ru"]


@frozen
class Text:
    """The same words in both languages."""

    en: str
    ru: str

    def in_(self, language: Language) -> str:
        """Return the words in one language."""
        return self.ru if language == "ru" else self.en


@frozen
class Problem:
    """Why one row cannot be sent, found without asking the service.

    Attributes:
        field: The column that is wrong, as the file calls it.
        reason: What is wrong with it; never the value itself.
        hint: What to do about it.
        code: The code by which the service would refuse this, where it documents one.
    """

    field: str
    reason: Text
    hint: Text
    code: int | None = None


class CannotImport(JustClickError):  # says what is the case
    """The import cannot start, or cannot go on; nothing that was done is lost.

    Attributes:
        text: What is wrong, in both languages.
    """

    text: Text

    def __init__(self, text: Text, hint: Text) -> None:
        super().__init__(text.en, hint=hint.en, hint_ru=hint.ru)
        self.text = text


class FileProblem(CannotImport):
    """The input cannot be read as rows of orders."""


class JournalProblem(CannotImport):
    """The journal is damaged, or belongs to something else; it was left as it is."""


class JournalInUse(JournalProblem):
    """Another importer is at work on this journal."""
