"""Which function handles an event, how often, and what the service is answered."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from functools import partial
from typing import Any

import pytest
from multidict import CIMultiDict

from justclick_async import InvalidInputType
from justclick_async.notifications import (
    ContactEvent,
    LeadActivated,
    OrderCreated,
    OrderEvent,
    OrderPaid,
    OrderPrepaid,
    OrderRefunded,
    PaymentEvent,
    ReplayGuard,
    Router,
    SQLiteReplayGuard,
    parse,
)
from tests.notifications.bodies import CONTACTS, GOLDEN, KEY, ORDERS, body, decoded, encoded

PAID = body("order_paid")


def router(**options: Any) -> Router:
    return Router(**{"api_key": KEY, "allow_unsigned": True} | options)


def awaited(router: Router, body: Any, **options: Any) -> int:
    return int(asyncio.run(router.answer(body, **options)).status)


def blocking(router: Router, body: Any, **options: Any) -> int:
    return int(router.answer_blocking(body, **options).status)


@pytest.fixture(params=[awaited, blocking])
def answer(request):
    """Return the status that a router answers, by either driver."""
    return request.param


# ── Routing ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", GOLDEN)
def test_a_handler_gets_the_events_of_its_class_only(answer, kind):
    seen: list[Any] = []
    routes = router()
    routes.on(OrderPaid)(lambda event: seen.append("paid"))
    routes.on(OrderCreated, OrderRefunded)(lambda event: seen.append("created or refunded"))
    routes.on(PaymentEvent)(lambda event: seen.append("money"))
    routes.on(OrderEvent)(lambda event: seen.append("order"))
    routes.on(ContactEvent)(lambda event: seen.append("contact"))

    assert answer(routes, body(kind)) == 200
    assert seen == {
        "order_created": ["created or refunded", "order"],
        "order_paid": ["paid", "money", "order"],
        "order_prepaid": ["money", "order"],
        "order_cancelled": ["order"],
        "order_moneyback": ["created or refunded", "money", "order"],
    }.get(kind, ["contact"])


def test_handlers_may_be_async_or_not_in_any_shape(answer):
    seen: list[str] = []
    routes = router()

    @routes.on(OrderPaid)
    async def asynchronous(event: OrderPaid) -> None:
        await asyncio.sleep(0)
        seen.append(f"async {event.bill_id}")

    @routes.on(OrderPaid)
    def plain(event: OrderPaid) -> None:
        seen.append(f"plain {event.bill_id}")

    class Callable:
        async def __call__(self, event: OrderPaid) -> None:
            seen.append(f"object {event.bill_id}")

    routes.on(OrderPaid)(Callable())
    routes.on(OrderPaid)(lambda event: asynchronous(event))  # noqa: PLW0108  # no coroutine function
    routes.on(OrderPaid)(partial(asynchronous))

    assert answer(routes, PAID) == 200
    assert [text.split()[0] for text in seen] == ["async", "plain", "object", "async", "async"]
    assert {text.split()[1] for text in seen} == {"123456"}


def test_decorated_functions_are_unchanged():
    def plain(event: OrderPaid) -> int:
        return event.bill_id

    assert router().on(OrderPaid)(plain) is plain


@pytest.mark.parametrize("kind", [(), (str,), ("order_paid",), (OrderPaid, None), (OrderPaid(
    bill_id=1, email=""),)])  # fmt: skip
def test_only_classes_of_events_can_be_routed(kind):
    with pytest.raises(InvalidInputType, match="a class of events"):
        router().on(*kind)


def test_an_event_without_handler_is_accepted_and_not_remembered(answer):
    routes, seen = router(), []
    assert answer(routes, PAID) == 200
    routes.on(OrderPaid)(seen.append)
    assert answer(routes, PAID) == 200
    assert len(seen) == 1


# ── Answers ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("given", "method", "status"),
    [
        (PAID, "POST", 200),
        (PAID, "GET", 405),
        (PAID, "PUT", 405),
        (b"", "POST", 400),
        (b"hello", "POST", 400),
        (encoded(decoded("order_paid", last_payment_sum="much")), "POST", 400),
        (PAID + "&id[]=1", "POST", 400),
        (encoded(decoded("order_paid", hash="0" * 32)), "POST", 403),
        (encoded(decoded("order_paid", hash="")), "POST", 403),
        (b"x" * 5_000_000, "POST", 413),
        (b"&".join([b"x=1"] * 20_001), "POST", 413),
    ],
)
def test_each_refusal_has_its_status(answer, given, method, status):
    seen: list[Any] = []
    routes = router()
    routes.on(OrderEvent)(seen.append)

    assert answer(routes, given, method=method) == status
    assert len(seen) == (status == 200)


@pytest.mark.parametrize("kind", CONTACTS)
def test_contacts_are_refused_unless_allowed(answer, kind):
    assert answer(router(allow_unsigned=False), body(kind)) == 403
    assert answer(router(allow_unsigned=True), body(kind)) == 200


def test_a_pin_and_a_limit_are_passed_on(answer):
    assert answer(router(pin=("id", "email")), PAID) == 403
    assert answer(router(max_bytes=10), PAID) == 413
    assert answer(router(max_variables=10), PAID) == 413


def test_headers_reveal_bodies_that_a_framework_truncated(answer):
    seen: list[Any] = []
    routes = router()
    routes.on(OrderPaid)(seen.append)
    whole, length = PAID.encode(), str(len(PAID))

    assert answer(routes, whole[:-40], headers={"Content-Length": length}) == 400
    assert answer(routes, whole, headers={"CONTENT-LENGTH": "9" * 5000}) == 413
    assert answer(routes, whole, headers={"Content-Length": "1e3"}) == 400
    assert answer(routes, whole, headers={"content-encoding": "gzip"}) == 415
    twice: Any = CIMultiDict([("Content-Encoding", "gzip"), ("Content-Encoding", "")])
    assert answer(routes, whole, headers=twice) == 415
    assert seen == []
    assert answer(routes, whole, headers={"Content-Length": length}) == 200
    assert answer(routes, whole, headers={"Transfer-Encoding": "chunked"}) == 200
    assert len(seen) == 1


def test_answers_have_the_headers_of_their_status():
    reply = router().answer_blocking(PAID, method="HEAD")
    assert (reply.headers["Allow"], reply.body) == ("POST", b"Method Not Allowed")


# ── Failing ─────────────────────────────────────────────────────────────────────────


class Moody:
    """Fails as often as told."""

    def __init__(self, failures: int, error: type[BaseException] = RuntimeError):
        self.failures, self.error, self.calls = failures, error, 0

    def __call__(self, event: object) -> None:
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error("buyer@example.com")

    async def soon(self, event: object) -> None:
        await asyncio.sleep(0)
        self(event)


@pytest.fixture(params=["plain", "async"])
def moody(request):
    """Return a function that makes a handler which fails once, and what counts its calls."""

    def make(error: type[BaseException] = RuntimeError) -> tuple[Moody, Any]:
        handler = Moody(1, error)
        return handler, handler if request.param == "plain" else handler.soon

    return make


@pytest.mark.parametrize("error", [RuntimeError, StopIteration, StopAsyncIteration, KeyError])
@pytest.mark.parametrize("file", [False, True])
def test_after_a_failure_the_next_delivery_is_handled(answer, moody, tmp_path, file, error):
    counter, handler = moody(error)
    guard = SQLiteReplayGuard(tmp_path / "handled.db") if file else ReplayGuard()
    routes = router(guard=guard)
    routes.on(OrderPaid)(handler)

    assert [answer(routes, PAID) for _ in range(4)] == [500, 200, 200, 200]
    assert counter.calls == 2


def test_after_a_failure_the_rest_does_not_run(answer):
    first, second = Moody(1), Moody(0)
    routes = router()
    routes.on(OrderPaid)(first)
    routes.on(OrderPaid)(second)

    assert answer(routes, PAID) == 500
    assert (first.calls, second.calls) == (1, 0)
    assert answer(routes, PAID) == 200
    assert (first.calls, second.calls) == (2, 1)


def test_failures_are_logged_with_their_traceback_and_messages_hold_no_data(answer, caplog):
    """The traceback ends with the text of the handler's own exception, whatever that holds."""
    caplog.set_level(logging.DEBUG)
    seen: list[tuple[Any, Exception]] = []
    routes = router(on_error=lambda event, error: seen.append((event, error)))
    routes.on(OrderPaid)(Moody(1))
    for given in PAID, PAID, PAID, body("order_created"), body("order_paid") + "0", b"a@b=c":
        answer(routes, given)

    assert [(type(event), str(error)) for event, error in seen] == [
        (OrderPaid, "buyer@example.com")
    ]
    own = [record for record in caplog.records if record.name == "justclick_async.notifications"]
    failures = [record for record in own if record.levelno >= logging.ERROR]
    assert [each.getMessage() for each in failures] == [
        "Moody failed on order_paid of order 123456"
    ]
    assert failures[0].exc_info[1] is seen[0][1]
    assert failures[0].exc_info[2].tb_next is not None
    hidden = ["@", "Ivanov", "+7000", KEY, decoded("order_paid")["hash"]]
    messages = "\n".join(record.getMessage() for record in own)
    assert [text for text in hidden if text in messages] == []
    assert [record for record in own if record.exc_info and record not in failures] == []


def test_a_filter_keeps_tracebacks_out_of_the_log(caplog):
    """As the page on notifications shows, for handlers whose exceptions hold data."""

    def without_traceback(record: logging.LogRecord) -> bool:
        record.exc_info = None
        return True

    log = logging.getLogger("justclick_async.notifications")
    log.addFilter(without_traceback)
    try:
        routes = router()
        routes.on(OrderPaid)(Moody(1))
        assert blocking(routes, PAID) == 500
    finally:
        log.removeFilter(without_traceback)
    assert "Moody failed" in caplog.text
    assert "@" not in caplog.text


def test_on_error_may_fail(answer):
    routes = router(on_error=Moody(9))
    routes.on(OrderPaid)(Moody(1))
    assert [answer(routes, PAID), answer(routes, PAID)] == [500, 200]


def test_a_guard_that_fails_is_a_failure(answer):
    class Broken:
        def add(self, key: str) -> bool:
            raise OSError("gone")

    seen: list[Any] = []
    routes = router(guard=Broken())
    routes.on(OrderPaid)(seen.append)

    assert (answer(routes, PAID), seen) == (500, [])


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_leaving_the_program_takes_the_claim_back(error):
    counter = Moody(1, error)
    routes = router()
    routes.on(OrderPaid)(counter)

    with pytest.raises(error):
        routes.answer_blocking(PAID)
    assert blocking(routes, PAID) == 200
    assert counter.calls == 2


# ── Once ────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ORDERS)
def test_a_repeat_is_accepted_and_not_handled(answer, kind):
    seen: list[Any] = []
    routes = router()
    routes.on(OrderEvent)(seen.append)

    assert [answer(routes, body(kind)) for _ in range(3)] == [200, 200, 200]
    assert len(seen) == 1


def test_another_kind_of_the_same_order_is_not_a_repeat(answer):
    seen: list[Any] = []
    routes = router()
    routes.on(OrderEvent)(seen.append)
    for kind in ORDERS:
        answer(routes, body(kind))
    assert len(seen) == len(ORDERS)


def test_a_second_prepayment_is_not_a_repeat_of_the_first(answer):
    seen: list[OrderPrepaid] = []
    routes = router()
    routes.on(OrderPrepaid)(seen.append)
    for amount in "300.00", "100.00", "300.00", "300.0", "300", "0300.000", "100.0":
        answer(routes, encoded(decoded("order_prepaid", prepayment_sum=amount)))
    assert [str(event.sum) for event in seen] == ["300.00", "100.00"]


@pytest.mark.parametrize("file", [False, True])
def test_forged_variants_of_one_event_do_not_make_the_original_new(answer, tmp_path, caplog, file):
    """No hash covers the amount: without a bound, variants push all else out of the guard."""
    path = tmp_path / "handled.db"
    guard = SQLiteReplayGuard(path, maxsize=100) if file else ReplayGuard(100)
    seen: list[OrderPrepaid] = []
    routes = router(guard=guard)
    routes.on(OrderEvent)(seen.append)
    original = [body("order_paid"), body("order_prepaid")]
    variants = [decoded("order_prepaid", prepayment_sum=f"{n}.01") for n in range(120)]

    assert [answer(routes, each) for each in original] == [200, 200]
    statuses = [answer(routes, encoded(each)) for each in variants]
    assert statuses == [200] * 49 + [503] * 71
    assert len(seen) == 51
    assert [answer(routes, each) for each in original] == [200, 200]
    assert len(seen) == 51
    assert "order_prepaid of order 123456 arrived with too many amounts" in caplog.text


@pytest.mark.parametrize("kind", CONTACTS)
def test_contacts_are_always_handled(answer, kind):
    """They name no time: who subscribes anew looks like a repeat."""
    seen: list[Any] = []
    routes = router()
    routes.on(ContactEvent)(seen.append)
    assert [answer(routes, body(kind)) for _ in range(3)] == [200, 200, 200]
    assert len(seen) == 3


def test_without_guard_repeats_are_handled(answer):
    seen: list[Any] = []
    routes = router(guard=None)
    routes.on(OrderPaid)(seen.append)
    for _ in range(3):
        answer(routes, PAID)
    assert len(seen) == 3


def test_any_object_with_add_is_a_guard(answer):
    class Store:
        keys: list[str] = []  # noqa: RUF012

        def add(self, key: str) -> bool:
            self.keys.append(key)
            return self.keys.count(key) == 1

    counter = Moody(1)
    routes = router(guard=Store())
    routes.on(OrderPaid)(counter)
    assert [answer(routes, PAID) for _ in range(3)] == [500, 200, 200]
    assert counter.calls == 2


def test_two_routers_do_not_share_a_guard():
    seen: list[Any] = []
    for routes in router(), router():
        routes.on(OrderPaid)(seen.append)
        blocking(routes, PAID)
    assert len(seen) == 2


# ── At once ─────────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_of_two_deliveries_at_once_one_is_handled_and_the_other_put_off():
    """Accepting the second before the first is done would lose the event if that fails."""
    calls = 0
    routes = router()

    @routes.on(OrderPaid)
    async def slow(event: OrderPaid) -> None:
        nonlocal calls
        calls += 1
        await asyncio.sleep(0.05)

    replies = await asyncio.gather(*(routes.answer(PAID) for _ in range(10)))

    assert sorted(int(reply.status) for reply in replies) == [200, *[503] * 9]
    assert next(r for r in replies if r.status == 503).headers["Retry-After"]
    assert calls == 1
    assert (await routes.answer(PAID)).status == 200
    assert calls == 1


def test_of_many_threads_one_handles_the_event(tmp_path):
    calls: list[Any] = []
    routes = router(guard=SQLiteReplayGuard(tmp_path / "handled.db"))

    @routes.on(OrderPaid)
    def slow(event: OrderPaid) -> None:
        calls.append(event)
        time.sleep(0.05)

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: blocking(routes, PAID), range(16)))
    assert statuses.count(200) >= 1
    assert set(statuses) <= {200, 503}
    assert len(calls) == 1


@pytest.mark.asyncio
async def test_handlers_that_block_do_not_hold_up_the_loop():
    variable: ContextVar[str] = ContextVar("variable")
    variable.set("carried over")
    seen: list[Any] = []
    begun, go = threading.Event(), threading.Event()
    routes = router()

    @routes.on(OrderPaid)
    def wait(event: OrderPaid) -> None:
        seen.append((threading.current_thread() is threading.main_thread(), variable.get()))
        begun.set()
        assert go.wait(5)

    answering = asyncio.create_task(routes.answer(PAID))
    await asyncio.to_thread(begun.wait)
    go.set()  # the loop runs: it got here

    assert (await answering).status == 200
    assert seen == [(False, "carried over")]


def test_blocking_handlers_run_in_the_thread_of_the_request():
    """Where a web framework keeps what belongs to it, such as Django its database connection."""
    threads: list[int] = []
    routes = router(guard=None)
    routes.on(OrderPaid)(lambda event: threads.append(threading.get_ident()))
    blocking(routes, PAID)
    assert threads == [threading.get_ident()]


# ── Cancelled ───────────────────────────────────────────────────────────────────────


@pytest.mark.asyncio
async def test_a_cancelled_async_handler_takes_the_claim_back():
    started = asyncio.Event()
    calls = 0
    routes = router()

    @routes.on(OrderPaid)
    async def handle(event: OrderPaid) -> None:
        nonlocal calls
        calls += 1
        started.set()
        if calls == 1:
            await asyncio.sleep(60)

    task = asyncio.create_task(routes.answer(PAID))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert (await routes.answer(PAID)).status == 200
    assert calls == 2


@pytest.mark.asyncio
async def test_the_result_of_a_thread_counts_although_it_was_cancelled():
    """It cannot be stopped; handling the event again beside it would do it twice."""
    started, go = threading.Event(), threading.Event()
    calls = 0
    routes = router()

    @routes.on(OrderPaid)
    def handle(event: OrderPaid) -> None:
        nonlocal calls
        calls += 1
        started.set()
        assert go.wait(5)

    task = asyncio.create_task(routes.answer(PAID))
    await asyncio.to_thread(started.wait)
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0.01)
    assert not task.done()
    assert (await routes.answer(PAID)).status == 503
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert (await routes.answer(PAID)).status == 200
    assert calls == 1


@pytest.mark.asyncio
async def test_a_cancelled_claim_is_not_lost():
    """Cancelled while the guard is asked, the event must not count as being handled for ever."""

    class Slow(ReplayGuard):
        def claim(self, key):
            found = super().claim(key)
            time.sleep(0.05)
            return found

    seen: list[Any] = []
    routes = router(guard=Slow())

    @routes.on(OrderPaid)
    async def handle(event: OrderPaid) -> None:
        await asyncio.sleep(0)
        seen.append(event)

    task = asyncio.create_task(routes.answer(PAID))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert seen == []
    assert (await routes.answer(PAID)).status == 200
    assert len(seen) == 1


@pytest.mark.asyncio
async def test_a_timeout_around_it_works():
    routes = router()

    @routes.on(OrderPaid)
    def slow(event: OrderPaid) -> None:
        time.sleep(0.05)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await routes.answer(PAID)
    assert asyncio.current_task().cancelling() == 0


def test_the_end_of_the_loop_leaves_no_event_behind():
    started = threading.Event()
    routes = router()

    @routes.on(OrderPaid)
    def slow(event: OrderPaid) -> None:
        started.set()
        time.sleep(0.05)

    async def main() -> None:
        task = asyncio.create_task(routes.answer(PAID))
        await asyncio.to_thread(started.wait)
        assert not task.done()

    asyncio.run(main())
    assert blocking(routes, PAID) == 200


# ── Events from elsewhere ───────────────────────────────────────────────────────────


def test_verified_events_can_be_passed_in():
    """For a queue between the receiver and the handlers."""
    seen: list[Any] = []
    routes = router()
    routes.on(LeadActivated, OrderPaid)(seen.append)

    paid = parse(PAID, api_key=KEY)
    assert routes.dispatch_blocking(paid).status == 200
    assert asyncio.run(routes.dispatch(paid)).status == 200
    assert seen == [paid]
