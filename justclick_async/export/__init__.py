"""Export of orders and other lists to files, and of an account to databases.

    await export.orders(client, "orders.csv", since=date(2024, 1, 1))    # AsyncJustClick
    export.orders(client, "orders.csv", since=date(2024, 1, 1))          # JustClick

A second run adds and updates.  The API cannot list contacts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from justclick_async.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from collections.abc import Callable

    from justclick_async.export.errors import CannotExport
    from justclick_async.export.exporter import (
        Exporter,
        ExportKeywords,
        ExportProgress,
        ExportResult,
        coupons,
        goods,
        groups,
        managers,
        orders,
        partners,
    )

__all__ = [
    "CannotExport",
    "ExportKeywords",
    "ExportProgress",
    "ExportResult",
    "Exporter",
    "coupons",
    "goods",
    "groups",
    "managers",
    "orders",
    "partners",
]

_EXPORTS = {
    "errors": ("CannotExport",),
    "exporter": (
        "ExportKeywords",
        "ExportProgress",
        "ExportResult",
        "Exporter",
        "coupons",
        "goods",
        "groups",
        "managers",
        "orders",
        "partners",
    ),
}

__getattr__: Callable[[str], object]
__dir__: Callable[[], list[str]]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
