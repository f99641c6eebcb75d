"""Which rows are read: no totals, and what ``--only`` and ``--skip`` say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from justclick_async.bulk.errors import FileProblem
from justclick_async.bulk.kinds.contacts import CONTACTS
from justclick_async.bulk.rows.reader import Rows, read_rows
from justclick_async.bulk.rows.selection import find_unmatched_values
from tests.bulk.rows.test_places import place_of


def opened(folder: Path, text: str, **options: Any) -> Rows:
    path = folder / "orders.csv"
    path.write_text(text, "utf-8")
    return read_rows(path, **options)


def lines(rows: Rows) -> list[int]:
    return [row.record.line for row in rows]


class TestTotals:
    @pytest.mark.parametrize(
        "total",
        [
            "Итого;;3000", "Всего:;;3000", "ИТОГО ПО ДОКУМЕНТУ;;3000", ";Итого: 3000;", "Total;;1",
            "Сумма принятых платежей: 2.00 RUB;;", "Число платежей: 1;;", "Grand Total;;3000",
        ],
    )  # fmt: skip
    def test_a_line_of_totals_is_left_out_and_known(self, tmp_path: Path, total: str) -> None:
        rows = opened(tmp_path, f"email;goods;comment\na@b.ru;invoice;\n\n{total}\n")
        assert (lines(rows), rows.left_out.totals) == ([2], [4])

    def test_a_product_may_begin_like_a_total(self, tmp_path: Path) -> None:
        """Rows of items have no e-mail address in a report of 1C."""
        text = (
            "Номер;Контрагент;Номенклатура;Артикул;Количество;Сумма;email\n"
            "1;Иван П;;;;;a@b.ru\n;;Total Body, курс;;1;10;\n;;Итого;;1;10;\n"
        )
        rows = opened(tmp_path, text)
        (row,) = rows
        assert row.order is not None
        assert [good.name for good in row.order.goods] == ["Total Body, курс"]
        assert rows.left_out.totals == [4]

    @pytest.mark.parametrize(
        "row", ["a@b.ru;Итого;", ";invoice;Итого", "Итоговый@b.ru;invoice;", "Сумма;x@y.ru;"]
    )
    def test_a_row_that_may_be_an_order_is_no_total(self, tmp_path: Path, row: str) -> None:
        rows = opened(tmp_path, f"email;goods;comment\n{row}\n")
        assert rows.left_out.totals == []
        assert lines(rows) == [2]


SHOP = (
    "email;goods;Статус;order_key\n"
    "a@b.ru;x;Оплачен;1\n"
    "c@d.ru;x;Отменён;2\n"
    "e@f.ru;x;отменен ;3\n"
    "g@h.ru;x;;4\n"
)


class TestFilters:
    def test_rows_are_skipped_however_their_value_is_spelt(self, tmp_path: Path) -> None:
        rows = opened(tmp_path, SHOP, skip={"статус": ["Отменен"]})
        assert lines(rows) == [2, 5]
        assert rows.left_out.filtered["--skip", "статус", "Отменен"] == 2

    @pytest.mark.parametrize(
        ("values", "kept"), [(["Оплачен"], [2]), (["*"], [2, 3, 4]), ([""], [5]), (["nope"], [])]
    )
    def test_only_rows_of_some_values_are_kept(
        self, tmp_path: Path, values: list[str], kept: list[int]
    ) -> None:
        assert lines(opened(tmp_path, SHOP, only={"Статус": values})) == kept

    def test_a_value_that_no_row_has_is_found(self, tmp_path: Path) -> None:
        skip = {"Статус": ["Отменен", "Аннулирован"]}
        rows = opened(tmp_path, SHOP, skip=skip)
        list(rows)
        assert find_unmatched_values(rows.left_out, rows.table.options.skip, "--skip") == [
            ("Статус", "Аннулирован")
        ]

    def test_a_column_that_is_not_there_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(FileProblem, match="column 'Status' not found"):
            list(opened(tmp_path, SHOP, skip={"Status": ["x"]}))

    def test_all_rows_of_an_order_go_by_what_the_first_says(self, tmp_path: Path) -> None:
        """Shopify writes the status of an order once, in the first of its rows."""
        text = (
            "Name,Email,Financial Status,Currency,Lineitem quantity,Lineitem name,Lineitem price\n"
            "#1,a@b.ru,refunded,RUB,1,A,1\n#1,,,,1,B,2\n#2,c@d.ru,paid,RUB,1,C,3\n#2,,,,1,D,4\n"
        )
        (row,) = opened(tmp_path, text, skip={"Financial Status": ["refunded"]})
        assert row.order is not None
        assert [good.name for good in row.order.goods] == ["C", "D"]

    def test_pieces_of_a_file_leave_out_the_same_rows(self, tmp_path: Path) -> None:
        body = "".join(f"u{i}@b.ru;x;{'Да' if i % 3 else 'Нет'};{i}\n" for i in range(30))
        rows = opened(
            tmp_path, f"email;goods;Статус;order_key\n{body}Итого;;;\n", skip={"Статус": ["Нет"]}
        )
        numbers = [record.number for record in rows.records()]
        assert len(numbers) == 20
        for at, place in enumerate(map(place_of, rows.records())):
            assert [record.number for record in rows.records(place)] == numbers[at:]


def test_a_value_under_no_name_is_refused(tmp_path: Path) -> None:
    rows = opened(tmp_path, "email;goods;\na@b.ru;x;lost\nc@d.ru;x;\n")
    bad, good = rows
    assert (bad.problems[0].field, good.problems) == ("#3", ())
    assert "--map '#3='" in bad.problems[0].hint
    rows = opened(tmp_path, "email;goods;\na@b.ru;x;lost\n", rename={"#3": ""})
    assert [row.problems for row in rows] == [()]


def test_a_currency_that_is_not_the_shops_is_refused(tmp_path: Path) -> None:
    text = "email;good_name;good_sum;Валюта\na@b.ru;x;10;RUB\na@b.ru;x;10;₽\na@b.ru;x;10;usd\n"
    problems = [row.problems for row in opened(tmp_path, text)]
    assert [len(each) for each in problems] == [0, 0, 1]
    assert "--skip 'Валюта=usd'" in problems[2][0].hint
    assert [row.problems for row in opened(tmp_path, text, skip={"Валюта": ["usd"]})] == [(), ()]
    problems = [row.problems for row in opened(tmp_path, text, currency="usd")]
    assert [len(each) for each in problems] == [1, 1, 0]


@pytest.mark.parametrize(
    ("full", "names"),
    [
        ("Иван Примеров", ("Иван", "Примеров", None)),
        ("Примеров Иван Иванович", ("Иван", "Примеров", "Иванович")),
        ("Иван Иванович Примеров", ("Иван", "Примеров", "Иванович")),
        ("Мария Анна ван дер Берг", ("Мария", "Анна ван дер Берг", None)),
        ("Мадонна", ("Мадонна", None, None)),
        ("Мамедов Али Рашид оглы", ("Али", "Мамедов", "Рашид оглы")),
        ("Лейла Рашид кызы Мамедова", ("Лейла", "Мамедова", "Рашид кызы")),
    ],
)
def test_a_full_name_is_divided(
    tmp_path: Path, full: str, names: tuple[str, str | None, str | None]
) -> None:
    (row,) = opened(tmp_path, f"email;goods;ФИО\na@b.ru;x;{full}\n")
    assert row.order is not None
    assert names == (row.order.first_name, row.order.last_name, row.order.middle_name)


@pytest.mark.parametrize(
    ("heading", "full", "names"),
    [
        ("Фамилия и имя", "Примеров Иван", ("Иван", "Примеров", None)),
        ("ФАМИЛИЯ ИМЯ", "Smith  John", ("John", "Smith", None)),
        ("Фамилия Имя Отчество", "Примеров Иван", ("Иван", "Примеров", None)),
        ("Фамилия Имя Отчество", "Примеров Иван Иванович", ("Иван", "Примеров", "Иванович")),
        ("Фамилия Имя Отчество", "Иван Иванович", ("Иван", "Иванович", None)),
        ("Фамилия и имя", "Мадонна", ("Мадонна", None, None)),
        ("Имя и фамилия", "Иван Примеров", ("Иван", "Примеров", None)),
    ],
)
def test_a_heading_can_state_that_the_surname_is_first(
    tmp_path: Path, heading: str, full: str, names: tuple[str, str | None, str | None]
) -> None:
    (row,) = opened(tmp_path, f"email;goods;{heading}\na@b.ru;x;{full}\n")
    assert row.order is not None
    assert names == (row.order.first_name, row.order.last_name, row.order.middle_name)


def test_a_full_name_for_every_row_has_the_usual_order(tmp_path: Path) -> None:
    constants = {"full_name": "Иван Примеров"}
    (row,) = opened(tmp_path, "email;goods\na@b.ru;x\n", constants=constants)
    assert row.order is not None
    assert row.order.first_name == "Иван"


def test_first_and_last_name_of_a_contact_make_one(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("email;Имя;Фамилия;group\na@b.ru;Иван;Примеров;super\n")
    (row,) = read_rows(path, kind=CONTACTS)
    assert row.item.name == "Иван Примеров"


def test_products_are_known_by_their_titles(tmp_path: Path) -> None:
    text = (
        "email;goods\na@b.ru;Оплата по счёту\nc@d.ru;Курс, часть 1\n"
        "e@f.ru;sales, оплата  по счёту:10\n"
    )
    products = {"Оплата по счёту": "invoice", "Курс, часть 1": "part1"}
    rows = opened(tmp_path, text, products=products)
    assert [[g.name for g in row.order.goods] for row in rows if row.order] == [
        ["invoice"], ["part1"], ["sales", "invoice"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "goods"),
    [
        ("a@b.ru;invoice;1500;2", [("invoice", 1500)] * 2),
        ("a@b.ru;invoice;;3", [("invoice", None)] * 3),
        ("a@b.ru;invoice, sales;;1", [("invoice", None), ("sales", None)]),
        ("a@b.ru;invoice, sales;;2", None),
        ("a@b.ru;invoice, sales;10;", None),
        ("a@b.ru;invoice:20;10;", None),
        ("a@b.ru;;10;", None),
    ],
)
def test_price_and_quantity_beside_a_list_belong_to_its_only_product(
    tmp_path: Path, row: str, goods: list[tuple[str, int | None]] | None
) -> None:
    (read,) = opened(tmp_path, f"email;goods;Цена;Количество\n{row}\n")
    found = read.order and [(good.name, good.price) for good in read.order.goods]
    assert goods == found


def test_a_column_of_an_earlier_outcome_is_looked_at_even_if_it_is_left_out(
    tmp_path: Path,
) -> None:
    """Somebody deleted the other columns of FILE.unprocessed.csv."""
    text = "email;goods;outcome\na@b.ru;x;unknown\nc@d.ru;x;created\ne@f.ru;x;\n"
    problems = [len(row.problems) for row in opened(tmp_path, text, rename={"outcome": ""})]
    assert problems == [1, 1, 0]
