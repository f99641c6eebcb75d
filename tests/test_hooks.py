"""Hooks and logging receive each attempt, and cannot change or break it."""

from __future__ import annotations

import json
import logging
from contextvars import ContextVar
from typing import Any

import aiohttp
import pytest

from justclick_async import (
    AsyncJustClick,
    InvalidInput,
    JustClick,
    OrderExists,
    RequestEnd,
    RequestStart,
)
from justclick_async.retry import Retries
from tests.service import KEY, LOGIN, answer, running

AT_ONCE = Retries(3, base=0)


def client_of(base_url: str, **options: Any) -> AsyncJustClick:
    return AsyncJustClick(LOGIN, KEY, base_url=base_url, rate=None, retries=AT_ONCE, **options)


def ours(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "justclick_async"]


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    return {k: v for k, v in vars(record).items() if k.startswith("justclick_")}


@pytest.mark.asyncio
async def test_all_attempts_of_a_call_have_its_number() -> None:
    events: list[RequestStart | RequestEnd] = []
    with running(None, answer([])) as service:
        async with client_of(service.base_url, hooks=[events.append]) as client:
            await client.get_all_groups()
            await client.get_all_groups()
    first, again = ({e.call for e in events[:4]}, {e.call for e in events[4:]})
    assert len(first) == len(again) == 1
    assert first != again
    assert [e.attempt for e in events] == [1, 1, 2, 2, 1, 1]
    assert len({e.request for e in events}) == 3
    assert {e.base_url for e in events} == {service.base_url}


@pytest.mark.asyncio
async def test_the_log_carries_fields_for_machines_and_a_sentence_for_people(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with running(None, answer([])) as service, caplog.at_level(logging.DEBUG, "justclick_async"):
        async with client_of(service.base_url) as client:
            await client.get_all_groups()
    begun, failed, pause, _, done = (fields_of(record) for record in ours(caplog))
    assert begun["justclick_event"] == "request_start"
    assert (failed["justclick_event"], failed["justclick_outcome"]) == ("request_end", "unknown")
    assert failed["justclick_error"] == "ConnectionLost"
    assert (pause["justclick_event"], pause["justclick_seconds"]) == ("retry", 0.0)
    assert (done["justclick_method"], done["justclick_attempt"]) == ("GetAllGroups", 2)
    assert (done["justclick_outcome"], done["justclick_code"]) == (None, 0)
    assert done["justclick_status"] == 200
    json.dumps([begun, failed, pause, done])  # as formatters write them
    call = begun["justclick_call"]
    texts = [record.getMessage() for record in ours(caplog)]
    assert texts[0] == f"GetAllGroups #{call}, attempt 1: to {service.base_url}"
    assert texts[1].startswith(f"GetAllGroups #{call}, attempt 1: unknown (ConnectionLost), ")
    assert texts[2] == f"GetAllGroups #{call}: retrying in 0.00 s"
    assert texts[4].startswith(f"GetAllGroups #{call}, attempt 2: done, HTTP 200, code 0, ")


@pytest.mark.asyncio
async def test_the_end_of_a_refused_request_has_code_and_class() -> None:
    events: list[RequestStart | RequestEnd] = []
    refused = answer({"bill_id": 7}, 601, "exists")
    with running(refused) as service:
        async with client_of(service.base_url, hooks=[events.append]) as client:
            with pytest.raises(OrderExists):
                await client.call("CreateOrder", {"bill_email": "a@example.com"})
    ended = events[-1]
    assert isinstance(ended, RequestEnd)
    assert (ended.outcome, ended.code, ended.status) == ("refused", 601, None)
    assert ended.error == "OrderExists"


@pytest.mark.asyncio
async def test_retries_are_logged_without_debug_logging(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with running(None, answer([])) as service, caplog.at_level(logging.INFO, "justclick_async"):
        async with client_of(service.base_url) as client:
            await client.get_all_groups()
    (record,) = ours(caplog)
    assert "retrying in" in record.getMessage()


def test_the_package_is_silent_without_logging_configuration() -> None:
    handlers = logging.getLogger("justclick_async").handlers
    assert any(isinstance(handler, logging.NullHandler) for handler in handlers)


asked_by: ContextVar[str] = ContextVar("asked_by", default="nobody")


def test_hooks_of_the_blocking_client_see_the_context_of_the_caller() -> None:
    seen: list[str] = []
    with running(answer([])) as service:
        with JustClick(
            LOGIN, KEY, base_url=service.base_url, hooks=[lambda _: seen.append(asked_by.get())]
        ) as client:
            for name in "first", "second":
                asked_by.set(name)
                client.get_all_groups()
    assert seen == ["first", "first", "second", "second"]


async def waits(event: RequestStart | RequestEnd) -> None:
    raise AssertionError(event)


class WaitsToo:
    async def __call__(self, event: RequestStart | RequestEnd) -> None:
        raise AssertionError(event)


@pytest.mark.parametrize("hooks", [print, [None], [waits], [WaitsToo()], [WaitsToo], "print", 1])
@pytest.mark.parametrize("kind", [AsyncJustClick, JustClick])
def test_hooks_that_cannot_be_called_are_refused(hooks: Any, kind: Any) -> None:
    with pytest.raises(InvalidInput, match="hooks must be a list of functions") as refused:
        kind(LOGIN, KEY, hooks=hooks)
    assert refused.value.field == "hooks"
    assert "hooks=[print]" in refused.value.hint_ru


# ── aiohttp's own trace configs ─────────────────────────────────────────────────────


def traced(seen: list[str]) -> aiohttp.TraceConfig:
    async def note(session: Any, context: Any, params: aiohttp.TraceRequestStartParams) -> None:
        seen.append(params.url.path)

    config = aiohttp.TraceConfig()
    config.on_request_start.append(note)
    return config


@pytest.mark.asyncio
async def test_trace_configs_of_aiohttp_receive_each_request() -> None:
    seen: list[str] = []
    with running(answer([])) as service:
        async with client_of(service.base_url, trace_configs=[traced(seen)]) as client:
            await client.get_all_groups()
    assert seen == ["/api/GetAllGroups"]


def test_trace_configs_serve_every_loop_of_a_blocking_client() -> None:
    seen: list[str] = []
    with running(answer([])) as service:
        client = JustClick(LOGIN, KEY, base_url=service.base_url, trace_configs=[traced(seen)])
        for _ in range(2):
            with client:  # its end ends the loop as well
                client.get_all_groups()
    assert seen == ["/api/GetAllGroups"] * 2


@pytest.mark.parametrize("given", [object(), [object()], None])
def test_trace_configs_must_be_trace_configs(given: Any) -> None:
    with pytest.raises(InvalidInput, match=r"list of aiohttp\.TraceConfig, not of ") as refused:
        AsyncJustClick(LOGIN, KEY, trace_configs=given)
    assert refused.value.field == "trace_configs"


def test_trace_configs_beside_a_session_are_refused_since_they_would_do_nothing() -> None:
    with pytest.raises(InvalidInput, match="cannot be combined with session="):
        JustClick(LOGIN, KEY, session=aiohttp.ClientSession, trace_configs=[aiohttp.TraceConfig()])
