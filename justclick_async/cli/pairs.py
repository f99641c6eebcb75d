"""Parameters as they are written on the command line: ``goods[0][good_name]=invoice``."""

from __future__ import annotations

from collections.abc import Sequence

from justclick_async.bulk.problems import Text
from justclick_async.cli.settings import WrongUsage
from justclick_async.php import PhpValue, parse_str, urlencode

__all__ = ["nested"]


def nested(parameters: Sequence[str]) -> dict[str, PhpValue]:
    """Read ``name=value`` words as PHP would.

    Raises:
        WrongUsage: One of them is none, or there is more than PHP reads.
    """
    pairs = map(_name_and_value, parameters)
    query = "&".join(f"{urlencode(name)}={urlencode(value)}" for name, value in pairs)
    try:
        return parse_str(query)
    except ValueError as error:
        why = str(error)
    raise WrongUsage(Text(f"{why}.", f"{why}."), Text("Pass less.", "Передайте меньше."))


def _name_and_value(parameter: str) -> tuple[str, str]:
    name, equals, value = parameter.partition("=")
    if not (name and equals):
        raise WrongUsage(
            Text(f"{name!r} is no name=value.", f"{name!r} не имеет вида имя=значение."),
            Text("Write email=a@example.com.", "Напишите email=a@example.com."),
        )
    return name, value
