"""How variables are kept out of tracebacks."""

from __future__ import annotations

import inspect
from traceback import TracebackException, extract_tb

import pytest

from justclick_async import Order
from justclick_async.privacy import discreet, drop_variables


def inner(secret: str) -> None:
    raise ValueError(len(secret))


def outer(secret: str) -> None:
    try:
        inner(secret)
    except ValueError as error:
        raise KeyError from error


def variables(error: BaseException) -> str:
    told = TracebackException.from_exception(error, capture_locals=True)
    stacks = [told, told.__cause__, told.__context__]
    frames = [frame for each in stacks if each for frame in each.stack if frame.name != "caller"]
    return repr([frame.locals for frame in frames if not frame.name.startswith("test_")])


def test_variables_are_dropped_along_the_whole_chain_and_lines_stay() -> None:
    with pytest.raises(KeyError) as raised:
        outer("s3cret")
    assert "s3cret" in variables(raised.value)
    drop_variables(raised.value)
    assert "s3cret" not in variables(raised.value)
    assert [frame.name for frame in extract_tb(raised.tb)][-1] == "outer"
    assert raised.value.__cause__ is not None


def test_a_chain_that_bites_its_tail_has_an_end() -> None:
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first
    drop_variables(first)


def test_a_discreet_function_returns_raises_and_looks_like_itself() -> None:
    quiet = discreet(outer)
    with pytest.raises(KeyError) as raised:
        quiet("s3cret")
    assert "s3cret" not in variables(raised.value)
    assert discreet(len)("four") == 4
    assert inspect.signature(quiet) == inspect.signature(outer)
    assert inspect.signature(Order).parameters["email"].annotation == "str"
