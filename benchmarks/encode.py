"""Encode and sign: ours beside PHP's own http_build_query and md5, and beside other Python.

"As sent" is what a client does with each request: it also makes sure that PHP reads it as it was
meant.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import md5
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks.measure import Contender, Cost, Table, aim, compare, timed
from benchmarks.peers import PHP, missing, peer
from justclick_async.php import COMPILED, WHY_PURE
from justclick_async.signing import sign_request, signed_body

LOGIN, KEY = "username", "0123456789" * 4
COMMAND = ["-n", "-d", "opcache.enable_cli=0"]

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
FLAT: dict[str, dict[str, object]] = {
    f"{language}, a contact": {
        "rid": ["newsletter", "customers"],
        **{name: value for name, value in fields.items() if isinstance(value, str)},
    }
    for language, fields in (("English", ENGLISH), ("Russian", RUSSIAN))
}


def signed(params: dict[str, object]) -> str:
    return sign_request(params, LOGIN, KEY)


def as_sent(params: dict[str, object]) -> str:
    return signed_body(params, LOGIN, KEY, canonical=True)[-32:].decode("ascii")


def by_hand(params: dict[str, object]) -> str:
    """Encode as a program without a library does: it writes the names of the list itself."""
    flat: dict[str, object] = {}
    for name, value in params.items():
        if isinstance(value, list):
            flat |= {f"{name}[{index}]": each for index, each in enumerate(value)}
        else:
            flat[name] = value
    return md5(f"{urlencode(flat)}::{LOGIN}::{KEY}".encode()).hexdigest()


def of_python_justclick(params: dict[str, object]) -> str:
    module = peer("python_justclick.justclick")
    connection = module.JustClickConnection(LOGIN, KEY)
    return str(connection._get_hash(module.http_build_data(params)))


def of_php(params: dict[str, object], loops: int) -> Cost:
    task = {"login": LOGIN, "key": KEY, "loops": loops, "order": params}
    script = str(Path(__file__).with_suffix(".php"))
    run = subprocess.run(
        [str(PHP), *COMMAND, script],
        input=json.dumps(task),
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(run.stdout)
    if found["hash"] != signed(params):
        sys.exit("PHP signs the order differently: nothing to compare.")
    return Cost(found["wall"], found["cpu"])


def _many(work: Callable[[Any], str], params: dict[str, object], loops: int) -> None:
    for _ in range(loops):
        work(params)


def tables(*, quick: bool) -> Iterator[Table]:
    rounds, loops = (1, 100) if quick else (15, 2000)
    rows = [
        row
        for name, params in ORDERS.items()
        for row in _compared(name, params, {}, rounds, loops // (20 if "100" in name else 1) or 1)
    ]
    yield Table(
        "Encode and sign an order",
        rows,
        aims=aim(rows, "ours", "PHP", 1.2 if COMPILED else 7.0),
        notes=[
            "The encoder is compiled." if COMPILED else f"The encoder is pure Python: {WHY_PURE}.",
            *missing(php=True),
            "python-justclick encodes no order: it makes text of each dict, and drops numbers.",
        ],
    )
    others: dict[str, Callable[[dict[str, object]], str]] = {"urlencode and md5": by_hand}
    if peer("python_justclick.justclick"):
        others["python-justclick"] = of_python_justclick
    rows = [
        row
        for name, params in FLAT.items()
        for row in _compared(name, params, others, rounds, loops)
    ]
    strangers = [
        f"{stranger} signs {name!r} differently from PHP."
        for stranger, work in others.items()
        for name, params in FLAT.items()
        if work(params) != signed(params)
    ]
    yield Table(
        "Encode and sign a contact: flat, but for the list of its groups",
        rows,
        notes=missing("python_justclick.justclick", php=True) + strangers,
    )


def _compared(
    case: str,
    params: dict[str, object],
    others: dict[str, Callable[[dict[str, object]], str]],
    rounds: int,
    loops: int,
) -> list[Any]:
    contenders: dict[str, Contender] = {"PHP": partial(of_php, params, loops)} if PHP else {}
    for name, work in ({"ours": signed, "ours, as sent": as_sent} | others).items():
        contenders[name] = timed(partial(_many, work, params, loops), loops)
    return compare(contenders, rounds, case)
