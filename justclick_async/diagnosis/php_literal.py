"""Parser of PHP arrays: a literal, or the output of ``var_export`` or ``print_r``.

Nothing is executed.  Anything but a plain value (a variable, a call, a constant, an object) is
refused with its line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from justclick_async.errors import InvalidInput
from justclick_async.messages import Message, _

__all__ = ["PhpLiteral", "is_array", "read_array"]

PhpLiteral: TypeAlias = "dict[int | str, object]"
"""An array of PHP: str, int, float, bool, None and arrays by their keys."""

LARGEST = 1_000_000
DEEPEST = 64
_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1


def is_array(text: str) -> bool:
    """Return whether a text begins like an array of PHP, or like code that makes one."""
    return _BEGINS.match(text) is not None


_BEGINS = re.compile(
    r"\s*(<\?(php)?\s*)?(\$\w+\s*=\s*|return\b\s*)?(array\s*\(|\[|array\s*$|Array\s*\n)",
    re.IGNORECASE | re.MULTILINE,
)
_PRINTED = re.compile(r"\s*Array[ \t]*\r?\n[ \t]*\(")


def read_array(text: str) -> PhpLiteral:
    """Read ``array('a' => 1)``, ``['a' => 1]``, or what ``var_export`` or ``print_r`` printed.

    ``print_r`` does not show types: all its values are texts.

    Raises:
        InvalidInput: Not an array, or not of plain values only; the message names the line.
    """
    if len(text) > LARGEST:
        hint = _("Paste no more than {count} characters.", count=LARGEST)
        raise _refusal(_("the array is too large"), 1, hint)
    text = text.removeprefix("\ufeff")
    if printed := _PRINTED.match(text):
        # Terminals and editors change line breaks.
        return _Printed(text.replace("\r\n", "\n") if "\r" in printed[0] else text).read()
    return _Literal(text).read()


def _refusal(what: Message, line: int, hint: Message) -> InvalidInput:
    return InvalidInput(_("{what} (line {line}).", what=what, line=line), field="array", hint=hint)


_PLAIN_VALUES = _("Paste an array of plain values, as var_export($params) prints it.")


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

    def read(self) -> PhpLiteral:
        array = self._array_here()
        if array is None:
            raise self._refuse(_("the array does not begin with array( or ["))
        if self._piece == ";":
            self._next()
        if self._kind or self._text[self._at :].strip() not in ("", "?>"):
            raise self._refuse(_("the array is followed by something else"))
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
                    raise self._refuse(_("the array holds something that is not a value"))
                self._kind = self._piece = ""
                return
            self._at = match.end()
            self._kind, self._piece = match.lastgroup or "", match[0]
            if self._kind != "blank":
                return

    def _refuse(self, what: Message, hint: Message = _PLAIN_VALUES) -> InvalidInput:
        line = self._text.count("\n", 0, max(0, self._at - len(self._piece))) + 1
        return _refusal(what, line, hint)

    def _expect(self, piece: str) -> None:
        if self._piece != piece or self._kind not in ("sign", "number"):
            raise self._refuse(_("the array lacks {piece}", piece=piece))
        self._next()

    # ── Values ──────────────────────────────────────────────────────────────────────

    def _value(self) -> object:
        value = self._single_value()
        if not self._is_dot():
            return value
        parts: list[str] = []
        while True:
            if not isinstance(value, str):
                raise self._refuse(_("the array joins something other than text with a dot"))
            parts.append(value)
            if not self._is_dot():
                break
            self._next()
            value = self._single_value()
        # Two halves of one letter may have been escaped apart.
        return "".join(parts).encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")

    def _is_dot(self) -> bool:
        return self._piece == "." and self._kind == "sign"

    def _array_here(self) -> PhpLiteral | None:
        if self._kind == "sign" and self._piece == "[":
            return self._array("]")
        if self._kind == "word" and self._piece.lower() == "array":
            self._next()
            if self._piece != "(":
                raise self._refuse(_("the array has no ( after array"))
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
                _("the array holds a variable"),
                _("Write the value in its place, or paste what var_export($params) prints."),
            )
        if self._kind == "double":
            return self._refuse(
                _("the array holds a text with a variable in it"),
                _("Write the value in its place, or paste what var_export($params) prints."),
            )
        if self._kind == "number":
            return self._refuse(_("the array holds a number that PHP does not know"))
        if self._kind == "word":
            return self._refuse(_("the array holds a call, a constant or an object"))
        return self._refuse(
            _("the array lacks a value") if self._kind else _("the array ends too early")
        )

    def _signed(self, sign: str) -> int | float:
        self._next()
        value = self._single_value()
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._refuse(_("the array has a sign before something other than a number"))
        value = -value if sign == "-" else value
        # var_export has no other way to write PHP's smallest integer.
        if value == -_INT_MAX and self._kind == "sign" and self._piece == "-":
            self._next()
            self._expect("1")
            return _INT_MIN
        return value

    def _array(self, end: str) -> PhpLiteral:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._refuse(_("the array is nested too deeply"))
        self._next()
        array: PhpLiteral = {}
        free: int | None = 0
        while self._piece != end or self._kind != "sign":
            value = self._value()
            if self._kind == "arrow":
                self._next()
                key = self._key(value)
                value = self._value()
            elif free is None:
                raise self._refuse(_("the array has an item without a key after a negative key"))
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
        raise self._refuse(_("the array has a key that is neither text nor a number"))


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
    """A reader of ``print_r``, which recognizes items by their indentation."""

    def __init__(self, text: str) -> None:
        first = text.lstrip()
        margin = " " * (len(text) - len(first) - text.rfind("\n", 0, len(text) - len(first)) - 1)
        self._lines = [line.removeprefix(margin) for line in text.rstrip().split("\n")]
        self._at = next(index for index, line in enumerate(self._lines) if line.strip())

    def read(self) -> PhpLiteral:
        array = self._array(0)
        if any(line.strip() for line in self._lines[self._at :]):
            raise self._refuse(_("the array is followed by something else"))
        return array

    def _refuse(self, what: Message) -> InvalidInput:
        hint = _("Paste print_r's output with its line breaks and indentation, or var_export's.")
        return _refusal(what, self._at + 1, hint)

    def _line(self) -> str | None:
        return self._lines[self._at] if self._at < len(self._lines) else None

    def _array(self, indent: int) -> PhpLiteral:
        if indent > 8 * DEEPEST:
            raise self._refuse(_("the array is nested too deeply"))
        blanks = " " * indent
        self._at += 1
        if (self._line() or "").rstrip() != f"{blanks}(":
            raise self._refuse(_("the array has lost its indentation"))
        self._at += 1
        array: PhpLiteral = {}
        item = re.compile(rf"{blanks}    \[(.*?)\] =>(?: (.*))?")
        while (line := self._line()) is not None and line.rstrip() != f"{blanks})":
            match = item.fullmatch(line)
            if match is None:
                raise self._refuse(_("the array has lost its indentation"))
            key, value = _integer(match[1]), match[2] or ""
            if value == "Array" and (self._following() or "").rstrip() == f"{blanks}        (":
                array[key] = self._array(indent + 8)
                continue
            if value.endswith(" Object") and (self._following() or "").strip() == "(":
                raise self._refuse(_("the array holds an object"))
            array[key] = self._text(value, item, blanks)
        if line is None:
            raise self._refuse(_("the array ends too early"))
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
