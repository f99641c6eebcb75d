"""From a file to orders."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from justclick_async.bulk.errors import FileProblem
from justclick_async.bulk.formats.encoding import is_garbled
from justclick_async.bulk.rows import values
from justclick_async.bulk.rows.options import find_zone
from justclick_async.bulk.rows.reader import read_rows
from justclick_async.models import Good, Order, Utm

RUSSIAN = "email;Имя;goods\nivan@example.com;Иван Щёголев — «мастер»;invoice:1 500,50\n"


def written(folder: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path = folder / "orders.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


class TestReading:
    def test_a_row_becomes_an_order(self, tmp_path: Path) -> None:
        path = written(
            tmp_path,
            "email;first_name;goods;phone;comment;created;utm_source;aff_term;timer_kill\n"
            'a@b.ru; Иван ;invoice:1500, sales;\'+7(928)777-77-77;"one; ""two""\nthree";'
            "17.05.2024 10:00;yandex;t;да\n",
        )
        (row,) = read_rows(path)
        assert row.order == Order(
            email="a@b.ru",
            first_name="Иван",
            goods=[Good("invoice", 1500), Good("sales")],
            phone="+7(928)777-77-77",
            comment='one; "two"\nthree',
            created=datetime(2024, 5, 17, 7, tzinfo=UTC),
            utm=Utm(source="yandex", aff_term="t"),
            timer_kill=True,
        )
        assert (row.record.number, row.record.line) == (1, 2)

    def test_numbered_products(self, tmp_path: Path) -> None:
        path = written(
            tmp_path,
            "bill_email,good_name_1,good_sum_1,good_name_2,good_sum_2\n"
            'a@b.ru,invoice,"1 500,50",,\nc@d.ru,a,,b,2\n',
        )
        assert [(Good("invoice", "1500.50"),), (Good("a"), Good("b", 2))] == [
            row.order and row.order.goods for row in read_rows(path)
        ]

    @pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
    def test_the_delimiter_is_found_out(self, tmp_path: Path, delimiter: str) -> None:
        text = io.StringIO()
        rows = csv.writer(text, delimiter=delimiter)
        rows.writerow(["email", "goods", "comment"])
        rows.writerow(["a@b.ru", "invoice:1500, sales; lessons", "a;b;c;d,e,f,g\th|i|j"])
        read = read_rows(written(tmp_path, text.getvalue()))
        assert delimiter == read.table.delimiter
        assert [len(row.order.goods) for row in read if row.order] == [3]

    @pytest.mark.parametrize("first", ["sep=,\r\n", "SEP=,\n"])
    def test_excels_own_hint_is_taken(self, tmp_path: Path, first: str) -> None:
        (row,) = read_rows(written(tmp_path, f"{first}email,goods\na@b.ru,invoice\n"))
        assert row.order is not None
        assert row.record.line == 3

    @pytest.mark.parametrize(
        ("encoding", "name"),
        [
            ("utf-8", "utf-8"),
            ("utf-8-sig", "utf-8-sig"),
            ("cp1251", "cp1251"),
            ("utf-16", "utf-16"),
        ],
    )
    def test_the_encoding_is_found_out(self, tmp_path: Path, encoding: str, name: str) -> None:
        read = read_rows(written(tmp_path, RUSSIAN, encoding))
        (row,) = read
        assert row.order is not None
        assert (name, "Иван Щёголев — «мастер»") == (read.table.encoding, row.order.first_name)

    @pytest.mark.parametrize("encoding", ["koi8_r", "cp866", "cp1251", "mac_cyrillic"])
    def test_the_user_has_the_last_word_on_the_encoding(
        self, tmp_path: Path, encoding: str
    ) -> None:
        text = RUSSIAN.replace(" — «мастер»", "")
        (row,) = read_rows(written(tmp_path, text, encoding), encoding=encoding)
        assert row.order is not None
        assert row.order.first_name == "Иван Щёголев"

    def test_a_letter_beyond_the_first_megabyte_decides_as_well(self, tmp_path: Path) -> None:
        filler = f"a@b.ru;{'Ivan ' * 20};invoice\n" * 11_000
        content = f"email;Имя;goods\n{filler}x@y.ru;Пётр;invoice\n".encode("cp1251")
        *_, last = read_rows(written(tmp_path, content))
        assert last.order is not None
        assert last.order.first_name == "Пётр"

    def test_one_bad_byte_in_a_utf8_file_spoils_one_row_only(self, tmp_path: Path) -> None:
        good = "ivan@example.com;Иван Щёголев;invoice\n" * 20
        content = (
            f"email;Имя;goods\n{good}".encode() + b"a@b.ru;\xcf\xb8\xff;invoice\n" + good.encode()
        )
        rows = list(read_rows(written(tmp_path, content)))
        assert [row.record.number for row in rows if row.problems] == [21]
        assert rows[0].order is not None
        assert rows[0].order.first_name == "Иван Щёголев"

    def test_rows_of_nothing_are_no_rows(self, tmp_path: Path) -> None:
        path = written(
            tmp_path, "email;goods;tag\n\na@b.ru;invoice;\n;;\n   ;;\nc@d.ru;invoice\n\n"
        )
        assert [(row.record.number, row.record.line) for row in read_rows(path)] == [(1, 3), (2, 6)]

    def test_times_are_told_in_the_zone_that_was_named(self, tmp_path: Path) -> None:
        path = written(tmp_path, "email;goods;created\na@b.ru;x;2024-05-17 10:00\n")
        (row,) = read_rows(path, zone=find_zone("Asia/Novosibirsk"))
        assert row.order is not None
        assert row.order.created == datetime(2024, 5, 17, 3, tzinfo=UTC)


class TestRowsThatAreWrong:
    def test_all_problems_of_a_row_are_told_and_the_next_row_is_read(self, tmp_path: Path) -> None:
        path = written(
            tmp_path,
            "email;goods;phone;created\nbad;invoice:x;7,92E+10;31.02.2024\na@b.ru;invoice;;\n",
        )
        bad, good = read_rows(path)
        assert [p.field for p in bad.problems] == ["email", "goods", "phone", "created"]
        assert good.order is not None

    @pytest.mark.parametrize(
        ("row", "field", "code"),
        [
            (";invoice;", "email", 600),
            ("ivan@;invoice;", "email", 600),
            ("a@b.ru;;", "goods", 603),
            ("a@b.ru;invoice:NaN;", "goods", None),
            ("a@b.ru;invoice;256.0.0.1", "ip", None),
        ],
    )
    def test_what_the_service_would_refuse_has_its_code(
        self, tmp_path: Path, row: str, field: str, code: int | None
    ) -> None:
        (bad,) = read_rows(written(tmp_path, f"email;goods;ip\n{row}\n"))
        assert [(field, code)] == [(p.field, p.code) for p in bad.problems]

    def test_a_price_without_a_product_is_told(self, tmp_path: Path) -> None:
        (bad,) = read_rows(
            written(tmp_path, "email;good_name_1;good_sum_1;good_sum_2\na@b.ru;invoice;1;2\n")
        )
        assert [problem.field for problem in bad.problems] == ["good_sum_2"]

    def test_too_many_cells_are_a_problem_of_the_row(self, tmp_path: Path) -> None:
        bad, good = read_rows(
            written(tmp_path, "email;goods\na@b.ru;invoice;x\nc@d.ru;invoice;;\n")
        )
        assert "cells" in bad.problems[0].reason
        assert good.order is not None

    def test_a_stray_quote_spoils_its_own_row_only(self, tmp_path: Path) -> None:
        path = written(
            tmp_path,
            'email;goods;comment\na@b.ru;invoice;"OOO "Romashka"";\nc@d.ru;invoice;"fine"\n',
        )
        bad, good = read_rows(path)
        assert "quotation mark" in bad.problems[0].reason
        assert bad.record.cells[0] == "a@b.ru"
        assert good.order is not None
        assert good.record.line == 3

    def test_a_quote_that_never_closes_is_told_with_its_line(self, tmp_path: Path) -> None:
        path = written(tmp_path, 'email;goods\na@b.ru;invoice\nc@d.ru;"invoice\ne@f.ru;invoice\n')
        with pytest.raises(FileProblem, match="line 3"):
            list(read_rows(path))

    @pytest.mark.parametrize("outcome", ["unknown", "created", "existed", "repeat"])
    def test_rows_that_may_be_orders_already_are_not_read_back(
        self, tmp_path: Path, outcome: str
    ) -> None:
        path = written(tmp_path, f"email;goods;bill_id;outcome\na@b.ru;invoice;;{outcome}\n")
        (bad,) = read_rows(path)
        assert bad.order is None

    @pytest.mark.parametrize("outcome", ["", "failed", "not_sent"])
    def test_rows_that_are_no_orders_yet_are_read_back(self, tmp_path: Path, outcome: str) -> None:
        path = written(
            tmp_path, f"email;goods;outcome;code;reason;hint\na@b.ru;x;{outcome};604;no;\n"
        )
        (row,) = read_rows(path)
        assert row.order is not None

    def test_a_problem_never_shows_the_value(self, tmp_path: Path) -> None:
        (bad,) = read_rows(written(tmp_path, "email;goods;ip\nsecret@;invoice:secret;secret\n"))
        messages = [message for p in bad.problems for message in (p.reason, p.hint)]
        assert not [m for m in messages if "secret" in m or "secret" in m.in_("ru")]


class TestFiles:
    @pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\n"])
    def test_an_empty_file_is_refused(self, tmp_path: Path, content: bytes) -> None:
        with pytest.raises(FileProblem, match="empty"):
            read_rows(written(tmp_path, content))

    def test_a_missing_file_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(FileProblem, match="cannot be read"):
            read_rows(tmp_path / "nothing.csv")

    def test_an_unknown_encoding_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(FileProblem, match="unknown encoding"):
            read_rows(written(tmp_path, RUSSIAN), encoding="cp12510")

    def test_an_unknown_zone_is_refused(self) -> None:
        with pytest.raises(FileProblem, match="unknown time zone"):
            find_zone("Mars/Olympus")


def is_kept_as_it_is(text: str) -> bool:
    seen = values.inspect_cell(text, is_free_text=True)
    return type(seen) is str and seen == text  # a cell that is refused is equal, too


texts = st.text(
    st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs", "Zs", "Cc"])
).filter(is_kept_as_it_is) | st.text("абвЩё;,\"'\t|«»").filter(lambda text: not is_garbled(text))


@given(
    comments=st.lists(texts.map(str.strip), min_size=1, max_size=5),
    delimiter=st.sampled_from(";,\t"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    newline=st.sampled_from(["\n", "\r\n"]),
    price=st.none() | st.decimals(0, 10**6, places=2, allow_nan=False),
)
def test_what_was_written_as_csv_is_read_back(
    comments: list[str], delimiter: str, encoding: str, newline: str, price: Decimal | None
) -> None:
    """Whatever a comment holds, it arrives; and so do its neighbours."""
    text = io.StringIO(newline="")
    rows = csv.writer(text, delimiter=delimiter, lineterminator=newline)
    rows.writerow(["email", "comment", "good_name_1", "good_sum_1"])
    for comment in comments:
        rows.writerow(["a@b.ru", comment, "invoice", "" if price is None else price])
    with TemporaryDirectory() as folder:
        read = list(read_rows(written(Path(folder), text.getvalue(), encoding)))
    assert [values.unwrap(comment) or None for comment in comments] == [
        row.order and row.order.comment for row in read
    ]
    assert {(Good("invoice", price),)} == {row.order and row.order.goods for row in read}
