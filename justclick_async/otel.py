"""Spans and metrics for OpenTelemetry: a hook, to be passed to a client.

    from justclick_async.otel import Telemetry

    client = AsyncJustClick(login, api_key, hooks=[Telemetry()])

Each attempt is a span ``justclick.CreateOrder`` (or another method) of kind ``CLIENT``, a child of
the current span of the caller; a retry links to the failed attempt.  The span is the current one
during the attempt, so that spans of aiohttp's instrumentation and log records belong to it.
Metrics are ``justclick.client.request.duration`` (a histogram, in seconds) and
``justclick.client.active_requests``.

Spans and metrics contain no parameters, results, keys or texts of the service, and requests get no
additional header.  Only providers that the program configures receive them.  Needs the extra
``otel``; no other module imports this one.
"""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress
from contextvars import Token
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from attrs import frozen

from justclick_async.hooks import RequestEnd, RequestStart
from justclick_async.version import __version__

try:
    from opentelemetry import context, metrics, trace
except ModuleNotFoundError:
    raise ModuleNotFoundError(
        "justclick_async.otel needs OpenTelemetry: pip install 'justclick_async[otel]'",
        name="opentelemetry",
    ) from None

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Link, Span, SpanContext, TracerProvider
    from opentelemetry.util.types import AttributeValue

__all__ = ["Telemetry"]

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""The buckets that OpenTelemetry recommends for durations of HTTP clients."""

MAX_FAILED = 1024
"""The maximum number of failed attempts that are kept to link retries to them."""


@frozen
class _ActiveSpan:
    span: Span
    token: Token[Context]


class Telemetry:
    """A hook that creates a span and metrics for each attempt.

    One instance can serve any number of clients.

    Args:
        tracer_provider: The global one, if left out.
        meter_provider: The global one, if left out.
    """

    def __init__(
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        self._tracer = trace.get_tracer("justclick_async", __version__, tracer_provider)
        meter = metrics.get_meter("justclick_async", __version__, meter_provider)
        self._duration = meter.create_histogram(
            "justclick.client.request.duration",
            unit="s",
            description="How long an attempt took, pacing and pauses not counted.",
            explicit_bucket_boundaries_advisory=SECONDS,
        )
        self._active = meter.create_up_down_counter(
            "justclick.client.active_requests",
            unit="{request}",
            description="Attempts that are under way.",
        )
        # Clients may run in several threads.  Each step is atomic, without a lock: one held during
        # a fork would block the child forever.
        self._running: dict[int, _ActiveSpan] = {}
        self._failed: OrderedDict[int, SpanContext] = OrderedDict()

    def __call__(self, event: RequestStart | RequestEnd) -> None:
        """Process an event of a client."""
        if isinstance(event, RequestStart):
            self._start_span(event)
        else:
            self._end_span(event)

    def _start_span(self, start: RequestStart) -> None:
        common = _common_attributes(start)
        span = self._tracer.start_span(
            f"justclick.{start.method}",
            kind=trace.SpanKind.CLIENT,
            attributes=common | _span_attributes(start),
            links=self._link(start),
        )
        token = context.attach(trace.set_span_in_context(span))
        self._active.add(1, common)
        self._running[start.request] = _ActiveSpan(span, token)

    def _end_span(self, end: RequestEnd) -> None:
        running = self._running.pop(end.request, None)
        if running is None:  # its start failed, which was logged
            return
        context.detach(running.token)
        common, outcome = _common_attributes(end), _outcome_attributes(end)
        self._active.add(-1, common)
        self._duration.record(
            end.seconds, common | outcome, context=trace.set_span_in_context(running.span)
        )
        running.span.set_attributes(outcome)
        if end.error is not None:
            # No description: the message may contain data of the service.
            running.span.set_status(trace.StatusCode.ERROR)
            self._remember(end.call, running.span.get_span_context())
        running.span.end()

    def _remember(self, call: int, failed: SpanContext) -> None:
        self._failed[call] = failed
        with suppress(KeyError):  # others drop the oldest, too
            while len(self._failed) > MAX_FAILED:
                self._failed.popitem(last=False)

    def _link(self, start: RequestStart) -> list[Link]:
        if start.attempt == 1:
            return []
        failed = self._failed.pop(start.call, None)
        return [trace.Link(failed)] if failed else []


def _common_attributes(event: RequestStart | RequestEnd) -> dict[str, AttributeValue]:
    """Return the attributes known at the start, by OpenTelemetry's HTTP conventions."""
    address = urlsplit(event.base_url)
    return {
        "justclick.method": event.method,
        "http.request.method": "POST",
        "url.template": f"/api/{event.method}",
        "server.address": address.hostname or "",
        "server.port": address.port or {"https": 443}.get(address.scheme, 80),
    }


def _span_attributes(start: RequestStart) -> dict[str, AttributeValue]:
    """Return attributes of spans only, as they have too many values for a metric."""
    more: dict[str, AttributeValue] = {"url.full": f"{start.base_url}/api/{start.method}"}
    if start.attempt > 1:
        more["http.request.resend_count"] = start.attempt - 1
    return more


def _outcome_attributes(end: RequestEnd) -> dict[str, AttributeValue]:
    known: dict[str, AttributeValue | None] = {
        "justclick.outcome": "done" if end.outcome is None else str(end.outcome),
        "justclick.code": end.code,
        "http.response.status_code": end.status,
        "error.type": end.error,
    }
    return {name: value for name, value in known.items() if value is not None}
