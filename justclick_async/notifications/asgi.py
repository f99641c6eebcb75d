"""Notifications in an ASGI server; a route of Starlette and FastAPI.

::

    app = FastAPI()  # or Starlette()
    app.add_route("/justclick/a-long-random-word", asgi.app(router), methods=["POST"])

Not ``mount``: it answers a path without a slash at its end with a redirect, and the service is not
known to follow redirects.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import quote

from justclick_async.errors import NOTHING, NotificationError
from justclick_async.notifications.receiver import Receiver, Reply
from justclick_async.notifications.request_body import RequestBody

__all__ = ["app"]

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


class _Application:
    # An object, since Starlette calls functions as its own handlers.
    def __init__(self, router: Receiver) -> None:
        self._router = router

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        else:
            await _answer(self._router, scope, receive, send)


def app(router: Receiver) -> Callable[..., Awaitable[Any]]:
    """Return an ASGI application that answers on any path.

    Starlette takes applications as routes, but its annotations of ``add_route`` know functions of
    a request only: the type fits these, too.
    """
    return _Application(router)


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _answer(router: Receiver, scope: Message, receive: Receive, send: Send) -> None:
    headers = {
        bytes(name).decode("latin-1"): bytes(value).decode("latin-1")
        for name, value in scope.get("headers", ())
    }
    try:
        body = await _read(RequestBody(headers, max_bytes=router.max_bytes), receive)
    except NotificationError as refusal:
        # Close the connection, or the server reads the rest of the body.
        close = {"Connection": "close"} if scope.get("http_version", "1.1") < "2" else {}
        await _send(router.refuse(refusal), send, close)
        return
    if body is not None:
        await _send(await router.answer(body, url=_url(scope), method=scope["method"]), send)


def _url(scope: Message) -> str:
    raw: bytes = scope.get("raw_path") or quote(scope.get("path", "")).encode()
    return b"?".join((raw, scope.get("query_string", b""))).decode("latin-1")


async def _read(body: RequestBody, receive: Receive) -> bytes | None:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None  # the client has disconnected
        body.add(message.get("body", b""))
        more = message.get("more_body", False)
    return body.complete()


async def _send(reply: Reply, send: Send, extra: Mapping[str, str] = NOTHING) -> None:
    headers = {**reply.headers, **extra, "Content-Length": str(len(reply.body))}
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
