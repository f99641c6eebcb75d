"""Reads an array that somebody has pasted out of PHP: a literal, ``var_export`` or ``print_r``.

Nothing is executed.  What is no plain value (a variable, a call, a constant, an object) is refused,
with the line it stands in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from justclick_async.errors import InvalidInput

__all__ = ["Pasted", "is_array", "read_array"]

Pasted: TypeAlias = "dict[int | str, object]"
"""An array of PHP: str, int, float, bool, None and arrays by their keys."""

LARGEST = 1_000_000
DEEPEST = 64
_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1


def is_array(text: str) -> bool:
    """Say whether a text begins like an array of PHP, or like code that makes one."""
    return _BEGINS.match(text) is not None


_BEGINS = re.compile(
    r"\s*(<\?(php)?\s*)?(\$\w+\s*=\s*|return\b\s*)?(array\s*\(|\[|array\s*$|Array\s*\n)",
    re.IGNORECASE | re.MULTILINE,
)
_PRINTED = re.compile(r"\s*Array[ \t]*\r?\n[ \t]*\(")


def read_array(text: str) -> Pasted:
    """Read ``array('a' => 1)``, ``['a' => 1]``, or what ``var_export`` or ``print_r`` printed.

    ``print_r`` does not tell texts from other values: all its values are texts.

    Raises:
        InvalidInput: It is no array, or not of plain values alone; the message names the line.
    """
    if len(text) > LARGEST:
        raise _refusal("is too large", 1, f"Paste no more than {LARGEST} characters.", _LARGE_RU)
    text = text.removeprefix("\ufeff")
    if printed := _PRINTED.match(text):
        # Line breaks that a terminal or an editor has turned into others are turned back.
        return _Printed(text.replace("\r\n", "\n") if "\r" in printed[0] else text).read()
    return _Literal(text).read()


_LARGE_RU = f"Вставьте не больше {LARGEST} символов."


def _refusal(what: str, line: int, hint: str, hint_ru: str) -> InvalidInput:
    return InvalidInput(
        f"the array {what} (line {line}).", field="array", hint=hint, hint_ru=hint_ru
    )


# ── Literals and var_export ─────────────────────────────────────────────────────────

_PIECE = re.compile(
    r"""
    (?P<blank>\s+|//[^\n]*|\#(?!\[)[^\n]*|/\*.*?\*/)
  | (?P<single>'(?:[^'\\]|\\.)*')
  | (?P<double>"(?:[^"\\]|\\.)*")
  | (?P<number>\.?\d[\w.]*(?:(?<=[eE])[+-]\d+)?)
  | (?P<variable>\$\w+)
  | (?P<word>\\?[A-Za-z_\x80-\U0010ffff][\w\x80-\U0010ffff\\]*)
  | (?P<arrow>=>)
  | (?P<sign>[\[\](),.;+=-])
    """,
    re.VERBOSE | re.DOTALL,
)


class _Literal:
    """A reader of literals, one piece ahead."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._kind = ""
        self._piece = ""
        self._depth = 0
        self._skip_opening()
        self._next()

    def read(self) -> Pasted:
        array = self._array_here()
        if array is None:
            raise self._refuse("does not begin with array( or [")
        if self._piece == ";":
            self._next()
        if self._kind or self._text[self._at :].strip() not in ("", "?>"):
            raise self._refuse("is followed by something else")
        return array

    def _skip_opening(self) -> None:
        opening = re.match(r"\s*(<\?(php)?\s)?\s*(\$\w+\s*=(?!=)|return\b)?", self._text)
        self._at = opening.end() if opening else 0

    # ── Pieces ──────────────────────────────────────────────────────────────────────

    def _next(self) -> None:
        while True:
            match = _PIECE.match(self._text, self._at)
            if match is None:
                if self._at < len(self._text) and not self._text.startswith("?>", self._at):
                    raise self._refuse("holds something that is no value")
                self._kind = self._piece = ""
                return
            self._at = match.end()
            self._kind, self._piece = match.lastgroup or "", match[0]
            if self._kind != "blank":
                return

    def _refuse(self, what: str, hint: str = "", hint_ru: str = "") -> InvalidInput:
        line = self._text.count("\n", 0, max(0, self._at - len(self._piece))) + 1
        return _refusal(
            what,
            line,
            hint or "Paste an array of plain values, as var_export($params) prints it.",
            hint_ru or "Вставьте массив простых значений, как его печатает var_export($params).",
        )

    def _expect(self, piece: str) -> None:
        if self._piece != piece or self._kind not in ("sign", "number"):
            raise self._refuse(f"lacks {piece}")
        self._next()

    # ── Values ──────────────────────────────────────────────────────────────────────

    def _value(self) -> object:
        value = self._single_value()
        while self._piece == "." and self._kind == "sign":
            self._next()
            value = self._joined(value, self._single_value())
        return value

    def _joined(self, left: object, right: object) -> str:
        if not (isinstance(left, str) and isinstance(right, str)):
            raise self._refuse("joins something that is no text by a dot")
        # Two halves of one letter may have been escaped apart.
        octets = (left + right).encode("utf-8", "surrogateescape")
        return octets.decode("utf-8", "surrogateescape")

    def _array_here(self) -> Pasted | None:
        if self._kind == "sign" and self._piece == "[":
            return self._array("]")
        if self._kind == "word" and self._piece.lower() == "array":
            self._next()
            if self._piece != "(":
                raise self._refuse("has no ( after array")
            return self._array(")")
        return None

    def _single_value(self) -> object:
        if (array := self._array_here()) is not None:
            return array
        kind, piece = self._kind, self._piece
        if kind == "sign" and piece in "+-":
            return self._signed(piece)
        read = _READERS.get(kind)
        if read is None:
            raise self._no_value()
        value = read(piece)
        if value is _NOTHING:
            raise self._no_value()
        self._next()
        return value

    def _no_value(self) -> InvalidInput:
        if self._kind == "variable":
            return self._refuse(
                "holds a variable",
                "Write the value in its place, or paste what var_export($params) prints.",
                "Напишите на её месте значение или вставьте то, что печатает var_export($params).",
            )
        if self._kind == "double":
            return self._refuse(
                "holds a text with a variable in it",
                "Write the value in its place, or paste what var_export($params) prints.",
                "Напишите на её месте значение или вставьте то, что печатает var_export($params).",
            )
        if self._kind == "number":
            return self._refuse("holds a number that PHP does not know")
        if self._kind == "word":
            return self._refuse("holds a call, a constant or an object")
        return self._refuse("ends too early" if not self._kind else "lacks a value")

    def _signed(self, sign: str) -> int | float:
        self._next()
        value = self._single_value()
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._refuse("has a sign before something that is no number")
        value = -value if sign == "-" else value
        # var_export has no other way to write PHP's smallest integer.
        if value == -_INT_MAX and self._kind == "sign" and self._piece == "-":
            self._next()
            self._expect("1")
            return _INT_MIN
        return value

    def _array(self, end: str) -> Pasted:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._refuse("is nested too deeply")
        self._next()
        array: Pasted = {}
        free: int | None = 0
        while self._piece != end or self._kind != "sign":
            value = self._value()
            if self._kind == "arrow":
                self._next()
                key = self._key(value)
                value = self._value()
            elif free is None:
                raise self._refuse("has an item without a key after a negative key")
            else:
                key = free
            if isinstance(key, int) and key >= 0:
                free = max(free or 0, key + 1)
            elif isinstance(key, int) and free == 0:
                free = None  # What follows a negative key differs from one PHP to another.
            array[key] = value
            if self._piece != end:
                self._expect(",")
        self._next()
        self._depth -= 1
        return array

    def _key(self, value: object) -> int | str:
        if value is None:
            return ""
        if isinstance(value, str):
            return _integer(value)
        if isinstance(value, int | float) and abs(value) < 2**63:
            return int(value)
        raise self._refuse("has a key that is no text and no number")


def _integer(key: str) -> int | str:
    if re.fullmatch(r"0|-?[1-9][0-9]{0,18}", key, re.ASCII) and _INT_MIN <= int(key) <= _INT_MAX:
        return int(key)
    return key


_NOTHING = object()
_WORDS: Mapping[str, object] = {
    "true": True,
    "false": False,
    "null": None,
    "inf": float("inf"),
    "nan": float("nan"),
    "php_int_max": _INT_MAX,
    "php_int_min": _INT_MIN,
}


def _word(piece: str) -> object:
    name = piece.removeprefix("\\").lower()
    # Only true, false and null may be written in any case.
    if name in ("true", "false", "null") or piece.removeprefix("\\").isupper():
        return _WORDS.get(name, _NOTHING)
    return _NOTHING


_WHOLE = re.compile(r"0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|[1-9][0-9]*|0")
_FLOAT = re.compile(r"(?=.*[.eE])(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def _number(piece: str) -> object:
    digits = re.sub("(?<=[0-9a-fA-F])_(?=[0-9a-fA-F])", "", piece)
    if _WHOLE.fullmatch(digits):
        octal = re.fullmatch("0[0-7]+", digits)
        value = int(f"0o{digits[1:]}" if octal else digits, 0)
        return value if value <= _INT_MAX else float(value)
    return float(digits) if _FLOAT.fullmatch(digits) else _NOTHING


def _single(piece: str) -> object:
    return re.sub(r"\\([\\'])", r"\1", piece[1:-1])


_ESCAPE = re.compile(
    r"\\(?:([ntrvef\\$\"])|([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|u\{([0-9A-Fa-f]{1,8})\})"
)
_LETTERS = dict(zip('ntrvef\\$"', '\n\t\r\v\x1b\f\\$"', strict=True))


def _double(piece: str) -> object:
    inner = piece[1:-1]
    if re.search(r"(?<!\\)(?:\\\\)*(?:\$[A-Za-z_{\x80-\U0010ffff]|\{\$)", inner):
        return _NOTHING
    try:
        octets = b"".join(_octets(inner))
    except (ValueError, OverflowError):
        return _NOTHING
    return octets.decode("utf-8", "surrogateescape")


def _octets(text: str) -> list[bytes]:
    pieces: list[bytes] = []
    start = 0
    for match in _ESCAPE.finditer(text):
        pieces.append(text[start : match.start()].encode("utf-8", "surrogateescape"))
        letter, octal, hexadecimal, point = match.groups()
        if letter:
            pieces.append(_LETTERS[letter].encode())
        elif point:
            pieces.append(chr(int(point, 16)).encode())
        else:
            number = int(octal, 8) if octal else int(hexadecimal, 16)
            pieces.append(bytes([number & 255]))
        start = match.end()
    return [*pieces, text[start:].encode("utf-8", "surrogateescape")]


_READERS: Mapping[str, Callable[[str], object]] = {
    "single": _single,
    "double": _double,
    "number": _number,
    "word": _word,
}


# ── print_r ─────────────────────────────────────────────────────────────────────────


class _Printed:
    """A reader of ``print_r``: items are told from the lines of a text by their indentation."""

    def __init__(self, text: str) -> None:
        first = text.lstrip()
        margin = " " * (len(text) - len(first) - text.rfind("\n", 0, len(text) - len(first)) - 1)
        self._lines = [line.removeprefix(margin) for line in text.rstrip().split("\n")]
        self._at = next(index for index, line in enumerate(self._lines) if line.strip())

    def read(self) -> Pasted:
        array = self._array(0)
        if any(line.strip() for line in self._lines[self._at :]):
            raise self._refuse("is followed by something else")
        return array

    def _refuse(self, what: str) -> InvalidInput:
        return _refusal(
            what,
            self._at + 1,
            "Paste print_r's output with its line breaks and blanks, or what var_export prints.",
            "Вставьте вывод print_r с переводами строк и отступами или вывод var_export.",
        )

    def _line(self) -> str | None:
        return self._lines[self._at] if self._at < len(self._lines) else None

    def _array(self, indent: int) -> Pasted:
        if indent > 8 * DEEPEST:
            raise self._refuse("is nested too deeply")
        blanks = " " * indent
        self._at += 1
        if (self._line() or "").rstrip() != f"{blanks}(":
            raise self._refuse("has lost its indentation")
        self._at += 1
        array: Pasted = {}
        item = re.compile(rf"{blanks}    \[(.*?)\] =>(?: (.*))?")
        while (line := self._line()) is not None and line.rstrip() != f"{blanks})":
            match = item.fullmatch(line)
            if match is None:
                raise self._refuse("has lost its indentation")
            key, value = _integer(match[1]), match[2] or ""
            if value == "Array" and (self._following() or "").rstrip() == f"{blanks}        (":
                array[key] = self._array(indent + 8)
                continue
            if value.endswith(" Object") and (self._following() or "").strip() == "(":
                raise self._refuse("holds an object")
            array[key] = self._text(value, item, blanks)
        if line is None:
            raise self._refuse("ends too early")
        self._at += 1
        if indent and self._line() == "":
            self._at += 1
        return array

    def _following(self) -> str | None:
        return self._lines[self._at + 1] if self._at + 1 < len(self._lines) else None

    def _text(self, first: str, item: re.Pattern[str], blanks: str) -> str:
        """Read a text to its end: the next item, or the end of the array."""
        lines = [first]
        self._at += 1
        while (line := self._line()) is not None:
            if item.fullmatch(line) or line == f"{blanks})":
                break
            lines.append(line)
            self._at += 1
        return "\n".join(lines)
