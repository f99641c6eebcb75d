"""Attack ``notifications.parse``: ``python -m tests.attack_notifications --cases 100000``.

Bodies are made from genuine ones by changing bytes, fields and their borders, and out of nothing;
a tenth of them by hypothesis.  Counted are

- crashes: anything raised but ``NotificationError``;
- forgeries: accepted although the number, the address or the signed time is not that of a genuine
  notification;
- moved digits: accepted with digits moved between the number and the address.  Nothing in the
  service's formula divides the two, so no receiver can tell; ``confirm`` does.

Then hostile bodies are timed at two sizes, and what is too large is weighed.
"""

from __future__ import annotations

import argparse
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote_plus

from attrs import Factory, define
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from justclick_async.notifications import (
    NotificationError,
    NotificationTooLarge,
    OrderEvent,
    parse,
)
from justclick_async.php import http_build_query
from tests.notifications.bodies import CONTACTS, KEY, ORDERS, body, decoded, signed

Triple = tuple[str, str, str]


@define
class Score:
    """What came of the attack."""

    cases: int = 0
    refused: Counter[str] = Factory(Counter)
    unchanged: int = 0
    moved: int = 0
    forged: list[Any] = Factory(list)
    crashed: list[tuple[Any, str]] = Factory(list)
    slowest: float = 0.0


# ── What is genuine ─────────────────────────────────────────────────────────────────


def _genuine() -> dict[bytes, Triple]:
    """Bodies that the service could have sent, and what their hash covers."""
    found = {}
    for kind in ORDERS:
        for email in "buyer@example.com", "7buyer+1@example.com", "покупатель@пример.рф":
            over = {"order_created": "created", "order_cancelled": "created"}.get(kind, "paid")
            fields = signed(decoded(kind, email=email), over)
            triple = (str(fields["id"]), email, str(fields.get(over, "")))
            found[http_build_query(fields).encode()] = triple
    return found


GENUINE = _genuine()
TRIPLES = frozenset(GENUINE.values())
BODIES = [*GENUINE, *(body(kind).encode() for kind in CONTACTS)]


def _said(event: OrderEvent) -> Triple:
    """Return number, address and time as the event has them and the hash covers them."""
    moment = event.raw.get(event.signed_over[2]) if len(event.signed_over) > 2 else ""
    return str(event.bill_id), event.email, str(moment or "")


def judge(octets: Any, score: Score, **options: Any) -> None:
    """Let one body be parsed and note what came of it."""
    score.cases += 1
    started = time.perf_counter()
    try:
        event = parse(octets, api_key=KEY, **options)
    except NotificationError as refusal:
        score.refused[type(refusal).__name__] += 1
    except Exception as error:  # noqa: BLE001  # that is what is looked for
        score.crashed.append((octets, repr(error)))
    else:
        if isinstance(event, OrderEvent):
            _weigh(octets, event, score)
    score.slowest = max(score.slowest, time.perf_counter() - started)


def _weigh(octets: Any, event: OrderEvent, score: Score) -> None:
    said = _said(event)
    if said in TRIPLES:
        score.unchanged += 1
    elif any((said[0] + said[1], said[2]) == (id_ + email, at) for id_, email, at in TRIPLES):
        score.moved += 1
    else:
        score.forged.append(octets)


# ── Mutations ───────────────────────────────────────────────────────────────────────

Mutation = Callable[[Random, bytes], bytes]
LETTERS = b"&=[]%+.;\x00\xff \r\n0123456789abcdefx@_"
SIGNED = ["id", "email", "created", "paid", "hash"]
NAMES = [*SIGNED, "status", "items", "utm", "id_group", "prepayment_sum", "last_payment_sum"]


def _noise(random: Random, _: bytes) -> bytes:
    return random.randbytes(random.randrange(600))


def _letters(random: Random, _: bytes) -> bytes:
    return bytes(random.choices(LETTERS, k=random.randrange(600)))


def _edit_bytes(random: Random, octets: bytes) -> bytes:
    edited = bytearray(octets)
    for _ in range(random.choice((1, 1, 1, 2, 5, 20))):
        at = random.randrange(len(edited) + 1)
        some = bytes(random.choices(LETTERS, k=random.randrange(4)))
        edited[at : at + random.randrange(4)] = some
    return bytes(edited)


def _flip_a_bit(random: Random, octets: bytes) -> bytes:
    flipped = bytearray(octets)
    flipped[random.randrange(len(flipped))] ^= 1 << random.randrange(8)
    return bytes(flipped)


def _cut(random: Random, octets: bytes) -> bytes:
    start, end = sorted(random.choices(range(len(octets) + 1), k=2))
    return octets[start:end] if random.random() < 0.5 else octets[:start] + octets[end:]


def _splice(random: Random, octets: bytes) -> bytes:
    other = random.choice(BODIES)
    if random.random() < 0.5:
        return octets[: random.randrange(len(octets))] + other[random.randrange(len(other)) :]
    pairs, others = octets.split(b"&"), other.split(b"&")
    return b"&".join(random.choice((one, *random.choices(others))) for one in pairs)


def _shuffle(random: Random, octets: bytes) -> bytes:
    pairs = octets.split(b"&")
    random.shuffle(pairs)
    return b"&".join(pairs[: random.randrange(len(pairs) + 1)] if random.random() < 0.5 else pairs)


def _value(random: Random, old: str) -> str:
    return random.choice(
        (
            "", "0", "-1", "1e3", "0x10", old + "0", "0" + old, " " + old, old + " ", old.upper(),
            old.swapcase(), old[:-1], old[1:], old[::-1], str(random.randrange(10**9)),
            old + "\0", old + "\n", "%" + old, "0e462097431906509019562988736854", "null", "true",
            old.replace("@", "%40"), old.replace("m", "м"), old * 2, "9" * 400,
        )
    )  # fmt: skip


def _name(random: Random, name: str) -> str:
    forms = (
        "{}",
        "{}",
        "{}",
        "{}[]",
        "{}[a]",
        "{}[",
        " {}",
        "{} ",
        "{}.",
        "{}\0x",
        "{}[0][1]",
        "[{}]",
    )
    return random.choice(forms).format(name)


def _change_field(random: Random, octets: bytes) -> bytes:
    name = random.choice(NAMES)
    pairs = [pair.split(b"=", 1) for pair in octets.split(b"&")]
    for pair in pairs:
        if pair[0] == name.encode() and len(pair) == 2:
            old = pair[1].decode(errors="replace").replace("%40", "@").replace("%2B", "+")
            pair[1] = quote_plus(_value(random, old)).encode()
    return b"&".join(b"=".join(pair) for pair in pairs)


def _add_field(random: Random, octets: bytes) -> bytes:
    name, value = _name(random, random.choice(NAMES)), _value(random, "123456")
    pair = f"{quote_plus(name)}={quote_plus(value)}".encode()
    return b"&".join((octets, pair) if random.random() < 0.7 else (pair, octets))


def _rename_field(random: Random, octets: bytes) -> bytes:
    old, new = random.choice(NAMES), _name(random, random.choice(NAMES))
    return b"&".join(
        quote_plus(new).encode() + pair[len(old) :] if pair.startswith(f"{old}=".encode()) else pair
        for pair in octets.split(b"&")
    )


def _move_border(random: Random, octets: bytes) -> bytes:
    """Divide the signed text otherwise: what the hash covers stays the same."""
    triple = GENUINE.get(octets)
    if triple is None:
        return octets
    text = "".join(triple)
    kept = [
        p
        for p in octets.split(b"&")
        if p.split(b"=")[0] not in (b"id", b"email", b"created", b"paid")
    ]
    start = random.choice((len(triple[0]), random.randrange(len(text) + 1)))
    end = random.randrange(start, len(text) + 1)
    moment = random.choice(("created", "paid"))
    divided = {"id": text[:start], "email": text[start:end], moment: text[end:]}
    return b"&".join((http_build_query(divided).encode(), *kept))


MUTATIONS: tuple[Mutation, ...] = (
    _noise, _letters, _edit_bytes, _edit_bytes, _flip_a_bit, _cut, _splice, _shuffle,
    _change_field, _change_field, _add_field, _add_field, _rename_field, _move_border, _move_border,
)  # fmt: skip


def mutated(random: Random) -> bytes:
    """Return one hostile body."""
    octets = random.choice(BODIES)
    first = random.choice(MUTATIONS)
    octets = first(random, octets)
    return random.choice(MUTATIONS)(random, octets or b"&") if random.random() < 0.3 else octets


def _as_received(random: Random, octets: bytes) -> Any:
    """Return bytes mostly; sometimes text, or what frameworks make of it."""
    chance = random.random()
    if chance < 0.7:
        return octets
    if chance < 0.8:
        return octets.decode(errors="surrogateescape")
    if chance < 0.9:
        return parse_qs(octets.decode("latin-1"), keep_blank_values=True)
    return dict(parse_qsl(octets.decode(errors="replace"), keep_blank_values=True))


def attack(cases: int, seed: int = 1) -> Score:
    """Parse *cases* hostile bodies, most of them made here and one in forty by hypothesis."""
    score, random = Score(), Random(seed)
    for _ in range(cases - cases // 40):
        judge(_as_received(random, mutated(random)), score, allow_unsigned=random.random() < 0.5)
    _attack_by_hypothesis(cases // 40, score)
    return score


_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
_fields = st.lists(st.tuples(st.sampled_from(NAMES) | _texts, _texts), max_size=6)


def _attack_by_hypothesis(cases: int, score: Score) -> None:
    checks = list(HealthCheck)
    start = score.cases

    @settings(max_examples=cases, database=None, deadline=None, suppress_health_check=checks)
    @given(st.sampled_from(BODIES), _fields, st.binary(max_size=60), st.randoms())
    def one(octets: bytes, fields: list[tuple[str, str]], noise: bytes, random: Random) -> None:
        more = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in fields)
        at = random.randrange(len(octets) + 1)
        judge(b"&".join((octets[:at] + noise + octets[at:], more.encode())), score)

    while score.cases - start < cases:  # it ends early where it believes to have seen all
        one()


# ── Time and memory ─────────────────────────────────────────────────────────────────

SHAPES: Mapping[str, Callable[[int], bytes]] = {
    "a long value": lambda size: b"a=" + b"x" * size,
    "escapes": lambda size: b"a=" + b"%41" * (size // 3),
    "broken escapes": lambda size: b"a=" + b"%" * size,
    "plus signs": lambda size: b"email=" + b"+" * size,
    "separators": lambda size: b"&" * size,
    "equal signs": lambda size: b"=" * size,
    "brackets": lambda size: b"a" + b"[" * size + b"=1",
    "closed brackets": lambda size: b"a" + b"]" * size + b"=1",
    "a long name": lambda size: b"a." * (size // 2) + b"=1",
    "a long key": lambda size: b"a[" + b"x" * size + b"]=1",
    "a long number": lambda size: b"created=1&email=a@b.ru&hash=x&id=" + b"9" * size,
    "a long address": lambda size: b"created=1&id=5&hash=x&email=" + b"%26amp;" * (size // 7),
    "a long hash": lambda size: b"created=1&id=5&email=a@b.ru&hash=" + b"0" * size,
    "many items": lambda size: b"&".join(
        b"items[%d][title]=" % at + b"x" * (size // 900 - 20) for at in range(900)
    ),
}
"""Bodies that grow within the limits."""


def _ms(octets: Any, **options: Any) -> float:
    best = float("inf")
    for _ in range(3):
        started = time.process_time()  # a busy machine does not slow it down
        judge(octets, Score(), **options)
        best = min(best, time.process_time() - started)
    return best * 1000


def growth() -> Iterator[tuple[str, float, float]]:
    """Time each shape at 60 KB and at sixteen times that, just below the limit."""
    for name, shape in SHAPES.items():
        yield name, _ms(shape(60_000)), _ms(shape(960_000))


BIG = 1 << 30
REFUSALS: Mapping[str, tuple[Callable[[], Any], Mapping[str, Any]]] = {
    "10 MB": (lambda: b"a=" + b"x" * 10_000_000, {}),
    "10 MB as text": (lambda: "a=" + "x" * 10_000_000, {}),
    "10 MB as bytearray": (lambda: bytearray(b"a=" + b"x" * 10_000_000), {}),
    "10 MB as a mapping": (lambda: {"id": "1", "email": "x" * 10_000_000}, {}),
    "300,000 variables": (lambda: b"&".join(b"a%d=1" % at for at in range(300_000)), {}),
    "300,000 variables, any size allowed": (
        lambda: b"&".join(b"a%d=1" % at for at in range(300_000)),
        {"max_bytes": BIG},
    ),
    "300,000 elements, any size allowed": (
        lambda: b"&".join([b"a[]=1"] * 300_000),
        {"max_bytes": BIG},
    ),
    "300,000 variables as a mapping": (lambda: {f"a{at}": "1" for at in range(300_000)}, {}),
    "300,000 elements as a mapping": (lambda: {f"a[{at}]": "1" for at in range(300_000)}, {}),
    "10^6 values of one name": (lambda: {"a[]": ["1"] * 10**6}, {}),
    "depth 10^4": (lambda: b"a" + b"[b]" * 10**4 + b"=1", {}),
    "depth 10^4 as a mapping": (lambda: {"a" + "[b]" * 10**4: "1"}, {}),
}
"""What must be refused before anything is done with it."""


def refusals() -> Iterator[tuple[str, float, float, bool]]:
    """Measure each refusal: milliseconds, peak MB on top of the body, whether it is one."""
    for name, (make, options) in REFUSALS.items():
        hostile = make()
        ms = _ms(hostile, **options)
        tracemalloc.start()
        score = Score()
        judge(hostile, score, **options)
        peak = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
        yield name, ms, peak, score.refused[NotificationTooLarge.__name__] == 1


# ── Report ──────────────────────────────────────────────────────────────────────────


def main(arguments: list[str] | None = None) -> int:
    """Attack, print the figures, and return 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.attack_notifications")
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    started = time.perf_counter()
    score = attack(options.cases, options.seed)
    seconds = time.perf_counter() - started
    print(f"{score.cases} bodies in {seconds:.1f} s; the slowest took {score.slowest * 1e3:.1f} ms")
    print(f"crashes        {len(score.crashed)}")
    print(f"forgeries      {len(score.forged)}")
    print(f"moved digits   {score.moved}")
    print(f"unchanged      {score.unchanged}")
    for name, count in score.refused.most_common():
        print(f"refused        {count:>7}  {name}")
    for octets, error in score.crashed[:5]:
        print("CRASH", error, octets)
    for octets in score.forged[:5]:
        print("FORGED", octets)
    bad = bool(score.crashed or score.forged)
    print(f"\n{'60 KB ms':>10} {'960 KB ms':>10}")
    for name, small, large in growth():
        bad |= large > 16 * 4 * max(small, 0.05)
        print(f"{small:>10.3f} {large:>10.3f}  {name}")
    print(f"\n{'ms':>10} {'peak MB':>10}")
    for name, ms, peak, refused in refusals():
        bad |= not refused
        print(f"{ms:>10.3f} {peak:>10.2f}  {name}{'' if refused else '  NOT REFUSED'}")
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
