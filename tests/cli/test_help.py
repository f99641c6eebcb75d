"""Help pages and messages in the user's language, and what they cost."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

import pytest
from cyclopts import App

from justclick_async import messages
from justclick_async.bulk import ImportOptions
from justclick_async.cli.commands import app
from justclick_async.cli.output import language
from justclick_async.messages import Message, _, ngettext, translations
from tests.cli.command import environment, run

RUSSIAN = environment(LC_ALL="ru_RU.UTF-8", COLUMNS="400")


def pages(group: App = app, chain: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command."""
    yield chain
    for name in group:
        if not name.startswith("-"):
            yield from pages(group[name], (*chain, name))


@pytest.mark.parametrize("words", list(pages()), ids=" ".join)
def test_every_help_page_is_in_russian(words: tuple[str, ...]) -> None:
    page = run(*words, "--help", env=RUSSIAN).out
    assert page.startswith("Использование: justclick")
    described = re.findall(
        r"│ .*?(?:  |STR |INT |PATH |CHOICE )([A-Za-z][a-z]+ [a-z]+ [a-z]+.*?)│", page
    )
    assert described == []
    assert "[required]" not in page
    assert "Parameters" not in page


def test_help_is_in_english_without_a_catalogue_of_the_language() -> None:
    page = run("orders", "get-bills", "--help", env=environment(LC_ALL="de_DE.UTF-8")).out
    assert page.startswith("Usage: justclick orders get-bills [OPTIONS] EMAIL")
    assert "[required]" in page


def test_a_new_catalogue_is_a_new_language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    russian = messages.LOCALE / "ru"
    (tmp_path / "de").symlink_to(russian)
    monkeypatch.setattr(messages, "LOCALE", tmp_path)
    for cached in messages.languages, translations:
        cached.cache_clear()
    try:
        assert language({"LANG": "de_DE.UTF-8"}, "linux") == "de"
        assert _("Done.").in_("de") == "Готово."
        assert ImportOptions(language="de").language == "de"
    finally:
        for cached in messages.languages, translations:
            cached.cache_clear()


@pytest.mark.parametrize(
    ("count", "english", "russian"),
    [
        (0, "0 orders", "0 заказов"),
        (1, "1 order", "1 заказ"),
        (2, "2 orders", "2 заказа"),
        (5, "5 orders", "5 заказов"),
        (11, "11 orders", "11 заказов"),
        (21, "21 orders", "21 заказ"),
    ],
)
def test_counted_words_have_the_plural_of_the_language(
    count: int, english: str, russian: str
) -> None:
    text = ngettext("{count} order", "{count} orders", count)
    assert (text.in_("en"), text.in_("ru")) == (english, russian)


def test_messages_inside_messages_are_translated() -> None:
    rows = ngettext("{count} row", "{count} rows", 3)
    assert isinstance(rows, Message)
    text = _("To send to {account}: {rows}.", account="shop", rows=rows)
    assert text.in_("ru") == "К отправке в shop: 3 строки."


def processor_seconds(*words: str) -> float:
    """Return the processor time of the fastest of five processes."""

    def once() -> float:
        before = getrusage(RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, env=RUSSIAN, check=True)
        after = getrusage(RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return min(once() for _time in range(5))


def test_help_starts_about_as_fast_as_aiohttp() -> None:
    help_page = processor_seconds("-m", "justclick_async", "--help")
    assert help_page < 1.2 * processor_seconds("-c", "import aiohttp")


def test_every_command_that_calls_the_service_takes_a_proxy() -> None:
    without: set[str] = set()
    for words in pages():
        command = app
        for word in words:
            command = command[word]
        if words and command.default_command is not None:
            arguments = command.assemble_argument_collection()
            if "--proxy" not in {name for argument in arguments for name in argument.names}:
                without.add(" ".join(words))
    receivers = {f"notifications {name}" for name in ("listen", "replay", "send", "verify")}
    assert without == receivers | {
        *("profiles add", "profiles list", "profiles remove", "profiles use", "sandbox")
    }
