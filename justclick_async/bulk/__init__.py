"""Bulk import: many orders, none lost and none created twice; statuses and contacts as well.

    result = await client.import_orders("orders.csv")

    async for sent in client.create_orders(orders):
        print(sent.number, sent.outcome, sent.bill_id)

The first keeps a journal and resumes after a crash; ``justclick import`` does the same in steps.
The second keeps nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from justclick_async.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from collections.abc import Callable

    from justclick_async.bulk.api import KINDS
    from justclick_async.bulk.errors import (
        CannotImport,
        FileProblem,
        JournalInUse,
        JournalProblem,
        Problem,
    )
    from justclick_async.bulk.importer import Importer
    from justclick_async.bulk.items import Contact, GoodChange, StatusChange, TagChange, V2Order
    from justclick_async.bulk.job import Plan, ShardSpec, plan
    from justclick_async.bulk.journal.base import Journal
    from justclick_async.bulk.journal.model import Identity, Totals
    from justclick_async.bulk.journal.sqlite import SqliteJournal
    from justclick_async.bulk.kinds.base import Kind
    from justclick_async.bulk.kinds.contacts import CONTACTS
    from justclick_async.bulk.kinds.goods import GOODS
    from justclick_async.bulk.kinds.orders import ORDERS
    from justclick_async.bulk.kinds.statuses import STATUSES
    from justclick_async.bulk.kinds.tags import TAGS
    from justclick_async.bulk.kinds.v2_orders import V2_ORDERS
    from justclick_async.bulk.methods import (
        ImportSource,
        create_orders,
        import_contacts,
        import_goods,
        import_orders,
        import_statuses,
        import_tags,
        import_v2_orders,
    )
    from justclick_async.bulk.options import ImportKeywords, ImportOptions
    from justclick_async.bulk.planning import make_plan, plan_rows
    from justclick_async.bulk.policy import Stop, StopReason
    from justclick_async.bulk.pool import Processes, WorkerDied, run
    from justclick_async.bulk.report import write_report
    from justclick_async.bulk.results import ImportResult, OrderResult, Report, RowEvent
    from justclick_async.bulk.rows.options import ReadKeywords, ReadOptions
    from justclick_async.bulk.rows.reader import Row, Rows, read_rows
    from justclick_async.bulk.states import RowOutcome, RowState
    from justclick_async.bulk.worker import environment_key, run_shard, run_shard_async

__all__ = [
    "CONTACTS",
    "GOODS",
    "KINDS",
    "ORDERS",
    "STATUSES",
    "TAGS",
    "V2_ORDERS",
    "CannotImport",
    "Contact",
    "FileProblem",
    "GoodChange",
    "Identity",
    "ImportKeywords",
    "ImportOptions",
    "ImportResult",
    "ImportSource",
    "Importer",
    "Journal",
    "JournalInUse",
    "JournalProblem",
    "Kind",
    "OrderResult",
    "Plan",
    "Problem",
    "Processes",
    "ReadKeywords",
    "ReadOptions",
    "Report",
    "Row",
    "RowEvent",
    "RowOutcome",
    "RowState",
    "Rows",
    "ShardSpec",
    "SqliteJournal",
    "StatusChange",
    "Stop",
    "StopReason",
    "TagChange",
    "Totals",
    "V2Order",
    "WorkerDied",
    "create_orders",
    "environment_key",
    "import_contacts",
    "import_goods",
    "import_orders",
    "import_statuses",
    "import_tags",
    "import_v2_orders",
    "make_plan",
    "plan",
    "plan_rows",
    "read_rows",
    "run",
    "run_shard",
    "run_shard_async",
    "write_report",
]

_EXPORTS = {
    "errors": ("CannotImport", "FileProblem", "JournalInUse", "JournalProblem", "Problem"),
    "api": ("KINDS",),
    "importer": ("Importer",),
    "items": ("Contact", "GoodChange", "StatusChange", "TagChange", "V2Order"),
    "job": ("Plan", "ShardSpec", "plan"),
    "journal.base": ("Journal",),
    "journal.model": ("Identity", "Totals"),
    "journal.sqlite": ("SqliteJournal",),
    "kinds.base": ("Kind",),
    "kinds.contacts": ("CONTACTS",),
    "kinds.goods": ("GOODS",),
    "kinds.orders": ("ORDERS",),
    "kinds.statuses": ("STATUSES",),
    "kinds.tags": ("TAGS",),
    "kinds.v2_orders": ("V2_ORDERS",),
    "methods": (
        "ImportSource",
        "create_orders",
        "import_contacts",
        "import_goods",
        "import_orders",
        "import_statuses",
        "import_tags",
        "import_v2_orders",
    ),
    "options": ("ImportKeywords", "ImportOptions"),
    "planning": ("make_plan", "plan_rows"),
    "policy": ("Stop", "StopReason"),
    "pool": ("Processes", "WorkerDied", "run"),
    "report": ("write_report",),
    "results": ("ImportResult", "OrderResult", "Report", "RowEvent"),
    "rows.options": ("ReadKeywords", "ReadOptions"),
    "rows.reader": ("Row", "Rows", "read_rows"),
    "states": ("RowOutcome", "RowState"),
    "worker": ("environment_key", "run_shard", "run_shard_async"),
}

__getattr__: Callable[[str], object]
__dir__: Callable[[], list[str]]
__getattr__, __dir__ = lazy_exports(__name__, _EXPORTS)
