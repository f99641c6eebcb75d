"""What the documentation leaves open, and the reading that the sandbox has chosen.

The sandbox is no proof of what the service does.  Where it had to choose, the choice stands here;
everything else follows the service's public help pages.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["READINGS"]

READINGS: Mapping[str, str] = {
    "HTTP statuses": "200 for every answer, whatever its code; an unknown method is an HTML page"
    " with 404, anything but POST 405, a body beyond 8 MiB 413.",
    "The login": "The first label of the host, as in the service; on an address or localhost it"
    " is the account whose key has signed the call, or else the first. An answer with code 5 is"
    " signed with an empty key.",
    "Bodies": "Read as PHP reads them. More than 1000 variables or 64 levels, and text that is no"
    " UTF-8, are code 3; a type that PHP does not read, such as JSON, is no data: code 2.",
    "Equal orders (601)": "The same e-mail (in any case), the same goods at the same prices (in any"
    " order) and the same created time, and the first is unpaid. Without bill_created the time is"
    " now, in whole seconds: two equal orders within one second are one, and an order that is"
    " repeated a second later is another. Only a client that sends bill_created is safe.",
    "200 or 302, 201 or 303": "An order that never was is 200, a deleted one 302; an unknown status"
    " is 201, a missing one 303.",
    "202": "Paying an order that was cancelled or refunded. Paying or cancelling twice is a"
    " success that changes nothing.",
    "sent and return": "Change what was last said of an order, not whether it is paid.",
    "Missing parameters": "Code 3, unless the method has a code of its own.",
    "API 2.0": "Codes mean what they mean in API 1.0; no rpsKey is 1, a wrong one 4; answers are"
    " signed as in API 1.0. A body with rpsKey and hash is code 3.",
    "Periods": "getOrdersWithGoods counts whole days, both bounds included; a month is a calendar"
    " month; without end_date it is today, without begin_date one day. GetOrders without bounds"
    " gives all orders. An empty period is an empty list. paid is true for any text but 0.",
    "Deleted orders": "Are seen by no method; state.json shows them as deleted.",
    "Products": "Whatever is wrong with a product in AddGood, UpdateGood and DeleteGood is code 3."
    " UpdateGood without good_sum sets the price to zero.",
    "Coupons": "Lower the shop's prices, not those given in the order; a coupon that there is not"
    " is kept and changes nothing.",
    "Partners": "Of an order with utm_medium affiliate, utm_source names the first level, whose own"
    " partner is the second; who is no partner gets nothing. Earned is what paid orders have"
    " brought; there are no clicks and no payouts. An unknown partner is code 3.",
    "Subscribing": "With activation the contact waits (STATUS_WAIT) until it confirms, otherwise it"
    " is subscribed at once; who left before is not asked again. Addresses under .invalid do not"
    " exist (101), and who left the service as a whole cannot be subscribed (101).",
    "Updating contacts": "UpdateSubscriberData replaces the tags by those it is given; a parameter"
    " that is empty counts as left out.",
    "Removing from groups": "DeleteSubscribe is the contact's own doing: remembered and told."
    " removeleadfromlist and remove_from_lists are the owner's: forgotten and told to nobody.",
    "Contacts of addupdatelead": "Wait for activation in the groups they are added to.",
    "GetCountSubscribe": "Counts who is subscribed; all counts every contact. An unknown group is"
    " code 800.",
    "Buyers": "Are put into the groups of the product (good_client_rassilki) when the order is"
    " created; otherwise an order makes no contact.",
    "Result of GetOrderInfo": "A list of one, as the Russian page shows it.",
    "good_ids": "A list of numeric ids as text.",
    "Time zone": "Dates without one are in Moscow time (UTC+3).",
    "bill_timer_kill": "Text other than 0 and a Unix time means: as the product says. An order"
    " whose time is over is cancelled within a second or two.",
    "Links": "http, as in the samples; bill_domain loses a scheme and a trailing slash.",
    "Notifications": "One for each different address among the products of an order; the"
    " account's address stands in for products without one. Anything but 2xx is tried again after"
    " 1, 5, 30 and 120 seconds, then given up.",
    "Hash of prepaid and moneyback": "Made over no time: the pages name the time of paying off,"
    " which these notifications do not carry, and PHP reads what is missing as an empty text.",
}
"""Topic and reading."""
