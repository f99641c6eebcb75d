"""Bulk import: many orders, none lost and none created twice.

    rows = read_rows("orders.csv")
    with Journal(Path("orders.csv.journal"), identity) as journal:
        journal.plan(plan_rows(rows), now=...)
        finished = await Importer(client, rows, journal).run()
        write_report(rows, journal)

The command ``justclick import`` does just that.
"""

from justclick_async.bulk.failures import Stop, StopReason
from justclick_async.bulk.fates import Fate, State
from justclick_async.bulk.importer import Finished, Importer, Reached
from justclick_async.bulk.journal import Identity, Journal, Totals
from justclick_async.bulk.plan import plan_rows
from justclick_async.bulk.problems import (
    CannotImport,
    FileProblem,
    JournalInUse,
    JournalProblem,
    Problem,
)
from justclick_async.bulk.report import Report, write_report
from justclick_async.bulk.rows import Row, Rows, read_rows

__all__ = [
    "CannotImport",
    "Fate",
    "FileProblem",
    "Finished",
    "Identity",
    "Importer",
    "Journal",
    "JournalInUse",
    "JournalProblem",
    "Problem",
    "Reached",
    "Report",
    "Row",
    "Rows",
    "State",
    "Stop",
    "StopReason",
    "Totals",
    "plan_rows",
    "read_rows",
    "write_report",
]
