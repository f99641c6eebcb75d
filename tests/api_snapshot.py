"""The public interface as text, so that a change of it is seen: ``python -m tests.api_snapshot``.

Read as the sources stand (griffe runs nothing): what each public room exports, wherever it is
defined; functions with their signatures, classes with their bases, attributes and methods.  The
command writes ``tests/data/api.txt`` anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import griffe

ROOT = Path(__file__).parents[1]
FILE = ROOT / "tests" / "data" / "api.txt"
ROOMS = (
    "justclick_async",
    "justclick_async.bulk",
    "justclick_async.endpoints.contacts",
    "justclick_async.endpoints.orders",
    "justclick_async.endpoints.partners",
    "justclick_async.endpoints.products",
    "justclick_async.endpoints.undescribed",
    "justclick_async.endpoints.v2",
    "justclick_async.errors",
    "justclick_async.notifications",
    "justclick_async.notifications.aiohttp_web",
    "justclick_async.notifications.asgi",
    "justclick_async.notifications.wsgi",
    "justclick_async.otel",
    "justclick_async.php",
    "justclick_async.sandbox",
    "justclick_async.signing",
    "justclick_async.testing",
)
"""What people import from.  All else is how it is done, and may change from one day to the next."""


def snapshot() -> list[str]:
    """Return the lines that describe the public interface, sorted."""
    package = griffe.load("justclick_async", search_paths=[ROOT], resolve_aliases=True)
    lines: set[str] = set()
    for path, room in zip(ROOMS, _rooms(package), strict=True):
        for name in map(str, room.exports or ()):
            lines.add(f"{path} exports {name}")
            member = room.members.get(name)
            if member is not None and not member.is_module:
                lines.update(_of_object(member.final_target if member.is_alias else member))
    return sorted(lines)


def _of_object(thing: object) -> Iterator[str]:
    if isinstance(thing, griffe.Class):
        bases = ", ".join(map(str, thing.bases))
        yield f"class {thing.path}({bases})"
        for owner in (thing, *filter(_is_internal, thing.mro())):
            for name, member in owner.members.items():
                if not name.startswith("_") or name in ("__init__", "__call__", "__iter__"):
                    yield from _of_object(member)
    elif isinstance(thing, griffe.Function):
        yield f"{'async ' * ('async' in thing.labels)}def {thing.path}{_signature(thing)}"
    elif isinstance(thing, griffe.Attribute):
        told = f": {thing.annotation}" if thing.annotation else ""
        yield f"{thing.path}{told}{_default(thing)}"


def _is_internal(base: griffe.Class) -> bool:
    """Return whether a base class is ours and nobody can import it from where people import."""
    return base.package.name == "justclick_async" and not any(
        base.name in (room.exports or ()) for room in _rooms(base.package)
    )


def _rooms(package: griffe.Module) -> Iterator[griffe.Module]:
    for path in ROOMS:
        yield package[path.removeprefix("justclick_async.")] if "." in path else package


def _signature(function: griffe.Function) -> str:
    parts: list[str] = []
    keyword_only = False
    for parameter in function.parameters:
        kind = parameter.kind
        prefix = {
            griffe.ParameterKind.var_positional: "*",
            griffe.ParameterKind.var_keyword: "**",
        }.get(kind, "") if kind else ""  # fmt: skip
        if kind is griffe.ParameterKind.keyword_only and not keyword_only:
            keyword_only = True
            if not any(part.startswith("*") for part in parts):
                parts.append("*")
        told = f": {parameter.annotation}" if parameter.annotation else ""
        default = f" = {parameter.default}" if parameter.default and not prefix else ""
        parts.append(f"{prefix}{parameter.name}{told}{default}")
    return f"({', '.join(parts)}) -> {function.returns}"


def _default(attribute: griffe.Attribute) -> str:
    """Say whether a field has a default; what constants are is no promise."""
    value = str(attribute.value) if attribute.value is not None else ""
    if value.startswith("field("):
        return " = ..." if re.search(r"\b(default|factory)=", value) else ""
    return " = ..." if value else ""


def compare(before: list[str], now: list[str]) -> str:
    """Say what was removed and what was added; nothing if both are the same."""
    removed = [line for line in before if line not in set(now)]
    added = [line for line in now if line not in set(before)]
    told = [f"no longer: {line}" for line in removed] + [f"new: {line}" for line in added]
    return "\n".join(told)


def read() -> list[str]:
    """Return the lines that were written down."""
    return FILE.read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    lines = snapshot()
    print(compare(read() if FILE.exists() else [], lines) or "nothing has changed")
    FILE.write_text("\n".join([*lines, ""]), encoding="utf-8")
