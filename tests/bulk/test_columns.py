"""From the names at the top of a file to the fields of an order."""

from __future__ import annotations

import pytest

from justclick_async.bulk.columns import MARKS, Columns, known
from justclick_async.bulk.columns import read_header as read
from justclick_async.bulk.orders import ORDERS
from justclick_async.bulk.problems import FileProblem
from justclick_async.models import Order
from justclick_async.wire import unstructure


def read_header(header: list[str], rename: dict[str, str] | None = None) -> Columns:
    return read(header, rename, names=ORDERS.names)


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
    assert field == known(column, ORDERS.names)


def test_a_sum_is_not_taken_for_a_price() -> None:
    """It may be that of the whole order."""
    assert known("Сумма", ORDERS.names) is None
    assert known("Цена доставки", ORDERS.names) is None


def test_every_field_of_an_order_has_a_column_under_both_names() -> None:
    """A field that the model gains and the importer forgets would be lost without a word."""
    fields = {a.name for a in Order.__attrs_attrs__} - {"goods", "utm"}
    assert {name: name for name in fields} == {name: known(name, ORDERS.names) for name in fields}
    texts = dict.fromkeys(fields - {"email", "timer_kill", "created"}, "1")
    order = Order(email="a@b.ru", goods=["x"], timer_kill=True, created=1, **texts)
    wire = set(unstructure(order)) - {"goods"}
    assert fields == {known(name, ORDERS.names) for name in wire}


def test_all_marks_are_known() -> None:
    assert list(MARKS) == [known(mark, ORDERS.names) for mark in MARKS]


def test_an_unknown_column_is_refused_with_a_suggestion() -> None:
    with pytest.raises(FileProblem) as caught:
        read_header(["email", "goods", "cuopon"])
    assert "'cuopon'" in caught.value.text.en
    assert "'coupon'" in caught.value.text.en
    assert "--map" in caught.value.hint
    assert "'coupon'" in caught.value.text.ru


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
    assert columns.numbered == ((4, None), (2, 0), (1, None))


def test_columns_of_an_earlier_report_are_known_and_not_kept() -> None:
    columns = read_header(["email", "goods", "code", "reason", "hint", "outcome", "bill_id"])
    assert columns.kept == (0, 1)
