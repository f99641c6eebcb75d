"""``python -m justclick_async.sandbox``: a sandbox from a shell."""

from __future__ import annotations

import argparse
import asyncio
import errno
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress

from justclick_async.sandbox.accounts import API_KEY, LOGIN, Account, read_accounts
from justclick_async.sandbox.faults import FAULTS, Faults
from justclick_async.sandbox.guard import is_loopback
from justclick_async.sandbox.readings import READINGS
from justclick_async.sandbox.server import Sandbox

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a sandbox until SIGTERM or Ctrl-C; return the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        sandbox = _sandbox(options)
    except (ValueError, TypeError) as error:
        parser.error(str(error))
    except OSError as error:
        return _cannot_start(str(error))
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(_serve(sandbox, ["this machine", *options.visitor]))
    except OSError as error:
        return _cannot_start(_why_not(error, options.host, options.port))
    return 0


def _cannot_start(why: str) -> int:
    print(f"The sandbox cannot start: {why}", file=sys.stderr)
    return 3


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is taken; --port 0 takes a free one"
    # Python 3.13 gives no number where none of a host's addresses will do.
    no_address = error.errno == errno.EADDRNOTAVAIL or "could not bind on any" in str(error)
    if no_address or isinstance(error, socket.gaierror):
        return f"{host} is no address of this machine; without --host it is 127.0.0.1"
    return str(error)


def _sandbox(options: argparse.Namespace) -> Sandbox:
    further = [Account(login) for login in options.account]
    if options.accounts:
        further += read_accounts(options.accounts)
    return Sandbox(
        login=options.login,
        api_key=options.api_key,
        accounts=further,
        host=options.host,
        port=options.port,
        db=options.db,
        faults=dict(options.fault),
        seed=options.seed,
        seed_file=options.seed_file,
        notify_url=options.notify_url,
        denied=options.deny,
        disabled=options.disabled,
        slow_for=options.slow_for,
        redirect_v2=options.redirect_v2,
        visitors=options.visitor,
    )


async def _serve(sandbox: Sandbox, visitors: Sequence[str]) -> None:
    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):  # on Windows, where Ctrl-C raises KeyboardInterrupt
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, end.set)
    async with sandbox:
        for account in sandbox.accounts:
            # Only what is made up is shown: a key that was given may be somebody's.
            key = account.shown_key or "as given"
            print(f"Login {account.login}, API key {key}", file=sys.stderr, flush=True)
        if not is_loopback(sandbox.host):
            print(_OPEN.format(who=" and ".join(visitors)), file=sys.stderr, flush=True)
        print(f"Sandbox ready at {sandbox.base_url}", flush=True)
        await end.wait()


_OPEN = (
    "Whoever reaches this address can call the sandbox with its key; its pages stay closed to all "
    "but {who}."
)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m justclick_async.sandbox",
        description="A local JustClick that answers as the documentation says.",
        epilog=_epilog(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="the address to listen on (%(default)s)")
    add("--port", type=int, default=0, help="the port; 0 takes a free one (%(default)s)")
    add("--login", default=LOGIN, help="the login of the account (%(default)s)")
    add("--api-key", default=API_KEY, help="the key of the account, made up (%(default)s)")
    add(
        "--account",
        metavar="LOGIN",
        action="append",
        default=[],
        help="a further account, with a key that is made up and told at the start; repeatable",
    )
    add(
        "--accounts",
        metavar="FILE",
        help='further accounts with keys of their own: JSON such as {"second": "its key"}',
    )
    add("--db", metavar="FILE", help="keep the state in this SQLite file, not in memory")
    add(
        "--fault",
        metavar="NAME=PROBABILITY",
        type=_fault,
        action="append",
        default=[],
        help="let this go wrong in that share of the calls; repeatable",
    )
    add("--seed", type=int, help="let the faults strike the same calls every time")
    add("--seed-file", metavar="FILE", help="JSON to begin with, as /sandbox/export.json gives it")
    add("--slow-for", type=float, default=3.0, help="seconds of the fault slow (%(default)s)")
    add("--notify-url", default="", metavar="URL", help="where to send notifications about orders")
    add("--deny", action="append", default=[], metavar="IP", help="answer this caller with code 6")
    add("--disabled", action="store_true", help="answer everybody with code 7")
    add(
        "--visitor",
        action="append",
        default=[],
        metavar="NETWORK",
        help="who may look at its pages besides this machine, such as 172.17.0.0/16; repeatable",
    )
    add("--redirect-v2", action="store_true", help="answer lower-case names of API 2.0 with 307")
    return parser


def _fault(given: str) -> tuple[str, float]:
    name, _, probability = given.partition("=")
    try:
        odds = float(probability)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{probability!r} is no probability; write {name or 'NAME'}=0.1"
        ) from None
    try:
        Faults({name: odds})
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error} (write {name or 'NAME'}=0.1)") from None
    return name, odds


def _epilog() -> str:
    faults = [f"  {name:<12} {fault.meaning}" for name, fault in FAULTS.items()]
    topics = [f"  {topic}" for topic in READINGS]
    return "\n".join(
        (
            "faults:",
            *faults,
            "",
            "What it holds: GET /sandbox/state.json. Faults while it runs: POST /sandbox/faults",
            'with JSON such as {"limit": 1.0}.',
            "",
            "What the documentation leaves open is read as GET /sandbox/readings tells, about:",
            *topics,
        )
    )


if __name__ == "__main__":
    sys.exit(main())
