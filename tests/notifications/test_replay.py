"""Each event is handled once: in memory, in a file, over restarts, by many at once."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest

from justclick_async import InvalidInput, InvalidInputType
from justclick_async.notifications import Claim, Guard, KeyStore, ReplayGuard, SQLiteReplayGuard
from justclick_async.notifications.replay import guard_of


@pytest.fixture(params=["memory", "file", "keys"])
def guard(request, tmp_path):
    return {
        "memory": ReplayGuard,
        "file": lambda: SQLiteReplayGuard(tmp_path / "handled.db"),
        "keys": lambda: guard_of(Keys()),
    }[request.param]()


class Keys:
    """The smallest store there can be."""

    def __init__(self):
        self.keys = []

    def add(self, key):
        new = key not in self.keys
        if new:
            self.keys.append(key)
        return new


class ForgetfulKeys(Keys):
    def discard(self, key):
        self.keys.remove(key)


# ── Every guard ─────────────────────────────────────────────────────────────────────


def test_an_event_is_new_then_in_flight_then_done(guard):
    assert guard.claim("a") is Claim.NEW
    assert guard.claim("a") is Claim.IN_FLIGHT
    guard.finish("a")
    assert guard.claim("a") is Claim.DONE
    assert guard.claim("b") is Claim.NEW


def test_a_released_event_is_new_again(guard):
    guard.claim("a")
    guard.release("a")
    assert guard.claim("a") is Claim.NEW
    guard.finish("a")
    assert guard.claim("a") is Claim.DONE


def test_of_many_threads_one_gets_the_event(guard):
    with ThreadPoolExecutor(16) as pool:
        claims = list(pool.map(lambda _: guard.claim("a"), range(64)))
    assert claims.count(Claim.NEW) == 1
    assert Claim.DONE not in claims


def test_add_says_whether_a_key_is_new(tmp_path):
    for guard in ReplayGuard(), SQLiteReplayGuard(tmp_path / "handled.db"):
        assert [guard.add("a"), guard.add("a"), guard.add("b")] == [True, False, True]
        assert isinstance(guard, Guard)
        assert isinstance(guard, KeyStore)


# ── In memory ───────────────────────────────────────────────────────────────────────


def test_memory_is_bounded_and_keeps_what_was_seen_last():
    guard = ReplayGuard(maxsize=2)
    assert guard.add("a")
    assert guard.add("b")
    assert not guard.add("a")
    assert guard.add("c")  # forgets b, which was not asked for since

    assert len(guard) == 2
    assert not guard.add("a")
    assert guard.add("b")


def test_what_is_being_handled_is_never_forgotten():
    guard = ReplayGuard(maxsize=1)
    guard.claim("slow")
    for key in "abcdef":
        guard.add(key)
    assert guard.claim("slow") is Claim.IN_FLIGHT


@pytest.mark.parametrize("maxsize", [0, -1, 1.5, True, "9"])
def test_a_bound_that_holds_nothing_is_refused(maxsize):
    with pytest.raises(InvalidInput, match="maxsize"):
        ReplayGuard(maxsize=maxsize)


# ── In a file ───────────────────────────────────────────────────────────────────────


def test_a_file_remembers_over_restarts(tmp_path):
    SQLiteReplayGuard(tmp_path / "handled.db").add("a")
    assert not SQLiteReplayGuard(tmp_path / "handled.db").add("a")


def claim_in_file(path):
    return SQLiteReplayGuard(path).claim("a").value


def test_of_many_processes_one_gets_the_event(tmp_path):
    path = str(tmp_path / "handled.db")
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        claims = list(pool.map(claim_in_file, [path] * 16))
    assert sorted(claims) == ["in flight"] * 15 + ["new"]


def test_a_killed_process_keeps_no_event_for_itself(tmp_path):
    """Its claim ends with the lease, so that the event is handled after the restart."""
    path = tmp_path / "handled.db"
    handler = f"""
        import time
        from justclick_async.notifications import SQLiteReplayGuard
        guard = SQLiteReplayGuard({str(path)!r})
        guard.add("done before")
        print(guard.claim("half done"), flush=True)
        time.sleep(60)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(handler)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline().strip() == "Claim.NEW"
    process.kill()
    process.wait()
    process.stdout.close()

    restarted = SQLiteReplayGuard(path)
    assert restarted.claim("done before") is Claim.DONE
    assert restarted.claim("half done") is Claim.IN_FLIGHT
    later = SQLiteReplayGuard(path, clock=lambda: time.time() + 301)
    assert later.claim("half done") is Claim.NEW
    assert later.claim("half done") is Claim.IN_FLIGHT
    assert later.claim("done before") is Claim.DONE


def test_a_late_failure_does_not_take_the_claim_of_another(tmp_path):
    path = tmp_path / "handled.db"
    slow = SQLiteReplayGuard(path)
    slow.claim("a")
    other = SQLiteReplayGuard(path, clock=lambda: time.time() + 301)
    assert other.claim("a") is Claim.NEW

    slow.release("a")
    assert other.claim("a") is Claim.IN_FLIGHT


def test_a_clock_put_back_does_not_hold_a_claim_for_ever(tmp_path):
    path = tmp_path / "handled.db"
    SQLiteReplayGuard(path, clock=lambda: 1e12).claim("a")
    assert SQLiteReplayGuard(path).claim("a") is Claim.NEW


@pytest.mark.parametrize(("path", "lease"), [("", 1), (":memory:", 1), ("x.db", 0), ("x.db", -1)])
def test_what_would_remember_nothing_is_refused(tmp_path, monkeypatch, path, lease):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput, match="SQLiteReplayGuard takes"):
        SQLiteReplayGuard(path, lease=lease)


# ── Any store ───────────────────────────────────────────────────────────────────────


def test_a_store_that_can_forget_forgets_what_failed():
    store = ForgetfulKeys()
    guard = guard_of(store)
    guard.claim("a")
    guard.release("a")

    assert store.keys == []
    assert guard_of(store).claim("a") is Claim.NEW


def test_a_store_that_fails_keeps_nothing_in_flight():
    class Broken(Keys):
        def add(self, key):
            raise OSError("gone")

    guard = guard_of(Broken())
    for _ in range(2):
        with pytest.raises(OSError, match="gone"):
            guard.claim("a")


def test_a_set_is_no_store():
    """Its ``add`` returns nothing, so every event would pass for a repeat."""
    with pytest.raises(InvalidInputType, match=r"add\(\) of set must return bool, not None"):
        guard_of(set()).claim("a")


@pytest.mark.parametrize("guard", ["x", 5, object()])
def test_what_cannot_add_is_no_guard(guard):
    with pytest.raises(InvalidInputType, match="guard must have add"):
        guard_of(guard)


def test_no_guard_is_no_guard():
    assert guard_of(None) is None
