"""A command for every method of the service, generated from the table of endpoints.

Options, their help and what is required come from the endpoint and its models.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import attrs
from cyclopts import App, Parameter

from justclick_async.bulk.rows.goods import parse_goods as read_goods
from justclick_async.bulk.rows.times import TimeParser
from justclick_async.bulk.rows.values import unwrap
from justclick_async.cli.formatting import Output, show
from justclick_async.cli.params import Sandbox, read_value
from justclick_async.cli.runner import execute
from justclick_async.cli.settings import Access
from justclick_async.decorators import endpoint
from justclick_async.endpoints import V1, V2, contacts, orders, partners, products
from justclick_async.messages import _
from justclick_async.models.orders import Good, Order, Utm
from justclick_async.models.products import GoodSettings
from justclick_async.models.records import Record

__all__ = [
    "collect_help_texts",
    "command_name",
    "commands",
    "contacts_group",
    "goods_group",
    "orders_group",
    "partners_group",
    "v2_group",
]

Described = endpoint[..., Any]

_AREAS: Mapping[str, str] = {
    orders.__name__: "orders",
    contacts.__name__: "contacts",
    products.__name__: "goods",
    partners.__name__: "partners",
}
_HELP: Mapping[str, str] = {
    "order.goods": _("Products, such as invoice:1500 sales; without a price that of the shop."),
    "order.timer_kill": _(
        "When the order is cancelled if unpaid: yes for the setting of the product, no for never, "
        "or a time."
    ),
    "order_created_at": _("Time of creation, in Moscow time if it has no time zone."),
}
"""Help of arguments whose docstring is about types of Python."""

_MODELS = (Order, Utm, GoodSettings)
"""Arguments that are spread over options, one for each of their fields."""


def commands() -> Iterator[tuple[str, str, Described]]:
    """Yield group, name and description of every method's command."""
    for table in (V1, V2):
        for method, described in vars(table).items():
            if isinstance(described, endpoint) and method != "call":
                area = "v2" if table is V2 else _AREAS[described.describe.__module__]
                yield area, command_name(method), described


def command_name(method: str) -> str:
    """Return the name of a method's command."""
    return method.replace("_", "-")


# ── One command ─────────────────────────────────────────────────────────────────────

EMPTY = inspect.Parameter.empty


class _Option(NamedTuple):
    """An option of a command.

    Attributes:
        name: As Python has it; the command line writes it with hyphens.
        type: The type that the command line converts to.
        read: Converts that to the value; raises ``CellError``.
        path: The argument that it becomes, or an argument and fields of it.
        default: The value where it is left out; ``EMPTY`` where it must be given.
        is_positional: Whether its name may be left out.
        help: Its description.
    """

    name: str
    type: Any
    read: Callable[[Any], Any]
    path: tuple[str, ...]
    default: Any
    is_positional: bool
    help: str

    @property
    def parameter(self) -> inspect.Parameter:
        """The parameter of the command."""
        annotation = Union[self.type, None] if self.default is None else self.type  # noqa: UP007
        is_list = get_origin(self.type) is list
        negative = "" if is_list or self.default is False else None
        more = Parameter(consume_multiple=is_list or None, negative=negative, help=self.help)
        kinds = inspect.Parameter
        kind = kinds.POSITIONAL_OR_KEYWORD if self.is_positional else kinds.KEYWORD_ONLY
        return kinds(self.name, kind, annotation=Annotated[annotation, more], default=self.default)


def _command(described: Described) -> Callable[..., int]:
    options = sorted(_options(described), key=lambda option: not option.is_positional)
    positional = [option.name for option in options if option.is_positional]

    def command(
        *values: Any,
        sandbox: Sandbox = False,
        output: Output = Output(),  # noqa: B008  # frozen
        access: Access = Access(),  # noqa: B008
        **given: Any,
    ) -> int:
        columns = output.choose_columns(_record_of(described))
        given |= zip(positional, values, strict=False)
        steps = described.describe(**_arguments(described, options, given))
        show(execute(steps, access, sandbox=sandbox), output, columns)
        return 0

    own = inspect.signature(command, eval_str=True).parameters
    parameters = [option.parameter for option in options]
    parameters += [own[name] for name in ("sandbox", "output", "access")]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    return command


def _record_of(described: Described) -> type[Record]:
    """Return the model of the records that a method returns; ``Record`` if it returns none."""
    answer = get_args(get_type_hints(described.describe)["return"])[-1]
    kind = next(iter(get_args(answer)), answer)  # list[Product]: Product
    return kind if isinstance(kind, type) and issubclass(kind, Record) else Record


# ── From arguments to options ───────────────────────────────────────────────────────


def _options(described: Described) -> Iterator[_Option]:
    types = get_type_hints(described.describe)
    explained = _explained(described.describe)
    parameters = inspect.signature(described.describe).parameters
    # create_order() takes the fields of an order as well: here they are the only form.
    has_fields = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    for name, parameter in parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            continue
        free = parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        default = EMPTY if has_fields else parameter.default
        yield from _spread(
            (name,), types[name], default, explained, is_positional=free and default is EMPTY
        )


def _spread(
    path: tuple[str, ...],
    annotation: Any,
    default: Any,
    explained: Mapping[str, str],
    *,
    is_positional: bool,
) -> Iterator[_Option]:
    model, name = _model(annotation), path[-1]
    if model is None:
        is_positional = is_positional or name.endswith("email")
        option = "_".join(path[1:] if path[0] in ("order", "settings") else path)
        text = _HELP.get(".".join(path)) or explained.get(name, "UTM mark.")
        yield _Option(option, *_kind(annotation, name), path, default, is_positional, text)
        return
    types = get_type_hints(model)
    explained = _explained(model)
    for field in attrs.fields(model):
        must = default is EMPTY and field.default is attrs.NOTHING
        yield from _spread(
            (*path, field.name),
            types[field.name],
            EMPTY if must else None,
            explained,
            is_positional=False,
        )


def _model(annotation: Any) -> type[Any] | None:
    return next((each for each in _MODELS if each in (annotation, *get_args(annotation))), None)


def _kind(annotation: Any, name: str) -> tuple[Any, Callable[[Any], Any]]:
    """Return the type that the command line converts to, and what converts that to the value."""
    kinds = _alternatives(annotation)
    if tuple[Good, ...] in kinds:
        return list[str], _goods
    for kind in kinds:
        if get_origin(kind) in (tuple, Sequence):
            return (list[int] if _is_number(get_args(kind)[0]) else list[str]), _same
    if datetime in kinds:
        return str, _flag_or_moment if bool in kinds else _moment
    if bool in kinds:
        return bool, _same
    for kind in kinds:
        if get_origin(kind) is Literal:
            return kind, _same
    if date in kinds:
        return str, _day
    # lead_utc may be UTC+03.
    return (int if _is_number(annotation) and name != "lead_utc" else str), _same


def _is_number(annotation: Any) -> bool:
    return _alternatives(annotation) in ({int}, {int, str})


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
            node[option.path[-1]] = read_value(option.name, option.read, value)
    types = get_type_hints(described.describe)
    return {name: _built(node, types[name]) for name, node in tree.items()}


def _built(node: Any, annotation: Any) -> Any:
    model = _model(annotation)
    if model is None:
        return node
    types = get_type_hints(model)
    return model(**{name: _built(value, types[name]) for name, value in node.items()})


def _same(value: Any) -> Any:
    return value


def _moment(words: str) -> datetime:
    return TimeParser().moment(unwrap(words))


def _flag_or_moment(words: str) -> bool | datetime:
    return TimeParser().flag_or_moment(unwrap(words))


def _day(words: str) -> date:
    return _moment(words).date()


def _goods(given: Sequence[str]) -> list[Good]:
    return [good for words in given for good in read_goods(unwrap(words))]


# ── Help ────────────────────────────────────────────────────────────────────────────


def _summary(described: Described) -> str:
    """Return the docstring of an endpoint up to its arguments."""
    text = inspect.getdoc(described.describe) or ""
    return _unmarked(re.split(r"\n\n(?=Args|Returns|Raises|Source)", text)[0])


def collect_help_texts() -> Iterator[str]:
    """Yield the texts of all help pages that come from docstrings, for the catalogues."""
    for _area, _name, described in commands():
        yield from (" ".join(each.split()) for each in _summary(described).split("\n\n"))
        yield from (option.help for option in _options(described))


def _explained(documented: object) -> dict[str, str]:
    """Return what a docstring says about each argument."""
    text = inspect.getdoc(documented) or ""
    section = re.search(r"^Args:\n((?: {4}.*\n?|\n)+)", text, re.MULTILINE)
    entries = re.findall(
        r"^ {4}(\w+): (.+(?:\n {8}.*)*)", section[1] if section else "", re.MULTILINE
    )
    return {name: _unmarked(" ".join(words.split())) for name, words in entries}


def _unmarked(text: str) -> str:
    return re.sub(r"\*(\w+)\*", r"\1", text.replace("``", ""))


# ── The groups of commands ──────────────────────────────────────────────────────────


def _group(area: str) -> App:
    group = App(name=area)
    for found, name, described in commands():
        if found == area:
            group.command(_command(described), name=name, help=_summary(described))
    return group


orders_group: App = _group("orders")
contacts_group: App = _group("contacts")
goods_group: App = _group("goods")
partners_group: App = _group("partners")
v2_group: App = _group("v2")
