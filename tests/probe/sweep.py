"""Probe sandboxes with other assumptions, and compare what is found with what is true.

    python -m tests.probe.sweep each
    python -m tests.probe.sweep random [COUNT [SEED]]

``each`` switches every choice alone; ``random`` switches all assumptions at once.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from attrs import frozen

from justclick_async.account import Account
from justclick_async.probe import Prober
from justclick_async.sandbox import ASSUMPTIONS, Assumptions, Sandbox

UNOBSERVABLE = frozenset({"lead_tags", "tag_case", "prepaid_hash", "id_group"})
"""Assumptions that neither a response nor a notification that the probe can cause shows."""

NEEDS_OWN_PRODUCT = frozenset({
    *("missing_price", "created_hash", "cancelled_hash", "moneyback_hash", "created_status"),
    *("product_addresses", "failed_delivery"),
})  # fmt: skip


@frozen
class Result:
    """The result of probing one sandbox.

    Attributes:
        found: The choices that were found.
        wrong: The names of those that are not true.
        missed: The names of those that could have been found, and were not.
        left: Orders, products and memberships that are still there.
    """

    found: Mapping[str, str]
    wrong: Sequence[str]
    missed: Sequence[str]
    left: Sequence[object]


def hidden(truth: Mapping[str, str]) -> frozenset[str]:
    """Return the assumptions that cannot be observed under these choices."""
    names = UNOBSERVABLE
    if truth["add_good"] == "disabled":  # products of others are not changed
        names |= NEEDS_OWN_PRODUCT
    return names | {"duplicate_result"} if truth["duplicate_orders"] == "never" else names


async def probe(box: Sandbox, **options: Any) -> Prober:
    """Probe a sandbox as fast as possible."""
    account = Account(box.login, box.api_key, box.base_url)
    settings: dict[str, Any] = {"write": True, "rate": None, "patience": 0.3, **options}
    prober = Prober(account, **settings)
    await prober.run()
    return prober


def left_in(state: Mapping[str, Any]) -> list[object]:
    """Return what a method could still delete of what a probe has created."""
    return [
        *(order["bill_id"] for order in state["orders"] if not order["deleted"]),
        *(g["good_name"] for g in state["products"] if "probe" in g["good_name"]),
        *(contact["groups"] for contact in state["contacts"] if contact["groups"]),
    ]


def run(assume: Mapping[str, str]) -> Result:
    """Probe a sandbox with these assumptions."""

    async def start() -> tuple[Prober, Mapping[str, Any]]:
        async with Sandbox(assume=assume, retry_delays=(0.05,)) as box:
            return await probe(box), box.state()

    prober, state = asyncio.run(start())
    truth = Assumptions(assume)
    found = {name: v.choice for name, v in prober.verdicts().items() if v.choice is not None}
    wrong = [name for name, choice in found.items() if choice != truth[name]]
    missed = set(ASSUMPTIONS) - set(found) - hidden(truth)
    return Result(found, wrong, sorted(missed), left_in(state))


def each() -> list[Mapping[str, str]]:
    """Return a selection for each choice that is not a default, and that of all defaults."""
    choices = [
        {name: choice} for name, one in ASSUMPTIONS.items() for choice in list(one.choices)[1:]
    ]
    return [{}, *choices]


def combinations(count: int, seed: int) -> list[Mapping[str, str]]:
    """Return random choices of all assumptions."""
    chance = random.Random(seed)
    return [
        {name: chance.choice(list(one.choices)) for name, one in ASSUMPTIONS.items()}
        for _ in range(count)
    ]


def covering() -> list[Mapping[str, str]]:
    """Return few combinations that contain every choice, most of them with AddGood enabled."""
    combined = [
        {
            name: list(one.choices)[(turn + place) % len(one.choices)]
            for place, (name, one) in enumerate(ASSUMPTIONS.items())
        }
        for turn in range(5)
    ]
    enabled = [{**one, "add_good": "enabled"} for one in combined]
    return [*enabled, {**combined[0], "add_good": "disabled", "rate_limit": "none"}]


def summarize(results: Iterable[Result]) -> str:
    """Return the figures of a sweep."""
    listed = list(results)
    found = sum(len(result.found) for result in listed)
    missed = Counter(name for result in listed for name in result.missed)
    could = found + missed.total()
    return (
        f"{len(listed)} runs: {found} of {could} observable choices found ({found / could:.1%}), "
        f"{found / len(listed) / len(ASSUMPTIONS):.1%} of all; "
        f"{sum(len(result.wrong) for result in listed)} wrong; missed: {dict(missed)}; "
        f"left behind: {sum(len(result.left) for result in listed)}"
    )


def main(words: Sequence[str]) -> int:
    """Run a sweep and print its figures."""
    count, seed = [*map(int, words[1:]), *(60, 1)[len(words) - 1 :]][:2]
    selections = each() if words[:1] == ["each"] else combinations(count, seed)
    with ProcessPoolExecutor() as processes:
        results = list(processes.map(run, selections))
    for selection, result in zip(selections, results, strict=True):
        if result.wrong or result.missed or result.left:
            print(selection, result.wrong, result.missed, result.left)
    print(summarize(results))
    return int(any(result.wrong for result in results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
