"""The probe finds nearly all assumptions of a sandbox, never a wrong one, and cleans up."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import Any

import pytest

from justclick_async.account import Account
from justclick_async.probe import Prober, Request, experiments, prober
from justclick_async.probe.exchange import Response
from justclick_async.probe.observers import OBSERVERS
from justclick_async.sandbox import ASSUMPTIONS, Assumptions, Sandbox
from tests.probe.sweep import UNOBSERVABLE, covering, left_in, probe, run, summarize


@pytest.mark.parametrize("turn", range(6))
def test_it_finds_every_observable_choice_and_no_wrong_one(turn: int) -> None:
    result = run(covering()[turn])
    assert result.wrong == []
    assert result.left == []
    observable = len(result.found) + len(result.missed)
    assert len(result.found) >= 0.9 * observable, result.missed
    print(summarize([result]))


def test_the_runs_of_this_file_contain_every_choice() -> None:
    truths = [Assumptions(selection) for selection in covering()]
    for name, assumption in ASSUMPTIONS.items():
        assert {truth[name] for truth in truths} == set(assumption.choices)


@pytest.mark.asyncio
async def test_it_says_why_an_assumption_stays_unknown() -> None:
    async with Sandbox() as box:
        verdicts = (await probe(box)).verdicts()
    unknown = {name: verdict for name, verdict in verdicts.items() if verdict.choice is None}
    if limit := unknown.pop("rate_limit", None):  # on a busy machine
        assert "too slow to reach a limit" in str(limit.how)
    assert set(unknown) == UNOBSERVABLE
    assert all(verdict.how for verdict in unknown.values())


@pytest.mark.asyncio
async def test_without_write_it_changes_nothing_and_is_never_wrong() -> None:
    selection = covering()[3]
    async with Sandbox(assume=selection) as box:
        before = box.state()
        prober = await probe(box, write=False)
        after = box.state()
    assert {key: after[key] for key in ("orders", "products", "contacts")} == {
        key: before[key] for key in ("orders", "products", "contacts")
    }
    found = {name: v.choice for name, v in prober.verdicts().items() if v.choice is not None}
    assert len(found) >= 15
    assert found == {name: selection[name] for name in found}
    assert len(prober.found_by_writing()) >= 30


@pytest.mark.parametrize("fault", ["http_500", "drop_before"])
@pytest.mark.parametrize(
    "name", ["middle_name", "buyer_contact", "product_addresses", "duplicate_result"]
)
@pytest.mark.asyncio
async def test_one_lost_response_leads_to_no_wrong_choice(
    monkeypatch: pytest.MonkeyPatch, name: str, fault: str
) -> None:
    names = {"good_type", "add_good", name}  # the lists, the product, and one experiment
    chosen = [one for one in experiments.EXPERIMENTS if names.intersection(one.names)]
    assert len(chosen) == len(names)
    monkeypatch.setattr(prober, "EXPERIMENTS", chosen)
    choices = {"unset_time": "zero", "duplicate_orders": "never"}
    lost, requests = 0, 1
    while lost < requests:
        async with Sandbox(assume=choices, retry_delays=(0.05,)) as box:
            box.faults.next(*[""] * lost, fault)
            done = await probe(box, limits=False, patience=0.1)
            assert left_in(box.state()) == [], lost
        lost, requests = lost + 1, done.sent
        for found, verdict in done.verdicts().items():
            assert verdict.choice in (None, box.assumptions[found]), (found, lost)


@pytest.mark.parametrize(
    "fault", ["drop_after", "drop_before", "http_500", "html_page", "bad_hash"]
)
@pytest.mark.parametrize("seed", [1, 3])
@pytest.mark.asyncio
async def test_faults_of_the_network_lead_to_no_wrong_choice(fault: str, seed: int) -> None:
    async with Sandbox(faults={fault: 0.05}, seed=seed, retry_delays=(0.05,)) as box:
        prober = await probe(box, limits=False)
        box.faults.clear()
        state = box.state()
    for name, verdict in prober.verdicts().items():
        assert verdict.choice in (None, ASSUMPTIONS[name].default), name
    if prober.is_clean:
        assert left_in(state) == []
    else:
        assert prober.remains()


@pytest.mark.asyncio
async def test_a_random_code_8_is_no_rate_limit() -> None:
    async with Sandbox(faults={"limit": 0.05}, seed=5, retry_delays=(0.05,)) as box:
        verdicts = (await probe(box)).verdicts()
    assert verdicts["rate_limit"].choice in (None, "none")


@pytest.mark.asyncio
async def test_a_refused_request_is_not_sent_and_ends_the_probe() -> None:
    asked: list[str] = []

    def confirm(request: Request) -> bool:
        asked.append(request.method)
        return not asked.count("CreateOrder") > 2

    async with Sandbox() as box:
        prober = await probe(box, confirm=confirm)
        state: Any = box.state()
    assert prober.stopped
    assert len(state["orders"]) == 2
    assert left_in(state) == []


@pytest.mark.asyncio
async def test_every_request_is_shown_before_it_is_sent() -> None:
    shown: list[Request] = []

    def show(request: Request) -> bool:
        shown.append(request)
        return True

    async with Sandbox() as box:
        prober = await probe(box, confirm=show, show=show, limits=False)
    assert len(shown) == prober.sent
    assert box.api_key not in repr(shown)


@pytest.mark.asyncio
async def test_a_wrong_key_ends_the_probe_at_once() -> None:
    async with Sandbox() as box:
        prober = Prober(Account(box.login, "wrong", box.base_url), write=True, rate=None)
        await prober.run()
    assert prober.sent == 1
    assert "code 4" in str(prober.problem)


@pytest.mark.asyncio
async def test_requests_are_sent_at_the_given_rate() -> None:
    async with Sandbox() as box:
        times: list[float] = []

        def confirm(_request: Request) -> bool:
            times.append(monotonic())
            return len(times) < 15

        await probe(box, rate=20, confirm=confirm)
    assert times[-1] - times[0] >= 0.45  # no upper bound: others use this machine as well


def answer(document: Mapping[str, Any], **more: Any) -> Response:
    """Return a response with this document."""
    fields: dict[str, Any] = {"status": 200, "content_type": "application/json", "body": b""}
    fields |= {"method": "m", "document": document, "signature": "signed", **more}
    return Response(**fields)


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("content_type", answer({}), answer({}, content_type="text/html")),
        ("byte_order_mark", answer({}), answer({}, body=b"\xef\xbb\xbf{}")),
        ("text_encoding", answer({}, body=b'"\\u0410"'), answer({}, body="А".encode())),
        ("error_code", answer({"error_code": 0}), answer({"error_code": "0"})),
        (
            "error_text",
            answer({"error_code": 0, "error_text": "OK"}),
            answer({"error_code": 1, "error_text": "not transferred hash"}),
        ),
        (
            "http_status",
            answer({"error_code": 4}, status=403),
            answer({"error_code": 3}, status=200),
        ),
        (
            "numbers",
            answer({"error_code": 0, "result": [{"good_id": 1, "good_sum": 1.0}]}),
            answer({"error_code": 0, "result": [{"good_id": "1", "good_sum": "1.00"}]}),
        ),
    ],
)
def test_responses_that_contradict_each_other_decide_nothing(
    name: str, one: Response, other: Response
) -> None:
    exchanges = [(Request("GetAllGoods"), response) for response in (one, other)]
    assert OBSERVERS[name](exchanges) is None
