"""Each event is handled once: in memory, in a file, over restarts, by many at once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from secrets import token_hex

import pytest
from redis import Redis

from justclick_async import InvalidInput, InvalidInputType
from justclick_async.notifications import Claim, Guard, KeyStore, ReplayGuard, SQLiteReplayGuard
from justclick_async.notifications.redis_guard import RedisReplayGuard
from justclick_async.notifications.replay import guard_of
from tests.redis_server import redis_server


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory):
    with redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


def redis_guard(url, **options):
    return RedisReplayGuard(Redis.from_url(url), prefix=token_hex(4), **options)


@pytest.fixture(params=["memory", "file", "redis", "keys", "keys that can be discarded"])
def guard(request, tmp_path):
    return {
        "memory": ReplayGuard,
        "file": lambda: SQLiteReplayGuard(tmp_path / "handled.db"),
        "redis": lambda: redis_guard(request.getfixturevalue("redis_url")),
        "keys": lambda: guard_of(Keys()),
        "keys that can be discarded": lambda: guard_of(ForgetfulKeys()),
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
        if key in self.keys:
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


def test_add_returns_whether_a_key_is_new(tmp_path):
    for guard in ReplayGuard(), SQLiteReplayGuard(tmp_path / "handled.db"):
        assert [guard.add("a"), guard.add("a"), guard.add("b")] == [True, False, True]
        assert isinstance(guard, Guard)
        assert isinstance(guard, KeyStore)


# ── In memory ───────────────────────────────────────────────────────────────────────


def handled(guard, *keys):
    """Return which of these keys are remembered as handled."""
    return [key for key in keys if guard.claim(key) is Claim.DONE]


def bounded(kind, tmp_path, maxsize, **options):
    if kind == "memory":
        return ReplayGuard(maxsize)
    return SQLiteReplayGuard(tmp_path / "handled.db", maxsize=maxsize, **options)


BOUNDED = pytest.mark.parametrize("kind", ["memory", "file"])


@BOUNDED
def test_the_event_with_the_oldest_signed_time_is_forgotten_first(kind, tmp_path):
    guard = bounded(kind, tmp_path, 3)
    for key in "order_paid:1:500", "order_paid:2:300", "order_paid:3:400", "order_paid:4:350":
        assert guard.add(key)
    # A replay does not make an event younger.
    assert not guard.add("order_paid:4:350")
    assert guard.add("order_paid:5:600")
    assert handled(guard, "order_paid:1:500", "order_paid:3:400", "order_paid:5:600") == [
        "order_paid:1:500",
        "order_paid:3:400",
        "order_paid:5:600",
    ]
    assert handled(guard, "order_paid:2:300", "order_paid:4:350") == []


@BOUNDED
def test_old_events_do_not_push_out_newer_ones(kind, tmp_path):
    guard = bounded(kind, tmp_path, 10)
    newer = [f"order_paid:{n}:{2000 + n}" for n in range(9)]
    for key in [*newer, *(f"order_paid:{n}:{1000 + n}" for n in range(100, 200))]:
        guard.add(key)
    assert handled(guard, *newer) == newer


@BOUNDED
def test_forgeries_with_the_same_signed_moment_do_not_push_out_the_original(kind, tmp_path):
    """Digits of the number can be moved into the address, which makes another order of it."""
    guard = bounded(kind, tmp_path, 10)
    guard.add("order_paid:123456:1574242000")
    for n in range(30):
        guard.add(f"order_paid:{n}:1574242000")
    assert handled(guard, "order_paid:123456:1574242000")


@BOUNDED
def test_a_guard_holds_no_more_than_its_bound(kind, tmp_path):
    guard = bounded(kind, tmp_path, 20)
    for n in range(60):
        guard.add(f"order_paid:{n}:{1000 + n}")
    assert len(handled(guard, *(f"order_paid:{n}:{1000 + n}" for n in range(60)))) == 20


@BOUNDED
def test_an_event_without_a_unix_time_counts_as_signed_now(kind, tmp_path):
    guard = bounded(kind, tmp_path, 3)
    for key in "order_paid:1:1000", "order_paid:2:1001", "order_paid:3:2019-11-20 12:24:45":
        guard.add(key)
    guard.add("order_paid:4:1002")
    assert not guard.add("order_paid:3:2019-11-20 12:24:45")
    keys = [f"order_prepaid:1:2019-11-20 12:24:45:{n}.50" for n in range(4)]
    assert [guard.claim(key) for key in keys][3] is Claim.TOO_MANY


@BOUNDED
def test_a_prepayment_of_an_old_order_outlives_the_next_event(kind, tmp_path):
    guard = bounded(kind, tmp_path, 3)
    for n in range(3):
        guard.add(f"order_paid:{n}:{2000 + n}")
    confirmed = "order_prepaid:9:300.00:1000"  # its last part is the creation of the order
    assert guard.add(confirmed)
    assert guard.add("order_paid:3:2003")
    assert not guard.add(confirmed)


@BOUNDED
def test_one_signature_takes_no_more_than_its_share(kind, tmp_path):
    guard = bounded(kind, tmp_path, 1000)
    keys = [f"order_prepaid:1:1574241885:{n}.50" for n in range(60)]
    assert [guard.claim(key) for key in keys] == [Claim.NEW] * 50 + [Claim.TOO_MANY] * 10
    guard.finish(keys[0])
    guard.release(keys[1])
    assert guard.claim(keys[0]) is Claim.DONE
    assert guard.claim(keys[55]) is Claim.NEW  # in the place of the one that was taken back
    assert guard.claim(keys[1]) is Claim.TOO_MANY
    # Other kinds, other orders and what was confirmed are not held up.
    for key in "order_paid:1:1574241885", "order_prepaid:2:1574241885:1.50":
        assert guard.claim(key) is Claim.NEW
    for n in range(60):
        assert guard.claim(f"order_prepaid:1:{n}.50:1574241885") is Claim.NEW


def test_a_file_does_not_grow_beyond_its_bound(tmp_path):
    clock = [1000.0]
    guard = SQLiteReplayGuard(tmp_path / "handled.db", maxsize=50, clock=lambda: clock[0])
    for n in range(100):  # half of them are abandoned
        clock[0] += 10
        guard.claim(f"order_paid:{n}:{n}")
        if n % 2:
            guard.finish(f"order_paid:{n}:{n}")
    with closing(sqlite3.connect(tmp_path / "handled.db")) as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone()[0] <= 52


def test_an_event_that_is_being_handled_is_never_forgotten():
    guard = ReplayGuard(maxsize=1)
    guard.claim("slow")
    for key in "abcdef":
        guard.add(key)
    assert guard.claim("slow") is Claim.IN_FLIGHT


@pytest.mark.parametrize("maxsize", [0, -1, 1.5, True, "9"])
def test_a_maxsize_must_be_positive(maxsize):
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


def test_the_claims_of_a_killed_process_expire(tmp_path):
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


def test_a_late_failure_in_the_same_process_does_not_take_the_claim_of_another(tmp_path):
    now = [0.0]
    guard = SQLiteReplayGuard(tmp_path / "handled.db", clock=lambda: now[0])
    guard.claim("a")
    now[0] = 301
    assert guard.claim("a") is Claim.NEW

    guard.release("a")  # by the one that took too long
    assert guard.claim("a") is Claim.IN_FLIGHT
    guard.finish("a")
    assert guard.claim("a") is Claim.DONE


def test_a_clock_put_back_does_not_hold_a_claim_for_ever(tmp_path):
    path = tmp_path / "handled.db"
    SQLiteReplayGuard(path, clock=lambda: 1e12).claim("a")
    assert SQLiteReplayGuard(path).claim("a") is Claim.NEW


@pytest.mark.parametrize("path", ["", ":memory:"])
def test_a_path_must_name_a_file(path):
    with pytest.raises(InvalidInput, match="path must name a file"):
        SQLiteReplayGuard(path)


@pytest.mark.parametrize("lease", [0, -1, True, "9"])
def test_a_lease_must_be_a_positive_number(tmp_path, lease):
    with pytest.raises(InvalidInput, match="lease must be"):
        SQLiteReplayGuard(tmp_path / "x.db", lease=lease)


# ── In Redis ────────────────────────────────────────────────────────────────────────


def test_redis_is_shared_and_bounds_the_amounts_of_one_signature(redis_url):
    one, other = (RedisReplayGuard(Redis.from_url(redis_url)) for _ in range(2))
    claims = [one.claim(f"order_prepaid:7:{n}.50") for n in range(60)]
    assert claims == [Claim.NEW] * 50 + [Claim.TOO_MANY] * 10
    assert other.claim("order_prepaid:7:3.50") is Claim.IN_FLIGHT
    one.finish("order_prepaid:7:3.50")
    assert other.claim("order_prepaid:7:3.50") is Claim.DONE


def test_a_claim_in_redis_ends_with_its_lease(redis_url):
    guard = redis_guard(redis_url, lease=0.05)
    assert guard.claim("a") is Claim.NEW
    while (claim := guard.claim("a")) is Claim.IN_FLIGHT:
        time.sleep(0.01)
    assert claim is Claim.NEW
    guard.release("a")  # by the one that took too long
    assert guard.claim("a") is Claim.IN_FLIGHT
    guard.finish("a")
    assert guard.claim("a") is Claim.DONE


@pytest.mark.parametrize(
    ("client", "options"), [("x", {}), (Redis(), {"lease": 0}), (Redis(), {"keep": -1})]
)
def test_a_redis_guard_needs_a_client_and_positive_times(client, options):
    with pytest.raises(InvalidInput, match="must be"):
        RedisReplayGuard(client, **options)


# ── Any store ───────────────────────────────────────────────────────────────────────


def test_a_store_with_discard_forgets_failed_events():
    store = ForgetfulKeys()
    guard = guard_of(store)
    guard.claim("a")
    guard.release("a")

    assert store.keys == []
    assert guard_of(store).claim("a") is Claim.NEW


def test_a_store_with_discard_shows_other_machines_events_being_handled():
    store = ForgetfulKeys()
    here, there = guard_of(store), guard_of(store)
    assert here.claim("a") is Claim.NEW
    assert there.claim("a") is Claim.IN_FLIGHT
    here.finish("a")
    assert there.claim("a") is Claim.DONE
    assert here.claim("a") is Claim.DONE
    assert store.keys == ["a"]


def test_the_event_of_a_dead_process_is_handled_once_its_mark_has_expired():
    store = ForgetfulKeys()
    guard_of(store).claim("a")
    store.discard("handling:a")  # as a store does whose keys expire
    assert guard_of(store).claim("a") is Claim.NEW


def test_a_store_of_keys_has_the_same_bound_for_one_signature():
    guard = guard_of(Keys())
    claims = [guard.claim(f"order_prepaid:1:{n}.50") for n in range(60)]
    assert claims == [Claim.NEW] * 50 + [Claim.TOO_MANY] * 10


def test_failed_events_of_a_store_without_discard_take_bounded_memory():
    guard = guard_of(Keys())
    for n in range(11_000):
        guard._remember_failed(str(n))
    assert len(guard._failed) == 10_000


def test_a_store_that_fails_keeps_nothing_in_flight():
    class Broken(Keys):
        def add(self, key):
            raise OSError("gone")

    guard = guard_of(Broken())
    for _ in range(2):
        with pytest.raises(OSError, match="gone"):
            guard.claim("a")


def test_a_set_is_not_a_store():
    """Its ``add`` returns nothing, so every event would pass for a repeat."""
    with pytest.raises(InvalidInputType, match=r"add\(\) of set must return bool, not None"):
        guard_of(set()).claim("a")


@pytest.mark.parametrize("guard", ["x", 5, object()])
def test_an_object_without_add_is_not_a_guard(guard):
    with pytest.raises(InvalidInputType, match="guard must be"):
        guard_of(guard)


def test_without_a_guard_every_delivery_is_handled():
    assert guard_of(None) is None
