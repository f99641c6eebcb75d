"""The experiments: flows of requests that conclude from raw responses which choices hold.

Each order has a customer of its own, except where duplicates are meant, so that no rule about
duplicates disturbs another experiment.  Times lie in the past and are set by the experiment.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from time import time as clock
from typing import Any, cast

from attrs import define, field

from justclick_async.calls import Pause
from justclick_async.messages import _
from justclick_async.probe.exchange import (
    ABSENT,
    Experiment,
    Flow,
    Inconclusive,
    Record,
    Request,
    Response,
    Wait,
    agree,
    as_record,
)
from justclick_async.signing import notification_hash, same_hash

__all__ = ["EXPERIMENTS", "REFUSED", "Scene"]

NO_ORDER = 2_147_483_646
"""The number of an order that no account has; it is looked up before it is used."""
_PRICE = "1000.00"
REFUSED = "refused"
"""The last part of the address at which notifications are answered with status 500."""


@define
class Scene:
    """The state that experiments share.

    Attributes:
        mark: The name of the product and the group, the tag of orders, and the beginning of
            e-mail addresses.
        domain: The domain of e-mail addresses.
        api_key: Checks the hashes of notifications.
        now: Unix time.
        receiver: The address that notifications are sent to, without a last part.
        patient: Whether a notification that has not come after the wait will never come.
        own: Whether the product is the probe's own.
    """

    mark: str
    domain: str
    api_key: str = field(repr=False)
    now: int
    receiver: str = ""
    patient: bool = False
    own: bool = False
    good: str = ""
    good_id: str = ""
    price: Decimal = Decimal(0)
    group: str = ""
    goods: list[Record] = field(factory=list[Record], repr=False)
    groups: list[str] = field(factory=list[str])
    open_groups: list[str] = field(factory=list[str])
    coupons: list[str] = field(factory=list[str])
    _emails: int = 0

    def email(self) -> str:
        """Return an address that has not been used."""
        self._emails += 1
        return f"{self.mark}-{self._emails}@{self.domain}"


# ── Reading ─────────────────────────────────────────────────────────────────────────


def _lists(scene: Scene) -> Flow:
    goods: Response = yield Request("GetAllGoods")
    goods.require(0, 700)
    groups: Response = yield Request("GetAllGroups")
    lists: Response = yield Request("getalllists", version=2)
    coupons: Response = yield Request("getcoupons", version=2)
    products: Response = yield Request("getgoods", version=2)
    scene.goods = goods.records
    scene.groups = [str(one.get("rass_name")) for one in groups.records]
    scene.open_groups = [str(one.get("rass_name")) for one in lists.records]
    scene.coupons = [str(one["coupon"]) for one in coupons.records if one.get("coupon")]
    kinds = {str(good.get("good_type") or "") for good in goods.records} - {""}
    names = {"getgoods": "answered", "GetGoods": "redirected"}
    return {
        "good_type": _subset(kinds, numbers={"0", "1"}, words={"real", "digital"}),
        "v2_names": names.get(products.method) if products.code == 0 else None,
    }


def _subset(found: set[str], **choices: set[str]) -> str | None:
    return next((name for name, all_ in choices.items() if found and found <= all_), None)


_EMPTY = {400: "codes", 500: "codes", 501: "codes", 700: "codes"}


def _empty(response: Response, codes: Mapping[int, str]) -> str | None:
    if response.code:
        return codes.get(response.code)
    if response.result is None:
        return "null"
    return "empty_list" if response.code == 0 and response.result == [] else None


def _nothing_found(scene: Scene) -> Flow:
    bills: Response = yield Request("GetBills", {"email": scene.email()})
    groups: Response = yield Request("GetLeadGroups", {"email": scene.email()})
    orders: Response = yield Request("GetOrders", {"date_s": 978307200, "date_e": 978307201})
    days = {"begin_date": "01.01.2001", "end_date": "02.01.2001"}
    with_goods: Response = yield Request("getOrdersWithGoods", days)
    codes = {400: "code_400", 401: "code_401"}
    return {
        "empty_lists": agree(_empty(bills, _EMPTY), _empty(groups, _EMPTY)),
        "empty_period": agree(_empty(orders, codes), _empty(with_goods, codes)),
    }


_STATISTICS = ("earned_total", "topay_total", "clicks_total", "leads_total", "bills_total")


def _strangers(scene: Scene) -> Flow:
    count: Response = yield Request("GetCountSubscribe", {"group_name": f"{scene.mark}-none"})
    partner: Response = yield Request("GetPartnerStats", {"partner": f"{scene.mark}-none"})
    key: Response = yield Request("getgoods", version=2, wrong="key")
    counted = {800: "code_800", 501: "code_501"}
    values = [partner.record.get(name, ABSENT) for name in _STATISTICS]
    statistics = "refused" if partner.code == 3 else None
    if partner.code == 0:
        nulls, zeros = all(v is None for v in values), all(_money(v) == 0 for v in values)
        statistics = "nulls" if nulls else "zeros" if zeros else None
    return {
        "counted_group": counted.get(count.code)
        or ("zero" if count.code == 0 and _money(count.result) == 0 else None),
        "unknown_partner": statistics,
        "wrong_key": {4: "code_4", 5: "code_5"}.get(key.code),
    }


def _unknown_login(_scene: Scene) -> Flow:
    response: Response = yield Request("GetAllGroups", wrong="login")
    response.require(5)
    signed = {"absent": "unsigned", "empty_key": "empty_key"}
    return {"unknown_login": signed.get(response.signature)}


def _missing_order(_scene: Scene) -> Flow:
    yield from _require_no_order()
    never = yield from _change(NO_ORDER, status="cancel")
    return {"missing_order": "code_302" if never.code == 302 else None}


def _require_no_order() -> Generator[Request, Any, None]:
    found: Response = yield Request("GetOrderInfo", {"bill_id": NO_ORDER})
    found.require(400)


def _orders_of_today(_scene: Scene) -> Flow:
    orders: Response = yield Request("getOrdersWithGoods")
    unpaid = [one for one in orders.records if one.get("pay_status") == "waiting"]
    shapes: dict[str, str | None] = {
        "unset_time": agree(*map(_unset_time, unpaid)),
        "coupon_field": agree(*map(_coupon_field, orders.records)),
    }
    if orders.records:
        number = {"bill_id": str(orders.record.get("id"))}
        info: Response = yield Request("GetOrderInfo", number)
        details: Response = yield Request("getOrderDetails", number)
        shapes |= {"order_info": _shape(info), "order_details": _shape(details)}
    return shapes


def _shape(response: Response) -> str | None:
    if response.code or not response.record:
        return None
    return "list" if isinstance(response.result, list) else "object"


_UNSET = {"": "empty", "0": "zero"}


def _unset_time(order: Record) -> str | None:
    paid = order.get("paid", ABSENT)
    if paid is ABSENT or paid is None:
        return "null" if paid is None else "absent"
    return _UNSET.get(str(paid))


def _coupon_field(order: Record) -> str | None:
    names = [name for name in ("kupon", "coupon") if name in order]
    return names[0] if len(names) == 1 else None


def _money(value: object) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


# ── Writing ─────────────────────────────────────────────────────────────────────────


def _product(scene: Scene) -> Flow:
    """Create the product of the orders; without permission an existing one serves."""
    added: Response = yield Request(
        "AddGood",
        {
            "good_name": scene.mark,
            "good_type": "digital",
            "good_title": "Проверка API (можно удалить)",
            "good_sum": _PRICE,
        },
        writes=True,
    )
    goods: Response = yield Request("GetAllGoods")
    mine = [good for good in goods.records if good.get("good_name") == scene.mark]
    found = mine or [good for good in scene.goods if _money(good.get("good_sum"))]
    if found:
        scene.own = bool(mine)
        scene.good, scene.good_id = str(found[0]["good_name"]), str(found[0].get("good_id", ""))
        scene.price = _money(found[0].get("good_sum")) or Decimal(0)
    if added.code == 0:
        return {"add_good": "enabled" if mine else None}
    return {"add_good": "disabled" if added.code == 2 and not mine else None}


def _place(
    scene: Scene, *, goods: Iterable[str] = (), email: str = "", price: str = "", **more: object
) -> Generator[Request, Any, Response]:
    if not scene.good:
        raise Inconclusive(_("there is no product to order."))
    given = {"good_sum": price} if price else {}
    order = {
        "bill_email": email or scene.email(),
        "bill_first_name": "Проба",
        "bill_surname": "Проба",
        "bill_country": "Россия",
        "bill_city": "Москва",
        "bill_address": "Проба, 1",
        "bill_tag": scene.mark,
        "goods": [{"good_name": name, **given} for name in goods or (scene.good,)],
        **{f"bill_{name}": value for name, value in more.items()},
    }
    placed: Response = yield Request("CreateOrder", order, writes=True)
    return placed


def _order(scene: Scene, **more: Any) -> Generator[Request, Any, str]:
    """Create an order and return its number."""
    placed = yield from _place(scene, **more)
    placed.require()
    return str(placed.record.get("bill_id"))


def _info(bill_id: str) -> Generator[Request, Any, Record]:
    info: Response = yield Request("GetOrderInfo", {"bill_id": bill_id})
    info.require()
    return info.record


def _change(bill_id: object, **more: object) -> Generator[Request, Any, Response]:
    params = {"bill_id": bill_id, **more}
    changed: Response = yield Request("UpdateOrderStatus", params, writes=bill_id != NO_ORDER)
    return changed


def _order_shapes(scene: Scene) -> Flow:
    bill_id = yield from _order(scene, middle_name="Тестовна")
    info: Response = yield Request("GetOrderInfo", {"bill_id": bill_id})
    info.require()
    details: Response = yield Request("getOrderDetails", {"bill_id": bill_id})
    other = yield from _info((yield from _order(scene, otchestvo="Тестовна")))
    names = info.record.get("middle_name") == "Тестовна", other.get("middle_name") == "Тестовна"
    return {
        "order_info": _shape(info),
        "order_details": _shape(details),
        "unset_time": _unset_time(info.record),
        "coupon_field": _coupon_field(info.record),
        "middle_name": {
            (True, True): "both",
            (True, False): "bill_middle_name",
            (False, True): "bill_otchestvo",
        }.get(names),
    }


def _values(scene: Scene) -> Flow:
    email = scene.email().replace("justclick", "JustClick")
    phone, name, city = "+7 (000) 000-00-00", "  Проба  ", "x" * 3000
    order = yield from _info(
        (yield from _order(scene, email=email, phone=phone, first_name=name, city=city))
    )
    lengths = {3000: "unlimited", 255: "cut_255"}
    return {
        "email_case": {email: "kept", email.lower(): "lowercase"}.get(str(order.get("email"))),
        "phone": {phone: "kept", "70000000000": "digits"}.get(str(order.get("phone"))),
        "whitespace": {name: "kept", "Проба": "trimmed"}.get(str(order.get("first_name"))),
        "text_length": lengths.get(len(str(order.get("city", "")))),
    }


def _coupons(scene: Scene) -> Flow:
    order = yield from _info((yield from _order(scene, kupon=f"{scene.mark}-none")))
    name = _coupon_field(order)
    coupon = str(order[name] or "") if name else None
    kept = {f"{scene.mark}-none": "kept", "": "dropped"}
    half = scene.price / 2
    for known in scene.coupons[:3]:
        # A coupon that does not reduce the price of the shop is not valid for this product.
        shop = yield from _info((yield from _order(scene, kupon=known)))
        if not _is_less(shop.get("price"), scene.price):
            continue
        given = yield from _info((yield from _order(scene, kupon=known, price=str(half))))
        full = _money(given.get("price")) == half
        reduced = "all_prices" if _is_less(given.get("price"), half) else None
        return {
            "unknown_coupon": kept.get(coupon or "") if name else None,
            "coupon_price": "shop_prices" if full else reduced,
        }
    return {"unknown_coupon": kept.get(coupon or "") if name else None}


def _is_less(value: object, price: Decimal) -> bool:
    amount = _money(value)
    return amount is not None and amount < price


def _duplicates(scene: Scene) -> Flow:
    noon = datetime.combine(_period_end(scene) - timedelta(days=10), time(12), UTC)
    at, hour, day = (int(noon.timestamp()) + s for s in (0, 3600, 86400))
    first, paid = scene.email(), scene.email()
    yield from _order(scene, email=first, created=at)
    again: Response = yield from _place(scene, email=first, created=at)
    later: Response = yield from _place(scene, email=first, created=hour)
    next_day: Response = yield from _place(scene, email=first, created=day)
    bill_id = yield from _order(scene, email=paid, created=at)
    (yield from _change(bill_id, status="paid", date=hour)).require()
    after: Response = yield from _place(scene, email=paid, created=at)
    tried = again, later, next_day, after
    for response in tried:
        response.require(0, 601)
    rule = {
        (True, False, False, False): "same_second",
        (True, True, False, False): "same_day",
        (True, True, True, False): "any_time",
        (True, False, False, True): "including_paid",
        (False, False, False, False): "never",
    }.get((again.code == 601, later.code == 601, next_day.code == 601, after.code == 601))
    results = (_duplicate_result(each.result) for each in tried if each.code == 601)
    return {"duplicate_orders": rule, "duplicate_result": agree(*results)}


def _duplicate_result(result: Any) -> str | None:
    if "bill_id" in as_record(result):
        return "object"
    if isinstance(result, list):
        (number, *more) = cast("list[object]", result) or [""]
        return "list" if str(number).isdecimal() and not more else None
    return "number" if str(result).isdecimal() else None


def _statuses(scene: Scene) -> Flow:
    bill_id = yield from _order(scene)
    unknown = yield from _change(bill_id, status=scene.mark)
    missing = yield from _change(bill_id)
    paid = yield from _change(bill_id, status="paid", date=scene.now)
    paid_again = yield from _change(bill_id, status="paid", date=scene.now)
    other = yield from _order(scene)
    cancelled = yield from _change(other, status="cancel")
    cancelled_again = yield from _change(other, status="cancel")
    revived = yield from _change(other, status="paid", date=scene.now)
    order = yield from _info(other)
    paid.require()
    cancelled.require()
    again = {0: "accepted", 201: "refused"}
    wrong = {(201, 303): "by_reason", (201, 201): "code_201", (303, 303): "code_303"}
    revived_as = {(0, "paid"): "accepted", (202, "cancel"): "refused"}
    return {
        "wrong_status": wrong.get((unknown.code, missing.code)),
        "repeated_status": agree(*(again.get(r.code) for r in (paid_again, cancelled_again))),
        "cancelled_payment": revived_as.get((revived.code, str(order.get("pay_status")))),
    }


def _deleted_order(scene: Scene) -> Flow:
    bill_id = yield from _order(scene)
    removed: Response = yield Request("DeleteOrder", {"bill_id": bill_id}, writes=True)
    removed.require()
    deleted = yield from _change(bill_id, status="cancel")
    yield from _require_no_order()
    never = yield from _change(NO_ORDER, status="cancel")
    codes = {(200, 302): "by_reason", (200, 200): "code_200", (302, 302): "code_302"}
    return {"missing_order": codes.get((never.code, deleted.code))}


def _period_end(scene: Scene) -> date:
    """Return the last 15th, at least five days ago, that follows a month of 31 days."""
    day = datetime.fromtimestamp(scene.now, UTC).date() - timedelta(days=5)
    while day.day != 15 or (day.replace(day=1) - timedelta(days=1)).day != 31:
        day -= timedelta(days=1)
    return day


def _periods(scene: Scene) -> Flow:
    end = _period_end(scene)
    noon = int(datetime.combine(end, time(12), UTC).timestamp())
    # By the day that is the first of a month until the end, and by hours around midnight.
    days = yield from _orders_at(scene, {n: noon - n * 86400 for n in (0, 29, 30, 31, 32)})
    midnight = noon - 12 * 3600 - 5 * 86400
    zones = yield from _orders_at(scene, {h: midnight + h * 1800 for h in (-7, -5, -1, 1)})
    if str((yield from _info(days[32])).get("created")) != str(noon - 32 * 86400):
        raise Inconclusive(_("the service does not keep the creation time of orders."))
    paid = yield from _order(scene, created=noon + 60)
    (yield from _change(paid, status="paid", date=noon + 120)).require()
    new = yield from _order(scene)
    goods = {"goods": [scene.good_id]} if scene.good_id else {}

    def month(begin: int, last: int) -> Generator[Request, Any, set[str]]:
        first, final = end - timedelta(days=begin), end - timedelta(days=last)
        dates = {"begin_date": f"{first:%d.%m.%Y}", "end_date": f"{final:%d.%m.%Y}"}
        return _ids("getOrdersWithGoods", {**dates, **goods})

    whole = yield from month(60, 0)
    night = yield from month(5, 4)
    around = {"date_s": noon - 60, "date_e": noon + 180, **goods}
    both = yield from _ids("GetOrders", around)
    filtered = yield from _ids("GetOrders", {**around, "paid": "false"})
    always = yield from _ids("GetOrders", goods)
    seen = frozenset(n for n, bill_id in days.items() if bill_id in whole and n)
    months = {
        frozenset({29}): "30_days",
        frozenset({29, 30}): "31_days",
        frozenset({29, 30, 31}): "calendar",
    }
    hours = frozenset(h for h, bill_id in zones.items() if bill_id in night)
    filters = {(False, True): "php", (True, True): "words"}
    sent = days[0], paid
    return {
        "month": months.get(seen),
        "period_end": ("included" if days[0] in whole else "excluded") if seen else None,
        "time_zone": {frozenset({-5, -1, 1}): "moscow", frozenset({1}): "utc"}.get(hours),
        "paid_filter": filters.get((days[0] in filtered, paid in filtered))
        if both.issuperset(sent)
        else None,
        "default_period": {(True, True): "all", (False, True): "today"}.get(
            (always.issuperset(days.values()), new in always)
        ),
    }


def _orders_at(scene: Scene, times: Mapping[int, int]) -> Generator[Request, Any, dict[int, str]]:
    orders: dict[int, str] = {}
    for name, created in times.items():
        orders[name] = yield from _order(scene, created=created)
    return orders


def _ids(method: str, params: Mapping[str, object]) -> Generator[Request, Any, set[str]]:
    response: Response = yield Request(method, params)
    response.require(0, 400, 401)
    return response.ids


def _buyer(scene: Scene) -> Flow:
    buyer, stranger = scene.email(), scene.email()
    yield from _order(scene, email=buyer)
    groups: Response = yield Request("GetLeadGroups", {"email": buyer})
    groups.require(0, *_EMPTY)
    if groups.records:
        raise Inconclusive(_("the product adds its buyers to groups."))
    answers: list[Response] = []
    for email in stranger, buyer:
        answer = yield Request(
            "UpdateSubscriberData", {"lead_email": email, "lead_name": "Проба"}, writes=True
        )
        answers.append(answer)
    answers[0].require(801)
    return {"buyer_contact": {0: "always", 801: "product_groups"}.get(answers[1].code)}


def _groups(scene: Scene) -> Flow:
    """Create a group; if that is not possible, an existing one serves."""
    if scene.own:
        params = {**_own(scene), "good_sum": _PRICE, "good_client_rassilki": scene.mark}
        yield Request("UpdateGood", params, writes=True)
        found: Response = yield Request("GetAllGroups")
        scene.groups = [str(one.get("rass_name")) for one in found.records]
    usable = [n for n in scene.groups if n in scene.open_groups or n == scene.mark]
    if not usable:
        raise Inconclusive(_("there is no group for contacts."))
    scene.group = scene.mark if scene.mark in usable else usable[0]
    control = yield from _subscribe(scene.email(), scene.group)
    control.require()
    email, contact = scene.email(), scene.email()
    partly = yield from _subscribe(email, scene.group, f"{scene.mark}-none")
    joined = yield from _statuses_of(email, scene.group)
    # The one automatic group whose name is known.
    automatic = yield from _subscribe(scene.email(), "allleads")
    listed = "listed" if "allleads" in scene.groups else "hidden"
    lists = {"lead_email": contact, "add_to_lists": scene.group}
    added: Response = yield Request("addupdatelead", lists, version=2, writes=True)
    added.require()
    place = yield from _statuses_of(contact, scene.group)
    partial = {(103, False): "refused", (0, True): "skipped"}
    statuses = {"STATUS_WAIT": "waiting", "STATUS_SUBSCRIBE": "subscribed"}
    return {
        "unknown_group": partial.get((partly.code, bool(joined))),
        "automatic_groups": listed if automatic.code == 104 else None,
        "v2_subscription": statuses.get(str(place.get("rass_status"))),
        "subscription_time": _time_format(str(place.get("subscription_time", ""))),
    }


def _own(scene: Scene) -> dict[str, object]:
    return {"good_name": scene.mark, "good_title": "Проверка API (можно удалить)"}


def _subscribe(email: str, *groups: str) -> Generator[Request, Any, Response]:
    params = {"rid": list(groups), "lead_email": email, "lead_name": "Проба"}
    answer: Response = yield Request("AddLeadToGroup", params, writes=True)
    return answer


def _statuses_of(email: str, group: str) -> Generator[Request, Any, Record]:
    places: Response = yield Request("GetLeadGroupStatuses", {"email": email})
    found = [one for one in places.records if one.get("rass_name") == group]
    return found[0] if found else {}


def _time_format(written: str) -> str | None:
    if re.fullmatch(r"\d{9,11}", written):
        return "unix"
    return "datetime" if re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", written) else None


def _missing_price(scene: Scene) -> Flow:
    if not scene.own:
        raise Inconclusive(_("only a product of the probe's own is changed."))
    changed: Response = yield Request("UpdateGood", _own(scene), writes=True)
    changed.require()
    goods: Response = yield Request("GetAllGoods")
    yield Request("UpdateGood", {**_own(scene), "good_sum": _PRICE}, writes=True)
    prices = [_money(g.get("good_sum")) for g in goods.records if g.get("good_name") == scene.mark]
    found = {Decimal(0): "zero", Decimal(_PRICE): "kept"}
    return {"missing_price": found.get(prices[0] or Decimal(0)) if prices else None}


# ── Notifications ───────────────────────────────────────────────────────────────────

_ADDRESSES = {
    "new": "good_api_url_new_order",
    "paid": "good_api_url_notif",
    # Not documented as parameters; where they are unknown, nothing comes.
    "cancelled": "good_api_url_cancelled",
    "moneyback": "good_api_url_moneyback",
}


def _notifications(scene: Scene) -> Flow:
    if not scene.own:
        raise Inconclusive(_("only a product of the probe's own is changed."))
    addresses = {name: f"{scene.receiver}/{event}" for event, name in _ADDRESSES.items()}
    yield Request("UpdateGood", {**_own(scene), "good_sum": _PRICE, **addresses}, writes=True)
    other = {**_own(scene), "good_name": f"{scene.mark}-2", "good_sum": _PRICE}
    other["good_api_url_new_order"] = f"{scene.receiver}/{REFUSED}"
    added: Response = yield Request("AddGood", {**other, "good_type": "digital"}, writes=True)
    added.require()
    yield from _order(scene, goods=(f"{scene.mark}-2",))
    attempts: list[Record] = yield Wait(REFUSED, 2)
    if not attempts:
        raise Inconclusive(_("no notification arrived."))
    other["good_api_url_new_order"] = f"{scene.receiver}/second"
    changed: Response = yield Request("UpdateGood", other, writes=True)
    changed.require()
    order = yield from _order(scene, goods=(scene.good, f"{scene.mark}-2"))
    created = _first((yield Wait("new")))
    further: list[Record] = yield Wait("second")
    yield from _change(order, status="cancel")
    cancelled = _first((yield Wait("cancelled")))
    yield Request("createorder", _refunded(scene), version=2, writes=True)
    paid = _first((yield Wait("paid")))
    refunded = _first((yield Wait("moneyback")))
    # That nothing comes proves something only where the wait is long enough.
    never = {"first": "first", "dropped": "dropped"} if scene.patient else {}
    times: dict[str, object] = {
        "created": refunded.get("created"),
        "paid": paid.get("paid"),
        "none": "",
    }
    status = str(created.get("status"))
    return {
        "failed_delivery": "retried" if len(attempts) > 1 else never.get("dropped"),
        "product_addresses": ("each" if further else never.get("first")) if created else None,
        "created_status": status if status in ("new_order", "new order") else None,
        "created_hash": _hashed(scene, created, times | {"created": created.get("created")}),
        "cancelled_hash": _hashed(scene, cancelled, times | {"created": cancelled.get("created")}),
        "moneyback_hash": _hashed(scene, refunded, times),
    }


def _first(payloads: list[Record]) -> Record:
    return payloads[0] if payloads else {}


def _hashed(scene: Scene, payload: Record, times: Mapping[str, object]) -> str | None:
    """Return the name of the time that is in the hash of a notification."""
    bill_id, email, received = (str(payload.get(name)) for name in ("id", "email", "hash"))
    found = [
        name
        for name, moment in times.items()
        if moment is not None
        and same_hash(notification_hash(bill_id, email, str(moment), scene.api_key), received)
    ]
    return found[0] if len(found) == 1 else None


def _refunded(scene: Scene) -> dict[str, object]:
    created = datetime.combine(_period_end(scene), time(9), UTC)
    return {
        "product_names": scene.good,
        "customer_email": scene.email(),
        "order_created_at": f"{created:%Y-%m-%d %H:%M:%S}",
        "order_paid_at": f"{created + timedelta(hours=1):%Y-%m-%d %H:%M:%S}",
        "order_status": "MoneyBack",
    }


# ── Limits ──────────────────────────────────────────────────────────────────────────


def _limits(_scene: Scene) -> Flow:
    """Provoke code 8: first within a second, then within a day."""
    one, two = "GetAllGroups", "GetCountSubscribe"
    codes, seconds = yield from _burst([one] * 24)
    if codes[-1] == 8 and len(codes) == 11:
        # Sixteen calls of one address, but only eight of each method.
        codes, seconds = yield from _burst([one, two] * 8)
        if codes[-1] == 8:
            return {"rate_limit": "per_address" if len(codes) == 11 else None}
        return {"rate_limit": "per_method" if seconds < 0.9 else None}
    if codes[-1] != 8:
        if seconds > 1.9:
            raise Inconclusive(_("the service is too slow to reach a limit."))
        codes, seconds = yield from _burst([one] * 1001)
        if codes[-1] != 8:
            return {"rate_limit": "none"}
    for _second in range(2):  # a limit of a second has passed by then
        codes, seconds = yield from _burst([one])
        if codes[-1] != 8:
            return {"rate_limit": None}
    return {"rate_limit": "per_day"}


def _burst(
    methods: Iterable[str],
) -> Generator[Request | Pause, Any, tuple[list[int], float]]:
    """Call methods from the beginning of a second until one is refused.

    Returns:
        The error codes, and the seconds that it took.
    """
    yield Pause(1.02 - clock() % 1)
    codes, started = list[int](), clock()
    for method in methods:
        params = {"group_name": "all"} if method == "GetCountSubscribe" else {}
        response: Response = yield Request(method, params, in_burst=True)
        codes.append(response.code)
        if response.code == 8:
            break
    return codes, clock() - started


EXPERIMENTS: tuple[Experiment, ...] = (
    Experiment(_lists, ("good_type", "v2_names"), "reads"),
    Experiment(_nothing_found, ("empty_lists", "empty_period"), "reads"),
    Experiment(_strangers, ("counted_group", "unknown_partner", "wrong_key"), "reads"),
    Experiment(_unknown_login, ("unknown_login",), "reads"),
    Experiment(_missing_order, ("missing_order",), "reads_only"),
    Experiment(
        _orders_of_today,
        ("unset_time", "coupon_field", "order_info", "order_details"),
        "reads_only",
    ),
    Experiment(_product, ("add_good",), "writes"),
    Experiment(
        _order_shapes,
        ("order_info", "order_details", "unset_time", "coupon_field", "middle_name"),
        "writes",
    ),
    Experiment(_values, ("email_case", "phone", "whitespace", "text_length"), "writes"),
    Experiment(_coupons, ("unknown_coupon", "coupon_price"), "writes"),
    Experiment(_duplicates, ("duplicate_orders", "duplicate_result"), "writes"),
    Experiment(_statuses, ("wrong_status", "repeated_status", "cancelled_payment"), "writes"),
    Experiment(_deleted_order, ("missing_order",), "writes"),
    Experiment(
        _periods,
        ("month", "period_end", "time_zone", "paid_filter", "default_period"),
        "writes",
    ),
    Experiment(_buyer, ("buyer_contact",), "writes"),
    Experiment(
        _groups,
        ("unknown_group", "automatic_groups", "v2_subscription", "subscription_time"),
        "writes",
    ),
    Experiment(_missing_price, ("missing_price",), "writes"),
    Experiment(
        _notifications,
        (
            *("failed_delivery", "product_addresses", "created_status", "created_hash"),
            *("cancelled_hash", "moneyback_hash"),
        ),
        "notified",
    ),
    Experiment(_limits, ("rate_limit",), "local"),
)
"""In the order in which they run: later ones use the product that an earlier one has made."""
