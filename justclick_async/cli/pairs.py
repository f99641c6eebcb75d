"""Parameters as they are written on the command line: ``goods[0][good_name]=invoice``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from justclick_async.bulk.problems import Text
from justclick_async.cli.settings import WrongUsage
from justclick_async.php import PhpValue, parse_str, urlencode

__all__ = ["body", "nested"]


def nested(parameters: Sequence[str], *, exactly: bool = False) -> dict[str, PhpValue]:
    """Read ``name=value`` words as PHP would.

    Args:
        parameters: The words.
        exactly: Whether to refuse names that PHP reads as others.

    Raises:
        WrongUsage: One of them is none, or there is more than PHP reads.
    """
    pairs = list(map(_name_and_value, parameters))
    if exactly:
        for name, _ in pairs:
            _refuse_bent(name)
    try:
        return parse_str(_body(pairs))
    except ValueError as error:
        why = str(error)
    raise WrongUsage(Text(f"{why}.", f"{why}."), Text("Pass less.", "Передайте меньше."))


def body(parameters: Sequence[str]) -> str:
    """Write ``name=value`` words as the body of a request.

    Raises:
        WrongUsage: One of them is none.
    """
    return _body(map(_name_and_value, parameters))


def _body(pairs: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{urlencode(name)}={urlencode(value)}" for name, value in pairs)


def _refuse_bent(name: str) -> None:
    root = name.partition("[")[0]
    read = next(iter(parse_str(f"{urlencode(name)}=")), "")
    if read != root:
        raise WrongUsage(
            Text(
                f"PHP reads the name {name!r} as {read!r}.",
                f"Имя {name!r} PHP читает как {read!r}.",
            ),
            Text(
                "Write a name without dots and blanks: goods[0][good_name]=invoice.",
                "Напишите имя без точек и пробелов: goods[0][good_name]=invoice.",
            ),
        )


def _name_and_value(parameter: str) -> tuple[str, str]:
    name, equals, value = parameter.partition("=")
    if not (name and equals):
        raise WrongUsage(
            Text(f"{name!r} is no name=value.", f"{name!r} не имеет вида имя=значение."),
            Text("Write email=a@example.com.", "Напишите email=a@example.com."),
        )
    return name, value
