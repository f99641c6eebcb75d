"""What it costs to read 10,000 orders with goods: ``json.loads`` alone against the records.

The orders are as PHP writes them, with ``\\uXXXX`` for Russian letters.
``python -m benchmarks.decode``; ``--quick`` is for a smoke run, ``--json FILE`` keeps the figures.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from time import perf_counter
from typing import Any

from benchmarks.measure import Row, compare, save, show
from benchmarks.server import KEY
from justclick_async.answers import Received, decipher
from justclick_async.endpoints import V1
from justclick_async.signing import answer_hash


def order(number: int) -> dict[str, Any]:
    """Return an order as getOrdersWithGoods tells it."""
    return {
        "id": str(100000 + number),
        "first_name": "Александр",
        "last_name": f"Петров{number}",
        "middle_name": "Иванович",
        "email": f"buyer{number}@example.com",
        "phone": "+7(928)777-77-77",
        "city": "Санкт-Петербург",
        "country": "Россия",
        "address": "ул. Ленина, д. 15, кв. 48",
        "region": "Ленинградская область",
        "postalcode": "191000",
        "created": str(1574241885 + number),
        "pay_status": "paid",
        "paid": str(1574242000 + number),
        "type": "",
        "payway": "card",
        "comment": "Позвоните перед доставкой",
        "domain": "shop.example.com",
        "link": f"http://shop.example.com/bill/?id={100000 + number}&crc=0",
        "good_count": "2",
        "price": f"{1350 + number % 50}.00",
        "is_recurrent": False,
        "bill_sum_topay": "0.00",
        "tag": "AdWords",
        "kupon": "skidka50",
        "utm": {"medium": "cpc", "source": "direct", "campaign": "my campaign"},
        "items": [
            {
                "id": "sales",
                "title": "Курс «Продажи»",
                "sum": "1350.00",
                "price": "1500.00",
                "partners": [
                    {
                        "partner_lvl": "1",
                        "partner_id": "100136",
                        "partner_name": "partner1",
                        "partner_fee": "350.00",
                    }
                ],
            },
            {"id": "invoice", "title": "Счёт", "sum": "0.00", "price": "10.00", "partners": []},
        ],
    }


def decoding(count: int, rounds: int) -> list[Row]:
    envelope = {
        "error_code": 0,
        "error_text": "OK",
        "result": [order(number) for number in range(count)],
        "hash": answer_hash(0, "OK", KEY),
    }
    body = json.dumps(envelope).encode()
    received = Received(200, {}, body)
    call = next(V1.iter_orders())

    def timed(run: Callable[[], object]) -> Callable[[], float]:
        def measure() -> float:
            began = perf_counter()
            run()
            return (perf_counter() - began) / count * 1e6

        return measure

    return compare(
        {
            "json.loads": timed(lambda: json.loads(body)),
            "decipher: records, checked": timed(lambda: decipher(call, received, KEY)),
        },
        rounds,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smoke run")
    parser.add_argument("--json", metavar="FILE", help="write the figures to FILE")
    options = parser.parse_args()
    count, rounds = (200, 1) if options.quick else (10_000, 7)
    title = f"Reading {count:,} orders with goods, for each"
    rows = decoding(count, rounds)
    show(title, rows)
    save(options.json, {title: rows})


if __name__ == "__main__":
    main()
