"""The language of a page: the one that the browser prefers."""

from __future__ import annotations

from aiohttp import web

from justclick_async.messages import languages

__all__ = ["choose_language", "preferred_language"]


def choose_language(request: web.Request) -> tuple[str, bool]:
    """Return the language for a request, and whether it was chosen by ``?lang=``."""
    for source in (request.query, request.cookies):
        if source.get("lang", "") in languages():
            return source["lang"], source is request.query
    return preferred_language(request.headers.get("Accept-Language", "")), False


def preferred_language(header: str) -> str:
    """Return the best language of an ``Accept-Language`` header; English if it has none of ours.

    >>> preferred_language("de, ru;q=0.8, en;q=0.5")
    'ru'
    """
    weights: dict[str, float] = {}
    for entry in header.lower().split(","):
        tag, _, weight = entry.partition(";")
        language = tag.strip().partition("-")[0]
        if language in languages():
            weights.setdefault(language, _weight(weight))
    return max(weights, key=weights.__getitem__, default="en")


def _weight(text: str) -> float:
    value = text.strip().removeprefix("q=")
    try:
        return float(value) if value else 1.0
    except ValueError:
        return 0.0
