"""From a body to an event: what is read, what is refused, and what the hash does not cover."""

from __future__ import annotations

import copy
import pickle
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, parse_qsl

import pytest
from multidict import MultiDict, MultiDictProxy

from justclick_async import InvalidInput, InvalidInputType, JustClickError, Outcome
from justclick_async.notifications import (
    CANDIDATES,
    Item,
    LeadActivated,
    LeadSubscribed,
    LeadUnsubscribed,
    MalformedNotification,
    MissingHash,
    NotificationError,
    NotificationTooLarge,
    OrderCancelled,
    OrderCreated,
    OrderPaid,
    OrderPrepaid,
    OrderRefunded,
    Partner,
    PaymentEvent,
    Router,
    UnknownNotification,
    UnsignedNotification,
    UtmMarks,
    WrongHash,
    parse,
)
from tests.notifications.bodies import CONTACTS, GOLDEN, KEY, ORDERS, body, decoded, encoded, signed

CLASSES = {
    "order_created": OrderCreated,
    "order_paid": OrderPaid,
    "order_prepaid": OrderPrepaid,
    "order_cancelled": OrderCancelled,
    "order_moneyback": OrderRefunded,
    "lead_subscribed": LeadSubscribed,
    "lead_activated": LeadActivated,
    "lead_unsubscribed": LeadUnsubscribed,
}
PERSONAL = ["Alex", "Ivanov", "buyer@", "lead@", "+7000", "Example street", "101000", "192.0.2.1"]


def event(fields: object, **options: Any) -> Any:
    given = encoded(fields) if isinstance(fields, dict) else fields
    return parse(given, **{"api_key": KEY, "allow_unsigned": True} | options)


# ── Every kind, as documented ───────────────────────────────────────────────────────


def test_the_golden_bodies_are_those_of_all_kinds():
    assert set(GOLDEN) == set(CLASSES)


@pytest.mark.parametrize("kind", CLASSES)
def test_each_kind_is_an_event_of_its_class(kind):
    assert type(event(body(kind))) is CLASSES[kind]
    assert event(body(kind)).kind == kind


@pytest.mark.parametrize("kind", ORDERS)
def test_candidates_are_tried_in_the_documented_order(kind):
    assert CANDIDATES[CLASSES[kind]] == tuple(map(tuple, GOLDEN[kind]["candidates"]))


@pytest.mark.parametrize("kind", CLASSES)
def test_every_documented_field_has_an_attribute(kind):
    """Nothing that the pages list is left over in ``extra``."""
    assert event(body(kind)).extra == {}
    assert event(body(kind)).raw == decoded(kind)


def test_a_paid_order_is_read_in_full():
    paid = event(body("order_paid"))

    assert paid.bill_id == 123456
    assert paid.email == "buyer@example.com"
    assert paid.sum == Decimal("990.00")
    assert paid.created == datetime(2019, 11, 20, 9, 24, 45, tzinfo=UTC)
    assert paid.paid == datetime(2019, 11, 20, 9, 26, 40, tzinfo=UTC)
    assert paid.is_recurrent is False
    assert paid.postal_code == "101000"
    assert paid.utm == UtmMarks(medium="social", source="fb", campaign="programmers")
    assert paid.items == (
        Item(
            id="lesson1",
            title="Lesson 1",
            sum=Decimal("990.00"),
            price=Decimal("1200.00"),
            partners=(
                Partner(level=1, id=100136, name="partner1", fee=Decimal("350.00")),
                Partner(level=2, id=100137, name="partner2", fee=Decimal("35.00")),
            ),
        ),
    )
    assert paid.signed_over == ("id", "email", "paid")


@pytest.mark.parametrize(
    ("kind", "amount"),
    [
        ("order_created", "990.00"),  # of its items
        ("order_paid", "990.00"),  # last_payment_sum
        ("order_prepaid", "300.00"),  # prepayment_sum
        ("order_cancelled", "990.00"),
        ("order_moneyback", "990.00"),
    ],
)
def test_every_order_event_has_a_sum(kind, amount):
    assert event(body(kind)).sum == Decimal(amount)


@pytest.mark.parametrize("name", ["kupon", "coupon"])
def test_both_spellings_of_the_coupon_are_one_attribute(name):
    fields = decoded("order_paid") | {"kupon": ""}
    assert event(fields | {name: "SALE"}).coupon == "SALE"


def test_a_contact_is_read_in_full():
    lead = event(body("lead_subscribed"))

    assert (lead.name, lead.email, lead.group_id) == ("Alex", "lead@example.com", "2086840")
    assert (lead.ip, lead.utm.medium, lead.signed_over) == ("192.0.2.1", "social", ())


def test_events_can_be_matched():
    match event(body("order_paid")):
        case OrderCreated():
            pytest.fail("of another kind")
        case OrderPaid(bill_id=number, sum=amount):
            assert (number, amount) == (123456, Decimal("990.00"))
    assert isinstance(event(body("order_moneyback")), PaymentEvent)


@pytest.mark.parametrize("kind", CLASSES)
def test_events_survive_pickling_and_copying(kind):
    original = event(body(kind))
    for twin in pickle.loads(pickle.dumps(original)), copy.deepcopy(original):
        assert (twin, twin.raw, twin.key, hash(twin)) == (
            original,
            original.raw,
            original.key,
            hash(original),
        )


@pytest.mark.parametrize("kind", CLASSES)
def test_repr_shows_neither_customer_nor_hash(kind):
    fields = decoded(kind, comment="call my mother", tag="vip", phone="+70000000000")
    if kind == "order_paid":
        fields["items"][0]["pincode"] = "open-sesame"
    shown = repr(event(fields))

    hidden = [*PERSONAL, "call my mother", "open-sesame", "crc=", "partner1", fields.get("hash")]
    assert [text for text in hidden if text and text in shown] == []


# ── What it may be read from ────────────────────────────────────────────────────────


class QueryDict(dict):
    """Gives the last value of a name, and all of them by ``lists()``, as Django's does."""

    def __init__(self, text):
        super().__init__(parse_qs(text, keep_blank_values=True))

    def __getitem__(self, name):
        return super().__getitem__(name)[-1]

    def items(self):
        return [(name, self[name]) for name in self]

    def lists(self):
        return list(super().items())


class FormData(Mapping[str, Any]):
    """Gives the last value of a name, and all of them by ``multi_items()``, as Starlette's does."""

    def __init__(self, text):
        self._pairs = parse_qsl(text, keep_blank_values=True)

    def __getitem__(self, name):
        return dict(self._pairs)[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self._pairs))

    def __len__(self):
        return len(dict(self._pairs))

    def multi_items(self):
        return self._pairs


def pairs(text):
    return parse_qsl(text, keep_blank_values=True)


FORMS = {
    "bytes": str.encode,
    "bytearray": lambda text: bytearray(text.encode()),
    "memoryview": lambda text: memoryview(text.encode()),
    "str": str,
    "a flat dict": lambda text: dict(pairs(text)),
    "parse_qs": lambda text: parse_qs(text, keep_blank_values=True),
    "aiohttp": lambda text: MultiDictProxy(MultiDict(pairs(text))),
    "Django": QueryDict,
    "Starlette": FormData,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ORDERS)
def test_all_forms_of_one_body_are_the_same_event(kind, form):
    expected, found = event(body(kind)), parse(FORMS[form](body(kind)), api_key=KEY)
    assert (found, found.raw) == (expected, expected.raw)


@pytest.mark.parametrize("kind", CLASSES)
def test_nested_fields_are_taken_as_they_are(kind):
    assert event(body(kind)) == parse(decoded(kind), api_key=KEY, allow_unsigned=True)


def test_whole_numbers_of_a_mapping_count_as_their_text():
    fields = decoded("order_paid") | {"id": 123456, "paid": 1574242000}
    assert parse(fields, api_key=KEY).bill_id == 123456


@pytest.mark.parametrize("form", ["bytes", "aiohttp", "Django", "Starlette", "parse_qs"])
def test_the_last_of_repeated_fields_counts_as_in_php(form):
    twice = "id=1&items[0][id]=&" + body("order_paid")
    found = parse(FORMS[form](twice), api_key=KEY)
    assert (found.bill_id, found.items[0].id) == (123456, "lesson1")


@pytest.mark.parametrize("given", [None, 5, ["id=1"], object()])
def test_an_unusable_body_is_an_error_of_the_caller(given):
    with pytest.raises(InvalidInputType, match="body must be bytes, str or a mapping"):
        parse(given, api_key=KEY)


@pytest.mark.parametrize("key", ["", "  ", None, "\ud800", "a\nb", b"key"])
def test_an_empty_key_is_refused_since_anybody_could_sign_with_it(key):
    for refusing in (lambda: parse(body("order_paid"), api_key=key), lambda: Router(api_key=key)):
        with pytest.raises(InvalidInput, match="api_key"):
            refusing()


def test_blanks_around_a_pasted_key_do_not_count():
    assert event(body("order_paid"), api_key=f" {KEY}\n").bill_id == 123456


# ── The hash ────────────────────────────────────────────────────────────────────────

OVER = {
    "created": ("id", "email", "created"),
    "paid": ("id", "email", "paid"),
    None: ("id", "email"),
}


@pytest.mark.parametrize("kind", ORDERS)
@pytest.mark.parametrize("over", OVER)
def test_each_documented_formula_is_accepted_and_reported(kind, over):
    fields = decoded(kind, paid="1574242000", created="1574241885", prepayment_sum="1")
    if kind != "order_prepaid":
        del fields["prepayment_sum"]
    fields = signed(fields, *filter(None, [over]))
    if OVER[over] in CANDIDATES[CLASSES.get(kind)]:
        assert event(fields).signed_over == OVER[over]
    else:
        with pytest.raises(WrongHash):
            event(fields)


def test_a_missing_time_counts_as_empty_and_as_not_covered():
    """As in the PHP sample of the pages, where an absent ``$_POST['paid']`` is empty."""
    fields = decoded("order_paid")
    del fields["paid"]
    assert event(signed(fields)).signed_over == ("id", "email")


def test_fields_that_the_hash_does_not_cover_are_listed():
    paid = event(body("order_paid"))

    assert {"kind", "last_payment_sum", "items", "phone", "utm"} <= set(paid.unauthenticated)
    assert not {"id", "email", "paid", "hash"} & set(paid.unauthenticated)
    assert "created" in paid.unauthenticated
    assert {"kind", "email", "id_group"} <= set(event(body("lead_activated")).unauthenticated)


def test_a_created_event_sent_again_as_a_paid_one_passes():
    """The kind is not signed: this is why nothing must be granted on the hash alone.

    Whoever has seen a genuine notification of a new order moves ``created`` to ``paid``.
    ``confirm()`` finds it out.
    """
    seen = decoded("order_created")
    forged = {name: seen[name] for name in ("id", "email", "hash")}
    forged |= {"paid": seen["created"], "last_payment_sum": "1000000.00"}

    assert type(event(forged)) is OrderPaid
    assert "kind" in event(forged).unauthenticated


def test_digits_can_be_moved_between_number_and_address():
    """Nothing separates the hashed values; ``confirm()`` compares the address."""
    fields = signed(decoded("order_created") | {"id": "12345", "email": "6@example.com"}, "created")
    moved = fields | {"id": "123456", "email": "@example.com"}
    assert event(moved).bill_id == 123456
    assert event(moved).key != event(fields).key


def test_a_pin_leaves_one_formula():
    timeless = encoded(signed(decoded("order_created")))

    assert event(timeless).signed_over == ("id", "email")
    assert event(timeless, pin=("id", "email")).signed_over == ("id", "email")
    with pytest.raises(WrongHash) as refused:
        event(timeless, pin=["id", "email", "created"])
    assert refused.value.tried == (("id", "email", "created"),)


def test_a_pin_can_differ_from_kind_to_kind():
    pin = {OrderCreated: ("id", "email")}

    with pytest.raises(WrongHash):
        event(body("order_created"), pin=pin)
    assert event(body("order_paid"), pin=pin).signed_over == ("id", "email", "paid")


@pytest.mark.parametrize("pin", ["paid", (), ("id",), ("email", "id"), ("id", "email", "a", "b")])
def test_an_unusable_pin_is_an_error_of_the_caller(pin):
    for wrong in pin, {OrderPaid: pin}:
        with pytest.raises(InvalidInput, match="pin must be"):
            event(body("lead_activated"), pin=wrong)
        with pytest.raises(InvalidInput, match="pin must be"):
            Router(api_key=KEY, pin=wrong)


@pytest.mark.parametrize("kind", ORDERS)
def test_an_order_without_hash_is_refused(kind):
    fields = decoded(kind)
    for without in ({**fields, "hash": ""}, {n: v for n, v in fields.items() if n != "hash"}):
        with pytest.raises(MissingHash):
            event(without)


@pytest.mark.parametrize("kind", CONTACTS)
def test_contacts_are_accepted_only_with_allow_unsigned(kind):
    with pytest.raises(UnsignedNotification, match="allow_unsigned=True"):
        parse(body(kind), api_key=KEY)


@pytest.mark.parametrize("kind", CONTACTS)
def test_a_contact_with_a_right_hash_is_not_signed_either(kind):
    """No page documents one, so it would prove nothing."""
    fields = signed(decoded(kind, id="1"))
    with pytest.raises(UnsignedNotification):
        parse(encoded(fields), api_key=KEY)


@pytest.mark.parametrize(
    ("cause", "fields", "key"),
    [
        ("plus_became_blank", {"email": "a b@example.com"}, KEY),
        ("not_decoded", {"email": "a%2Bb%40example.com"}, KEY),
        ("html_escaped", {"email": "a&#039;b&amp;c@example.com"}, KEY),
        ("read_as_latin1", {"email": "пётр@example.com".encode().decode("latin-1")}, KEY),
        (None, {"email": "other@example.com"}, KEY),
        (None, {}, "f" * 40),
    ],
)
def test_a_wrong_hash_names_its_cause_where_it_is_known(cause, fields, key):
    originals = {
        "plus_became_blank": "a+b@example.com",
        "not_decoded": "a+b@example.com",
        "html_escaped": "a'b&c@example.com",
        "read_as_latin1": "пётр@example.com",
    }
    original = decoded("order_paid", email=originals.get(cause, "buyer@example.com"))

    with pytest.raises(WrongHash) as refused:
        event(encoded(signed(original, "paid") | fields), api_key=key)

    assert refused.value.cause == cause
    assert refused.value.tried == (("id", "email", "paid"),)


# ── Which kind ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"status": "new_order", "paid": "1"}, OrderCreated),
        ({"status": "new order"}, OrderCreated),
        ({"status": "cancel_order", "paid": "1"}, OrderCancelled),
        ({"status": "moneyback", "prepayment_sum": "1"}, OrderRefunded),
        ({"prepayment_sum": "1", "paid": "1"}, OrderPrepaid),
        ({"prepayment_sum": ""}, OrderPrepaid),
        ({"paid": "1"}, OrderPaid),
        ({"paid": "", "last_payment_sum": "5"}, OrderPaid),
        ({"paid": "", "last_payment_sum": ""}, OrderCreated),
        ({"paid": "0"}, OrderCreated),
        ({}, OrderCreated),
        ({"status": "something new"}, OrderCreated),
    ],
)
def test_kinds_are_distinguished_in_the_documented_order(fields, kind):
    order = {"id": "5", "email": "a@example.com"} | fields
    over = ["paid"] if kind is OrderPaid else []
    assert type(event(signed(order, *over))) is kind


@pytest.mark.parametrize("status", ["", "3", "-1", "00", "new_order"])
def test_a_contact_with_an_undocumented_status_is_refused(status):
    with pytest.raises(UnknownNotification):
        event(decoded("lead_activated", status=status))


@pytest.mark.parametrize(
    "given", [b"", b"&&&", b"a=1", b"id=5", b"email=a", b'{"id": 5, "email": "a"}', b"\xff\x00", {}]
)
def test_an_undocumented_kind_is_refused(given):
    with pytest.raises(UnknownNotification):
        event(given)


# ── Lenient on what is missing ──────────────────────────────────────────────────────


def test_a_bare_order_has_empty_attributes():
    created = event(signed({"id": "5", "email": "a@example.com"}))

    assert (created.sum, created.created, created.items) == (None, None, ())
    assert (created.utm, created.first_name, created.coupon) == (UtmMarks(), "", "")


@pytest.mark.parametrize("empty", ["", [], {}, None])
def test_an_empty_php_array_has_neither_marks_nor_items(empty):
    created = parse(decoded("order_created", utm=empty, items=empty), api_key=KEY)
    assert (created.utm, created.items) == (UtmMarks(), ())


def test_sparse_arrays_are_lists():
    fields = decoded("order_paid")
    (item,) = fields["items"]
    fields["items"] = {"1": item, "7": item | {"partners": {"2": {"partner_lvl": "2"}}}}
    found = event(fields).items

    assert [item.id for item in found] == ["lesson1", "lesson1"]
    assert found[1].partners == (Partner(level=2),)


def test_empty_sums_and_times_are_none():
    fields = decoded("order_paid", last_payment_sum="", created="0")
    fields["items"][0] |= {"sum": "", "price": "", "partners": ""}
    paid = event(fields)

    assert (paid.sum, paid.created, paid.items[0].sum) == (None, None, None)


def test_items_of_which_one_has_no_sum_have_no_sum_together():
    fields = decoded("order_created", items=[{"sum": "1"}, {"sum": ""}])
    assert event(fields).sum is None


@pytest.mark.parametrize("text", ["2019-11-20 12:24:45", "20.11.2019", "9" * 12, "1" * 500])
def test_times_of_another_form_are_kept_raw_and_named(text):
    """The pages do not say that times are Unix times."""
    created = event(signed(decoded("order_created", created=text), "created"))

    assert created.created is None
    assert created.unreadable == ("created",)
    assert created.raw["created"] == text
    assert created.signed_over == ("id", "email", "created")


@pytest.mark.parametrize("kind", ["order_created", "order_paid"])
def test_the_signed_text_cannot_be_divided_otherwise(kind):
    """Nothing in the hash separates address and time, so what they look like has to."""
    name = "created" if kind == "order_created" else "paid"
    genuine = decoded(kind)
    text = genuine["email"] + genuine[name]
    for at in range(len(text) + 1):
        divided = genuine | {"email": text[:at], name: text[at:]}
        if divided == genuine:
            assert event(divided).email == genuine["email"]
        else:
            with pytest.raises(NotificationError):
                event(divided)


@pytest.mark.parametrize("moment", ["yesterday", "m1574241885", "-5", "15@", "\uff11"])
def test_text_that_is_not_a_time_is_not_taken_for_the_signed_time(moment):
    with pytest.raises(MalformedNotification, match="created must be a time") as error:
        event(signed(decoded("order_created", created=moment), "created"))
    assert error.value.field == "created"


def test_unknown_fields_of_parts_are_kept():
    fields = decoded("order_paid")
    fields["utm"]["id"] = "7"
    fields["items"][0]["novelty"] = "1"
    fields["items"][0]["partners"][0]["novelty"] = "2"
    (item,) = event(fields).items

    assert event(fields).utm.extra == {"id": "7"}
    assert (item.extra, item.partners[0].extra) == ({"novelty": "1"}, {"novelty": "2"})


def test_unknown_fields_are_kept():
    created = event(decoded("order_created", novelty="1", nested={"a": "b"}))
    assert created.extra == {"novelty": "1", "nested": {"a": "b"}}


# ── Strict on what decides ──────────────────────────────────────────────────────────


@pytest.mark.parametrize("number", ["0", "-5", "+5", " 5", "5 ", "05", "5.0", "1e3", "٥", "1" * 20])
def test_a_malformed_number_names_the_field_and_not_the_value(number):
    with pytest.raises(MalformedNotification, match="id must be a positive integer") as error:
        event(signed(decoded("order_created", id=number), "created"))
    assert error.value.field == "id"
    assert "buyer" not in str(error.value)


def test_a_missing_number_is_malformed():
    with pytest.raises(MalformedNotification, match="id must not be empty"):
        event(signed(decoded("order_created", id=""), "created"))


@pytest.mark.parametrize("amount", ["990,00", "1 000", "-1", "1e5", "NaN", "Infinity", "1.", "x"])
def test_a_malformed_sum_names_the_field_and_not_the_value(amount):
    with pytest.raises(MalformedNotification, match="last_payment_sum must be an amount") as error:
        event(decoded("order_paid", last_payment_sum=amount))
    assert amount not in str(error.value).replace("1500.00", "")


def test_a_malformed_sum_of_an_item_is_named_with_its_path():
    fields = decoded("order_paid")
    fields["items"][0]["partners"][1]["partner_fee"] = "much"
    with pytest.raises(MalformedNotification) as error:
        event(fields)
    assert error.value.field == "items[0][partners][1][partner_fee]"


@pytest.mark.parametrize("field", ["id", "email", "paid", "hash", "status", "phone", "kupon"])
@pytest.mark.parametrize("nested", ["{}[]=1", "{}[a]=b", "{}[0][0]=1"])
def test_an_array_where_a_text_is_expected_is_malformed(field, nested):
    hostile = f"{body('order_paid')}&{nested.format(field)}"
    with pytest.raises(MalformedNotification, match=f"{field} must be text, not (list|dict)"):
        event(hostile)


@pytest.mark.parametrize("field", ["items", "utm", "items[0]", "items[0][partners]"])
def test_a_text_where_an_array_is_expected_is_malformed(field):
    with pytest.raises(MalformedNotification, match="must be an array"):
        event(f"{body('order_paid')}&{field}=1")


@pytest.mark.parametrize("value", [1.5, True, b"x", object()])
def test_values_that_a_form_cannot_have_are_malformed(value):
    with pytest.raises(MalformedNotification, match="id must be text"):
        parse(decoded("order_paid") | {"id": value}, api_key=KEY)


def test_lone_surrogates_are_refused():
    for name in "id", "email", "paid", "hash":
        with pytest.raises(WrongHash):
            parse(decoded("order_paid") | {name: "\ud800"}, api_key=KEY)
    with pytest.raises(MalformedNotification):
        parse({"items[0][id]": "\ud800"}, api_key=KEY)
    with pytest.raises(MalformedNotification):
        parse("id=\ud800", api_key=KEY)


# ── Errors ──────────────────────────────────────────────────────────────────────────

REFUSED: dict[type[NotificationError], Any] = {
    MissingHash: decoded("order_paid", hash=""),
    WrongHash: decoded("order_paid", hash="0" * 32),
    MalformedNotification: decoded("order_paid", last_payment_sum="buyer@example.com"),
    UnknownNotification: {"status": "buyer@example.com"},
    NotificationTooLarge: {"x": ["buyer@example.com"] * 20_001},
    UnsignedNotification: decoded("lead_subscribed"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_refusals_hold_hints_and_neither_data_nor_key(kind):
    with pytest.raises(kind) as refused:
        parse(encoded(REFUSED[kind]), api_key=KEY)
    error = refused.value

    assert type(error) is kind
    assert isinstance(error, JustClickError | ValueError)
    assert error.outcome is Outcome.NOT_SENT
    assert error.hint
    assert error.hint_ru
    told = f"{error} {error!r} {vars(error)} {error.__cause__} {error.__context__}"
    assert [text for text in [*PERSONAL, KEY, "@"] if text in told] == []


@pytest.mark.parametrize("kind", REFUSED)
def test_refusals_survive_pickling_and_copying(kind):
    with pytest.raises(kind) as refused:
        parse(encoded(REFUSED[kind]), api_key=KEY)
    for twin in pickle.loads(pickle.dumps(refused.value)), copy.copy(refused.value):
        assert (type(twin), str(twin), vars(twin)) == (
            kind,
            str(refused.value),
            vars(refused.value),
        )


# ── Too much ────────────────────────────────────────────────────────────────────────


def test_a_hundred_thousand_variables_are_refused_before_they_are_read():
    with pytest.raises(NotificationTooLarge):
        event(b"&".join(b"a%d=" % n for n in range(100_000)), max_bytes=10_000_000)
    with pytest.raises(NotificationTooLarge):
        event({f"a[{n}]": "" for n in range(100_000)}, max_bytes=10_000_000)


def test_a_huge_body_is_refused():
    with pytest.raises(NotificationTooLarge, match="larger than 4194304 bytes"):
        event(b"comment=" + b"x" * 5_000_000)
    with pytest.raises(NotificationTooLarge):
        event({"comment": "x" * 5_000_000, "utm[medium]": ""})
    with pytest.raises(NotificationTooLarge):
        event(bytearray(5_000_000))


HOSTILE: dict[str, Callable[[int], Any]] = {
    "long keys of nested rows": lambda n: {"items": {"k" * n: {"partners": [{}] * (n // 20)}}},
    "many rows": lambda n: encoded({"items": [{"id": "1"}] * (n // 20)}),
    "one long name": lambda n: b"items[" + b"k" * n + b"][id]=1",
    "many names": lambda n: b"&".join(b"a%d[b][c]=1" % i for i in range(n // 20)),
    "many escapes": lambda n: b"email=" + b"%40" * (n // 3),
    "a long address": lambda n: {"email": "a@b" * n},
    "a long number": lambda n: {"id": "9" * n},
    "a long amount": lambda n: {"last_payment_sum": "9" * n},
    "a long time": lambda n: {"paid": "1 " * n},
    "a long hash": lambda n: {"hash": "0" * n},
    "many ampersands": lambda n: b"&" * min(n, 19_000),
}


@pytest.mark.untraced
@pytest.mark.parametrize("shape", HOSTILE)
def test_time_grows_no_faster_than_the_body(shape):
    def seconds(size: int) -> float:
        given = HOSTILE[shape](size)
        if isinstance(given, dict):
            given = decoded("order_paid") | given
        started = time.process_time()
        with suppress(NotificationError):
            parse(given, api_key=KEY)
        return time.process_time() - started

    seconds(1000)
    small, large = (min(seconds(size) for _ in range(3)) for size in (60_000, 300_000))
    assert large < 15 * small + 0.02  # five times as large; quadratic would be 25


def test_deep_nesting_is_refused():
    with pytest.raises(NotificationTooLarge):
        event(b"id" + b"[a]" * 100_000 + b"=1")


def nested(depth):
    value = "1"
    for _ in range(depth):
        value = {"a": value}
    return value


CYCLE: list[Any] = []
CYCLE.append(CYCLE)


@pytest.mark.parametrize(
    "form",
    [
        {f"a{n}": "" for n in range(20_001)},
        {"a": [""] * 20_001},
        {"items": [{} for _ in range(20_001)]},
        {"comment": "x" * 5_000_000},
        {"x" * 5_000_000: ""},
        {"items": nested(100)},
        {"items": CYCLE},
    ],
)
def test_fields_parsed_by_a_framework_have_the_same_limits(form):
    with pytest.raises(NotificationTooLarge):
        parse(form, api_key=KEY)


def test_nineteen_thousand_variables_and_sixty_four_levels_are_read():
    fields = decoded("order_paid") | {"x": nested(64)}
    fields |= {f"a{n}": "" for n in range(19_000)}
    assert parse(fields, api_key=KEY).extra["a18999"] == ""


def test_following_the_hint_of_a_limit_helps():
    many = encoded(decoded("order_paid") | {f"a{n}": "x" for n in range(1000)})
    large = encoded(decoded("order_paid", comment="x" * 9_000_000))  # more than PHP's own 8 MiB
    with pytest.raises(NotificationTooLarge, match="more than 100 variables") as refused:
        event(many, max_variables=100)
    assert "max_variables=" in refused.value.hint
    with pytest.raises(NotificationTooLarge, match="larger than 4194304 bytes") as refused:
        event(large)
    assert "max_bytes=" in refused.value.hint
    with pytest.raises(NotificationTooLarge, match="nested deeper than 64 levels") as refused:
        event({"items": nested(100)})
    assert "max_" not in refused.value.hint

    assert event(many, max_variables=2000).extra["a999"] == "x"
    assert len(event(large, max_bytes=10_000_000).comment) == 9_000_000


def test_a_notification_of_the_largest_order_that_a_client_can_create_is_read():
    """998 goods in a call of 999 variables; a paid order tells 13 of each."""
    partners = [
        {"partner_lvl": f"{level}", "partner_id": "100136", "partner_name": "n" * 30,
         "partner_fee": "1234567.89"}
        for level in (1, 2)
    ]  # fmt: skip
    item = {"title": "Ж" * 255, "sum": "1234567.89", "price": "1234567.89", "pincode": "p" * 32}
    items = [{"id": f"good{n}"} | item | {"partners": partners} for n in range(998)]
    sent = encoded(decoded("order_paid", items=items))

    assert len(event(sent).items) == 998
    assert event(sent).items[997].partners[1].level == 2


def test_an_invalid_order_number_is_refused():
    with pytest.raises(MalformedNotification):
        parse(decoded("order_paid", id=10**5000), api_key=KEY)


def test_a_body_cut_anywhere_is_refused_or_keeps_its_hash():
    """The hash comes last, so a body that was cut never passes."""
    whole = body("order_paid").encode()
    for length in range(len(whole)):
        with pytest.raises((MissingHash, WrongHash, UnknownNotification, MalformedNotification)):
            event(whole[:length])


# ── Keys ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("order_created", "order_created:123456:1574241885"),
        ("order_paid", "order_paid:123456:1574242000"),
        ("order_prepaid", "order_prepaid:123456:300.00"),
        ("order_cancelled", "order_cancelled:123456:1574241885"),
        ("order_moneyback", "order_moneyback:123456"),
    ],
)
def test_the_key_is_kind_number_and_signed_time(kind, key):
    assert event(body(kind)).key == key


def test_unsigned_fields_are_not_part_of_the_key():
    changed = event(decoded("order_paid", created="1", comment="again", last_payment_sum="1"))
    assert changed.key == event(body("order_paid")).key


def test_the_key_of_a_contact_does_not_show_its_address():
    key = event(body("lead_activated")).key
    assert key.startswith("lead_activated:2086840:")
    assert "lead@" not in key
