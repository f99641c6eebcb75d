"""Events that did not arrive, and events once more: ``catch-up``, ``listen --save``, ``replay``."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from justclick_async import Good, JustClick
from justclick_async.cli.inbox import Inbox
from justclick_async.cli.send import build_sample
from tests.cli.command import KEY, LOGIN, environment, run, service
from tests.cli.test_notifications import listening, receiver

ENV = environment(JUSTCLICK_API_KEY=KEY)
RUSSIAN = ENV | {"LANG": "ru_RU.UTF-8"}


def test_events_that_did_not_arrive_are_printed_once(tmp_path: Path) -> None:
    options = ("--since", "1h", "--guard", tmp_path / "handled.db")
    with service() as there, JustClick(LOGIN, KEY, base_url=there.url, rate=None) as client:
        goods = [Good("invoice", price=1500)]
        created = int(time.time()) - 60
        number = client.create_order(email="a@example.com", goods=goods, created=created).bill_id
        words = ("notifications", "catch-up", *options)
        first = run(*words, "--json", env=there.env)
        assert (first.code, [event["kind"] for event in first.events]) == (0, ["order_created"])
        assert first.events[0]["bill_id"] == number
        assert "Handled: 1, known: 0, failed: 0." in first.err
        again = run(*words, env=there.env | {"LANG": "ru_RU.UTF-8"})
        assert (again.code, again.out) == (0, "")
        assert "известно: 1" in again.err


def test_an_event_that_is_not_forwarded_is_caught_up_later(tmp_path: Path) -> None:
    words = ("notifications", "catch-up", "--since", "2d", "--guard", tmp_path / "handled.db")
    with service() as there, JustClick(LOGIN, KEY, base_url=there.url, rate=None) as client:
        goods = [Good("invoice", price=1500)]
        client.create_order(email="a@example.com", goods=goods, created=int(time.time()) - 60)
        with receiver(500) as (url, _):
            assert run(*words, "--forward", url, env=there.env).code == 1
        with receiver() as (url, got):
            assert run(*words, "--forward", url, env=there.env).code == 0
        assert json.loads(got.get(timeout=5)[1])["kind"] == "order_created"


@pytest.mark.parametrize("since", ["yesterday", "0d", "5", "-1d"])
def test_a_period_has_a_unit(tmp_path: Path, since: str) -> None:
    words = ("notifications", "catch-up", f"--since={since}", "--guard", tmp_path / "x.db")
    ran = run(*words, env=ENV)
    assert ran.code == 2
    assert "--since must be a period" in ran.err


def test_saved_events_are_handled_again(tmp_path: Path) -> None:
    inbox = tmp_path / "inbox.sqlite"
    paid, created = (build_sample(kind, key=KEY) for kind in ("order_paid", "order_created"))
    with listening("--save", inbox) as listener:
        assert [listener.post(body) for body in (paid, paid, created)] == [200] * 3
        assert listener.post(paid.replace(b"hash=", b"hash=0")) == 403
        assert listener.end().code == 0
    assert inbox.stat().st_mode & 0o077 == 0
    assert list(Inbox(str(inbox), create=False).bodies()) == [paid, created]
    for _ in range(2):
        ran = run("notifications", "replay", inbox, "--json", env=ENV)
        assert (ran.code, [each["kind"] for each in ran.events]) == (
            0,
            ["order_paid", "order_created"],
        )
    with receiver() as (url, got):
        words = ("notifications", "replay", inbox, "--kind", "order_created", "--forward", url)
        assert run(*words, env=ENV).code == 0
        assert json.loads(got.get(timeout=5)[1])["kind"] == "order_created"
        assert got.empty()
    unknown = run("notifications", "replay", inbox, "--kind", "order", env=ENV)
    assert (unknown.code, "must be one of order_created" in unknown.err) == (2, True)
    other = run("notifications", "replay", inbox, env=ENV | {"JUSTCLICK_API_KEY": KEY[::-1]})
    assert (other.code, other.out) == (1, "")


def test_a_file_that_is_not_an_inbox_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("not a database, but long enough to be refused " * 40)
    for name in "missing.sqlite", "text.txt":
        ran = run("notifications", "replay", tmp_path / name, env=RUSSIAN)
        assert ran.code == 3
        assert "не удаётся открыть" in ran.err
