"""Commands that make one call: what was asked goes out, what came back is shown."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
from attrs import frozen

from justclick_async.account import Account
from justclick_async.bulk import cells
from justclick_async.bulk.cells import CellError
from justclick_async.bulk.journal import TRIAL
from justclick_async.bulk.problems import Text
from justclick_async.bulk.rows import MOSCOW
from justclick_async.calls import Call, Steps
from justclick_async.cli.pairs import nested
from justclick_async.cli.say import say, say_json
from justclick_async.cli.settings import Access, WrongUsage, name_of
from justclick_async.client import DEFAULT_RATE, AsyncJustClick
from justclick_async.endpoints import orders, undescribed
from justclick_async.models.orders import Good, Order

__all__ = [
    "Connection",
    "answer",
    "call_method",
    "change_status",
    "connected",
    "create_order",
    "goods",
    "list_bills",
    "moment",
    "timer",
]

if TYPE_CHECKING:
    from justclick_async.sandbox import Sandbox

R = TypeVar("R")


def create_order(
    given: Mapping[str, str | None], access: Access, *, sandbox: bool, as_json: bool
) -> int:
    """Create one order and show its number and its payment page."""
    fields: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    fields["goods"] = _read("goods", cells.goods, fields["goods"])
    if "created" in fields:
        fields["created"] = _read("created", _moment, fields["created"])
    created = answer(orders.create_order(Order(**fields)), access, sandbox=sandbox)
    if as_json:
        say_json(attrs.asdict(created))
    else:
        say(Text(f"Order {created.bill_id} is created.", f"Заказ {created.bill_id} создан."))
        if created.link:
            say(created.link)
    return 0


def list_bills(
    email: str, pay_status: str | None, access: Access, *, sandbox: bool, as_json: bool
) -> int:
    """Show the orders of a customer."""
    bills = answer(orders.get_bills(email, pay_status=pay_status), access, sandbox=sandbox)
    if as_json:
        say_json({"bills": [attrs.asdict(bill) for bill in bills]})
        return 0
    if not bills:
        say(Text("No orders.", "Заказов нет."))
    for bill in bills:
        say(f"{bill.bill_id}  {', '.join(good.good_title for good in bill.goods)}")
    return 0


def change_status(
    bill_id: int,
    status: str,
    date: str | None,
    tracking_number: str | None,
    access: Access,
    *,
    sandbox: bool,
    as_json: bool,
) -> int:
    """Change the status of an order."""
    moment = None if date is None else _read("date", _moment, date)
    call = orders.update_order_status(bill_id, status, date=moment, tracking_number=tracking_number)
    answer(call, access, sandbox=sandbox)
    if as_json:
        say_json({"bill_id": bill_id, "status": status})
    else:
        say(Text(f"Order {bill_id} is {status} now.", f"Заказ {bill_id}: теперь {status}."))
    return 0


def call_method(
    method: str,
    parameters: Sequence[str],
    api: int,
    access: Access,
    *,
    sandbox: bool,
    as_json: bool,
) -> int:
    """Call any method and show its result as JSON."""
    if api not in (1, 2):
        raise WrongUsage(
            Text("--api must be 1 or 2.", "--api должен быть 1 или 2."),
            Text("Use 1.", "Укажите 1."),
        )
    describe = undescribed.call if api == 1 else undescribed.call_v2
    call: Call[Any] = describe(method, nested(parameters, exactly=True))
    result = answer(call, access, sandbox=sandbox)
    if as_json:
        say_json({"result": result})
    else:
        say(json.dumps(result, ensure_ascii=False, indent=2))
    return 0


# ── Asking ──────────────────────────────────────────────────────────────────────────


@frozen
class Connection:
    """A client, and where it leads.

    Attributes:
        client: The client.
        account: Whose orders these are, for a journal: the same on another port.
        access: Login, key and address of the account.
        sandbox: The embedded sandbox, if it is one.
    """

    client: AsyncJustClick
    account: str
    access: Account
    sandbox: Sandbox | None = None


@asynccontextmanager
async def connected(
    access: Access, *, sandbox: bool, rate: float | None, db: str | None = None
) -> AsyncGenerator[Connection, None]:
    """Open a client, on an embedded sandbox if one is wanted."""
    async with AsyncExitStack() as stack:
        running: Sandbox | None = None
        if sandbox:
            from justclick_async.sandbox import Sandbox  # noqa: PLC0415  # heavy, seldom needed

            running = await stack.enter_async_context(Sandbox(db=db))
            account = Account(running.login, running.api_key, running.base_url)
        else:
            account = access.account()
        client = AsyncJustClick(
            account.login,
            account.api_key,
            base_url=account.base_url,
            rate=rate,
            timeout=access.timeout,
        )
        name = TRIAL if running else name_of(account)
        yield Connection(await stack.enter_async_context(client), name, account, running)


def answer(steps: Steps[R], access: Access, *, sandbox: bool) -> R:
    """Carry out a call or a flow for one command, and return its result."""

    async def ask() -> R:
        async with connected(access, sandbox=sandbox, rate=DEFAULT_RATE) as connection:
            return await connection.client.run(steps)

    return asyncio.run(ask())


# ── Reading arguments ───────────────────────────────────────────────────────────────


def goods(words: str, name: str) -> list[Good]:
    """Read ``invoice:1500, sales``, the value of an option."""
    found: list[Good] = _read(name, cells.goods, words)
    return found


def moment(words: str, name: str) -> datetime:
    """Read a time as people write it: 2024-05-17 14:30, 17.05.2024, Unix time."""
    found: datetime = _read(name, _moment, words)
    return found


def timer(words: str, name: str) -> bool | datetime:
    """Read yes, no, or a time."""
    found: bool | datetime = _read(name, _timer, words)
    return found


def _moment(cell: str) -> object:
    return cells.moment(cell, MOSCOW)


def _timer(cell: str) -> object:
    return cells.flag_or_moment(cell, MOSCOW)


def _read(name: str, reading: Any, given: str) -> Any:
    try:
        return reading(cells.plain(given))
    except CellError as error:
        option = f"--{name.replace('_', '-')}"
        en = error.reason.en
        joint = " " if en.startswith(("is ", "has ", "lies ")) else ": "
        end = "" if en.endswith("?") else "."
        raise WrongUsage(
            Text(f"{option}{joint}{en}{end}", f"{option}: {error.reason.ru}{end}"), error.hint
        ) from None
