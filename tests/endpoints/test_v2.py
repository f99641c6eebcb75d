"""Endpoints of API 2.0, without network."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from justclick_async import InvalidInput, InvalidInputType
from justclick_async.endpoints import V2


def params(**options: Any) -> dict[str, Any]:
    given = {"product_names": ["invoice"], "customer_email": "a@example.com", **options}
    call = V2.create_order(**given)
    assert (call.method, call.version, call.idempotent) == ("createorder", 2, False)
    return {name: value for name, value in call.params.items() if value is not None}


def test_every_text_travels_under_the_services_own_name() -> None:
    names = [
        "customer_first_name",
        "customer_last_name",
        "customer_middle_name",
        "customer_phone",
        "order_ip",
        "customer_shipping",
        "customer_shipping_phone",
        "customer_shipping_address_2",
        "customer_shipping_city",
        "customer_shipping_state",
        "customer_shipping_zip",
        "customer_billing_address_1",
        "customer_billing_address_2",
        "customer_billing_city",
        "customer_billing_state",
        "customer_billing_zip",
        "order_tag",
        "note",
        "utm_medium",
        "utm_source",
        "utm_campaign",
        "utm_content",
        "utm_term",
    ]
    texts = {name: f"Ж {name}" for name in names}
    sent = params(**texts)
    assert {name: sent[name] for name in names} == texts


def test_lists_are_joined_with_commas() -> None:
    sent = params(product_names=["a", "b"], product_prices=[1, "2.50"], affiliates=["x", "y"])
    assert (sent["product_names"], sent["product_prices"]) == ("a,b", "1,2.50")
    assert sent["affiliates"] == "x,y"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"product_names": []}, "product_names must not be empty"),
        ({"product_names": ["a,b"]}, r"product_names\[0\] must not contain a comma"),
        ({"product_names": ["a", " "]}, r"product_names\[1\] is required"),
        ({"product_names": "a,b"}, "product_names must be a list, not str"),
        ({"product_prices": [1, 2]}, "at most one price for each product: 2 for 1"),
        ({"product_prices": [float("nan")]}, r"product_prices\[0\] must be a finite number"),
        ({"customer_email": ""}, "customer_email is required"),
        ({"affiliates": ["a,b"]}, r"affiliates\[0\] must not contain a comma"),
        ({"order_status": "paid"}, "order_status must be one of 'Expected', 'Paid'"),
        ({"order_confirmed": "Сonfirmed"}, "order_confirmed must be one of"),
        ({"payment_method": "Cash"}, "payment_method must be one of 'PayPal', 'Stripe'"),
        ({"order_created_at": "30.01.2020 04:22:16"}, "order_created_at must have the format"),
        ({"order_paid_at": 5}, "order_paid_at must be datetime or str, not int"),
        ({"customer_shipping_country_code": "Russia"}, "must be an ISO 3166 code"),
        ({"customer_billing_country_code": "ru"}, "must be an ISO 3166 code"),
        ({"coupon": "skidka50"}, "coupon must be a positive integer"),
        ({"order_sales_manager": True}, "order_sales_manager must be int, not bool"),
        ({"note": 5}, "note must be str, not int"),
    ],
)
def test_invalid_values_name_the_parameter(options: dict[str, Any], words: str) -> None:
    with pytest.raises((InvalidInput, InvalidInputType), match=words):
        params(**options)


def test_dates_have_the_format_documented_for_both() -> None:
    aware = datetime(2020, 1, 30, 22, 0, tzinfo=UTC)
    assert params(order_created_at=aware)["order_created_at"] == "2020-01-31 01:00:00"
    naive = datetime(2020, 1, 30, 4, 22, 16)
    assert params(order_paid_at=naive)["order_paid_at"] == "2020-01-30 04:22:16"


@pytest.mark.parametrize(
    ("given", "sent"),
    [(True, "Yes"), (False, "No"), ("Yes", "Yes"), ("Confirmed", "Confirmed")],
)
def test_confirmed_is_yes_or_no(given: Any, sent: str) -> None:
    assert params(order_confirmed=given)["order_confirmed"] == sent
