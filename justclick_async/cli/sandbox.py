"""Help and completion of ``justclick sandbox``; ``sandbox.__main__`` parses the options itself."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from inspect import Parameter, Signature
from typing import Annotated, Any, Literal, cast

import cyclopts

from justclick_async.sandbox.__main__ import build_parser
from justclick_async.sandbox.assumptions import ASSUMPTIONS
from justclick_async.sandbox.faults import FAULTS

__all__ = ["sandbox"]

_CHOICES = {
    "fault": tuple(f"{name}=0.1" for name in FAULTS),
    "assume": tuple(
        f"{name}={choice}" for name, each in ASSUMPTIONS.items() for choice in each.choices
    ),
}


def _parameters() -> Iterator[Parameter]:
    for action, text in build_parser().described:
        if action.dest != "help":
            more = cyclopts.Parameter(name=action.option_strings, negative="", help=text)
            annotation: Any = _type(action)
            yield Parameter(
                action.dest,
                Parameter.KEYWORD_ONLY,
                annotation=Annotated[annotation, more],
                default=() if action.default == [] else action.default,
            )


def _type(action: argparse.Action) -> Any:
    if action.nargs == 0:
        return bool
    if isinstance(action.default, list):
        choices, literal = _CHOICES.get(action.dest), cast("Any", Literal)
        item: Any = literal[choices] if choices else str
        return cast("Any", list)[item]
    return action.type if action.type in (int, float) else str


def _with_signature(command: Callable[..., None]) -> Callable[..., None]:
    parameters = list(_parameters())
    command.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    return command


@_with_signature
def sandbox(**_given: object) -> None:
    """Run a local JustClick; ``dispatch.run`` does it, and this is for the help page."""
