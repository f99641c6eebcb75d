"""Output of ``justclick import``: the preview, the plan, the result, how to resume."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from shutil import which
from typing import Any, cast

import attrs

from justclick_async.bulk.journal.base import SANDBOX_ACCOUNT, Journal
from justclick_async.bulk.journal.model import Totals
from justclick_async.bulk.journal_url import without_secrets
from justclick_async.bulk.kinds.base import Kind
from justclick_async.bulk.policy import StopReason
from justclick_async.bulk.results import ImportResult, Report
from justclick_async.bulk.rows.reader import Row, Rows
from justclick_async.bulk.states import RowOutcome
from justclick_async.cli.import_preview import PreviewData, reading_json, reading_lines
from justclick_async.cli.output import (
    describe_error,
    echo,
    echo_exception,
    echo_json,
    echo_table,
    is_yes,
    translate,
)
from justclick_async.messages import Message, _, ngettext
from justclick_async.models.orders import Good, Utm
from justclick_async.models.products import GoodSettings
from justclick_async.proxies import add_scheme

__all__ = [
    "ask_confirmation",
    "describe_outcomes",
    "print_dry_run_json",
    "print_plan_json",
    "show_dry_run",
    "show_plan",
    "show_preview",
    "show_result",
    "show_sandbox",
]


# ── Before ──────────────────────────────────────────────────────────────────────────


def show_preview(rows: Rows, first: Sequence[Row], preview: PreviewData | None) -> None:
    """Show how the file was read, and its first rows field by field."""
    from rich.table import Column  # noqa: PLC0415

    echo(f"{rows.table.path.name}: {translate(rows.table.description)}")
    for line in (*rows.notes, *reading_lines(rows, preview)):
        echo(line)
    if not first:
        return
    fields_of = [_fields_shown(row) for row in first]
    names = dict.fromkeys(name for fields in fields_of for name in fields)
    echo_table(
        ([name, *(fields.get(name, "") for fields in fields_of)] for name in names),
        translate(_("field")),
        *(
            Column(translate(number), max_width=36, overflow="fold")
            for number in (_("row {number}", number=row.record.number) for row in first)
        ),
        pad_edge=False,
    )


def _fields_shown(row: Row) -> dict[str, str]:
    if row.item is None:
        return {problem.field: "✗ " + translate(problem.reason) for problem in row.problems}
    return {name: _shown(value) for name, value in _fields(row.item) if value not in (None, ())}


def _fields(item: Any) -> Iterable[tuple[str, Any]]:
    for name in _names(item.__class__):
        value = getattr(item, name)
        if isinstance(value, Utm | GoodSettings):
            prefix = "utm " if isinstance(value, Utm) else ""
            yield from ((f"{prefix}{each}", getattr(value, each)) for each in _names(type(value)))
        else:
            yield name, value


def _names(model: type[Any]) -> list[str]:
    return [attribute.name for attribute in attrs.fields(model)]


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_shown, cast("tuple[object, ...]", value)))
    if isinstance(value, Good):
        return f"{value.name} {value.price if value.price is not None else '·'}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S %Z")
    text = str(value)
    return text if len(text) <= 100 else f"{text[:99]}…"


def show_plan(
    journal: Journal, account: str, *, is_resumed: bool, rate: float | None, first: int | None
) -> None:
    """Show what will be sent, and how long that takes."""
    echo(_describe_plan(journal, is_resumed=is_resumed))
    left = journal.count_planned()
    left = left if first is None else min(left, first)
    if profile := _profile(account):
        account = _("{account}, profile {profile}", account=account, profile=profile)
    echo(
        _("To send to the sandbox: {rows}.", rows=_rows(left))
        if account == SANDBOX_ACCOUNT
        else _("To send to {account}: {rows}.", account=account, rows=_rows(left))
    )
    if rate and left:
        takes = _duration(left / rate)
        echo(
            _(
                "At {rate:g} requests per second this takes at least {takes}.",
                rate=rate,
                takes=takes,
            )
        )


def _describe_plan(journal: Journal, *, is_resumed: bool) -> Message:
    totals = journal.totals()
    failed = totals[RowOutcome.FAILED]
    if is_resumed:
        return _(
            "Resuming {journal}: {done} of {total} rows done, {failed} failed, {unknown} unknown.",
            journal=str(journal.path),
            done=totals.succeeded,
            total=totals.rows,
            failed=failed,
            unknown=totals[RowOutcome.UNKNOWN],
        )
    return _(
        "{rows}; cannot be sent: {failed}; duplicates of earlier rows: {duplicates}.",
        rows=_rows(totals.rows),
        failed=failed,
        duplicates=journal.count_duplicates(),
    )


def _profile(account: str) -> str | None:
    return os.environ.get("JUSTCLICK_PROFILE") or None if account != SANDBOX_ACCOUNT else None


def _rows(count: int) -> Message:
    return ngettext("{count} row", "{count} rows", count)


def _duration(seconds: float) -> Message:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return _("{hours} h {minutes} min", hours=hours, minutes=minutes)
    if minutes:
        return _("{minutes} min {seconds} s", minutes=minutes, seconds=seconds)
    return _("{seconds} s", seconds=max(1, seconds))


def print_plan_json(
    rows: Rows, journal: Journal, account: str, preview: PreviewData | None
) -> None:
    """Print the plan for machines."""
    totals = journal.totals()
    echo_json(
        {
            "event": "plan",
            "kind": rows.kind.name,
            "file": str(rows.table.path),
            "journal": str(journal.path),
            "account": account,
            "profile": _profile(account),
            "resumed": preview is None,
            **reading_json(rows, preview),
            "rows": totals.rows,
            "to_send": journal.count_planned(),
            "duplicates": journal.count_duplicates(),
            **_counts(rows.kind, totals),
        }
    )


def ask_confirmation() -> bool:
    """Ask for confirmation."""
    try:
        answer = input(translate(_("Send them? [y/N] ")))
    except EOFError:
        return False
    return is_yes(answer)


def show_dry_run(
    kind: Kind[Any],
    totals: Totals,
    duplicates: int,
    refused_rows: Sequence[Row],
    failed: Path | None,
) -> None:
    """Show the result of a dry run, and what it cannot check."""
    for row in refused_rows:
        where = _("row {row} (line {line})", row=row.record.number, line=row.record.line)
        reasons = "; ".join(f"{p.field}: {translate(p.reason)}" for p in row.problems)
        echo(f"✗ {translate(where)}: {reasons}")
        echo("  " + " ".join(dict.fromkeys(translate(p.hint) for p in row.problems)))
    wrong = totals[RowOutcome.FAILED]
    if wrong > len(refused_rows):
        echo(_("... and {count} more.", count=wrong - len(refused_rows)))
    if failed is not None:
        echo(_("All rows that cannot be sent, with reasons: {file}", file=str(failed)))
    echo(
        _(
            "{rows}; can be sent: {good} (duplicates of earlier rows: {duplicates}); cannot be "
            "sent: {bad}. Nothing was sent.",
            rows=_rows(totals.rows),
            good=totals.rows - wrong,
            duplicates=duplicates,
            bad=wrong,
        )
    )
    echo(kind.words.not_checked)


def print_dry_run_json(
    rows: Rows, totals: Totals, duplicates: int, preview: PreviewData, failed: Path | None
) -> None:
    """Print the result of a dry run for machines."""
    for row in preview.refused_rows:
        for problem in row.problems:
            echo_json(
                {
                    "event": "problem",
                    "row": row.record.number,
                    "line": row.record.line,
                    "field": problem.field,
                    "code": problem.code,
                    "reason": translate(problem.reason),
                    "hint": translate(problem.hint),
                }
            )
    echo_json(
        {
            "event": "checked",
            "rows": totals.rows,
            "can_be_sent": totals.rows - totals[RowOutcome.FAILED],
            "cannot": totals[RowOutcome.FAILED],
            "duplicates": duplicates,
            "failed_file": None if failed is None else str(failed),
            "not_checked": translate(rows.kind.words.not_checked),
            **reading_json(rows, preview),
        }
    )


# ── After ───────────────────────────────────────────────────────────────────────────


def show_result(
    kind: Kind[Any], journal: Journal, finished: ImportResult, report: Report, *, as_json: bool
) -> None:
    """Show the outcomes of the rows, the result files, and how to resume."""
    resume = _command_line() if finished.totals.unprocessed else None
    if as_json:
        _print_result_json(kind, finished, report, resume)
        return
    _summary(kind, finished.totals, report)
    _reasons(journal, report)
    if finished.stop is not None:
        echo(_STOPPED[finished.stop.reason])
        if finished.stop.error is not None:
            echo_exception(finished.stop.error)
    if resume:
        echo(_("To resume, run:"))
        echo(f"  {resume}")


def describe_outcomes(kind: Kind[Any]) -> dict[RowOutcome, Message]:
    """Return the words for each outcome of a row, in their order."""
    return {
        RowOutcome.CREATED: kind.words.done,
        RowOutcome.EXISTED: kind.words.existed,
        RowOutcome.DUPLICATE: _("duplicates of earlier rows"),
        RowOutcome.FAILED: _("failed"),
        RowOutcome.UNKNOWN: _("unknown"),
        RowOutcome.NOT_SENT: _("not sent"),
    }


def _summary(kind: Kind[Any], totals: Totals, report: Report) -> None:
    files = (*[report.success] * 3, report.failed, *[report.unprocessed] * 2)
    echo("")
    lines = [
        (totals[outcome], translate(words), file)
        for (outcome, words), file in zip(describe_outcomes(kind).items(), files, strict=True)
        if totals[outcome] or outcome in (RowOutcome.CREATED, RowOutcome.FAILED)
    ]
    width = max(len(words) for _count, words, _file in lines)
    for count, words, file in lines:
        echo(f"{count:>9,}  {words:<{width}}  {file}")
    echo(f"{totals.rows:>9,}  {translate(_TOTAL)}")
    empty = [str(path) for path, rows in zip(report.paths, report.rows, strict=True) if not rows]
    if empty:
        echo(_("Files without rows: {files}", files=", ".join(empty)))


_TOTAL = _("total")


def _reasons(journal: Journal, report: Report) -> None:
    for code, reason, times in journal.count_failures():
        text = translate(reason)
        echo(f"  {times} × {text if code is None else f'{code} {text}'}")
    for reason, times in report.not_sent:
        echo(_("  {times} × not sent: {reason}", times=times, reason=reason))


_STOPPED = {
    StopReason.ASKED: _("Stopped by a signal."),
    StopReason.ACCOUNT: _("Stopped: the service refuses this account."),
    StopReason.LIMIT: _("Stopped: the call limit of the account is used up."),
    StopReason.SAME_ERROR: _(
        "Stopped: consecutive rows failed with the same error (--stop-after)."
    ),
    StopReason.FIRST: _(
        "Stopped after the first rows (--first). The same command without --first sends the rest."
    ),
    StopReason.MAX_ERRORS: _("Stopped: too many rows failed (--max-errors)."),
    StopReason.BROKEN: _("Stopped."),
}


def _print_result_json(
    kind: Kind[Any], finished: ImportResult, report: Report, resume: str | None
) -> None:
    stop = finished.stop
    echo_json(
        {
            "event": "end",
            "rows": finished.totals.rows,
            **_counts(kind, finished.totals),
            "stopped": stop.reason if stop else None,
            "error": describe_error(stop.error) if stop and stop.error else None,
            "success_file": str(report.success),
            "failed_file": str(report.failed),
            "unprocessed_file": str(report.unprocessed),
            "not_sent_because": dict(report.not_sent),
            "resume": resume,
        }
    )


def _counts(kind: Kind[Any], totals: Totals) -> dict[str, int]:
    return {kind.said(outcome): totals[outcome] for outcome in RowOutcome}


def _command_line() -> str:
    """Return the command line as it was typed: the same one resumes the import."""
    words = list(sys.orig_argv)
    program = Path(sys.argv[0])
    if program.name in words[1:2] or str(program) in words[1:2]:
        found = which(program.name)
        words = [program.name if found and Path(found) == program else str(program), *words[2:]]
    for number, word in enumerate(words):  # host:port must look like a URL to lose its password
        option, equals, value = word.partition("=")
        if option == "--proxy" and equals:
            words[number] = f"{option}={add_scheme(value)}"
        elif words[number - 1] == "--proxy":
            words[number] = add_scheme(word)
    return shlex.join(map(without_secrets, words))


def show_sandbox(
    text: Message, counts: Mapping[str, object], state: Path, *, as_json: bool
) -> None:
    """Show the content of the embedded sandbox, as proof of the result."""
    if as_json:
        echo_json({"event": "sandbox", **counts, "db": str(state)})
        return
    echo(
        _(
            "The sandbox holds {content}. To look at them, run: justclick sandbox --db {state}",
            content=text,
            state=str(state),
        )
    )
