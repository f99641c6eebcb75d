"""The same request hashed in other ways: what each usual mistake makes of it.

A hash is a digest of a query, a login and a key.  Each part has the right form and wrong ones, and
each wrong one has a name in ``causes``.  Nothing here knows which hash was received.
"""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from hashlib import md5, sha1, sha256, sha512
from hmac import digest as hmac
from typing import TypeAlias, cast
from urllib.parse import quote, unquote_plus, unquote_to_bytes

from attrs import field, frozen

from justclick_async.php import NotCanonicalError, PhpArray, canonical_query, http_build_query

__all__ = [
    "KEY",
    "Joint",
    "Mistake",
    "Pair",
    "decoded",
    "digests",
    "joints",
    "leaves",
    "octets",
    "queries",
]

KEY = "(API key)"
"""What stands for the key wherever something is shown."""

Pair: TypeAlias = "tuple[str, object]"
"""A parameter: its full name (``goods[0][good_name]``) and its value; arrays only if empty."""
Mistake: TypeAlias = "tuple[str, str]"
"""The name of a cause, and what it is about."""

Encode: TypeAlias = Callable[[str], str]


def octets(text: str) -> bytes:
    """Return the bytes of a text; those that were no UTF-8 come back as they were."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def leaves(params: PhpArray, prefix: str = "") -> Iterator[Pair]:
    """Go through an array of PHP, with what ``http_build_query`` leaves out."""
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


def _text(value: object) -> str | None:
    """Return a value as PHP's ``http_build_query`` writes it, not yet encoded."""
    if value is None or isinstance(value, Mapping | list | tuple):
        return None
    if isinstance(value, str):
        return value
    return unquote_plus(http_build_query({"v": value})[2:])


# ── Queries ─────────────────────────────────────────────────────────────────────────


@frozen
class _Content:
    """Parameters to be encoded."""

    mistakes: tuple[Mistake, ...]
    pairs: Sequence[tuple[str, str]]


def queries(
    params: PhpArray, raw: str | None, right: str, *, mistakes: int
) -> Iterator[tuple[tuple[Mistake, ...], str]]:
    """Go through the queries that so many mistakes make, in the order in which they are usual.

    Args:
        params: The parameters as PHP holds them, or as they were before they were encoded.
        raw: The body without its hash as it was sent, if it is known.
        right: The query that should have been hashed.
        mistakes: 0, 1 or 2.
    """
    if mistakes == 0:
        yield (), right
        return
    for made, query in _queries(params, raw, right):
        if len(made) == mistakes and query != right:
            yield made, query


def _queries(
    params: PhpArray, raw: str | None, right: str
) -> Iterator[tuple[tuple[Mistake, ...], str]]:
    as_sent = () if raw is None else _as_sent(raw, right)
    if as_sent:
        yield as_sent, raw or ""
    contents = list(_contents(params, raw))
    for mistake, encode_name, encode in _encodings(contents[0].pairs):
        for content in contents:
            made = (*content.mistakes, *mistake)
            if len(made) > 2:
                continue
            fields = [f"{encode_name(name)}={encode(value)}" for name, value in content.pairs]
            yield made, "&".join(fields)
            if len(made) < 2:
                for separator in "&amp;", ";":
                    yield (*made, ("separator", separator)), separator.join(fields)
                yield (*made, ("unjoined", "")), "".join(fields)
    if raw is not None and not as_sent:
        yield (("raw_body", ""),), raw
    yield (("nothing", ""),), ""
    yield (("empty_hash", ""),), f"{right}&hash=" if right else "hash="
    yield (("values", ""),), "".join(value for _, value in contents[0].pairs)
    yield from (((("json", ""),), text) for text in _jsons(params))


def _as_sent(raw: str, right: str) -> tuple[Mistake, ...]:
    if sorted(raw.split("&")) == sorted(right.split("&")):
        return (("interleaved", ""),)
    return (("separator", "&amp;"),) if "&amp;" in raw else ()


def _jsons(params: PhpArray) -> Iterator[str]:
    for unicode in False, True:
        try:
            tight = json.dumps(params, ensure_ascii=not unicode, separators=(",", ":"))
            yield tight
            yield tight.replace("/", "\\/")  # as PHP's json_encode
            yield json.dumps(params, ensure_ascii=not unicode)
        except (TypeError, ValueError):
            return


# ── Contents ────────────────────────────────────────────────────────────────────────

_TRIED = 50
"""How many parameters are tried one by one."""


def _contents(params: PhpArray, raw: str | None) -> Iterator[_Content]:
    typed = list(leaves(params))
    pairs = _written(typed)
    yield _Content((), pairs)
    yield from _reordered(params, pairs)
    if raw is not None:
        yield from _sent(raw)
    for name, change in _CHANGES.items():
        yield _Content(((name, ""),), _written(_changed(typed, change)))
        if len(typed) <= _TRIED:
            for index, (_, value) in enumerate(typed):
                if change(value) != value:
                    one = [*typed[:index], *_changed([typed[index]], change), *typed[index + 1 :]]
                    yield _Content(((name, ""),), _written(one))
    yield from _shortened(params)


def _written(pairs: Iterable[Pair]) -> list[tuple[str, str]]:
    return [(name, text) for name, value in pairs if (text := _text(value)) is not None]


def _reordered(params: PhpArray, pairs: Sequence[tuple[str, str]]) -> Iterator[_Content]:
    if isinstance(params, Mapping):
        top = {str(key): value for key, value in params.items()}
        for name in sorted(top, key=octets), sorted(top, key=str.lower):
            yield _Content((("sorted", ""),), _written(leaves({each: top[each] for each in name})))
    yield _Content((("sorted", ""),), sorted(pairs, key=lambda pair: octets(pair[0])))
    yield _Content((("sorted", ""),), _written(leaves(cast("PhpArray", _sorted(params)))))


def _sorted(value: object) -> object:
    if isinstance(value, Mapping):
        mapping = cast("Mapping[object, object]", value)
        ordered = sorted(mapping.items(), key=lambda item: octets(str(item[0])))
        return {key: _sorted(inner) for key, inner in ordered}
    if isinstance(value, list | tuple):
        return [_sorted(inner) for inner in cast("Sequence[object]", value)]
    return value


def _shortened(params: PhpArray) -> Iterator[_Content]:
    if not isinstance(params, Mapping):
        return
    names: list[object] = list(params)
    if len(names) < 2:
        return
    for name in names[:_TRIED]:
        rest = {other: value for other, value in params.items() if other != name}
        yield _Content((("added", str(name)),), _written(leaves(rest)))
    for count in range(1, min(len(names) - 1, _TRIED)):
        first = {name: params[name] for name in names[:count]}
        added = ", ".join(map(str, names[count:]))
        yield _Content((("added", added),), _written(leaves(first)))


def _sent(raw: str) -> Iterator[_Content]:
    """Go through what the client may have meant by a body that PHP reads otherwise."""
    fields = [field.partition("=") for field in raw.split("&") if field]
    pairs = [(decoded(name), decoded(value)) for name, _, value in fields]
    yield _Content((_misread(pairs),), pairs)
    if "&amp;" in raw:
        cut = [(name.removeprefix("amp;"), value) for name, value in pairs]
        yield _Content((("sent_with_amp", ""),), cut)
    plus = [(decoded(name), decoded(value.replace("+", "%2B"))) for name, _, value in fields]
    yield _Content((("bare_plus", ""),), plus)
    joined: list[tuple[str, str]] = []
    for name, equals, value in fields:
        if equals or not joined:
            joined.append((decoded(name), decoded(value)))
        else:
            joined[-1] = joined[-1][0], f"{joined[-1][1]}&{decoded(name)}"
    yield _Content((("bare_ampersand", ""),), joined)


def decoded(text: str) -> str:
    """Decode a name or value as it was sent."""
    return unquote_to_bytes(octets(text.replace("+", " "))).decode("utf-8", "surrogateescape")


def _misread(pairs: Sequence[tuple[str, str]]) -> Mistake:
    names = [name for name, _ in pairs]
    for name in names:
        if re.match(r"[^\[]*[. ]", name):
            return "bent_name", name
        if name.endswith("[]"):
            return "without_index", name
        if names.count(name) > 1:
            return "twice", name
    try:
        canonical_query(dict(pairs))
    except NotCanonicalError as error:
        if "torn apart" in str(error):
            return "interleaved", ""
    except ValueError:
        pass
    return "as_sent", ""


# ── Encodings ───────────────────────────────────────────────────────────────────────


def _encoded(text: str, *, bare: str = "", blank: str = "+", small: bool = False) -> str:
    """Escape all but ``A-Za-z0-9-_.`` and what is to stay *bare*."""
    escaped = quote(octets(text), safe=f"{bare} ").replace(" ", blank)
    if "~" not in bare:
        escaped = escaped.replace("~", "%7E")
    return re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), escaped) if small else escaped


_SCRIPT = "!'()*~"
_NAMED: Mapping[str, Encode] = {
    "blanks": partial(_encoded, blank="%20"),
    "rfc3986": partial(_encoded, blank="%20", bare="~"),
    "lower_case": partial(_encoded, small=True),
    "encode_uri_component": partial(_encoded, blank="%20", bare=_SCRIPT),
    "encode_uri_component_plus": partial(_encoded, bare=_SCRIPT),
    "python_quote": partial(_encoded, blank="%20", bare="/~"),
    "encode_uri": partial(_encoded, blank="%20", bare=";/?:@&=+$,#" + _SCRIPT),
    "dotnet": partial(_encoded, bare="!*()", small=True),
    "plain": lambda text: text,
}


def _encodings(
    pairs: Sequence[tuple[str, str]],
) -> Iterator[tuple[tuple[Mistake, ...], Encode, Encode]]:
    """Go through mistaken encodings: their names, and the encoders of names and of values."""
    yield (), _encoded, _encoded
    values = "".join(value for _, value in pairs)
    for letter in "~*@!'(),/:;$":
        if letter in values:
            encode: Encode = partial(_encoded, bare=letter)
            yield (("bare", letter),), encode, encode
            yield (("bare", letter), ("bare_brackets", "")), _with_brackets(encode), encode
    for name, encode in _NAMED.items():
        yield ((name, ""),), encode, encode
        yield ((name, ""), ("bare_brackets", "")), _with_brackets(encode), encode
    yield (("bare_brackets", ""),), _with_brackets(_encoded), _encoded


def _with_brackets(encode: Encode) -> Encode:
    return lambda text: re.sub("%5[bB]", "[", re.sub("%5[dD]", "]", encode(text)))


# ── Values ──────────────────────────────────────────────────────────────────────────


def _changed(pairs: Iterable[Pair], change: Callable[[object], object]) -> Iterator[Pair]:
    return ((name, change(value)) for name, value in pairs)


def _in_words(true: str, false: str, none: str | None, value: object) -> object:
    if value is True or value == "1":
        return true
    if value is False or value == "0":
        return false
    return none if value is None and none is not None else value


_TRUTH = {"true": "1", "false": "0"}


def _texts(change: Callable[[str], str | None]) -> Callable[[object], object]:
    """Make a change of texts one of values; what is no text stays."""
    return lambda value: change(value) if isinstance(value, str) else value


def _numbers(pattern: str, write: Callable[[str], str]) -> Callable[[object], object]:
    """Make a change of numbers, written as text or not."""

    def change(value: object) -> object:
        if isinstance(value, bool):
            return value
        text = _text(value)
        return write(text) if text is not None and re.fullmatch(pattern, text) else value

    return change


def _in_cp1251(text: str) -> str:
    try:
        return text.encode("cp1251").decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text


def _from_cp1251(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return octets(text).decode("cp1251", "replace")
    return text


def _escaped_by_php(text: str) -> str:
    return html.escape(text, quote=False).replace('"', "&quot;")


_CHANGES: Mapping[str, Callable[[object], object]] = {
    "empty_left_out": lambda value: None if value == "" else value,
    "python_words": partial(_in_words, "True", "False", "None"),
    "json_words": partial(_in_words, "true", "false", "null"),
    "php_words": _texts(lambda text: _TRUTH.get(text.lower(), text)),
    "none_sent": _texts(lambda text: None if text in ("None", "null", "NULL") else text),
    "empty_kept": lambda value: "" if _text(value) is None else value,
    "whole_numbers": _numbers(r"-?\d{1,15}\.0+", lambda text: text.partition(".")[0]),
    "floats": _numbers(r"-?\d{1,15}", lambda text: f"{text}.0"),
    "cents": _numbers(r"-?\d{1,15}(\.\d)?", lambda text: f"{float(text):.2f}"),
    "short_cents": _numbers(r"-?\d{1,15}\.\d*0", lambda text: text.rstrip("0").rstrip(".")),
    "stripped": _texts(str.strip),
    "line_feeds": _texts(lambda text: text.replace("\r\n", "\n")),
    "carriage_returns": _texts(lambda text: re.sub("\r?\n", "\r\n", text)),
    "entities": _texts(_escaped_by_php),
    "no_entities": _texts(html.unescape),
    "cp1251": _texts(_in_cp1251),
    "sent_in_cp1251": _texts(_from_cp1251),
    "encoded_twice": _texts(_encoded),
    "sent_encoded_twice": _texts(decoded),
}


# ── Joints ──────────────────────────────────────────────────────────────────────────

_FORMS: Mapping[str, tuple[str, ...]] = {
    "no_login": ("{query}::{key}", "{query}{key}"),
    "no_key": ("{query}::{login}", "{query}"),
    "key_first": ("{query}::{key}::{login}",),
    "key_in_front": ("{key}::{login}::{query}", "{key}::{query}", "{key}{query}"),
    "login_in_front": ("{login}::{key}::{query}", "{login}::{query}::{key}"),
    "no_colons": ("{query}{login}{key}",),
    "one_colon": ("{query}:{login}:{key}",),
    "last_and": ("{query}&::{login}::{key}",),
    "question_mark": ("?{query}::{login}::{key}",),
    "last_colons": ("{query}::{login}::{key}::",),
}
_SAMPLES = ("user_rps_key", "api key", "API key", "key", "secret", "YOUR_KEY", "your_key", "None")


@frozen
class Joint:
    """A way to put login and key to a query.

    Attributes:
        mistakes: What is wrong with it.
        before: What is hashed before the query.
        after: What is hashed after it.
        shown: Before and after, as they may be shown.
    """

    mistakes: tuple[Mistake, ...]
    before: str = field(repr=False)
    after: str = field(repr=False)
    shown: tuple[str, str]


def joints(login: str, api_key: str, names: Sequence[str] = ()) -> Iterator[Joint]:
    """Go through the ways to put login and key to a query, the right one first.

    Args:
        login: The login of the account.
        api_key: Its key.
        names: Further texts that may have been taken for the login.
    """

    def joint(
        form: str,
        *mistakes: Mistake,
        login: str = login,
        key: str = api_key,
        shown: Mapping[str, str] | None = None,
    ) -> Joint:
        before, after = form.split("{query}")
        filled, seen = {"login": login, "key": key}, {"login": login, "key": KEY, **(shown or {})}
        return Joint(
            mistakes,
            before.format(**filled),
            after.format(**filled),
            (before.format(**seen), after.format(**seen)),
        )

    yield joint(_RIGHT)
    for name, forms in _FORMS.items():
        for form in forms:
            yield joint(form, (name, ""))
    yield joint(_RIGHT, ("empty_login", ""), login="")
    yield joint(_RIGHT, ("key_as_login", ""), login=api_key, shown={"login": KEY})
    for other in _logins(login, names):
        about = other if other == other.strip() else repr(other)
        yield joint(_RIGHT, ("login", about), login=other)
    yield joint(_RIGHT, ("login_as_key", ""), key=login, shown={"key": login})
    for name, other, shown in _keys(api_key):
        yield joint(_RIGHT, (name, ""), key=other, shown={"key": shown})


_RIGHT = "{query}::{login}::{key}"
_ZONES = "justclick.io", "justclick.ru", "influencersoft.com"


def _logins(login: str, names: Sequence[str]) -> Iterator[str]:
    cases = login.lower(), login.upper(), login.capitalize(), f"{login} ", f" {login}", f"{login}\n"
    hosts = (f"{login}.{zone}" for zone in _ZONES)
    for other in (*cases, *hosts, "login", "username", *names):
        if other and other != login:
            yield other


def _keys(key: str) -> Iterator[tuple[str, str, str]]:
    """Go through other keys: what is wrong, the key itself, what is shown of it."""
    for form in "{} ", " {}", " {} ", "{}\t", "\t{}":
        yield "blank_key", form.format(key), form.format(KEY)
    for end in "\n", "\r\n", "\r":
        yield "newline_key", f"{key}{end}", f"{KEY}{end}"
    yield "bom_key", f"\ufeff{key}", f"\ufeff{KEY}"
    for mark in '"', "'", "`":
        yield "quoted_key", f"{mark}{key}{mark}", f"{mark}{KEY}{mark}"
    for other in key.lower(), key.upper():
        if other != key:
            yield "key_case", other, KEY
    for other in key[:-1], key[1:]:
        yield "short_key", other, KEY
    yield "hashed_key", md5(octets(key), usedforsecurity=False).hexdigest(), f"md5({KEY})"
    yield "empty_key", "", ""
    for sample in _SAMPLES:
        yield "sample_key", sample, sample


# ── Digests ─────────────────────────────────────────────────────────────────────────


def digests(query: str, login: str, api_key: str) -> Iterator[tuple[Mistake, str]]:
    """Go through what other digests make of the right string."""
    whole = octets(f"{query}::{login}::{api_key}")
    md5_of_it = md5(whole, usedforsecurity=False)
    for name, algorithm in ("SHA-1", sha1), ("SHA-256", sha256), ("SHA-512", sha512):
        yield ("digest", name), algorithm(whole).hexdigest()
    yield ("digest", "MD5 in Base64"), b64encode(md5_of_it.digest()).decode()
    yield ("md5_twice", ""), md5(md5_of_it.hexdigest().encode()).hexdigest()
    for text in query, f"{query}::{login}":
        for way in "md5", "sha256":
            yield ("hmac", ""), hmac(octets(api_key), octets(text), way).hex()
