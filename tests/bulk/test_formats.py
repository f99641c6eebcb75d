"""Files that are no CSV, and rows that are one order together."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

from justclick_async.bulk.fates import Fate
from justclick_async.bulk.problems import FileProblem
from justclick_async.bulk.report import write_report
from justclick_async.bulk.rows import read_rows
from justclick_async.models import Good, Order, Utm
from tests.bulk.made import Answering, carry_out, planned


def jsonl(folder: Path, *lines: object) -> Path:
    path = folder / "orders.jsonl"
    text = "\n".join(x if isinstance(x, str) else json.dumps(x, ensure_ascii=False) for x in lines)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def xlsx(folder: Path, *rows: tuple[Any, ...]) -> Path:
    """Write the least that Excel calls a workbook: text inline, numbers as they are."""

    def cell(value: Any, column: int, row: int) -> str:
        at = f'r="{chr(65 + column)}{row}"'
        if isinstance(value, int | float):
            return f"<c {at}><v>{value!r}</v></c>"
        return f'<c {at} t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'

    sheet = "".join(
        f'<row r="{r}">{"".join(cell(v, c, r) for c, v in enumerate(row) if v is not None)}</row>'
        for r, row in enumerate(rows, 1)
    )
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    files = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{rel}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {main} xmlns:r="{rel}"><sheets>'
        '<sheet name="Orders" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{rel}/worksheet" Target="worksheets/sheet1.xml"/>'
        "</Relationships>",
        "xl/worksheets/sheet1.xml": f"<worksheet {main}><sheetData>{sheet}</sheetData></worksheet>",
    }
    path = folder / "orders.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{content}')
    return path


class TestJsonLines:
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
        path = jsonl(tmp_path, '{"email": "a@b.ru", "goods": [{"name": "x", "price": 1.125}]}')
        (row,) = read_rows(path)
        assert row.order is not None
        assert row.order.goods == (Good("x", "1.125"),)

    @pytest.mark.parametrize(
        "line",
        [
            "{",
            "[1]",
            '"x"',
            '{"email": {"a": 1}, "goods": "x"}',
            '{"email": "a@b.ru", "goods": [{"name": "x", "count": 2}]}',
            '{"email": "a@b.ru", "goods": [{"name": "x:y"}]}',
            '{"email": "a@b.ru", "goods": [{"name": "x", "price": NaN}]}',
        ],
    )
    def test_a_line_that_is_wrong_spoils_itself_only(self, tmp_path: Path, line: str) -> None:
        good = {"email": "a@b.ru", "goods": "x"}
        rows = list(read_rows(jsonl(tmp_path, good, line, good)))
        assert [bool(row.problems) for row in rows] == [False, True, False]

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
            ("c@d.ru", "+7(928)777-77-77", "invoice", 12.125, "012345"),
        )
        one, two = read_rows(path)
        assert one.order == Order(
            email="a@b.ru",
            phone="79287777777",
            goods=[Good("invoice", "1500.5")],
            postal_code="127055",
        )
        assert two.order is not None
        assert two.order.goods == (Good("invoice", "12.125"),)
        assert (two.record.number, two.record.line) == (2, 4)

    def test_results_are_csv_that_excel_opens(self, tmp_path: Path) -> None:
        path = xlsx(tmp_path, ("email", "goods", "comment"), ("bad", "invoice", "Привет; мир"))
        with planned(path) as (rows, journal):
            finished = carry_out(Answering(), rows, journal)
            report = write_report(rows, journal)
        assert finished.totals[Fate.FAILED] == 1
        assert report.failed.name == "orders.xlsx.failed.csv"
        assert report.failed.read_bytes().startswith(b"\xef\xbb\xbfemail;goods;comment;code;")

    def test_what_only_looks_like_one_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "orders.xlsx"
        path.write_bytes(b"PK\x03\x04 and no more")
        with pytest.raises(FileProblem, match="no spreadsheet"):
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
        assert finished.totals.by_fate == {Fate.CREATED: 1, Fate.FAILED: 1}
        assert report.rows == (2, 3, 0)
        assert len(report.failed.read_text().splitlines()) == 4

    def test_the_same_order_under_two_keys_is_two_orders(self, tmp_path: Path) -> None:
        path = self.orders(tmp_path, "7;a@b.ru;x;;\n8;a@b.ru;x;;\n")
        with planned(path) as (_, journal):
            assert journal.left() == 2


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig"])
def test_json_lines_are_known_in_other_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "orders"
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    path.write_text(f'{mark}{{"email": "a@b.ru", "goods": ["x"]}}\n', encoding)
    (row,) = read_rows(path)
    assert row.order.email == "a@b.ru"


def test_bytes_that_are_no_text_are_told_without_the_text_before_them(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes("email;goods\nsecret@b.ru;x\n".encode("utf-16") + b"x")
    with pytest.raises(FileProblem, match="damaged, or not written in utf-16") as refusal:
        list(read_rows(path))
    assert refusal.value.__suppress_context__
    assert getattr(refusal.value.__context__, "object", b"") == b""
