"""Cost of one blocking call: ours against libraries that post the same bytes to the same server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

from benchmarks.calls import FORM, ORDER
from benchmarks.measure import Table, aim, compare, timed
from benchmarks.peers import missing, peer
from benchmarks.server import KEY, LOGIN, running, watched
from justclick_async import JustClick, signing
from justclick_async.calls import Call
from justclick_async.endpoints import V1

GROUPS = ["newsletter", "customers"]
CONTACT = {"lead_name": "Иван Петров", "lead_phone": "+7(928)777-77-77", "lead_city": "Москва"}


def others(base_url: str, call: Call[Any], stack: ExitStack) -> dict[str, Callable[[], object]]:
    """Return those who post the same bytes."""
    url = f"{base_url}/api/{call.method}"
    body = signing.signed_body(call.params, LOGIN, KEY)
    found: dict[str, Callable[[], object]] = {}
    if requests := peer("requests"):
        session = stack.enter_context(requests.Session())
        found["requests.Session"] = lambda: session.post(url, data=body, headers=FORM).json()
    if urllib3 := peer("urllib3"):
        pool = stack.enter_context(urllib3.PoolManager())
        found["urllib3"] = lambda: pool.request("POST", url, body=body, headers=FORM).json()
    if httpx := peer("httpx"):
        client = stack.enter_context(httpx.Client())
        found["httpx.Client"] = lambda: client.post(url, content=body, headers=FORM).json()
    return found


def python_justclick(base_url: str) -> dict[str, Callable[[], object]]:
    """Return python-justclick's own call, led to the local server."""
    module = peer("python_justclick.justclick")
    if module is None:
        return {}
    connection = module.JustClickConnection(LOGIN, KEY)
    connection._api_url = f"{base_url}/api/"  # it knows no other way
    return {
        "python-justclick": lambda: connection.add_lead_to_group(
            GROUPS, "buyer@example.com", CONTACT
        )
    }


def tables(*, quick: bool) -> Iterator[Table]:
    calls, rounds = (16, 1) if quick else (128, 11)
    with (
        running() as base_url,
        watched(base_url) as busy,
        JustClick(LOGIN, KEY, base_url=base_url, rate=None) as client,
        ExitStack() as stack,
    ):
        contact = V1.add_lead_to_group(
            "buyer@example.com",
            GROUPS,
            name=CONTACT["lead_name"],
            phone=CONTACT["lead_phone"],
            city=CONTACT["lead_city"],
        )
        cases: dict[str, dict[str, Callable[[], object]]] = {
            "add_lead_to_group": {
                **others(base_url, contact, stack),
                **python_justclick(base_url),
                "ours": lambda: client.run(contact),
            },
            "create_order": {
                **others(base_url, V1.create_order(ORDER), stack),
                "ours": lambda: client.create_order(ORDER),
            },
        }
        rows = [
            row
            for case, works in cases.items()
            for row in compare(
                {name: timed(repeated(work, calls), calls) for name, work in works.items()},
                rounds,
                case,
            )
        ]
        yield Table(
            "One blocking call",
            rows,
            aims=[
                *aim(rows, "ours", "requests.Session", 0.45),
                *aim(rows, "ours", "python-justclick", 0.3),
            ],
            notes=[
                busy(),
                "python-justclick has no orders, and opens a connection for each call.",
                *missing("requests", "urllib3", "httpx", "python_justclick.justclick"),
            ],
        )


def repeated(work: Callable[[], object], times: int) -> Callable[[], None]:
    def run() -> None:
        for _ in range(times):
            work()

    return run
