"""Partners, API 1.0: what an affiliate has brought and earned."""

from __future__ import annotations

from decimal import Decimal

from justclick_async.messages import _
from justclick_async.sandbox.codes import Refusal
from justclick_async.sandbox.methods.replies import Reply
from justclick_async.sandbox.orders import Order
from justclick_async.sandbox.params import Params, local_time, text
from justclick_async.sandbox.shop import Shop

__all__ = ["get_partner_stats"]

_DAY = 86400
_FIELDS = (
    *("earned_total", "topay_total", "clicks_total", "leads_total", "bills_total"),
    "partners_total",
)


def get_partner_stats(shop: Shop, params: Params) -> Reply:
    """Count what a partner has brought, by the time of payment."""
    login = text(params, "partner")
    known = any(partner.login == login for partner in shop.partners)
    if not known and shop.assumes("unknown_partner", "refused"):
        raise Refusal(3, why=_("partner must be the login of a partner"))
    if not known and shop.assumes("unknown_partner", "nulls"):
        return Reply(dict.fromkeys(_FIELDS))
    start, end = _midnight(shop, params, "date_from"), _midnight(shop, params, "date_to")
    orders = shop.orders.find_in_period(
        0 if start is None else start, _last_second(shop, end), paid=True
    )
    credit_partners = [order for order in orders if login in order.affiliates]
    earned = sum((_earned(order, login) for order in credit_partners), Decimal("0.00"))
    return Reply(
        {
            "earned_total": str(earned),
            "topay_total": str(earned),
            "clicks_total": "0",
            "leads_total": str(len({order.email.lower() for order in credit_partners})),
            "bills_total": str(len(credit_partners)),
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


def _midnight(shop: Shop, params: Params, name: str) -> int | None:
    day = local_time(params, name, shop.time_zone, "YYYY-MM-DD")
    return int(day.timestamp()) if day else None
