"""Tracebacks without local variables."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from datetime import datetime
from traceback import TracebackException, extract_tb

import pytest

from justclick_async import AsyncJustClick, JustClick, JustClickError, Order
from justclick_async.privacy import clear_locals, hide_locals


def inner(secret: str) -> None:
    raise ValueError(len(secret))


def outer(secret: str) -> None:
    try:
        inner(secret)
    except ValueError as error:
        raise KeyError from error


def variables(error: BaseException) -> str:
    shown = TracebackException.from_exception(error, capture_locals=True)
    stacks = [shown, shown.__cause__, shown.__context__]
    frames = [frame for each in stacks if each for frame in each.stack if frame.name != "caller"]
    return repr([frame.locals for frame in frames if not frame.name.startswith("test_")])


def test_variables_are_dropped_along_the_whole_chain_and_lines_stay() -> None:
    with pytest.raises(KeyError) as raised:
        outer("s3cret")
    assert "s3cret" in variables(raised.value)
    clear_locals(raised.value)
    assert "s3cret" not in variables(raised.value)
    assert [frame.name for frame in extract_tb(raised.tb)][-1] == "outer"
    assert raised.value.__cause__ is not None


def test_a_chain_that_bites_its_tail_has_an_end() -> None:
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first
    clear_locals(first)


def test_a_discreet_function_returns_raises_and_looks_like_itself() -> None:
    quiet = hide_locals(outer)
    with pytest.raises(KeyError) as raised:
        quiet("s3cret")
    assert "s3cret" not in variables(raised.value)
    assert hide_locals(len)("four") == 4
    assert inspect.signature(quiet) == inspect.signature(outer)
    assert inspect.signature(Order).parameters["email"].annotation == "str"


def in_the_midst_of_a_failure(act: Callable[[], object]) -> tuple[BaseException, BaseException]:
    try:
        inner("a value of the caller")
    except ValueError as handled:
        with pytest.raises(JustClickError) as raised:
            act()
        return handled, raised.value
    raise AssertionError


async def ask_nonsense() -> None:
    await AsyncJustClick("demo", "k" * 32).call(
        "Nonsense", {"when": datetime(2026, 1, 1)}
    )  # of no type that PHP knows


def block_on_nonsense() -> None:
    JustClick("demo", "k" * 32).create_order("nonsense")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def make_nonsense() -> None:
    JustClick("demo", "k" * 32, rate=-1)


async def describe_nonsense() -> None:
    client = AsyncJustClick("demo", "k" * 32)
    await client.create_order("nonsense")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("act", [block_on_nonsense, make_nonsense])
def test_an_exception_handled_by_the_caller_keeps_its_variables(act: Callable[[], object]) -> None:
    handled, raised = in_the_midst_of_a_failure(act)
    assert handled in chain_of(raised)
    assert "a value of the caller" in variables(handled)


@pytest.mark.parametrize("ask", [ask_nonsense, describe_nonsense])
def test_an_exception_handled_by_an_awaiting_caller_keeps_its_variables(
    ask: Callable[[], Coroutine[object, object, None]],
) -> None:
    async def ask_in_the_midst_of_a_failure() -> tuple[BaseException, BaseException]:
        try:
            inner("a value of the caller")
        except ValueError as handled:
            with pytest.raises(JustClickError) as raised:
                await ask()
            return handled, raised.value
        raise AssertionError

    handled, raised = asyncio.run(ask_in_the_midst_of_a_failure())
    assert handled in chain_of(raised)
    assert "a value of the caller" in variables(handled)


def chain_of(error: BaseException) -> list[BaseException]:
    chain = [error]
    while link := chain[-1].__cause__ or chain[-1].__context__:
        chain.append(link)
    return chain
