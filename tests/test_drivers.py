"""Methods of both clients as seen by inspect, help() and mocks."""

from __future__ import annotations

import asyncio
import inspect
import pickle
import pydoc
import re
from collections.abc import AsyncGenerator, Generator
from typing import Any, get_args, get_type_hints
from unittest.mock import AsyncMock, create_autospec

import pytest

from justclick_async import (
    AsyncJustClick,
    Call,
    CreatedOrder,
    JustClick,
    Page,
    Pause,
    Stream,
    endpoint,
    stream,
)
from justclick_async.blocking import BlockingV2
from justclick_async.bulk import OrderResult
from justclick_async.bulk.methods import BulkMethods
from justclick_async.client import AsyncV2
from justclick_async.decorators import client_method
from justclick_async.drivers import AsyncDriver, Driver
from justclick_async.endpoints import V1, V2
from justclick_async.endpoints.orders import create_order
from tests.service import KEY, LOGIN

METHODS = [
    (face, name)
    for faces, table in (
        ((AsyncJustClick, JustClick), V1),
        ((AsyncJustClick, JustClick), BulkMethods),
        ((type(AsyncJustClick(LOGIN, KEY).v2), type(JustClick(LOGIN, KEY).v2)), V2),
    )
    for face in faces
    for name, member in vars(table).items()
    if isinstance(member, endpoint | stream | client_method)
]


@pytest.mark.parametrize(("face", "name"), METHODS)
def test_every_method_of_both_clients_has_a_signature_and_a_docstring(
    face: type[Any], name: str
) -> None:
    method = getattr(face, name)
    signature = inspect.signature(method)
    first, *others = signature.parameters.values()
    assert first.name == "self"
    assert all(each.annotation is not inspect.Parameter.empty for each in others)
    assert signature.return_annotation is not inspect.Signature.empty
    assert "Call[" not in str(signature.return_annotation)
    assert (method.__doc__ or "").count("\n") > 3
    assert method.__qualname__ == f"{face.__name__}.{name}"
    awaited = face.__name__.startswith("Async") and name not in ("iter_orders", "create_orders")
    assert inspect.iscoroutinefunction(method) is awaited
    documented = method.__doc__
    if "those of ``import_orders``" in documented:
        documented += face.import_orders.__doc__
    for each in others:
        assert f"{each.name}:" in documented, f"{each.name} is not in the docstring"


def test_the_clients_have_the_same_methods() -> None:
    def public(face: type[Any]) -> set[str]:
        return {name for name in dir(face) if not name.startswith("_")}

    assert public(AsyncJustClick) == public(JustClick)


def test_help_shows_an_endpoint_as_a_method() -> None:
    assert re.search(r"create_order\([\s|]*self", pydoc.plain(pydoc.render_doc(JustClick)))
    assert get_type_hints(JustClick.create_order)["return"] is CreatedOrder
    assert inspect.getsource(JustClick.create_order).startswith("@endpoint\ndef create_order(")
    assert pickle.loads(pickle.dumps(JustClick.create_order)) is JustClick.create_order
    assert create_order.__name__ == "create_order"


def test_imports_have_the_same_signature_in_both_clients() -> None:
    for name in vars(BulkMethods):
        if not name.startswith("_") and name != "create_orders":
            method, awaited = getattr(JustClick, name), getattr(AsyncJustClick, name)
            assert inspect.signature(method) == inspect.signature(awaited)
            assert method.__doc__ == awaited.__doc__
    returned = get_type_hints(JustClick.create_orders)["return"]
    assert returned == Generator[OrderResult, None, None]
    assert (
        get_type_hints(AsyncJustClick.create_orders)["return"] == AsyncGenerator[OrderResult, None]
    )


def test_mocks_know_which_client_awaits_and_check_the_arguments() -> None:
    fake = create_autospec(AsyncJustClick, instance=True)
    assert isinstance(fake.create_order, AsyncMock)
    assert not isinstance(create_autospec(JustClick, instance=True).create_order, AsyncMock)
    with pytest.raises(TypeError, match="missing a required argument: 'bill_id'"):
        fake.delete_order()


def test_wrong_arguments_are_reported_with_the_name_of_the_endpoint() -> None:
    untyped: Any = JustClick(LOGIN, KEY)
    with pytest.raises(TypeError, match=r"delete_order\(\) missing 1 required positional"):
        untyped.delete_order()
    with pytest.raises(TypeError, match=r"get_bills\(\) takes 1 positional argument but 2"):
        untyped.get_bills("a@example.com", "paid")


def test_an_endpoint_needs_a_return_annotation_that_exists_at_run_time() -> None:
    def silent(email: str):  # type: ignore[no-untyped-def]
        return Call("X", {}, object)

    def unknown(email: str) -> Call[Nowhere]:  # type: ignore[name-defined]  # noqa: F821
        return Call("X", {}, object)

    with pytest.raises(TypeError, match=r"silent must return Call\[...\]"):
        type("Mine", (JustClick,), {"silent": endpoint(silent)})
    with pytest.raises(TypeError, match="Nowhere must be imported at run time"):
        type("Mine", (JustClick,), {"unknown": endpoint(unknown)})


# ── Streams ─────────────────────────────────────────────────────────────────────────


class Canned:
    """A client without a network: answers from a list, exceptions are raised."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.paused = 0.0

    def next_answer(self, steps: Any) -> Any:
        (step,) = list(steps) if not isinstance(steps, Call) else [steps]
        if isinstance(step, Pause):
            self.paused += step.seconds
            return None
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


ended: list[str] = []


@stream
def numbers(upto: int) -> Stream[int]:
    """Give numbers, and try again once when the connection fails."""
    try:
        for start in range(0, upto, 2):
            try:
                count = yield Call("Count", {}, int)
            except ConnectionError:
                yield Pause(1.5)
                count = yield Call("Count", {}, int)
            yield Page(range(start, start + count))
    finally:
        ended.append("ended")


class Awaiting(Canned, AsyncDriver):
    numbers = numbers

    async def run(self, steps: Any) -> Any:
        return self.next_answer(steps)


class Blocking(Canned, Driver):
    numbers = numbers

    def run(self, steps: Any) -> Any:
        return self.next_answer(steps)


@pytest.mark.asyncio
async def test_a_stream_is_an_asynchronous_iterator_of_one_client() -> None:
    client = Awaiting(2, ConnectionError(), 1)
    assert [number async for number in client.numbers(4)] == [0, 1, 2]
    assert client.paused == 1.5


def test_a_stream_is_an_iterator_of_the_other() -> None:
    client = Blocking(2, ConnectionError(), 1)
    assert list(client.numbers(4)) == [0, 1, 2]
    assert client.paused == 1.5
    assert str(inspect.signature(Blocking.numbers)).endswith("Generator[int, None, None]")


@pytest.mark.asyncio
async def test_unhandled_errors_of_a_stream_are_raised_to_the_caller() -> None:
    with pytest.raises(ValueError, match="bad"):
        list(Blocking(ValueError("bad")).numbers(4))
    with pytest.raises(ValueError, match="bad"):
        _ = [number async for number in Awaiting(ValueError("bad")).numbers(4)]


@pytest.mark.asyncio
async def test_a_stream_that_is_left_early_is_closed_and_asks_no_more() -> None:
    ended.clear()
    blocking, awaiting = Blocking(2, 2), Awaiting(2, 2)
    iterator = blocking.numbers(4)
    assert next(iterator) == 0
    iterator.close()
    items = awaiting.numbers(4)
    assert await anext(items) == 0
    await items.aclose()
    assert ended == ["ended", "ended"]
    assert (blocking.answers, awaiting.answers) == ([2], [2])


def test_describing_a_stream_asks_nothing() -> None:
    assert next(numbers(2)) == Call("Count", {}, int)


@pytest.mark.parametrize(("face", "name"), METHODS)
def test_an_option_of_the_client_in_a_call_points_to_with_options(
    face: type[Any], name: str
) -> None:
    client = JustClick(LOGIN, KEY) if face.__name__ in ("JustClick", "BlockingV2") else None
    client = client or AsyncJustClick(LOGIN, KEY)
    owner = client if isinstance(client, face) else client.v2
    for option in {"timeout", "retries", "rate"} - _own_options(getattr(face, name)):
        with pytest.raises(TypeError, match=f"{option} is an option of the client") as caught:
            _finish(getattr(owner, name)(**{option: 5}))
        assert f"with_options({option}=...)" in str(caught.value)


@pytest.mark.parametrize("name", ["run", "answer"])
@pytest.mark.parametrize("client", [JustClick, AsyncJustClick])
def test_an_option_of_the_client_in_run_points_to_with_options(client: Any, name: str) -> None:
    made = client(LOGIN, KEY)
    for owner in (made, made.v2) if name == "run" else (made,):
        with pytest.raises(TypeError, match=rf"timeout is an option of the client, not of {name}"):
            _finish(getattr(owner, name)(numbers(1), timeout=5))
        with pytest.raises(TypeError, match=rf"{name}\(\) got an unexpected keyword .*'tmeout'"):
            _finish(getattr(owner, name)(numbers(1), tmeout=5))


@pytest.mark.parametrize(
    "method",
    [
        *(JustClick.run, JustClick.answer, BlockingV2.run),
        *(AsyncJustClick.run, AsyncJustClick.answer, AsyncV2.run),
    ],
)
def test_the_help_of_run_says_where_options_belong(method: Any) -> None:
    assert "**options" in str(inspect.signature(method))
    assert "``with_options``" in (inspect.getdoc(method) or "")


def _own_options(method: Any) -> set[str]:
    """Return the keywords of a method that takes a typed dictionary of them."""
    keywords = inspect.signature(method).parameters.get("keywords")
    return set(get_args(keywords.annotation)[0].__annotations__) if keywords else set()


def _finish(result: Any) -> None:
    if inspect.iscoroutine(result):
        asyncio.run(result)
    elif inspect.isasyncgen(result):
        asyncio.run(anext(result))
    else:
        next(result)


@pytest.mark.parametrize("client", [JustClick, AsyncJustClick])
@pytest.mark.parametrize("given", [{}, {"login": "a"}, {"api_key": "a"}])
def test_a_client_without_credentials_points_to_from_env(
    client: Any, given: dict[str, str]
) -> None:
    with pytest.raises(TypeError, match=rf"use {client.__name__}\.from_env\(\)"):
        client(**given)
    assert list(inspect.signature(client).parameters)[:2] == ["login", "api_key"]
