"""Notifications in an ASGI server; a route of Starlette and FastAPI.

::

    app = FastAPI()  # or Starlette()
    app.add_route("/justclick/a-long-random-word", asgi.app(router), methods=["POST"])

Not ``mount``: it answers a path without a slash at its end with a redirect, and nobody knows
whether the service follows.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any, TypeAlias

from justclick_async.notifications.router import Reply, Router

__all__ = ["app"]

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


class _Application:
    # An object and not a function, which Starlette would take for one of its own handlers.
    def __init__(self, router: Router) -> None:
        self._router = router

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        else:
            await _answer(self._router, scope, receive, send)


def app(router: Router) -> Callable[[Message, Receive, Send], Awaitable[None]]:
    """Return an ASGI application that answers on any path."""
    return _Application(router)


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _answer(router: Router, scope: Message, receive: Receive, send: Send) -> None:
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return  # nobody is left to answer, and half a body is none
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > router.max_bytes:
            await _send(Reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE), send)
            return
    await _send(await router.answer(bytes(body), method=scope["method"]), send)


async def _send(reply: Reply, send: Send) -> None:
    headers = {**reply.headers, "Content-Length": str(len(reply.body))}
    await send(
        {
            "type": "http.response.start",
            "status": int(reply.status),
            "headers": [
                (name.lower().encode("ascii"), value.encode("ascii"))
                for name, value in headers.items()
            ],
        }
    )
    await send({"type": "http.response.body", "body": reply.body})
