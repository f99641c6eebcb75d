"""A lock on a file that dies with its process, whatever kills it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["FileLock", "Locked"]

_FAR_AWAY = 2**40
"""Beyond anything that SQLite locks or a journal fills: on Windows a locked byte is unreadable."""


class Locked(Exception):  # says what is the case
    """Somebody else holds the lock."""


class FileLock:
    """Holds a file for as long as it lives; made for private use where it is not there yet.

    On POSIX this is ``flock``, which SQLite's own locks (``fcntl``) do not know of: others may read
    the journal meanwhile.

    Raises:
        Locked: Somebody else holds it, be it in this process.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        try:
            _lock(self._file)
        except OSError:
            os.close(self._file)
            raise Locked from None

    def release(self) -> None:
        """Let it go; a second time does nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        os.lseek(file, _FAR_AWAY, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
