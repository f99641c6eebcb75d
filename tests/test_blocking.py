"""The blocking client, in separate processes.

Each case runs in a process of its own in which every warning is an error, since what is at stake is
how processes fork, are interrupted and end.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import time

import aiohttp
import pytest

from justclick_async import (
    ConnectionLost,
    CreatedOrder,
    InvalidInput,
    JustClick,
    Order,
    OrderExists,
)
from justclick_async.endpoints import V1
from tests.forking import Forked
from tests.service import KEY, LOGIN, answer, http, running

ORDER = Order(email="buyer@example.com", goods=["invoice"])

PRELUDE = """
import asyncio, gc, logging, os, signal, sys, threading, time
# On a busy machine any step may be slow, and -X dev tells of it.
logging.getLogger("asyncio").addFilter(lambda record: " took " not in record.getMessage())
from justclick_async import AsyncJustClick, JustClick, JustClickError, Order
ORDER = Order(email="buyer@example.com", goods=["invoice"])
def client(kind=JustClick):
    return kind("username", "0123456789" * 4, base_url=sys.argv[1], rate=None)
"""


# Python 3.12 warns of any fork with threads around; forks are what this is about.
FORKS = "ignore:This process:DeprecationWarning"


def in_a_process(base_url: str, code: str, *, status: int = 0, before: bool = False) -> str:
    """Run *code* in a process, and return what it printed.

    Its first line runs *before* anything is imported, if that is asked for.
    """
    first, _, rest = code.partition("\n") if before else ("", "", textwrap.dedent(code))
    options = ["-X", "dev", "-W", "error", "-W", FORKS]
    process = (subprocess.Popen if before else Forked)(
        [sys.executable, *options, "-c", first + PRELUDE + rest, base_url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == status, err
    assert not err or status, err
    return out


# ── The same endpoints ──────────────────────────────────────────────────────────────


def test_methods_block_and_return_results() -> None:
    with running(answer({"bill_id": 7})) as service:
        with JustClick(LOGIN, KEY, base_url=service.base_url, rate=None) as client:
            assert client.create_order(ORDER) == CreatedOrder(bill_id=7)
            assert client.run(V1.create_order(ORDER)) == CreatedOrder(bill_id=7)
            assert client.answer(V1.create_order(ORDER)).verified
            assert client.call("AnyMethod") == {"bill_id": 7}
            assert client.v2.call("anymethod") == {"bill_id": 7}
            assert client.with_options(timeout=1).create_order(ORDER).bill_id == 7
    assert service.connections == 1


def test_errors_are_the_same() -> None:
    with running(answer({"bill_id": 9}, 601, "order already exist"), None) as service:
        with JustClick(LOGIN, KEY, base_url=service.base_url, rate=None) as client:
            with pytest.raises(OrderExists) as raised:
                client.create_order(ORDER)
            assert raised.value.bill_id == 9
            with pytest.raises(ConnectionLost):
                client.create_order(ORDER)
    assert len(service.requests) == 2


def test_a_session_is_made_in_the_clients_own_loop() -> None:
    with running(answer([])) as service:

        def session() -> aiohttp.ClientSession:
            return aiohttp.ClientSession(headers={"X-Mine": "1"})

        with JustClick(LOGIN, KEY, base_url=service.base_url, session=session) as client:
            client.get_bills("buyer@example.com")
    assert service.requests[0].headers["x-mine"] == "1"


@pytest.mark.asyncio
async def test_a_session_of_another_loop_is_refused() -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(InvalidInput, match="session must be a function"):
            JustClick(LOGIN, KEY, session=session)  # type: ignore[arg-type]


# ── Loop-safe ───────────────────────────────────────────────────────────────────────


def test_it_works_under_a_running_loop() -> None:
    with running(answer([])) as service:
        in_a_process(
            service.base_url,
            """
            c = client()
            async def notebook():
                return c.get_bills("buyer@example.com")
            for _ in range(3):
                assert asyncio.run(notebook()) == []
            """,
        )


def test_it_refuses_its_own_loop_instead_of_waiting_for_ever() -> None:
    with running(answer([])) as service:
        in_a_process(
            service.base_url,
            """
            c = client()
            async def inside():
                try:
                    c.get_bills("buyer@example.com")
                except RuntimeError as error:
                    return str(error)
            assert "its own event loop" in c._thread.run(inside())
            """,
        )


def test_a_hook_may_close_the_client_whose_request_has_failed() -> None:
    with running() as service:
        printed = in_a_process(
            service.base_url,
            """
            from justclick_async import ConnectionLost, RequestEnd
            def close(event):
                if isinstance(event, RequestEnd):
                    c.close()
            c = JustClick("username", "key", base_url=sys.argv[1], hooks=[close])
            try:
                c.create_order(ORDER)
            except ConnectionLost as error:
                print(error)
            c.close()
            gc.collect()
            """,
        )
    assert "closed before the response arrived" in printed


def test_orders_that_are_left_half_way_leave_nothing_to_say_at_exit() -> None:
    with running(*[answer({"bill_id": 1})] * 100) as service:
        in_a_process(
            service.base_url,
            """
            def is_slow(record):  # what a busy machine delays
                return record.getMessage().startswith("Executing ")
            # Another filter would keep all that is to be seen here.
            logging.getLogger("asyncio").filters[:] = [lambda record: not is_slow(record)]
            c = client()
            sent = c.create_orders([ORDER] * 100)
            assert next(sent).bill_id == 1
            """,
        )


def test_the_awaiting_client_outlives_its_loops() -> None:
    with running(answer([])) as service:
        in_a_process(
            service.base_url,
            """
            c = client(AsyncJustClick)
            async def ask():
                return await asyncio.gather(*(c.get_bills("buyer@example.com") for _ in range(5)))
            for _ in range(3):
                assert asyncio.run(ask()) == [[]] * 5
            threads = [threading.Thread(target=lambda: asyncio.run(ask())) for _ in range(4)]
            [t.start() for t in threads], [t.join() for t in threads]
            gc.collect()
            """,
        )


# ── Fork-safe ───────────────────────────────────────────────────────────────────────


def _echo(request):
    return http(answer({"bill_id": len(request.params["bill_email"])}).split(b"\r\n\r\n")[1])


def test_parent_and_children_get_their_own_answers_after_a_fork() -> None:
    with running(_echo) as service:
        in_a_process(
            service.base_url,
            """
            c = client()
            def ask(n, times=30):
                order = Order(email="x" * n + "@example.com", goods=["invoice"])
                for _ in range(times):
                    assert c.create_order(order).bill_id == n + 12
            ask(1)
            children = []
            for n in range(2, 6):
                if not (pid := os.fork()):
                    signal.alarm(20)
                    ask(n)
                    c.close()
                    sys.exit(0)
                children.append(pid)
            ask(1)
            assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 4
            ask(1)
            """,
        )
    assert service.connections == 5


def test_the_awaiting_client_forks_as_well() -> None:
    with running(_echo) as service:
        in_a_process(
            service.base_url,
            """
            c = client(AsyncJustClick)
            async def ask(n):
                order = Order(email="x" * n + "@example.com", goods=["invoice"])
                for _ in range(10):
                    assert (await c.create_order(order)).bill_id == n + 12
            async def parent():
                await ask(1)
                if not (pid := os.fork()):
                    signal.alarm(20)
                    thread = threading.Thread(target=lambda: asyncio.run(ask(2)))
                    thread.start(); thread.join()
                    os._exit(0)
                await ask(1)
                assert os.waitpid(pid, 0)[1] == 0
                await ask(1)
            asyncio.run(parent())
            """,
        )
    assert service.connections == 2


def test_a_session_that_was_passed_in_is_refused_after_a_fork() -> None:
    with running(answer([])) as service:
        in_a_process(
            service.base_url,
            """
            import aiohttp
            from justclick_async import InvalidInput
            async def parent():
                async with aiohttp.ClientSession() as session:
                    c = AsyncJustClick("username", "0123456789" * 4, base_url=sys.argv[1],
                                       session=session, rate=None)
                    await c.get_bills("buyer@example.com")
                    if not (pid := os.fork()):
                        signal.alarm(20)
                        try:
                            await c.get_bills("buyer@example.com")
                        except InvalidInput as error:
                            os._exit(7)
                        os._exit(1)
                    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
                    await c.get_bills("buyer@example.com")
            asyncio.run(parent())
            """,
        )
    assert service.connections == 1


# ── Thread-safe ─────────────────────────────────────────────────────────────────────


def test_many_threads_share_one_client_and_get_their_own_answers() -> None:
    with running(_echo) as service:
        in_a_process(
            service.base_url,
            """
            c = client()
            right = []
            def ask(n):
                order = Order(email="x" * n + "@example.com", goods=["invoice"])
                right.extend(c.create_order(order).bill_id == n + 12 for _ in range(25))
            threads = [threading.Thread(target=ask, args=(n,)) for n in range(1, 17)]
            [t.start() for t in threads], [t.join() for t in threads]
            assert right == [True] * 400
            assert sum(t.name == "justclick_async" for t in threading.enumerate()) == 1
            """,
        )


def test_closing_while_others_wait_ends_their_waiting() -> None:
    with running(answer([]), delay=20) as service:
        in_a_process(
            service.base_url,
            """
            from justclick_async import ConnectionLost
            c = client()
            ended = []
            def ask():
                try:
                    c.get_bills("buyer@example.com")
                except ConnectionLost as error:
                    ended.append(error)
            threads = [threading.Thread(target=ask) for _ in range(4)]
            [t.start() for t in threads]
            time.sleep(0.5)
            c.close()
            [t.join(5) for t in threads]
            assert len(ended) == 4
            """,
        )


def test_asking_while_others_close_ends_in_an_answer_or_an_error_of_ours() -> None:
    with running(answer([])) as service:
        in_a_process(
            service.base_url,
            """
            from justclick_async import JustClickError
            c = client()
            stop = time.monotonic() + 3
            def ask():
                while time.monotonic() < stop:
                    try:
                        c.get_bills("buyer@example.com")
                    except JustClickError:
                        pass
            threads = [threading.Thread(target=ask) for _ in range(4)]
            [t.start() for t in threads]
            while time.monotonic() < stop:
                c.close()
            [t.join(10) for t in threads]
            assert not any(t.is_alive() for t in threads)
            c.close()
            gc.collect()
            """,
        )


def test_a_hook_may_close_the_client_or_end_the_thread() -> None:
    with running(answer([])) as service:
        in_a_process(
            service.base_url,
            """
            from justclick_async import ConnectionLost, RequestEnd
            def hook(event):
                if isinstance(event, RequestEnd) and todo:
                    todo.pop()()
            todo = []
            c = JustClick("username", "0" * 40, base_url=sys.argv[1], rate=None, hooks=[hook],
                          verify_answers=False)
            for what in (c.close, lambda: sys.exit(3)):
                todo.append(what)
                try:
                    c.get_bills("buyer@example.com")
                except (ConnectionLost, SystemExit):
                    pass
                assert c.get_bills("buyer@example.com") == []
            """,
        )


def test_leaving_a_view_cancels_no_request() -> None:
    with running(answer([]), delay=0.5) as service:
        with JustClick(LOGIN, KEY, base_url=service.base_url, rate=None) as client:
            results: list[object] = []
            thread = threading.Thread(target=lambda: results.append(client.get_bills("a@b.ru")))
            thread.start()
            time.sleep(0.2)
            with client.with_options(timeout=1):
                pass
            thread.join()
    assert results == [[]]


# ── Ctrl-C-safe ─────────────────────────────────────────────────────────────────────


def test_ctrl_c_cancels_the_request_and_the_client_stays_usable() -> None:
    with running(answer([]), delay=1) as service:
        in_a_process(
            service.base_url,
            """
            c = client()
            threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
            began = time.monotonic()
            try:
                c.get_bills("buyer@example.com")
            except KeyboardInterrupt:
                print("interrupted")
            time.sleep(0.1)
            running = asyncio.all_tasks(c._thread._running.loop)
            assert not running, running
            assert c.get_bills("buyer@example.com") == []
            """,
        )


def test_ctrl_c_ends_an_awaiting_program() -> None:
    with running(answer([]), delay=20) as service:
        printed = in_a_process(
            service.base_url,
            """
            c = client(AsyncJustClick)
            threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
            try:
                asyncio.run(c.get_bills("buyer@example.com"))
            except KeyboardInterrupt:
                print("interrupted")
            gc.collect()
            """,
        )
    assert printed == "interrupted\n"


# ── Exit-safe ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "code",
    [
        "c = client(); c.get_bills('buyer@example.com')",
        "client().get_bills('buyer@example.com'); gc.collect()",
        "c = client(); c.get_bills('buyer@example.com'); c.close(); c.close()",
        "c = client(); c.get_bills('buyer@example.com'); c.close(); c.get_bills('b@example.com')",
        "c = client()",
    ],
    ids=["not closed", "garbage", "closed twice", "used after closing", "never used"],
)
def test_a_program_ends_in_silence_however_it_leaves_its_client(code: str) -> None:
    with running(answer([])) as service:
        in_a_process(service.base_url, code)


def test_a_thread_that_outlives_the_main_one_is_served() -> None:
    with running(answer([])) as service:
        printed = in_a_process(
            service.base_url,
            """
            c = client()
            c.get_bills("buyer@example.com")  # a thread cannot be started once main has ended
            def late():
                time.sleep(0.3)
                print(c.get_bills("buyer@example.com"))
            threading.Thread(target=late).start()
            """,
        )
    assert printed == "[]\n"


TOO_LATE = """\
import atexit
c = client()
{warm}
def call():
    try:
        print(c.get_bills("buyer@example.com"), flush=True)
    except JustClickError as error:
        print(error.outcome, error.args[0], flush=True)
class Late:
    def __del__(self):
        call()
{late}
"""
WARM = 'c.get_bills("buyer@example.com")'
LATE = {
    "atexit": "atexit.register(call)",
    "__del__ of what a module holds": "sys.modules['late'] = Late()",
    "__del__ of a cycle": "late = Late(); late.itself = late; del late",
}


@pytest.mark.parametrize("warm", ["", WARM], ids=["first call", "later call"])
@pytest.mark.parametrize("late", LATE.values(), ids=LATE)
def test_a_call_at_interpreter_exit_fails_with_the_reason(late: str, warm: str) -> None:
    with running(answer([])) as service:
        # Host names are looked up in threads, which cannot be started any more.
        url = service.base_url.replace("127.0.0.1", "localhost")
        printed = in_a_process(url, TOO_LATE.format(warm=warm, late=late))
    runs_still = warm and "atexit" in late
    assert printed == ("[]\n" if runs_still else "not_sent the interpreter is shutting down.\n")


def test_an_atexit_function_older_than_the_client_gets_the_reason() -> None:
    with running(answer([])) as service:
        printed = in_a_process(
            service.base_url,
            "import atexit; atexit.register(lambda: call())\n"
            + TOO_LATE.format(warm=WARM, late=""),
            before=True,
        )
    assert printed == "not_sent the interpreter is shutting down.\n"


def test_a_dns_lookup_at_interpreter_exit_fails_with_the_reason() -> None:
    """A pooled connection would do without; aiodns would do without a thread."""
    with running(answer([])) as service:
        printed = in_a_process(
            service.base_url.replace("127.0.0.1", "localhost"),
            """
            import aiohttp, atexit
            from justclick_async import JustClickError
            def session():
                resolver = aiohttp.ThreadedResolver()
                return aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False)
                )
            c = JustClick("username", "0123456789" * 4, base_url=sys.argv[1], session=session)
            c.get_bills("buyer@example.com")
            c._thread.run(c._client.close())
            def call():
                try:
                    print(c.get_bills("buyer@example.com"))
                except JustClickError as error:
                    print(error.outcome, error.args[0])
            atexit.register(call)
            """,
        )
    assert printed == "not_sent the interpreter is shutting down.\n"


def test_a_program_that_dies_of_an_error_ends() -> None:
    with running(None) as service:
        in_a_process(service.base_url, "client().create_order(ORDER)", status=1)


def test_garbage_collected_in_the_loop_thread_ends_the_loop() -> None:
    with running(answer([])) as service:
        in_a_process(
            service.base_url,
            """
            c = client()
            c.get_bills("buyer@example.com")
            loop = c._thread._running.loop
            holder = [c]
            del c
            loop.call_soon_threadsafe(holder.clear)
            for _ in range(50):
                time.sleep(0.05)
                if loop.is_closed():
                    break
            assert loop.is_closed()
            """,
        )
