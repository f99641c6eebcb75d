"""The endpoint table against the documented facts, kept in ``tests/data/methods.json``."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from justclick_async import Good, GoodSettings, InvalidInput, Order, Utm, endpoint, stream
from justclick_async.calls import Call
from justclick_async.endpoints import V1, V2
from justclick_async.models.countries import COUNTRIES
from justclick_async.php import http_build_query, parse_str

METHODS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "data" / "methods.json").read_text()
)
BY_NAME = {method["method"]: method for method in METHODS}
NOW = datetime(2020, 1, 1, tzinfo=UTC)

ALL_MARKS = Utm(
    medium="a",
    source="b",
    campaign="c",
    content="d",
    term="e",
    aff_medium="f",
    aff_source="g",
    aff_campaign="h",
    aff_content="i",
    aff_term="j",
)
ALL_SETTINGS = GoodSettings(
    parent_id=1,
    api_url_notif="https://a.example/",
    api_url_new_order="https://a.example/",
    success_link="https://a.example/",
    client_rassilki=["second", "clients"],
    nalozh_only=False,
    quickpost_article="7",
    post_service="none",
    only_countries=["RUS", "UKR"],
    download="https://a.example/",
    mail_subject="s",
    mail_format="html",
    mail_body="<p>",
    mail_text="t",
    partner_fee=1,
    partner_fee_perc="2.5",
    partner_pfee=3,
    partner_pfee_perc=4,
    partner_show=True,
    partner_SL_link="https://a.example/",
    partner_addition_link="https://a.example/",
    partner_text="t",
    pay_text="<p>",
    timer=True,
    timer_unit="day",
    timer_duration=3,
    use_short=True,
    rashod=5,
    rashod_perc=6,
    publish=True,
)
V2_ADDRESS = ("address_1", "address_2", "city", "state", "zip")


def texts(*names: str) -> dict[str, str]:
    return {name: f"{name} ~ ' ( ) * & = + % \n😀 Ж" for name in names}


Described = Callable[[], Any]

FULL: dict[str, list[Described]] = {
    "CreateOrder": [
        lambda: V1.create_order(
            Order(
                email="a@example.com",
                goods=[Good("a", price=1), Good("b", price="2.50")],
                **texts("first_name", "last_name", "middle_name", "otchestvo", "phone"),
                **texts("country", "region", "city", "address", "postal_code", "coupon"),
                **texts("tag", "comment", "ip"),
                timer_kill=True,
                created=NOW,
                domain="shop.example",
                utm=ALL_MARKS,
            )
        )
    ],
    "UpdateOrderStatus": [
        lambda: V1.update_order_status(7, "sent", date=NOW, tracking_number="10")
    ],
    "DeleteOrder": [lambda: V1.delete_order(7)],
    "GetBills": [lambda: V1.get_bills("a@example.com", pay_status="paid")],
    "getOrderDetails": [lambda: V1.get_order_details(7, good_info=True)],
    "GetOrderInfo": [lambda: V1.get_order_info(7)],
    "GetOrders": [
        lambda: V1.get_orders(NOW, NOW, paid=True, goods=5),
        lambda: V1.get_orders(goods=[5, 6]),
    ],
    "getOrdersWithGoods": [
        lambda: next(V1.get_orders_with_goods(date(2020, 1, 1), NOW, paid=True, goods="5")),
        lambda: next(V1.iter_orders(date(2020, 1, 1), NOW, paid=True, goods=[5, 6])),
    ],
    "AddLeadToGroup": [
        lambda: V1.add_lead_to_group(
            "a@example.com",
            ["super", "1473249885.2899961004"],
            **texts("name", "phone", "city", "tag", "doneurl2"),
            activation=True,
            utm=ALL_MARKS,
        )
    ],
    "UpdateSubscriberData": [
        lambda: V1.update_subscriber_data(
            "a@example.com", **texts("name", "phone", "city"), tags=["a", "b"]
        )
    ],
    "DeleteSubscribe": [lambda: V1.delete_subscribe("a@example.com", "super")],
    "GetLeadGroups": [lambda: V1.get_lead_groups("a@example.com")],
    "GetLeadGroupStatuses": [lambda: V1.get_lead_group_statuses("a@example.com")],
    "GetAllGroups": [V1.get_all_groups],
    "GetCountSubscribe": [lambda: V1.get_count_subscribe("unique")],
    "AddGood": [
        lambda: V1.add_good("a", type="real", title="A", price="9.90", settings=ALL_SETTINGS)
    ],
    "UpdateGood": [lambda: V1.update_good("a", title="A", price=0, settings=ALL_SETTINGS)],
    "DeleteGood": [lambda: V1.delete_good("a")],
    "GetAllGoods": [V1.get_all_goods],
    "GetPartnerStats": [
        lambda: V1.get_partner_stats("anna", date_from=date(2020, 1, 1), date_to=NOW)
    ],
    "addupdatelead": [
        lambda: V2.add_update_lead(
            lead_email="a@example.com",
            add_to_lists=["1594725950.5982672784", "super"],
            remove_from_lists=["second"],
            add_tags=["a"],
            remove_tags=["b", "c"],
            lead_utc=3,
            lead_personal_manager=71257,
            lead_shipping_country_code="RU",
            lead_billing_country_code="US",
            **texts("lead_first_name", "lead_middle_name", "lead_last_name", "lead_phone"),
            **texts("lead_description", "lead_facebook", "lead_instagram", "lead_whatsapp"),
            **texts("lead_telegram", "lead_viber", "lead_vkontakte", "lead_in"),
            **texts(*(f"lead_shipping_{part}" for part in V2_ADDRESS)),
            **texts(*(f"lead_billing_{part}" for part in V2_ADDRESS)),
        )
    ],
    "addtagtolead": [lambda: V2.add_tag_to_lead(lead_email="a@example.com", add_tags=["a"])],
    "removetagfromlead": [
        lambda: V2.remove_tag_from_lead(lead_email="a@example.com", remove_tags=["a"])
    ],
    "removeleadfromlist": [
        lambda: V2.remove_lead_from_list(lead_email="a@example.com", remove_from_lists=["a"])
    ],
    "createorder": [
        lambda: V2.create_order(
            product_names=["invoice", "sales"],
            product_prices=[1, "2.50"],
            customer_email="a@example.com",
            customer_shipping_country_code="RU",
            customer_billing_country_code="US",
            order_created_at=NOW,
            order_paid_at=NOW,
            order_status="Paid",
            order_confirmed=True,
            order_sales_manager=71257,
            payment_method="PayPal",
            coupon=585,
            affiliates=["anna", "boris"],
            **texts("customer_first_name", "customer_last_name", "customer_middle_name"),
            **texts("customer_phone", "order_ip", "customer_shipping", "order_tag", "note"),
            **texts("customer_shipping_phone"),
            **texts(*(f"customer_shipping_{part}" for part in V2_ADDRESS[1:])),
            **texts(*(f"customer_billing_{part}" for part in V2_ADDRESS)),
            **texts("utm_medium", "utm_source", "utm_campaign", "utm_content", "utm_term"),
        )
    ],
    "getpersonalmanagers": [V2.get_personal_managers],
    "getalllists": [V2.get_all_lists],
    "getgoods": [V2.get_goods],
    "getcoupons": [V2.get_coupons],
}
"""Every method with everything that it can be told."""

OURS = {
    "createorder": {"customer_email"},  # an order without makes no sense
    "UpdateGood": set[str](),
}
"""What we require although the pages do not mark it."""

MINIMAL: dict[str, Described] = {
    name: calls[0] for name, calls in FULL.items() if name != "GetOrders"
} | {
    "CreateOrder": lambda: V1.create_order(Order(email="a@example.com", goods=["a"])),
    "UpdateOrderStatus": lambda: V1.update_order_status(7, "cancel"),
    "GetBills": lambda: V1.get_bills("a@example.com"),
    "getOrderDetails": lambda: V1.get_order_details(7),
    "GetOrders": V1.get_orders,
    "getOrdersWithGoods": lambda: next(V1.get_orders_with_goods()),
    "AddLeadToGroup": lambda: V1.add_lead_to_group("a@example.com", ["super"]),
    "UpdateSubscriberData": lambda: V1.update_subscriber_data("a@example.com", name="A"),
    "AddGood": lambda: V1.add_good("a", type="digital", title="A", price=1),
    "UpdateGood": lambda: V1.update_good("a", price=1),
    "GetPartnerStats": lambda: V1.get_partner_stats("anna"),
    "addupdatelead": lambda: V2.add_update_lead(lead_first_name="A"),
    "createorder": lambda: V2.create_order(product_names=["a"], customer_email="a@example.com"),
}
"""Every method with as little as it can do with."""


def described(make: Described) -> Call[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        call = make()
    assert isinstance(call, Call)
    return call


def names(call: Call[Any]) -> set[str]:
    """Return the names that a request carries, with N for any index."""
    flat: set[str] = set()
    for pair in filter(None, http_build_query(call.params).split("&")):
        (name,) = parse_str(f"name={pair.partition('=')[0]}").values()
        flat.add(re.sub(r"\[\d+\]", "[N]", str(name)))
    return flat


def documented(method: dict[str, Any], *, required: bool = False) -> set[str]:
    return {
        re.sub(r"\[\d+\]", "[N]", param["name"])
        for param in method["params"]
        if param["required"] or not required
    }


def test_there_are_20_methods_of_api_1_and_9_of_api_2() -> None:
    assert [method["version"] for method in METHODS].count(1) == 20
    assert [method["version"] for method in METHODS].count(2) == 9


@pytest.mark.parametrize("name", BY_NAME)
def test_every_documented_parameter_can_be_sent_and_no_other(name: str) -> None:
    sent: set[str] = set().union(*(names(described(make)) for make in FULL[name]))
    assert sent == documented(BY_NAME[name])


@pytest.mark.parametrize("name", BY_NAME)
def test_no_more_is_required_than_the_pages_say(name: str) -> None:
    must = documented(BY_NAME[name], required=True) | OURS.get(name, set())
    sent = names(described(MINIMAL[name]))
    assert must <= sent
    extra = {"UpdateSubscriberData": {"lead_name"}, "addupdatelead": {"lead_first_name"}}
    assert sent - must == extra.get(name, set())


@pytest.mark.parametrize("name", BY_NAME)
def test_version_path_and_repeatability_are_as_documented(name: str) -> None:
    method = BY_NAME[name]
    for make in FULL[name]:
        call = described(make)
        assert (call.method, call.version) == (name, method["version"])
        assert call.idempotent is method["read_only"]
    assert method["auth"] == {1: "signed_hash", 2: "rpsKey"}[method["version"]]


@pytest.mark.parametrize("name", BY_NAME)
def test_deprecated_methods_name_their_replacement(name: str) -> None:
    make = FULL[name][0]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        make()
    assert [each.category for each in caught] == [DeprecationWarning] * BY_NAME[name]["deprecated"]
    for each in caught:
        assert each.filename == __file__
        assert re.search(r"use get_\w+\(\)", str(each.message))


def test_the_table_of_contents_holds_every_endpoint() -> None:
    kinds = (endpoint, stream)
    listed = {
        member.__name__
        for table in (V1, V2)
        for member in vars(table).values()
        if isinstance(member, kinds)
    }
    assert (
        len(listed) == 20 + 9 + 1 + 1 + 1 + 1 - 1
    )  # and iter_orders, payment_link, call, call_v2; create_order twice
    reached = {described(make).method for calls in FULL.values() for make in calls}
    assert reached == BY_NAME.keys()


@pytest.mark.parametrize("name", [name for name in BY_NAME if BY_NAME[name]["example"]])
def test_every_documented_answer_can_be_read(name: str) -> None:
    from justclick_async.answers import RawResponse, parse_response
    from tests.service import KEY

    body = json.dumps(BY_NAME[name]["example"]).encode()
    answer = parse_response(described(FULL[name][0]), RawResponse(200, {}, body), KEY)
    assert answer.verified
    if BY_NAME[name]["result"] in ("none", "empty list", None):
        return
    assert answer.result or name == "GetPartnerStats"


def test_countries_are_those_of_the_service() -> None:
    assert len(COUNTRIES) == 243
    with pytest.raises(InvalidInput, match="'US' is unknown"):
        GoodSettings(only_countries=["US"])
