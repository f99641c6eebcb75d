"""Orders: each row is one, and the service must not be asked twice for the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import Any

import attrs
from attrs import evolve

from justclick_async.bulk import cells
from justclick_async.bulk.cells import Reading
from justclick_async.bulk.columns import MARKS, Columns, Names, refuse_without
from justclick_async.bulk.kinds import Kind, Known, Words
from justclick_async.bulk.problems import FileProblem, Problem, Text
from justclick_async.bulk.settle import Verdict, keeps_times, settle
from justclick_async.calls import Call, Flow
from justclick_async.endpoints.orders import create_order
from justclick_async.models.orders import CreatedOrder, Good, Order, Utm
from justclick_async.wire import money

__all__ = ["ORDERS", "marks_of"]

# ── Columns ─────────────────────────────────────────────────────────────────────────

_FIELDS: Mapping[str, Sequence[str]] = {
    "email": ("bill_email", "e_mail", "почта", "электронная_почта"),
    "first_name": ("bill_first_name", "имя"),
    "last_name": ("bill_surname", "surname", "bill_last_name", "фамилия"),
    "middle_name": ("bill_middle_name", "отчество"),
    "otchestvo": ("bill_otchestvo",),
    "phone": ("bill_phone", "телефон"),
    "country": ("bill_country", "страна"),
    "region": ("bill_region", "регион", "область"),
    "city": ("bill_city", "город"),
    "address": ("bill_address", "адрес"),
    "postal_code": ("bill_postal_code", "postcode", "zip", "индекс"),
    "coupon": ("bill_kupon", "kupon", "bill_coupon", "купон", "промокод"),
    "tag": ("bill_tag", "тег", "метка"),
    "comment": ("bill_comment", "комментарий", "примечание"),
    "ip": ("bill_ip",),
    "timer_kill": ("bill_timer_kill",),
    "created": ("bill_created", "дата", "дата_создания", "дата_заказа"),
    "domain": ("bill_domain", "домен"),
    "goods": ("products", "товары"),
    "order_key": ("order", "order_id", "order_number", "заказ", "номер_заказа", "№_заказа"),
}


def _check(columns: Columns) -> None:
    refuse_without(columns, "email")
    if "goods" in columns.plain and columns.numbered:
        raise FileProblem(
            Text(
                "products stand both in 'goods' and in columns of their own.",
                "товары указаны и в столбце 'goods', и в отдельных столбцах.",
            ),
            Text("Leave one of the two out.", "Оставьте что-то одно."),
        )
    if "goods" not in columns.plain and not any(name is not None for name, _ in columns.numbered):
        raise FileProblem(
            Text("there is no column with products.", "нет столбца с товарами."),
            Text(
                "Add 'goods' (invoice:1500, sales), or 'good_name_1', 'good_sum_1', ...",
                "Добавьте 'goods' (invoice:1500, sales) или 'good_name_1', 'good_sum_1', ...",
            ),
        )


_NEEDS = (
    Problem(
        "email",
        Text("is empty", "пуст"),
        Text(
            "The service takes no order without the customer's e-mail address.",
            "Сервис не принимает заказы без e-mail покупателя.",
        ),
        code=600,
    ),
    Problem(
        "goods",
        Text("names no product", "не называет ни одного товара"),
        Text(
            "Name at least one product by its id in the shop: invoice:1500, sales.",
            "Укажите хотя бы один товар по его идентификатору в магазине: invoice:1500, sales.",
        ),
        code=603,
    ),
)


_MARKS = frozenset(MARKS)


def marks_of(fields: dict[str, Any]) -> Utm | None:
    """Take the UTM marks out of what a row holds."""
    if _MARKS.isdisjoint(fields):
        return None
    marks = {mark.removeprefix("utm_"): fields.pop(mark) for mark in MARKS if mark in fields}
    return Utm(**marks)


# ── Orders ──────────────────────────────────────────────────────────────────────────

_WORDS = Words(
    done=Text("created", "создано"),
    existed=Text("existed already", "уже были"),
    not_checked=Text(
        "Not checked: whether the shop has these products and coupons, whether the service takes "
        "each address, and whether an order exists already. Only sending shows that.",
        "Не проверено: есть ли в магазине эти товары и купоны, примет ли сервис каждый адрес и "
        "нет ли уже такого заказа. Это покажет только отправка.",
    ),
    undecided=Text(
        "the customer has another order of the same products, which may or may not be this one",
        "у покупателя есть другой заказ с теми же товарами: возможно, это он и есть",
    ),
    look=Text(
        "Look at the customer's orders in the shop; this row is not sent again by itself.",
        "Посмотрите заказы покупателя в магазине; сама по себе строка повторно не отправится.",
    ),
)

_TIMES = ("created", "timer_kill")


class _Orders(Kind[Order]):
    """Each row is an order to be created."""

    name = "orders"
    model = Order
    names = Names.of(_FIELDS, check=_check, marks=True, reported=("bill_id",), products=True)
    needs = _NEEDS
    words = _WORDS
    outcome = "created"
    success = ("bill_id", "outcome")
    may_repeat = False
    gives_times = True

    def readings(self, zone: tzinfo) -> Mapping[str, Reading]:
        return {
            "email": cells.email,
            "phone": cells.number_as_text,
            "postal_code": cells.number_as_text,
            "ip": cells.address,
            "domain": cells.domain,
            "goods": cells.goods,
            "timer_kill": partial(cells.flag_or_moment, zone=zone),
            "created": partial(cells.moment, zone=zone),
            "order_key": cells.nothing,
        }

    def make(self, fields: dict[str, Any]) -> Order:
        return Order(utm=marks_of(fields), **fields)

    def steps(self, item: Order) -> Call[CreatedOrder]:
        return create_order(item)

    def bill_id(self, answer: CreatedOrder) -> int:
        return answer.bill_id

    def whose(self, item: Order) -> str | None:
        return None if item.created else item.email.casefold()

    def timed(self, item: Order, created: datetime) -> Order:
        return evolve(item, created=created)

    def settle(self, item: Order, known: Known) -> Flow[Verdict]:
        return settle(item, is_taken=known.is_taken, keeps_times=known.keeps_times)

    def keeps_times(self, item: Order, bill_id: int) -> Flow[bool]:
        return keeps_times(item, bill_id)

    def pack(self, item: Order) -> dict[str, Any]:
        fields = {
            a.name: value
            for a in attrs.fields(Order)
            if (value := getattr(item, a.name)) is not None
        }
        fields["goods"] = [
            [g.name, None if g.price is None else money(g.price)] for g in item.goods
        ]
        if item.utm is not None:
            fields["utm"] = attrs.asdict(item.utm, filter=lambda _, value: value is not None)
        for name in _TIMES:
            if isinstance(fields.get(name), datetime):
                fields[name] = [fields[name].astimezone(UTC).isoformat()]
        return fields

    def unpack(self, fields: dict[str, Any]) -> Order:
        goods = [Good(name, price) for name, price in fields.pop("goods")]
        utm = Utm(**fields.pop("utm")) if "utm" in fields else None
        for name in _TIMES:
            if isinstance(fields.get(name), list):
                fields[name] = datetime.fromisoformat(fields[name][0])
        return Order(**fields, goods=goods, utm=utm)


ORDERS: Kind[Order] = _Orders()
"""Orders to be created."""
