"""``justclick call``: any method of the service."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from justclick_async.calls import Call
from justclick_async.cli.errors import WrongUsage
from justclick_async.cli.output import echo_json, is_terminal
from justclick_async.cli.params import Sandbox, parse_params
from justclick_async.cli.runner import execute
from justclick_async.cli.settings import Access
from justclick_async.endpoints import undescribed
from justclick_async.messages import _

__all__ = ["call"]


def call(
    method: Annotated[str, Parameter(help=_("The name in the documentation: GetAllGoods."))],
    /,
    *params: Annotated[
        str, Parameter(help=_("name=value, nested as in PHP: goods[0][good_name]=invoice"))
    ],
    api: Annotated[
        int, Parameter(help=_("Version of the API: 1 signs requests, 2 sends the key."))
    ] = 1,
    sandbox: Sandbox = False,
    access: Access = Access(),  # noqa: B008  # frozen
) -> int:
    """Call a method and print its result as JSON."""
    if api not in (1, 2):
        raise WrongUsage(_("--api must be 1 or 2."), _("Leave it out for API 1.0."))
    describe = undescribed.call if api == 1 else undescribed.call_v2
    described: Call[Any] = describe(method, parse_params(params))
    result = execute(described, access, sandbox=sandbox)
    echo_json(result, indent=2 if is_terminal() else None)
    return 0
