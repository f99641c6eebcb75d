"""Models as plain data: to JSON and back, and in the frameworks that make JSON of what they get."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from types import ModuleType, NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import attrs
import httpx
import orjson
import pytest
from fastapi import Body, FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from justclick_async import models
from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.models import (
    Good,
    Order,
    OrderDetails,
    Utm,
    contacts,
    orders,
    partners,
    products,
    records,
)
from justclick_async.models.base import Model
from justclick_async.models.records import Item, Partner
from justclick_async.notifications import events

ORDER = Order(
    email="anna@example.com",
    goods=[Good("invoice", price="1500.50"), "sales"],
    first_name="Анна",
    postal_code="012345",
    timer_kill=datetime(2024, 2, 1, tzinfo=UTC),
    created=datetime(2024, 1, 1, tzinfo=UTC),
    utm=Utm(medium="cpc"),
)
DETAILS = OrderDetails(
    bill_id=12,
    email="anna@example.com",
    price=Decimal("1500.50"),
    paid=datetime(2024, 1, 2, tzinfo=UTC),
    pay_status="paid",
    items=(Item(id="invoice", sum=Decimal("1E+3"), partners=(Partner(level=1),)),),
    extra={"new_field": [{"a": 1}]},
)


MODULES = (contacts, orders, partners, products, records, events)
MODELS: list[type[Any]] = [
    cls
    for module in MODULES
    for cls in vars(module).values()
    if isinstance(cls, type) and attrs.has(cls) and cls.__module__ == module.__name__
]


@cache
def of_type(kind: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for the type of a field."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return st.one_of(
            *(of_type(each) for each in arguments if each is not str or len(arguments) < 3)
        )
    if origin is tuple:
        return st.lists(of_type(arguments[0]), max_size=2).map(tuple)
    if origin is Mapping:
        return st.dictionaries(st.text(max_size=3), st.none() | st.integers() | st.text(max_size=3))
    if kind is events.Confirmation:
        return st.just(events.Confirmation(key="k"))  # most of the time would go into these
    if isinstance(kind, type) and issubclass(kind, Model):
        return st.builds(kind, **fields_of(kind))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    simple = {
        bool: st.booleans(),
        int: st.integers(),
        str: st.text(max_size=5),
        object: st.integers(),
        NoneType: st.none(),
        Decimal: st.decimals(allow_nan=False, allow_infinity=False) | st.just(Decimal("1E+999999")),
        datetime: st.datetimes(timezones=st.just(UTC)),
    }
    return simple[kind]


def fields_of(cls: Any) -> dict[str, st.SearchStrategy[Any]]:
    types = get_type_hints(cls)
    return {a.name: of_type(types[a.name]) for a in attrs.fields(cls) if a.init}


CHECKED = (Order, Good, Utm, models.GoodSettings)
"""Models that validate what they are given."""

RECORDS = [cls for cls in MODELS if cls not in CHECKED and cls.__name__[0] != "_"]


@pytest.mark.parametrize("cls", RECORDS, ids=lambda cls: cls.__name__)
@settings(max_examples=8)
@given(data=st.data())
def test_every_record_comes_back_from_json_as_it_was(cls: type[Any], data: st.DataObject) -> None:
    record = data.draw(st.builds(cls, **fields_of(cls)))
    assert cls.from_dict(json.loads(record.to_json())) == record


def test_every_public_model_is_a_model() -> None:
    assert len(MODELS) > 30
    assert all(issubclass(cls, Model) for cls in MODELS)


def test_an_order_becomes_plain_json_types_with_the_digits_of_its_amounts() -> None:
    plain = ORDER.to_dict()
    assert plain["goods"] == [
        {"name": "invoice", "price": "1500.50"},
        {"name": "sales", "price": None},
    ]
    assert (plain["created"], plain["postal_code"]) == ("2024-01-01T00:00:00+00:00", "012345")
    assert DETAILS.to_dict()["items"][0]["sum"] == "1000"
    assert "Анна" in ORDER.to_json()


def test_an_order_comes_back_from_its_dict() -> None:
    assert Order.from_dict(json.loads(ORDER.to_json())) == ORDER
    assert Order.from_dict({"email": "a@b.ru", "goods": [{"name": "x", "price": 1.5}]}).goods == (
        Good("x", price="1.5"),
    )


@pytest.mark.parametrize(
    ("change", "error", "field", "words"),
    [
        ({"copon": "x"}, InvalidInput, "Order.copon", "coupon"),
        ({"goods": [{"name": "x", "prise": 1}]}, InvalidInput, "Order.goods[0].prise", "price"),
        ({"goods": [{}]}, InvalidInput, "Order.goods[0].name", "required"),
        ({"goods": [5]}, InvalidInputType, "Order.goods[0]", "not int"),
        ({"email": 5}, InvalidInputType, "Order.email", "must be str, not int"),
        ({"created": "soon"}, InvalidInputType, "Order.created", "datetime"),
        ({"utm": {"medium": True}}, InvalidInputType, "Utm.medium", "not bool"),
        (
            {"goods": [{"name": "x", "price": "secret"}]},
            InvalidInput,
            "Good.price",
            "decimal number",
        ),
    ],
)
def test_a_dict_that_is_not_an_order_is_refused_by_the_name_of_its_field(
    change: dict[str, Any], error: type[InvalidInput], field: str, words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        Order.from_dict(ORDER.to_dict() | change)
    assert caught.value.field == field
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "field", "words"),
    [
        ({"bill_id": "12"}, "OrderDetails.bill_id", "must be int, not str"),
        (
            {"items": [{"sum": "much"}]},
            "OrderDetails.items[0].sum",
            "must be Decimal | None, not str",
        ),
        ({"paid": "soon"}, "OrderDetails.paid", "ISO 8601"),
        ({"extra": []}, "OrderDetails.extra", "must be Mapping"),
    ],
)
def test_a_dict_that_is_not_a_record_is_refused_by_the_name_of_its_field(
    data: dict[str, Any], field: str, words: str
) -> None:
    with pytest.raises(InvalidInputType, match=re.escape(words)) as caught:
        OrderDetails.from_dict(data)
    assert caught.value.field == field
    with pytest.raises(InvalidInputType, match="OrderDetails must be a mapping, not list"):
        OrderDetails.from_dict([])  # type: ignore[arg-type]


def test_orjson_writes_what_to_dict_returns() -> None:
    assert json.loads(orjson.dumps(DETAILS.to_dict())) == DETAILS.to_dict()


class Envelope(BaseModel):
    order: Order
    details: OrderDetails | None = None


def test_models_are_fields_of_pydantic_models() -> None:
    envelope = Envelope(order=ORDER, details=DETAILS)
    assert Envelope.model_validate_json(envelope.model_dump_json()) == envelope
    assert envelope.model_dump(mode="json")["order"] == ORDER.to_dict()
    with pytest.raises(ValidationError, match="copon"):
        Envelope.model_validate({"order": ORDER.to_dict() | {"copon": "x"}})


@pytest.mark.asyncio
async def test_fastapi_takes_and_returns_models_and_describes_them() -> None:
    app = FastAPI()

    @app.post("/orders")
    def details(order: Annotated[Order, Body()]) -> OrderDetails:
        assert order == ORDER
        return DETAILS

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
        response = await client.post("/orders", json=ORDER.to_dict())
        described = (await client.get("/openapi.json")).json()
    assert (response.status_code, response.json()) == (200, DETAILS.to_dict())
    schemas = described["components"]["schemas"]
    assert schemas["Order"]["required"] == ["email", "goods"]
    assert schemas["OrderDetails"]["properties"]["items"]["items"] == {
        "$ref": "#/components/schemas/Item"
    }


@pytest.mark.parametrize("module", [orders, products], ids=lambda module: module.__name__)
def test_the_names_of_choices_are_those_of_the_enums(module: ModuleType) -> None:
    choices = [name for name in vars(module) if f"{name}Name" in vars(module)]
    assert len(choices) == 4
    for name in choices:
        assert [each.value for each in getattr(module, name)] == [
            *get_args(getattr(module, f"{name}Name"))
        ]
