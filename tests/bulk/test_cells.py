"""From the text of a cell to a value."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from justclick_async.bulk import cells
from justclick_async.bulk.cells import CellError
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
        assert said == cells.plain(cell)

    @pytest.mark.parametrize("cell", ["7,92878E+10", "7.92878E+10", "7,92E10", "7.9e+10"])
    def test_a_mangled_phone_is_refused_with_the_reason(self, cell: str) -> None:
        with pytest.raises(CellError) as caught:
            cells.number_as_text(cell)
        assert "Excel" in caught.value.reason.en
        assert "recovered" in caught.value.hint.en

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
        assert said == cells.number_as_text(cell)

    @pytest.mark.parametrize(
        "cell", ["ivan", "ivan@", "@example.com", "a b@c.ru", "a@b.ru, c@d.ru"]
    )
    def test_what_is_no_address_is_refused_as_the_service_would(self, cell: str) -> None:
        with pytest.raises(CellError) as caught:
            cells.email(cell)
        assert caught.value.code == 600

    @pytest.mark.parametrize("cell", ["a@b.ru", "иван@пример.рф", "o'neil+tag@x-y.example.com"])
    def test_what_may_be_an_address_is_left_to_the_service(self, cell: str) -> None:
        assert cell == cells.email(cell)

    def test_domains_lose_what_browsers_add(self) -> None:
        assert cells.domain("https://shop.example.com/") == "shop.example.com"

    @pytest.mark.parametrize("cell", ["256.1.1.1", "localhost", "1.2.3"])
    def test_a_wrong_ip_address_is_refused(self, cell: str) -> None:
        with pytest.raises(CellError):
            cells.address(cell)


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
        ],
    )
    def test_what_is_clear_is_read(self, cell: str, amount: str) -> None:
        assert Decimal(amount) == cells.amount(cell)

    @pytest.mark.parametrize("cell", ["1,500", "1.500", "12,345", "999.999"])
    def test_what_may_be_thousands_or_decimals_is_refused(self, cell: str) -> None:
        with pytest.raises(CellError, match="thousands"):
            cells.amount(cell)

    @pytest.mark.parametrize(
        "cell", ["NaN", "inf", "-5", "1e3", "free", "1 50 0", "$15", "1500.", ".5", "٣", "1,2,3"]
    )
    def test_what_is_no_amount_is_refused(self, cell: str) -> None:
        with pytest.raises(CellError):
            cells.amount(cell)

    @given(st.decimals(0, 10**9, places=2, allow_nan=False, allow_infinity=False))
    def test_amounts_survive_being_written_the_russian_way(self, amount: Decimal) -> None:
        written = f"{amount:,.2f}".replace(",", "\u00a0").replace(".", ",")
        assert amount == cells.amount(written)


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
        assert expected == cells.goods(cell)

    @pytest.mark.parametrize(
        "cell", ["invoice:1500,2024", "invoice:free", "invoice:1,500", ":1500", "a,,b", "a:NaN"]
    )
    def test_what_is_unclear_is_refused(self, cell: str) -> None:
        with pytest.raises(CellError):
            cells.goods(cell)

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
        assert tuple(Good(name, price) for name, price in goods) == cells.goods(written)


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
        ],
    )
    def test_times_are_read_in_the_forms_that_are_clear(self, cell: str, moment: datetime) -> None:
        assert moment == cells.moment(cell, MOSCOW)

    @pytest.mark.parametrize(
        "cell",
        [
            "05/17/2024",
            "31.02.2024",
            "45321.5",
            "1715947800000",
            "yesterday",
            "1960-01-01",
            "20240517",
        ],
    )
    def test_times_that_are_unclear_or_impossible_are_refused(self, cell: str) -> None:
        with pytest.raises(CellError):
            cells.moment(cell, MOSCOW)

    @pytest.mark.parametrize(
        ("cell", "flag"), [("1", True), ("Да", True), ("no", False), ("0", False)]
    )
    def test_timer_kill_takes_yes_and_no(self, cell: str, flag: bool) -> None:
        assert flag is cells.flag_or_moment(cell, MOSCOW)
