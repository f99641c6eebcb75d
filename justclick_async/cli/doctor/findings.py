"""The finding of a check: its state, a sentence, and what to do if something is wrong."""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import frozen

from justclick_async.errors import JustClickError
from justclick_async.messages import Message

__all__ = ["Finding", "State", "failed", "fine", "noted", "skipped", "wrong"]

State: TypeAlias = Literal["ok", "note", "wrong", "skipped"]


@frozen
class Finding:
    """The finding of one check.

    Attributes:
        state: ``ok``; ``note``, it works and there is something to know; ``wrong``; ``skipped``.
        text: The finding, or why the check was skipped; without the key or data of an answer.
        hint: What to do.
        check: The name of the check, for machines.
    """

    state: State
    text: str
    hint: str | None = None
    check: str = ""


def fine(text: str) -> Finding:
    """Return a check that passed."""
    return Finding("ok", text)


def noted(text: Message, hint: Message | None = None) -> Finding:
    """Return a check that passed, and found something to know."""
    return Finding("note", text, hint)


def wrong(text: Message, hint: str) -> Finding:
    """Return a check that failed."""
    return Finding("wrong", text, hint)


def failed(error: JustClickError) -> Finding:
    """Return a check that failed with an error of the package."""
    return Finding("wrong", error.message, error.hint)


def skipped(text: Message) -> Finding:
    """Return a check that could not be made."""
    return Finding("skipped", text)
