"""Spans and metrics for OpenTelemetry: a hook, to be passed to a client.

    from justclick_async.otel import Telemetry

    client = AsyncJustClick(login, api_key, hooks=[Telemetry()])

Each attempt is a span ``justclick.CreateOrder`` (or another method) of kind ``CLIENT``, a child of
the span that is current where the method was called; an attempt after a failed one links to it.
While it lasts, it is the current span, so that what aiohttp's own instrumentation and the log tell
belongs to it.  Metrics are ``justclick.client.request.duration`` (a histogram, in seconds) and
``justclick.client.active_requests``.

Neither holds parameters, results, keys or texts of the service, and no header is added to a
request.  Nothing goes anywhere but to the providers that the program has set up.  Needs the extra
``otel``; no other module imports it.
"""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress
from contextvars import Token
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from attrs import frozen

from justclick_async.hooks import Begun, Ended
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
"""The buckets that OpenTelemetry advises for the durations of HTTP clients."""

MOST_FAILED = 1024
"""How many failed attempts are remembered, in case that their calls are tried again."""


@frozen
class _Running:
    span: Span
    token: Token[Context]


class Telemetry:
    """A hook that makes a span of each attempt, and times and counts them.

    One may serve any number of clients.

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
        # Clients may run in several threads.  Each step is one that no other thread can break into;
        # a lock that one of them holds during a fork would stop the child for good.
        self._running: dict[int, _Running] = {}
        self._failed: OrderedDict[int, SpanContext] = OrderedDict()

    def __call__(self, event: Begun | Ended) -> None:
        """Take an event of a client."""
        if isinstance(event, Begun):
            self._begin(event)
        else:
            self._end(event)

    def _begin(self, begun: Begun) -> None:
        about = _about(begun)
        span = self._tracer.start_span(
            f"justclick.{begun.method}",
            kind=trace.SpanKind.CLIENT,
            attributes=about | _on_spans(begun),
            links=self._link(begun),
        )
        token = context.attach(trace.set_span_in_context(span))
        self._active.add(1, about)
        self._running[begun.request] = _Running(span, token)

    def _end(self, ended: Ended) -> None:
        running = self._running.pop(ended.request, None)
        if running is None:  # its beginning failed, and was told then
            return
        context.detach(running.token)
        about, became = _about(ended), _became(ended)
        self._active.add(-1, about)
        self._duration.record(
            ended.seconds, about | became, context=trace.set_span_in_context(running.span)
        )
        running.span.set_attributes(became)
        if ended.error is not None:
            # No description: what an exception says is for whoever catches it.
            running.span.set_status(trace.StatusCode.ERROR)
            self._remember(ended.call, running.span.get_span_context())
        running.span.end()

    def _remember(self, call: int, failed: SpanContext) -> None:
        self._failed[call] = failed
        with suppress(KeyError):  # others drop the oldest, too
            while len(self._failed) > MOST_FAILED:
                self._failed.popitem(last=False)

    def _link(self, begun: Begun) -> list[Link]:
        if begun.attempt == 1:
            return []
        failed = self._failed.pop(begun.call, None)
        return [trace.Link(failed)] if failed else []


def _about(event: Begun | Ended) -> dict[str, AttributeValue]:
    """Say what is known beforehand, in the terms of OpenTelemetry's HTTP clients."""
    address = urlsplit(event.base_url)
    return {
        "justclick.method": event.method,
        "http.request.method": "POST",
        "url.template": f"/api/{event.method}",
        "server.address": address.hostname or "",
        "server.port": address.port or {"https": 443}.get(address.scheme, 80),
    }


def _on_spans(begun: Begun) -> dict[str, AttributeValue]:
    """Say what a span may hold, but would make too many rows of a metric."""
    more: dict[str, AttributeValue] = {"url.full": f"{begun.base_url}/api/{begun.method}"}
    if begun.attempt > 1:
        more["http.request.resend_count"] = begun.attempt - 1
    return more


def _became(ended: Ended) -> dict[str, AttributeValue]:
    known: dict[str, AttributeValue | None] = {
        "justclick.outcome": "done" if ended.outcome is None else str(ended.outcome),
        "justclick.code": ended.code,
        "http.response.status_code": ended.status,
        "error.type": ended.error,
    }
    return {name: value for name, value in known.items() if value is not None}
