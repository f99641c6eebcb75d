"""From the text of a cell to a value."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from justclick_async.bulk.formats.base import RefusedCell
from justclick_async.bulk.rows import values
from justclick_async.bulk.rows.goods import parse_goods as read_goods
from justclick_async.bulk.rows.goods import parse_quantity
from justclick_async.bulk.rows.times import TimeParser, detect_date_order
from justclick_async.bulk.rows.values import CellError
from justclick_async.models import Good

MOSCOW = ZoneInfo("Europe/Moscow")


class TestText:
    @pytest.mark.parametrize(
        ("cell", "said"),
        [
            ("  Иван ", "Иван"),
            ('="00123"', "00123"),
            ('="say ""hi"""', 'say "hi"'),
            ("'+7(928)777-77-77", "+7(928)777-77-77"),
            ("'00123", "00123"),
            ("'", "'"),
            ("'quoted'", "'quoted'"),
            ("", ""),
        ],
    )
    def test_wrappers_of_excel_are_taken_off(self, cell: str, said: str) -> None:
        assert said == values.unwrap(cell)

    @pytest.mark.parametrize("cell", ["7,92878E+10", "7.92878E+10", "7,92E10", "7.9e+10"])
    def test_a_mangled_phone_is_refused_with_the_reason(self, cell: str) -> None:
        with pytest.raises(CellError) as caught:
            values.parse_code(cell)
        assert "Excel" in caught.value.reason
        assert "Export the file again" in caught.value.hint

    @pytest.mark.parametrize(
        ("cell", "said"),
        [
            ("79287777777.0", "79287777777"),
            ("+7(928)777-77-77", "+7(928)777-77-77"),
            ("8 928 777 77 77", "8 928 777 77 77"),
            ("00123", "00123"),
        ],
    )
    def test_a_phone_stays_as_the_customer_writes_it(self, cell: str, said: str) -> None:
        assert said == values.parse_code(cell)

    @pytest.mark.parametrize(
        "cell", ["ivan", "ivan@", "@example.com", "a b@c.ru", "a@b.ru, c@d.ru"]
    )
    def test_what_is_no_address_is_refused_as_the_service_would(self, cell: str) -> None:
        with pytest.raises(CellError) as caught:
            values.parse_email(cell)
        assert caught.value.code == 600

    @pytest.mark.parametrize("cell", ["a@b.ru", "иван@пример.рф", "o'neil+tag@x-y.example.com"])
    def test_what_may_be_an_address_is_left_to_the_service(self, cell: str) -> None:
        assert cell == values.parse_email(cell)

    def test_domains_lose_what_browsers_add(self) -> None:
        assert values.parse_domain("https://shop.example.com/") == "shop.example.com"

    @pytest.mark.parametrize("cell", ["256.1.1.1", "localhost", "1.2.3"])
    def test_a_wrong_ip_address_is_refused(self, cell: str) -> None:
        with pytest.raises(CellError):
            values.parse_ip(cell)


class TestCellsOfAnyField:
    @pytest.mark.parametrize(
        "cell",
        [
            "#N/A", "#REF!", "#DIV/0!", "#NAME?", "#VALUE!", "#NUM!", "#NULL!", "#SPILL!",
            "#CALC!", "#FIELD!", "#BUSY!", "#ERROR!", "#GETTING_DATA", "#Н/Д", "#ЗНАЧ!",
            "#ССЫЛКА!", "#ИМЯ?", "#ДЕЛ/0!", "#ЧИСЛО!", "#ПУСТО!", "#ПЕРЕНОС!", "Err:502", "#####",
            " #N/A ",
        ],
    )  # fmt: skip
    def test_error_values_of_spreadsheets_are_refused(self, cell: str) -> None:
        assert "error value" in refused(cell)

    @pytest.mark.parametrize("cell", ["=A1*2", "=СУММ(A1:A2)", "= B2", '="a"&B1', "=-A1", "=@A1"])
    def test_formulas_are_refused(self, cell: str) -> None:
        assert "formula" in refused(cell)

    @pytest.mark.parametrize("cell", ["NULL", "\\N", "nan", "None", "undefined", "N/A", "Н/Д"])
    def test_placeholders_for_nothing_are_refused(self, cell: str) -> None:
        assert "placeholder" in refused(cell)

    @pytest.mark.parametrize("cell", ["1.02937E+05", "1,23457E+15", "8E+10"])
    def test_numbers_whose_digits_are_lost_are_refused(self, cell: str) -> None:
        assert "exponent" in refused(cell)

    @pytest.mark.parametrize(
        "cell",
        [
            "Ива\ufffd", "????", "?? ???", "РРІР°РЅ", "Ð˜Ð²Ð°Ð½", "a\x00b", "a\x1bb", "Àííà",
            "└ээр ╧хЄЁютр", r"\u0410\u043d", "=?utf-8?B?0JDQvdC90LA=?=", "&#1040;",
            "O&amp;M",
        ],
    )  # fmt: skip
    def test_what_is_no_text_is_refused(self, cell: str) -> None:
        assert refused(cell)

    @pytest.mark.parametrize(
        "cell",
        [
            "Null",
            "O&M; R&D",
            "C:\\new",
            "Þýðandi",
            "#1",
            "№ 5",
            "=)",
            '="00123"',
            "Nonesuch",
            "C#",
            "Рёв и СССР?",
            "Где заказ??",
            "1E5",
            "👨\u200d👩",
            "a=b",
        ],
    )
    def test_what_is_text_stays(self, cell: str) -> None:
        assert cell == values.inspect_cell(cell, is_free_text=True)

    @pytest.mark.parametrize(
        "mark", ["\ufeff", "\u200b", "\u200e", "\u200f", "\u202a", "\u2060", "\u2066", "\xad"]
    )
    def test_invisible_characters_are_removed(self, mark: str) -> None:
        assert values.inspect_cell(f"{mark}a@b{mark}.ru", is_free_text=False) == "a@b.ru"


def refused(cell: str) -> str:
    looked_at = values.inspect_cell(cell, is_free_text=False)
    assert isinstance(looked_at, RefusedCell)
    assert values.is_suspicious([cell])
    return looked_at.reason


class TestContactFields:
    @pytest.mark.parametrize(
        "cell",
        [
            "mailto:a@b.ru", '"a@b.ru"', "http://x@b.ru", "a..b@c.ru", ".a@c.ru", "a.@c.ru",
            "a@b", "a@-b.ru", "a@b-.ru", "a@b..ru", "a@b.ru.", "a@b.1", "a@[1.2.3.4]",
            "Anna <a@b.ru>", "a@b.ru;c@d.ru", "a@b.ru c@d.ru", "a@b@c.ru", f"{'a' * 65}@b.ru",
            "a＠b.ru", "a@b,ru", "'a@b.ru", "ivаn@mail.ru", "ivan@mаil.ru", f"a@{'b' * 64}.ru",
        ],
    )  # fmt: skip
    def test_what_is_no_address_by_rfc_5322_is_refused(self, cell: str) -> None:
        with pytest.raises(CellError) as caught:
            values.parse_email(cell)
        assert caught.value.code == 600

    @pytest.mark.parametrize("cell", ["a.b+c@d.example.com", "a_b-c@d-e.io", "!#$%@b.ru", "1@2.ru"])
    def test_what_is_an_address_by_rfc_5322_is_taken(self, cell: str) -> None:
        assert cell == values.parse_email(cell)

    @pytest.mark.parametrize(
        "cell",
        [
            "+79161234567, +79167654321", "89161234567 89167654321", "89161234567/89167654321",
            "нет", "Иван", "-9161234567", "+7 916 123-45-67 (Анна)", "٨٩١٦١٢٣٤٥٦٧",
            "79161234567.5", "12",
            "7,92E+10",
        ],
    )  # fmt: skip
    def test_what_is_not_one_phone_is_refused(self, cell: str) -> None:
        with pytest.raises(CellError):
            values.parse_phone(cell)

    @pytest.mark.parametrize("cell", ["101,000", "102.000", "1.234"])
    def test_a_number_that_may_be_thousands_is_no_name(self, cell: str) -> None:
        with pytest.raises(CellError) as caught:
            values.parse_code(cell)
        assert "thousands" in caught.value.reason

    @pytest.mark.parametrize(
        ("cell", "phone"),
        [
            ("+7(928)777-77-77", "+7(928)777-77-77"),
            ("8 928 777 77 77", "8 928 777 77 77"),
            ("8\u00a0928\u00a0777 77 77", "8 928 777 77 77"),
            ("+7 495 123-45-67 доб. 12", "+7 495 123-45-67 доб. 12"),
            ("+7 495 123-45-67, доб. 12", "+7 495 123-45-67, доб. 12"),
            ("+1 212 555 0100 ext 5", "+1 212 555 0100 ext 5"),
            ("79287777777.0", "79287777777"),
        ],
    )
    def test_one_phone_is_taken_with_its_extension(self, cell: str, phone: str) -> None:
        assert phone == values.parse_phone(cell)


class TestMoney:
    @pytest.mark.parametrize(
        ("cell", "amount"),
        [
            ("1500", "1500"),
            ("1500.50", "1500.50"),
            ("1500,5", "1500.5"),
            ("1 500,50", "1500.50"),
            ("1\u00a0500,50 ₽", "1500.50"),
            ("12 345 678", "12345678"),
            ("1,500.50", "1500.50"),
            ("1.500,50", "1500.50"),
            ("1,234,567", "1234567"),
            ("990 руб.", "990"),
            ("0,500", "0.500"),
            ("1500.000", "1500.000"),
            ("0", "0"),
            ("₽1500", "1500"),
            ("₽ 1 500", "1500"),
            ("RUB 1500.50", "1500.50"),
            ("1500р.", "1500"),
            ("1500 RUB", "1500"),
            ("1'500", "1500"),
            ("1’500.50", "1500.50"),
            ("1\u202f500,00", "1500.00"),
            ("1\u2009500", "1500"),
            ("12'345'678", "12345678"),
        ],
    )
    def test_what_is_clear_is_read(self, cell: str, amount: str) -> None:
        assert Decimal(amount) == values.parse_amount(cell)

    @pytest.mark.parametrize("cell", ["1,500", "1.500", "12,345", "999.999"])
    def test_what_may_be_thousands_or_decimals_is_refused(self, cell: str) -> None:
        with pytest.raises(CellError, match="thousands"):
            values.parse_amount(cell)

    @pytest.mark.parametrize(
        "cell",
        [
            "NaN", "inf", "-5", "1e3", "free", "1 50 0", "$15", "1500.", ".5", "٣", "1,2,3",
            "0.001", "33.3333", "1.125", "true", "TRUE", "истина", "15%",
            "79161234567", "(1500)", "1500 USD",
            "15 €", "１５００", "1'50", "1 500'000", "1,50,000", "0500", "1500/мес", "1500+500",
            "₽", "1" * 31, "1500 руб. 50 коп.", "1_500", "1.5.0", "+5", "5-10",
        ],
    )  # fmt: skip
    def test_what_is_no_amount_is_refused(self, cell: str) -> None:
        with pytest.raises(CellError):
            values.parse_amount(cell)

    @given(st.decimals(0, 10**9, places=2, allow_nan=False, allow_infinity=False))
    def test_amounts_survive_being_written_the_russian_way(self, amount: Decimal) -> None:
        written = f"{amount:,.2f}".replace(",", "\u00a0").replace(".", ",")
        assert amount == values.parse_amount(written)


class TestGoods:
    @pytest.mark.parametrize(
        ("cell", "goods"),
        [
            ("invoice", [("invoice", None)]),
            ("invoice:1500, sales", [("invoice", "1500"), ("sales", None)]),
            ("invoice:1500,sales", [("invoice", "1500"), ("sales", None)]),
            ("invoice:1500,50, sales", [("invoice", "1500.50"), ("sales", None)]),
            ("invoice:1 500,50,sales:10", [("invoice", "1500.50"), ("sales", "10")]),
            ("invoice; sales|club\nx", [(n, None) for n in ("invoice", "sales", "club", "x")]),
            ("invoice : 1500 ; ", [("invoice", "1500")]),
            ("invoice:", [("invoice", None)]),
            ("222:10, 222", [("222", "10"), ("222", None)]),
            ("", []),
        ],
    )  # fmt: skip
    def test_a_cell_holds_products_with_and_without_a_price(
        self, cell: str, goods: list[tuple[str, str | None]]
    ) -> None:
        expected = tuple(
            Good(name, None if price is None else Decimal(price)) for name, price in goods
        )
        assert expected == read_goods(cell)

    @pytest.mark.parametrize(
        "cell", ["invoice:1500,2024", "invoice:free", "invoice:1,500", ":1500", "a,,b", "a:NaN"]
    )
    def test_what_is_unclear_is_refused(self, cell: str) -> None:
        with pytest.raises(CellError):
            read_goods(cell)

    @given(
        st.lists(
            st.tuples(
                st.text("abcdefghij_-0123456789", min_size=1).filter(lambda n: not n[0].isdigit()),
                st.none() | st.decimals(0, 10**6, places=2, allow_nan=False),
            ),
            min_size=1,
        )
    )
    def test_goods_survive_being_written_and_read(
        self, goods: list[tuple[str, Decimal | None]]
    ) -> None:
        written = ", ".join(name if price is None else f"{name}:{price}" for name, price in goods)
        assert tuple(Good(name, price) for name, price in goods) == read_goods(written)


class TestQuantities:
    @pytest.mark.parametrize(
        ("cell", "name", "price", "count"),
        [
            ("invoice x2", "invoice", None, 2),
            ("invoice х2", "invoice", None, 2),  # Cyrillic
            ("invoice X 2", "invoice", None, 2),
            ("invoice ×2", "invoice", None, 2),
            ("invoice*2", "invoice", None, 2),
            ("invoice * 2", "invoice", None, 2),
            ("invoice (2)", "invoice", None, 2),
            ("invoice (x2)", "invoice", None, 2),
            ("invoice (2 шт.)", "invoice", None, 2),
            ("invoice 2 шт.", "invoice", None, 2),
            ("invoice - 2 шт", "invoice", None, 2),
            ("invoice 2pcs", "invoice", None, 2),
            ("2 x invoice", "invoice", None, 2),
            ("2х invoice", "invoice", None, 2),
            ("2*invoice", "invoice", None, 2),
            ("2 шт. invoice", "invoice", None, 2),
            ("invoice x1", "invoice", None, 1),
            ("invoice:1500 x2", "invoice", "1500", 2),
            ("invoice:1500 (2 шт.)", "invoice", "1500", 2),
            ("invoice:1 500,50*2", "invoice", "1500.50", 2),
            ("invoice - 1x1500 = 1500", "invoice", "1500", 1),
            ("invoice - 2x1500 = 3000", "invoice", "1500", 2),
            ("invoice - 2 х 1 500 = 3 000", "invoice", "1500", 2),
            ("x2", "x2", None, 1),  # may be an id
            ("course-x2", "course-x2", None, 1),
        ],
    )
    def test_a_quantity_repeats_the_product(
        self, cell: str, name: str, price: str | None, count: int
    ) -> None:
        assert (Good(name, price),) * count == read_goods(cell)

    @pytest.mark.parametrize(
        "cell",
        [
            "invoice x0", "invoice x101", "invoice x1.5", "invoice 1.5 шт", "invoice, 2 шт.",
            "x 2", "invoice x2:1500", "invoice (2): 3000", "invoice - 2x1500 = 1500",
            "invoice, x2", "invoice x2 x3", "invoice = 1500", "invoice (2) x2",
            "invoice x2 (подарок)", "2 шт.", "invoice x٢", "invoice x 2 = 3000",
            "invoice x999999999", "invoice кол-во: 2", "invoice Qty: 2", "invoice qty 2",
            "invoice [2]", "invoice · 2", "x2 invoice", "invoice @ 2", "invoice 2 компл.",
            "invoice 2 упак", "invoice 2 пары", "invoice 2 units",
        ],
    )  # fmt: skip
    def test_a_number_that_may_be_a_quantity_is_never_part_of_an_id(self, cell: str) -> None:
        with pytest.raises(CellError):
            read_goods(cell)

    @pytest.mark.parametrize(
        "cell", ["invoice - 1500 руб.", "invoice 1500 ₽", "invoice (1500 р.)", "x, invoice 5 rub"]
    )
    def test_an_amount_that_may_be_a_price_is_never_part_of_an_id(self, cell: str) -> None:
        with pytest.raises(CellError) as caught:
            read_goods(cell)
        assert "may be its price" in caught.value.reason

    @pytest.mark.parametrize(("cell", "count"), [("2", 2), ("2.0", 2), ("2,00", 2), ("2 шт.", 2)])
    def test_a_column_of_quantities_is_read(self, cell: str, count: int) -> None:
        assert count == parse_quantity(cell)

    @pytest.mark.parametrize("cell", ["0", "-1", "1.5", "two", "101", "٢", "2 кг"])
    def test_what_is_no_quantity_is_refused(self, cell: str) -> None:
        with pytest.raises(CellError):
            parse_quantity(cell)


class TestTime:
    @pytest.mark.parametrize(
        ("cell", "moment"),
        [
            ("1291001819", datetime.fromtimestamp(1291001819, UTC)),
            ("17.05.2024", datetime(2024, 5, 17, tzinfo=MOSCOW)),
            ("7.5.2024 9:05", datetime(2024, 5, 7, 9, 5, tzinfo=MOSCOW)),
            ("17.05.2024 14:30:15", datetime(2024, 5, 17, 14, 30, 15, tzinfo=MOSCOW)),
            ("17.05.2024, 14:30", datetime(2024, 5, 17, 14, 30, tzinfo=MOSCOW)),
            ("2024-05-17", datetime(2024, 5, 17, tzinfo=MOSCOW)),
            ("2024-05-17 14:30", datetime(2024, 5, 17, 14, 30, tzinfo=MOSCOW)),
            ("2024-05-17T14:30:00Z", datetime(2024, 5, 17, 14, 30, tzinfo=UTC)),
            ("2024-05-17T14:30:00+03:00", datetime(2024, 5, 17, 11, 30, tzinfo=UTC)),
            ("2024-05-17 14:30:00 +0300", datetime(2024, 5, 17, 11, 30, tzinfo=UTC)),
            ("2024-05-17T14:30:00.000Z", datetime(2024, 5, 17, 14, 30, tzinfo=UTC)),
            ("01.02.24", datetime(2024, 2, 1, tzinfo=MOSCOW)),
            ("17.05.2024 14:30 (МСК)", datetime(2024, 5, 17, 14, 30, tzinfo=MOSCOW)),
            ("17.05.2024 14:30 MSK", datetime(2024, 5, 17, 14, 30, tzinfo=MOSCOW)),
            ("17.05.2024 14:30 UTC", datetime(2024, 5, 17, 14, 30, tzinfo=UTC)),
            ("17.05.2024 14:30 GMT+5", datetime(2024, 5, 17, 9, 30, tzinfo=UTC)),
            ("17/05/2024", datetime(2024, 5, 17, tzinfo=MOSCOW)),
            ("05/17/2024", datetime(2024, 5, 17, tzinfo=MOSCOW)),
            ("05/05/2024", datetime(2024, 5, 5, tzinfo=MOSCOW)),
            ("5/17/2024 2:30 PM", datetime(2024, 5, 17, 14, 30, tzinfo=MOSCOW)),
            ("5/17/2024, 12:05 AM", datetime(2024, 5, 17, 0, 5, tzinfo=MOSCOW)),
            ("2024/05/17 14:30", datetime(2024, 5, 17, 14, 30, tzinfo=MOSCOW)),
            ("17-05-2024", datetime(2024, 5, 17, tzinfo=MOSCOW)),
            ("17 мая 2024 г. 14:30", datetime(2024, 5, 17, 14, 30, tzinfo=MOSCOW)),
            ("17 May 2024", datetime(2024, 5, 17, tzinfo=MOSCOW)),
            ("May 17, 2024", datetime(2024, 5, 17, tzinfo=MOSCOW)),
            ("2024-W20-5", datetime(2024, 5, 17, tzinfo=MOSCOW)),
        ],
    )
    def test_times_are_read_in_the_forms_that_are_clear(self, cell: str, moment: datetime) -> None:
        assert moment == TimeParser(MOSCOW).moment(cell)

    @pytest.mark.parametrize(
        "cell",
        [
            "31.02.2024",
            "2024-W14",
            "45321.5",
            "1715947800000",
            "yesterday",
            "1960-01-01",
            "20240517",
            "45321",
            "01/02/2024",
            "1-2-2024",
            "24-02-01",
            "17/05/24",
            "24.02.01",
            "1999-12-31",
            "17.05.0024",
            "2224-05-17",
            "17.05.2024 25:00",
            "17.05.2024 14:30 PM",
            "14:30",
            "17.05",
            "31.04.2024",
            "17.05.2024 - 18.05.2024",
            "9161234567",
            "2010-10-31 02:30",
            "1" * 100,
        ],
    )
    def test_times_that_are_unclear_or_impossible_are_refused(self, cell: str) -> None:
        with pytest.raises(CellError):
            TimeParser(MOSCOW).moment(cell)

    @pytest.mark.parametrize(
        ("cell", "flag"), [("1", True), ("Да", True), ("no", False), ("0", False)]
    )
    def test_timer_kill_takes_yes_and_no(self, cell: str, flag: bool) -> None:
        assert flag is TimeParser(MOSCOW).flag_or_moment(cell)

    @pytest.mark.parametrize(
        ("cells", "is_russian", "dates"),
        [
            (["01/02/2024", "17/05/2024"], False, "dmy"),
            (["01/02/2024", "05/17/2024"], False, "mdy"),
            (["17/05/2024", "05/17/2024"], True, None),
            (["01/02/2024"], False, None),
            (["01/02/2024"], True, "dmy"),
            (["2024-05-17", "", "17.05.2024"], False, None),
        ],
    )
    def test_the_other_dates_of_a_file_tell_the_day_from_the_month(
        self, cells: list[str], is_russian: bool, dates: str | None
    ) -> None:
        assert dates == detect_date_order(cells, is_russian=is_russian)

    def test_a_date_that_contradicts_the_others_is_refused(self) -> None:
        with pytest.raises(CellError):
            TimeParser(MOSCOW, dates="dmy").moment("05/17/2024")
        assert TimeParser(MOSCOW, dates="dmy").moment("01/02/2024").month == 2
        assert TimeParser(MOSCOW, dates="mdy").moment("01/02/2024").month == 1
