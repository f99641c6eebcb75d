"""Affiliates, API 1.0."""

from __future__ import annotations

from datetime import date

from justclick_async.calls import Call
from justclick_async.endpoints.formats import day, if_given
from justclick_async.errors import InvalidInput
from justclick_async.faces import endpoint
from justclick_async.models.checks import given
from justclick_async.models.partners import PartnerStats

__all__ = ["get_partner_stats"]


@endpoint
def get_partner_stats(
    partner: str, *, date_from: date | None = None, date_to: date | None = None
) -> Call[PartnerStats]:
    """Tell what an affiliate has brought, in all or in a period.

    Args:
        partner: The affiliate's login.
        date_from: The first day; from the beginning, where it is left out.
        date_to: The last day; until today, where it is left out.

    Returns:
        Sums and counts; zeros where there are no statistics.  What the service says of a partner
        that does not exist is not documented.

    Source: https://help.justclick.io/archives/689
    """
    begin, end = if_given(date_from, day, "date_from"), if_given(date_to, day, "date_to")
    if begin and end and begin > end:
        raise InvalidInput(
            "date_from lies after date_to.",
            field="date_from",
            method="GetPartnerStats",
            hint="Swap them.",
            hint_ru="Поменяйте их местами.",
        )
    params = {
        "partner": given(partner, "partner"),
        "date_from": begin and begin.isoformat(),
        "date_to": end and end.isoformat(),
    }
    return Call("GetPartnerStats", params, PartnerStats, repeatable=True)
