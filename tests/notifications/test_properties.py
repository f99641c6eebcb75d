"""Whatever the service says comes through unchanged, and whatever anybody changes is refused."""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import md5
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from justclick_async.notifications import (
    MissingHash,
    NotificationError,
    OrderCreated,
    OrderPaid,
    Router,
    WrongHash,
    parse,
)
from justclick_async.php import http_build_query
from tests.notifications.bodies import KEY, body, decoded, encoded, signed

numbers = st.integers(1, 10**19 - 1)
moments = st.integers(1, 253402300799)
amounts = st.decimals(0, 10**12, places=2)
# PHP's parse_str ends at a NUL, and no lone surrogate can travel.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
emails = texts.map("{}@пример.рф".format)
keys = st.text(min_size=1).map(str.strip).filter(lambda key: key and key.isprintable())


@st.composite
def orders(draw: st.DrawFn) -> dict[str, Any]:
    """Fields of an order as the service would send them, but for the hash."""
    items = st.fixed_dictionaries(
        {"id": texts, "title": texts, "sum": amounts.map(str), "price": amounts.map(str)}
    )
    return {
        "id": str(draw(numbers)),
        "email": draw(emails),
        "first_name": draw(texts),
        "comment": draw(texts),
        "created": str(draw(moments)),
        "utm": {"medium": draw(texts), "term": draw(texts)},
        "items": draw(st.lists(items, max_size=4)),
    }


# ── There and back ──────────────────────────────────────────────────────────────────


@given(orders(), moments, amounts, keys)
def test_fields_are_read_as_they_are_sent(order, moment, amount, key):
    order |= {"paid": str(moment), "last_payment_sum": str(amount)}
    event = parse(encoded(signed(order, "paid", key=key)), api_key=key)

    assert isinstance(event, OrderPaid)
    assert (event.bill_id, event.email) == (int(order["id"]), order["email"])
    assert (event.first_name, event.comment) == (order["first_name"], order["comment"])
    assert event.paid == datetime.fromtimestamp(moment, UTC)
    assert event.sum == amount
    assert (event.utm.medium, event.utm.term) == (order["utm"]["medium"], order["utm"]["term"])
    assert [(i.id, i.title, i.sum, i.price) for i in event.items] == [
        (i["id"], i["title"], Decimal(i["sum"]), Decimal(i["price"])) for i in order["items"]
    ]
    assert event.signed_over == ("id", "email", "paid")
    assert event.unreadable == ()


@given(st.binary(min_size=1, max_size=30))
@example("покупатель@пример.рф".encode())
@example("покупатель@пример.рф".encode("cp1251"))
@example(b"\xff\xfe")
def test_addresses_of_any_bytes_enter_the_hash_unchanged(octets):
    """Also those that are no UTF-8: what arrives is hashed, byte for byte."""
    octets = octets.replace(b"\0", b"?") + "@пример.рф".encode()
    digest = md5(b"5" + octets + b"17" + KEY.encode()).hexdigest()
    escaped = "".join(f"%{octet:02X}" for octet in octets)
    event = parse(f"id=5&email={escaped}&created=17&hash={digest}", api_key=KEY)

    assert isinstance(event, OrderCreated)
    assert event.email.encode("utf-8", "surrogateescape") == octets
    assert event.key == "order_created:5:17"


# ── Changed on the way ──────────────────────────────────────────────────────────────

SIGNED = ["id", "email", "paid", "hash"]


@given(st.sampled_from(SIGNED), st.data())
def test_any_other_value_of_a_hashed_field_is_refused(field, data):
    fields = decoded("order_paid")
    fields[field] = data.draw(texts.filter(lambda text: text != fields[field]))
    with pytest.raises((WrongHash, MissingHash)):
        parse(encoded(fields), api_key=KEY)


@given(st.sampled_from(SIGNED), st.data())
def test_any_one_letter_more_less_or_other_is_refused(field, data):
    fields = decoded("order_paid")
    text = fields[field]
    at = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.characters(min_codepoint=33, max_codepoint=126))
    width = data.draw(st.integers(0, 1))
    fields[field] = text[:at] + letter + text[at + width :]
    if fields[field] != text:
        with pytest.raises(WrongHash):
            parse(encoded(fields), api_key=KEY)


@given(keys.filter(lambda key: key != KEY))
def test_any_other_key_is_refused(key):
    with pytest.raises(WrongHash):
        parse(body("order_paid"), api_key=key)


@given(st.sampled_from(["id", "email", "paid", "created", "hash", "last_payment_sum"]))
def test_no_hashed_field_can_be_left_out(field):
    fields = decoded("order_paid")
    del fields[field]
    if field in ("created", "last_payment_sum"):
        assert parse(encoded(fields), api_key=KEY)
    else:
        with pytest.raises((WrongHash, MissingHash)):
            parse(encoded(fields), api_key=KEY)


# ── Anything at all ─────────────────────────────────────────────────────────────────


@given(st.binary(max_size=300))
@settings(max_examples=300)
def test_no_bytes_at_all_raise_anything_else(octets):
    with pytest.raises(NotificationError):
        parse(octets, api_key=KEY)


nested = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = ["id", "email", "paid", "created", "hash", "status", "items", "utm", "last_payment_sum",
         "id_group", "prepayment_sum", "kupon", "is_recurrent", "items[0][sum]"]  # fmt: skip


@given(st.dictionaries(st.sampled_from(NAMES) | st.text(), nested))
@settings(max_examples=150)
def test_no_mapping_at_all_raises_anything_else(fields):
    with suppress(NotificationError):
        parse(fields, api_key=KEY, allow_unsigned=True)


@given(st.dictionaries(st.sampled_from(NAMES), nested, min_size=1))
@settings(max_examples=100)
def test_a_right_hash_does_not_make_the_rest_right(fields):
    """What decides is checked even if the service itself has sent it."""
    order = {"id": "5", "email": "a@example.com"} | {
        name: value for name, value in fields.items() if name not in ("id", "email", "hash")
    }
    try:
        event = parse(signed(order, "paid"), api_key=KEY, allow_unsigned=True)
    except NotificationError:
        return
    assert repr(event)
    assert event.key


@given(st.binary(max_size=200), st.sampled_from(["GET", "POST"]))
def test_a_router_answers_any_request(octets, method):
    reply = Router(api_key=KEY).answer_blocking(octets, method=method)
    assert int(reply.status) in {400, 403, 405, 413}


# ── A real PHP ──────────────────────────────────────────────────────────────────────

# The receiver of the help page, fed with bodies as a web server would feed it.
RECEIVER = """
$key = getenv('KEY');
while (($line = fgets(STDIN)) !== false) {
    parse_str(trim($line), $_POST);
    $hash = md5($_POST['id'].$_POST['email'].$_POST['paid'].$key);
    echo json_encode([$hash === $_POST['hash'], $_POST['items'][0]['sum']]), "\\n";
}
"""


@pytest.mark.skipif(not shutil.which("php"), reason="no php")
def test_a_real_php_makes_the_same_hash():
    """And reads the same body: names, marks and sums of a few hundred orders."""
    bodies: list[str] = [body("order_paid")]

    @given(orders(), moments)
    @settings(max_examples=200, database=None)
    def collect(order: dict[str, Any], moment: int) -> None:
        order |= {"paid": str(moment), "items": [{"sum": "1.50"}]}
        bodies.append(http_build_query(signed(order, "paid")))

    collect()
    php = subprocess.run(
        ["php", "-r", RECEIVER],
        input="\n".join(bodies) + "\n",
        capture_output=True,
        text=True,
        check=True,
        env={"KEY": KEY, "PATH": "/usr/bin:/bin:/usr/local/bin"},
    )
    answers = [json.loads(line) for line in php.stdout.splitlines()]

    assert answers == [[True, "990.00"], *[[True, "1.50"]] * (len(bodies) - 1)]
    for each in bodies:
        assert isinstance(parse(each, api_key=KEY), OrderPaid)
