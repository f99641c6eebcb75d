"""How answers become records: the quirks of the service, each by name."""

from __future__ import annotations

import copy
import gc
import json
import pickle
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from attrs import NOTHING, fields
from hypothesis import given
from hypothesis import strategies as st

from justclick_async import (
    Bill,
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
    Product,
    Subscription,
    SubscriptionStatus,
    UnreadableAnswer,
    Utm,
    UtmMarks,
    garbage,
)
from justclick_async.answers import Received, decipher
from justclick_async.calls import Call
from justclick_async.endpoints import V1, V2
from justclick_async.models.records import Record
from justclick_async.reading import MisfitError, reader_of
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
    return decipher(call, Received(200, {}, body), KEY).result


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
        with pytest.raises(MisfitError, match="utm: expected an object, found text"):
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


def test_a_sparse_array_comes_as_an_object() -> None:
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
    ("told", "meant"),
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
def test_the_type_of_a_product_is_told_in_many_ways(told: object, meant: object) -> None:
    product = read(Product, {"good_id": "1", "good_name": "a", "good_type": told})
    assert product.good_type == meant


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("1574241885", datetime(2019, 11, 20, 9, 24, 45, tzinfo=UTC)),
        ("2019-11-20 12:24:45", "2019-11-20 12:24:45"),
        ("", None),
    ],
)
def test_the_time_of_a_subscription_has_no_documented_form(told: str, meant: object) -> None:
    status = read(
        GroupStatus,
        {"rass_name": "a", "rass_status": "STATUS_WAIT", "subscription_time": told},
    )
    assert status.subscription_time == meant
    assert status.rass_status is SubscriptionStatus.WAIT


@pytest.mark.parametrize("told", ["1234", 1234, 1234.0])
def test_a_count_is_a_number_however_it_comes(told: object) -> None:
    assert ask(V1.get_count_subscribe("all"), told) == 1234


@pytest.mark.parametrize(
    ("text", "waits"),
    [("Activation email sent to subscriber", True), ("OK", False), ("ok", False)],
)
def test_the_text_tells_whether_a_contact_has_to_confirm(text: str, waits: bool) -> None:
    call = V1.add_lead_to_group("a@example.com", ["super"])
    assert ask(call, text=text) == Subscription(waits_for_activation=waits, text=text)


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
        (next(V1.iter_orders()), 400),
        (next(V1.iter_orders()), 401),
    ],
)
def test_codes_that_only_mean_none_found_are_empty_lists(call: Call[Any], code: int) -> None:
    assert ask(call, code=code, text="not found") == []


def test_a_result_that_comes_along_with_501_counts() -> None:
    groups = ask(V1.get_lead_group_statuses("a@example.com"), [{"rass_name": "a"}], 501)
    assert [group.rass_name for group in groups] == ["a"]


@pytest.mark.parametrize("code", [400, 501, 700])
def test_the_same_codes_are_errors_where_no_list_was_asked_for(code: int) -> None:
    with pytest.raises(JustClickError, match=f"code {code}"):
        ask(V1.get_order_details(1), code=code, text="not found")


@pytest.mark.parametrize("result", [None, [], {}, "", "whatever"])
def test_who_asks_for_nothing_takes_any_result(result: object) -> None:
    assert ask(V1.delete_order(1), result, text="order deleted") is None


@pytest.mark.parametrize(
    ("told", "meant"), [(True, True), ("1", True), (0, False), ("false", False), (None, None)]
)
def test_truth_is_told_in_many_ways(told: object, meant: bool | None) -> None:
    assert read(OrderInfo, {"id": 1, "is_recurrent": told}).is_recurrent is meant


@pytest.mark.parametrize(
    ("told", "meant"),
    [("3900.00", "3900.00"), ("1 500,50", "1500.50"), (12, "12"), (0.1, "0.1"), ("-5", "-5")],
)
def test_money_is_exact(told: object, meant: str) -> None:
    assert read(OrderInfo, {"id": 1, "price": told}).price == Decimal(meant)


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
        ask(next(V1.iter_orders()), [ORDER, bad])
    message = str(raised.value)
    assert "result[1].created: expected Unix time, found text" in message
    assert "result[1].items[1].sum: expected an amount of money, found an object" in message
    assert "result[1].items[1].partners[0].partner_fee: expected an amount of money" in message
    assert "result[0]" not in message
    assert not any(word in message for word in ("yesterday", "secret", "free", "Иван"))
    assert raised.value.result == [ORDER, bad], "the rest is not lost"


def test_what_must_be_there_is_missed_by_name() -> None:
    with pytest.raises(MisfitError, match=r"\[1\]\.rass_name: required, but missing or empty"):
        read(list[Group], [{"rass_name": "a"}, {"rass_title": "B"}])


@pytest.mark.parametrize(
    ("into", "value"),
    [(list[Group], 5), (list[Group], "x"), (OrderInfo, "x"), (int, None), (int, "x"), (int, True)],
)
def test_another_kind_of_result_is_unreadable(into: Any, value: object) -> None:
    with pytest.raises(MisfitError):
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
            found = reader_of(into)(value)
        except MisfitError:
            continue
        assert pickle.loads(pickle.dumps(found)) == found


def records(base: type[Record] = Record) -> Iterator[type[Record]]:
    for each in base.__subclasses__():
        yield each
        yield from records(each)


def test_records_are_what_their_constructors_make_and_those_do_nothing_else() -> None:
    """So that readers may do without the constructors."""
    assert OrderDetails in set(records())
    for record in set(records()):
        assert not hasattr(record, "__attrs_post_init__")
        assert not hasattr(record, "__attrs_pre_init__")
        assert not any(each.validator or each.converter for each in fields(record))
        required = {each.name: 1 for each in fields(record) if each.default is NOTHING}
        read = reader_of(record)({**required, "id": 1})
        made = record(**{each.name: getattr(read, each.name) for each in fields(record)})
        assert (read, repr(read), type(read)) == (made, repr(made), record)


def test_records_are_frozen_copied_and_compared() -> None:
    order = read(OrderDetails, ORDER)
    assert copy.deepcopy(order) == order == pickle.loads(pickle.dumps(order))
    with pytest.raises(AttributeError):
        order.bill_id = 1
    for secret in "buyer@example.com", "Иван":
        assert secret not in repr(order)


def test_garbage_is_collected_again_after_many_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("justclick_async.reading.MANY", 1)
    read(list[OrderDetails], [ORDER] * 3)
    assert gc.isenabled()
    with pytest.raises(MisfitError):
        read(list[OrderDetails], [ORDER, ORDER, 5])
    assert gc.isenabled()
    gc.disable()
    try:
        read(list[OrderDetails], [ORDER] * 3)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_child_that_was_forked_in_between_collects_garbage() -> None:
    with garbage.no_garbage():
        with garbage.no_garbage():
            assert not gc.isenabled()
        assert not gc.isenabled()
        garbage._after_fork()
        assert gc.isenabled()
        garbage._holders = 1  # as it is in the parent
    assert gc.isenabled()


def test_no_decoded_value_is_changed_by_reading_it() -> None:
    before = json.dumps(ORDER)
    read(OrderDetails, {**ORDER, "coupon": "x"})
    assert json.dumps(ORDER) == before


def test_marks_of_what_is_sent_and_of_what_is_told_are_not_the_same() -> None:
    assert Utm(medium="a") != UtmMarks(medium="a")
