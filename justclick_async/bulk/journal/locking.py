"""A lock on a file that ends with its process, however that ends."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from threading import Lock

from justclick_async.private_files import NO_LINK, create_private

__all__ = ["FileLock", "Locked"]

_FAR_AWAY = 2**40
"""Beyond anything that SQLite locks or a journal fills: on Windows a locked byte is unreadable."""


class Locked(Exception):  # no error of the program
    """Another process holds the lock."""


class FileLock:
    """Holds a file for as long as it lives; made for private use where it is not there yet.

    Several may *share* it; otherwise it is exclusive.

    On POSIX this is ``flock``, which SQLite's own locks (``fcntl``) do not know of: others may read
    the journal meanwhile.

    Raises:
        Locked: It is held already, by this process or another one.
        OSError: It cannot be opened, or is a symbolic link.
    """

    def __init__(self, path: Path, *, share: bool = False) -> None:
        create_private(path)
        self._file = os.open(path, os.O_RDWR | NO_LINK | getattr(os, "O_BINARY", 0))
        _opened(self._file)
        try:
            _lock(self._file, share=share)
        except OSError:
            self.release()
            raise Locked from None

    def release(self) -> None:
        """Let it go; a second time does nothing."""
        if self._file >= 0:
            _close(self._file)
            self._file = -1


if sys.platform == "win32":
    import msvcrt
    from contextlib import suppress

    _PLACES = 64  # no shared locks here: a sharer locks one byte, an exclusive owner all

    def _lock(file: int, *, share: bool) -> None:
        places = range(_PLACES) if share else range(1)
        for place in places:
            os.lseek(file, _FAR_AWAY + place, os.SEEK_SET)
            with suppress(OSError):
                msvcrt.locking(file, msvcrt.LK_NBLCK, 1 if share else _PLACES)
                return
        raise OSError("all places are taken")

    def _opened(file: int) -> None: ...

    _close = os.close
else:
    import fcntl

    def _lock(file: int, *, share: bool) -> None:
        fcntl.flock(file, (fcntl.LOCK_SH if share else fcntl.LOCK_EX) | fcntl.LOCK_NB)

    # close() drops all fcntl locks that the process has on the file, whichever descriptor it
    # closes.  SQLite would lose those of its connections, another process would take itself for
    # the last one and delete the write-ahead log, and every later commit would be lost.  So
    # descriptors of a file are closed together, when this process needs none of them any longer.
    _mutex = Lock()
    _unreleased: Counter[tuple[int, int]] = Counter()
    _released: dict[tuple[int, int], list[int]] = {}

    def _opened(file: int) -> None:
        with _mutex:
            _unreleased[_inode(file)] += 1

    def _close(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
        inode = _inode(file)
        with _mutex:
            _released.setdefault(inode, []).append(file)
            _unreleased[inode] -= 1
            if not _unreleased[inode]:
                del _unreleased[inode]
                for each in _released.pop(inode):
                    os.close(each)

    def _inode(file: int) -> tuple[int, int]:
        status = os.fstat(file)
        return status.st_dev, status.st_ino
