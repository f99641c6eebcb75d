"""Export of orders and other lists to files, and of an account to databases.

    await export.orders(client, "orders.csv", since=date(2024, 1, 1))    # AsyncJustClick
    export.orders(client, "orders.csv", since=date(2024, 1, 1))          # JustClick

A second run adds and updates.  The API cannot list contacts.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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


def __getattr__(name: str) -> object:
    """Load a name when it is used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "errors" if name == "CannotExport" else "exporter"
    found: object = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
