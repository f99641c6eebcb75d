"""Errors of exports."""

from __future__ import annotations

from justclick_async.errors import JustClickError
from justclick_async.messages import Message

__all__ = ["CannotExport"]


class CannotExport(JustClickError):
    """The export cannot start, or its file cannot be written; nothing that was read is lost."""

    def __init__(self, message: Message, hint: Message) -> None:
        super().__init__(message, hint=hint)
