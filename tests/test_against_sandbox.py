"""Both clients against the sandbox: all 29 methods, reading back what was written."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from justclick_async import (
    AlreadySubscribed,
    AsyncJustClick,
    AuthenticationFailed,
    BadRequest,
    ContactNotFound,
    Good,
    GoodSettings,
    GoodType,
    Group,
    GroupNotFound,
    InvalidInput,
    JustClick,
    Order,
    OrderExists,
    OrderNotFound,
    PayStatus,
    ProductNotFound,
    SubscriptionStatus,
    Utm,
)
from justclick_async.bulk import Contact
from justclick_async.sandbox import Sandbox
from tests.assumptions import Selection

NOW = datetime.now(UTC).replace(microsecond=0)


class Awaited:
    """The awaiting client with the face of the blocking one, so that one test proves both."""

    def __init__(self, client: AsyncJustClick, runner: asyncio.Runner) -> None:
        self._client, self._runner = client, runner

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._client, name)
        if name == "v2":
            return Awaited(member, self._runner)
        if not callable(member):
            return member

        def call(*args: object, **kwargs: object) -> object:
            result = member(*args, **kwargs)
            if inspect.iscoroutine(result):
                return self._runner.run(result)
            return self._runner.run(_list(result))

        return call


async def _list(items: Any) -> list[Any]:
    return [item async for item in items]


@pytest.fixture(scope="module")
def sandbox(assume: Selection) -> Iterator[Sandbox]:
    with Sandbox(assume=assume) as running:
        yield running


@pytest.fixture(scope="module", params=[AsyncJustClick, JustClick])
def client(request: pytest.FixtureRequest, sandbox: Sandbox) -> Iterator[JustClick]:
    made = request.param(sandbox.login, sandbox.api_key, base_url=sandbox.base_url, rate=None)
    with ExitStack() as stack:
        if isinstance(made, AsyncJustClick):
            runner = stack.enter_context(asyncio.Runner())
            stack.callback(lambda: runner.run(made.close()))
            yield Awaited(made, runner)  # type: ignore[misc]
        else:
            stack.callback(made.close)
            yield made


@pytest.fixture
def email(request: pytest.FixtureRequest, unique: Callable[[], str]) -> str:
    return f"{unique()}@example.com"


@pytest.fixture(scope="module")
def unique() -> Callable[[], str]:
    numbers = iter(range(10**6))
    return lambda: f"buyer{id(numbers)}x{next(numbers)}"


# ── Orders ──────────────────────────────────────────────────────────────────────────


def test_an_order_lives_from_creation_to_deletion(
    client: JustClick, email: str, assume: Selection
) -> None:
    order = Order(
        email=email,
        goods=[Good("invoice", price="1500.50"), Good("sales")],
        first_name="Иван",
        last_name="Петров",
        middle_name="Ильич",
        otchestvo="Ильич",
        tag="AdWords ~ '*'",
        comment="a & b\n😀",
        domain="www.shop.io",
        created=NOW,
        utm=Utm(medium="cpc", campaign="my campaign"),
    )
    created = client.create_order(order)
    details = client.get_order_details(created.bill_id)
    assert (details.bill_id, details.email) == (created.bill_id, email)
    assert (details.first_name, details.last_name, details.middle_name) == (
        "Иван",
        "Петров",
        "Ильич",
    )
    assert (details.tag, details.comment) == ("AdWords ~ '*'", "a & b\n😀")
    assert (details.created, details.paid) == (NOW, None)
    assert details.pay_status == PayStatus.WAITING
    assert details.utm.campaign == "my campaign"
    assert next((item.id, item.sum) for item in details.items) == ("invoice", Decimal("1500.50"))
    assert details.price == sum(item.sum or 0 for item in details.items)
    assert details.link.startswith("http")
    assert client.payment_link(created.bill_id) == details.link
    plain = client.create_order(Order(email=f"plain-{email}", goods=[Good("invoice")]))
    assert client.payment_link(plain.bill_id).startswith("http")

    if assume.get("duplicate_orders") != "never":
        with pytest.raises(OrderExists) as raised:
            client.create_order(order)
        assert raised.value.bill_id == created.bill_id

    client.update_order_status(created.bill_id, "paid", date=NOW)
    info = client.get_order_details(created.bill_id, good_info=True)
    assert (info.paid, info.pay_status) == (NOW, PayStatus.PAID)
    assert info.good_count == 2
    assert info.good_ids
    assert info.prepayment_enabled in (True, False)
    with pytest.warns(DeprecationWarning, match="get_order_details"):
        assert client.get_order_info(created.bill_id).bill_id == created.bill_id

    client.update_order_status(created.bill_id, "sent", date=NOW, tracking_number="RA123")
    client.update_order_status(created.bill_id, "return")
    client.delete_order(created.bill_id)
    with pytest.raises(OrderNotFound):
        client.get_order_details(created.bill_id)
    with pytest.raises(OrderNotFound):
        client.delete_order(created.bill_id)


def test_bills_are_listed_by_their_status(client: JustClick, email: str) -> None:
    one = client.create_order(Order(email=email, goods=["invoice"], created=NOW))
    two = client.create_order(
        Order(email=email, goods=["sales"], created=NOW + timedelta(seconds=1))
    )
    client.update_order_status(two.bill_id, "cancel")
    assert {bill.bill_id for bill in client.get_bills(email)} == {one.bill_id, two.bill_id}
    (waiting,) = client.get_bills(email, pay_status="waiting")
    assert [good.good_name for good in waiting.goods] == ["invoice"]
    assert client.get_bills(email, pay_status="paid") == []
    assert client.get_bills("nobody@example.com") == []


def test_refusals_have_their_classes(client: JustClick, email: str) -> None:
    with pytest.raises(ProductNotFound, match="nope"):
        client.create_order(Order(email=email, goods=["nope"]))
    with pytest.raises(BadRequest, match="code 600"):
        client.create_order(Order(email="no address", goods=["invoice"]))
    with pytest.raises(OrderNotFound):
        client.update_order_status(1, "cancel")


def test_api_2_creates_orders_that_api_1_finds(client: JustClick, email: str) -> None:
    client.v2.create_order(
        product_names=["invoice", "sales"],
        product_prices=["10.50"],
        customer_email=email,
        customer_first_name="Анна",
        order_status="Paid",
        order_paid_at=NOW,
    )
    (bill,) = client.get_bills(email, pay_status="paid")
    details = client.get_order_details(bill.bill_id)
    assert (details.first_name, details.items[0].sum) == ("Анна", Decimal("10.50"))


def test_orders_of_a_long_period_come_completely_and_once(client: JustClick, email: str) -> None:
    days = [date(2019, 1, 1) + timedelta(days=step) for step in range(0, 130, 7)]
    made = [
        client.create_order(
            Order(
                email=email,
                goods=[Good("invoice", price=1 + number)],
                created=datetime(day.year, day.month, day.day, 12, tzinfo=UTC),
            )
        ).bill_id
        for number, day in enumerate(days)
    ]
    found = [
        order.bill_id for order in client.iter_orders(days[0], days[-1]) if order.email == email
    ]
    listed = [
        order.bill_id
        for order in client.get_orders_with_goods(days[0], days[-1])
        if order.email == email
    ]
    assert sorted(found) == sorted(made)
    assert len(set(found)) == len(found)
    assert sorted(listed) == sorted(made)
    assert list(client.iter_orders(date(2001, 1, 1), date(2001, 12, 31))) == []


def test_orders_of_a_period_can_be_filtered(client: JustClick, email: str) -> None:
    begin = datetime(2018, 5, 1, 12, tzinfo=UTC)
    bill_ids = [
        client.create_order(
            Order(email=email, goods=[good], created=begin + timedelta(seconds=number))
        ).bill_id
        for number, good in enumerate(["invoice", "sales"])
    ]
    client.update_order_status(bill_ids[0], "paid", date=begin)
    number = next(good.good_id for good in client.get_all_goods() if good.good_name == "sales")

    def mine(**filters: Any) -> list[int]:
        orders = client.iter_orders(begin, begin + timedelta(days=2), **filters)
        return [order.bill_id for order in orders if order.email == email]

    assert mine() == bill_ids
    assert mine(paid=True) == bill_ids[:1]
    assert mine(goods=number) == mine(goods=[number]) == bill_ids[1:]
    with pytest.warns(DeprecationWarning, match="get_orders_with_goods"):
        old = client.get_orders(begin, begin + timedelta(days=1))
    assert [order.bill_id for order in old if order.email == email] == bill_ids


def test_many_orders_are_created_and_yielded_one_by_one(client: JustClick, email: str) -> None:
    orders = [
        Order(
            email=email,
            goods=[Good("invoice" if n % 5 else "nope", price=1 + n)],
            created=NOW - timedelta(days=n),
        )
        for n in range(20)
    ]
    sent = list(client.create_orders(orders, concurrency=4))
    assert sorted(each.number for each in sent) == list(range(1, 21))
    created = {each.bill_id for each in sent if each.error is None}
    assert created == {bill.bill_id for bill in client.get_bills(email)}
    assert len(created) == 16
    assert {type(each.error) for each in sent if each.error} == {ProductNotFound}


def test_orders_are_imported_once_however_often(
    client: JustClick, email: str, tmp_path: Path
) -> None:
    orders = [Order(email=email, goods=[Good("invoice", price=1 + n)]) for n in range(10)]
    for _ in range(2):
        imported = client.import_orders(orders, journal=tmp_path / "orders.journal")
        assert imported.is_complete
        assert (imported.totals.rows, imported.stop) == (10, None)
    assert len(client.get_bills(email)) == 10
    with pytest.raises(InvalidInput, match="journal"):
        client.import_orders(orders)


def test_statuses_and_contacts_are_imported_as_well(
    client: JustClick, email: str, tmp_path: Path
) -> None:
    bill_ids = [
        client.create_order(
            Order(email=email, goods=[Good("invoice", price=1 + n)], created=NOW - timedelta(n))
        ).bill_id
        for n in range(3)
    ]
    lines = [f"{bill_id};cancel\n" for bill_id in bill_ids]
    (tmp_path / "statuses.csv").write_text("bill_id;status\n" + "".join(lines))
    assert client.import_statuses(tmp_path / "statuses.csv").is_complete
    assert len(client.get_bills(email, pay_status="cancel")) == 3

    group = manual_groups(client)[0]
    contact = Contact(email=email, groups=[group], tags=["bulk"])
    for _ in range(2):
        saved = client.import_contacts([contact], journal=tmp_path / "contacts.journal")
        assert saved.is_complete
    assert [s.rass_name for s in client.get_lead_group_statuses(email)] == [group]


def manual_groups(client: JustClick) -> list[str]:
    """Return the groups that contacts can be added to."""
    names = [group.rass_name for group in client.get_all_groups()]
    return [name for name in names if name not in ("allleads", "allclients")]


# ── Contacts ────────────────────────────────────────────────────────────────────────


def test_a_contact_joins_changes_and_leaves(client: JustClick, email: str) -> None:
    groups = client.get_all_groups()
    first, second = manual_groups(client)[:2]
    assert all(isinstance(group, Group) and group.rass_title for group in groups)
    before = client.get_count_subscribe(first)

    joined = client.add_lead_to_group(email, [first, second], name="Анна", phone="+7 (999)")
    assert joined.text
    with pytest.raises(AlreadySubscribed):
        client.add_lead_to_group(email, [first])
    assert client.get_count_subscribe(first) == before + 1
    assert client.get_count_subscribe("all") >= client.get_count_subscribe("unique")
    statuses = client.get_lead_group_statuses(email)
    assert {status.rass_name for status in statuses} == {first, second}
    assert all(isinstance(status.rass_status, SubscriptionStatus) for status in statuses)
    assert all(isinstance(status.subscription_time, datetime | str) for status in statuses)
    with pytest.warns(DeprecationWarning, match="get_lead_group_statuses"):
        assert len(client.get_lead_groups(email)) == 2

    client.update_subscriber_data(email, name="Анна Б.", city="Тверь", tags=["a", "b"])
    client.delete_subscribe(email, first)
    left = {s.rass_name: s.rass_status for s in client.get_lead_group_statuses(email)}
    assert left.get(first) in (None, SubscriptionStatus.UNSUBSCRIBE)
    assert left[second] != SubscriptionStatus.UNSUBSCRIBE


def test_a_confirmation_is_waited_for_where_it_is_asked_for(client: JustClick, email: str) -> None:
    group = manual_groups(client)[0]
    assert client.add_lead_to_group(email, [group], activation=True).waits_for_activation
    (status,) = client.get_lead_group_statuses(email)
    assert status.rass_status == SubscriptionStatus.WAIT


def test_contacts_and_groups_that_do_not_exist_have_their_classes(
    client: JustClick, email: str
) -> None:
    group = manual_groups(client)[0]
    with pytest.raises(GroupNotFound):
        client.add_lead_to_group(email, ["no such group"])
    with pytest.raises(GroupNotFound):
        client.delete_subscribe(email, "no such group")
    with pytest.raises(ContactNotFound):
        client.delete_subscribe(email, group)
    with pytest.raises(ContactNotFound):
        client.update_subscriber_data(email, name="x")
    assert client.get_lead_group_statuses(email) == []


def test_contacts_of_api_2_are_those_of_api_1(client: JustClick, email: str) -> None:
    lists = client.v2.get_all_lists()
    assert {each.rass_name for each in lists} >= set(manual_groups(client))
    first, second = manual_groups(client)[:2]
    client.v2.add_update_lead(
        lead_email=email, add_to_lists=[first, second], add_tags=["a"], lead_first_name="Анна"
    )
    client.v2.add_tag_to_lead(lead_email=email, add_tags=["b", "c"])
    client.v2.remove_tag_from_lead(lead_email=email, remove_tags=["a"])
    client.v2.remove_lead_from_list(lead_email=email, remove_from_lists=[second])
    statuses = client.get_lead_group_statuses(email)
    assert first in {
        status.rass_name
        for status in statuses
        if status.rass_status != SubscriptionStatus.UNSUBSCRIBE
    }


# ── Products, coupons, people ───────────────────────────────────────────────────────


def test_a_product_is_created_changed_sold_and_deleted(
    client: JustClick, email: str, unique: Callable[[], str]
) -> None:
    name = unique()
    client.add_good(
        name,
        type="digital",
        title="Курс",
        price="990.00",
        settings=GoodSettings(publish=True, only_countries=["RUS"], client_rassilki=["super"]),
    )
    (product,) = [good for good in client.get_all_goods() if good.good_name == name]
    assert (product.good_title, product.good_sum) == ("Курс", Decimal("990.00"))
    assert product.good_type is GoodType.DIGITAL
    assert name in {good.good_name for good in client.v2.get_goods()}

    created = client.create_order(Order(email=email, goods=[name]))
    assert client.get_order_details(created.bill_id).price == Decimal("990.00")

    client.update_good(name, price=1200, title="Курс 2.0")
    (product,) = [good for good in client.get_all_goods() if good.good_name == name]
    assert (product.good_title, product.good_sum) == ("Курс 2.0", Decimal("1200.00"))
    client.delete_good(name)
    assert name not in {good.good_name for good in client.get_all_goods()}


def test_coupons_managers_and_partners_are_returned(client: JustClick) -> None:
    coupons = client.v2.get_coupons()
    assert all(isinstance(coupon.id, int) and coupon.coupon for coupon in coupons)
    assert coupons
    managers = client.v2.get_personal_managers()
    assert all(isinstance(manager.id, int) and manager.manager_name for manager in managers)
    assert managers
    stats = client.get_partner_stats("partner1", date_from=date(2020, 1, 1), date_to=NOW)
    assert isinstance(stats.earned_total, Decimal)
    assert isinstance(stats.clicks_total, int)


# ── Anything else ───────────────────────────────────────────────────────────────────


def test_any_method_can_be_called_by_its_name(client: JustClick) -> None:
    assert {"rass_name", "rass_title"} <= client.call("GetAllGroups")[0].keys()
    assert {"id", "rass_name"} <= client.v2.call("getalllists")[0].keys()


def test_a_wrong_key_is_code_4(sandbox: Sandbox) -> None:
    with JustClick(
        sandbox.login, "another key".replace(" ", ""), base_url=sandbox.base_url
    ) as wrong:
        with pytest.raises(AuthenticationFailed, match="code 4"):
            wrong.get_all_groups()
