"""The reply of a method, and its entry in the table of methods."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from justclick_async.sandbox.codes import ABSENT, Refusal
from justclick_async.sandbox.params import Params
from justclick_async.sandbox.shop import Shop

__all__ = ["Method", "MethodFunction", "Reply", "empty_list", "fields"]


@frozen
class Reply:
    """A success.

    Attributes:
        result: ``ABSENT`` where the documented response has none.
        text: The ``error_text``.
    """

    result: object = ABSENT
    text: str = "OK"


def empty_list(shop: Shop, refusal: Refusal) -> Reply:
    """Return the reply of a method whose list is empty.

    Raises:
        Refusal: It is an error.
    """
    if shop.assumes("empty_lists", "codes"):
        raise refusal
    return Reply([] if shop.assumes("empty_lists", "empty_list") else None)


def fields(thing: object, *names: str) -> dict[str, object]:
    """Return some attributes by name, as responses show them."""
    return {name: getattr(thing, name) for name in names}


MethodFunction = Callable[[Shop, Params], Reply]


@frozen
class Method:
    """A method of the service.

    Attributes:
        name: As its path spells it.
        version: 1 is signed, 2 carries the key.
        execute: Does the work in the shop, or refuses.
        also: Further paths that lead to it.
    """

    name: str
    version: int
    execute: MethodFunction
    also: tuple[str, ...] = ()
