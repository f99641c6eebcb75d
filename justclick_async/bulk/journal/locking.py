"""A lock on a file that ends with its process, however that ends."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from threading import Lock

from justclick_async.private_files import NO_LINK, create_private

__all__ = ["FileLock", "LockHeld"]

_FAR_AWAY = 2**40
"""Beyond anything that SQLite locks or a journal fills: on Windows a locked byte is unreadable."""


class LockHeld(Exception):  # callers translate it
    """Another process, or another part of this one, holds the lock."""


class FileLock:
    """A lock on a file, held until it is released or the process ends.

    The file is created for private use where it does not exist.  Several may *share* the lock;
    otherwise it is exclusive.

    On POSIX this is ``flock``, which SQLite's own locks (``fcntl``) do not know of: others may read
    the journal meanwhile.

    Raises:
        LockHeld: It is held already, by this process or another one.
        OSError: The file cannot be opened, or is a symbolic link.
    """

    def __init__(self, path: Path, *, share: bool = False) -> None:
        create_private(path)
        self._process = os.getpid()
        self._file = _open(path)
        try:
            _lock(self._file, share=share)
        except OSError:
            self.release()
            raise LockHeld from None

    def release(self) -> None:
        """Release the lock; a second time does nothing.

        A child that was forked only closes its copy: the lock is its parent's.
        """
        if self._file >= 0:
            (_close if self._process == os.getpid() else os.close)(self._file)
            self._file = -1


_FLAGS = os.O_RDWR | NO_LINK | getattr(os, "O_BINARY", 0)

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

    def _open(path: Path) -> int:
        return os.open(path, _FLAGS)

    _close = os.close
else:
    import fcntl

    def _lock(file: int, *, share: bool) -> None:
        fcntl.flock(file, (fcntl.LOCK_SH if share else fcntl.LOCK_EX) | fcntl.LOCK_NB)

    class _Descriptors:
        """The open files of the locks of this process.

        ``close`` drops every ``fcntl`` lock that the process has on the file, whichever descriptor
        it closes.  SQLite would lose those of its connections: another process would take itself
        for the last one and delete the write-ahead log, and later commits would be lost.  So a
        descriptor is kept, for the next lock of the file, until the process has none left.
        """

        def __init__(self) -> None:
            self.reset()

        def reset(self) -> None:
            """Forget all of them, in a forked child: locks on them are its parent's."""
            self._mutex = Lock()
            self._locks: Counter[tuple[int, int]] = Counter()
            self._spare: dict[tuple[int, int], list[int]] = {}

        def open(self, path: Path) -> int:
            with self._mutex:
                spare = self._spare.get(_inode(os.lstat(path)))
                file = spare.pop() if spare else os.open(path, _FLAGS)
                self._locks[_inode(os.fstat(file))] += 1
                return file

        def close(self, file: int) -> None:
            fcntl.flock(file, fcntl.LOCK_UN)
            inode = _inode(os.fstat(file))
            with self._mutex:
                self._spare.setdefault(inode, []).append(file)
                self._locks[inode] -= 1
                if not self._locks[inode]:
                    del self._locks[inode]
                    for each in self._spare.pop(inode):
                        os.close(each)

    def _inode(status: os.stat_result) -> tuple[int, int]:
        return status.st_dev, status.st_ino

    _descriptors = _Descriptors()
    os.register_at_fork(after_in_child=_descriptors.reset)
    _open, _close = _descriptors.open, _descriptors.close
