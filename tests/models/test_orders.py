"""Validation of orders."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from justclick_async import Good, InvalidInput, InvalidInputType, Order, Outcome, Utm


def order(**fields: Any) -> Order:
    return Order(**{"email": "buyer@example.com", "goods": ["invoice"], **fields})


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (1500, "1500"),
        ("1500.50", "1500.50"),
        (Decimal("0.10"), "0.10"),
        (99.9, "99.9"),
        (1e22, "10000000000000000000000"),
        (Decimal("1E+3"), "1000"),
        (-0.0, "0.0"),
        (0, "0"),
    ],
)
def test_a_price_is_kept_exactly(given: Any, kept: str) -> None:
    price = Good("invoice", price=given).price
    assert price is not None
    assert format(price, "f") == kept


@pytest.mark.parametrize(
    ("price", "kind"),
    [
        (math.nan, InvalidInput),
        (math.inf, InvalidInput),
        (Decimal("NaN"), InvalidInput),
        (Decimal("sNaN"), InvalidInput),
        (Decimal("-Infinity"), InvalidInput),
        (-1, InvalidInput),
        ("1500,50", InvalidInput),
        ("1 500", InvalidInput),
        ("1_500", InvalidInput),
        ("", InvalidInput),
        ("nan", InvalidInput),
        ("١٥", InvalidInput),
        (True, InvalidInputType),
        (b"15", InvalidInputType),
        ([15], InvalidInputType),
    ],
)
def test_an_invalid_price_names_field_type_and_fix(price: Any, kind: type[InvalidInput]) -> None:
    with pytest.raises(kind, match=r"Good\.price") as raised:
        Good("invoice", price=price)
    assert raised.value.field == "Good.price"
    assert raised.value.hint
    assert raised.value.hint_ru
    assert raised.value.outcome is Outcome.NOT_SENT


@pytest.mark.parametrize("name", ["", "  ", None])
def test_a_good_needs_a_name(name: Any) -> None:
    with pytest.raises(InvalidInput, match=r"Good\.name is required"):
        Good(name)


@pytest.mark.parametrize("email", ["", " ", None])
def test_an_order_needs_an_email(email: Any) -> None:
    with pytest.raises(InvalidInput, match=r"Order\.email is required"):
        order(email=email)


def test_an_order_needs_goods() -> None:
    with pytest.raises(InvalidInput, match=r"Order\.goods must not be empty"):
        order(goods=[])
    with pytest.raises(InvalidInputType, match=r"Order\.goods must be a list, not None"):
        order(goods=None)


def test_a_single_text_is_not_a_list_of_goods() -> None:
    with pytest.raises(InvalidInputType, match=r"Order\.goods must be a list, not str"):
        order(goods="invoice")


def test_goods_are_goods_or_their_names_from_any_iterable() -> None:
    goods = (each for each in ["invoice", Good("sales", price=5)])
    assert order(goods=goods).goods == (Good("invoice"), Good("sales", price=Decimal(5)))
    with pytest.raises(InvalidInputType, match=r"Order\.goods\[1\] must be Good or str, not dict"):
        order(goods=["invoice", {"good_name": "sales"}])


@pytest.mark.parametrize("field", ["first_name", "phone", "postal_code", "tag", "comment", "ip"])
@pytest.mark.parametrize("value", [7, 7.5, b"x", ["x"], object()])
def test_text_of_another_type_is_a_type_error_that_names_the_field(
    field: str, value: object
) -> None:
    with pytest.raises(InvalidInputType, match=rf"Order\.{field} must be str, not"):
        order(**{field: value})


def test_a_lone_surrogate_is_refused_without_showing_the_text() -> None:
    with pytest.raises(InvalidInput, match=r"Order\.first_name.*position 4") as raised:
        order(first_name="Иван\ud800")
    assert "Иван" not in str(raised.value)
    assert raised.value.__context__ is None


@pytest.mark.parametrize("field", ["created", "timer_kill"])
def test_points_in_time_are_aware(field: str) -> None:
    moscow = timezone(timedelta(hours=3))
    moment = datetime(2020, 1, 1, 3, tzinfo=moscow)
    assert getattr(order(**{field: moment}), field) == moment
    assert getattr(order(**{field: 1577836800}), field) == moment
    with pytest.raises(InvalidInput, match=rf"Order\.{field} must be a datetime with a time zone"):
        order(**{field: datetime(2020, 1, 1)})
    with pytest.raises(
        InvalidInputType, match=rf"Order\.{field} must be (bool, )?datetime or int, not str"
    ):
        order(**{field: "2020-01-01"})
    with pytest.raises(InvalidInput, match="milliseconds"):
        order(**{field: 10**18})
    with pytest.raises(InvalidInput, match="before 1970"):
        order(**{field: datetime(1969, 1, 1, tzinfo=UTC)})


@pytest.mark.parametrize(("given", "kept"), [(True, True), (False, False), (1, True), (0, False)])
def test_the_timer_may_follow_the_product_or_never_run(given: Any, kept: bool) -> None:
    assert order(timer_kill=given).timer_kill is kept


@pytest.mark.parametrize("domain", ["http://shop.example", "shop.example/", "//shop.example"])
def test_a_domain_is_bare(domain: str) -> None:
    with pytest.raises(InvalidInput, match=r"Order\.domain must be a domain name"):
        order(domain=domain)


def test_utm_marks_are_utm() -> None:
    assert Utm.affiliate("anna", term="x") == Utm(medium="affiliate", source="anna", term="x")
    with pytest.raises(InvalidInputType, match=r"Order\.utm must be Utm, not dict"):
        order(utm={"utm_medium": "cpc"})
    with pytest.raises(InvalidInputType, match=r"Utm\.medium must be str, not int"):
        Utm(medium=5)  # type: ignore[arg-type]
