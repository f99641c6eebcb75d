"""Affiliates, API 1.0."""

from __future__ import annotations

from datetime import date

from justclick_async.calls import Call
from justclick_async.decorators import endpoint
from justclick_async.endpoints.formats import convert_optional, to_day
from justclick_async.errors import InvalidInput
from justclick_async.messages import _
from justclick_async.models.checks import check_not_blank
from justclick_async.models.partners import PartnerStats

__all__ = ["get_partner_stats"]


@endpoint
def get_partner_stats(
    partner: str, *, date_from: date | None = None, date_to: date | None = None
) -> Call[PartnerStats]:
    """Return the statistics of an affiliate, in total or for a period.

    Args:
        partner: The affiliate's login.
        date_from: The first day; the beginning if omitted.
        date_to: The last day; today if omitted.

    Returns:
        Totals; zeros if there are no statistics.  The response for an unknown partner is not
        documented.

    Source: https://help.justclick.io/archives/689
    """
    begin, end = (
        convert_optional(date_from, to_day, "date_from"),
        convert_optional(date_to, to_day, "date_to"),
    )
    if begin and end and begin > end:
        raise InvalidInput(
            _("{field} must not be after {other}.", field="date_from", other="date_to"),
            field="date_from",
            method="GetPartnerStats",
            hint=_("Swap the dates."),
        )
    params = {
        "partner": check_not_blank(partner, "partner"),
        "date_from": begin and begin.isoformat(),
        "date_to": end and end.isoformat(),
    }
    return Call("GetPartnerStats", params, PartnerStats, idempotent=True)
