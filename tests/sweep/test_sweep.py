"""Every bad input is refused with a message and a hint, and nothing is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.service import KEY
from tests.sweep.stage import SECRET, Entry, Stage, entries, has_russian, stage

CORPUS = list(entries())


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("sweep")) as made:
        yield made


# Python 3.13 adds one where an argument's name is wrong.
PYTHONS_OWN_GUESS = re.compile(r"(unexpected keyword argument '\w+')\. Did you mean '\w+'\?$")


@pytest.mark.parametrize("entry", CORPUS, ids=lambda each: f"{each.file}:{each.line}")
def test_the_message(there: Stage, entry: Entry) -> None:
    said = there.told(entry)
    assert PYTHONS_OWN_GUESS.sub(r"\1", said) == entry.said
    assert there.requests == []
    assert KEY not in said
    assert SECRET not in said
    assert "Traceback" not in said
    assert "should not have happened" not in said


COMMANDS = [each for each in CORPUS if each.asked.startswith("$") and " sandbox " not in each.asked]


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda each: f"{each.file}:{each.line}")
def test_the_message_of_a_command_is_translated(
    there: Stage, entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "ru_RU.UTF-8")
    said = there.told(entry)
    _, _, told = said.partition("] Ошибка: ")
    message, *hint = re.split(r"[.?] ", told, maxsplit=1)
    assert has_russian(message)
    assert all(map(has_russian, hint))
    assert said.partition(" ")[0] == entry.said.partition(" ")[0]
    assert there.requests == []


def test_the_corpus_is_large_and_has_no_duplicates() -> None:
    assert len(CORPUS) >= 200
    assert len({entry.asked for entry in CORPUS}) == len(CORPUS)
    assert all(entry.said for entry in CORPUS)
