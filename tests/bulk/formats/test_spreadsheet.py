"""Spreadsheets are read as they are shown, or refused."""

from __future__ import annotations

import tracemalloc
import zipfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from justclick_async.bulk.errors import FileProblem
from justclick_async.bulk.formats.base import RefusedCell
from justclick_async.bulk.formats.numbers import parse_number_format
from justclick_async.bulk.kinds.contacts import CONTACTS
from justclick_async.bulk.rows.reader import Row, read_rows
from justclick_async.models import Good, Order
from tests.bulk.formats.workbooks import MAIN, by_hand, ods, saved

HEADER = ("email", "Товар", "Цена", "Индекс", "created")
DATA = Path(__file__).parents[2] / "data"


def one(path: Path, **options: Any) -> Row:
    (row,) = read_rows(path, **options)
    return row


def problem(row: Row) -> str:
    (found,) = row.problems
    return f"{found.field}: {found.reason}"


class TestCells:
    @pytest.mark.parametrize("error", ["#N/A", "#REF!", "#DIV/0!", "#ЗНАЧ!", "#SPILL!", "#BUSY!"])
    @pytest.mark.parametrize("column", [0, 1, 2, 3, 4])
    def test_an_error_value_is_refused_in_any_field(
        self, tmp_path: Path, error: str, column: int
    ) -> None:
        cells = "".join(
            f'<c r="{letter}2" t="e"><v>{error}</v></c>'
            if at == column
            else f'<c r="{letter}2" t="str"><v>{value}</v></c>'
            for at, (letter, value) in enumerate(
                zip("ABCDE", ("a@b.ru", "x", "1", "127055", "2024-05-17"), strict=True)
            )
        )
        names = "".join(
            f'<c r="{letter}1" t="str"><v>{name}</v></c>'
            for letter, name in zip("ABCDE", HEADER, strict=True)
        )
        path = by_hand(tmp_path, f'<row r="1">{names}</row><row r="2">{cells}</row>')
        row = one(path)
        assert row.order is None
        assert f"{HEADER[column]}: contains an error value" in problem(row)

    @pytest.mark.parametrize("column", ["Цена", "created"])
    def test_a_formula_without_a_result_is_refused(self, tmp_path: Path, column: str) -> None:
        path = saved(tmp_path, [("email", "Товар", column), ("a@b.ru", "x", "=1+1")])
        assert "formula whose result is not saved" in problem(one(path))

    def test_results_that_are_to_be_calculated_anew_are_refused(self, tmp_path: Path) -> None:
        """XlsxWriter writes 0 for each formula, and that it is to be calculated on opening."""
        row = '<row r="2"><c r="A2" t="str"><v>a@b.ru</v></c><c r="B2" t="str"><v>x</v></c>'
        price = '<c r="C2"><f>1500*2</f><v>0</v></c></row>'
        names = by_hand_header("email", "Товар", "Цена")
        uncalculated = by_hand(tmp_path, names + row + price, book='<calcPr fullCalcOnLoad="1"/>')
        assert "formula" in problem(one(uncalculated))
        assert one(by_hand(tmp_path, names + row + price)).order is not None

    @pytest.mark.parametrize(
        ("value", "form", "shown"),
        [
            (12345, "00000", "12345"),
            (123, "00000", "00123"),
            (127055, "000000", "127055"),
            (9161234567, "+7\\ (000)\\ 000\\-00\\-00", "+7 (916) 123-45-67"),
            (9161234567, '"+7" 000 000 00 00', "+7 916 123 45 67"),
            (1500.5, "General", "1500.5"),
            (1500, '#,##0.00\\ "₽"', "1500 ₽"),
            (1500, '_-* #,##0.00\\ "₽"_-;-* #,##0.00\\ "₽"_-', "1500 ₽"),
            (1500, "[$$-409]#,##0.00", "$1500"),
            (1500, '#,##0.00\\ "€"', "1500 €"),
            (0.15, "0%", "15%"),
            (0.155, "0.0%", "15.5%"),
            (102937, "0.00E+00", "102937"),
            (79287777777, "General", "79287777777"),
            (1500.5500000000002, "General", "1500.55"),
            (2, '0" шт."', "2 шт."),
            (102937, '"№"0', "№102937"),
            (45429.604166666664, "dd.mm.yyyy hh:mm", "2024-05-17 14:30:00"),
            (45429, 'd mmmm yyyy "г."', "2024-05-17 00:00:00"),
            (45429, "[$-419]d mmm yyyy;@", "2024-05-17 00:00:00"),
            (0.604166666666667, "h:mm", "14:30:00"),
            (1.5, "[h]:mm:ss", "1 day, 12:00:00"),
            (-5, "0", "-5"),
            (9161234567, "[<=9999999]###-####;(###) ###-####", "9161234567"),
            (1500, "@", "1500"),
            (1500, "0;-0;;@", "1500"),
            (0, "0;-0", "0"),
        ],
    )
    def test_a_number_reads_as_its_format_shows_it(
        self, value: float, form: str, shown: str
    ) -> None:
        assert parse_number_format(form).show(repr(value)) == shown
        assert not isinstance(parse_number_format(form).show(repr(value)), RefusedCell)

    @pytest.mark.parametrize(
        ("value", "form"),
        [
            ("1499.5", "0"),
            ("33.3333", "#,##0.00"),
            ("1500", "0,"),
            ("1234567890123456", "General"),
            ("1.23456789012346E+18", "0"),
            ("-1", "dd.mm.yyyy"),
            ("99999999", "dd.mm.yyyy"),
            ("NaN", "General"),
            ("x", "0"),
            ("1500", ";;;"),
            ("0", "0;-0;;@"),
            ("0.0", '#,##0"₽";-#,##0"₽";'),
        ],
    )
    def test_a_number_that_shows_something_else_is_refused(self, value: str, form: str) -> None:
        assert isinstance(parse_number_format(form).show(value), RefusedCell)

    def test_booleans_are_read_by_flags_alone(self, tmp_path: Path) -> None:
        path = saved(
            tmp_path,
            [
                ("email", "Товар", "Цена", "timer_kill"),
                ("a@b.ru", "x", 1, True),
                ("a@b.ru", "x", True, None),
            ],
        )
        good, bad = read_rows(path)
        assert good.order is not None
        assert good.order.timer_kill is True
        assert problem(bad) == "Цена: contains true or false"

    def test_dates_and_times_are_read(self, tmp_path: Path) -> None:
        path = saved(
            tmp_path,
            [
                ("email", "goods", "created"),
                ("a@b.ru", "x", datetime(2024, 5, 17, 14, 30)),  # as Excel has it
                ("a@b.ru", "x", date(2024, 5, 17)),
                ("a@b.ru", "x", time(14, 30)),
                ("a@b.ru", "x", 45429),
            ],
        )
        moments = [row.order and row.order.created for row in read_rows(path)]
        assert [m and m.strftime("%d.%m.%Y %H:%M %z") for m in moments] == [
            "17.05.2024 14:30 +0300",
            "17.05.2024 00:00 +0300",
            None,
            None,
        ]

    def test_a_workbook_that_counts_from_1904_is_read(self, tmp_path: Path) -> None:
        rows = (
            by_hand_header("email", "goods", "created")
            + '<row r="2"><c r="A2" t="str"><v>a@b.ru</v></c><c r="B2" t="str"><v>x</v></c>'
            '<c r="C2" s="1"><v>43967</v></c></row>'
        )
        styles = (
            f'<styleSheet {MAIN}><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
            "</styleSheet>"
        )
        path = by_hand(
            tmp_path, rows, book='<workbookPr date1904="1"/>', parts={"xl/styles.xml": styles}
        )
        order = one(path).order
        assert order is not None
        assert order.created is not None
        assert order.created.strftime("%d.%m.%Y") == "17.05.2024"

    def test_strings_are_read_in_all_their_forms(self, tmp_path: Path) -> None:
        shared = (
            f'<sst {MAIN}><si><t xml:space="preserve"> Ан</t></si>'
            "<si><r><t>А</t></r><r><rPr><b/></rPr><t>нна</t></r></si>"
            '<si><t>東京</t><rPh sb="0" eb="2"><t>トウキョウ</t></rPh></si>'
            "<si><t>a_x000D_b_x005F_x</t></si></sst>"
        )
        cells = '<c r="A2" t="str"><v>a@b.ru</v></c><c r="B2" t="inlineStr"><is><r><t>in</t></r>'
        cells += "<r><t>voice</t></r></is></c>" + "".join(
            f'<c r="{letter}2" t="s"><v>{at}</v></c>' for at, letter in enumerate("CDEF")
        )
        path = by_hand(
            tmp_path,
            by_hand_header("email", "goods", "first_name", "last_name", "city", "comment")
            + f'<row r="2">{cells}</row>',
            parts={"xl/sharedStrings.xml": shared},
        )
        assert one(path).order == Order(
            email="a@b.ru",
            goods=[Good("invoice")],
            first_name="Ан",
            last_name="Анна",
            city="東京",
            comment="a\rb_x",
        )


def by_hand_header(*names: str) -> str:
    cells = "".join(
        f'<c r="{letter}1" t="str"><v>{name}</v></c>'
        for letter, name in zip("ABCDEFGH", names, strict=False)
    )
    return f'<row r="1">{cells}</row>'


class TestRows:
    def test_titles_above_the_header_are_left_out_and_told(self, tmp_path: Path) -> None:
        path = saved(
            tmp_path,
            [
                ("Заказы за май",),
                ("ООО Ромашка", "Москва"),
                (),
                ("email", "goods"),
                ("a@b.ru", "x"),
            ],
        )
        rows = read_rows(path)
        assert [row.record.line for row in rows] == [5]
        assert "header is in line 4" in rows.table.notes[-1]

    def test_the_line_of_the_header_can_be_named(self, tmp_path: Path) -> None:
        path = saved(tmp_path, [("email", "goods"), ("email", "goods"), ("a@b.ru", "x")])
        assert one(path, header_row=2).record.line == 3
        with pytest.raises(FileProblem, match="line 9 has no header"):
            read_rows(path, header_row=9)

    def test_lines_are_those_of_the_sheet(self, tmp_path: Path) -> None:
        rows = by_hand_header("email", "goods") + "".join(
            f'<row r="{line}"><c r="A{line}" t="str"><v>a@b.ru</v></c>'
            f'<c r="B{line}" t="str"><v>x</v></c></row>'
            for line in (7, 100)
        )
        assert [row.record.line for row in read_rows(by_hand(tmp_path, rows))] == [7, 100]

    def test_hidden_and_filtered_rows_are_refused(self, tmp_path: Path) -> None:
        def hide(sheet: Worksheet) -> None:
            sheet.row_dimensions[3].hidden = True

        path = saved(tmp_path, [("email", "goods"), ("a@b.ru", "x"), ("c@d.ru", "x")], hide)
        shown, hidden = read_rows(path)
        assert shown.order is not None
        assert problem(hidden) == "row: is hidden in the sheet"

    def test_a_hidden_column_that_is_used_is_refused(self, tmp_path: Path) -> None:
        def hide(sheet: Worksheet) -> None:
            sheet.column_dimensions["C"].hidden = True

        rows = [("email", "goods", "coupon"), ("a@b.ru", "x", "sale")]
        with pytest.raises(FileProblem, match="'coupon' is hidden"):
            read_rows(saved(tmp_path, rows, hide))

    def test_a_row_that_is_struck_through_is_refused(self, tmp_path: Path) -> None:
        rows = [("email", "goods"), ("a@b.ru", "invoice"), ("c@d.ru", "sales")]

        def strike(sheet: Worksheet) -> None:
            for cell in sheet[2]:
                cell.font = Font(strike=True)

        bad, good = read_rows(saved(tmp_path, rows, strike))
        assert [problem.reason for problem in bad.problems] == [
            "is struck through in the sheet"
        ] * 2
        assert good.order is not None

    def test_rows_and_columns_of_no_size_are_hidden(self, tmp_path: Path) -> None:
        def text(*cells: str) -> str:
            return "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells)

        header = f'<row r="1">{text("email", "goods", "phone")}</row>'
        order = f'<row r="2" ht="0" customHeight="1">{text("a@b.ru", "x", "+79161234567")}</row>'
        (row,) = read_rows(by_hand(tmp_path, header + order))
        assert [problem.reason for problem in row.problems] == ["is hidden in the sheet"]
        sheet = f'<cols><col min="3" max="3" width="0"/></cols><sheetData>{header}</sheetData>'
        part = f"<worksheet {MAIN}>{sheet}</worksheet>"
        with pytest.raises(FileProblem, match="column 'phone' is hidden"):
            read_rows(by_hand(tmp_path, "", parts={"xl/worksheets/sheet1.xml": part}))

    def test_a_column_whose_name_is_struck_through_is_refused(self, tmp_path: Path) -> None:
        rows = [("email", "goods", "phone"), ("a@b.ru", "invoice", "+79161234567")]
        path = saved(tmp_path, rows, lambda sheet: setattr(sheet["C1"], "font", Font(strike=True)))
        with pytest.raises(FileProblem, match="column 'phone' is hidden or struck through"):
            read_rows(path)
        (row,) = read_rows(path, rename={"phone": ""})
        assert row.order is not None

    def test_a_part_of_a_cell_that_is_struck_through_is_refused(self, tmp_path: Path) -> None:
        """1500 crossed out beside 1200 would read as 15001200."""
        price = CellRichText(TextBlock(InlineFont(strike=True), "1500"), "1200")
        path = saved(tmp_path, [("email", "goods", "comment"), ("a@b.ru", "x", price)])
        (row,) = read_rows(path)
        assert [problem.field for problem in row.problems] == ["comment"]

    def test_cells_under_a_merged_one_are_refused(self, tmp_path: Path) -> None:
        def merge(sheet: Worksheet) -> None:
            sheet.merge_cells("C2:C3")

        rows = [("email", "Товар", "Цена"), ("a@b.ru", "x", 1500), ("c@d.ru", "x", None)]
        first, second = read_rows(saved(tmp_path, rows, merge))
        assert first.order is not None
        assert problem(second) == "Цена: is merged with another cell"


class TestSheets:
    def book(self, folder: Path, *sheets: tuple[str, str]) -> Path:
        def add(first: Worksheet) -> None:
            book = first.parent
            assert book is not None
            for name, state in sheets:
                sheet = book.create_sheet(name)
                sheet.append(["email", "goods"])
                sheet.append([f"{name}@b.ru", "x"])
                sheet.sheet_state = state
            book.remove(first)

        return saved(folder, [], add)

    def test_the_first_visible_sheet_is_read_and_the_others_are_told(self, tmp_path: Path) -> None:
        path = self.book(
            tmp_path,
            ("old", "veryHidden"),
            ("draft", "hidden"),
            ("may", "visible"),
            ("june", "visible"),
        )
        rows = read_rows(path)
        assert [row.order and row.order.email for row in rows] == ["may@b.ru"]
        note = rows.table.notes[0]
        assert note.startswith("Sheet: 'may'; not read: 'june'")
        assert rows.table.notes[1].startswith("Hidden sheets are not read: 'old', 'draft'")

    def test_a_sheet_can_be_named(self, tmp_path: Path) -> None:
        path = self.book(tmp_path, ("may", "visible"), ("draft", "hidden"))
        order = one(path, sheet="draft").order
        assert order is not None
        assert order.email == "draft@b.ru"
        with pytest.raises(FileProblem, match="sheet 'july' not found") as refusal:
            read_rows(path, sheet="july")
        assert "--sheet 'may' / --sheet 'draft'" in refusal.value.hint


class TestFilesThatAreNoSheets:
    @pytest.mark.parametrize(
        "row",
        [
            '<row r="2"><c r="AAAA2"><v>1</v></c></row>',
            '<row r="2"><c r="XFE2"><v>1</v></c></row>',
            '<row r="2"><c r="A3"><v>1</v></c></row>',
            '<row r="2"><c r="2"><v>1</v></c></row>',
            '<row r="9999999"><c r="A9999999"><v>1</v></c></row>',
            '<row r="1"><c r="A1"><v>1</v></c></row>',
            '<row r="2"><c r="A99999999999999999999"><v>1</v></c></row>',
        ],
    )
    def test_a_cell_out_of_range_is_told_in_one_line(self, tmp_path: Path, row: str) -> None:
        path = by_hand(tmp_path, by_hand_header("email", "goods") + row)
        with pytest.raises(FileProblem, match="outside the limits of a sheet"):
            list(read_rows(path))

    def test_a_cell_in_the_last_corner_is_a_row_of_its_own(self, tmp_path: Path) -> None:
        rows = by_hand_header("email", "goods")
        rows += '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
        tracemalloc.start()
        row = one(by_hand(tmp_path, rows))
        assert "16384 cells, but the header has 2 columns" in problem(row)
        assert row.record.line == 1048576
        assert tracemalloc.get_traced_memory()[1] < 10**7
        tracemalloc.stop()

    def test_as_many_styles_as_excel_allows_are_read(self, tmp_path: Path) -> None:
        """Each is as long as Excel writes it; those of named styles are not of cells."""
        rows = by_hand_header("email", "goods") + (
            '<row r="2"><c r="A2" t="str"><v>a@b.ru</v></c><c r="B2" s="64999"><v>7</v></c></row>'
        )
        formats = "".join(
            f'<xf numFmtId="{n % 2}" fontId="0" fillId="{n * 7919 % 65521}" borderId="{n}" '
            'xfId="0" applyNumberFormat="1" applyFont="1" applyFill="1" applyBorder="1" '
            'applyAlignment="1" applyProtection="1"><alignment horizontal="left" '
            'vertical="center" wrapText="1" readingOrder="1"/>'
            '<protection locked="0" hidden="0"/></xf>'
            for n in range(65_000)
        )
        named = '<xf numFmtId="14"/>' * 3
        styles = (
            f'<styleSheet {MAIN}><numFmts><numFmt numFmtId="1" formatCode="000"/></numFmts>'
            f"<cellStyleXfs>{named}</cellStyleXfs><cellXfs>{formats}</cellXfs></styleSheet>"
        )
        assert len(styles) > 2**24
        order = one(by_hand(tmp_path, rows, parts={"xl/styles.xml": styles})).order
        assert order is not None
        assert order.goods == (Good("007"),)

    def test_more_styles_than_a_workbook_can_have_are_refused(self, tmp_path: Path) -> None:
        styles = f"<styleSheet {MAIN}><cellXfs>{'<xf/>' * 1_000_000}</cellXfs></styleSheet>"
        path = by_hand(tmp_path, by_hand_header("email", "goods"), parts={"xl/styles.xml": styles})
        with pytest.raises(FileProblem, match="more than a sheet can hold"):
            list(read_rows(path))

    @pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"])
    def test_a_zip_bomb_is_refused_before_it_is_unpacked(self, tmp_path: Path, part: str) -> None:
        text = f"<si><t>{'a' * 1000}</t></si>"
        tag, filling = (
            ("sheetData", "<row/>" * 4_000_000) if "sheet1" in part else ("sst", text * 80_000)
        )
        bomb = f"<x {MAIN}><{tag}>{filling}</{tag}></x>"
        path = by_hand(tmp_path, by_hand_header("email", "goods"), parts={part: bomb})
        del bomb, filling
        tracemalloc.start()
        with pytest.raises(FileProblem, match=r"times its size|sheet can"):
            list(read_rows(path))
        assert tracemalloc.get_traced_memory()[1] < 10**8
        tracemalloc.stop()

    def test_entities_are_refused(self, tmp_path: Path) -> None:
        shared = '<!DOCTYPE sst [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><sst>&b;</sst>'
        path = by_hand(
            tmp_path, by_hand_header("email", "goods"), parts={"xl/sharedStrings.xml": shared}
        )
        with pytest.raises(FileProblem, match="damaged"):
            read_rows(path)

    @pytest.mark.parametrize(
        "content",
        [
            b"PK\x03\x04 and no more",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
            b"\xd0\xcf\x11\xe0",
        ],
    )
    def test_what_only_looks_like_a_workbook_is_refused(
        self, tmp_path: Path, content: bytes
    ) -> None:
        path = tmp_path / "orders.xlsx"
        path.write_bytes(content)
        with pytest.raises(FileProblem, match="damaged or not a spreadsheet"):
            read_rows(path)

    @pytest.mark.parametrize(
        "names",
        [
            ("orders.csv",),
            ("word/document.xml", "_rels/.rels", "[Content_Types].xml"),
            ("xl/workbook.bin", "_rels/.rels", "[Content_Types].xml"),
        ],
    )
    def test_another_archive_is_refused(self, tmp_path: Path, names: tuple[str, ...]) -> None:
        path = tmp_path / "orders.xlsx"
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, "<x/>")
        with pytest.raises(FileProblem, match="damaged or not a spreadsheet|ZIP archive"):
            read_rows(path)

    def test_a_truncated_workbook_is_refused(self, tmp_path: Path) -> None:
        path = saved(tmp_path, [("email", "goods"), *[("a@b.ru", "x")] * 1000])
        path.write_bytes(path.read_bytes()[:-3000])
        with pytest.raises(FileProblem, match="damaged"):
            read_rows(path)

    def test_a_password_is_told(self, tmp_path: Path) -> None:
        path = tmp_path / "orders.xlsx"
        path.write_bytes(
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
            + bytes(600)
            + "EncryptedPackage".encode("utf-16-le")
        )
        with pytest.raises(FileProblem, match="protected with a password"):
            read_rows(path)

    @pytest.mark.untraced
    def test_memory_stays_flat(self, tmp_path: Path) -> None:
        def peak(count: int) -> int:
            rows = [("email", "goods"), *[(f"user{i}@b.ru", "invoice") for i in range(count)]]
            path = saved(tmp_path, rows)
            tracemalloc.start()
            assert sum(1 for _ in read_rows(path)) == count
            taken = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            return taken

        assert peak(6000) - peak(1000) < 5000 * 60  # the shared strings alone


class TestOtherWorkbooks:
    def test_an_old_workbook_is_read_by_the_same_rules(self) -> None:
        rows = read_rows(DATA / "orders.xls")
        good, error, hidden = rows
        assert good.order is not None
        assert good.order.goods == (Good("invoice", "1500.5"),)
        assert good.order.postal_code == "012345"
        assert good.order.created is not None
        assert good.order.created.strftime("%d.%m.%Y %H:%M") == "17.05.2024 14:30"
        assert good.order.timer_kill is True
        assert "Цена: contains an error value" in problem(error)
        assert problem(hidden) == "row: is hidden in the sheet"
        assert "'Черновик'" in rows.table.notes[1]

    def test_a_spreadsheet_of_libreoffice_is_read_by_the_same_rules(self, tmp_path: Path) -> None:
        def row(*cells: str, more: str = "") -> str:
            return f"<table:table-row {more}>{''.join(cells)}</table:table-row>"

        def text(value: str) -> str:
            return (
                f'<table:table-cell office:value-type="string"><text:p>{value}</text:p>'
                "</table:table-cell>"
            )

        def number(value: str, shown: str, kind: str = "float") -> str:
            return (
                f'<table:table-cell office:value-type="{kind}" office:value="{value}"><text:p>'
                f"{shown}</text:p></table:table-cell>"
            )

        error = (
            '<table:table-cell office:value-type="string" calcext:value-type="error"><text:p>#N/A'
        )
        error += "</text:p></table:table-cell>"
        moment = (
            '<table:table-cell office:value-type="date" office:date-value="2024-05-17T14:30:00"/>'
        )
        path = ods(
            tmp_path,
            '<table:table table:name="Old" table:style-name="ta2">'
            f"{row(text('email'), text('goods'))}</table:table>"
            '<table:table table:name="May" table:style-name="ta1">'
            + row(*map(text, ("email", "Товар", "Цена", "Индекс", "created")))
            + row(
                text("a@b.ru"),
                text("x"),
                number("1500.5", "1 500,50 ₽"),
                number("123", "000123"),
                moment,
            )
            + row(text("c@d.ru"), text("x"), error)
            + row(text("e@f.ru"), text("x"), more='table:visibility="filter"')
            + row(text("g@h.ru"), text("x"), number("33.333", "33"))
            + row("<table:table-cell/>", more='table:number-rows-repeated="1048570"')
            + "</table:table>",
            '<style:style style:name="ta2"><style:table-properties table:display="false"/>'
            "</style:style>",
        )
        good, refused, hidden, rounded = read_rows(path)
        assert good.order is not None
        assert good.order.goods == (Good("x", "1500.5"),)
        assert good.order.postal_code == "000123"
        assert good.order.created is not None
        assert "error value" in problem(refused)
        assert problem(hidden) == "row: is hidden in the sheet"
        assert "rounded" in problem(rounded)
        assert [row.record.line for row in (good, refused, hidden, rounded)] == [2, 3, 4, 5]


def test_a_group_with_leading_zeros_keeps_them(tmp_path: Path) -> None:
    def format_as_index(sheet: Worksheet) -> None:
        sheet["B2"].number_format = "0000"

    path = saved(tmp_path, [("email", "groups"), ("a@b.ru", 7)], format_as_index)
    (row,) = read_rows(path, kind=CONTACTS)
    assert row.item.groups == ("0007",)
