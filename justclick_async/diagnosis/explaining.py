"""What has to be hashed for a request, what was, and what else stands out in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import TypeAlias, cast

from attrs import field, frozen

from justclick_async.diagnosis.finding import Diagnosis, diagnose
from justclick_async.diagnosis.pasted import is_array, read_array
from justclick_async.diagnosis.variants import KEY, decoded, leaves
from justclick_async.php import http_build_query, parse_str
from justclick_async.signing import sign_query

__all__ = ["Explanation", "Remark", "Request", "explain"]

Request: TypeAlias = "Mapping[str, object] | str | bytes"
"""Parameters, or the text of a body or of a PHP array."""


@frozen
class Remark:
    """Something that stands out in a request, whatever its hash.

    Attributes:
        name: For machines.
        en: A sentence.
        ru: The same in Russian.
    """

    name: str
    en: str
    ru: str


@frozen
class Explanation:
    """What has to be hashed for a request, and what is wrong with the hash that came.

    Attributes:
        query: The parameters as PHP encodes them.  It holds what the request holds.
        login: The login that is hashed with them.
        hash: The right hash.
        received: The hash that came; ``None`` if there was none.
        diagnosis: Why it is wrong; ``None`` if it is right, or if there was none.
        remarks: What else stands out.
    """

    query: str = field(repr=False)
    login: str
    hash: str = field(repr=False)
    received: str | None = field(repr=False)
    diagnosis: Diagnosis | None
    remarks: tuple[Remark, ...]

    @property
    def canonical(self) -> str:
        """The string that has to be hashed; the key is not shown, ``(API key)`` stands for it."""
        return f"{self.query}::{self.login}::{KEY}"

    @property
    def right(self) -> bool | None:
        """Whether the hash that came is right; ``None`` if there was none."""
        return None if self.received is None else self.diagnosis is None


def explain(
    request: Request,
    *,
    login: str,
    api_key: str,
    hash: str | None = None,  # noqa: A002
) -> Explanation:
    """Say what has to be hashed for a request of API 1.0, and why another hash is wrong.

    Args:
        request: Parameters as they would be signed; or a body as it was sent; or an array of PHP
            (``array('a' => 1)``, ``['a' => 1]``, what ``var_export`` or ``print_r`` printed).
        login: The login of the account.
        api_key: The key of the account.
        hash: The hash that was sent or computed, where *request* does not hold it.

    Raises:
        InvalidInput: The text begins like an array of PHP and is none.
        TypeError: A value that PHP has no such type for; the message names its path.
        ValueError: More than PHP reads, or a value that it could not hold.
    """
    raw: str | None = None
    if isinstance(request, str | bytes):
        text = request if isinstance(request, str) else request.decode("utf-8", "surrogateescape")
        if is_array(text):
            given: Mapping[object, object] = cast("Mapping[object, object]", read_array(text))
        else:
            raw, given = _without_hash(text), cast("Mapping[object, object]", parse_str(text))
    else:
        given = cast("Mapping[object, object]", request)
    params = {name: value for name, value in given.items() if name != "hash"}
    received = hash if hash is not None else given.get("hash")
    received = received if isinstance(received, str) and received else None
    return _explained(params, raw, received, login, api_key)


def _explained(
    params: Mapping[object, object],
    raw: str | None,
    received: str | None,
    login: str,
    api_key: str,
) -> Explanation:
    # A server sees what PHP has decoded.  What was given as parameters is sent first.
    sent = http_build_query(params) if raw is None else raw
    held: Mapping[str, object] = parse_str(sent)
    query = http_build_query(held)
    # Types are known where parameters were given; names that PHP bends only show in what was sent.
    known = params if raw is None and query == sent else held
    diagnosis = None
    if received is not None:
        diagnosis = diagnose(
            known,
            received,
            login=login,
            api_key=api_key,
            raw=None if raw is None and sent == query else sent,
        )
    remarks = tuple(_remarks(sent, held, received))
    masked = query.replace(api_key, KEY)
    return Explanation(
        masked, login, sign_query(query, login, api_key), received, diagnosis, remarks
    )


def _without_hash(body: str) -> str:
    return "&".join(field for field in body.split("&") if not field.startswith("hash="))


# ── What stands out ─────────────────────────────────────────────────────────────────


_MOST = 5
"""How many remarks of one kind are made."""


def _remarks(sent: str, held: Mapping[str, object], received: str | None) -> Iterator[Remark]:
    if "rpsKey" in held:
        yield Remark(
            "api_2",
            "rpsKey is the key itself: a call of API 2.0 carries it instead of a hash.",
            "rpsKey — это сам ключ: вызов API 2.0 передаёт его вместо хеша.",
        )
    elif received is None:
        yield Remark("no_hash", "There is no hash to compare with.", "Хеша для сравнения нет.")
    yield from islice(_renamed(sent), _MOST)
    values = [(name, value) for name, value in leaves(held) if isinstance(value, str)]
    for name, en, ru, applies in _ODD:
        odd = [shown(each) for each, value in values if applies(value)]
        if odd:
            names = ", ".join([*odd[:_MOST], *(["..."] if len(odd) > _MOST else [])])
            yield Remark(name, en.replace("{names}", names), ru.replace("{names}", names))


def shown(name: str) -> str:
    """Return a name that does nothing to a terminal but stand there."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name
    )


def _renamed(sent: str) -> Iterator[Remark]:
    for part in sent.split("&"):
        was = decoded(part.partition("=")[0])
        now = next((name for name, _ in leaves(parse_str(part))), "")
        if was not in ("", now) and not re.search(r"\[\s?\]", was):
            en = f"PHP reads the name {was} as {now}." if now else f"PHP drops the name {was}."
            ru = f"Имя {was} PHP читает как {now}." if now else f"Имя {was} PHP отбрасывает."
            yield Remark("renamed", shown(en), shown(ru))


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_BROKEN = frozenset({"Array", "[object Object]", "None", "null", "undefined", "NaN"})
_ODD: tuple[tuple[str, str, str, Callable[[str], bool]], ...] = (
    (
        "not_utf8",
        "No UTF-8 (Windows-1251?) is the text in {names}.",
        "Не UTF-8 (Windows-1251?) текст в {names}.",
        lambda value: not _is_utf8(value),
    ),
    (
        "made_text",
        "Something was turned into text before it was encoded (Array, None, {'a': 1}) in {names}.",
        "Что-то превратили в текст до кодирования (Array, None, {'a': 1}) в {names}.",
        lambda value: value in _BROKEN or re.match(r"[\[{(]+'", value) is not None,
    ),
    (
        "percents",
        "PHP still sees %XX after decoding, so it was encoded twice, in {names}.",
        "После декодирования PHP всё ещё видит %XX, то есть кодировали дважды, в {names}.",
        lambda value: re.search("%[0-9A-Fa-f]{2}", value) is not None,
    ),
    (
        "blanks",
        "A blank or line break stands at the beginning or end of {names}.",
        "Пробел или перевод строки стоит в начале или конце {names}.",
        lambda value: value != value.strip(),
    ),
)
