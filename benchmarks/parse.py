"""Read a notification about a paid order with ten items: ours beside PHP's own parse_str."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.encode import COMMAND
from benchmarks.measure import Contender, Cost, Table, compare, timed
from benchmarks.peers import PHP, missing
from justclick_async.notifications import parse
from justclick_async.php import http_build_query, parse_str
from justclick_async.signing import notification_hash

KEY = "0123456789" * 4


def paid(items: int = 10) -> str:
    """Return the body of a notification."""
    fields: dict[str, Any] = {
        "status": "paid",
        "id": "123456",
        "first_name": "Александр",
        "last_name": "Петров",
        "middle_name": "",
        "email": "buyer@example.com",
        "phone": "+7(928)777-77-77",
        "city": "Москва",
        "country": "Россия",
        "address": "ул. Ленина, д. 15, кв. 48",
        "region": "Московская область",
        "postalcode": "101000",
        "created": "1574241885",
        "paid": "1574242885",
        "payway": "card",
        "comment": "",
        "tag": "AdWords",
        "kupon": "",
        "domain": "shop.example.com",
        "link": "https://shop.example.com/bill/?id=123456&crc=0",
        "utm": {"medium": "social", "source": "fb", "campaign": "programmers"},
        "items": [
            {"id": f"course{n}", "title": f"Курс № {n}", "sum": "990.00", "price": "1200.00"}
            for n in range(items)
        ],
    }
    fields["hash"] = notification_hash(fields["id"], fields["email"], fields["paid"], KEY)
    return http_build_query(fields)


def of_php(body: str, loops: int) -> Cost:
    task = json.dumps({"loops": loops, "body": body})
    script = str(Path(__file__).with_suffix(".php"))
    run = subprocess.run(
        [str(PHP), *COMMAND, script], input=task, capture_output=True, text=True, check=True
    )
    found = json.loads(run.stdout)
    if found["held"] != parse_str(body):
        sys.exit("PHP reads the notification differently: nothing to compare.")
    return Cost(found["wall"], found["cpu"])


def tables(*, quick: bool) -> Iterator[Table]:
    rounds, loops = (2, 100) if quick else (15, 500)
    body = paid()
    octets = body.encode()
    ours = "parse_str"
    contenders: dict[str, Contender] = {}
    if PHP:
        contenders["PHP parse_str"] = lambda: of_php(body, loops)
    contenders[ours] = timed(lambda: [parse_str(octets) for _ in range(loops)], loops)
    contenders["notifications.parse, verified"] = timed(
        lambda: [parse(octets, api_key=KEY) for _ in range(loops)], loops
    )
    rows = compare(contenders, rounds)
    title = f"Reading a paid notification with 10 items, {len(body):,} bytes"
    yield Table(title, rows, notes=missing(php=True))
