"""Mapping of column names to fields.

Fields go by their English names here and by the service's own (``bill_surname``); what else columns
may be called stands in ``aliases.toml``, and the exports of other systems in ``bulk.presets``.  A
column that means nothing is an error rather than silence: a misspelt ``coupon`` would otherwise
cost money.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from functools import cached_property
from types import MappingProxyType
from typing import Literal

from attrs import Factory, field, frozen

from justclick_async.bulk import russian
from justclick_async.bulk.errors import FileProblem
from justclick_async.bulk.presets import (
    Preset,
    Target,
    load_presets,
    normalize_heading,
    number_headings,
    recognize,
)
from justclick_async.bulk.rows.aliases import load_names
from justclick_async.bulk.rows.options import ReadOptions
from justclick_async.bulk.rows.suggestions import (
    format_map_options,
    is_email,
    load_heading_words,
    looks_like_data,
    quote_for_shell,
    suggest_field,
)
from justclick_async.messages import Message, _, ngettext
from justclick_async.models import records
from justclick_async.visible import visible

__all__ = [
    "IMPERSONAL",
    "MARKS",
    "REPORTS",
    "Columns",
    "Names",
    "ProductCells",
    "column_references",
    "find_column",
    "find_field",
    "option_name",
    "read_header",
]

MARKS = tuple(f"{whose}{mark}" for whose in ("utm_", "aff_") for mark in records.MARKS)
"""The columns of the UTM marks: the shop's own, then the affiliate's."""

REPORTS = ("outcome", "code", "reason", "hint")
"""Columns that the result file of unprocessed rows adds."""

_REFUSALS = ("code", "reason", "hint")
"""Columns that the result file of failed rows adds."""

IMPERSONAL = frozenset(
    {"activation", "bill_id", "coupon", "created", "currency", "date", "domain", "goods", "groups"}
    | {"order_key", "status", "tag", "tags", "timer_kill", *MARKS}
)
"""The fields without personal data; any other column may have some."""


@frozen(kw_only=True)
class Names:
    """The column names of one kind of rows.

    Attributes:
        kind: What the rows are.
        title: The kind in words.
        example: The header of a file, for hints.
        required: The fields that every row needs.
        aliases: What else the column of each field may be called.
        marks: The fields that are UTM marks.
        success: The columns that the result file of rows that succeeded adds, if these can be told
            from the user's own.
        products: Whether each product of a row may have columns of its own, numbered.
        not_sent: Fields that are read or shown only, and that ``--set`` cannot give.
        driven_by: Columns of files of ours about orders, of which only the first is read here.
        presets: The kind whose presets fit.
    """

    kind: str
    title: Message
    example: str
    required: tuple[str, ...]
    aliases: Mapping[str, Iterable[str]]
    marks: tuple[str, ...] = ()
    success: tuple[str, ...] = ()
    products: bool = False
    not_sent: tuple[str, ...] = ()
    driven_by: tuple[tuple[str, ...], ...] = ()
    presets: str = field(default=Factory(lambda names: names.kind, takes_self=True))

    @cached_property
    def fields(self) -> Mapping[str, str]:
        """The field that each name stands for; names as ``normalize_heading`` writes them."""
        names = {normalize_heading(name): name for name in (*self.aliases, *self.marks)}
        names |= {
            normalize_heading(alias): name for name in self.aliases for alias in self.aliases[name]
        }
        in_brackets = {f"utm_{mark}": mark for mark in self.marks}  # utm[utm_medium], utm[aff_term]
        return MappingProxyType(names | in_brackets)

    @property
    def reports(self) -> tuple[tuple[str, ...], ...]:
        """The sets of columns that the result files add.

        No part of a row, so that result files can be fed back in; one of these columns alone is the
        user's own.
        """
        return (REPORTS, _REFUSALS, *([self.success] if self.success else []))

    @property
    def described(self) -> tuple[str, ...]:
        """The names of all fields, as ``--map`` takes them."""
        products = _PRODUCT_COLUMNS if self.products else ()
        return (*dict.fromkeys(self.fields.values()), *products)


_PRODUCT_COLUMNS = tuple(f"good_{each}_1" for each in ("name", "sum", "count", "total", "discount"))
_WHAT = {"sum": "price", "quantity": "count", "qty": "count"}
_NUMBERED = re.compile(
    r"(?:goods?|product)_?(name|sum|price|count|quantity|qty|total|discount)?_?(\d{1,3})?"
    r"(?:_good)?_?(name|sum|price|count|quantity|qty|total|discount)?"
)
_NUMBERED_WORD, _WORDS = re.compile(russian.PRODUCT_COLUMNS[0]), russian.PRODUCT_COLUMNS[1]


def find_field(name: str, names: Names) -> str | None:
    """Return the field that a column is named for; ``None`` if it means nothing."""
    plain = normalize_heading(name)
    return names.fields.get(plain) or (_numbered(plain) if names.products else None)


def _numbered(plain: str) -> str | None:
    """Return ``name 1``, ``price 1``, ... for the columns of one product."""
    if match := _NUMBERED_WORD.fullmatch(plain):
        return f"{_WORDS.get(match[1].partition('_')[0], 'count')} {match[2] or 0}"
    match = _NUMBERED.fullmatch(plain)
    if match is None or (match[1] and match[3]):
        return None
    what = match[1] or match[3] or "name"
    return f"{_WHAT.get(what, what)} {match[2] or 0}"


@frozen
class ProductCells:
    """The cells of one product: the first name that is filled counts.

    Attributes:
        number: Of the product.
        names: Cells that name it.
        price: Cell of the price of one piece.
        count: Cell of the quantity.
        total: Cell of the price of all pieces.
        discount: Cell of what is taken off the price of all pieces.
    """

    number: int
    names: tuple[int, ...] = ()
    price: int | None = None
    count: int | None = None
    total: int | None = None
    discount: int | None = None

    def cells_of(self, what: str) -> tuple[int, ...]:
        """Return the cells of ``name``, ``price``, ``count``, ``total`` or ``discount``."""
        cell = None if what == "name" else getattr(self, what)
        return self.names if what == "name" else () if cell is None else (cell,)

    @property
    def cells(self) -> tuple[int, ...]:
        """All of them."""
        others = (self.price, self.count, self.total, self.discount)
        return (*self.names, *(at for at in others if at is not None))


@frozen
class Columns:
    """The meaning of each cell of a row.

    Attributes:
        header: The names as they stand in the file.
        fields: The cells of each field; the first that is filled counts.
        joined: The fields whose cells make up one value together.
        products: The cells of each product, in their order.
        left_out: The cells that are not sent.
        nameless: The cells of columns without a name, which must be empty.
        reported: The cells that the result files added.
        constants: What every row says, by field.
        preset: The export that this is; ``None`` for files of one's own.
    """

    header: tuple[str, ...]
    fields: Mapping[str, tuple[int, ...]]
    joined: frozenset[str] = frozenset()
    products: tuple[ProductCells, ...] = ()
    left_out: tuple[int, ...] = ()
    nameless: tuple[int, ...] = ()
    reported: Mapping[str, int] = MappingProxyType({})
    constants: Mapping[str, str] = MappingProxyType({})
    preset: Preset | None = None

    @property
    def plain(self) -> Mapping[str, int]:
        """The cell of each field; the one that counts most where there are several."""
        return {name: cells[0] for name, cells in self.fields.items()}

    def headings_of(self, name: str) -> frozenset[str]:
        """Return the normalized headings of the columns of a field."""
        return frozenset(normalize_heading(self.header[at]) for at in self.fields.get(name, ()))

    @property
    def items_below(self) -> bool:
        """True if rows without an order number belong to the order above."""
        return self.preset is not None and self.preset.items_below

    @property
    def names_products(self) -> bool:
        """True if products are named in columns of their own, or for all rows."""
        return "name 0" in self.constants or any(product.names for product in self.products)

    @property
    def personal(self) -> Mapping[int, str]:
        """The cells that may hold personal data, by index, with their names."""
        shown = {i for name in IMPERSONAL for i in self.fields.get(name, ())}
        shown |= {i for product in self.products for i in product.cells}
        return {i: name for i, name in enumerate(self.header) if i not in shown}

    @property
    def kept(self) -> tuple[int, ...]:
        """The cells that are the user's own, not those of an earlier report."""
        reported = set(self.reported.values())
        return tuple(i for i in range(len(self.header)) if i not in reported)

    def name_of(self, field_name: str) -> str:
        """Return the column name of a field."""
        cells = self.fields.get(field_name)
        return self.header[cells[0]] if cells else field_name

    def describe(self) -> str:
        """Return what each column means, in a stable order: the identity of a reading."""
        meaning = [f"{name}={cells}" for name, cells in sorted(self.fields.items())]
        return " ".join([*meaning, *map(repr, self.products), repr(self.preset)])


# ── From names to columns ─────────────────────────────────────────────────────────────


def read_header(
    header: Sequence[str], options: ReadOptions = ReadOptions(), *, names: Names
) -> Columns:
    """Map the columns of a header to fields.

    Args:
        header: The names as they stand in the file.
        options: Which columns are called otherwise, which preset is meant, ...
        names: What columns may be called.

    Raises:
        FileProblem: A column means nothing, two mean the same, or a required one is missing.
    """
    columns = _Header(tuple(header), options, names).columns()
    _refuse_currency(columns, options.currency)
    for name in names.required:
        _require(columns, name)
    if names.products:
        _require_products(columns)
    return columns


_IN_A_CURRENCY = re.compile(
    r".*[\s,(](RUB|USD|EUR|KZT|BYN|UAH|GBP|AMD|AZN|GEL|UZS|KGS|TJS|MDL|CNY|TRY|PLN|CZK|ILS)\)?\s*"
)


def _refuse_currency(columns: Columns, currency: str) -> None:
    """Refuse prices whose heading names another currency than that of the shop."""
    cells = [at for each in columns.products for at in (each.price, each.total) if at is not None]
    for at in cells:
        named = _IN_A_CURRENCY.fullmatch(columns.header[at])
        if named and named[1] != currency:
            raise FileProblem(
                _(
                    "the prices in {column!r} are in {code}, but the shop sells in {currency}.",
                    column=columns.header[at],
                    code=named[1],
                    currency=currency,
                ),
                _(
                    "Convert them and rename the column. If {code} is the currency of the shop, "
                    "add --currency {code}.",
                    code=named[1],
                ),
            )


def column_references(header: Sequence[str]) -> list[str]:
    """Return how ``--map`` has to call each column: ``NAME``, ``NAME#2``, or ``#3``."""
    plain = [normalize_heading(name) for name in header]
    times = Counter(plain)
    found: list[str] = []
    for cell, (name, places) in enumerate(zip(header, number_headings(plain), strict=True)):
        if not plain[cell] or looks_like_data(name) or visible(name) != name:
            found.append(f"#{cell + 1}")
        elif times[plain[cell]] == 1:
            found.append(name.strip())
        else:
            found.append(f"{name.strip()}#{places.rpartition('#')[2]}")
    return found


def find_column(header: Sequence[str], column: str, reported: Collection[int] = ()) -> int:
    """Return the index of a column that is called by its name, ``NAME#2``, or ``#3``.

    Args:
        header: The names of all columns.
        column: What the user calls it.
        reported: The columns of an earlier report of ours, which are not meant.

    Raises:
        FileProblem: There is none, or there are several.
    """
    plain = [normalize_heading(name) for name in header]
    own = [i for i in range(len(header)) if i not in reported]
    there = [i for i in own if plain[i] and plain[i] == normalize_heading(column)]
    if len(there) == 1:
        return there[0]
    called = column_references(header)
    if there:
        names = ", ".join(quote_for_shell(called[i]) for i in there)
        raise FileProblem(
            _("{count} columns are named {column!r}.", count=len(there), column=column),
            _("Choose one of: {names}.", names=names),
        )
    name, sharp, number = column.rpartition("#")
    if sharp and number.isascii() and number.isdigit():
        places = [i for i in own if plain[i] == normalize_heading(name)]
        if not normalize_heading(name):
            places = list(range(len(header)))
        if 0 < int(number[:6]) <= len(places):
            return places[int(number[:6]) - 1]
    names = ", ".join(called[i] for i in own if plain[i])
    raise FileProblem(
        _("column {column!r} not found.", column=column),
        _("Use one of: {names}.", names=names),
    )


@frozen
class _Meaning:
    """A column that may stand for a field.

    Attributes:
        cell: Its index.
        origin: Who says so: the user (``renamed``), the ``preset``, or its ``name``.
        rank: Which of several columns of the field counts first.
    """

    cell: int
    origin: Literal["renamed", "preset", "name"]
    rank: int = 0


def _is_price(heading: str) -> bool:
    """Return whether a heading is that of a price, whatever stands around its words."""
    return "_".join(re.findall(r"[^\W_]+", heading.casefold())) in load_names("amounts")


_ALONE = ("price ", "count ", "total ", "discount ")
"""Fields of a product of which the second column could not count."""

_NAMES_OF_A_PERSON = ("first_name", "last_name", "middle_name")


class _Header:
    """The mapping of one header, step by step."""

    def __init__(self, header: tuple[str, ...], options: ReadOptions, names: Names) -> None:
        self._header = header
        self._plain = [normalize_heading(name) for name in header]
        self._options = options
        self._names = names
        self._reported = self._reports()
        self._own = [i for i in range(len(header)) if i not in self._reported.values()]
        self._number = self._column_of_number()
        self._left_out: set[int] = set()
        self._meanings: defaultdict[str, list[_Meaning]] = defaultdict(list)

    def columns(self) -> Columns:
        self._take_renamed()
        constants = self._constants()
        preset = self._find_preset()
        if preset is not None:
            self._take_preset(preset, constants)
        self._take_names(preset, constants)
        for name in constants:
            self._refuse_two_sources(name)
        fields = {name: self._cells(name) for name in self._meanings}
        self._refuse_two_names(fields)
        return Columns(
            self._header,
            {name: cells for name, cells in fields.items() if " " not in name},
            frozenset(preset.joined) & fields.keys() if preset else frozenset(),
            _products(fields, constants),
            tuple(sorted(self._left_out)),
            tuple(i for i in self._open() if not self._plain[i]),
            self._reported,
            constants,
            preset,
        )

    # ── What stands there ──

    def _reports(self) -> Mapping[str, int]:
        """Return the cells of each report of ours of which all columns are there."""
        last = {name: i for i, name in enumerate(self._plain)}
        whole = [names for names in self._names.reports if all(name in last for name in names)]
        return {name: last[name] for names in whole for name in names}

    def _column_of_number(self) -> int | None:
        """Return the only column that is read of a result file or an export of orders.

        The others describe the order as it was created: its own number in another system, its
        date, its status there.
        """
        last = {name: i for i, name in enumerate(self._plain)}
        whole = (names for names in self._names.driven_by if last.keys() >= set(names))
        return next((last[names[0]] for names in whole), None)

    def _open(self) -> list[int]:
        """Return the columns that have no meaning yet."""
        taken = {meaning.cell for found in self._meanings.values() for meaning in found}
        taken |= self._left_out
        return [i for i in self._own if i not in taken]

    # ── What it means ──

    def _take_renamed(self) -> None:
        for rank, (column, target) in enumerate(self._options.rename):
            cell = find_column(self._header, column, self._reported.values())
            if not target:
                self._left_out.add(cell)
                continue
            found = find_field(target, self._names)
            if found is None:
                raise self._no_such_field(target)
            if self._plain[cell] in load_names("never_sent"):
                raise FileProblem(
                    _(
                        "column {column!r} is never sent, because it contains secrets or "
                        "tracking data.",
                        column=self._header[cell],
                    ),
                    _("Remove this --map."),
                )
            self._meanings[found].append(_Meaning(cell, "renamed", rank))

    def _constants(self) -> Mapping[str, str]:
        constants: dict[str, str] = {}
        for target, value in self._options.constants:
            found = find_field(target, self._names)
            if found is None or found in self._names.not_sent:
                raise self._no_such_field(target)
            constants[found] = value
        return constants

    def _find_preset(self) -> Preset | None:
        asked = self._options.preset
        if asked == "none":
            return None
        own = [self._plain[i] for i in self._own]
        if asked is not None:
            return self._preset_named(asked, own)
        names = (self._plain[i] for i in self._open())
        if self._number is not None or all(find_field(name, self._names) for name in names if name):
            return None
        likely = recognize(own)
        fitting = [preset for preset in likely if preset.kind == self._names.presets]
        foreign = not self._options.ignore_unknown or bool(self._names.driven_by)
        if likely and not fitting and foreign:
            raise _of_another_kind(likely[0], self._names)
        return fitting[0] if fitting else None

    def _preset_named(self, name: str, own: Sequence[str]) -> Preset:
        preset = load_presets().get(name)
        kind = self._names.presets
        fitting = [each.name for each in load_presets().values() if each.kind == kind]
        if preset is None or preset.kind != kind:
            raise FileProblem(
                _("unknown preset {name!r} of {kind}.", name=name, kind=self._names.kind),
                _("Use one of: none, {names}.", names=', '.join(fitting)),
            )  # fmt: skip
        if not preset.share(own):
            raise FileProblem(
                _("the file has none of the columns of the preset {name!r}.", name=name),
                _("Remove --preset: known exports are recognized automatically."),
            )
        return preset

    def _take_preset(self, preset: Preset, constants: Mapping[str, str]) -> None:
        targets = preset.targets([self._plain[i] for i in self._own])
        unclear = set(self._open())
        taken = self._meanings.keys() | constants.keys()
        for cell, target in zip(self._own, targets, strict=True):
            if target is None or cell not in unclear:
                continue
            name = self._field_of(target)
            if name is None or _gives_way(name, taken):
                self._left_out.add(cell)
            else:
                self._meanings[name].append(_Meaning(cell, "preset", target.rank))

    def _field_of(self, target: Target) -> str | None:
        name = find_field(target.field, self._names) if target.field else None
        return name.replace(" 0", f" {target.number}") if name and target.number else name

    def _take_names(self, preset: Preset | None, constants: Mapping[str, str]) -> None:
        taken = self._meanings.keys() | constants.keys()
        takes_all = preset is None or preset.refuses_others
        unknown: list[int] = []
        for cell in self._open():
            plain, name = self._plain[cell], find_field(self._header[cell], self._names)
            is_of_report = self._number is not None and cell != self._number
            if is_of_report or plain in load_names("never_sent"):
                self._left_out.add(cell)
            elif name is not None and (takes_all or not _gives_way(name, taken)):
                self._meanings[name].append(_Meaning(cell, "name"))
            elif plain and (self._options.ignore_unknown or not takes_all):
                self._left_out.add(cell)
            elif plain:
                unknown.append(cell)
        if unknown:
            self._refuse(unknown)

    # ── Which of several counts ──

    def _cells(self, name: str) -> tuple[int, ...]:
        found = self._meanings[name]
        is_shown_only = name == "status" and name in self._names.not_sent
        if not is_shown_only and not (name == "goods" and found[0].origin == "preset"):
            self._refuse_doubles(name, found)
        return tuple(each.cell for each in sorted(found, key=lambda each: each.rank))

    def _refuse_doubles(self, name: str, found: Sequence[_Meaning]) -> None:
        only_one = any(meaning.origin == "name" for meaning in found) or name.startswith(_ALONE)
        first: dict[int, int] = {}
        for meaning in found:
            rank = 0 if only_one else meaning.rank
            if rank in first:
                raise self._mean_the_same(first[rank], meaning.cell, name)
            first[rank] = meaning.cell

    def _refuse_two_names(self, fields: Mapping[str, Sequence[int]]) -> None:
        for name in _NAMES_OF_A_PERSON:
            if "full_name" in fields and name in fields:
                raise self._mean_the_same(
                    fields[name][0], fields["full_name"][0], name, either=False
                )

    def _refuse_two_sources(self, name: str) -> None:
        for meaning in self._meanings.get(name, ()):
            column = self._header[meaning.cell]
            ignore = format_map_options([(column_references(self._header)[meaning.cell], "")])
            raise FileProblem(
                _(
                    "{name!r} comes both from --set and from the column {column!r}.",
                    name=name,
                    column=column,
                ),
                _(
                    "Remove --set, or ignore the column: {ignore}",
                    ignore=ignore,
                ),
            )

    # ── Refusals ──

    def _refuse(self, unknown: Sequence[int]) -> None:
        self._refuse_headerless()
        called = column_references(self._header)
        fields = {i: suggest_field(self._header[i], self._names.fields) for i in unknown}
        prices = [i for i in unknown if _is_price(self._header[i])]
        has_price = any(name.startswith(("price ", "total ")) for name in self._meanings)
        if self._names.products and len(prices) == 1 and not has_price:
            fields[prices[0]] = "good_sum_1"
        pairs = [(called[i], field_name) for i, field_name in fields.items()]
        names = ", ".join(map(repr, map(_cut, (name for name, _ in pairs))))
        line = format_map_options((name, field_name or "") for name, field_name in pairs)
        raise FileProblem(
            ngettext(
                "unknown column {names}.", "unknown columns {names}.", len(unknown), names=names
            ),
            _(
                "Write a field after each = (--help lists them); columns without one are not "
                "sent:  {line}   To send none of these columns, add --ignore-unknown.",
                line=line,
            ),
        )

    def _refuse_headerless(self) -> None:
        """Refuse a file whose first line is data, without showing it."""
        columns = [name for name in self._header if name.strip()]
        none_known = not self._meanings and not self._options.rename
        if any(map(is_email, columns)) or (none_known and any(map(looks_like_data, columns))):
            raise FileProblem(
                _("the file has no header: its first line looks like data."),
                _(
                    "Add a line above it with the name of each column in order, such as {example} "
                    "(justclick import --help lists the names).",
                    example=self._names.example,
                ),
            )
        words = load_heading_words()
        if none_known and not any(words & set(re.split(r"\W|_", n)) for n in self._plain):
            count = len(columns)
            raise FileProblem(
                _("the first line has {count} column names, all unknown.", count=count),
                _(
                    "If the first line is data, add a line above it with the name of each column "
                    "in order, such as {example}. Otherwise choose the fields by position, such as "
                    "--map '#1=email', and add --ignore-unknown.",
                    example=self._names.example,
                ),
            )

    def _no_such_field(self, target: str) -> FileProblem:
        if find_field(target, self._names) is not None:
            return FileProblem(
                _("{target!r} cannot be the same in every row.", target=target),
                _("Remove --set {target}, and fill in a column instead.", target=target),
            )
        close = suggest_field(target, self._names.fields)
        if close is not None:
            return FileProblem(
                _("unknown field {target!r}.", target=target),
                _("Did you mean {close}?", close=close),
            )
        fields = ", ".join(self._names.described)
        return FileProblem(
            _("unknown field {target!r}.", target=target),
            _("Use one of: {fields}.", fields=fields),
        )

    def _mean_the_same(
        self, one: int, other: int, name: str, *, either: bool = True
    ) -> FileProblem:
        called = column_references(self._header)
        first, second = called[one], called[other]
        target = option_name(name)
        both = format_map_options([(first, target), (second, target)])
        drop = format_map_options([(second, "")])
        if name.startswith(_ALONE) or not either:
            choice = _("To ignore the second, add {drop}", drop=drop)
        else:
            choice = _(
                "To use the first that is not empty, add {both}  To ignore the second, add {drop}",
                both=both,
                drop=drop,
            )
        return FileProblem(
            _(
                "columns {first!r} and {second!r} have the same meaning.",
                first=first,
                second=second,
            ),
            choice,
        )


def _gives_way(name: str, taken: Set[str]) -> bool:
    """Return whether a column is ignored because others already provide its field."""
    if name == "full_name":
        return not taken.isdisjoint(("full_name", *_NAMES_OF_A_PERSON))
    if name in _NAMES_OF_A_PERSON and "full_name" in taken:
        return True
    if "goods" in taken and " " in name:
        return not name.endswith(" 0") or name == "name 0"
    names_a_product = name == "goods" or name.startswith("name ")
    return name in taken or (names_a_product and any(each.startswith("name ") for each in taken))


def _products(
    fields: Mapping[str, tuple[int, ...]], constants: Mapping[str, str]
) -> tuple[ProductCells, ...]:
    numbers = {int(name.split()[1]) for name in (*fields, *constants) if " " in name}

    def cell(what: str, number: int) -> int | None:
        return next(iter(fields.get(f"{what} {number}", ())), None)

    return tuple(
        ProductCells(
            number,
            fields.get(f"name {number}", ()),
            *(cell(what, number) for what in ("price", "count", "total", "discount")),
        )
        for number in sorted(numbers)
    )


def option_name(name: str) -> str:
    """Return a field as ``--map`` takes it: ``name 1`` is ``good_name_1``."""
    what, blank, number = name.partition(" ")
    if not blank:
        return name
    what = "sum" if what == "price" else what
    return f"good_{what}" if number == "0" else f"good_{what}_{number}"


def _cut(name: str) -> str:
    return name if len(name) <= 60 else f"{name[:60]}..."


def _of_another_kind(preset: Preset, names: Names) -> FileProblem:
    text = _(
        "this is an export of {there} ({title}), not of {asked}.",
        there=_("contacts") if preset.kind == "contacts" else _("orders"),
        title=preset.title,
        asked=names.title,
    )
    if names.driven_by:
        return FileProblem(
            text,
            _(
                "Its numbers belong to another system. Write a file of your own with the "
                "columns bill_id and status."
            ),
        )
    return FileProblem(text, _("Add --kind {kind}.", kind=preset.kind))


def _require(columns: Columns, name: str) -> None:
    """Refuse a header that lacks a column which every row needs."""
    if name in columns.fields or name in columns.constants:
        return
    names = ", ".join(
        f"#{i + 1}" if looks_like_data(column) else column
        for i, column in enumerate(columns.header)
        if column.strip()
    )
    text = _("column {name!r} not found.", name=name)
    if columns.preset is not None:
        title = columns.preset.title
        text = _("this export ({title}) has no column {name!r}.", title=title, name=name)
    raise FileProblem(
        text,
        _(
            "Add a column {name} to the header and fill it in, or choose a column: --map "
            "'COLUMN={name}'. The file has: {names}.",
            name=name,
            names=names,
        )
        if name != "status"
        else _(
            "Fill in a column status, choose one: --map 'COLUMN=status', or give every row the "
            "same: --set status=STATUS (sent, paid, return or cancel). The file has: {names}.",
            names=names,
        ),
    )


def _require_products(columns: Columns) -> None:
    """Refuse a header without products, or with products in two places."""
    has_goods = "goods" in columns.fields or "goods" in columns.constants
    if has_goods and columns.names_products:
        raise FileProblem(
            _("products are both in 'goods' and in columns of their own."),
            _("Leave out one of the two: --map 'COLUMN=' for each of its columns."),
        )
    if not (has_goods or columns.names_products):
        which = f" ({columns.preset.title})" if columns.preset else ""
        raise FileProblem(
            _("there is no column with products{which}.", which=which),
            _(
                "Add a column 'goods' (invoice:1500, sales), or columns 'good_name_1', "
                "'good_sum_1', ...; or say which column holds the product: --map "
                "'COLUMN=good_name'; or give every order the same product: --set goods=ID."
            ),
        )
