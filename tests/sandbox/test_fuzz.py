"""Whatever is asked, signed or not, is answered with a code of the table."""

from __future__ import annotations

import asyncio
import atexit
import json
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from justclick_async.sandbox import API_KEY, LOGIN, Account
from justclick_async.sandbox.codes import TEXTS
from justclick_async.sandbox.methods import METHODS, Method
from justclick_async.sandbox.request_log import RequestLog
from justclick_async.sandbox.service import ApiRequest, Service
from justclick_async.sandbox.shop import Shop
from justclick_async.sandbox.tables import Database
from justclick_async.signing import signed_body

NAMES = [
    "goods", "bill_email", "bill_created", "bill_timer_kill", "bill_domain", "bill_id", "status",
    "date", "rpo", "email", "pay_status", "utm", "rid", "lead_email", "lead_tags", "rass_name",
    "group_name", "good_name", "good_sum", "good_type", "good_title", "good_client_rassilki",
    "begin_date", "end_date", "date_s", "date_e", "paid", "partner", "date_from", "product_names",
    "product_prices", "customer_email", "order_status", "order_created_at", "order_paid_at",
    "coupon", "affiliates", "add_to_lists", "remove_from_lists", "add_tags", "remove_tags",
    "lead_shipping_country_code",
]  # fmt: skip

texts = st.one_of(
    st.sampled_from([
        "anna@example.com", "super", "allleads", "sales", "book", "102937", "1", "0", "-1", "paid",
        "sent", "cancel", "31.12.9999", "01.01.0001", "0001-01-01", "9999-12-31",
        "9999-12-31 23:59:59", "0001-01-01 00:00:00", "Paid", "MoneyBack", "999999999999999999",
        "253402300799", "1e5", "²", "٣", "1.5", "real", "585", "partner1", "invoice,sales", ",,",
        "all", "unique", "affiliate",
    ]),
    st.text(),
)  # fmt: skip
values = st.recursive(
    texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["good_name", "good_sum", "utm_medium", "utm_source", "0", "7"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
many = st.dictionaries(st.sampled_from(NAMES), values, max_size=8)


LOOP = asyncio.new_event_loop()
atexit.register(LOOP.close)


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    file = Database(None)
    shop = Shop(Account(LOGIN, notify_url="http://127.0.0.1:1/"), file)
    yield Service([shop], RequestLog())
    file.close()


def answered(service: Service, method: Method, body: bytes) -> int:
    asked = ApiRequest(method.name, {method.version: method}, body, "localhost", "127.0.0.1")
    answer = json.loads(LOOP.run_until_complete(service.answer(asked)).body)
    assert set(answer) - {"result"} == {"error_code", "error_text", "hash"}
    return int(answer["error_code"])


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(METHODS), many)
def test_any_parameters_are_answered_with_a_code(
    service: Service, method: Method, params: dict[str, object]
) -> None:
    if method.version == 1:
        body = signed_body(params, LOGIN, API_KEY)
    else:
        fields = {name: value for name, value in params.items() if isinstance(value, str)}
        body = urlencode({"rpsKey": API_KEY, **fields}).encode()
    assert answered(service, method, body) in TEXTS


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(METHODS), st.binary())
def test_any_bytes_are_refused(service: Service, method: Method, body: bytes) -> None:
    assert answered(service, method, body) in (1, 2, 3, 4)
