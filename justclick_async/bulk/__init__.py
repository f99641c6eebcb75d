"""Bulk import: many orders, none lost and none created twice; statuses and contacts as well.

    imported = await import_orders(client, "orders.csv", account="username")

    async for sent in create_orders(client, orders):
        print(sent.number, sent.fate, sent.bill_id)

The first keeps a journal and goes on after a crash; ``justclick import`` does the same in steps.
The second keeps nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from justclick_async.bulk.contacts import CONTACTS, Contact
    from justclick_async.bulk.failures import Stop, StopReason
    from justclick_async.bulk.fates import Fate, State
    from justclick_async.bulk.importer import Finished, Importer, Reached
    from justclick_async.bulk.journal import Identity, Journal, Totals
    from justclick_async.bulk.kinds import Kind
    from justclick_async.bulk.orders import ORDERS
    from justclick_async.bulk.planning import make_plan, plan_rows
    from justclick_async.bulk.problems import (
        CannotImport,
        FileProblem,
        JournalInUse,
        JournalProblem,
        Problem,
    )
    from justclick_async.bulk.processes import Processes, WorkerDied
    from justclick_async.bulk.report import Report, write_report
    from justclick_async.bulk.rows import Row, Rows, read_rows
    from justclick_async.bulk.running import Ran, run
    from justclick_async.bulk.shards import Plan, PlanOptions, ShardSpec, plan
    from justclick_async.bulk.statuses import STATUSES, StatusChange
    from justclick_async.bulk.streaming import Sent, create_orders
    from justclick_async.bulk.whole import (
        KINDS,
        ImportContacts,
        Imported,
        ImportOptions,
        ImportSource,
        ImportStatuses,
        import_contacts,
        import_orders,
        import_statuses,
    )
    from justclick_async.bulk.working import ShardDone, environment_key, run_shard, run_shard_async

__all__ = [
    "CONTACTS",
    "KINDS",
    "ORDERS",
    "STATUSES",
    "CannotImport",
    "Contact",
    "Fate",
    "FileProblem",
    "Finished",
    "Identity",
    "ImportContacts",
    "ImportOptions",
    "ImportSource",
    "ImportStatuses",
    "Imported",
    "Importer",
    "Journal",
    "JournalInUse",
    "JournalProblem",
    "Kind",
    "Plan",
    "PlanOptions",
    "Problem",
    "Processes",
    "Ran",
    "Reached",
    "Report",
    "Row",
    "Rows",
    "Sent",
    "ShardDone",
    "ShardSpec",
    "State",
    "StatusChange",
    "Stop",
    "StopReason",
    "Totals",
    "WorkerDied",
    "create_orders",
    "environment_key",
    "import_contacts",
    "import_orders",
    "import_statuses",
    "make_plan",
    "plan",
    "plan_rows",
    "read_rows",
    "run",
    "run_shard",
    "run_shard_async",
    "write_report",
]

_HOMES = {
    "contacts": (
        "CONTACTS",
        "Contact",
    ),
    "failures": (
        "Stop",
        "StopReason",
    ),
    "fates": (
        "Fate",
        "State",
    ),
    "importer": (
        "Finished",
        "Importer",
        "Reached",
    ),
    "journal": (
        "Identity",
        "Journal",
        "Totals",
    ),
    "kinds": ("Kind",),
    "orders": ("ORDERS",),
    "planning": (
        "make_plan",
        "plan_rows",
    ),
    "problems": (
        "CannotImport",
        "FileProblem",
        "JournalInUse",
        "JournalProblem",
        "Problem",
    ),
    "processes": (
        "Processes",
        "WorkerDied",
    ),
    "report": (
        "Report",
        "write_report",
    ),
    "rows": (
        "Row",
        "Rows",
        "read_rows",
    ),
    "running": (
        "Ran",
        "run",
    ),
    "shards": (
        "Plan",
        "PlanOptions",
        "ShardSpec",
        "plan",
    ),
    "statuses": (
        "STATUSES",
        "StatusChange",
    ),
    "streaming": (
        "Sent",
        "create_orders",
    ),
    "whole": (
        "KINDS",
        "ImportContacts",
        "Imported",
        "ImportOptions",
        "ImportSource",
        "ImportStatuses",
        "import_contacts",
        "import_orders",
        "import_statuses",
    ),
    "working": (
        "ShardDone",
        "environment_key",
        "run_shard",
        "run_shard_async",
    ),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Load what is asked for when it is asked for: a command that imports nothing needs none."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
