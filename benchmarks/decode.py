"""Cost of reading 10,000 orders with goods: ``json.loads`` alone against the records.

The orders are as PHP writes them, with ``\\uXXXX`` for Russian letters.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from benchmarks.calls import without_orjson
from benchmarks.measure import Table, compare, timed
from benchmarks.peers import missing, peer
from benchmarks.server import KEY
from justclick_async.answers import RawResponse, parse_response
from justclick_async.endpoints import V1
from justclick_async.signing import answer_hash


def order(number: int) -> dict[str, Any]:
    """Return an order as getOrdersWithGoods returns it."""
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


def tables(*, quick: bool) -> Iterator[Table]:
    count, rounds = (200, 1) if quick else (10_000, 9)
    envelope = {
        "error_code": 0,
        "error_text": "OK",
        "result": [order(number) for number in range(count)],
        "hash": answer_hash(0, "OK", KEY),
    }
    body = json.dumps(envelope).encode()
    received = RawResponse(200, {}, body)
    call: Any = next(V1.get_orders_with_goods())

    def records() -> None:
        parse_response(call, received, KEY)

    def without() -> None:
        with without_orjson():
            records()

    contenders = {"json.loads alone": timed(lambda: json.loads(body), count)}
    if orjson := peer("orjson"):
        contenders["orjson.loads alone"] = timed(lambda: orjson.loads(body), count)
        contenders["ours, with orjson"] = timed(records, count)
    contenders["ours, with json"] = timed(without, count)
    yield Table(
        f"One of {count:,} orders with goods, {len(body) // count:,} bytes each: read and checked",
        compare(contenders, rounds),
        notes=missing("orjson"),
    )
