"""Encode and sign an order: ours beside PHP's own http_build_query and md5.

    python -m benchmarks.encode [--quick] [--json FILE]

All take the same orders in turn, round by round; a ratio of 2 means twice PHP's time.  "As sent"
is what a client does with each request: it also makes sure that PHP reads it as it was meant.
Without a php on the path only our own times are shown.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.measure import Row, compare, save, show
from justclick_async.php import canonical_query
from justclick_async.signing import sign_query, sign_request

LOGIN, KEY = "username", "0123456789" * 4
PHP = shutil.which("php")
COMMAND = ["-n", "-d", "opcache.enable_cli=0", str(Path(__file__).with_suffix(".php"))]

ENGLISH = {
    "bill_first_name": "John",
    "bill_surname": "Smith",
    "bill_email": "user4+shop@example.com",
    "bill_phone": "+1 (212) 555-01-23",
    "bill_country": "United States",
    "bill_region": "New York",
    "bill_city": "New York",
    "bill_address": "5th Avenue, 10, apt. 5",
    "bill_postal_code": "10001",
    "bill_comment": "Please call before delivery!",
    "bill_tag": "vip, newsletter",
    "bill_ip": "192.0.2.1",
    "bill_created": 1574241885,
    "bill_timer_kill": True,
    "utm": {
        "utm_medium": "cpc",
        "utm_source": "google",
        "utm_campaign": "spring sale",
        "utm_term": "buy now",
    },
}
RUSSIAN = ENGLISH | {
    "bill_first_name": "Иван",
    "bill_surname": "Петров",
    "bill_phone": "+7 (912) 345-67-89",
    "bill_country": "Россия",
    "bill_region": "Ленинградская область",
    "bill_city": "Санкт-Петербург",
    "bill_address": "ул. Ленина, д. 10, кв. 5",
    "bill_postal_code": "190000",
    "bill_comment": "Позвоните, пожалуйста, перед доставкой!",
    "bill_tag": "вип, рассылка",
    "utm": {
        "utm_medium": "cpc",
        "utm_source": "yandex",
        "utm_campaign": "весенняя распродажа",
        "utm_term": "купить сейчас",
    },
}


def order(fields: dict[str, object], goods: int) -> dict[str, object]:
    names = [{"good_name": f"course_{n}", "good_sum": f"{1500 + n}.00"} for n in range(goods)]
    return {"goods": names, **fields}


ORDERS = {
    f"{language}, {goods} goods": order(fields, goods)
    for language, fields in (("English", ENGLISH), ("Russian", RUSSIAN))
    for goods in (1, 2, 100)
}


def signed(params: dict[str, object]) -> str:
    return sign_request(params, LOGIN, KEY)


def as_sent(params: dict[str, object]) -> str:
    return sign_query(canonical_query(params), LOGIN, KEY)


def microseconds(work: Callable[[dict[str, object]], str], name: str, loops: int) -> float:
    params = ORDERS[name]
    started = time.perf_counter()
    for _ in range(loops):
        work(params)
    return (time.perf_counter() - started) / loops * 1e6


def of_php(name: str, loops: int) -> float:
    task = {"login": LOGIN, "key": KEY, "loops": loops, "order": ORDERS[name]}
    run = subprocess.run(
        [str(PHP), *COMMAND], input=json.dumps(task), capture_output=True, text=True, check=True
    )
    found = json.loads(run.stdout)
    if found["hash"] != signed(ORDERS[name]):
        sys.exit(f"PHP signs the order {name!r} differently: nothing to compare.")
    return float(found["nanoseconds"]) / 1e3


def measure(name: str, rounds: int, loops: int) -> list[Row]:
    contenders: dict[str, Callable[[], float]] = {
        "ours, encoded and signed": partial(microseconds, signed, name, loops),
        "ours, as sent": partial(microseconds, as_sent, name, loops),
    }
    if PHP:
        contenders = {"PHP, encoded and signed": partial(of_php, name, loops), **contenders}
    return compare(contenders, rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few rounds, to see that it runs")
    parser.add_argument("--json", metavar="FILE", help="also write the figures there")
    options = parser.parse_args()
    rounds, loops = (2, 200) if options.quick else (15, 20_000)
    print(f"Python {platform.python_version()}; one order")
    if not PHP:
        print("There is no php on the path: ours only.")
    tables: dict[str, list[Row]] = {}
    for name in ORDERS:
        tables[name] = measure(name, rounds, loops // (20 if "100" in name else 1))
        show(name, tables[name])
    save(options.json, tables)


if __name__ == "__main__":
    main()
