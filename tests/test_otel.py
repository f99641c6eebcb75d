"""Spans and metrics, as OpenTelemetry's own SDK sees them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import pytest
from attrs import field, frozen
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from justclick_async import AsyncJustClick, ConnectionLost, JustClick, OrderExists
from justclick_async.hooks import RequestEnd, RequestStart
from justclick_async.otel import MAX_FAILED, Telemetry
from justclick_async.retry import Retries
from tests.service import KEY, LOGIN, answer, running

AT_ONCE = Retries(3, base=0)


@frozen
class Sdk:
    """OpenTelemetry, set up to keep in memory what it is told."""

    exporter: InMemorySpanExporter = field(factory=InMemorySpanExporter)
    reader: InMemoryMetricReader = field(factory=InMemoryMetricReader)
    tracers: TracerProvider = field(factory=TracerProvider)
    meters: MeterProvider = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        object.__setattr__(self, "meters", MeterProvider([self.reader]))

    def telemetry(self) -> Telemetry:
        return Telemetry(tracer_provider=self.tracers, meter_provider=self.meters)

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self.exporter.get_finished_spans()

    def points(self, name: str) -> list[Any]:
        data = self.reader.get_metrics_data()
        scopes = (scope for each in data.resource_metrics for scope in each.scope_metrics)
        metrics = (metric for scope in scopes for metric in scope.metrics)
        return [point for m in metrics if m.name == name for point in m.data.data_points]


@pytest.fixture
def sdk() -> Iterator[Sdk]:
    sdk = Sdk()
    yield sdk
    sdk.tracers.shutdown()
    sdk.meters.shutdown()


@pytest.fixture(params=["async", "blocking"])
def ask(request: pytest.FixtureRequest) -> Any:
    """Make calls with the one client, or with the other."""

    def blocking(base_url: str, sdk: Sdk, *methods: str) -> None:
        with JustClick(
            LOGIN, KEY, base_url=base_url, retries=AT_ONCE, hooks=[sdk.telemetry()]
        ) as client:
            for method in methods:
                getattr(client, method)()

    async def awaiting(base_url: str, sdk: Sdk, *methods: str) -> None:
        async with AsyncJustClick(
            LOGIN, KEY, base_url=base_url, retries=AT_ONCE, hooks=[sdk.telemetry()]
        ) as client:
            for method in methods:
                await getattr(client, method)()

    if request.param == "blocking":
        return blocking
    return lambda *args: asyncio.run(awaiting(*args))


def test_a_request_is_a_child_span_of_the_caller(sdk: Sdk, ask: Any) -> None:
    with running(answer([])) as service:
        with sdk.tracers.get_tracer("shop").start_as_current_span("checkout") as outer:
            ask(service.base_url, sdk, "get_all_groups")
            assert trace.get_current_span() is outer
    span, _ = sdk.spans
    port = int(service.base_url.rpartition(":")[2])
    assert span.name == "justclick.GetAllGroups"
    assert span.kind is trace.SpanKind.CLIENT
    assert span.parent is not None
    assert span.parent.span_id == outer.get_span_context().span_id
    assert span.status.status_code is trace.StatusCode.UNSET
    assert dict(span.attributes or {}) == {
        "justclick.method": "GetAllGroups",
        "justclick.outcome": "done",
        "justclick.code": 0,
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "server.address": "127.0.0.1",
        "server.port": port,
        "url.template": "/api/GetAllGroups",
        "url.full": f"{service.base_url}/api/GetAllGroups",
    }


def test_each_attempt_is_a_span_that_links_to_the_one_before(sdk: Sdk, ask: Any) -> None:
    with running(None, None, answer([])) as service:
        ask(service.base_url, sdk, "get_all_groups", "get_all_groups")
    first, second, third, other = sdk.spans
    resent = [(span.attributes or {}).get("http.request.resend_count") for span in sdk.spans]
    assert resent == [None, 1, 2, None]
    assert [[link.context for link in span.links] for span in sdk.spans] == [
        [],
        [first.context],
        [second.context],
        [],
    ]
    for failed in first, second:
        assert failed.status.status_code is trace.StatusCode.ERROR
        assert failed.status.description is None
        assert (failed.attributes or {})["error.type"] == "ConnectionLost"
        assert (failed.attributes or {})["justclick.outcome"] == "unknown"
        assert not failed.events  # an exception's text is for whoever catches it
    assert third.status.status_code is other.status.status_code is trace.StatusCode.UNSET


def test_durations_are_counted_by_method_and_outcome(sdk: Sdk, ask: Any) -> None:
    with running(None, answer([])) as service:
        ask(service.base_url, sdk, "get_all_groups", "get_all_groups")
    points = sdk.points("justclick.client.request.duration")
    counted = {
        (p.attributes["justclick.method"], p.attributes["justclick.outcome"]): p.count
        for p in points
    }
    assert counted == {("GetAllGroups", "unknown"): 1, ("GetAllGroups", "done"): 2}
    assert all(point.explicit_bounds[0] == 0.005 for point in points)
    assert all("url.full" not in point.attributes for point in points)
    (active,) = sdk.points("justclick.client.active_requests")
    assert active.value == 0


@pytest.mark.asyncio
async def test_while_a_request_lasts_it_is_the_current_span_and_counts_as_active(sdk: Sdk) -> None:
    seen: list[tuple[str, int]] = []

    def look(event: object) -> None:
        span: Any = trace.get_current_span()
        (active,) = sdk.points("justclick.client.active_requests")
        seen.append((getattr(span, "name", "none"), active.value))

    with running(answer([])) as service:
        async with AsyncJustClick(
            LOGIN, KEY, base_url=service.base_url, hooks=[sdk.telemetry(), look]
        ) as client:
            await client.get_all_groups()
    assert seen == [("justclick.GetAllGroups", 1), ("none", 0)]


@pytest.mark.asyncio
async def test_requests_at_once_are_siblings_and_not_each_others_children(sdk: Sdk) -> None:
    with running(answer([]), delay=0.01) as service:
        async with AsyncJustClick(
            LOGIN, KEY, base_url=service.base_url, hooks=[sdk.telemetry()]
        ) as client:
            with sdk.tracers.get_tracer("shop").start_as_current_span("all") as outer:
                await asyncio.gather(*(client.get_all_groups() for _ in range(5)))
    parents = [span.parent.span_id for span in sdk.spans if span.parent]
    assert parents == [outer.get_span_context().span_id] * 5


@pytest.mark.asyncio
async def test_a_refusal_is_recorded_by_code_and_class_only(sdk: Sdk) -> None:
    refused = answer({"bill_id": 7}, 601, "order of ivan@example.com exists")
    with running(refused) as service:
        async with AsyncJustClick(
            LOGIN, KEY, base_url=service.base_url, hooks=[sdk.telemetry()]
        ) as client:
            with pytest.raises(OrderExists):
                await client.call("CreateOrder", {"bill_email": "ivan@example.com"})
    (span,) = sdk.spans
    assert (span.attributes or {})["justclick.code"] == 601
    assert (span.attributes or {})["justclick.outcome"] == "refused"
    assert (span.attributes or {})["error.type"] == "OrderExists"
    assert "ivan" not in span.to_json()


@pytest.mark.asyncio
async def test_a_cancelled_request_ends_its_span(sdk: Sdk) -> None:
    arrived, loop = asyncio.Event(), asyncio.get_running_loop()

    def arrives(request: object) -> bytes:
        loop.call_soon_threadsafe(arrived.set)
        return answer([])

    with running(arrives, delay=0.3) as service:
        async with AsyncJustClick(
            LOGIN, KEY, base_url=service.base_url, hooks=[sdk.telemetry()]
        ) as client:
            asking = asyncio.create_task(client.get_all_groups())
            await arrived.wait()
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
    (span,) = sdk.spans
    assert (span.attributes or {})["error.type"] == "CancelledError"


@pytest.mark.asyncio
async def test_failed_calls_that_are_never_tried_again_are_forgotten(sdk: Sdk) -> None:
    telemetry = sdk.telemetry()
    async with AsyncJustClick(
        LOGIN, KEY, base_url="http://127.0.0.1:9", rate=None, retries=0, hooks=[telemetry]
    ) as client:
        for _ in range(MAX_FAILED + 3):
            with pytest.raises(Exception, match="no connection"):
                await client.get_all_groups()
    assert len(telemetry._failed) == MAX_FAILED
    assert not telemetry._running


@pytest.mark.asyncio
async def test_telemetry_that_is_broken_breaks_no_call() -> None:
    class Broken(TracerProvider):
        def get_tracer(self, *args: Any, **more: Any) -> Any:
            class Tracer:
                def start_span(self, *args: Any, **more: Any) -> Any:
                    raise ConnectionLost("the collector has gone")

            return Tracer()

    telemetry = Telemetry(tracer_provider=Broken())
    with running(answer([])) as service:
        async with AsyncJustClick(
            LOGIN, KEY, base_url=service.base_url, hooks=[telemetry]
        ) as client:
            assert await client.get_all_groups() == []


def test_a_missing_extra_is_named() -> None:
    code = "import sys; sys.modules['opentelemetry'] = None\nimport justclick_async.otel"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "pip install 'justclick_async[otel]'" in ended.stderr


def test_nothing_is_loaded_and_no_header_sent_where_it_is_not_asked_for(sdk: Sdk) -> None:
    code = """
import sys, justclick_async, justclick_async.client, justclick_async.blocking
print([name for name in sys.modules if name.startswith("opentelemetry")])
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.stdout.strip() == "[]"
    with running(answer([])) as service:
        with JustClick(LOGIN, KEY, base_url=service.base_url, hooks=[sdk.telemetry()]) as client:
            client.get_all_groups()
    assert "traceparent" not in service.requests[0].headers


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # said from 3.12 on
def test_a_fork_leaves_no_lock_behind() -> None:
    """A child is forked while another thread of the parent is noting a failure."""
    telemetry, children = Telemetry(), list[int]()

    class Forking(OrderedDict[int, Any]):
        def __setitem__(self, call: int, failed: Any) -> None:
            if not children:
                children.append(os.fork())
                if not children[0]:
                    signal.alarm(5)  # whoever waits for the lock is ended
                    fail(2)
                    os._exit(0)
            super().__setitem__(call, failed)

    def fail(call: int) -> None:
        telemetry(RequestStart("CreateOrder", 2, call, call))
        telemetry(RequestEnd("CreateOrder", 2, call, 0.1, error="ConnectionLost", call=call))

    telemetry._failed = Forking()  # pyright: ignore[reportPrivateUsage]
    fail(1)
    assert os.waitpid(children[0], 0)[1] == 0
