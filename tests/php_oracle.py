"""A real PHP, asked over a pipe: one process, many questions."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

PHP = shutil.which("php")
SCRIPT = Path(__file__).parent / "data" / "php_oracle.php"
# Without php.ini; the limits are raised so that ours, not PHP's, are met in the comparison.
COMMAND = ["-n", "-d", "max_input_vars=1000000", "-d", "max_input_nesting_level=64"]


class PhpOracle:
    """One child process; ``ask`` sends a line of questions and waits for the line of answers."""

    def __init__(self) -> None:
        assert PHP is not None
        self._php = subprocess.Popen(
            [PHP, *COMMAND, str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="ascii",
        )

    def __enter__(self) -> PhpOracle:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._php.communicate(timeout=10)

    def ask(self, questions: Iterable[list[object]]) -> list[object]:
        assert self._php.stdin is not None
        assert self._php.stdout is not None
        self._php.stdin.write(json.dumps(list(questions)) + "\n")
        self._php.stdin.flush()
        return json.loads(self._php.stdout.readline())

    def http_build_query(self, data, prefix="", separator="&", encoding=1) -> str:
        return text(self.ask([build_question(data, prefix, separator, encoding)])[0])

    def parse_str(self, string: str | bytes) -> dict[str, object]:
        return top(self.ask([["parse_str", base64(string)]])[0])

    def urlencode(self, string: str | bytes) -> str:
        return text(self.ask([["urlencode", base64(string)]])[0])

    def rawurlencode(self, string: str | bytes) -> str:
        return text(self.ask([["rawurlencode", base64(string)]])[0])


def build_question(data, prefix="", separator="&", encoding=1) -> list[object]:
    return ["http_build_query", tag(data), base64(prefix), base64(separator), encoding]


def base64(string: str | bytes) -> str:
    octets = string.encode("utf-8", "surrogateescape") if isinstance(string, str) else string
    return b64encode(octets).decode()


def text(answer: str) -> str:
    return b64decode(answer).decode("utf-8", "surrogateescape")


def tag(value: object) -> list[object]:
    """Say of which of PHP's types *value* is; floats travel as their bits."""
    if value is None:
        return ["null", 0]
    if isinstance(value, bool):
        return ["bool", int(value)]
    if isinstance(value, int):
        return ["int", str(value)]
    if isinstance(value, float):
        return ["float", struct.pack(">d", value).hex()]
    if isinstance(value, (str, bytes)):
        return ["text", base64(value)]
    pairs = enumerate(value) if isinstance(value, (list, tuple)) else value.items()
    return ["array", [[tag(key), tag(inner)] for key, inner in pairs]]


def untag(tagged: list) -> object:
    """Return the Python form of an array or text of PHP, lists where ``json_encode`` has them."""
    kind, value = tagged
    if kind == "text":
        return text(value)
    if kind == "int":
        return int(value)
    if kind == "null":
        return None
    if kind == "bool":
        return bool(value)
    if kind == "float":
        return struct.unpack(">d", bytes.fromhex(value))[0]
    array = {untag(key): untag(inner) for key, inner in value}
    return list(array.values()) if list(array) == list(range(len(array))) else array


def top(tagged: list) -> dict[str, object]:
    """The same for the top level, which is always a dict with str keys."""
    return {str(untag(key)): untag(inner) for key, inner in tagged[1]}
