"""A command for every method of the service, made from its description.

Nothing is written twice: options, their help and what is required come from the endpoint.  A
command takes ``--sandbox`` and ``--json`` besides, and shows records as a table.
"""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, NamedTuple, get_args, get_type_hints

import attrs
from cyclopts import App, Parameter

from justclick_async.cli.settings import Access
from justclick_async.endpoints import V1, V2, contacts, orders, partners, products
from justclick_async.faces import endpoint, stream
from justclick_async.models.orders import Good, Order, Utm
from justclick_async.models.products import GoodSettings

__all__ = ["add_methods", "command_name"]

Described = endpoint[..., Any] | stream[..., Any]

_AREAS: Mapping[str, Any] = {
    "orders": orders,
    "contacts": contacts,
    "goods": products,
    "partners": partners,
}
_HELP = {
    "contacts": "Contacts and their groups.",
    "goods": "Products of the shop.",
    "partners": "Affiliates.",
}
_MODELS = (Order, Utm, GoodSettings)
"""Arguments that are spread over options of their own: one for each of their fields."""


def add_methods(app: App) -> None:
    """Add the commands of all methods, in the group of their area."""
    for table in (V1, V2):
        for name, described in vars(table).items():
            if isinstance(described, endpoint | stream) and name not in ("call", "iter_orders"):
                area = "v2" if table is V2 else _area(described)
                _group(app, area).command(_command(described), name=command_name(name))


def command_name(method: str) -> str:
    """Return what the command of a method is called."""
    return method.replace("_", "-")


def _area(described: Described) -> str:
    module = described.describe.__module__
    return next(name for name, room in _AREAS.items() if room.__name__ == module)


def _group(app: App, name: str) -> App:
    if name not in app:
        app.command(App(name=name, help=_HELP[name]))
    return app[name]


# ── One command ─────────────────────────────────────────────────────────────────────


class _Option(NamedTuple):
    """An option of a command, and where its value goes: an argument, or a field of one."""

    name: str
    annotation: Any
    default: Any
    argument: str
    model: type[Any] | None
    read: Callable[[Any], Any]


def _command(described: Described) -> Callable[..., int]:
    options = [option for each in _parameters(described) for option in _options(*each)]

    def command(
        *positional: Any, sandbox: bool, as_json: bool, access: Access, **given: Any
    ) -> int:
        from justclick_async.cli.calling import ask  # noqa: PLC0415  # heavy
        from justclick_async.cli.showing import show  # noqa: PLC0415

        names = [option.name for option in options if option.name not in given]
        given |= dict(zip(names, positional, strict=False))
        steps = described.describe(**_arguments(options, given))
        result = asyncio.run(ask(steps, access, sandbox=sandbox))
        show(result, as_json=as_json)
        return 0

    command.__doc__ = _help(described, options)
    command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            *(_parameter(option) for option in options),
            _own("sandbox", Annotated[bool, Parameter(negative="", help=_SANDBOX)], default=False),
            _own("as_json", Annotated[bool, _JSON], default=False),
            _own("access", Access, default=Access()),
        ]
    )
    command.__annotations__ = {}
    return command


_SANDBOX = "Ask a service of your own that starts and ends with the command."
_JSON = Parameter(name="--json", negative="", help="JSON on standard output.")


def _parameters(described: Described) -> list[tuple[inspect.Parameter, Any]]:
    types = get_type_hints(described.describe)
    return [
        (parameter, types[name])
        for name, parameter in inspect.signature(described.describe).parameters.items()
    ]


def _options(parameter: inspect.Parameter, annotation: Any) -> list[_Option]:
    model = next((each for each in _MODELS if each in (annotation, *get_args(annotation))), None)
    if model is None:
        kind, read = _kind(annotation)
        return [_Option(parameter.name, kind, parameter.default, parameter.name, None, read)]
    types = get_type_hints(model)
    found: list[_Option] = []
    for field in attrs.fields(model):
        if Utm in get_args(types[field.name]):
            found += _marks(parameter.name)
            continue
        kind, read = _kind(types[field.name])
        default = inspect.Parameter.empty if field.default is attrs.NOTHING else None
        name = f"utm_{field.name}" if model is Utm else field.name
        found.append(_Option(name, kind, default, f"{parameter.name}.{field.name}", model, read))
    return found


def _marks(argument: str) -> list[_Option]:
    return [
        _Option(f"utm_{field.name}", str, None, f"{argument}.utm.{field.name}", Utm, _same)
        for field in attrs.fields(Utm)
    ]


def _parameter(option: _Option) -> inspect.Parameter:
    required = option.default is inspect.Parameter.empty
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD if required else inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(
        option.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=option.default,
        annotation=option.annotation if required or option.annotation is bool
        else option.annotation | None,
    )


def _own(name: str, annotation: Any, *, default: object) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )
