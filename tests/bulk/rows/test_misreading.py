"""No file is misread in silence: files as other programs and people leave them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from justclick_async.bulk.errors import FileProblem
from justclick_async.bulk.kinds.contacts import CONTACTS
from justclick_async.bulk.kinds.statuses import STATUSES
from justclick_async.bulk.rows.reader import Row, Rows, read_rows
from justclick_async.models import Good
from tests.bulk.rows.test_places import place_of

HEADER = "email;goods;phone\n"
GOOD = "a@b.ru;invoice;\n"


def written(folder: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path = folder / "orders.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def told(row: Row) -> list[str]:
    return [f"{problem.field}: {problem.reason}" for problem in row.problems]


def goods(rows: Rows) -> list[tuple[Good, ...] | None]:
    return [None if row.order is None else row.order.goods for row in rows]


class TestQuotes:
    def test_a_quote_that_takes_further_rows_into_a_cell_is_refused(self, tmp_path: Path) -> None:
        path = written(tmp_path, f'{HEADER}a@b.ru;x;"79161234567\nc@d.ru;x;"\n{GOOD}')
        bad, good = read_rows(path)
        assert told(bad) == ["row: has a quoted cell that seems to contain further rows"]
        assert good.record.line == 4

    def test_a_cell_may_have_several_lines(self, tmp_path: Path) -> None:
        (row,) = read_rows(written(tmp_path, 'email;goods;comment\na@b.ru;x;"one, two\nthree"\n'))
        assert row.order is not None
        assert row.order.comment == "one, two\nthree"


class TestShapes:
    @pytest.mark.parametrize("row", ["a@b.ru;invoice\n", "a@b.ru\n", "a@b.ru;invoice;1;2\n"])
    def test_too_few_or_too_many_cells_are_refused(self, tmp_path: Path, row: str) -> None:
        bad, good = read_rows(written(tmp_path, HEADER + row + GOOD))
        assert "the header has 3 columns" in told(bad)[0]
        assert good.order is not None

    def test_a_file_that_is_cut_off_in_its_last_row_is_refused(self, tmp_path: Path) -> None:
        *_, last = read_rows(written(tmp_path, f"{HEADER}{GOOD}c@d.ru;invo"))
        assert last.order is None

    def test_delimiters_at_the_end_of_each_line_are_nothing(self, tmp_path: Path) -> None:
        rows = read_rows(written(tmp_path, "email;goods;;\na@b.ru;x;;\nc@d.ru;x\n"))
        assert goods(rows) == [(Good("x"),), (Good("x"),)]

    @pytest.mark.parametrize("line", ["# c@d.ru;invoice;\n", "#Test;x;\n"])
    def test_a_row_in_a_comment_is_not_sent(self, tmp_path: Path, line: str) -> None:
        text = "first_name;email;goods\n" + "# Анна;a@b.ru;x\nБорис;c@d.ru;x\n"
        assert [row.order is None for row in read_rows(written(tmp_path, text))] == [True, False]
        bad, good = read_rows(written(tmp_path, HEADER + line + GOOD))
        assert told(bad) == ["row: begins with #, as comments do"]
        assert good.order is not None

    @pytest.mark.parametrize("mark", ["//", "-- "])
    def test_a_row_in_a_comment_of_a_programmer_is_not_sent(
        self, tmp_path: Path, mark: str
    ) -> None:
        bad, good = read_rows(written(tmp_path, f"{HEADER}{mark}{GOOD}{GOOD}"))
        assert told(bad) == [f"row: begins with {mark.strip()}, as comments do"]
        assert good.order is not None

    def test_dashes_for_nothing_are_no_comment(self, tmp_path: Path) -> None:
        (row,) = read_rows(written(tmp_path, "first_name;email;goods\n--;a@b.ru;x\n"))
        assert row.order is not None

    def test_the_number_of_an_order_may_begin_with_a_number_sign(self, tmp_path: Path) -> None:
        text = "Номер заказа;Статус\n#102937;Отменён\n№ 102938;Аннулирован\n"
        rows = list(read_rows(written(tmp_path, text), kind=STATUSES))
        assert [row.item.bill_id for row in rows] == [102937, 102938]

    def test_a_header_that_comes_again_is_refused(self, tmp_path: Path) -> None:
        _, again, good = read_rows(written(tmp_path, f"{HEADER}{GOOD}\ufeff{HEADER}{GOOD}"))
        assert told(again) == ["row: repeats the header"]
        assert good.order is not None

    @pytest.mark.parametrize("header", ["phone;email;goods", "email;goods;phone;city"])
    def test_a_header_with_more_columns_below_rows_is_no_title(
        self, tmp_path: Path, header: str
    ) -> None:
        path = written(tmp_path, f"email;goods\na@b.ru;x\n{header}\n")
        with pytest.raises(FileProblem, match="line 3 is another header"):
            list(read_rows(path))

    def test_a_header_of_another_file_stops_the_import(self, tmp_path: Path) -> None:
        path = written(tmp_path, f"{HEADER}{GOOD}email;phone;goods\nc@d.ru;;x\n")
        with pytest.raises(FileProblem, match="line 3 is another header"):
            list(read_rows(path))

    @pytest.mark.parametrize("newline", ["\r", "\r\n", "\n"])
    def test_lines_may_end_in_any_way(self, tmp_path: Path, newline: str) -> None:
        path = written(tmp_path, f"{HEADER}{GOOD}{GOOD}".replace("\n", newline))
        assert [row.record.line for row in read_rows(path)] == [2, 3]

    def test_lines_may_end_in_several_ways(self, tmp_path: Path) -> None:
        path = written(tmp_path, "email;goods\r\na@b.ru;x\nc@d.ru;x\re@f.ru;x")
        assert len(goods(read_rows(path))) == 3


class TestTitlesAndTotals:
    def test_titles_above_the_header_are_left_out_and_told(self, tmp_path: Path) -> None:
        text = "Реестр заказов;;\n\nза май, 2024;;\nemail;goods;phone\na@b.ru;x;\n"
        rows = read_rows(written(tmp_path, text))
        (row,) = rows
        assert row.record.line == 5
        assert rows.notes[0] == "The header is in line 4; the lines above it are not read."

    def test_the_line_of_the_header_can_be_named(self, tmp_path: Path) -> None:
        path = written(tmp_path, "email;goods\nemail;goods;phone\na@b.ru;x;\n")
        (row,) = read_rows(path, header_row=2)
        assert row.record.line == 3
        with pytest.raises(FileProblem, match="line 7 has no header"):
            read_rows(path, header_row=7)

    @pytest.mark.parametrize(
        "below",
        [";Итого: 2;\n", ";Всего;5\n", "Total;;3000\n", ";Grand total;3\n"],
    )
    def test_totals_below_are_left_out_and_told(self, tmp_path: Path, below: str) -> None:
        rows = read_rows(written(tmp_path, HEADER + GOOD + GOOD + below))
        assert goods(rows) == [(Good("invoice"),)] * 2
        assert rows.left_out.totals == [4]
        assert [record.number for record in rows.records()] == [1, 2]


class TestEncodings:
    TEXT = "email;Имя;goods;comment\na@b.ru;Иван Щёголев;x;Позвоните мне до вечера\n"

    @pytest.mark.parametrize(
        "encoding",
        [
            "cp1251", "koi8-r", "cp866", "mac-cyrillic", "iso8859-5", "utf-16-le", "utf-16-be",
            "utf-32", "utf-8-sig",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("name", ["Имя", "first_name"])
    def test_the_encoding_is_found_out(self, tmp_path: Path, encoding: str, name: str) -> None:
        (row,) = read_rows(written(tmp_path, self.TEXT.replace("Имя", name), encoding))
        assert row.order is not None
        assert row.order.first_name == "Иван Щёголев"

    @pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "cp866", "mac-cyrillic", "iso8859-5"])
    @pytest.mark.parametrize("word", ["отменён", "возврат"])
    def test_few_letters_in_which_two_encodings_differ_decide(
        self, tmp_path: Path, encoding: str, word: str
    ) -> None:
        """Windows-1251 and that of the Mac have most small letters in common."""
        text = "Номер заказа;Статус\n" + "".join(f"{i};{word}\n" for i in range(1, 500))
        rows = read_rows(written(tmp_path, text, encoding), kind=STATUSES)
        assert next(iter(rows)).problems == ()

    @pytest.mark.parametrize("name", ["Müller", "José Peña", "François"])
    def test_latin_letters_with_accents_are_not_taken_for_russian(
        self, tmp_path: Path, name: str
    ) -> None:
        text = f"email;last_name;goods\na@b.ru;{name};x\n"
        (row,) = read_rows(written(tmp_path, text, "cp1252"))
        assert row.order is not None
        assert row.order.last_name == name

    def test_an_encoding_that_is_not_clear_is_refused(self, tmp_path: Path) -> None:
        path = written(tmp_path, b"email;first_name;goods\na@b.ru;\xe4\xf6;x\n")
        with pytest.raises(FileProblem, match="encoding may be"):
            read_rows(path)
        (row,) = read_rows(path, encoding="cp1252")
        assert row.order is not None
        assert row.order.first_name == "äö"

    def test_letters_that_a_conversion_has_lost_are_refused(self, tmp_path: Path) -> None:
        (row,) = read_rows(written(tmp_path, "email;goods;first_name\na@b.ru;x;Ив\ufffdн\n"))
        assert "conversion lost" in told(row)[0]

    @pytest.mark.parametrize(
        "name", ["А?на", "?рий", "Андре?", "M?ller", "бООБ", "нЙИБЙМ рЕФТПЧ", "юММЮ", "€ў\xa0\xad"]
    )
    def test_garbled_letters_within_a_name_are_refused(self, tmp_path: Path, name: str) -> None:
        (row,) = read_rows(written(tmp_path, f"email;goods;first_name\na@b.ru;x;{name}\n"))
        assert [problem.field for problem in row.problems] == ["first_name"]

    def test_a_name_that_is_encoded_as_in_a_url_is_refused(self, tmp_path: Path) -> None:
        text = "email;goods;first_name;utm_term\na@b.ru;x;%D0%98%D0%B2;%D0%B8%D0%B2\n"
        (row,) = read_rows(written(tmp_path, text))
        assert [problem.field for problem in row.problems] == ["first_name"]

    @pytest.mark.parametrize(
        "name", ["иВАН", "АНнА", "ООО ТехноПром", "еГАИС", "Їжак", "Ђорђе", "МакДональд", "O’Нил"]
    )
    def test_names_in_unusual_spelling_are_read(self, tmp_path: Path, name: str) -> None:
        (row,) = read_rows(written(tmp_path, f"email;goods;first_name\na@b.ru;x;{name}\n"))
        assert row.order is not None
        assert row.order.first_name == name

    def test_a_question_mark_within_a_word_of_a_comment_is_shown(self, tmp_path: Path) -> None:
        text = "email;goods;comment\na@b.ru;x;Когда?\nc@d.ru;x;10€, http://a.ru/b?c=1\n"
        rows = read_rows(written(tmp_path, text))
        assert None not in goods(rows)
        assert rows.notes == ()
        rows = read_rows(written(tmp_path, f"{text}e@f.ru;x;Поз?оните\n"))
        assert None not in goods(rows)
        assert "Column 'comment' has question marks inside words, first in line 4" in rows.notes[0]


class TestInvisibleCharacters:
    def test_they_are_removed_and_told(self, tmp_path: Path) -> None:
        text = "email;goods;coupon;comment\n\u200ea\u200b@b.ru;in\xadvoice;sa\u2060le;👩\u200d👧\n"
        rows = read_rows(written(tmp_path, text))
        (row,) = rows
        assert row.order is not None
        assert (row.order.email, row.order.goods) == ("a@b.ru", (Good("invoice"),))
        assert (row.order.coupon, row.order.comment) == ("sale", "👩\u200d👧")
        assert list(rows.notes) == [
            f"Invisible characters are removed from {name!r}, first in line 2."
            for name in ("email", "goods", "coupon")
        ]

    def test_rows_that_look_alike_are_duplicates(self, tmp_path: Path) -> None:
        text = f"{HEADER}a@b.ru;x;1234567\n a@b.ru ;\u200bx;1234567\nA@b.ru;x ;1234567\n"
        rows = read_rows(written(tmp_path, text))
        assert len({rows.fingerprint(record) for record in rows.records()}) == 1

    def test_a_null_is_refused(self, tmp_path: Path) -> None:
        filler = GOOD * 20_000  # beyond what is looked at to find out the encoding
        *_, row = read_rows(written(tmp_path, f"{HEADER}{filler}a@b.ru;in\0voice;\n"))
        assert told(row)[0] == "goods: contains a control character"


class TestQuantities:
    @pytest.mark.parametrize("column", ["Количество", "quantity", "Кол-во", "qty"])
    @pytest.mark.parametrize(
        ("header", "cells"), [("goods", "invoice:1500"), ("Товар;Цена", "invoice;1500")]
    )
    def test_a_column_repeats_the_product(
        self, tmp_path: Path, column: str, header: str, cells: str
    ) -> None:
        text = f"email;{header};{column}\na@b.ru;{cells};3\na@b.ru;{cells};\n"
        rows = read_rows(written(tmp_path, text))
        assert goods(rows) == [(Good("invoice", 1500),) * 3, (Good("invoice", 1500),)]

    def test_each_product_may_have_a_quantity(self, tmp_path: Path) -> None:
        text = "email;good_name_1;good_count_1;good_name_2;good_count_2\na@b.ru;x;2;y;1\n"
        assert goods(read_rows(written(tmp_path, text))) == [(Good("x"), Good("x"), Good("y"))]

    @pytest.mark.parametrize(
        ("header", "cells"),
        [
            ("goods;Количество", "x, y;2"),
            ("goods;comment", "invoice - 2x1500;"),
            ("Товар;Количество", "x;0"),
            ("Товар;Количество", "x;2,000"),
            ("Товар;Количество", "x;1.000 шт."),
            ("Товар;Количество", "x;1.5"),
            ("Товар;Количество", "x;много"),
            ("Товар;Количество", "x x3;2"),
            ("good_name;good_sum;quantity", "x;3000;2"),
        ],
    )
    def test_a_quantity_that_is_not_clear_is_refused(
        self, tmp_path: Path, header: str, cells: str
    ) -> None:
        (row,) = read_rows(written(tmp_path, f"email;{header}\na@b.ru;{cells}\n"))
        assert len(row.problems) == 1

    @pytest.mark.parametrize(("cell", "pieces"), [("2,0", 2), ("2.00", 2), ("2,0000", 2)])
    def test_decimals_that_are_zero_are_no_thousands(
        self, tmp_path: Path, cell: str, pieces: int
    ) -> None:
        rows = read_rows(written(tmp_path, f"email;Товар;Количество\na@b.ru;x;{cell}\n"))
        assert goods(rows) == [(Good("x"),) * pieces]

    @pytest.mark.parametrize("cell", ["1,000", "12,000,000"])
    def test_a_number_with_commas_is_no_list(self, tmp_path: Path, cell: str) -> None:
        (row,) = read_rows(written(tmp_path, f"email;groups\na@b.ru;{cell}\n"), kind=CONTACTS)
        assert told(row) == ["groups: has a comma between digits: one number, or several ids?"]
        (row,) = read_rows(written(tmp_path, f"email;goods\na@b.ru;{cell}\n"))
        assert "has a comma between digits" in told(row)[0]


class TestDelimiters:
    @pytest.mark.parametrize(
        ("text", "delimiter", "option"),
        [
            ("email:goods\na@b.ru:x\n", ":", "':'"),
            ("email^goods\na@b.ru^x\n", "^", "'^'"),
            ("sep=;\nemail,goods\na@b.ru,x\n", ",", "','"),
            ("sep=,\nemail\tgoods\na@b.ru\tx\n", "tab", "tab"),
        ],
    )
    def test_another_delimiter_is_named_with_its_option(
        self, tmp_path: Path, text: str, delimiter: str, option: str
    ) -> None:
        path = written(tmp_path, text)
        with pytest.raises(FileProblem) as refusal:
            read_rows(path)
        assert refusal.value.hint == f"Add --delimiter {option}."
        assert goods(read_rows(path, delimiter=delimiter)) == [(Good("x"),)]

    def test_a_delimiter_that_was_named_wrongly_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(FileProblem, match="separated by ';'"):
            read_rows(written(tmp_path, HEADER + GOOD), delimiter="|")


class TestRowsOfOneOrder:
    def test_an_order_that_goes_on_below_others_is_refused(self, tmp_path: Path) -> None:
        text = "Номер заказа;email;goods\n7;a@b.ru;x\n7;;y\n8;c@d.ru;x\n;e@f.ru;x\n;g@h.ru;x\n"
        assert len(list(read_rows(written(tmp_path, text)))) == 4
        with pytest.raises(FileProblem, match="line 2 continues in line 7") as refusal:
            list(read_rows(written(tmp_path, f"{text}7;a@b.ru;z\n")))
        assert "Sort the file by 'Номер заказа'" in refusal.value.hint

    @pytest.mark.parametrize("key", ["#N/A", "NULL", "1,02937E+15"])
    def test_a_key_that_cannot_be_read_puts_no_orders_together(
        self, tmp_path: Path, key: str
    ) -> None:
        rows = read_rows(
            written(tmp_path, f"order_key;email;goods\n{key};a@b.ru;x\n{key};a@b.ru;y\n")
        )
        assert [row.order for row in rows] == [None]

    def test_its_key_is_compared_as_people_see_it(self, tmp_path: Path) -> None:
        text = "order_key;email;goods\n7;a@b.ru;x\n 7\u200b;;y\n"
        assert goods(read_rows(written(tmp_path, text))) == [(Good("x"), Good("y"))]


class TestDates:
    @pytest.mark.parametrize(
        ("header", "dates", "months"),
        [
            ("created", ["01/02/2024", "17/05/2024"], [2, 5]),
            ("created", ["01/02/2024", "05/17/2024"], [1, 5]),
            ("created", ["01/02/2024"], [None]),
            ("Дата заказа", ["01/02/2024"], [2]),
            ("created", ["01/02/2024", "17/05/2024", "05/17/2024"], [None, 5, 5]),
        ],
    )
    def test_the_order_of_day_and_month_is_that_of_the_file(
        self, tmp_path: Path, header: str, dates: list[str], months: list[int | None]
    ) -> None:
        text = f"email;goods;{header}\n" + "".join(f"a@b.ru;x;{date}\n" for date in dates)
        created = [row.order and row.order.created for row in read_rows(written(tmp_path, text))]
        assert [each and each.month for each in created] == months

    def test_the_order_of_day_and_month_can_be_named(self, tmp_path: Path) -> None:
        path = written(tmp_path, "email;goods;created\na@b.ru;x;01/02/2024\n")
        (row,) = read_rows(path, dates="dmy")
        assert row.order is not None
        assert row.order.created is not None
        assert row.order.created.month == 2


class TestPackedFiles:
    def test_a_gz_is_read_where_it_is(self, tmp_path: Path) -> None:
        path = tmp_path / "orders.csv.gz"
        path.write_bytes(gzip.compress((HEADER + GOOD * 3).encode()))
        rows = read_rows(path)
        assert len(goods(rows)) == 3
        places = [place_of(record) for record in rows.records()]
        assert [next(iter(rows.records(place))).number for place in places] == [1, 2, 3]

    @pytest.mark.parametrize("cut", [20, 5])
    def test_a_damaged_gz_is_told(self, tmp_path: Path, cut: int) -> None:
        path = tmp_path / "orders.csv.gz"
        path.write_bytes(gzip.compress((HEADER + GOOD).encode())[:-cut])
        with pytest.raises(FileProblem, match=r"damaged \.gz"):
            read_rows(path)

    def test_a_workbook_in_a_gz_says_to_unpack_it(self, tmp_path: Path) -> None:
        path = tmp_path / "orders.xlsx.gz"
        path.write_bytes(gzip.compress(b"PK\x03\x04"))
        with pytest.raises(FileProblem, match=r"workbook inside a \.gz") as refusal:
            read_rows(path)
        assert "gunzip" in refusal.value.hint

    @pytest.mark.parametrize(
        ("content", "kind"),
        [
            (b"%PDF-1.7\n", "PDF"),
            (b"Rar!\x1a\x07", "RAR"),
            (b"7z\xbc\xaf\x27\x1c", "7z"),
            (b"<html><table><tr><td>email</td></tr></table></html>", "HTML or XML"),
            (b'<?xml version="1.0"?>\n<Workbook/>', "HTML or XML"),
            (b"{\\rtf1 email}", "RTF"),
        ],
    )
    def test_a_file_with_the_name_of_a_table_is_told(
        self, tmp_path: Path, content: bytes, kind: str
    ) -> None:
        with pytest.raises(FileProblem, match=rf"must be CSV, .* \({kind}\)"):
            read_rows(written(tmp_path, content))

    def test_a_line_without_an_end_is_refused(self, tmp_path: Path) -> None:
        path = written(tmp_path, HEADER + "x" * (2**24 + 1))
        with pytest.raises(FileProblem, match="line 2 is longer"):
            list(read_rows(path))
