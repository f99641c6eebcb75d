"""Partners, API 1.0: what an affiliate has brought and earned."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from justclick_async.sandbox.codes import Refused
from justclick_async.sandbox.methods.replies import Reply
from justclick_async.sandbox.orders import Order
from justclick_async.sandbox.params import MOSCOW, Params, text
from justclick_async.sandbox.shop import Shop

__all__ = ["get_partner_stats"]

_DAY = 86400


def get_partner_stats(shop: Shop, params: Params) -> Reply:
    """Count what a partner has brought, by the time of payment."""
    login = text(params, "partner")
    if not any(partner.login == login for partner in shop.partners):
        raise Refused(3, why="there is no such partner")
    start, end = _midnight(params, "date_from"), _midnight(params, "date_to")
    orders = shop.orders.between(0 if start is None else start, _last_second(shop, end), paid=True)
    credited = [order for order in orders if login in order.affiliates]
    earned = sum((_earned(order, login) for order in credited), Decimal("0.00"))
    return Reply(
        {
            "earned_total": str(earned),
            "topay_total": str(earned),
            "clicks_total": "0",
            "leads_total": str(len({order.email.lower() for order in credited})),
            "bills_total": str(len(credited)),
            "partners_total": str(sum(p.brought_by == login for p in shop.partners)),
        }
    )


def _earned(order: Order, login: str) -> Decimal:
    return sum(
        (
            Decimal(partner["partner_fee"])
            for sold in order.goods
            for partner in sold["partners"]
            if partner["partner_name"] == login
        ),
        Decimal(0),
    )


def _last_second(shop: Shop, midnight: int | None) -> int:
    return shop.now() if midnight is None else midnight + _DAY - 1


def _midnight(params: Params, name: str) -> int | None:
    written = text(params, name)
    if not written:
        return None
    try:
        day = datetime.strptime(written, "%Y-%m-%d").replace(tzinfo=MOSCOW)
    except ValueError:
        raise Refused(3, why=f"{name} is not of the form YYYY-MM-DD") from None
    return int(day.timestamp())
