"""Affiliates."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from justclick_async.models.records import Record

__all__ = ["PartnerStats"]


@frozen(kw_only=True)
class PartnerStats(Record):
    """The statistics of an affiliate; zeros if there are none.

    Attributes:
        earned_total: Earned commissions, in the currency of the shop.
        topay_total: Commissions not paid out yet.
        clicks_total: Clicks.
        leads_total: Contacts.
        bills_total: Paid orders.
        partners_total: Referred affiliates.
    """

    earned_total: Decimal = Decimal(0)
    topay_total: Decimal = Decimal(0)
    clicks_total: int = 0
    leads_total: int = 0
    bills_total: int = 0
    partners_total: int = 0
