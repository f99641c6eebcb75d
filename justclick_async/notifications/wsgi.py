"""Notifications in a WSGI server; to be mounted in Flask, and as a view of Django.

Flask::

    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/justclick/word": wsgi.app(router)})

Django, in a view (``csrf_exempt``, since the service has no token)::

    def view(request):
        reply = router.answer_blocking(
            request.body, method=request.method, headers=request.headers
        )
        return HttpResponse(reply.body, status=reply.status, headers=reply.headers)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote

from justclick_async.errors import NotificationError
from justclick_async.notifications.receiver import Receiver, Reply
from justclick_async.notifications.request_body import RequestBody, incomplete

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["app"]


def app(router: Receiver) -> WSGIApplication:
    """Return a WSGI application that answers on any path."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        reply = _reply(router, environ)
        headers = {**reply.headers, "Content-Length": str(len(reply.body))}
        start_response(f"{reply.status.value} {reply.status.phrase}", [*headers.items()])
        return [reply.body]

    return application


def _reply(router: Receiver, environ: WSGIEnvironment) -> Reply:
    try:
        body = _read(environ, router.max_bytes)
    except NotificationError as refusal:
        return router.refuse(refusal)
    return router.answer_blocking(body, url=_url(environ), method=environ["REQUEST_METHOD"])


def _url(environ: WSGIEnvironment) -> str:
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return f"{quote(path, encoding='latin-1')}?{environ.get('QUERY_STRING', '')}"


_HEADERS = {
    "Content-Length": "CONTENT_LENGTH",
    "Content-Encoding": "HTTP_CONTENT_ENCODING",
    "Transfer-Encoding": "HTTP_TRANSFER_ENCODING",
}


def _read(environ: WSGIEnvironment, max_bytes: int) -> bytes:
    headers = {name: environ.get(variable) or "" for name, variable in _HEADERS.items()}
    body = RequestBody(headers, max_bytes=max_bytes)
    left = body.length
    if left is None:  # only some servers end the input of a body without a length
        left = max_bytes + 1 if environ.get("wsgi.input_terminated") else 0
    try:
        while left > 0 and (chunk := environ["wsgi.input"].read(min(left, 65536))):
            body.add(chunk)
            left -= len(chunk)
    except OSError:
        raise incomplete() from None
    return body.complete()
