"""Contacts and their groups, API 1.0."""

from __future__ import annotations

from collections.abc import Sequence

from justclick_async.calls import Call
from justclick_async.endpoints.deprecation import replaced_by
from justclick_async.endpoints.formats import if_given, joined, nothing, texts, words
from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.faces import endpoint
from justclick_async.models.checks import flag, given, type_name
from justclick_async.models.contacts import Group, GroupStatus, Subscription
from justclick_async.models.orders import Utm
from justclick_async.wire import unstructure

__all__ = [
    "add_lead_to_group",
    "delete_subscribe",
    "get_all_groups",
    "get_count_subscribe",
    "get_lead_group_statuses",
    "get_lead_groups",
    "update_subscriber_data",
]

_IN_NO_GROUP = frozenset({500, 501})


@endpoint
def add_lead_to_group(
    email: str,
    groups: Sequence[str],
    *,
    name: str | None = None,
    phone: str | None = None,
    city: str | None = None,
    tag: str | None = None,
    doneurl2: str | None = None,
    activation: bool | None = None,
    utm: Utm | None = None,
) -> Call[Subscription]:
    """Add a contact to groups, as if it had filled in the subscription form.

    May send a letter that asks the contact to confirm, and starts what the groups start.

    Args:
        email: The contact's address.
        groups: Ids (``rass_name``) of the groups, at least one; always text.
        name: Name, full name or nickname; the service's own salutation where it is left out.
        phone: Phone.
        city: City.
        tag: A mark on the subscription.
        doneurl2: Where the contact is sent after confirming.
        activation: ``True`` asks the contact to confirm (top tariff only); left out, the
            account's setting counts.
        utm: Where the contact came from.

    Returns:
        Whether the contact still has to confirm, and the service's words.

    Raises:
        AlreadySubscribed: The contact is in all of these groups (102).
        GroupNotFound: There is no such group (103).
        SubscriptionForbidden: Contacts cannot be added to the group by hand (104).
        BadRequest: The address is missing or malformed (100).
        OperationFailed: The service could not add it (101); the reason is in ``text``.

    Source: https://help.justclick.io/archives/668
    """
    if utm is not None and not isinstance(utm, Utm):
        raise InvalidInputType(
            f"utm must be Utm, not {type_name(utm)}.",
            field="utm",
            method="AddLeadToGroup",
            hint='Write Utm(medium="cpc", source="direct").',
            hint_ru='Напишите Utm(medium="cpc", source="direct").',
        )
    params: dict[str, object] = {
        "rid": words(groups, "groups"),
        "lead_email": given(email, "email"),
        **_lead(name=name, phone=phone, city=city),
        **texts({"tag": tag, "doneurl2": doneurl2}),
        # The word false may count as true.
        "activation": if_given(activation, flag, "activation") or None,
        "utm": None if utm is None else unstructure(utm),
    }
    return Call("AddLeadToGroup", params, Subscription, reshape=_subscription)


def _lead(**fields: str | None) -> dict[str, str]:
    return {f"lead_{name}": value for name, value in texts(fields).items()}


def _subscription(_result: object, text: str) -> object:
    # Success has two texts, and nothing else tells them apart.
    return {"waits_for_activation": "activation" in text.casefold(), "text": text}


@endpoint
def update_subscriber_data(
    email: str,
    *,
    name: str | None = None,
    phone: str | None = None,
    city: str | None = None,
    tags: Sequence[str] | None = None,
) -> Call[None]:
    """Change name, phone, city or tags of a contact; what is left out stays.

    Args:
        email: The contact's address, which cannot be changed.
        name: The new name.
        phone: The new phone.
        city: The new city.
        tags: Tags (``lead_tags``).  Whether they replace or extend those it has is not
            documented; ``client.v2.add_tag_to_lead`` is clear about it.

    Raises:
        ContactNotFound: There is no such contact (801).
        InvalidInput: There is nothing to change.

    Source: https://help.influencersoft.com/hc/en-us/articles/360050501952
    """
    changes: dict[str, object] = {
        **_lead(name=name, phone=phone, city=city),
        "lead_tags": if_given(tags, joined, "tags"),
    }
    if all(value is None for value in changes.values()):
        raise InvalidInput(
            "there is nothing to change.",
            method="UpdateSubscriberData",
            hint="Pass name, phone, city or tags.",
            hint_ru="Передайте name, phone, city или tags.",
        )
    params = {"lead_email": given(email, "email"), **changes}
    return Call("UpdateSubscriberData", params, type(None), reshape=nothing)


@endpoint
def delete_subscribe(email: str, group: str) -> Call[None]:
    """Take a contact out of a group.

    Sends the notification of unsubscribing.  Who comes back later gets no activation letter.

    Args:
        email: The contact's address.
        group: Id (``rass_name``) of the group.

    Raises:
        GroupNotFound: There is no such group (800).
        ContactNotFound: There is no such contact (801).

    Source: https://help.justclick.io/archives/674
    """
    params = {"lead_email": given(email, "email"), "rass_name": given(group, "group")}
    return Call("DeleteSubscribe", params, type(None), reshape=nothing)


@endpoint
def get_lead_groups(email: str) -> Call[list[Group]]:
    """List the groups of a contact.  Deprecated: ``get_lead_group_statuses`` tells more.

    Args:
        email: The contact's address.

    Returns:
        One ``Group`` for each; an empty list if it is in none, or there is no such contact.

    Source: https://help.influencersoft.com/hc/en-us/articles/360050902811
    """
    replaced_by("get_lead_group_statuses", "get_lead_groups")
    return Call(
        "GetLeadGroups",
        {"email": given(email, "email")},
        list[Group],
        repeatable=True,
        empty_codes=_IN_NO_GROUP,
    )


@endpoint
def get_lead_group_statuses(email: str) -> Call[list[GroupStatus]]:
    """List the groups of a contact, how it stands in each, and since when.

    Args:
        email: The contact's address.

    Returns:
        One ``GroupStatus`` for each; an empty list if it is in none, or there is no such
        contact.

    Source: https://help.justclick.io/archives/2629
    """
    return Call(
        "GetLeadGroupStatuses",
        {"email": given(email, "email")},
        list[GroupStatus],
        repeatable=True,
        empty_codes=_IN_NO_GROUP,
    )


@endpoint
def get_all_groups() -> Call[list[Group]]:
    """List all groups of the account, but for automatic ones.

    Returns:
        One ``Group`` for each.

    Source: https://help.influencersoft.com/hc/en-us/articles/360050436312
    """
    return Call("GetAllGroups", {}, list[Group], repeatable=True)


@endpoint
def get_count_subscribe(group_name: str) -> Call[int]:
    """Count the contacts of a group or of the whole account.

    Args:
        group_name: Id (``rass_name``) of a group; ``all`` for all contacts, ``unique`` for the
            active ones, each counted once.

    Returns:
        How many there are.

    Source: https://help.justclick.io/archives/646
    """
    params = {"group_name": given(group_name, "group_name")}
    return Call("GetCountSubscribe", params, int, repeatable=True)
