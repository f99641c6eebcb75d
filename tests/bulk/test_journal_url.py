"""Which journals are URLs, what they say, and that their secrets are never shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from justclick_async import AsyncJustClick, bulk
from justclick_async.bulk.journal_url import (
    parse_journal_url,
    read_journal_url,
    without_secrets,
)
from justclick_async.errors import InvalidInput

SECRET = "s3cret"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:s3cret@host:5432/db", "postgresql://u@host:5432/db"),
        ("postgres://u:s3cret@host/db", "postgresql://u@host/db"),
        ("postgresql+asyncpg://u:s3cret@host/db", "postgresql://u@host/db"),
        ("postgresql+psycopg://u:s3cret@host/db", "postgresql://u@host/db"),
        ("POSTGRESQL://u:s3cret@host/db", "postgresql://u@host/db"),
        (" Postgres://u:s3cret@host/db\n", "postgresql://u@host/db"),
        ("postgresql://u:s3cret#x[1]@host/db", "postgresql://u@host/db"),
        ("postgresql://u:a:s3cret@host/db", "postgresql://u@host/db"),
        ("postgresql://u:%2Fs3cret%40@host/db", "postgresql://u@host/db"),
        ("postgresql://h/db?user=u&password=s3cret", "postgresql://h/db?user=u"),
        (
            "postgresql://h/db?sslpassword=s3cret&sslmode=require",
            "postgresql://h/db?sslmode=require",
        ),
        ("postgresql://h?password=s3cret", "postgresql://h/"),
        ("postgresql:///db?host=/run/postgresql", "postgresql:///db?host=/run/postgresql"),
        ("postgresql://%2Frun%2Fpostgresql/db", "postgresql://%2Frun%2Fpostgresql/db"),
        ("postgresql://u@[::1]:5432,b:5433/db", "postgresql://u@[::1]:5432,b:5433/db"),
        ("postgresql://h/a%20b?journal=x+y", "postgresql://h/a%20b?journal=x%2By"),
        ("postgresql:///", "postgresql:///"),
    ],
)
def test_every_spelling_is_recognized_and_shown_without_its_secrets(url: str, shown: str) -> None:
    parsed = read_journal_url(url)
    assert str(parsed) == shown
    assert SECRET not in repr(parsed)
    assert any(SECRET in value for value in parsed.secrets.values()) == (SECRET in url)
    assert read_journal_url(shown) == parsed.__class__(
        parsed.user, parsed.hosts, parsed.database, parsed.query
    )
    assert without_secrets(f"--journal={url}") == f"--journal={shown}"
    assert without_secrets(url) == shown


WRONG = [
    "postgresql://u:a/s3cret@host/db",
    "postgresql://u:12/s3cret@host/db",
    "postgresql://u:a?s3cret@host/db",
    "postgresql://u:a@s3cret@host/db",
    "postgresql://u:a s3cret@host/db",
    "postgresql://u:a%s3cret@host/db",
    "postgresql://u:a%00s3cret@host/db",
    "postgresql://u:s3cret\x1b[2J@host/db",
    "postgresql://host/db#s3cret",
    "postgresql://[s3cret/db",
    "postgresql://host:s3cret/db",
    "postgresql://host/db?s3cret",
    "postgresql://host/db?oauth_client_secret=s3cret",
    "postgresql://host/db?scram_client_key=s3cret",
    "postgresql:/u:s3cret@host/db",
    "postgresql:u:s3cret@host/db",
    "jdbc:postgresql://u:s3cret@host/db",
    "mysql://u:s3cret@host/db",
    "sqlite:///s3cret.db",
    "redis+tls://:s3cret@host",
    "u:s3cret@host/db",
    "host=localhost dbname=db password=s3cret",
    "password = s3cret",
    "sslmode=require password=s3cret",
    "postgresql://host/db?user=u&pass=s3cret",
    "postgresql://host/db?pwd=s3cret",
]


@pytest.mark.parametrize("url", WRONG)
class TestWrongURLs:
    def test_they_are_explained_without_their_secret(self, url: str) -> None:
        with pytest.raises(InvalidInput, match="journal must be") as caught:
            parse_journal_url(url)
        error = caught.value
        assert SECRET not in f"{error!r} {error} {error.hint} {error.hint_ru}"
        assert error.field == "journal"
        assert error.__cause__ is None

    def test_they_never_become_the_name_of_a_file(
        self, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        Path("orders.csv").write_text("email,goods\na@example.com,invoice\n")
        for journal in url, Path(url):
            with pytest.raises(InvalidInput, match="journal must be"):
                bulk.plan("orders.csv", journal=journal, login="u")
        assert [path.name for path in tmp_path.iterdir()] == ["orders.csv"]


@pytest.mark.parametrize(
    "path",
    [
        "orders.csv.journal",
        "/var/lib/orders.journal",
        "C:/orders.journal",
        r"C:\orders.journal",
        "/tmp/postgresql://u@host/db",
        "заказы за май: новые.journal",
        "12:30.journal",
        "postgres.journal",
        "host-1.journal",
    ],
)
def test_a_path_is_a_path(path: str) -> None:
    assert parse_journal_url(path) is None
    assert parse_journal_url(Path(path)) is None
    assert without_secrets(path) == path


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("--proxy=http://u:s3cret@proxy:3128", "--proxy=http://proxy:3128"),
        ("http://u:s3cret@proxy:3128/", "http://proxy:3128/"),
        ("https://shop.example.com", "https://shop.example.com"),
        ("postgresql:/u:s3cret@host/db", "postgresql://host/db"),
        ("--yes", "--yes"),
        ("Buyer=email", "Buyer=email"),
    ],
)
def test_other_urls_of_a_command_lose_their_password_as_well(word: str, shown: str) -> None:
    assert without_secrets(word) == shown


@given(st.text(st.sampled_from("aZ0:/?#[]@%+=&. \n"), max_size=30))
def test_any_text_after_the_scheme_is_read_or_refused(rest: str) -> None:
    try:
        url = read_journal_url(f"postgresql://{rest}")
    except InvalidInput:
        return
    shown = read_journal_url(str(url))
    assert (shown.query, shown.secrets, str(shown)) == (url.query, {}, str(url))


@pytest.mark.asyncio
async def test_an_import_in_one_process_refuses_a_server(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("email,goods\na@example.com,invoice\n")
    with pytest.raises(InvalidInput, match="must be the path of a file") as caught:
        await bulk.import_orders(
            AsyncJustClick("u", "key"),
            path,
            journal=f"postgresql://u:{SECRET}@host/db",
        )
    assert "bulk.plan" in caught.value.hint
