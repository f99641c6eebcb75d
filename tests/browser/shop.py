"""A shop's own server, as it would be written with FastAPI: it verifies what it is told.

Run by test_walk.py: ``JUSTCLICK_API_KEY=... python -m uvicorn tests.browser.shop:app``.
"""

from __future__ import annotations

import os

from fastapi import FastAPI

from justclick_async.notifications import OrderCreated, OrderPaid, Router, asgi

app = FastAPI()
router = Router(api_key=os.environ["JUSTCLICK_API_KEY"])
told: list[dict[str, object]] = []


@router.on(OrderCreated)
@router.on(OrderPaid)
async def take(event: OrderCreated | OrderPaid) -> None:
    told.append({"kind": event.kind, "bill_id": event.bill_id, "email": event.email})


app.add_route("/justclick", asgi.app(router), methods=["POST"])


@app.get("/told")
async def tell() -> list[dict[str, object]]:
    return told
