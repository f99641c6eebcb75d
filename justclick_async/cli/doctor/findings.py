"""What a check found: whether it works, in a sentence, and what to do if it does not."""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import frozen

from justclick_async.bulk.problems import Text

__all__ = ["Finding", "State", "fine", "noted", "skipped", "wrong"]

State: TypeAlias = Literal["ok", "note", "wrong", "skipped"]


@frozen
class Finding:
    """What one check found.

    Attributes:
        check: Which one; for machines.
        state: ``ok``; ``note``: it works, and there is something to know; ``wrong``; ``skipped``:
            it could not be made.
        text: What was found, or why it could not be made; neither the key nor what an answer held.
        hint: What to do.
    """

    check: str
    state: State
    text: Text
    hint: Text | None = None


def fine(check: str, en: str, ru: str) -> Finding:
    """Return a check that found nothing wrong."""
    return Finding(check, "ok", Text(en, ru))


def noted(check: str, en: str, ru: str, hint: Text | None = None) -> Finding:
    """Return a check that found something to know."""
    return Finding(check, "note", Text(en, ru), hint)


def wrong(check: str, en: str, ru: str, hint: Text) -> Finding:
    """Return a check that found something wrong."""
    return Finding(check, "wrong", Text(en, ru), hint)


def skipped(check: str, en: str, ru: str) -> Finding:
    """Return a check that could not be made."""
    return Finding(check, "skipped", Text(en, ru))
