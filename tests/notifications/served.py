"""An endpoint in a process of its own: ``python -m tests.notifications.served FRAMEWORK``.

Prints its port, and then a line of JSON for every event that it handles.  The key comes from
``JUSTCLICK_API_KEY``; with ``CONFIRM``, the name of a client, events are confirmed; with ``GUARD``,
a file, several processes share what was handled.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from justclick_async import AsyncJustClick, JustClick
from justclick_async.notifications import (
    ContactEvent,
    OrderEvent,
    ReplayGuard,
    Router,
    SQLiteReplayGuard,
    aiohttp_web,
    asgi,
    wsgi,
)

PATH = "/justclick/a-long-random-word"

CLIENTS = {"AsyncJustClick": AsyncJustClick, "JustClick": JustClick}

router = Router(
    api_key=os.environ.get("JUSTCLICK_API_KEY", "made up"),
    allow_unsigned=True,
    confirm=CLIENTS[os.environ["CONFIRM"]].from_env(rate=None) if "CONFIRM" in os.environ else None,
    guard=SQLiteReplayGuard(os.environ["GUARD"]) if "GUARD" in os.environ else ReplayGuard(),
)


def say(document: object) -> None:
    sys.stdout.write(json.dumps(document) + "\n")  # in one piece: handlers run in threads
    sys.stdout.flush()


def told(event: OrderEvent | ContactEvent) -> dict[str, Any]:
    seen: dict[str, Any] = {"kind": event.kind, "email": event.email, "term": event.utm.term}
    if isinstance(event, OrderEvent):
        seen |= {
            "bill_id": event.bill_id,
            "first_name": event.first_name,
            "sum": str(event.sum),
            "items": [[item.id, item.title, str(item.sum)] for item in event.items],
        }
    if event.confirmation is not None and (order := event.confirmation.order) is not None:
        seen["received"] = str(order.price - order.bill_sum_topay)
    return seen


@router.on(OrderEvent)
async def order(event: OrderEvent) -> None:
    say(told(event))


@router.on(ContactEvent)
def contact(event: ContactEvent) -> None:
    say(told(event))


# ── Frameworks ──────────────────────────────────────────────────────────────────────


def fastapi_under_uvicorn(listening: socket.socket) -> None:
    import uvicorn
    from fastapi import FastAPI

    app = FastAPI()
    app.add_route(PATH, asgi.app(router), methods=["POST"])
    config = uvicorn.Config(app, log_level="warning", ws="none")
    uvicorn.Server(config).run(sockets=[listening])


def flask_under_waitress(listening: socket.socket) -> None:
    import waitress
    from flask import Flask
    from werkzeug.middleware.dispatcher import DispatcherMiddleware

    app = Flask(__name__)
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {PATH: wsgi.app(router)})
    waitress.create_server(app, sockets=[listening], threads=4).run()


def flask_view_under_waitress(listening: socket.socket) -> None:
    import waitress
    from flask import Flask, request

    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = router.max_bytes  # before Flask reads it

    @app.post(PATH)
    def view() -> Any:
        reply = router.answer_blocking(request.get_data(), headers=request.headers)
        return reply.body, reply.status, reply.headers

    waitress.create_server(app, sockets=[listening], threads=4).run()


def django_under_wsgiref(listening: socket.socket) -> None:
    import django
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.http import HttpRequest, HttpResponse
    from django.urls import path
    from django.views.decorators.csrf import csrf_exempt

    @csrf_exempt
    def view(request: HttpRequest) -> HttpResponse:
        reply = router.answer_blocking(
            request.body, method=request.method or "", headers=request.headers
        )
        return HttpResponse(reply.body, status=reply.status, headers=reply.headers)

    urls = type("urls", (), {"urlpatterns": [path(PATH[1:], view)]})
    middleware = ["django.middleware.csrf.CsrfViewMiddleware"]
    settings.configure(
        ROOT_URLCONF=urls,
        ALLOWED_HOSTS=["127.0.0.1"],
        MIDDLEWARE=middleware,
        SECRET_KEY="made up",
        LOGGING_CONFIG=None,
    )
    django.setup()
    _serve_with_wsgiref(listening, get_wsgi_application())


def _serve_with_wsgiref(listening: socket.socket, app: Any) -> None:
    class Quiet(WSGIRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    with make_server("127.0.0.1", 0, app, handler_class=Quiet) as server:
        server.socket.close()
        server.socket = listening
        server.serve_forever(0.05)


def aiohttp_itself(listening: socket.socket) -> None:
    from aiohttp import web

    app = web.Application()
    app.router.add_post(PATH, aiohttp_web.handler(router))
    web.run_app(app, sock=listening, print=None, access_log=None)


FRAMEWORKS: dict[str, tuple[Callable[[socket.socket], None], tuple[str, ...]]] = {
    "fastapi": (fastapi_under_uvicorn, ("fastapi", "uvicorn")),
    "flask": (flask_under_waitress, ("flask", "waitress")),
    "flask-view": (flask_view_under_waitress, ("flask", "waitress")),
    "django": (django_under_wsgiref, ("django",)),
    "aiohttp": (aiohttp_itself, ()),
}
"""What serves, and which packages it needs."""


def main(framework: str) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)  # what comes from now on waits for the server
    FRAMEWORKS[framework][0](listening)


if __name__ == "__main__":
    main(sys.argv[1])
