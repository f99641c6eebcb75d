"""Contacts and their groups, API 1.0."""

from __future__ import annotations

from collections.abc import Sequence

from justclick_async.calls import Call
from justclick_async.decorators import endpoint
from justclick_async.endpoints.deprecation import warn_deprecated
from justclick_async.endpoints.formats import (
    check_texts,
    check_words,
    convert_optional,
    ignore_result,
    join_words,
)
from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.messages import _
from justclick_async.models.checks import check_bool, check_not_blank, type_name
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
    """Add a contact to groups, like the subscription form.

    May send an activation e-mail to the contact, and starts the automations of the groups.

    Args:
        email: The contact's address.
        groups: Ids (``rass_name``) of the groups, at least one; always text.
        name: Name, full name or nickname; the default salutation if omitted.
        phone: Phone.
        city: City.
        tag: A tag of the subscription.
        doneurl2: The page that opens after the activation.
        activation: ``True`` requires an activation (top plan only); the setting of the account if
            omitted.
        utm: UTM marks.

    Returns:
        The state of the activation, and the text of the service.

    Raises:
        AlreadySubscribed: The contact is in all of these groups (102).
        GroupNotFound: A group does not exist (103).
        SubscriptionForbidden: Contacts cannot be added to the group manually (104).
        BadRequest: The address is missing or malformed (100).
        OperationFailed: The service could not add it (101); the reason is in ``text``.

    Source: https://help.justclick.io/archives/668
    """
    if utm is not None and not isinstance(utm, Utm):
        raise InvalidInputType(
            _(
                "{field} must be {expected}, not {type}.",
                field="utm",
                expected="Utm",
                type=type_name(utm),
            ),
            field="utm",
            method="AddLeadToGroup",
            hint=_("Write {example}.", example='Utm(medium="cpc", source="direct")'),
        )
    params: dict[str, object] = {
        "rid": check_words(groups, "groups"),
        "lead_email": check_not_blank(email, "email"),
        **_lead(name=name, phone=phone, city=city),
        **check_texts({"tag": tag, "doneurl2": doneurl2}),
        # The word false may count as true.
        "activation": convert_optional(activation, check_bool, "activation") or None,
        "utm": None if utm is None else unstructure(utm),
    }
    return Call("AddLeadToGroup", params, Subscription, reshape=_subscription)


def _lead(**fields: str | None) -> dict[str, str]:
    return {f"lead_{name}": value for name, value in check_texts(fields).items()}


_WAITS = {"activation email sent to subscriber": True, "ok": False}
"""The documented texts of success; the only difference between the two results."""


def _subscription(_result: object, text: str, _url: str) -> object:
    words = " ".join(text.casefold().split()).rstrip(".")
    return {"waits_for_activation": _WAITS.get(words), "text": text}


@endpoint
def update_subscriber_data(
    email: str,
    *,
    name: str | None = None,
    phone: str | None = None,
    city: str | None = None,
    tags: Sequence[str] | None = None,
) -> Call[None]:
    """Change name, phone, city or tags of a contact; omitted fields stay unchanged.

    Args:
        email: The contact's address, which cannot be changed.
        name: The new name.
        phone: The new phone.
        city: The new city.
        tags: Tags (``lead_tags``).  The documentation does not say if they replace the existing
            tags; ``client.v2.add_tag_to_lead`` adds them.

    Raises:
        ContactNotFound: The contact does not exist (801).
        InvalidInput: No changes were passed.

    Source: https://help.influencersoft.com/hc/en-us/articles/360050501952
    """
    changes: dict[str, object] = {
        **_lead(name=name, phone=phone, city=city),
        "lead_tags": convert_optional(tags, join_words, "tags"),
    }
    if all(value is None for value in changes.values()):
        raise InvalidInput(
            _("no changes were passed."),
            method="UpdateSubscriberData",
            hint=_("Pass name, phone, city or tags."),
        )
    params = {"lead_email": check_not_blank(email, "email"), **changes}
    return Call("UpdateSubscriberData", params, type(None), reshape=ignore_result)


@endpoint
def delete_subscribe(email: str, group: str) -> Call[None]:
    """Remove a contact from a group.

    Sends the unsubscribe notification.  A contact that subscribes again gets no activation e-mail.

    Args:
        email: The contact's address.
        group: Id (``rass_name``) of the group.

    Raises:
        GroupNotFound: The group does not exist (800).
        ContactNotFound: The contact does not exist (801).

    Source: https://help.justclick.io/archives/674
    """
    params = {
        "lead_email": check_not_blank(email, "email"),
        "rass_name": check_not_blank(group, "group"),
    }
    return Call("DeleteSubscribe", params, type(None), reshape=ignore_result)


@endpoint
def get_lead_groups(email: str) -> Call[list[Group]]:
    """Return the groups of a contact.  Deprecated: use ``get_lead_group_statuses``.

    Args:
        email: The contact's address.

    Returns:
        The groups; an empty list if there are none, or the contact does not exist.

    Source: https://help.influencersoft.com/hc/en-us/articles/360050902811
    """
    warn_deprecated("get_lead_group_statuses", "get_lead_groups")
    return Call(
        "GetLeadGroups",
        {"email": check_not_blank(email, "email")},
        list[Group],
        idempotent=True,
        empty_codes=_IN_NO_GROUP,
    )


@endpoint
def get_lead_group_statuses(email: str) -> Call[list[GroupStatus]]:
    """Return the groups of a contact, with status and date of each subscription.

    Args:
        email: The contact's address.

    Returns:
        The groups; an empty list if there are none, or the contact does not exist.

    Source: https://help.justclick.io/archives/2629
    """
    return Call(
        "GetLeadGroupStatuses",
        {"email": check_not_blank(email, "email")},
        list[GroupStatus],
        idempotent=True,
        empty_codes=_IN_NO_GROUP,
    )


@endpoint
def get_all_groups() -> Call[list[Group]]:
    """Return all groups of the account except automatic ones.

    Returns:
        The groups.

    Source: https://help.influencersoft.com/hc/en-us/articles/360050436312
    """
    return Call("GetAllGroups", {}, list[Group], idempotent=True)


@endpoint
def get_count_subscribe(group_name: str) -> Call[int]:
    """Count the contacts of a group or of the whole account.

    Args:
        group_name: Id (``rass_name``) of a group; ``all`` for all contacts, ``unique`` for the
            active ones, each counted once.

    Returns:
        The number of contacts.

    Source: https://help.justclick.io/archives/646
    """
    params = {"group_name": check_not_blank(group_name, "group_name")}
    return Call("GetCountSubscribe", params, int, idempotent=True)
