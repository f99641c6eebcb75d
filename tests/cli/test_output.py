"""Results as tables, JSON and CSV, on a terminal and in a pipe."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from justclick_async import Good, JustClick, Order, Utm
from justclick_async.cli.output import echo_table
from tests.cli.command import JUSTCLICK, KEY, LOGIN, Service, environment, run, service

LIST = ("orders", "get-orders-with-goods", "--begin", "2024-05-01", "--end", "2024-05-31")
LONG = "someone.with.a.long.name@a-department.example.com"
FIELDS = ("email", "first_name", "last_name", "phone", "postal_code", "comment", "coupon", "tag")


@pytest.fixture(scope="module")
def there() -> Iterator[Service]:
    with service() as running:
        with JustClick(LOGIN, KEY, base_url=running.url, rate=None) as client:
            for day, email, text in (1, "a@example.com", "=1+1"), (2, LONG, 'a "b"; c\nd'):
                client.create_order(
                    Order(
                        email=email,
                        goods=[Good("invoice", price="1234.50"), Good("sales")],
                        first_name="Анна-Мария",
                        last_name="Константинопольская",
                        phone="+79161234567",
                        postal_code="012345",
                        comment=text,
                        tag=text,
                        created=1714552200 + 86400 * day,
                        utm=Utm(source="NULL", medium="cpc"),
                    )
                )
        yield running


def on_terminal(*words: str, env: dict[str, str], columns: int = 80) -> str:
    """Return what a command prints to a terminal, without styles."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen(
        [*JUSTCLICK, *words], stdin=theirs, stdout=theirs, stderr=theirs, env=env
    )
    os.close(theirs)
    said = b""
    try:
        while piece := os.read(ours, 65536):
            said += piece
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    process.wait(30)
    return re.sub(r"\x1b\[[\d;]*m", "", said.decode()).replace("\r\n", "\n")


def test_a_list_of_orders_fits_into_80_columns(there: Service) -> None:
    shown = on_terminal(*LIST, env=there.env | {"TERM": "xterm", "TZ": "UTC"})
    header, first, second, rest = (line.rstrip() for line in shown.splitlines())
    assert header.split() == ["bill_id", "created", "email", "price", "pay_status"]
    numbers = [str(order["bill_id"]) for order in there.orders]
    assert first.split() == [
        *(numbers[0], "2024-05-02", "08:30", "a@example.com", "3434.50", "waiting")
    ]
    assert second.split()[0] == numbers[1]
    assert "".join((second.split()[3], rest.strip())) == LONG
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert "…" not in shown


def test_a_table_in_a_pipe_has_one_whole_line_for_each_record(there: Service) -> None:
    ran = run(*LIST, "--columns", "bill_id,email,goods,comment,last_name", env=there.env)
    lines = ran.out.splitlines()
    assert len(lines) == 3
    assert LONG in lines[2]
    assert "invoice:1234.50, sales:2200.00" in lines[2]
    assert "Константинопольская" in lines[2]


def test_a_wide_table_in_a_pipe_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    echo_table([["x" * 5000, "y" * 5000]], "a", "b")
    assert "x" * 5000 + "  " + "y" * 5000 in capsys.readouterr().out


def test_a_preview_shows_the_whole_of_short_and_long_cells(tmp_path: Path) -> None:
    long = f"{'l' * 40}@example.com"
    file = tmp_path / "in.csv"
    file.write_text("".join(["bill_id;status\n", *(f"10293{n};cancel\n" for n in range(3))]))
    ran = run("import", file, "--kind", "statuses", "--sandbox", "--dry-run")
    assert "102930  102931  102932\n" in ran.out
    file.write_text(f"email;goods\n{long};invoice\na@example.com;invoice\n")
    shown = run("import", file, "--sandbox", "--dry-run").out
    assert long[:36] in shown
    assert "…" not in shown


def test_json_is_indented_on_a_terminal_only(there: Service) -> None:
    words = (*LIST, "--output", "json", "--columns", "bill_id,email")
    shown = on_terminal(*words, env=there.env | {"TERM": "xterm"})
    piped = run(*words, env=there.env).out
    assert len(shown.splitlines()) > 8
    assert len(piped.splitlines()) == 1
    assert json.loads(shown) == json.loads(piped)
    assert [order["email"] for order in json.loads(piped)] == ["a@example.com", LONG]


def test_json_holds_every_field(there: Service) -> None:
    first, _second = json.loads(run(*LIST, "--output", "json", env=there.env).out)
    assert first["items"][0]["sum"] == "1234.50"
    assert first["created"] == "2024-05-02T08:30:00+00:00"
    assert first["comment"] == "=1+1"


@pytest.mark.parametrize("columns", ["email,bill_id", " email , bill_id ,"])
def test_columns_are_printed_in_the_order_in_which_they_are_named(
    there: Service, columns: str
) -> None:
    for output in "csv", "jsonl":
        out = run(*LIST, "--output", output, "--columns", columns, env=there.env).out
        if output == "csv":
            names, *rows = csv.reader(io.StringIO(out))
        else:
            documents = [json.loads(line) for line in out.splitlines()]
            names, rows = list(documents[0]), [list(each.values()) for each in documents]
        assert names == ["email", "bill_id"]
        assert [row[0] for row in rows] == ["a@example.com", LONG]


@pytest.mark.parametrize("output", ["table", "json", "jsonl", "csv"])
def test_an_unknown_column_is_refused_before_anything_is_sent(output: str) -> None:
    env = environment(
        JUSTCLICK_LOGIN="x", JUSTCLICK_API_KEY=KEY, JUSTCLICK_BASE_URL="http://127.0.0.1:9"
    )
    ran = run(*LIST, "--output", output, "--columns", "bill_id,custumer", env=env)
    assert ran.code == 2
    assert "unknown column 'custumer'." in ran.err
    assert "bill_id, " in ran.err


def test_an_empty_list_is_empty_in_every_format() -> None:
    words = ("orders", "get-orders-with-goods", "--begin", "2001-01-01", "--end", "2001-01-02")
    outputs = {
        name: run(*words, "--sandbox", "--output", name) for name in ("json", "jsonl", "csv")
    }
    assert outputs["json"].out == "[]\n"
    assert outputs["jsonl"].out == ""
    assert outputs["csv"].out.startswith("bill_id,created,email,goods,price,")
    shown = run(*words, "--sandbox")
    assert (shown.out, shown.err) == ("", "No results.\n")


def test_values_and_nothing_are_printed_in_every_format() -> None:
    count = ("contacts", "get-count-subscribe", "all", "--sandbox", "--output")
    assert [run(*count, name).out for name in ("table", "json", "jsonl", "csv")] == ["0\n"] * 4
    done = ("contacts", "delete-subscribe", "a@b.ru", "super", "--sandbox", "--output")
    with service() as there:
        run("contacts", "add-lead-to-group", "a@b.ru", "super", env=there.env)
        ran = run(*done[:4], "--output", "json", env=there.env)
    assert (ran.code, ran.out) == (0, "null\n")


@pytest.mark.parametrize("output", ["csv", "jsonl"])
def test_the_import_reads_what_is_printed(there: Service, tmp_path: Path, output: str) -> None:
    path = tmp_path / f"orders.{output}"
    path.write_text(run(*LIST, "--output", output, env=there.env).out, "utf-8")
    with service() as empty:
        ran = run("import", path, "--yes", env=empty.env)
        assert ran.code == 0, ran.err
        assert list(map(_compared, empty.orders)) == list(map(_compared, there.orders))


def _compared(order: dict[str, Any]) -> dict[str, Any]:
    goods = [(good["good_name"], good["good_sum"]) for good in order["goods"]]
    same = {name: order[name] for name in (*FIELDS, "created", "utm") if name in order}
    return same | {"goods": goods}
