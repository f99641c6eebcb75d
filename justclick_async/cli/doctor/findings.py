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
        check: The name of the check, for machines.
        state: ``ok``; ``note``, it works and there is something to know; ``wrong``; ``skipped``.
        text: The finding, or why the check was skipped; without the key or data of an answer.
        hint: What to do.
    """

    check: str
    state: State
    text: str
    hint: str | None = None


def fine(check: str, text: str) -> Finding:
    """Return a check that passed."""
    return Finding(check, "ok", text)


def noted(check: str, text: Message, hint: Message | None = None) -> Finding:
    """Return a check that passed, and found something to know."""
    return Finding(check, "note", text, hint)


def wrong(check: str, text: Message, hint: str) -> Finding:
    """Return a check that failed."""
    return Finding(check, "wrong", text, hint)


def failed(check: str, error: JustClickError) -> Finding:
    """Return a check that failed with an error of the package."""
    return Finding(check, "wrong", error.message, error.hint)


def skipped(check: str, text: Message) -> Finding:
    """Return a check that could not be made."""
    return Finding(check, "skipped", text)
