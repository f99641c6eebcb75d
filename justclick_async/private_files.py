"""Files with customers' data: readable by their owner only, never created through a symbolic link.

Another user with write access to the directory could create a link to another file.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from hashlib import file_digest
from pathlib import Path
from typing import IO, Any

__all__ = ["NO_LINK", "create_private", "digest_of", "draft_of", "open_draft", "open_new"]

NO_LINK: int = getattr(os, "O_NOFOLLOW", 0)
"""The flag that rejects links; Windows has none."""


def create_private(path: str | os.PathLike[str]) -> None:
    """Create an empty file with mode 0600 if it does not exist; SQLite copies the mode.

    Raises:
        OSError: It is a symbolic link, or cannot be created.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_LINK
    with suppress(FileExistsError):
        os.close(os.open(path, flags, 0o600))
    if Path(path).is_symlink():
        raise OSError(errno.ELOOP, "it is a symbolic link; name the file itself", os.fspath(path))


def draft_of(path: Path) -> Path:
    """Return the path of the file that takes the place of another one when it is complete."""
    return path.with_name(f"{path.name}.tmp")


@contextmanager
def open_draft(path: Path, mode: str = "w", **options: Any) -> Generator[IO[Any], None, None]:
    """Open the draft of a file; it is on the disk at the end, or deleted if the block fails.

    Afterwards ``draft_of(path).replace(path)`` puts it in place.

    Args:
        path: The file that it is to replace.
        mode: As of ``open``, as are the *options*.
        options: ``encoding``, ``errors``, ``newline``.

    Raises:
        OSError: It cannot be written.
    """
    draft = draft_of(path)
    try:
        draft.unlink(missing_ok=True)  # one left behind may be readable by all
        with open(draft, mode, opener=open_new, **options) as file:  # Path.open takes no opener
            yield file
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def open_new(path: str, flags: int) -> int:
    """Open a file that must not exist; for ``opener=`` of ``open``."""
    return os.open(path, flags | os.O_EXCL | NO_LINK, 0o600)


def digest_of(path: Path) -> str:
    """Return the SHA-256 digest of a file."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
