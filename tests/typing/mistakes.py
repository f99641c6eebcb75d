"""Every line that ends in ``# wrong`` must be an error for both type checkers.

The comments that silence them say so: a checker that no longer finds the mistake reports the
comment as unused.  Read by the checkers, never run.
"""

from __future__ import annotations

from justclick_async import (
    AsyncJustClick,
    Bill,
    Call,
    CreatedOrder,
    Good,
    JustClick,
    Order,
    endpoint,
)

client = JustClick("login", "key")
aclient = AsyncJustClick("login", "key")
order = Order(email="a@example.com", goods=[])

client.create_order("x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # wrong
client.create_order(order, tag=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # wrong
client.create_order(email="a@example.com", goods=["x"], copon="y")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # wrong
client.update_order_status(1, "payed")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # wrong
client.update_order_status(1, "paid", 5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # wrong
client.v2.create_order(["invoice"], "a@example.com")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # wrong
client.create_order({"email": "a@example.com", "goods": ["x"], "copon": "y"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # wrong
client.nothing()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # wrong
number: int = client.create_order(order)  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]  # wrong
created: CreatedOrder = aclient.create_order(order)  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]  # wrong
Order(email="a@example.com")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # wrong
Order(email=7, goods=[])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # wrong
Order(email="a@example.com", goods=[7])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]  # wrong
Good(price=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # wrong


@endpoint
def bills() -> Call[list[Bill]]:
    """Return what was not promised."""
    return Call("GetBills", {}, CreatedOrder)  # type: ignore[arg-type]  # pyright: ignore[reportReturnType]  # wrong


async def main() -> None:
    """Await what blocks, and forget to await what does not."""
    await client.create_order(order)  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]  # wrong
    aclient.create_order(order)  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]  # wrong
