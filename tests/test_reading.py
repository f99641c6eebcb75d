"""Conversion of results to records, with the quirks of the service."""

from __future__ import annotations

import copy
import gc
import json
import pickle
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import NOTHING, fields
from hypothesis import given
from hypothesis import strategies as st

from justclick_async import (
    Bill,
    ContactList,
    Coupon,
    CreatedOrder,
    GoodType,
    Group,
    GroupStatus,
    Item,
    JustClickError,
    OrderDetails,
    OrderInfo,
    Partner,
    PartnerStats,
    PayStatus,
    PersonalManager,
    Product,
    Subscription,
    SubscriptionStatus,
    UnreadableAnswer,
    Utm,
    UtmMarks,
    V2Good,
)
from justclick_async.answers import RawResponse, parse_response
from justclick_async.calls import Call
from justclick_async.endpoints import V1, V2
from justclick_async.models.records import Record
from justclick_async.reading import MismatchError, get_reader
from justclick_async.wire import structure
from tests.service import KEY, envelope

ORDER: dict[str, Any] = {
    "id": "102937",
    "email": "buyer@example.com",
    "first_name": "Иван",
    "created": "1574241885",
    "pay_status": "paid",
    "paid": "1574242000",
    "price": "1350.00",
    "kupon": "skidka50",
    "utm": {"medium": "cpc"},
    "items": [
        {
            "id": "sales",
            "title": "Sales",
            "sum": "1350.00",
            "price": "1500.00",
            "partners": [{"partner_lvl": "1", "partner_id": "7", "partner_fee": "350.00"}],
        }
    ],
}


def read(into: Any, value: object) -> Any:
    return structure(value, into)


def ask(call: Call[Any], result: object = None, code: int = 0, text: str = "OK") -> Any:
    body = envelope(result, code, text).encode()
    return parse_response(call, RawResponse(200, {}, body), KEY).result


# ── Quirks, each by name ────────────────────────────────────────────────────────────


def test_numbers_come_as_text_and_leave_as_numbers() -> None:
    order = read(OrderDetails, ORDER)
    assert (order.bill_id, order.price) == (102937, Decimal("1350.00"))
    assert order.created == datetime(2019, 11, 20, 9, 24, 45, tzinfo=UTC)
    assert order.items[0] == Item(
        id="sales",
        title="Sales",
        sum=Decimal("1350.00"),
        price=Decimal("1500.00"),
        partners=(Partner(level=1, id=7, fee=Decimal("350.00")),),
    )


def test_numbers_come_as_numbers_too() -> None:
    order = read(OrderDetails, {**ORDER, "id": 5, "created": 1574241885, "price": 1350.5})
    assert (order.bill_id, order.price) == (5, Decimal("1350.5"))
    assert order.created == datetime(2019, 11, 20, 9, 24, 45, tzinfo=UTC)


@pytest.mark.parametrize("utm", [[], {}, None, ""])
def test_an_empty_php_array_is_an_empty_object(utm: object) -> None:
    if utm == "":
        with pytest.raises(MismatchError, match="utm: expected an object, found text"):
            read(OrderInfo, {**ORDER, "utm": utm})
        return
    assert read(OrderInfo, {**ORDER, "utm": utm}).utm == UtmMarks()


def test_missing_fields_are_empty() -> None:
    order = read(OrderDetails, {"id": 1})
    assert (order.email, order.tag, order.items) == ("", "", ())
    assert (order.created, order.price, order.good_count, order.is_recurrent) == (None,) * 4


@pytest.mark.parametrize("paid", ["", "0", 0, None])
def test_an_empty_or_missing_date_is_none(paid: object) -> None:
    assert read(OrderInfo, {**ORDER, "paid": paid}).paid is None


@pytest.mark.parametrize("name", ["kupon", "coupon"])
def test_kupon_and_coupon_are_the_same(name: str) -> None:
    order = read(OrderInfo, {"id": 1, name: "skidka50"})
    assert order.coupon == "skidka50"
    assert not order.extra


def test_kupon_and_coupon_together_lose_neither() -> None:
    order = read(OrderInfo, {"id": 1, "kupon": "a", "coupon": "b"})
    assert (order.coupon, order.extra) == ("a", {"coupon": "b"})


def test_a_sparse_array_may_be_an_object() -> None:
    order = read(OrderDetails, {**ORDER, "items": {"0": {"id": "a"}, "2": {"id": "b"}}})
    assert [item.id for item in order.items] == ["a", "b"]


def test_a_list_may_come_as_an_object_of_its_elements() -> None:
    groups = ask(V1.get_all_groups(), {"3": {"rass_name": "a"}, "7": {"rass_name": "b"}})
    assert [group.rass_name for group in groups] == ["a", "b"]


def test_a_list_of_one_may_stand_for_an_object() -> None:
    with pytest.warns(DeprecationWarning, match="get_order_details"):
        call = V1.get_order_info(1)
    assert ask(call, [ORDER]) == ask(call, ORDER)
    with pytest.raises(UnreadableAnswer, match="expected an object, found an array"):
        ask(call, [ORDER, ORDER])


def test_group_ids_that_look_like_numbers_stay_text() -> None:
    (group,) = ask(V2.get_all_lists(), [{"id": 1, "rass_name": "1473249885.2899961004"}])
    assert group.rass_name == "1473249885.2899961004"


def test_bills_are_objects_of_objects_with_numbers_as_keys() -> None:
    result = {"258367": {"12549": {"good_name": "payment", "good_title": "Payment"}}}
    (bill,) = ask(V1.get_bills("a@example.com"), result)
    assert isinstance(bill, Bill)
    assert (bill.bill_id, bill.goods[0].good_id) == (258367, 12549)


@pytest.mark.parametrize("status", ["paid", "moneyback", "something new"])
def test_an_unknown_status_stays_the_services_own_word(status: str) -> None:
    order = read(OrderInfo, {**ORDER, "pay_status": status})
    assert order.pay_status == status
    assert isinstance(order.pay_status, PayStatus) is (status == "paid")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1", GoodType.REAL),
        (1, GoodType.REAL),
        ("0", GoodType.DIGITAL),
        ("real", GoodType.REAL),
        ("", None),
        (None, None),
        ("floating", "floating"),
    ],
)
def test_the_type_of_a_product_is_read_in_all_forms(value: object, expected: object) -> None:
    product = read(Product, {"good_id": "1", "good_name": "a", "good_type": value})
    assert product.good_type == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1574241885", datetime(2019, 11, 20, 9, 24, 45, tzinfo=UTC)),
        ("2019-11-20 12:24:45", "2019-11-20 12:24:45"),
        ("", None),
    ],
)
def test_the_time_of_a_subscription_has_no_documented_form(value: str, expected: object) -> None:
    status = read(
        GroupStatus,
        {"rass_name": "a", "rass_status": "STATUS_WAIT", "subscription_time": value},
    )
    assert status.subscription_time == expected
    assert status.rass_status is SubscriptionStatus.WAIT


@pytest.mark.parametrize("value", ["1234", 1234, 1234.0])
def test_a_count_is_a_number_however_it_comes(value: object) -> None:
    assert ask(V1.get_count_subscribe("all"), value) == 1234


@pytest.mark.parametrize(
    ("text", "waits"),
    [
        ("Activation email sent to subscriber", True),
        (" activation  email sent to subscriber.", True),
        ("OK", False),
        ("ok", False),
        ("Activation is not possible", None),
        ("activation email was not sent", None),
        ("No activation email sent to subscriber", None),
        ("Подписан", None),
        ("", None),
    ],
)
def test_the_text_determines_if_a_contact_waits_for_activation(
    text: str, waits: bool | None
) -> None:
    call = V1.add_lead_to_group("a@example.com", ["super"])
    assert ask(call, text=text) == Subscription(waits_for_activation=waits, text=text)


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("http://shop.example.com/bill/?id=1&crc=0", "http://shop.example.com/bill/?id=1&crc=0"),
        ("/bill/?id=1&crc=0", "https://u.justclick.io/bill/?id=1&crc=0"),
        ("//shop.example.com/bill/?id=1", "https://shop.example.com/bill/?id=1"),
    ],
)
def test_a_payment_link_is_whole(link: str, address: str) -> None:
    details = {"id": "1", "link": link, "created": "no time at all"}
    body = envelope(details).encode()
    call = V1.payment_link(1)
    url = "https://u.justclick.io/api/getOrderDetails"
    assert (call.method, call.idempotent) == ("getOrderDetails", True)
    assert parse_response(call, RawResponse(200, {}, body, url), KEY).result == address


@pytest.mark.parametrize("link", [None, "", "javascript:alert(1)", "ftp://a.example/"])
def test_invalid_payment_links_are_refused(link: object) -> None:
    body = envelope({"id": "1", "link": link}).encode()
    with pytest.raises(UnreadableAnswer, match=r"link: expected a URL, found none"):
        parse_response(
            V1.payment_link(1), RawResponse(200, {}, body, "https://a.example/api/X"), KEY
        )


@pytest.mark.parametrize(
    ("result", "link"),
    [
        ({"bill_id": 1}, None),
        ({"bill_id": 1, "link": ""}, None),
        ({"bill_id": 1, "link": None}, None),
        ({"bill_id": 1, "link": "/bill/?id=1"}, "/bill/?id=1"),
    ],
)
def test_a_new_order_may_come_without_a_link(result: object, link: str | None) -> None:
    assert read(CreatedOrder, result) == CreatedOrder(bill_id=1, link=link)


@pytest.mark.parametrize("result", [None, [], {}, {"earned_total": None, "clicks_total": None}])
def test_no_statistics_are_zeros(result: object) -> None:
    assert ask(V1.get_partner_stats("anna"), result) == PartnerStats()


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (V1.get_bills("a@example.com"), 400),
        (V1.get_lead_group_statuses("a@example.com"), 500),
        (V1.get_lead_group_statuses("a@example.com"), 501),
        (V1.get_all_goods(), 700),
        (next(V1.get_orders_with_goods()), 400),
        (next(V1.get_orders_with_goods()), 401),
    ],
)
def test_codes_that_only_mean_none_found_are_empty_lists(call: Call[Any], code: int) -> None:
    assert ask(call, code=code, text="not found") == []


def test_a_result_with_code_501_is_used() -> None:
    groups = ask(V1.get_lead_group_statuses("a@example.com"), [{"rass_name": "a"}], 501)
    assert [group.rass_name for group in groups] == ["a"]


@pytest.mark.parametrize("code", [400, 501, 700])
def test_the_same_codes_are_errors_where_no_list_was_asked_for(code: int) -> None:
    with pytest.raises(JustClickError, match=f"code {code}"):
        ask(V1.get_order_details(1), code=code, text="not found")


@pytest.mark.parametrize("result", [None, [], {}, "", "whatever"])
def test_a_call_without_result_accepts_any_result(result: object) -> None:
    assert ask(V1.delete_order(1), result, text="order deleted") is None


@pytest.mark.parametrize(
    ("value", "expected"), [(True, True), ("1", True), (0, False), ("false", False), (None, None)]
)
def test_booleans_are_read_in_all_forms(value: object, expected: bool | None) -> None:
    assert read(OrderInfo, {"id": 1, "is_recurrent": value}).is_recurrent is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("3900.00", "3900.00"), ("1 500,50", "1500.50"), (12, "12"), (0.1, "0.1"), ("-5", "-5")],
)
def test_money_is_exact(value: object, expected: str) -> None:
    assert read(OrderInfo, {"id": 1, "price": value}).price == Decimal(expected)


@pytest.mark.parametrize("ids", ["1,2", ["1", 2], {"0": "1", "1": "2"}])
def test_numbers_of_goods_have_no_documented_form(ids: object) -> None:
    assert read(OrderDetails, {"id": 1, "good_ids": ids}).good_ids == ("1", "2")


# ── Unknown and unreadable ──────────────────────────────────────────────────────────


def test_unknown_fields_are_kept_at_every_depth() -> None:
    items = [{"id": "a", "colour": "red", "partners": [{"partner_id": 1, "rank": 3}]}]
    order = read(OrderDetails, {**ORDER, "items": items, "new": {"thing": 1}, "utm": {"x": 1}})
    assert order.extra == {"new": {"thing": 1}}
    assert order.items[0].extra == {"colour": "red"}
    assert order.items[0].partners[0].extra == {"rank": 3}
    assert order.utm.extra == {"x": 1}


def test_everything_that_cannot_be_read_is_named_with_its_kind_and_no_value() -> None:
    bad = {
        **ORDER,
        "created": "yesterday",
        "items": [{"id": "a"}, {"sum": {"secret": 1}, "partners": [{"partner_fee": "free"}]}],
    }
    with pytest.raises(UnreadableAnswer) as raised:
        ask(next(V1.get_orders_with_goods()), [ORDER, bad])
    message = str(raised.value)
    assert "result[1].created: expected Unix time, found text" in message
    assert "result[1].items[1].sum: expected an amount of money, found an object" in message
    assert "result[1].items[1].partners[0].partner_fee: expected an amount of money" in message
    assert "result[0]" not in message
    assert not any(word in message for word in ("yesterday", "secret", "free", "Иван"))
    assert raised.value.result == [ORDER, bad], "the rest is not lost"


def test_missing_required_fields_are_named() -> None:
    with pytest.raises(MismatchError, match=r"bill_id: required, but missing or empty"):
        read(CreatedOrder, {"link": "https://a.example/"})


METHODS = json.loads((Path(__file__).parent / "data" / "methods.json").read_text("utf-8"))
LISTS: dict[str, list[dict[str, Any]]] = {
    each["method"]: each["example"]["result"]
    for each in METHODS
    if each["example"]
    and isinstance(each["example"].get("result"), list)
    and len(each["example"]["result"]) > 0
    and each["method"] != "GetOrderInfo"
} | {"GetOrders": [ORDER], "getOrdersWithGoods": [ORDER]}
MODELS: dict[str, type[Any]] = {
    "GetLeadGroups": Group,
    "GetLeadGroupStatuses": GroupStatus,
    "GetAllGroups": Group,
    "GetAllGoods": Product,
    "GetOrders": OrderInfo,
    "getOrdersWithGoods": OrderDetails,
    "getpersonalmanagers": PersonalManager,
    "getalllists": ContactList,
    "getgoods": V2Good,
    "getcoupons": Coupon,
}
EMPTY = (None, "", 0, (), UtmMarks())


def places(value: object) -> Iterator[tuple[Any, ...]]:
    """Go through the paths of all fields of decoded JSON, nested ones included."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)  # type: ignore[arg-type]
    for name, inner in pairs:
        if isinstance(value, dict):
            yield (name,)
        if isinstance(inner, dict | list):
            yield from ((name, *path) for path in places(inner))


def test_every_list_has_an_example() -> None:
    assert LISTS.keys() == MODELS.keys()


@pytest.mark.parametrize("method", MODELS)
def test_a_list_stays_readable_whichever_field_is_missing(method: str) -> None:
    records = [copy.deepcopy(LISTS[method][0]) for _ in range(3)]
    whole = read(list[MODELS[method]], records)
    for path in places(records[1]):
        damaged = copy.deepcopy(records)
        *folders, name = path
        place: Any = damaged[1]
        for folder in folders:
            place = place[folder]
        del place[name]
        first, middle, last = read(list[MODELS[method]], damaged)
        assert (first, last) == (whole[0], whole[2])
        changed = [
            each.name
            for each in fields(MODELS[method])
            if getattr(middle, each.name) != getattr(whole[1], each.name)
        ]
        assert len(changed) <= 1, path
        if not folders:
            assert all(getattr(middle, each) in EMPTY or each == "extra" for each in changed), path


@pytest.mark.parametrize("goods", [{}, [], {"1": {}}, {"1": {"good_title": "a"}}, {"1": None}])
def test_a_list_of_bills_stays_readable_whatever_is_missing(goods: object) -> None:
    call = V1.get_bills("a@example.com")
    result = {"1": goods, "2": {"5": {"good_name": "b", "good_title": "B"}}}
    one, other = ask(call, result)
    assert (one.bill_id, other.bill_id, other.goods[0].good_name) == (1, 2, "b")


def test_orders_without_a_number_are_all_handed_out() -> None:
    nameless = [{"email": f"{number}@example.com"} for number in range(3)]
    flow = V1.iter_orders(date(2020, 1, 1), date(2020, 1, 2))
    assert [order.email for order in ask(next(flow), nameless)] == [
        f"{number}@example.com" for number in range(3)
    ]


@pytest.mark.parametrize(
    ("into", "value"),
    [(list[Group], 5), (list[Group], "x"), (OrderInfo, "x"), (int, None), (int, "x"), (int, True)],
)
def test_another_kind_of_result_is_unreadable(into: Any, value: object) -> None:
    with pytest.raises(MismatchError):
        read(into, value)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*ORDER, "partners", "sum", "0", "1"]), inner, max_size=6)
    ),
    max_leaves=20,
)


@given(anything)
def test_anything_is_read_or_refused(value: object) -> None:
    for into in OrderDetails, list[OrderDetails], GroupStatus, Product, PartnerStats:
        try:
            found = get_reader(into)(value)
        except MismatchError:
            continue
        assert pickle.loads(pickle.dumps(found)) == found


def records(base: type[Record] = Record) -> Iterator[type[Record]]:
    for each in base.__subclasses__():
        yield each
        yield from records(each)


def test_generated_records_equal_constructed_ones() -> None:
    """So that readers may do without the constructors."""
    assert OrderDetails in set(records())
    for record in set(records()):
        assert not hasattr(record, "__attrs_post_init__")
        assert not hasattr(record, "__attrs_pre_init__")
        assert not any(each.validator or each.converter for each in fields(record))
        required = {each.name: 1 for each in fields(record) if each.default is NOTHING}
        read = get_reader(record)({**required, "id": 1})
        made = record(**{each.name: getattr(read, each.name) for each in fields(record)})
        assert (read, repr(read), type(read)) == (made, repr(made), record)


def test_records_are_frozen_copied_and_compared() -> None:
    order = read(OrderDetails, ORDER)
    assert copy.deepcopy(order) == order == pickle.loads(pickle.dumps(order))
    with pytest.raises(AttributeError):
        order.bill_id = 1
    for secret in "buyer@example.com", "Иван":
        assert secret not in repr(order)


def test_the_collector_of_garbage_is_left_alone() -> None:
    seen: set[bool] = set()
    gc.callbacks.append(lambda *_: seen.add(gc.isenabled()))
    try:
        read(list[OrderDetails], [ORDER] * 3000)
    finally:
        gc.callbacks.pop()
    assert seen == {True}


def test_no_decoded_value_is_changed_by_reading_it() -> None:
    before = json.dumps(ORDER)
    read(OrderDetails, {**ORDER, "coupon": "x"})
    assert json.dumps(ORDER) == before


def test_utm_marks_differ_between_requests_and_results() -> None:
    assert Utm(medium="a") != UtmMarks(medium="a")
