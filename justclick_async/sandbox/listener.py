"""A listener that reports missing file descriptors in one line, pauses, and recovers.

asyncio's own accept loop reports a traceback for each connection that waits in the queue, each
second, and more when the server closes in the meantime.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

__all__ = ["listening"]

QUEUE = 1024
"""The most connections that wait to be accepted."""

_SHORTAGES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_PAUSE = 1.0
_OVER = 10.0
"""Seconds without a failure after which the next one is another shortage."""


@asynccontextmanager
async def listening(
    make_protocol: Callable[[], asyncio.BaseProtocol],
    host: str,
    port: int,
    *,
    on_shortage: Callable[[], object],
) -> AsyncGenerator[Sequence[Any]]:
    """Accept connections, and give the addresses that they may come to.

    Args:
        make_protocol: Makes what serves one connection.
        host: The name or address to listen on.
        port: The port; 0 takes a free one.
        on_shortage: Called when there are no file descriptors left, once until that is over.

    Raises:
        OSError: The address cannot be listened on.
    """
    loop = asyncio.get_running_loop()
    # It knows how to find and bind all addresses of a host; it does not accept anything.
    server = await loop.create_server(make_protocol, host, port, start_serving=False)
    sockets = [each.dup() for each in server.sockets]
    server.close()
    accepting: list[asyncio.Task[None]] = []
    try:
        for each in sockets:
            each.settimeout(0)
            each.listen(QUEUE)
            accepting.append(loop.create_task(_accept(each, make_protocol, on_shortage)))
        yield [each.getsockname() for each in sockets]
    finally:
        for task in accepting:
            task.cancel()
        await asyncio.gather(*accepting, return_exceptions=True)
        for each in sockets:
            each.close()


async def _accept(
    listening: socket.socket,
    make_protocol: Callable[[], asyncio.BaseProtocol],
    on_shortage: Callable[[], object],
) -> None:
    loop = asyncio.get_running_loop()
    last_shortage = float("-inf")
    connecting: set[asyncio.Task[Any]] = set()
    while True:
        try:
            connection, _ = await loop.sock_accept(listening)
        except OSError as error:
            if error.errno in _SHORTAGES:
                if loop.time() - last_shortage > _OVER:
                    on_shortage()
                last_shortage = loop.time()
                await asyncio.sleep(_PAUSE)
            continue  # otherwise it was closed before it was accepted
        task = loop.create_task(_connect(make_protocol, connection))
        connecting.add(task)
        task.add_done_callback(connecting.discard)
        await asyncio.sleep(0)


async def _connect(
    make_protocol: Callable[[], asyncio.BaseProtocol], connection: socket.socket
) -> None:
    loop = asyncio.get_running_loop()
    try:
        await loop.connect_accepted_socket(make_protocol, connection)
    except OSError:
        connection.close()
