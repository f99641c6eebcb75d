"""Files that are no CSV, and rows that are one order together."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from justclick_async.bulk.errors import FileProblem
from justclick_async.bulk.report import write_report
from justclick_async.bulk.rows.reader import read_rows
from justclick_async.bulk.states import RowOutcome
from justclick_async.models import Good, Order, Utm
from tests.bulk.formats.workbooks import xlsx
from tests.bulk.made import Answering, carry_out, planned


def jsonl(folder: Path, *lines: object) -> Path:
    path = folder / "orders.jsonl"
    text = "\n".join(x if isinstance(x, str) else json.dumps(x, ensure_ascii=False) for x in lines)
    path.write_text(text + "\n", encoding="utf-8")
    return path


class TestJsonLines:
    def test_a_field_that_is_given_twice_in_the_only_line_is_named(self, tmp_path: Path) -> None:
        path = jsonl(tmp_path, '{"email": "a@b.ru", "email": "c@d.ru", "goods": "x"}')
        with pytest.raises(FileProblem, match="line 1: 'email' appears twice"):
            read_rows(path)

    def test_objects_become_orders(self, tmp_path: Path) -> None:
        path = jsonl(
            tmp_path,
            {
                "email": "a@b.ru",
                "first_name": "Иван",
                "goods": [{"name": "invoice", "price": 1500.5}, "sales", {"good_name": "x"}],
                "created": 1291001819,
                "utm": {"source": "yandex", "aff_source": "p"},
                "timer_kill": True,
                "phone": 79287777777,
            },
            {"email": "c@d.ru", "goods": "invoice:1 500,50", "comment": None},
        )
        one, two = read_rows(path)
        assert one.order == Order(
            email="a@b.ru",
            first_name="Иван",
            goods=[Good("invoice", "1500.50"), Good("sales"), Good("x")],
            created=datetime.fromtimestamp(1291001819, UTC),
            utm=Utm(source="yandex", aff_source="p"),
            timer_kill=True,
            phone="79287777777",
        )
        assert two.order == Order(email="c@d.ru", goods=[Good("invoice", "1500.50")])

    def test_three_decimals_of_a_number_are_no_thousands(self, tmp_path: Path) -> None:
        path = jsonl(tmp_path, '{"email": "a@b.ru", "goods": [{"name": "x", "price": 1.500}]}')
        (row,) = read_rows(path)
        assert row.order is not None
        assert row.order.goods == (Good("x", "1.5"),)

    @pytest.mark.parametrize(
        "line",
        [
            "{",
            "[1]",
            '"x"',
            '{"email": [{"a": 1}], "goods": "x"}',
            '{"email": "a@b.ru", "goods": [{"name": "x", "count": 0}]}',
            '{"email": "a@b.ru", "goods": [{"name": "x", "count": 1.5}]}',
            '{"email": "a@b.ru", "goods": [{"name": "x", "colour": "red"}]}',
            '{"email": "a@b.ru", "goods": [{"name": "x", "price": "1;y"}]}',
            '{"email": "a@b.ru", "goods": [{"name": "x", "price": true}]}',
            '{"email": "a@b.ru", "goods": [{"name": "x", "price": 0.001}]}',
            '{"email": "a@b.ru", "goods": [{"name": "x", "price": 1.5E+3}]}',
            '{"email": "a@b.ru", "email": "c@d.ru", "goods": "x"}',
            '{"email": "a@b.ru", "goods": "x", "utm": {"source": "a", "source": "b"}}',
            '{"email": "a@b.ru", "goods": "x", "coupon": false}',
            '{"email": "a@b.ru", "goods": "x", "phone": 7.92878E+10}',
            '{"email": "a@b.ru", "goods": "x", "phone": ["+79161234567", "+79167654321"]}',
            '{"email": "a@b.ru", "goods": "x", "comment": "\\ud83d"}',
            '{"email": "a@b.ru", "goods": "x", "comment": "a\\u0000b"}',
            '{"email": "a@b.ru", "goods": [{"name": "x:y"}]}',
            '{"email": "a@b.ru", "goods": [{"name": "x", "price": NaN}]}',
        ],
    )
    def test_a_line_that_is_wrong_spoils_itself_only(self, tmp_path: Path, line: str) -> None:
        good = {"email": "a@b.ru", "goods": "x"}
        rows = list(read_rows(jsonl(tmp_path, good, line, good)))
        assert [bool(row.problems) for row in rows] == [False, True, False]

    def test_a_problem_names_its_field(self, tmp_path: Path) -> None:
        path = jsonl(
            tmp_path,
            {"email": "a@b.ru", "goods": "x", "comment": ""},
            '{"email": "a@b.ru", "goods": "x", "email": "c@d.ru"}',
            '{"email": "a@b.ru", "goods": "x", "comment": "cut \\ud83d"}',
            {"email": "a@b.ru", "goods": "x", "comment": [{"a": 1}]},
        )
        _, *bad = read_rows(path)
        assert [[problem.field for problem in row.problems] for row in bad] == [
            ["email"],
            ["comment"],
            ["comment"],
        ]

    def test_result_files_are_written_whatever_a_row_holds(self, tmp_path: Path) -> None:
        path = jsonl(
            tmp_path,
            {"email": "a@b.ru", "goods": "x", "comment": ""},
            '{"email": "a@b.ru", "goods": "x", "comment": "\\ud83d"}',
            '{"email": "\\ud83d',
        )
        with planned(path) as (rows, journal):
            finished = carry_out(Answering(), rows, journal)
            report = write_report(rows, journal)
        assert (finished.totals[RowOutcome.FAILED], report.rows) == (2, (1, 2, 0))

    def test_objects_within_objects_are_columns(self, tmp_path: Path) -> None:
        path = jsonl(
            tmp_path, {"customer": {"email": "a@b.ru", "name": {"first": "A"}}, "goods": "x"}
        )
        rename = {"customer.email": "email", "customer.name.first": "first_name"}
        (row,) = read_rows(path, rename=rename)
        assert row.order == Order(email="a@b.ru", goods=[Good("x")], first_name="A")

    @pytest.mark.parametrize("indent", [None, 0, 2])
    def test_an_array_is_read_however_it_is_written(
        self, tmp_path: Path, indent: int | None
    ) -> None:
        orders = [
            {"email": f"a{i}@b.ru", "goods": [{"name": "x", "quantity": 2}], "comment": '\\"]},['}
            for i in range(3)
        ]
        path = tmp_path / "orders.json"
        path.write_text(json.dumps(orders, indent=indent))
        rows = read_rows(path)
        assert [row.order and row.order.email for row in rows] == ["a0@b.ru", "a1@b.ru", "a2@b.ru"]
        assert [row.order.goods for row in rows if row.order] == [(Good("x"), Good("x"))] * 3
        lines = [row.record.line for row in rows]
        assert lines == ([1, 1, 1] if indent is None else [2, 12, 22])

    def test_an_array_is_read_piece_by_piece(self, tmp_path: Path) -> None:
        count = 5000  # some pieces end within an escape
        orders = [
            {"email": f"a{i}@b.ru", "goods": "x", "comment": "\\" * (i % 50)} for i in range(count)
        ]
        path = tmp_path / "orders.json"
        path.write_text(json.dumps(orders))
        rows = read_rows(path)
        assert [row.order and len(row.order.comment or "") for row in rows] == [
            i % 50 for i in range(count)
        ]
        assert [record.number for record in rows.records()] == list(range(1, count + 1))

    @pytest.mark.parametrize(
        "text", ['[{"email": "a@b.ru", "goods": "x"}', '[{"email": "a@b.ru", "goods": "x"}] {}']
    )
    def test_an_array_that_is_cut_off_is_refused(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "orders.json"
        path.write_text(text)
        with pytest.raises(FileProblem, match="damaged or truncated"):
            read_rows(path)

    @pytest.mark.parametrize("lines", [["[", "]"], ['{"email": 1'], ['{"emial": "a@b.ru"}']])
    def test_what_is_no_file_of_orders_is_refused(self, tmp_path: Path, lines: list[str]) -> None:
        with pytest.raises(FileProblem):
            read_rows(jsonl(tmp_path, *lines))

    def test_the_results_can_be_fed_back_in(self, tmp_path: Path) -> None:
        goods = [{"name": "x", "price": 2}, "y"]
        path = jsonl(tmp_path, {"email": "bad", "goods": goods}, {"email": "a@b.ru", "goods": "x"})
        with planned(path) as (rows, journal):
            carry_out(Answering(), rows, journal)
            failed = write_report(rows, journal).failed
        failed.write_text(failed.read_text().replace("bad", "c@d.ru"))
        (row,) = read_rows(failed)
        assert row.order == Order(email="c@d.ru", goods=[Good("x", 2), Good("y")])


class TestSpreadsheets:
    def test_numbers_keep_their_digits(self, tmp_path: Path) -> None:
        path = xlsx(
            tmp_path,
            ("email", "Телефон", "good_name_1", "good_sum_1", "postal_code"),
            ("a@b.ru", 79287777777.0, "invoice", 1500.5, 127055),
            (None, None, None, None, None),
            ("c@d.ru", "+7(928)777-77-77", "invoice", 12.12, "012345"),
        )
        one, two = read_rows(path)
        assert one.order == Order(
            email="a@b.ru",
            phone="79287777777",
            goods=[Good("invoice", "1500.5")],
            postal_code="127055",
        )
        assert two.order is not None
        assert two.order.goods == (Good("invoice", "12.12"),)
        assert (two.record.number, two.record.line) == (2, 4)

    def test_results_are_csv_that_excel_opens(self, tmp_path: Path) -> None:
        path = xlsx(tmp_path, ("email", "goods", "comment"), ("bad", "invoice", "Привет; мир"))
        with planned(path) as (rows, journal):
            finished = carry_out(Answering(), rows, journal)
            report = write_report(rows, journal)
        assert finished.totals[RowOutcome.FAILED] == 1
        assert report.failed.name == "orders.xlsx.failed.csv"
        assert report.failed.read_bytes().startswith(b"\xef\xbb\xbfemail;goods;comment;code;")

    def test_what_only_looks_like_one_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "orders.xlsx"
        path.write_bytes(b"PK\x03\x04 and no more")
        with pytest.raises(FileProblem, match="damaged or not a spreadsheet"):
            read_rows(path)

    def test_an_empty_sheet_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(FileProblem, match="empty"):
            read_rows(xlsx(tmp_path))


class TestRowsOfOneOrder:
    HEADER = "order;email;good_name;good_sum;comment\n"

    def orders(self, folder: Path, text: str) -> Path:
        path = folder / "orders.csv"
        path.write_text(self.HEADER + text)
        return path

    def test_consecutive_rows_with_one_key_are_one_order(self, tmp_path: Path) -> None:
        path = self.orders(
            tmp_path,
            "7;a@b.ru;x;1;hello\n7;;y;2;\n7;a@b.ru;z;;hello\n8;a@b.ru;x;1;\n;c@d.ru;x;;\n;c@d.ru;y;;\n",
        )
        assert [
            Order(email="a@b.ru", goods=[Good("x", 1), Good("y", 2), Good("z")], comment="hello"),
            Order(email="a@b.ru", goods=[Good("x", 1)]),
            Order(email="c@d.ru", goods=[Good("x")]),
            Order(email="c@d.ru", goods=[Good("y")]),
        ] == [row.order for row in read_rows(path)]

    def test_rows_that_disagree_are_told(self, tmp_path: Path) -> None:
        (row,) = read_rows(self.orders(tmp_path, "7;a@b.ru;x;;\n7;c@d.ru;y;;\n"))
        assert [problem.field for problem in row.problems] == ["email"]

    def test_all_rows_of_an_order_end_in_the_same_file(self, tmp_path: Path) -> None:
        path = self.orders(tmp_path, "7;a@b.ru;x;;\n7;;y;;\n8;bad;x;;\n8;;y;;\n8;;z;;\n")
        with planned(path) as (rows, journal):
            finished = carry_out(Answering(), rows, journal)
            report = write_report(rows, journal)
        assert finished.totals.by_outcome == {RowOutcome.CREATED: 1, RowOutcome.FAILED: 1}
        assert report.rows == (2, 3, 0)
        assert len(report.failed.read_text().splitlines()) == 4

    def test_the_same_order_under_two_keys_is_two_orders(self, tmp_path: Path) -> None:
        path = self.orders(tmp_path, "7;a@b.ru;x;;\n8;a@b.ru;x;;\n")
        with planned(path) as (_, journal):
            assert journal.count_planned() == 2


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig"])
def test_json_lines_are_known_in_other_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "orders"
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    path.write_text(f'{mark}{{"email": "a@b.ru", "goods": ["x"]}}\n', encoding)
    (row,) = read_rows(path)
    assert row.order is not None
    assert row.order.email == "a@b.ru"


def test_bytes_that_are_no_text_are_told_without_the_text_before_them(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes("email;goods\nsecret@b.ru;x\n".encode("utf-16") + b"x")
    with pytest.raises(FileProblem, match="damaged or not encoded in utf-16") as refusal:
        list(read_rows(path))
    assert refusal.value.__suppress_context__
    assert getattr(refusal.value.__context__, "object", b"") == b""
