"""Candidates: the queries that the usual mistakes make of a request.

A hash is a digest of a query, a login and a key.  Each part has the right form and wrong ones, and
each wrong one has a name in ``causes``.  Nothing here knows which hash was received.

Work is charged to a budget before it is done.
"""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import combinations, islice
from typing import TypeAlias, cast

from attrs import define, evolve, field, frozen

from justclick_async.diagnosis.changes import CHANGES, as_text, decoded, octets
from justclick_async.diagnosis.joints import Mistake
from justclick_async.php import (
    NotCanonicalError,
    PhpArray,
    canonical_query,
    urlencode,
)

__all__ = ["PER_ITEM", "Budget", "Candidate", "OutOfBudgetError", "Pair", "Request", "leaves"]

Pair: TypeAlias = "tuple[str, object]"
"""A parameter: its full name (``goods[0][good_name]``) and its value; arrays only if empty."""
Fields: TypeAlias = "Mapping[int, str | None]"
"""Encoded parameters by their number; ``None`` for those that are left out."""

PER_ITEM = 300
"""The cost of a parameter or a digest beside its bytes."""


class OutOfBudgetError(Exception):
    """The next step costs more than is left."""


@define
class Budget:
    """The work that a search may still do, in bytes that are encoded and hashed.

    Attributes:
        total: The whole budget.
        left: What is left of it.
    """

    total: int
    left: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.left = self.total

    def charge(self, cost: int) -> None:
        """Take *cost* before the work is done.

        Raises:
            OutOfBudgetError: Less is left.
        """
        if cost > self.left:
            raise OutOfBudgetError
        self.left -= cost


def leaves(params: PhpArray, prefix: str = "") -> Iterator[Pair]:
    """Yield the values of a PHP array, with those that ``http_build_query`` leaves out."""
    items = params.items() if isinstance(params, Mapping) else enumerate(params)
    for key, value in items:
        text = key.decode("utf-8", "surrogateescape") if isinstance(key, bytes) else str(key)
        name = f"{prefix}[{text}]" if prefix else text
        if isinstance(value, Mapping | list | tuple) and value:
            yield from leaves(cast("PhpArray", value), name)
        elif isinstance(value, bytes):
            yield name, value.decode("utf-8", "surrogateescape")
        else:
            yield name, value


def _encode(text: str) -> str:
    return urlencode(octets(text))


class _Encoder:
    """Encodes parameters as PHP does; each text once, since requests repeat names and values."""

    def __init__(self) -> None:
        self._encode = cache(_encode)

    def __call__(self, pair: Pair) -> str | None:
        """Encode a parameter; ``None`` if PHP leaves it out."""
        name, value = pair
        text = as_text(value)
        return None if text is None else f"{self._encode(name)}={self._encode(text)}"

    def join(self, pairs: Iterable[Pair]) -> str:
        """Encode parameters and join them."""
        return "&".join(encoded for pair in pairs if (encoded := self(pair)) is not None)


@frozen
class Candidate:
    """A query that mistakes make.

    Attributes:
        mistakes: Its mistakes.
        size: Its size in bytes at most, about.
        make: Makes it; that costs its size.
    """

    mistakes: tuple[Mistake, ...]
    size: int
    make: Callable[[], str] = field(repr=False)


@frozen
class _Edit:
    """A mistake that changes some parameters and leaves the others.

    Attributes:
        mistake: The mistake.
        fields: The parameters as it encodes them.
        change: Makes another pair of the parameter with a number; ``None`` leaves it out.
        recode: Changes the encoded parameter.
        is_rare: Whether it is tried together with other edits in small requests only.
    """

    mistake: Mistake
    fields: Fields
    change: Callable[[int, Pair], Pair | None] | None = None
    recode: Callable[[str], str] = str
    is_rare: bool = False


_TRIED = 50
"""The most parameters that are tried one by one."""

_MOST_PAIRS = 60_000
"""The most pairs with a rare edit that are tried."""

_BYTES_OF_PAIRS = 1_000_000_000
"""The most bytes of them: fewer pairs of a large request."""

_LESS_USUAL = {"padded", "invisible", "letter_case", "number_format", "exponent", "dotted_name"}
"""Rare edits of these causes are paired last."""


class Request:
    """A request, and the queries that mistakes make of it.

    They come in the order of how usual they are.  ``None`` among them stands for work without a
    result, after which the search may pause.

    Args:
        params: The parameters as PHP holds them, or as they were before they were encoded.
        raw: The body without its hash as it was sent, if it is known.
        right: The query that should have been hashed.
        budget: The budget that is charged.
    """

    def __init__(self, params: PhpArray, raw: str | None, right: str, budget: Budget) -> None:
        self._params = params
        self._raw = raw
        self._right = right
        self._charge = budget.charge
        self._charge(len(right))
        self._pairs = list(leaves(params))
        self._cost = len(right) + PER_ITEM * len(self._pairs)
        self._charge(self._cost)
        self._encode = _Encoder()
        self._encoded = [self._encode(pair) for pair in self._pairs]
        self._fields = raw.split("&") if raw else []
        self._edits: list[_Edit] | None = None
        self.texts: list[str] = [value for _, value in self._pairs if isinstance(value, str)]
        self._letters = "".join(self.texts)

    @property
    def right(self) -> Candidate:
        """The query that should have been hashed."""
        return Candidate((), len(self._right), lambda: self._right)

    def with_one_mistake(self, *, rare: bool = True) -> Iterator[Candidate | None]:
        """Yield the queries that one mistake makes; without *rare*, those of usual edits only."""
        yield from self._as_sent()
        for mistake, order in self._orders():
            yield self._candidate(mistake, {}, order)
        yield from self._readings()
        for edit in self._each_edit():
            if edit is None:
                yield None
            elif rare or not edit.is_rare:
                yield self._candidate(edit.mistake, edit.fields)
        yield from _encodings(self.right, self._letters)
        yield from _separators(self.right)
        yield from self._others()
        for edit in self._partial_encodings() if rare else ():
            yield self._candidate(edit.mistake, edit.fields)

    def with_two_mistakes(self) -> Iterator[Candidate | None]:
        """Yield the queries that two mistakes make."""
        edits = [edit for edit in self._each_edit() if edit is not None]
        usual = [edit for edit in edits if not edit.is_rare]
        rare = [*(edit for edit in edits if edit.is_rare), *self._partial_encodings()]
        rare = sorted(rare, key=lambda edit: edit.mistake[0] in _LESS_USUAL)
        most = min(_MOST_PAIRS, _BYTES_OF_PAIRS // (self._cost + 1))
        orders = list(self._orders())
        contents: list[Candidate | None] = [
            *(self._candidate(mistake, {}, order) for mistake, order in orders),
            *self._readings(),
            *(self._candidate(edit.mistake, edit.fields) for edit in usual),
        ]
        for joined in (*_separators(self.right), _with_bare_brackets(self.right)):
            for encoded in _encodings(joined, self._letters):
                yield evolve(encoded, mistakes=encoded.mistakes[::-1])
        for content in contents:
            if content is not None:
                yield from _encodings(content, self._letters)
                yield from _separators(content)
        for mistake, order in orders:
            for edit in (*usual, *rare[: most // 100]):
                yield self._candidate(mistake, edit.fields, order, edit.mistake)
        yield from self._together(combinations(usual, 2))
        pairs = ((edit, each) for edit in rare for each in usual)
        yield from self._together(islice(pairs, most))
        if len(rare) ** 2 < most:
            yield from self._together(combinations(rare, 2))

    def _together(self, pairs: Iterable[tuple[_Edit, _Edit]]) -> Iterator[Candidate | None]:
        for edit, other in pairs:
            if _family(edit) == _family(other):
                continue
            for one, two in (edit, other), (other, edit):
                both = self._composed(one, two)
                if both is not None:
                    yield self._candidate(one.mistake, both, None, two.mistake)
                if edit.fields.keys().isdisjoint(other.fields):
                    break  # the order makes no difference

    def _composed(self, one: _Edit, two: _Edit) -> Fields | None:
        fields = {**one.fields, **two.fields}
        for index in one.fields.keys() & two.fields.keys():
            if one.change is None or two.change is None:
                return None
            pair = one.change(index, self._pairs[index])
            pair = None if pair is None else two.change(index, pair)
            encoded = None if pair is None else self._encode(pair)
            fields[index] = None if encoded is None else two.recode(one.recode(encoded))
        return fields

    def _candidate(
        self, mistake: Mistake, fields: Fields, order: Sequence[int] | None = None, *more: Mistake
    ) -> Candidate:
        size = len(self._right) + sum(len(text) for text in fields.values() if text is not None)
        return Candidate((mistake, *more), size, partial(self._query, fields, order))

    def _query(self, fields: Fields, order: Sequence[int] | None) -> str:
        chosen = self._encoded.copy()
        for index, encoded in fields.items():
            chosen[index] = encoded
        if order is not None:
            chosen = [chosen[index] for index in order]
        return "&".join([each for each in chosen if each is not None])

    # ── Of the whole request ────────────────────────────────────────────────────────

    def _as_sent(self) -> Iterator[Candidate]:
        if self._raw is None:
            return
        raw = self._raw
        self._charge(2 * len(raw))
        if sorted(self._fields) == sorted(self._right.split("&")):
            yield Candidate((("interleaved", ""),), len(raw), lambda: raw)
            return
        later = self._fields[1:]
        if later and all(re.match("amp;[^=]+=", each) for each in later):
            yield Candidate((("separator", "&amp;"),), len(raw), lambda: raw)
        elif re.fullmatch("[^=;]*=[^;=]*(?:;[^=;]*=[^;=]*)+", raw):
            yield Candidate((("separator", ";"),), len(raw), lambda: raw)

    def _others(self) -> Iterator[Candidate | None]:
        right = self._right
        if (raw := self._raw) is not None:
            yield Candidate((("raw_body", ""),), len(raw), lambda: raw)
        yield Candidate((("nothing", ""),), 0, lambda: "")
        with_hash = f"{right}&hash=" if right else "hash="
        yield Candidate((("empty_hash", ""),), len(right), lambda: with_hash)
        texts = (text for _, value in self._pairs if (text := as_text(value)) is not None)
        yield Candidate((("values", ""),), self._cost, lambda: "".join(texts))
        self._charge(self._cost)
        for text in _jsons(self._params):
            yield Candidate((("json", ""),), len(text), partial(str, text))

    def _orders(self) -> Iterator[tuple[Mistake, list[int]]]:
        names = [octets(name) for name, _ in self._pairs]
        roots = [name.partition("[")[0] for name, _ in self._pairs]
        parts = [[octets(part) for part in re.split(r"\]?\[", name)] for name, _ in self._pairs]
        keys: list[Callable[[int], object]] = [
            lambda index: octets(roots[index]),
            lambda index: roots[index].lower(),
            lambda index: names[index],
            lambda index: parts[index],
        ]
        for key in keys:
            self._charge(2 * self._cost)
            order = sorted(range(len(names)), key=cast("Callable[[int], bytes]", key))
            if order != list(range(len(names))):
                yield ("sorted", ""), order

    def _readings(self) -> Iterator[Candidate | None]:
        """Yield what the client may have meant by a body that PHP reads differently."""
        if self._raw is None:
            return
        cost = len(self._raw) + PER_ITEM * (len(self._fields) + 1)
        self._charge(3 * cost)
        fields = [field.partition("=") for field in self._fields if field]
        pairs = [(decoded(name), decoded(value)) for name, _, value in fields]
        yield self._reading(_misread(pairs), pairs)
        if repeated := [name for name, count in Counter(n for n, _ in pairs).items() if count > 1]:
            yield self._reading(
                ("sent_repeated_name", _listed(repeated)), _numbered(pairs, repeated)
            )
        if "&amp;" in self._raw:
            cut = [(name.removeprefix("amp;"), value) for name, value in pairs]
            yield self._reading(("sent_with_amp", ""), cut)
        if ";" in self._raw:
            parts = (part.partition("=") for part in re.split("[;&]", self._raw) if part)
            split = [(decoded(name), decoded(value)) for name, _, value in parts]
            yield self._reading(("sent_with_semicolon", ""), split)
        self._charge(2 * cost)
        plus = [(decoded(name), decoded(value.replace("+", "%2B"))) for name, _, value in fields]
        yield self._reading(("bare_plus", ""), plus)
        self._charge(2 * cost)
        joined: list[tuple[str, str]] = []
        end: list[str] = []
        for name, equals, value in fields:
            if equals or not joined:
                joined = [*_closed(joined, end)] if end else joined
                joined.append((decoded(name), decoded(value)))
                end = []
            else:
                end.append(f"&{decoded(name)}")
        yield self._reading(("bare_ampersand", ""), _closed(joined, end))

    def _reading(self, mistake: Mistake, pairs: Iterable[Pair]) -> Candidate | None:
        query = self._encode.join(pairs)
        return None if query == self._right else Candidate((mistake,), len(query), lambda: query)

    # ── Of some parameters ──────────────────────────────────────────────────────────

    def _each_edit(self) -> Iterator[_Edit | None]:
        """Yield all edits; they are worked out once."""
        if self._edits is not None:
            yield from self._edits
            return
        edits: list[_Edit] = []
        for edit in self._new_edits():
            if edit is not None:
                edits.append(edit)
            yield edit
        self._edits = edits

    def _new_edits(self) -> Iterator[_Edit | None]:
        yield from self._bare_pluses()
        yield from self._arrays()
        seen: set[tuple[object, ...]] = set()
        for name, about, change in CHANGES:
            self._charge(5 * self._cost)  # letter by letter, where encoding takes many at once
            of_pair = _of_values(change)
            changed: dict[int, object] = {}
            for index, pair in enumerate(self._pairs):
                _, value = of_pair(index, pair)
                if value is not pair[1] and (value != pair[1] or type(value) is not type(pair[1])):
                    changed[index] = value
            mark = (name, *changed.items())
            if not changed or mark in seen:
                yield None
                continue
            seen.add(mark)
            yield from self._subsets((name, about), changed, of_pair)
        yield from self._left_out()

    def _subsets(
        self,
        mistake: Mistake,
        indexes: Iterable[int],
        change: Callable[[int, Pair], Pair | None],
        recode: Callable[[str], str] = str,
        *,
        is_rare: bool = False,
    ) -> Iterator[_Edit]:
        """Yield an edit of all these parameters, of those of each kind, and of single ones."""
        fields: dict[int, str | None] = {}
        for index in indexes:
            pair = change(index, self._pairs[index])
            encoded = None if pair is None else self._encode(pair)
            encoded = None if encoded is None else recode(encoded)
            if encoded != self._encoded[index]:
                fields[index] = encoded
        if not fields:
            return
        yield _Edit(mistake, fields, change, recode, is_rare)
        if len(fields) == 1:
            return
        kinds: dict[str, dict[int, str | None]] = {}
        for index, text in fields.items():
            kinds.setdefault(re.sub(r"\[\d+\]", "[]", self._pairs[index][0]), {})[index] = text
        if 1 < len(kinds) < len(fields):
            for kind in islice(kinds.values(), _TRIED):
                self._charge(self._cost)
                yield _Edit(mistake, kind, change, recode, is_rare or len(kind) == 1)
        for index, text in islice(fields.items(), _TRIED):
            self._charge(self._cost)
            yield _Edit(mistake, {index: text}, change, recode, is_rare=True)

    def _bare_pluses(self) -> Iterator[_Edit]:
        """Yield edits that take a + in the body for a +, where the body has the same names."""
        parts = [field.partition("=") for field in self._fields if field]
        if [decoded(name) for name, _, _ in parts] != [name for name, _ in self._pairs]:
            return
        values = {i: value for i, (_, _, value) in enumerate(parts) if "+" in value}
        if not values:
            return
        every = {i: decoded(value.replace("+", "%2B")) for i, value in values.items()}
        yield from self._subsets(("bare_plus", ""), every, _to_values(every))
        for at in range(3):
            some = {
                i: decoded("%2B".join(("+".join(pieces[: at + 1]), "+".join(pieces[at + 1 :]))))
                for i, value in values.items()
                if len(pieces := value.split("+")) > at + 1
            }
            yield from self._subsets(("bare_plus", ""), some, _to_values(some), is_rare=True)

    def _arrays(self) -> Iterator[_Edit]:
        names = [name for name, _ in self._pairs]
        nested = [index for index, name in enumerate(names) if "[" in name]
        for cause, rename in _RENAMES:
            self._charge(self._cost)
            renamed = {i: new for i in nested if (new := rename(names[i])) != names[i]}
            if renamed:
                roots = dict.fromkeys(names[index].partition("[")[0] for index in renamed)
                mistake = cause, _listed(list(roots))
                yield from self._subsets(mistake, renamed, _to_names(renamed))
        by_name = self._by_name()
        for name, indexes in islice(by_name.items(), _TRIED):
            value = self._value(name)
            if isinstance(value, Mapping | list | tuple) and value:
                for text in _array_texts(cast("PhpArray", value)):
                    self._charge(self._cost)
                    first = {indexes[0]: self._encode((name, text))}
                    yield _Edit(("array_as_text", name), {**dict.fromkeys(indexes[1:]), **first})
            elif isinstance(value, str):
                for items in _items_in(value):
                    self._charge(self._cost + len(value))
                    expanded = self._encode.join(leaves({name: items})) or None
                    yield _Edit(("sent_array_as_text", name), {indexes[0]: expanded})

    def _value(self, name: str) -> object:
        return self._params.get(name) if isinstance(self._params, Mapping) else None

    def _by_name(self) -> dict[str, list[int]]:
        by_name: dict[str, list[int]] = {}
        for index, (name, _) in enumerate(self._pairs):
            by_name.setdefault(name.partition("[")[0], []).append(index)
        return by_name

    def _left_out(self) -> Iterator[_Edit]:
        """Yield edits that leave parameters out: what is empty or 0, and then anything."""
        for indexes in self._falsy():
            self._charge(self._cost)
            zeros = [self._pairs[i][0] for i in indexes if self._pairs[i][1] != ""]
            yield _without(indexes, "filtered", _listed(zeros))
        by_name = self._by_name()
        names = list(by_name)
        if len(names) < 2:
            return
        for name in (*names[-_TRIED:], *names[:-_TRIED][:_TRIED]):
            self._charge(self._cost)
            yield _without(by_name[name], "left_out", name, is_rare=True)
        for count in range(len(names) - 2, max(0, len(names) - _TRIED), -1):
            self._charge(self._cost)
            late = [index for name in names[count:] for index in by_name[name]]
            yield _without(late, "left_out", _listed(names[count:]), is_rare=True)

    def _falsy(self) -> Iterator[list[int]]:
        """Yield numbers of parameters that programs take for false, in several combinations."""
        falsy = [i for i, (_, value) in enumerate(self._pairs) if str(value) in _FALSY]
        if not falsy:
            return
        values = [str(value) for _, value in self._pairs]
        yield falsy
        for words in ("", "0"), ("0", "0.0", "0.00"), ("", "0", "false", "False", "None", "null"):
            for top in False, True:
                yield [
                    i
                    for i in falsy
                    if values[i] in words and not (top and "[" in self._pairs[i][0])
                ]
        yield [i for i in falsy if "[" not in self._pairs[i][0]]
        kinds: dict[str, list[int]] = {}
        for index in falsy:
            kinds.setdefault(re.sub(r"\[\d+\]", "[]", self._pairs[index][0]), []).append(index)
        for count in range(len(kinds) - 1, 0, -1):
            for some in islice(combinations(kinds.values(), count), 2 * _TRIED):
                yield [index for kind in some for index in kind]

    def _partial_encodings(self) -> list[_Edit]:
        """Return edits that encode the value of some parameters otherwise."""
        if len(self._pairs) < 2:
            return []
        edits: list[_Edit] = []
        encodings = [(name, "", encode) for name, encode in _ENCODINGS.items()]
        encodings += [
            ("bare", letter, partial(_bare, letter)) for letter in _BARE if letter in self._letters
        ]
        for name, about, encode in encodings:
            self._charge(2 * self._cost)
            recode = partial(_in_value, encode)
            changed = {
                i
                for i, each in enumerate(self._encoded)
                if each is not None and recode(each) != each
            }
            edits += [
                edit
                for edit in self._subsets((name, about), changed, _unchanged, recode, is_rare=True)
                if len(edit.fields) < len(self._pairs)
            ]
        return edits


_FALSY = {"", "0", "0.0", "0.00", "false", "False", "None", "null", "NULL", "undefined"}


def _family(edit: _Edit) -> str:
    """Return what an edit is about: two edits of one family are not made together."""
    name = edit.mistake[0]
    return next((family for family, names in _FAMILIES.items() if name in names), name)


_FAMILIES: Mapping[str, frozenset[str]] = {
    "numbers": frozenset(
        {
            *("whole_numbers", "floats", "cents", "short_cents", "exponent", "sent_exponent"),
            *("float_digits", "sent_float_digits", "number_format", "sent_number_format"),
        }
    ),
    "charsets": frozenset({"charset", "sent_charset", "sent_garbled", "garbled"}),
    "left out": frozenset({"empty_left_out", "filtered", "left_out", "none_sent"}),
    "words": frozenset({"python_words", "json_words", "script_words", "php_words", "empty_kept"}),
    "blanks": frozenset({"padded", "stripped", "invisible"}),
}


def _unchanged(_index: int, pair: Pair) -> Pair:
    return pair


def _of_values(change: Callable[[object], object]) -> Callable[[int, Pair], Pair]:
    results: dict[str, object] = {}

    def of_pair(_index: int, pair: Pair) -> Pair:
        name, value = pair
        if not isinstance(value, str):
            return name, change(value)
        if value not in results:
            results[value] = change(value)
        return name, results[value]

    return of_pair


def _to_values(values: Mapping[int, str]) -> Callable[[int, Pair], Pair]:
    return lambda index, pair: (pair[0], values[index])


def _to_names(names: Mapping[int, str]) -> Callable[[int, Pair], Pair]:
    return lambda index, pair: (names[index], pair[1])


def _without(indexes: Sequence[int], name: str, about: str, *, is_rare: bool = False) -> _Edit:
    return _Edit((name, about), dict.fromkeys(indexes), lambda _i, _p: None, is_rare=is_rare)


def _listed(names: Sequence[str]) -> str:
    return ", ".join([*names[:5], *(["..."] if len(names) > 5 else [])])


def _closed(pairs: list[tuple[str, str]], end: Sequence[str]) -> list[tuple[str, str]]:
    """Add to the last value what followed a bare ampersand."""
    if end:
        name, value = pairs.pop()
        pairs.append((name, "".join((value, *end))))
    return pairs


def _misread(pairs: Sequence[tuple[str, str]]) -> Mistake:
    times = Counter(name for name, _ in pairs)
    for name in times:
        if re.match(r" *[^ \[][^\[]*[. ]", name):  # blanks at the beginning are dropped
            return "bent_name", name
        if "[]" in name:
            return "without_index", name
        if times[name] > 1:
            return "twice", name
    try:
        canonical_query(dict(pairs))
    except NotCanonicalError as error:
        if "torn apart" in str(error):
            return "interleaved", ""
    except ValueError:
        pass
    return "as_sent", ""


# ── Arrays ──────────────────────────────────────────────────────────────────────────


def _dotted(name: str) -> str:
    return re.sub(r"\[([^\[\]]*)\]", r".\1", name)


_RENAMES: Sequence[tuple[str, Callable[[str], str]]] = (
    ("repeated_name", lambda name: re.sub(r"\[\d+\]$", "", name)),
    ("without_index", lambda name: re.sub(r"\[\d+\]$", "[]", name)),
    ("without_index", lambda name: re.sub(r"\[\d+\]", "[]", name)),
    ("from_one", lambda name: re.sub(r"\[(\d{1,9})\]", lambda m: f"[{int(m[1]) + 1}]", name)),
    (
        "sent_from_one",
        lambda name: re.sub(r"\[([1-9]\d{0,8})\]", lambda m: f"[{int(m[1]) - 1}]", name),
    ),
    ("dotted_name", _dotted),
    ("dotted_name", lambda name: re.sub(r"\[([^\[\]\d][^\[\]]*)\]", r".\1", name)),
)


def _numbered(pairs: Iterable[tuple[str, str]], repeated: Iterable[str]) -> Iterator[Pair]:
    """Put items of the same name side by side, and number them."""
    items: dict[str, list[str]] = {name: [] for name in repeated}
    once: dict[str, str | list[str]] = {}
    for name, value in pairs:
        if name in items:
            items[name].append(value)
        once[name] = items.get(name, value)
    return leaves(cast("PhpArray", {name.removesuffix("[]"): each for name, each in once.items()}))


def _jsons(params: PhpArray) -> Iterator[str]:
    for unicode in False, True:
        try:
            tight = json.dumps(params, ensure_ascii=not unicode, separators=(",", ":"))
            yield tight
            yield tight.replace("/", "\\/")  # as PHP's json_encode
            yield json.dumps(params, ensure_ascii=not unicode)
        except (TypeError, ValueError, RecursionError):
            return


def _array_texts(array: PhpArray) -> Iterator[str]:
    """Yield the texts that programs make of an array."""
    yield from dict.fromkeys(_jsons(array))
    yield str(array)
    values = array.values() if isinstance(array, Mapping) else array
    texts = [text for value in values if (text := as_text(value)) is not None]
    if len(texts) == len(array):
        yield from (mark.join(texts) for mark in (",", ", ", ";", " "))
        yield str(tuple(texts))
    yield "Array"
    yield ",".join(["[object Object]"] * (1 if isinstance(array, Mapping) else len(array)))


def _items_in(text: str) -> Iterator[PhpArray]:
    """Yield the arrays that a text may stand for: JSON, a list of Python, or with commas."""
    if len(text) > 10_000 or ("," not in text and text[:1] not in "[{("):
        return
    for read in json.loads, ast.literal_eval:
        try:
            array: object = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(array, dict | list | tuple) and array:
            yield cast("PhpArray", array)
            return
    if "," in text and text[0] not in "[{(":
        yield re.split(", ?", text)


# ── Encodings ───────────────────────────────────────────────────────────────────────
#
# All of them are made of PHP's, in which % begins an escape, = and & separate and + is a blank.


def _bare(letters: str, query: str) -> str:
    for letter in letters:
        query = query.replace(f"%{ord(letter):02X}", letter)
    return query


def _blanks(query: str) -> str:
    return query.replace("+", "%20")


def _lower(query: str) -> str:
    return re.sub("(?:%[0-9A-F]{2})+", lambda run: run[0].lower(), query)


def _brackets(query: str) -> str:
    """Leave brackets bare, in names only."""
    fields = (field.partition("=") for field in query.split("&"))
    return "&".join(f"{_bare('[]', name)}{equals}{value}" for name, equals, value in fields)


def _in_value(encode: Callable[[str], str], encoded: str) -> str:
    name, equals, value = encoded.partition("=")
    return f"{name}{equals}{encode(value)}"


_SCRIPT = "!'()*~"
_BARE = "~*@!'(),/:;$+"
_ENCODINGS: Mapping[str, Callable[[str], str]] = {
    "blanks": _blanks,
    "rfc3986": lambda query: _bare("~", _blanks(query)),
    "lower_case": _lower,
    "encode_uri_component": lambda query: _bare(_SCRIPT, _blanks(query)),
    "encode_uri_component_plus": partial(_bare, _SCRIPT),
    "python_quote": lambda query: _bare("/~", _blanks(query)),
    "encode_uri": lambda query: _bare(";/?:@&=$,#" + _SCRIPT, _blanks(query)).replace("%2B", "+"),
    "dotnet": lambda query: _lower(_bare("!*()", query)),
    "plain": decoded,
}


def _encodings(content: Candidate, letters: str) -> Iterator[Candidate]:
    """Yield mistaken encodings of a query."""
    for letter in _BARE:
        if letter in letters:
            yield _made(content, ("bare", letter), partial(_bare, letter))
    yield _with_bare_brackets(content)
    for name, encode in _ENCODINGS.items():
        yield _made(content, (name, ""), encode)


def _with_bare_brackets(content: Candidate) -> Candidate:
    return _made(content, ("bare_brackets", ""), _brackets)


def _separators(content: Candidate) -> Iterator[Candidate]:
    for separator in "&amp;", ";":
        yield _made(content, ("separator", separator), partial(_joined, separator))
    yield _made(content, ("unjoined", ""), partial(_joined, ""))


def _joined(separator: str, query: str) -> str:
    return query.replace("&", separator)


def _made(content: Candidate, mistake: Mistake, change: Callable[[str], str]) -> Candidate:
    return Candidate((*content.mistakes, mistake), 2 * content.size, lambda: change(content.make()))
