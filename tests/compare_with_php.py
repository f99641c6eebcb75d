"""Compare our PHP with a real one over as many random cases as one likes.

    python -m tests.compare_with_php --cases 200000

Prints how many cases were compared and each difference; exit code 1 if there was any.
"""

from __future__ import annotations

import argparse
import itertools
import math
import random
import struct
import sys
import time
from collections.abc import Callable, Iterator

from justclick_async import php
from tests import php_oracle

LETTERS = "abzAZ09_-"
SPECIALS = "~ .+%&=[]{}()!*'\"/\\:;,?#@$^`|<>\t\r\n\0\x01\x1e\x1f\x7f\x80\xa0"
WORDS = "йцЯё€—😀漢\u0301\ufeff"
NAMES = ["goods", "bill_email", "utm", "rid", "0", "1", "5", "05", "-1", "-0", "a.b", "a b", ""]
EDGES = [2**63 - 1, -(2**63), 0, -1, 1, 10**15]
FLOATS = [0.0, -0.0, math.inf, -math.inf, math.nan, 1e15, 1e14, 1e-4, 1e-5, 1e25, 0.1 + 0.2, 5e-324]
# What queries that were built to mislead are made of.
TOKENS = [
    *("a", "b", "5", "05", "-5", "0", "1", "9223372036854775807", "9223372036854775806"),
    *("-9223372036854775808", "9223372036854775808", "-0", "__Host-", "..Host-", "_", "Secure-"),
    *("[", "]", "[]", "[ ]", "[b]", "[5]", "[0]", "[", "]", "=", "=", "&", "&", "+", " ", ".", "-"),
    *("%", "%5B", "%5D", "%5b", "%00", "%20", "%2B", "%3D", "%26", "%D0%B9", "%FF", "%0", "%zz"),
    *("%09", "%0A", "%0B", "%0C", "%0D", "%1C", "%A0", "%85", "й", "\xff", "\t", "\n", "\v", "x=y"),
]
BATCH = 500

Case = tuple[list[object], Callable[[], object], Callable[[object], object]]


def some_text(rng: random.Random) -> str:
    alphabet = rng.choice([LETTERS, LETTERS, LETTERS + SPECIALS, WORDS, LETTERS + SPECIALS + WORDS])
    return "".join(rng.choices(alphabet, k=rng.choice([0, 1, 2, 3, 5, 8, 20])))


def some_key(rng: random.Random) -> object:
    choice = rng.randrange(10)
    if choice < 4:
        return rng.choice(NAMES)
    if choice < 7:
        return rng.choice([rng.randrange(-3, 12), rng.choice(EDGES)])
    return some_text(rng) if choice < 9 else rng.randbytes(rng.randrange(4))


def some_float(rng: random.Random) -> float:
    choice = rng.randrange(5)
    if choice == 0:
        return rng.choice(FLOATS)
    if choice == 3:  # Where rounding to 14 digits meets ties.
        return rng.randrange(10**12, 10**16) // 100 * 100 / 10 ** rng.randrange(4) + rng.choice(
            [0, 5]
        )
    if choice == 1:
        return struct.unpack(">d", rng.randbytes(8))[0]
    if choice == 2:
        return round(rng.uniform(-1e6, 1e6), rng.randrange(6))
    return rng.uniform(0.9, 10) * 10.0 ** rng.randrange(-20, 30)


def some_value(rng: random.Random, depth: int) -> object:
    choice = rng.randrange(16)
    if depth and choice < 3:
        return [some_value(rng, depth - 1) for _ in range(rng.randrange(4))]
    if depth and choice < 6:
        return some_mapping(rng, depth - 1)
    if choice < 12:
        return some_text(rng)
    if choice == 12:
        return rng.randbytes(rng.randrange(9))
    if choice == 13:
        return some_float(rng)
    if choice == 14:
        return rng.choice([rng.randrange(-(10**6), 10**6), rng.choice(EDGES)])
    return rng.choice([None, True, False, (), [], {}])


def some_mapping(rng: random.Random, depth: int) -> dict[object, object]:
    mapping: dict[object, object] = {}
    taken: set[str] = set()
    for _ in range(rng.choice([0, 1, 2, 3, 6])):
        key = some_key(rng)
        name = key.decode("utf-8", "surrogateescape") if isinstance(key, bytes) else str(key)
        if name not in taken:
            taken.add(name)
            mapping[key] = some_value(rng, depth)
    return mapping


def some_query(rng: random.Random) -> bytes:
    choice = rng.randrange(8)
    if choice == 0:
        return rng.randbytes(rng.randrange(40))
    if choice == 1:
        return php.http_build_query(some_mapping(rng, 3)).encode()
    if choice == 2:
        depth = rng.choice([1, 2, 62, 63, 64])
        return (rng.choice(["a", "5", "a.b"]) + rng.choice(["[b]", "[]"]) * depth + "=1").encode()
    if choice == 3:
        names = [
            "a",
            "a[b]",
            "a[]",
            "a[0]",
            "a[1]",
            "a[b][c]",
            "a[b][]",
            "b",
            "a[-3]",
            "a[b",
            "a.b",
        ]
        return "&".join(f"{rng.choice(names)}={n}" for n in range(rng.randrange(9))).encode()
    tokens = "".join(rng.choices(TOKENS, k=rng.randrange(24)))
    return tokens.encode("utf-8" if choice < 6 else "latin-1", "ignore")


def build_case(rng: random.Random) -> Case:
    data = some_mapping(rng, 4) if rng.random() < 0.8 else [some_value(rng, 3) for _ in range(4)]
    odd = rng.random() < 0.2
    prefix = rng.choice(["p_", "p q&=", "й", "%"]) if odd else ""
    separator = rng.choice([";", "&amp;", "", " = ", "é"]) if odd else "&"
    encoding = rng.choice([php.PHP_QUERY_RFC1738, php.PHP_QUERY_RFC3986])
    arguments = data, prefix, separator, encoding
    return (
        php_oracle.build_question(*arguments),
        lambda: php.http_build_query(*arguments),
        php_oracle.text,
    )


def parse_case(rng: random.Random) -> Case:
    query = some_query(rng)
    return (
        ["parse_str", php_oracle.base64(query)],
        lambda: in_order(php.parse_str(query)),
        lambda answer: in_order(php_oracle.top(answer)),
    )


def round_trip_case(rng: random.Random) -> Case:
    """What PHP reads of our query is what we read of it, and canonical queries are fixed points."""
    query = php.http_build_query(some_mapping(rng, 3))

    def ours() -> object:
        read = php.parse_str(query)
        again = php.http_build_query(read)
        assert php.parse_str(again) == read or "Host-" in again or "Secure-" in again
        return in_order(read)

    return (
        ["parse_str", php_oracle.base64(query)],
        ours,
        lambda answer: in_order(php_oracle.top(answer)),
    )


def escape_case(rng: random.Random) -> Case:
    text = rng.randbytes(rng.randrange(30)) if rng.random() < 0.5 else some_text(rng)
    name = rng.choice(["urlencode", "rawurlencode"])
    return [name, php_oracle.base64(text)], lambda: getattr(php, name)(text), php_oracle.text


def float_case(rng: random.Random) -> Case:
    data = [some_float(rng)]
    return php_oracle.build_question(data), lambda: php.http_build_query(data), php_oracle.text


KINDS = [build_case, parse_case, parse_case, build_case, round_trip_case, escape_case, float_case]


def in_order(value: object) -> object:
    """Make the order of keys, and lists against dicts, part of the comparison."""
    if isinstance(value, dict):
        return "dict", [(key, in_order(inner)) for key, inner in value.items()]
    return [in_order(inner) for inner in value] if isinstance(value, list) else value


def differences(oracle: php_oracle.PhpOracle, cases: list[Case]) -> Iterator[str]:
    answers = oracle.ask([question for question, _, _ in cases])
    for (question, ours, theirs), answer in zip(cases, answers, strict=True):
        try:
            found: object = ours()
        except Exception as error:  # noqa: BLE001
            found = repr(error)
        if found != theirs(answer):
            yield f"{question}\n   PHP: {theirs(answer)!r}\n  ours: {found!r}"


def compare(number: int, seed: int) -> tuple[int, int]:
    rng = random.Random(seed)
    kinds = itertools.cycle(KINDS)
    done = wrong = 0
    with php_oracle.PhpOracle() as oracle:
        while done < number:
            cases = [next(kinds)(rng) for _ in range(min(BATCH, number - done))]
            for difference in differences(oracle, cases):
                wrong += 1
                if wrong <= 20:
                    print(difference)
            done += len(cases)
    return done, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=None, help="repeats a run; random otherwise")
    options = parser.parse_args()
    if php_oracle.PHP is None:
        print("There is no php on the path: nothing was compared.")
        return 2
    seed = random.randrange(2**32) if options.seed is None else options.seed
    started = time.perf_counter()
    done, wrong = compare(options.cases, seed)
    seconds = time.perf_counter() - started
    print(f"{done} cases compared with PHP in {seconds:.0f} s, {wrong} differences (seed {seed})")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
