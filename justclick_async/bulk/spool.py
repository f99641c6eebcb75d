"""Orders and the like from code, kept on the disk so that an import can go on after a crash.

They are written as JSON, one a line, exactly as they are; reading them back guesses nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from hashlib import blake2b, sha256
from pathlib import Path
from tempfile import mkstemp
from typing import Any

from attrs import evolve, frozen

from justclick_async.bulk.kinds import Kind
from justclick_async.bulk.orders import ORDERS
from justclick_async.bulk.rows import Row
from justclick_async.bulk.tables import Record
from justclick_async.errors import InvalidInputType
from justclick_async.models.checks import type_name

__all__ = ["Spool", "spool"]


@frozen
class Spool:
    """Orders, or items of another kind, on the disk.

    Attributes:
        path: Where they are.
        digest: SHA-256 of the file.
        kind: What they are.
    """

    path: Path
    digest: str
    kind: Kind[Any] = ORDERS

    def keep(self, path: Path) -> Spool:
        """Move it to its place, where a later run may expect it."""
        return evolve(self, path=self.path.replace(path))

    def discard(self) -> None:
        """Delete it."""
        self.path.unlink(missing_ok=True)

    def records(self) -> Iterator[Record]:
        """Read the items as text."""
        with self.path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                yield Record(number, number, (line,))

    def read(self, record: Record) -> Row:
        """Read one item."""
        return Row(record, self.kind.unpack(json.loads(record.cells[0])))

    def fingerprint(self, record: Record) -> bytes:
        """Return what tells items apart."""
        return blake2b(record.cells[0].encode(), digest_size=16).digest()


def spool(items: Iterable[Any], path: Path, kind: Kind[Any] = ORDERS) -> Spool:
    """Write items to a private file beside *path*, for ``keep`` to put in its place.

    Raises:
        InvalidInputType: One of them is none of this kind.
    """
    digest = sha256()
    file, name = mkstemp(prefix=f"{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(file, "wb") as draft:
            for number, item in enumerate(items, 1):
                line = json.dumps(_packed(item, number, kind), ensure_ascii=False).encode() + b"\n"
                digest.update(line)
                draft.write(line)
            draft.flush()
            os.fsync(draft.fileno())
    except BaseException:
        Path(name).unlink()
        raise
    return Spool(Path(name), digest.hexdigest(), kind)


def _packed(item: object, number: int, kind: Kind[Any]) -> dict[str, Any]:
    if not isinstance(item, kind.model):
        wanted = kind.model.__name__
        raise InvalidInputType(
            f"item {number} must be {wanted}, not {type_name(item)}.",
            field=f"item {number}",
            hint=f"Pass an iterable of {wanted}, or the path of a file.",
            hint_ru=f"Передайте итерируемый объект из {wanted} или путь к файлу.",
        )
    return kind.pack(item)
