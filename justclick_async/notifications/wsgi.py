"""Notifications in a WSGI server; to be mounted in Flask, and as a view of Django.

Flask::

    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/justclick/word": wsgi.app(router)})

Django, in a view (``csrf_exempt``, since the service has no token)::

    def view(request):
        reply = router.answer_blocking(request.body, method=request.method)
        return HttpResponse(reply.body, status=reply.status, headers=reply.headers)
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from justclick_async.notifications.router import Reply, Router

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["app"]


def app(router: Router) -> WSGIApplication:
    """Return a WSGI application that answers on any path."""

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        reply = _reply(router, environ)
        headers = {**reply.headers, "Content-Length": str(len(reply.body))}
        start_response(f"{reply.status.value} {reply.status.phrase}", [*headers.items()])
        return [reply.body]

    return application


def _reply(router: Router, environ: WSGIEnvironment) -> Reply:
    given = environ.get("CONTENT_LENGTH")
    length = given or "0"
    if not (length.isascii() and length.isdigit()):
        return Reply(HTTPStatus.BAD_REQUEST)
    if int(length) > router.max_bytes:
        return Reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    # Without a length, only some servers tell where the body ends.
    ends = environ.get("wsgi.input_terminated") and not given
    body = environ["wsgi.input"].read(router.max_bytes + 1 if ends else int(length))
    return router.answer_blocking(body, method=environ["REQUEST_METHOD"])
