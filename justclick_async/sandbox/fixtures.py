"""Partners, coupons and employees, which the owner sets up in a browser; no method does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal

from attrs import evolve, frozen

from justclick_async.sandbox.orders import Order, OrderItem
from justclick_async.sandbox.products import Product

__all__ = ["COUPONS", "MANAGERS", "PARTNERS", "Coupon", "Manager", "Partner", "credit_partners"]

_CENT = Decimal("0.01")


@frozen
class Partner:
    """A member of the affiliate programme; *brought_by* is the login of the one above."""

    partner_id: int
    login: str
    brought_by: str = ""


@frozen
class Coupon:
    """A discount on the shop's prices, in percent."""

    id: int
    coupon: str
    percent: int

    def discounted(self, price: str) -> str:
        """Return what is left of a price."""
        left = Decimal(price) * (100 - self.percent) / 100
        return str(left.quantize(_CENT, ROUND_HALF_UP))


@frozen
class Manager:
    """An additional user of the account."""

    id: int
    manager_name: str


PARTNERS = (
    Partner(100137, "partner2"),
    Partner(100136, "partner1", brought_by="partner2"),
    Partner(100200, "my_partner_login"),
)
COUPONS = (Coupon(585, "coupon50proc", 50), Coupon(586, "coupon90proc", 90))
MANAGERS = (Manager(71257, "Мария Смирнова"), Manager(72398, "001"))

_FEES = {
    1: ("good_partner_fee", "good_partner_fee_perc"),
    2: ("good_partner_pfee", "good_partner_pfee_perc"),
}
"""The settings of a product that say what a partner of a level gets: a sum, or percents."""


def credit_partners(
    order: Order, partners: Iterable[Partner], product: Callable[[str], Product | None]
) -> Order:
    """Return *order* with the partners that have brought it, and what each of them gets.

    API 2.0 names them level by level; in API 1.0 the marks name the first, who was brought by
    the second.  Others get nothing.

    Args:
        order: As it was placed.
        partners: The members of the affiliate programme.
        product: Finds a product by its symbolic id.
    """
    members = {partner.login: partner for partner in partners}
    chain = [members[login] for login in _chain(order, members) if login in members]
    if not chain:
        return order
    goods = [_credit_partners(sold, chain, product(sold["good_name"])) for sold in order.goods]
    return evolve(order, goods=goods, affiliates=[partner.login for partner in chain])


def _chain(order: Order, members: Mapping[str, Partner]) -> list[str]:
    if order.affiliates or order.utm.get("utm_medium") != "affiliate":
        return order.affiliates
    first = order.utm.get("utm_source", "")
    return [first, members[first].brought_by] if first in members else []


def _credit_partners(sold: OrderItem, chain: list[Partner], product: Product | None) -> OrderItem:
    settings: Mapping[str, str] = product.settings if product else {}
    partners = [
        {
            "partner_lvl": str(level),
            "partner_id": str(partner.partner_id),
            "partner_name": partner.login,
            "partner_fee": _fee(settings, level, sold["good_sum"]),
        }
        for level, partner in enumerate(chain, 1)
    ]
    return {**sold, "partners": partners}


def _fee(settings: Mapping[str, str], level: int, price: str) -> str:
    names = _FEES.get(level, ("", ""))
    absolute, percent = (_decimal(settings.get(name, "")) for name in names)
    return str((absolute or Decimal(price) * percent / 100).quantize(_CENT, ROUND_HALF_UP))


def _decimal(text: str) -> Decimal:
    return Decimal(text) if text.replace(".", "", 1).isdecimal() else Decimal(0)
