"""The catalogue of the library's messages in Russian."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import justclick_async
from justclick_async.cli import russian
from justclick_async.cli.russian import MESSAGES, in_russian


@pytest.mark.parametrize(
    ("english", "told"),
    [
        (
            "Order.email is required and must not be blank.",
            "Order.email: обязательное значение, не может быть пустым.",
        ),
        ("the array lacks ) (line 3).", "массив не содержит ) (строка 3)."),
        (
            "the answer is a page of HTML or XML (12 bytes), not JSON (HTTP 403).",
            "в ответе страница HTML или XML (12 байт), а не JSON (HTTP 403).",
        ),
        ("refused with code 4: Неверная подпись.", "отказ с кодом 4: Неверная подпись."),
        (
            "the answer says success, but its hash is wrong.",
            "ответ сообщает об успехе, но хеш неверен.",
        ),
        ("what nobody has said before", "what nobody has said before"),
        ("{0} is empty.", "{0}: пусто."),
    ],
)
def test_a_message_is_told_in_russian(english: str, told: str) -> None:
    assert in_russian(english) == told


@pytest.mark.parametrize(("english", "told"), MESSAGES.items())
def test_nothing_varies_that_does_not_in_english(english: str, told: str) -> None:
    assert re.search("[а-я]", told) or english == told
    assert set(re.findall(r"{\d}", told)) <= set(re.findall(r"{\d}", english))


def test_each_message_still_stands_in_the_code() -> None:
    sources = Path(justclick_async.__file__).parent.rglob("*.py")
    trees = [ast.parse(each.read_text()) for each in sources if each != Path(russian.__file__)]
    constants = [
        node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)
    ]
    code = "\n".join(each for each in constants if isinstance(each, str))
    pieces = {piece for english in MESSAGES for piece in re.split(r"{\d}", english)}
    assert [piece for piece in sorted(pieces) if piece not in code] == []
