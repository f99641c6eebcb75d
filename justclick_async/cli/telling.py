"""What ``justclick import`` tells: the plan, the end, the way on."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from shutil import which
from typing import Any, cast

import attrs

from justclick_async.bulk.failures import StopReason
from justclick_async.bulk.fates import Fate
from justclick_async.bulk.importer import Finished
from justclick_async.bulk.journal import Totals
from justclick_async.bulk.kinds import Kind
from justclick_async.bulk.ledger import Ledger
from justclick_async.bulk.report import Report
from justclick_async.bulk.rows import Row, Rows
from justclick_async.cli.say import (
    Text,
    described,
    say,
    say_exception,
    say_json,
    say_table,
    to_people,
)
from justclick_async.models.orders import Good, Utm

__all__ = [
    "checked",
    "checked_json",
    "checking",
    "confirmed",
    "ended",
    "plan",
    "plan_json",
    "preview",
    "sandbox_holds",
    "stopping",
]


# ── Before ──────────────────────────────────────────────────────────────────────────


def preview(rows: Rows, first: Sequence[Row]) -> None:
    """Show the first rows as they were understood, field by field."""
    from rich.table import Table  # noqa: PLC0415

    say(f"{rows.table.path.name}: {rows.table.told}")
    grid = Table(to_people(Text("field", "поле")), box=None, pad_edge=False)
    for row in first:
        grid.add_column(to_people(Text("row", "строка")) + f" {row.record.number}", max_width=36)
    shown = [_understood(row) for row in first]
    for name in dict.fromkeys(name for fields in shown for name in fields):
        grid.add_row(name, *(fields.get(name, "") for fields in shown))
    say_table(grid)


def checking(rows: int) -> None:
    """Say how far the checking of a large file is."""
    say(Text(f"{rows:,} rows checked", f"проверено строк: {rows:,}"), quietly=True)


def _understood(row: Row) -> dict[str, str]:
    if row.item is None:
        return {problem.field: "✗ " + to_people(problem.reason) for problem in row.problems}
    return {name: _shown(value) for name, value in _fields(row.item) if value not in (None, ())}


def _fields(item: Any) -> Iterable[tuple[str, Any]]:
    for name in _names(item.__class__):
        value = getattr(item, name)
        if isinstance(value, Utm):
            yield from ((f"utm {mark}", getattr(value, mark)) for mark in _names(Utm))
        else:
            yield name, value


def _names(model: type[Any]) -> list[str]:
    return [attribute.name for attribute in attrs.fields(model)]


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_shown_item, cast("tuple[object, ...]", value)))
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S %Z")
    text = str(value)
    return text if len(text) <= 100 else f"{text[:99]}…"


def _shown_item(item: object) -> str:
    if isinstance(item, Good):
        return f"{item.name} {item.price if item.price is not None else '·'}"
    return str(item)


def plan(journal: Ledger, account: str, *, goes_on: bool) -> None:
    """Say what is going to happen."""
    totals, left = journal.totals(), journal.left()
    if goes_on:
        say(
            Text(
                f"Going on with {journal.path}: {totals.succeeded} of {totals.rows} rows are "
                f"done, {totals[Fate.FAILED]} failed, {totals[Fate.UNKNOWN]} unknown.",
                f"Продолжение по {journal.path}: выполнено {totals.succeeded} из {totals.rows} "
                f"строк, отказов {totals[Fate.FAILED]}, неизвестно {totals[Fate.UNKNOWN]}.",
            )
        )
    else:
        say(
            Text(
                f"{totals.rows} rows; {totals[Fate.FAILED]} cannot be sent; "
                f"{journal.repeats()} say the same as an earlier one.",
                f"Строк: {totals.rows}; нельзя отправить: {totals[Fate.FAILED]}; "
                f"повторяют более ранние: {journal.repeats()}.",
            )
        )
    say(Text(f"To send to {account}: {left}.", f"К отправке в {account}: {left}."))


def plan_json(rows: Rows, journal: Ledger, account: str, *, goes_on: bool) -> None:
    """Say what is going to happen, to a machine."""
    totals = journal.totals()
    say_json(
        {
            "event": "plan",
            "kind": rows.kind.name,
            "file": str(rows.table.path),
            "journal": str(journal.path),
            "account": account,
            "goes_on": goes_on,
            "rows": totals.rows,
            "to_send": journal.left(),
            "repeats": journal.repeats(),
            **_counts(rows.kind, totals),
        }
    )


def confirmed() -> bool:
    """Ask whether to send."""
    try:
        answer = input(to_people(Text("Send them? [y/N] ", "Отправить? [y/N] ")))
    except EOFError:
        return False
    return answer.strip().casefold() in ("y", "yes", "д", "да")


def checked(kind: Kind[Any], totals: Totals, repeats: int, bad: Sequence[Row]) -> None:
    """Say what a dry run has found, and what it cannot find."""
    for row in bad:
        where = Text(f"row {row.record.number}", f"строка {row.record.number}")
        line = Text(f"line {row.record.line}", f"{row.record.line}-я в файле")
        said = "; ".join(f"{p.field}: {to_people(p.reason)}" for p in row.problems)
        say(f"✗ {to_people(where)} ({to_people(line)}): {said}")
        say("  " + " ".join(dict.fromkeys(to_people(p.hint) for p in row.problems)))
    if totals[Fate.FAILED] > len(bad):
        more = totals[Fate.FAILED] - len(bad)
        say(Text(f"... and {more} more.", f"... и ещё {more}."))
    good = totals.rows - totals[Fate.FAILED]
    say(
        Text(
            f"{totals.rows} rows: {good} can be sent ({repeats} of them say the same as an earlier "
            f"one), {totals[Fate.FAILED]} cannot. Nothing was sent.",
            f"Строк {totals.rows}: можно отправить {good} (из них повторяют более ранние "
            f"{repeats}), нельзя {totals[Fate.FAILED]}. Ничего не отправлено.",
        )
    )
    say(kind.words.not_checked)


def checked_json(kind: Kind[Any], totals: Totals, repeats: int, bad: Sequence[Row]) -> None:
    """Say the same to a machine."""
    for row in bad:
        for problem in row.problems:
            say_json(
                {
                    "event": "problem",
                    "row": row.record.number,
                    "line": row.record.line,
                    "field": problem.field,
                    "code": problem.code,
                    "reason": to_people(problem.reason),
                    "hint": to_people(problem.hint),
                }
            )
    say_json(
        {
            "event": "checked",
            "rows": totals.rows,
            "can_be_sent": totals.rows - totals[Fate.FAILED],
            "cannot": totals[Fate.FAILED],
            "repeats": repeats,
            "not_checked": to_people(kind.words.not_checked),
        }
    )


# ── After ───────────────────────────────────────────────────────────────────────────


def stopping() -> None:
    """Say that it ends soon."""
    say(
        Text(
            "Finishing what is under way; once more gives it up.",
            "Завершаю начатое; повторный сигнал прервёт сразу.",
        ),
        quietly=True,
    )


def ended(
    kind: Kind[Any], journal: Ledger, finished: Finished, report: Report, *, as_json: bool
) -> None:
    """Say what became of the rows, where it stands, and how to go on."""
    resume = resume_line() if finished.totals.unprocessed else None
    if as_json:
        _ended_json(kind, finished, report, resume)
        return
    _summary(kind, finished.totals, report)
    _reasons(journal)
    if finished.stop is not None:
        _why_stopped(finished)
    if resume:
        say(Text("Go on with:", "Продолжить:"))
        say(f"  {resume}")


_WORDS = {
    Fate.REPEAT: Text("say the same as an earlier row", "повторяют более ранние строки"),
    Fate.FAILED: Text("failed", "отказ"),
    Fate.UNKNOWN: Text("unknown", "неизвестно"),
    Fate.NOT_SENT: Text("not sent", "не отправлено"),
}


def _summary(kind: Kind[Any], totals: Totals, report: Report) -> None:
    files = dict(
        zip(Fate, [report.success] * 3 + [report.failed] + [report.unprocessed] * 2, strict=True)
    )
    say("")
    words_of = {Fate.CREATED: kind.words.done, Fate.EXISTED: kind.words.existed, **_WORDS}
    for fate, words in words_of.items():
        if totals[fate] or fate in (Fate.CREATED, Fate.FAILED):
            say(f"{totals[fate]:>9,}  {to_people(words):<32} {files[fate]}")
    say(f"{totals.rows:>9,}  " + to_people(Text("rows in all", "всего строк")))
    untouched = [path for path, count in zip(report.paths, report.rows, strict=True) if not count]
    if untouched:
        names = ", ".join(map(str, untouched))
        say(Text(f"Without rows: {names}", f"Без строк: {names}"))


def _reasons(journal: Ledger) -> None:
    for code, reason, times in journal.failures():
        said = f"{code} {reason}" if code is not None else reason
        say(f"  {times} × {said}")


_STOPPED = {
    StopReason.ASKED: Text("Stopped as asked.", "Остановлено по запросу."),
    StopReason.ACCOUNT: Text(
        "Stopped: the service does not let this account in.",
        "Остановлено: сервис не допускает этот аккаунт.",
    ),
    StopReason.LIMIT: Text(
        "Stopped: the service says that the limit of calls is reached.",
        "Остановлено: сервис сообщает, что лимит обращений исчерпан.",
    ),
    StopReason.SAME_ERROR: Text(
        "Stopped: one row after the other failed in the same way (--stop-after).",
        "Остановлено: строки подряд завершились одной и той же ошибкой (--stop-after).",
    ),
    StopReason.BROKEN: Text("Stopped.", "Остановлено."),
}


def _why_stopped(finished: Finished) -> None:
    if finished.stop is None:
        return
    say(_STOPPED[finished.stop.reason])
    if finished.stop.error is not None:
        say_exception(finished.stop.error)


def _ended_json(kind: Kind[Any], finished: Finished, report: Report, resume: str | None) -> None:
    stop = finished.stop
    say_json(
        {
            "event": "end",
            "rows": finished.totals.rows,
            **_counts(kind, finished.totals),
            "stopped": stop.reason if stop else None,
            "error": described(stop.error) if stop and stop.error else None,
            "success_file": str(report.success),
            "failed_file": str(report.failed),
            "unprocessed_file": str(report.unprocessed),
            "resume": resume,
        }
    )


def _counts(kind: Kind[Any], totals: Totals) -> dict[str, int]:
    return {kind.said(fate): totals[fate] for fate in Fate}


def resume_line() -> str:
    """Return the exact line that was typed, as far as Python knows it; the same line goes on."""
    words = list(sys.orig_argv)
    program = Path(sys.argv[0])
    if program.name in words[1:2] or str(program) in words[1:2]:
        known = which(program.name)
        words = [program.name if known and Path(known) == program else str(program), *words[2:]]
    return shlex.join(_PASSWORD.sub(r"\1@", word) for word in words)


_PASSWORD = re.compile(r"(postgres(?:ql)?://[^:/@]*):[^@]*@")
"""A password within the URL of a journal; the URL does without where JUSTCLICK_JOURNAL_PASSWORD is
set."""


def sandbox_holds(held: Text, counts: Mapping[str, object], state: Path, *, as_json: bool) -> None:
    """Say what the embedded sandbox really holds, so that nobody has to take our word for it."""
    if as_json:
        say_json({"event": "sandbox", **counts, "db": str(state)})
        return
    say(
        Text(
            f"The sandbox holds {held.en}. Look at them: justclick sandbox --db {state}",
            f"В песочнице {held.ru}. Посмотреть: justclick sandbox --db {state}",
        )
    )
