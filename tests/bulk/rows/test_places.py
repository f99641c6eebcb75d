"""A file can be read on from the place of any row, and no order of several lines is cut in two."""

from __future__ import annotations

import csv
import io
import json
from operator import itemgetter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from justclick_async.bulk.formats.base import Place, Record
from justclick_async.bulk.rows.reader import Rows, read_rows
from tests.bulk.formats.test_formats import xlsx

words = st.text("abя \"';,\n\r", max_size=6)
keys = st.sampled_from(["", "", "1", "2"])
files = st.lists(st.tuples(words, keys), min_size=1, max_size=40).map(
    lambda lines: sorted(lines, key=itemgetter(1))  # an order that goes on below others is refused
)
quietly = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def must_fit_together(rows: Rows, step: int = 1) -> None:
    """Read on from every place, or from each so many, and compare it with all that was read."""
    whole = list(rows.records())
    for at in range(0, len(whole), step):
        assert list(rows.records(place_of(whole[at]))) == whole[at:]


def place_of(record: Record) -> Place:
    return Place(record.number, record.line, record.offset)


@quietly
@given(
    lines=files,
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1251", "utf-16"]),
    hint=st.booleans(),
)
def test_places_of_csv(
    tmp_path: Path,
    lines: list[tuple[str, str]],
    newline: str,
    encoding: str,
    hint: bool,
) -> None:
    path = tmp_path / "orders.csv"
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator=newline, quoting=csv.QUOTE_ALL)
    writer.writerow(["email", "goods", "comment", "order_key"])
    writer.writerows(("a@example.com", "invoice:1", word, key) for word, key in lines)
    said = ("sep=;" + newline if hint else "") + text.getvalue() + newline * 3
    path.write_bytes(said.encode(encoding))
    rows = read_rows(path, encoding=encoding, delimiter=";")
    assert sum(1 + len(record.more) for record in rows.records()) == len(lines)
    must_fit_together(rows)


@quietly
@given(lines=files, blank=st.integers(0, 2))
def test_places_of_json_lines(tmp_path: Path, lines: list[tuple[str, str]], blank: int) -> None:
    path = tmp_path / "orders.jsonl"
    objects = [
        {"email": "a@example.com", "goods": "invoice:1", "comment": word, "order_key": key}
        for word, key in lines
    ]
    text = "".join(json.dumps(o, ensure_ascii=False) + "\n" * (1 + blank) for o in objects)
    path.write_text(text, encoding="utf-8")
    must_fit_together(read_rows(path))


def test_rows_that_are_refused_and_bytes_that_are_no_text_move_nothing(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    rows = b"".join(b'b@example.com;"x" y;\xff\xfe %d\n;;\n\n' % i for i in range(30))
    path.write_bytes(b"email;goods;comment\n" + rows)
    must_fit_together(read_rows(path, encoding="utf-8"))


def test_reading_from_the_middle_reads_nothing_of_what_comes_before(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("email;goods\n" + "a@example.com;invoice:1\n" * 100)
    rows = read_rows(path)
    start = place_of(list(rows.records())[50])
    assert start.offset is not None
    spoilt = bytearray(path.read_bytes())
    spoilt[: start.offset] = b'"' * start.offset
    path.write_bytes(spoilt)
    assert [record.number for record in rows.records(start)] == list(range(51, 101))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_where_no_byte_can_be_told_the_file_is_read_through(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("email;goods\n" + "a@example.com;invoice:1\n" * 20, encoding=encoding)
    rows = read_rows(path, encoding=encoding)
    assert {record.offset for record in rows.records()} == {None}
    must_fit_together(rows)


def test_a_spreadsheet_is_read_through(tmp_path: Path) -> None:
    rows = read_rows(xlsx(tmp_path, ("email", "goods"), *[("a@example.com", "x")] * 9))
    must_fit_together(rows)
