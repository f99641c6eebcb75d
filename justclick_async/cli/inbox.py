"""The inbox: requests that ``justclick notifications listen --save`` received."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

from justclick_async.cli.errors import CannotStart
from justclick_async.messages import _
from justclick_async.private_files import create_private

__all__ = ["Inbox"]


class Inbox:
    """Requests of notifications in an SQLite file; it holds personal data.

    Args:
        path: The file; it is created if *create*.
        create: Whether to create the file.

    Raises:
        CannotStart: The file cannot be opened, or is not an inbox.
    """

    def __init__(self, path: str, *, create: bool) -> None:
        self._path = path
        try:
            if create:
                create_private(path)
            elif not Path(path).is_file():
                raise FileNotFoundError(2, "no such file")
            with closing(self._connect()) as connection, connection:
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS requests"
                    " (number INTEGER PRIMARY KEY, digest BLOB UNIQUE, received REAL, body BLOB)"
                )
        except (OSError, sqlite3.Error) as error:
            why = getattr(error, "strerror", None) or error
            raise CannotStart(
                _("cannot open {file}: {why}.", file=path, why=str(why)),
                _("Use a file of its own, written by: justclick notifications listen --save FILE"),
            ) from None

    def add(self, body: bytes) -> None:
        """Save a body, once."""
        values = (sha256(body).digest(), time.time(), body)
        with closing(self._connect()) as connection, connection:
            connection.execute(
                "INSERT OR IGNORE INTO requests (digest, received, body) VALUES (?, ?, ?)", values
            )

    def bodies(self) -> Iterator[bytes]:
        """Yield the bodies in the order in which they arrived."""
        with closing(self._connect()) as connection:
            for (body,) in connection.execute("SELECT body FROM requests ORDER BY number"):
                yield bytes(body)

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=30)
