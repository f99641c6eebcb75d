"""Whether the options of an import can be meant as they are, before a file is touched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import tzinfo
from typing import Any

from justclick_async.errors import InvalidInput, InvalidInputType
from justclick_async.models.checks import count, flag, type_name

__all__ = ["check_crew", "check_options", "check_source"]


def check_crew(concurrency: object, stop_after: object) -> None:
    """Check how many requests may be under way, and how many failures in a row stop the line.

    Raises:
        InvalidInput: One of them cannot be meant like that.
    """
    count(concurrency, "concurrency", least=1, default="10")
    count(stop_after, "stop_after", least=0, default="20")


def check_options(options: Mapping[str, Any], known: Iterable[str]) -> None:
    """Check the options of an import.

    Raises:
        InvalidInput: One of them cannot be meant like that, or there is no such option.
    """
    names = sorted(known)
    for name in options:
        if name not in names:
            raise InvalidInput(
                f"there is no option {name}.",
                field=name,
                hint=f"There are {', '.join(names)}.",
                hint_ru=f"Есть {', '.join(names)}.",
            )
    check_crew(options.get("concurrency", 10), options.get("stop_after", 20))
    count(options.get("settle_after", 10), "settle_after", least=0, default="10 seconds")
    flag(options.get("once", True), "once")
    if options.get("language", "en") not in ("en", "ru"):
        raise InvalidInput(
            "language is neither 'en' nor 'ru'.",
            field="language",
            hint="Leave it out for English.",
            hint_ru="Укажите 'ru', чтобы причины были на русском.",
        )
    zone = options.get("zone")
    if zone is not None and not isinstance(zone, tzinfo):
        raise InvalidInputType(
            f"zone must be tzinfo, not {type_name(zone)}.",
            field="zone",
            hint='Pass ZoneInfo("Europe/Moscow").',
            hint_ru='Передайте ZoneInfo("Europe/Moscow").',
        )


def check_source(source: object, of: str, *, awaitable: bool = False) -> None:
    """Check that there are items to be taken; one alone is no list of them.

    Raises:
        InvalidInputType: There are none.
    """
    told = type_name(source)
    alone: tuple[type, ...] = (bytes, Mapping, str) if awaitable else (bytes, Mapping)
    awaited = awaitable and hasattr(source, "__aiter__")
    if not awaited and (isinstance(source, alone) or not isinstance(source, Iterable)):
        or_a_file = "" if awaitable else ", or the path of a file"
        or_file_ru = "" if awaitable else " или путь к файлу"
        raise InvalidInputType(
            f"the source must be an iterable of {of}{or_a_file}, not {told}.",
            field="source",
            hint="Put a single one in a list: [item].",
            hint_ru=f"Один объект поместите в список: [item]. Нужен итерируемый объект из {of}"
            f"{or_file_ru}.",
        )
