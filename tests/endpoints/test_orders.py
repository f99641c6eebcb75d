"""Endpoints of API 1.0 for orders, without network."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from justclick_async import Good, InvalidInput, InvalidInputType, Order, OrderStatus, Utm
from justclick_async.endpoints import V1
from justclick_async.php import http_build_query
from justclick_async.signing import sign_request


def test_an_endpoint_describes_and_sends_nothing() -> None:
    call = V1.create_order(Order(email="a@example.com", goods=["invoice"]))
    assert (call.method, call.version, call.idempotent) == ("CreateOrder", 1, False)
    assert call.params == {"bill_email": "a@example.com", "goods": [{"good_name": "invoice"}]}
    assert pickle.loads(pickle.dumps(call)) == call
    assert "a@example.com" not in repr(call)


def test_the_documented_sample_gives_the_documented_parameters() -> None:
    order = Order(
        email="user4@email.ru",
        goods=[Good("invoice", price=1500), Good("sales")],
        first_name="Name",
        last_name="Surname",
        middle_name="Middle Name",
        phone="+7(928)777-77-77",
        country="USA",
        region="New York",
        city="New York",
        address="Wall St.",
        postal_code="345678",
        coupon="skidka50",
        tag="AdWords",
        comment="in a beautiful box",
        ip="192.168.0.1",
        timer_kill=True,
        created=1291001819,
        domain="www.shop.io",
        utm=Utm(
            medium="cpc",
            source="direct",
            campaign="my campaign",
            content="content_123",
            term="my_label",
        ),
    )
    assert V1.create_order(order).params == {
        "goods": [{"good_name": "invoice", "good_sum": "1500"}, {"good_name": "sales"}],
        "bill_first_name": "Name",
        "bill_surname": "Surname",
        "bill_middle_name": "Middle Name",
        "bill_email": "user4@email.ru",
        "bill_phone": "+7(928)777-77-77",
        "bill_country": "USA",
        "bill_region": "New York",
        "bill_city": "New York",
        "bill_address": "Wall St.",
        "bill_postal_code": "345678",
        "bill_kupon": "skidka50",
        "bill_tag": "AdWords",
        "bill_comment": "in a beautiful box",
        "bill_ip": "192.168.0.1",
        "bill_timer_kill": True,
        "bill_created": 1291001819,
        "bill_domain": "www.shop.io",
        "utm": {
            "utm_medium": "cpc",
            "utm_source": "direct",
            "utm_campaign": "my campaign",
            "utm_content": "content_123",
            "utm_term": "my_label",
        },
    }


def test_both_spellings_of_the_middle_name_are_offered() -> None:
    order = Order(email="a@example.com", goods=["a"], otchestvo="Ильич")
    assert V1.create_order(order).params["bill_otchestvo"] == "Ильич"


def test_affiliate_marks_do_not_overwrite_plain_ones() -> None:
    utm = Utm(medium="a", aff_medium="b")
    params = V1.create_order(Order(email="a@example.com", goods=["a"], utm=utm)).params
    assert params["utm"] == {"utm_medium": "a", "aff_medium": "b"}


def test_never_cancel_and_falsy_marks_are_sent() -> None:
    order = Order(email="a@example.com", goods=["a"], timer_kill=False, tag="0", comment="")
    assert http_build_query(V1.create_order(order).params) == (
        "bill_email=a%40example.com&goods%5B0%5D%5Bgood_name%5D=a"
        "&bill_tag=0&bill_comment=&bill_timer_kill=0"
    )


ORDER = Order(
    email="a@example.com", goods=[Good("x", price="1.50"), "y"], tag="t", timer_kill=1700000000
)


def test_an_order_can_be_given_as_keywords_or_as_a_mapping() -> None:
    by_keywords = V1.create_order(
        email="a@example.com",
        goods=[{"name": "x", "price": 1.5}, "y"],
        tag="t",
        timer_kill=1700000000,
    )
    assert Decimal(by_keywords.params["goods"][0].pop("good_sum")) == Decimal("1.5")
    expected = V1.create_order(ORDER).params
    assert Decimal(expected["goods"][0].pop("good_sum")) == Decimal("1.5")
    assert by_keywords.params == expected
    assert V1.create_order(ORDER.to_dict()) == V1.create_order(ORDER)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"copon": "x"}, "copon is not a field. Did you mean coupon"),
        ({"email": None}, "email"),
        ({"goods": "x"}, "goods"),
        ({"created": "soon"}, "created"),
    ],
)
def test_a_wrong_field_of_an_order_is_named(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        V1.create_order(**{"email": "a@example.com", "goods": ["x"], **fields})
    with pytest.raises(InvalidInput, match=message):
        V1.create_order({"email": "a@example.com", "goods": ["x"], **fields})  # type: ignore[typeddict-item]


@pytest.mark.parametrize("given", [None, {}, "x", 5, [("email", "a@example.com")]])
def test_only_an_order_or_its_fields_are_taken(given: Any) -> None:
    with pytest.raises(InvalidInputType, match="order must be Order, not"):
        V1.create_order(given)


def test_an_order_and_fields_beside_it_are_refused() -> None:
    with pytest.raises(InvalidInputType, match="must not be combined"):
        V1.create_order(ORDER, tag="other")


def test_the_documented_sample_of_a_status_gives_the_documented_hash() -> None:
    call = V1.update_order_status(
        "100000",
        "sent",
        date=datetime(2013, 3, 3, tzinfo=UTC),
        tracking_number="10000000000000",
    )
    assert call.method == "UpdateOrderStatus"
    assert call.params == {
        "bill_id": 100000,
        "status": "sent",
        "date": 1362268800,
        "rpo": "10000000000000",
    }
    sample = {**call.params, "date": 1362254400}
    hash_of_the_sample = "aa65fa2ba5eb00fa8012198a5c80bf73"
    assert sign_request(sample, "username", "0123456789" * 4) == hash_of_the_sample


@pytest.mark.parametrize("status", ["sent", "paid", OrderStatus.SENT, OrderStatus.PAID])
def test_sent_and_paid_need_a_date(status: str) -> None:
    with pytest.raises(InvalidInput, match=r"UpdateOrderStatus: date is required for status"):
        V1.update_order_status(1, status, tracking_number="1")


def test_sent_needs_a_tracking_number() -> None:
    with pytest.raises(InvalidInput, match="tracking_number is required for status 'sent'"):
        V1.update_order_status(1, "sent", date=1)
    with pytest.raises(InvalidInput, match="tracking_number is required and must not be blank"):
        V1.update_order_status(1, "sent", date=1, tracking_number=" ")


@pytest.mark.parametrize("status", ["return", "cancel"])
def test_return_and_cancel_need_nothing_more(status: str) -> None:
    assert (
        http_build_query(V1.update_order_status(1, status).params) == f"bill_id=1&status={status}"
    )


@pytest.mark.parametrize("bill_id", [0, -1, "", "1a", "١", 10**20, "1.0"])
def test_a_number_of_an_order_is_positive_and_whole(bill_id: Any) -> None:
    with pytest.raises(InvalidInput, match="bill_id must be a positive integer"):
        V1.update_order_status(bill_id, "cancel")


@pytest.mark.parametrize("bill_id", [None, True, 1.0, [1]])
def test_a_number_of_another_type_is_a_type_error(bill_id: Any) -> None:
    with pytest.raises(InvalidInputType, match="bill_id must be int, not"):
        V1.update_order_status(bill_id, "cancel")


def test_an_unknown_status_is_refused_with_the_valid_ones() -> None:
    with pytest.raises(InvalidInput, match="'sent', 'paid', 'return', 'cancel'"):
        V1.update_order_status(1, "shipped")
    with pytest.raises(InvalidInput, match="'paid', 'waiting', 'cancel'"):
        V1.get_bills("a@example.com", pay_status="new")


def test_bills_are_asked_for_by_email() -> None:
    call = V1.get_bills("a@example.com", pay_status="waiting")
    assert json.dumps(call.params) == '{"email": "a@example.com", "pay_status": "waiting"}'
    assert call.idempotent
    with pytest.raises(InvalidInput, match="email is required"):
        V1.get_bills("")
