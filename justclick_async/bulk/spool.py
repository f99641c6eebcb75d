"""Orders from code, kept on the disk so that an import of them can go on after a crash.

They are written as JSON, one a line, exactly as they are; reading them back guesses nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hashlib import blake2b, sha256
from pathlib import Path
from tempfile import mkstemp
from typing import Any

import attrs
from attrs import evolve, frozen

from justclick_async.bulk.rows import Row
from justclick_async.bulk.tables import Record
from justclick_async.models.orders import Good, Order, Utm
from justclick_async.wire import money

__all__ = ["Spool", "spool"]


@frozen
class Spool:
    """Orders on the disk.

    Attributes:
        path: Where they are.
        digest: SHA-256 of the file.
    """

    path: Path
    digest: str

    def keep(self, path: Path) -> Spool:
        """Move it to its place, where a later run may expect it."""
        return evolve(self, path=self.path.replace(path))

    def discard(self) -> None:
        """Delete it."""
        self.path.unlink(missing_ok=True)

    def records(self) -> Iterator[Record]:
        """Read the orders as text."""
        with self.path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                yield Record(number, number, (line,))

    def read(self, record: Record) -> Row:
        """Read one order."""
        return Row(record, _order(json.loads(record.cells[0])))

    def fingerprint(self, record: Record) -> bytes:
        """Return what tells orders apart."""
        return blake2b(record.cells[0].encode(), digest_size=16).digest()


def spool(orders: Iterable[Order], path: Path) -> Spool:
    """Write orders to a private file beside *path*, for ``keep`` to put in its place."""
    digest = sha256()
    file, name = mkstemp(prefix=f"{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(file, "wb") as draft:
            for order in orders:
                line = json.dumps(_plain(order), ensure_ascii=False).encode() + b"\n"
                digest.update(line)
                draft.write(line)
            draft.flush()
            os.fsync(draft.fileno())
    except BaseException:
        Path(name).unlink()
        raise
    return Spool(Path(name), digest.hexdigest())


# ── From an order to JSON and back ──────────────────────────────────────────────────


def _plain(order: Order) -> dict[str, Any]:
    fields = {
        a.name: value for a in attrs.fields(Order) if (value := getattr(order, a.name)) is not None
    }
    fields["goods"] = [[g.name, None if g.price is None else money(g.price)] for g in order.goods]
    if order.utm is not None:
        fields["utm"] = attrs.asdict(order.utm, filter=lambda _, value: value is not None)
    for name in _TIMES:
        if isinstance(fields.get(name), datetime):
            fields[name] = [fields[name].astimezone(UTC).isoformat()]
    return fields


_TIMES = ("created", "timer_kill")


def _order(fields: dict[str, Any]) -> Order:
    goods = [Good(name, price) for name, price in fields.pop("goods")]
    utm = Utm(**fields.pop("utm")) if "utm" in fields else None
    for name in _TIMES:
        if isinstance(fields.get(name), list):
            fields[name] = datetime.fromisoformat(fields[name][0])
    return Order(**fields, goods=goods, utm=utm)
