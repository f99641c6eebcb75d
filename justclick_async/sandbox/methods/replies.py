"""What a method answers with, and how a method is entered in the table."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from justclick_async.sandbox.params import Params
from justclick_async.sandbox.shop import Shop

__all__ = ["CarryOut", "Method", "Reply"]


@frozen
class Reply:
    """A success.

    Attributes:
        result: ``None`` where the documented answer has none.
        text: What stands in ``error_text``.
    """

    result: object = None
    text: str = "OK"


CarryOut = Callable[[Shop, Params], Reply]


@frozen
class Method:
    """A method of the service.

    Attributes:
        name: As its path spells it.
        version: 1 is signed, 2 carries the key.
        carry_out: Does the work in the shop, or refuses.
        also: Further paths that lead to it.
    """

    name: str
    version: int
    carry_out: CarryOut
    also: tuple[str, ...] = ()
