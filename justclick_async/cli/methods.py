"""A command for every method of the service, made from its description.

Nothing is written twice: options, their help and what is required come from the endpoint.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

import attrs
from cyclopts import App, Parameter

from justclick_async.cli.settings import Access
from justclick_async.endpoints import V1, V2, contacts, orders, partners, products
from justclick_async.faces import endpoint
from justclick_async.models.orders import Good, Order, Utm
from justclick_async.models.products import GoodSettings

__all__ = ["add_methods", "command_name", "commands"]

Described = endpoint[..., Any]

_AREAS: Mapping[str, str] = {
    orders.__name__: "orders",
    contacts.__name__: "contacts",
    products.__name__: "goods",
    partners.__name__: "partners",
}
_HELP = {
    "contacts": "Contacts and their groups.",
    "goods": "Products of the shop.",
    "partners": "Affiliates.",
}
_MODELS = (Order, Utm, GoodSettings)
"""Arguments that are spread over options, one for each of their fields."""


def commands() -> Iterator[tuple[str, str, Described]]:
    """Give group, name and description of every method's command."""
    for table in (V1, V2):
        for method, described in vars(table).items():
            if isinstance(described, endpoint) and method != "call":
                area = "v2" if table is V2 else _AREAS[described.describe.__module__]
                yield area, command_name(method), described


def command_name(method: str) -> str:
    """Return what the command of a method is called."""
    return method.replace("_", "-")


def add_methods(app: App) -> None:
    """Add the commands of all methods, each in the group of its area."""
    for area, name, described in commands():
        if area not in app:
            app.command(App(name=area, help=_HELP[area]))
        app[area].command(_command(described), name=name)


# ── One command ─────────────────────────────────────────────────────────────────────


class _Option(NamedTuple):
    """An option of a command.

    Attributes:
        name: As Python has it; the command line writes it with hyphens.
        type: What the command line makes of the words.
        read: What makes the value out of that, and says the option's name if it cannot.
        path: The argument that it becomes, or an argument and fields of it.
        default: What stands where it is left out; ``EMPTY`` where it must be given.
        positional: Whether its name may be left out.
    """

    name: str
    type: Any
    read: Callable[[Any, str], Any]
    path: tuple[str, ...]
    default: Any
    positional: bool


EMPTY = inspect.Parameter.empty


def _command(described: Described) -> Callable[..., int]:
    options = list(_options(described))
    positional = [option.name for option in options if option.positional]

    def command(
        *values: Any,
        sandbox: bool = False,
        as_json: bool = False,
        access: Access = Access(),  # noqa: B008  # frozen
        **given: Any,
    ) -> int:
        from justclick_async.cli.calling import answer  # noqa: PLC0415  # heavy
        from justclick_async.cli.showing import show  # noqa: PLC0415

        given |= zip(positional, values, strict=False)
        steps = described.describe(**_arguments(described, options, given))
        show(answer(steps, access, sandbox=sandbox), as_json=as_json)
        return 0

    parameters = [*map(_parameter, options), *_OWN]
    command.__doc__ = _help(described, options)
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    return command


def _flag(name: str | None, text: str) -> Any:
    return Annotated[bool, Parameter(name=name, negative="", help=text)]


def _own(name: str, annotation: Any, default: object) -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, annotation=annotation, default=default)


_OWN = (
    _own("sandbox", _flag(None, "Ask a service of your own that ends with the command."), False),  # noqa: FBT003
    _own("as_json", _flag("--json", "JSON on standard output."), False),  # noqa: FBT003
    _own("access", Access, Access()),
)
"""What every command takes besides."""


def _parameter(option: _Option) -> inspect.Parameter:
    annotation: Any = option.type
    if annotation == list[str]:
        annotation = Annotated[list[str], Parameter(consume_multiple=True, negative="")]
    if option.default is False:
        annotation = Annotated[bool, Parameter(negative="")]
    elif option.default is None:
        annotation = Union[annotation, None]  # noqa: UP007  # of an Annotated
    kinds = inspect.Parameter
    kind = kinds.POSITIONAL_OR_KEYWORD if option.positional else kinds.KEYWORD_ONLY
    return inspect.Parameter(option.name, kind, annotation=annotation, default=option.default)


# ── From arguments to options ───────────────────────────────────────────────────────


def _options(described: Described) -> Iterator[_Option]:
    types = get_type_hints(described.describe)
    for name, parameter in inspect.signature(described.describe).parameters.items():
        free = parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
        default = parameter.default
        yield from _spread((name,), types[name], default, positional=free and default is EMPTY)


def _spread(
    path: tuple[str, ...], annotation: Any, default: Any, *, positional: bool
) -> Iterator[_Option]:
    model = _model(annotation)
    if model is None:
        yield _Option(_name(path), *_kind(annotation), path, default, positional)
        return
    types = get_type_hints(model)
    for field in attrs.fields(model):
        must = default is EMPTY and field.default is attrs.NOTHING
        inner = EMPTY if must else None
        yield from _spread((*path, field.name), types[field.name], inner, positional=False)


def _model(annotation: Any) -> type[Any] | None:
    return next((each for each in _MODELS if each in (annotation, *get_args(annotation))), None)


def _name(path: tuple[str, ...]) -> str:
    return "_".join(path[1:] if path[0] in ("order", "settings") else path)


def _kind(annotation: Any) -> tuple[Any, Callable[[Any, str], Any]]:
    """Say what the command line makes of the words, and what makes the value out of that."""
    kinds = _alternatives(annotation)
    if any(get_origin(kind) in (tuple, Sequence) for kind in kinds):
        return (str, _goods) if tuple[Good, ...] in kinds else (list[str], _same)
    if datetime in kinds:
        return str, _timer if bool in kinds else _moment
    for kind, made, read in (bool, bool, _same), (date, str, _day):
        if kind in kinds:
            return made, read
    return (int if kinds == {int} else str), _same


def _alternatives(annotation: Any) -> set[Any]:
    union = get_origin(annotation) in (Union, UnionType)
    return set(get_args(annotation) if union else [annotation]) - {type(None)}


# ── From options to arguments ───────────────────────────────────────────────────────


def _arguments(
    described: Described, options: Sequence[_Option], given: Mapping[str, Any]
) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for option in options:
        if (value := given.get(option.name)) is not None:
            node = tree
            for step in option.path[:-1]:
                node = node.setdefault(step, {})
            node[option.path[-1]] = option.read(value, option.name)
    types = get_type_hints(described.describe)
    return {name: _built(node, types[name]) for name, node in tree.items()}


def _built(node: Any, annotation: Any) -> Any:
    model = _model(annotation)
    if model is None:
        return node
    types = get_type_hints(model)
    return model(**{name: _built(value, types[name]) for name, value in node.items()})


def _same(value: Any, _name: str) -> Any:
    return value


def _moment(words: str, name: str) -> Any:
    from justclick_async.cli.calling import moment  # noqa: PLC0415  # heavy

    return moment(words, name)


def _timer(words: str, name: str) -> Any:
    from justclick_async.cli.calling import timer  # noqa: PLC0415  # heavy

    return timer(words, name)


def _day(words: str, name: str) -> date:
    found = _moment(words, name)
    return found.date() if isinstance(found, datetime) else found


def _goods(words: str, name: str) -> Any:
    from justclick_async.cli.calling import goods  # noqa: PLC0415  # heavy

    return goods(words, name)


# ── Help ────────────────────────────────────────────────────────────────────────────


def _help(described: Described, options: Sequence[_Option]) -> str:
    """Write the docstring of a command out of those of the endpoint and its models."""
    text = inspect.getdoc(described.describe) or ""
    explained = _explained(text) | {
        f"{argument}.{name}": words
        for argument, annotation in get_type_hints(described.describe).items()
        if (model := _model(annotation)) is not None
        for name, words in _explained(inspect.getdoc(model) or "").items()
    }
    lines = [
        f"    {option.name}: {explained.get('.'.join(option.path), f'The mark {option.name}.')}"
        for option in options
    ]
    summary = re.split(r"\n\n(?=Args|Returns|Raises|Source)", text)[0]
    return "\n".join([_plain(summary), "", "Args:", *map(_plain, lines)] if lines else [summary])


def _explained(text: str) -> dict[str, str]:
    """Return what a docstring says of each argument."""
    section = re.search(r"^Args:\n((?: {4}.*\n?|\n)+)", text, re.MULTILINE)
    entries = re.findall(
        r"^ {4}(\w+): (.+(?:\n {8}.*)*)", section[1] if section else "", re.MULTILINE
    )
    return {name: " ".join(words.split()) for name, words in entries}


def _plain(text: str) -> str:
    return re.sub(r"\*(\w+)\*", r"\1", text.replace("``", ""))
