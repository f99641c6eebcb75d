"""``justclick sandbox``: the options of ``python -m justclick_async.sandbox`` for cyclopts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import Parameter, Signature
from types import SimpleNamespace
from typing import Annotated, Any, Literal, cast

import cyclopts

from justclick_async.cli.errors import WrongUsage
from justclick_async.messages import _
from justclick_async.sandbox.__main__ import OPTIONS, InvalidOption, Option, run

__all__ = ["sandbox"]


def sandbox(**given: Any) -> int:
    """Run a local JustClick until SIGTERM or Ctrl-C; return the exit code."""
    options = {each.name: each.default for each in OPTIONS} | given
    try:
        for each in OPTIONS:
            if each.parse:
                options[each.name] = _parse(each.parse, options[each.name])
        return run(SimpleNamespace(**options))
    except InvalidOption as error:
        hint = _("See {command}.", command="justclick sandbox --help")
        raise WrongUsage(error.args[0], hint) from None


def _parse(parse: Callable[[str], Any], given: Sequence[str]) -> list[Any]:
    try:
        return [parse(each) for each in given]
    except ValueError as error:
        raise InvalidOption(*error.args) from None


def _keep(_kind: object, tokens: Sequence[cyclopts.Token]) -> list[str]:
    return [token.value for token in tokens]


def _parameter(option: Option) -> Parameter:
    kind: Any = bool if option.default is False else option.read
    if option.choices:  # they are for completion: other values are read as well
        kind = cast("Any", Literal)[option.choices] | str
    kind = list[kind] if option.default == () else kind
    convert = _keep if option.parse else None
    more = cyclopts.Parameter(negative="", help=option.help, converter=convert)
    # Where pydantic is loaded, cyclopts checks defaults, too.
    annotation: Any = Annotated[kind | None if option.default is None else kind, more]
    return Parameter(
        option.name, Parameter.KEYWORD_ONLY, annotation=annotation, default=option.default
    )


_PARAMETERS = {each.name: _parameter(each) for each in OPTIONS}
sandbox.__signature__ = Signature(list(_PARAMETERS.values()))  # type: ignore[attr-defined]
sandbox.__annotations__ = {name: each.annotation for name, each in _PARAMETERS.items()}
