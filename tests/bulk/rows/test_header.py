"""From the names at the top of a file to the fields of an order."""

from __future__ import annotations

import shlex
from time import process_time
from typing import ClassVar

import pytest

from justclick_async.bulk.errors import FileProblem
from justclick_async.bulk.kinds.orders import ORDERS
from justclick_async.bulk.rows.header import MARKS, Columns, find_field
from justclick_async.bulk.rows.header import read_header as read
from justclick_async.bulk.rows.options import ReadOptions
from justclick_async.bulk.rows.suggestions import quote_for_shell, suggest_field
from justclick_async.models import Order
from justclick_async.wire import unstructure


def read_header(header: list[str], rename: dict[str, str] | None = None) -> Columns:
    return read(header, ReadOptions(rename=rename), names=ORDERS.names)


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("email", "email"),
        ("\ufeffEmail ", "email"),
        ("E-mail", "email"),
        ("bill_surname", "last_name"),
        ("bill_kupon", "coupon"),
        ("bill_coupon", "coupon"),
        ("First Name", "first_name"),
        ("Телефон", "phone"),
        ("utm_source", "utm_source"),
        ("utm[utm_source]", "utm_source"),
        ("utm[aff_term]", "aff_term"),
        ("aff_term", "aff_term"),
        ("goods", "goods"),
        ("good_name_1", "name 1"),
        ("good_sum_12", "price 12"),
        ("goods[0][good_name]", "name 0"),
        ("goods[0][good_sum]", "price 0"),
        ("good_name", "name 0"),
        ("good_sum", "price 0"),
        ("product_2_price", "price 2"),
        ("Товар", "name 0"),
        ("Товар 2", "name 2"),
        ("Цена", "price 0"),
        ("Цена товара 2", "price 2"),
        ("Цена_1", "price 1"),
        ("Дата заказа", "created"),
        ("Примечание", "comment"),
        ("Метка", "tag"),
    ],
)
def test_a_column_goes_by_our_name_and_by_the_services(column: str, field: str) -> None:
    assert field == find_field(column, ORDERS.names)


def test_a_sum_is_not_taken_for_a_price() -> None:
    """It may be that of the whole order."""
    assert find_field("Сумма", ORDERS.names) is None
    assert find_field("Цена доставки", ORDERS.names) is None


def test_every_field_of_an_order_has_a_column_under_both_names() -> None:
    """A field that the model gains and the importer forgets would be lost without a word."""
    fields = {a.name for a in Order.__attrs_attrs__} - {"goods", "utm"}
    assert {name: name for name in fields} == {
        name: find_field(name, ORDERS.names) for name in fields
    }
    texts = dict.fromkeys(fields - {"email", "timer_kill", "created"}, "1")
    order = Order(email="a@b.ru", goods=["x"], timer_kill=True, created=1, **texts)
    wire = set(unstructure(order)) - {"goods"}
    assert fields == {find_field(name, ORDERS.names) for name in wire}


def test_all_marks_are_known() -> None:
    assert list(MARKS) == [find_field(mark, ORDERS.names) for mark in MARKS]


def test_a_name_that_a_line_cannot_hold_is_suggested_by_its_position() -> None:
    with pytest.raises(FileProblem) as caught:
        read_header(["email", "goods", "our\nnote"])
    assert "--map '#3='" in caught.value.hint


@pytest.mark.parametrize("name", ["Price", "Amount", "Сумма, руб.", "Стоимость", "Сумма заказа"])
def test_an_unknown_price_is_suggested_as_the_price_of_the_product(name: str) -> None:
    with pytest.raises(FileProblem) as caught:
        read_header(["email", "goods", name])
    assert f"--map '{name}=good_sum_1'" in caught.value.hint


@pytest.mark.parametrize(
    "header",
    [
        ["email", "goods", "Total", "Итого"],
        ["email", "goods", "Цена", "Total"],
        ["email", "goods", "Сумма скидки"],
        ["email", "goods", "Стоимость доставки"],
    ],
)
def test_no_price_is_suggested_where_it_is_not_clear(header: list[str]) -> None:
    with pytest.raises(FileProblem) as caught:
        read_header(header)
    assert "good_sum" not in caught.value.hint


def test_an_unknown_column_is_refused_with_a_suggestion() -> None:
    with pytest.raises(FileProblem) as caught:
        read_header(["email", "goods", "cuopon"])
    assert "'cuopon'" in caught.value.text
    assert "--map 'cuopon=coupon'" in caught.value.hint
    assert "'cuopon'" in caught.value.text.in_("ru")


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("Customer email", "email"),
        ("Телефон клиента", "phone"),
        ("Ваше имя", "first_name"),
        ("addres", "address"),
        ("Фамлия", "last_name"),
        ("Коментарий", "comment"),
        ("county", None),
        ("bill_id", None),
        ("orders", None),
        ("amount", None),
        ("Details", None),
        ("Company", None),
        ("Customer", None),
        ("Номер", None),
        ("Должность", None),
        ("store_name", None),
        ("formname", None),
        ("Email партнера", None),
    ],
)
def test_a_suggestion_is_right_or_absent(column: str, field: str | None) -> None:
    assert field == suggest_field(column, ORDERS.names.fields)


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("promocode", "coupon"),
        ("Промо-код", "coupon"),
        ("ФИО", "full_name"),
        ("Имя Фамилия", "full_name"),
    ],
)
def test_a_word_that_means_one_thing_is_known(column: str, field: str) -> None:
    assert field == find_field(column, ORDERS.names)


def test_the_line_that_is_printed_names_every_unknown_column_and_works_as_it_is() -> None:
    """Not the first twenty: each run would refuse the next ones."""
    header = ["email", "goods", *(f"Our 'own' column {i}" for i in range(40)), "cuopon"]
    with pytest.raises(FileProblem) as caught:
        read_header(header)
    line = caught.value.hint[caught.value.hint.index("--map") :].split("   ")[0]
    words = shlex.split(line)
    assert len(words) == 2 * 41
    rename = dict(pair.rpartition("=")[::2] for pair in words[1::2])
    assert read_header(header, rename).fields == {"email": (0,), "goods": (1,), "coupon": (42,)}


def test_an_argument_is_quoted_for_the_shell_at_hand() -> None:
    assert shlex.split(quote_for_shell('it\'s "$HOME" `x`', "linux")) == ['it\'s "$HOME" `x`']
    assert quote_for_shell("Our note=", "win32") == '"Our note="'


def test_unknown_columns_can_be_ignored_and_are_known_to_be() -> None:
    options = ReadOptions(ignore_unknown=True)
    columns = read(["email", "goods", "Note", "COOKIES"], options, names=ORDERS.names)
    assert columns.left_out == (2, 3)


def test_what_holds_secrets_is_never_sent() -> None:
    header = ["email", "goods", "Cookies", "Payment information"]
    assert read_header(header).left_out == (2, 3)
    with pytest.raises(FileProblem, match="never sent"):
        read_header(header, {"Payment information": "comment"})


class TestColumnsOfOneMeaning:
    header: ClassVar = ["email", "goods", "Phone", "Phone"]

    def test_they_are_refused_with_both_ways_out(self) -> None:
        with pytest.raises(FileProblem, match="have the same meaning") as caught:
            read_header(self.header)
        assert "--map 'Phone#1=phone' --map 'Phone#2=phone'" in caught.value.hint
        assert "add --map 'Phone#2='" in caught.value.hint

    def test_one_is_left_out_by_its_position(self) -> None:
        columns = read_header(self.header, {"Phone#2": ""})
        assert (columns.fields["phone"], columns.left_out) == ((2,), (3,))

    def test_of_both_the_first_that_is_filled_counts(self) -> None:
        columns = read_header(self.header, {"Phone#2": "phone", "Phone#1": "phone"})
        assert columns.fields["phone"] == (3, 2)

    def test_a_name_alone_is_not_enough(self) -> None:
        with pytest.raises(FileProblem, match="2 columns are named") as caught:
            read_header(self.header, {"Phone": "phone"})
        assert "'Phone#1', 'Phone#2'" in caught.value.hint

    def test_a_column_is_called_by_its_place_in_the_file(self) -> None:
        columns = read_header(["email", "goods", "", "x"], {"#4": "comment", "#3": ""})
        assert (columns.fields["comment"], columns.left_out) == ((3,), (2,))

    def test_a_price_cannot_be_that_of_two_columns(self) -> None:
        header = ["email", "good_name", "One", "Two"]
        with pytest.raises(FileProblem, match="have the same meaning"):
            read_header(header, {"One": "good_sum", "Two": "good_sum"})

    def test_a_full_name_stands_in_one_place_only(self) -> None:
        with pytest.raises(FileProblem, match="have the same meaning") as caught:
            read_header(["email", "goods", "ФИО", "Фамилия"])
        assert "--map 'ФИО='" in caught.value.hint


class TestAFileWithoutAHeader:
    @pytest.mark.parametrize(
        "row",
        [
            ["ivan@secret.ru", "invoice", "Иван"],
            ["Иван Секретов", "+7 900 000-00-00", "invoice"],
            ["17.05.2024", "Секретов", "Курс"],
            ["goods", "ivan@secret.ru", "Секретов"],
        ],
    )
    def test_it_is_said_and_nothing_of_the_row_is_shown(self, row: list[str]) -> None:
        with pytest.raises(FileProblem, match="no header") as caught:
            read_header(row)
        error = caught.value
        shown = f"{error} {error.hint} {error.text.in_('ru')} {error.hint_ru}"
        assert not [cell for cell in row if cell != "goods" and cell in shown]

    def test_names_that_nobody_knows_are_not_shown_either(self) -> None:
        """They may be a row that happens to hold no number."""
        with pytest.raises(FileProblem, match="3 column names, all unknown") as caught:
            read_header(["Секретов Иван", "", "Валенки", "Казань"])
        assert "Секретов" not in "".join(
            [caught.value.text.in_("ru"), caught.value.hint, caught.value.hint_ru]
        )
        assert "#1=email" in caught.value.hint

    def test_a_heading_that_looks_like_data_is_called_by_its_place(self) -> None:
        with pytest.raises(FileProblem, match="unknown column '#3'"):
            read_header(["email", "goods", "+7 900 123-45-67"])


class TestColumnsOfOurReport:
    @pytest.mark.parametrize("column", ["code", "reason", "hint", "outcome", "bill_id"])
    def test_one_of_them_alone_is_the_users_own(self, column: str) -> None:
        with pytest.raises(FileProblem, match=f"unknown column '{column}'"):
            read_header(["email", "goods", column])
        columns = read_header(["email", "goods", column], {column: "comment"})
        assert columns.kept == (0, 1, 2)

    def test_a_column_of_the_same_name_before_them_stays_the_users(self) -> None:
        header = ["email", "code", "goods", "code", "reason", "hint"]
        columns = read_header(header, {"code": "coupon"})
        assert (columns.fields["coupon"], columns.kept) == ((1,), (0, 1, 2))


class TestConstants:
    def read(self, header: list[str], **constants: str) -> Columns:
        return read(header, ReadOptions(constants=constants), names=ORDERS.names)

    def test_a_field_is_given_to_every_row(self) -> None:
        assert self.read(["email"], goods="invoice").constants == {"goods": "invoice"}

    def test_a_column_that_says_it_too_is_refused(self) -> None:
        with pytest.raises(FileProblem, match="from the column 'tag'") as caught:
            self.read(["email", "goods", "tag"], tag="x")
        assert "--map 'tag='" in caught.value.hint

    @pytest.mark.parametrize("field", ["status", "order_key", "nope"])
    def test_what_no_row_can_be_given_is_refused(self, field: str) -> None:
        with pytest.raises(FileProblem, match="unknown field|same in every row"):
            self.read(["email", "goods"], **{field: "x"})


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (["goods"], "'email'"),
        (["email"], "products"),
        (["email", "good_sum_1"], "products"),
        (["email", "goods", "good_name_1"], "both"),
        (["email", "goods", "bill_email"], "the same"),
    ],
)
def test_a_header_that_cannot_be_meant_is_refused(header: list[str], told: str) -> None:
    with pytest.raises(FileProblem, match=told):
        read_header(header)


def test_columns_are_renamed_and_ignored() -> None:
    columns = read_header(
        ["Buyer", "What", "Our note", ""], {"Buyer": "email", "What": "goods", "Our note": ""}
    )
    assert columns.plain == {"email": 0, "goods": 1}


@pytest.mark.parametrize("rename", [{"Nope": "email"}, {"email": "emial"}])
def test_renaming_what_is_not_there_is_refused(rename: dict[str, str]) -> None:
    with pytest.raises(FileProblem):
        read_header(["email", "goods"], rename)


def test_numbered_products_keep_their_order() -> None:
    columns = read_header(["good_sum_2", "good_name_10", "good_name_2", "email", "good_name_1"])
    numbered = [(product.number, product.names, product.price) for product in columns.products]
    assert numbered == [(1, (4,), None), (2, (2,), 0), (10, (1,), None)]


def test_columns_of_an_earlier_report_are_known_and_not_kept() -> None:
    columns = read_header(["email", "goods", "code", "reason", "hint", "outcome", "bill_id"])
    assert columns.kept == (0, 1)


@pytest.mark.untraced
def test_a_refused_header_costs_linear_time() -> None:
    def cost(columns: int) -> float:
        header = ["email", "goods", *(f"column number {i}" for i in range(columns))]
        begun = process_time()
        with pytest.raises(FileProblem):
            read_header(header)
        return process_time() - begun

    cost(10)
    assert cost(4000) < 10 * max(cost(1000), 0.01)
