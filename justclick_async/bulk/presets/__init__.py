"""Presets for exports of other systems: their headings and fields, one TOML file each.

A preset is recognized by headings that no other system has.  Files in the wild differ from each
other (order, custom fields, versions), so that a few of them are enough.  A heading may hold ``*``
for text that varies, and ``#2`` for the second column of that name.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from attrs import evolve, field, frozen

from justclick_async.bulk import russian

__all__ = [
    "Preset",
    "ProductColumns",
    "Target",
    "heading_words",
    "is_preset_heading",
    "load_presets",
    "normalize_heading",
    "number_headings",
    "recognize",
]

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_BETWEEN_WORDS = re.compile(r"[\s\-\[\].]+")


def normalize_heading(name: str) -> str:
    """Return the name of a column in lower case, with one underscore between words."""
    visible = russian.fold_yo(_INVISIBLE.sub("", name).strip())
    return _BETWEEN_WORDS.sub("_", visible).strip("_")


def _texts(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _columns(value: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {name: _texts(headings) for name, headings in value.items()}


def _none() -> dict[str, Any]:
    return {}


@frozen
class Target:
    """The meaning of a column of a known export.

    Attributes:
        field: The field; empty if the column is left out.
        rank: 0 for the column that counts, 1 for the one that counts where that is empty, ...
        number: The number of the product where the heading holds one.
    """

    field: str
    rank: int = 0
    number: int = 0


_LEFT_OUT = Target("")


@frozen(kw_only=True)
class ProductColumns:
    """One way in which an export names its products.

    Attributes:
        columns: The headings of each field.
        left_out: The headings that mean nothing if products are named in this way.
        goods_syntax: How a cell that holds several products is written.
    """

    columns: Mapping[str, tuple[str, ...]] = field(converter=_columns)
    left_out: tuple[str, ...] = field(converter=_texts, default=())
    goods_syntax: str | None = None


def _product_columns(tables: Iterable[Mapping[str, Any]]) -> tuple[ProductColumns, ...]:
    return tuple(
        ProductColumns(
            left_out=table.pop("left_out", ()),
            goods_syntax=table.pop("goods_syntax", None),
            columns=table,
        )
        for table in map(dict[str, Any], tables)
    )


@frozen(kw_only=True)
class Preset:
    """An export of another system.

    Attributes:
        name: As ``--preset`` takes it.
        title: The name of the system and of the export.
        kind: What the rows are: ``orders`` or ``contacts``.
        recognized_by: Headings that no other export has.
        at_least: How many of these must be there.
        columns: The headings of each field, the one that counts first.
        left_out: Headings that are known and mean nothing to the service.
        joined: Headings whose cells make up one field together.
        products: Ways to name products; the first whose columns are there counts.
        goods_syntax: How a cell that holds several products is written.
        coupon_syntax: How the cell of the coupon is written.
        zone: The zone of its times, where the export fixes one.
        decimal: The decimal sign, where the export fixes one.
        items_below: Whether rows without an order number belong to the order above.
        first_of_list: Fields of whose cells the first of several values counts.
        refuses_others: Whether other columns are refused instead of left out, since they may hold
            what was ordered.
        is_exact: Whether cells are the service's own values and taken as they are.
    """

    name: str
    title: str
    kind: str
    recognized_by: tuple[str, ...] = field(converter=_texts)
    at_least: int = 2
    columns: Mapping[str, tuple[str, ...]] = field(converter=_columns, factory=_none)
    left_out: tuple[str, ...] = field(converter=_texts, default=())
    joined: Mapping[str, tuple[str, ...]] = field(converter=_columns, factory=_none)
    products: tuple[ProductColumns, ...] = field(converter=_product_columns, default=())
    goods_syntax: str | None = None
    coupon_syntax: str | None = None
    zone: str | None = None
    decimal: str | None = None
    items_below: bool = False
    first_of_list: tuple[str, ...] = field(converter=_texts, default=())
    refuses_others: bool = False
    is_exact: bool = False

    def matches(self, header: Sequence[str]) -> bool:
        """Return whether enough of its own headings are there; names normalized."""
        own = _Headings((heading, Target(heading)) for heading in self.recognized_by)
        found = {target.field for name in number_headings(header) if (target := own.find(name))}
        return len(found) >= self.at_least

    def targets(self, header: Sequence[str]) -> list[Target | None]:
        """Return what each column means; ``None`` for columns that the export does not have."""
        known = _Headings(self._known(self.way(header)))
        return list(map(known.find, number_headings(header)))

    def way(self, header: Sequence[str]) -> ProductColumns | None:
        """Return the way in which products are named in a file with this header."""
        for way in self.products:
            headings = next(iter(way.columns.values()))
            first = _Headings((heading, _LEFT_OUT) for heading in headings)
            if any(map(first.find, number_headings(header))):
                return way
        return None

    def share(self, header: Sequence[str]) -> int:
        """Return how many of these columns the export has."""
        return sum(target is not None for target in self.targets(header))

    def headings(self) -> Iterator[str]:
        """Return all headings that the export may have."""
        yield from self.recognized_by
        for way in (*self.products, None):
            yield from (heading for heading, _ in self._known(way))

    def _known(self, way: ProductColumns | None) -> Iterator[tuple[str, Target]]:
        for columns in (self.columns, *([way.columns] if way else []), self.joined):
            for name, headings in columns.items():
                yield from ((heading, Target(name, rank)) for rank, heading in enumerate(headings))
        left_out = [self.left_out, *(other.left_out for other in self.products)]
        for other in self.products:
            left_out += other.columns.values()
        yield from ((heading, _LEFT_OUT) for headings in left_out for heading in headings)


class _Headings:
    """A lookup of headings, some of them with ``*``; the first match counts."""

    def __init__(self, known: Iterable[tuple[str, Target]]) -> None:
        self._exact: dict[str, Target] = {}
        self._varying: list[tuple[re.Pattern[str], Target]] = []
        for heading, target in known:
            if "*" in heading:
                self._varying.append((_pattern(heading), target))
            else:
                self._exact.setdefault(_key(heading), target)

    def find(self, name: str) -> Target | None:
        """Return the target of the heading that fits ``name#2``."""
        bare = name.rpartition("#")[0]
        if found := self._exact.get(name) or self._exact.get(bare):
            return found
        for pattern, target in self._varying:
            if match := pattern.fullmatch(bare):
                is_number = target.field and match[1].isascii() and match[1].isdigit()
                return evolve(target, number=int(match[1])) if is_number else target
        return None


def number_headings(header: Iterable[str]) -> list[str]:
    """Return ``name#1``, ``name#2``, ... for columns of one name."""
    seen: Counter[str] = Counter()
    found: list[str] = []
    for name in header:
        seen[name] += 1
        found.append(f"{name}#{seen[name]}")
    return found


def _key(heading: str) -> str:
    name, sharp, number = heading.rpartition("#")
    return (
        f"{normalize_heading(name)}#{number}"
        if sharp and number.isdigit()
        else normalize_heading(heading)
    )


@cache
def _pattern(heading: str) -> re.Pattern[str]:
    before, after = map(re.escape, normalize_heading(heading).split("*"))
    return re.compile(f"{before}(.+){after}")


@cache
def load_presets() -> Mapping[str, Preset]:
    """Read all presets of this package."""
    texts = {
        file.name.removesuffix(".toml"): file.read_text("utf-8")
        for file in files(__name__).iterdir()
        if file.name.endswith(".toml")
    }
    return {name: Preset(name=name, **tomllib.loads(texts[name])) for name in sorted(texts)}


def recognize(header: Sequence[str]) -> list[Preset]:
    """Return the exports that a file with this header may be, the likeliest first.

    Args:
        header: The names of the columns normalized.
    """
    likely = [preset for preset in load_presets().values() if preset.matches(header)]
    return sorted(likely, key=lambda preset: -preset.share(header))


@cache
def _all_headings() -> _Headings:
    presets = load_presets().values()
    return _Headings((heading, _LEFT_OUT) for preset in presets for heading in preset.headings())


def is_preset_heading(name: str) -> bool:
    """Return whether an export has a column of this name, as ``normalize_heading`` has it."""
    return _all_headings().find(f"{name}#1") is not None


@cache
def heading_words() -> frozenset[str]:
    """Return the words of the headings of all exports."""
    headings = [h for preset in load_presets().values() for h in preset.headings()]
    return frozenset(
        word for h in headings for word in normalize_heading(h).split("_") if len(word) > 1
    )
