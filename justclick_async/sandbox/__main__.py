"""``python -m justclick_async.sandbox``: a sandbox from a shell."""

from __future__ import annotations

import argparse
import asyncio
import errno
import logging
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import localtime, strftime
from typing import Any, NoReturn

from justclick_async.messages import Message, _, in_language, user_language
from justclick_async.privacy import redact_passwords
from justclick_async.sandbox.access import is_loopback
from justclick_async.sandbox.accounts import API_KEY, LOGIN, Account, read_accounts
from justclick_async.sandbox.assumptions import ASSUMPTIONS, Assumptions, choices_in
from justclick_async.sandbox.faults import FAULTS, Faults
from justclick_async.sandbox.request_log import LoggedRequest
from justclick_async.sandbox.seeds import read_seed
from justclick_async.sandbox.server import Sandbox
from justclick_async.visible import VisibleFormatter, visible

__all__ = ["DESCRIPTION", "Parser", "build_parser", "main"]


DESCRIPTION: Message = _("A local service that responds as the documentation of JustClick says.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a sandbox until SIGTERM or Ctrl-C; return the exit code."""
    if logging.lastResort is not None:  # aiohttp warns of requests, with their text
        logging.lastResort.setFormatter(VisibleFormatter())
    parser = build_parser()
    options = parser.parse_args(arguments)
    try:
        sandbox = _sandbox(options)
    except (ValueError, TypeError) as error:
        parser.error(_translate(error.args[0]))
    except OSError as error:
        return _cannot_start(error.args[0] if len(error.args) == 1 else str(error))
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(_serve(sandbox, options))
    except (OSError, UnicodeError) as error:  # the latter: a host that cannot be a name
        return _cannot_start(_why_not(error, options.host, options.port))
    return 0


def _translate(text: object) -> str:
    """Return a text in the language of the user, with invisible characters escaped."""
    return visible(redact_passwords(str(in_language(text, user_language()))))


def _print_error(text: Message) -> None:
    print(_translate(text), file=sys.stderr, flush=True)


def _cannot_start(reason: str) -> int:
    _print_error(_("The sandbox cannot start: {reason}", reason=reason))
    return 3


def _why_not(error: OSError | UnicodeError, host: str, port: int) -> str:
    number = error.errno if isinstance(error, OSError) else errno.EADDRNOTAVAIL
    if number == errno.EADDRINUSE:
        return _(
            "port {port} of {host} is in use; --port 0 selects a free one", port=port, host=host
        )
    # Python 3.13 sets no errno if none of a host's addresses can be used.
    no_address = number == errno.EADDRNOTAVAIL or "could not bind on any" in str(error)
    if no_address or isinstance(error, socket.gaierror):
        return _(
            "{host} is not an address of this machine; without --host it is 127.0.0.1", host=host
        )
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
        assume={**_read_choices(options.assume_file), **dict(options.assume)},
        visitors=options.visitor,
    )


async def _serve(sandbox: Sandbox, options: argparse.Namespace) -> None:
    end = asyncio.Event()
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):  # on Windows, where Ctrl-C raises KeyboardInterrupt
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, end.set)
    async with sandbox:
        for account in sandbox.accounts:
            # Only a generated key is printed; one that was given may be real.
            key = account.shown_key or _("as given")
            _print_error(_("Login {login}, API key {key}", login=account.login, key=key))
        if not is_loopback(sandbox.host):
            _print_error(_open_to(options.visitor))
        print(visible(f"Sandbox ready at {sandbox.base_url}"), flush=True)
        if options.log or sys.stderr.isatty():
            sandbox.service.request_log.on_add = _print_request
        await end.wait()


def _print_request(seen: LoggedRequest) -> None:
    """Print a line about a request: its method, its code, and why its hash is wrong.

    A pipe that nobody reads would hold up the sandbox: then the line is left out.
    """
    at = strftime("%H:%M:%S", localtime(seen.at))
    outcome = f"code {seen.code}" if seen.outcome in ("done", "refused") else seen.outcome
    line = f"{at} {seen.method} {outcome}, {seen.milliseconds:.0f} ms"
    text = _translate(f"{line}: {in_language(seen.cause, user_language())}" if seen.cause else line)
    with suppress(OSError, ValueError):
        number = sys.stderr.fileno()
        if os.name == "nt" or select.select([], [number], [], 0)[1]:
            os.write(number, text.encode("utf-8", "replace")[:4000] + b"\n")


def _open_to(visitors: Sequence[str]) -> Message:
    return (
        _(
            "Every machine that reaches this address can call the sandbox with its key; only this"
            " machine and {visitors} can open its pages.",
            visitors=", ".join(visitors),
        )
        if visitors
        else _(
            "Every machine that reaches this address can call the sandbox with its key; only this"
            " machine can open its pages."
        )
    )


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def add_usage(
        self, usage: str | None, actions: Any, groups: Any, prefix: str | None = None
    ) -> None:
        """Add the usage line, whose first word argparse would leave in English."""
        super().add_usage(usage, actions, groups, prefix or _translate(_("usage: ")))


class Parser(argparse.ArgumentParser):
    """The parser of the options.

    Attributes:
        described: The options with their help, not translated; ``justclick sandbox`` shows them.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.described: list[tuple[argparse.Action, Message]] = []

    def error(self, message: str) -> NoReturn:
        """Print what is wrong with an argument, which may be quoted, and exit."""
        super().error(visible(redact_passwords(message)))


def build_parser() -> Parser:
    """Return the parser of the command."""
    parser = Parser(
        prog="python -m justclick_async.sandbox",
        description=_translate(DESCRIPTION),
        epilog=_epilog(),
        formatter_class=_Formatter,
        add_help=False,
    )
    options = parser.add_argument_group(_translate(_("options")))

    def add(*names: str, help: Message, **settings: Any) -> None:  # noqa: A002 - argparse's word
        default = "" if settings.get("default") in (None, "", []) else " (%(default)s)"
        action = options.add_argument(*names, help=_translate(help) + default, **settings)
        parser.described.append((action, help))

    add("-h", "--help", action="help", help=_("show this help and exit"))

    add("--host", default="127.0.0.1", help=_("the address to listen on"))
    add("--port", type=int, default=0, help=_("the port; 0 selects a free one"))
    add("--login", default=LOGIN, help=_("the login of the account"))
    add("--api-key", default=API_KEY, help=_("the key of the account"))
    many: dict[str, Any] = {"action": "append", "default": []}
    generated = _(
        "a further account, with a generated key that is printed at the start; repeatable"
    )
    add("--account", metavar="LOGIN", help=generated, **many)
    keys = _('further accounts with their keys: JSON such as {"second": "its key"}')
    add("--accounts", metavar="FILE", help=keys)
    add("--db", metavar="FILE", help=_("keep the state in this SQLite file, not in memory"))
    share = _("inject a fault into this share of the calls; repeatable")
    add("--fault", metavar="NAME=PROBABILITY", type=_fault, help=share, **many)
    add("--seed", type=int, help=_("inject the faults into the same calls every time"))
    data = _("initial data: JSON in the format of /sandbox/export.json")
    add("--seed-file", metavar="FILE", help=data)
    delay = _("delay of the fault slow in seconds")
    add("--slow-for", type=float, default=3.0, help=delay)
    receiver = _("where to send notifications about orders")
    add("--notify-url", default="", metavar="URL", help=receiver)
    add("--deny", metavar="IP", help=_("answer this caller with code 6"), **many)
    add("--disabled", action="store_true", help=_("answer everybody with code 7"))
    who = _(
        "who may open the pages: a network such as 172.17.0.0/16, docker or private; repeatable"
    )
    add("--visitor", metavar="NETWORK", help=who, **many)
    lines = _("print a line about each request, also if the output is not a terminal")
    add("--log", action="store_true", help=lines)
    answer = _("answer an open question of the documentation in this way; repeatable")
    add("--assume", metavar="NAME=CHOICE", type=_assumption, help=answer, **many)
    file = _("answer as an account does: the file that justclick probe --save has written")
    add("--assume-file", metavar="FILE", help=file)
    return parser


def _read_choices(path: str | None) -> dict[str, str]:
    try:
        return choices_in(read_seed(path)) if path else {}
    except ValueError as error:
        raise OSError(_("{path}: {problem}", path=str(path), problem=error.args[0])) from None


def _fault(given: str) -> tuple[str, float]:
    name, __, probability = given.partition("=")
    try:
        odds = float(probability)
    except ValueError:
        problem = _("{name} must be a number from 0 to 1.", name=name or "NAME")
        raise argparse.ArgumentTypeError(_translate(problem)) from None
    _check(Faults, {name: odds})
    return name, odds


def _assumption(given: str) -> tuple[str, str]:
    name, __, choice = given.partition("=")
    _check(Assumptions, {name: choice})
    return name, choice


def _check(kind: Callable[[Any], object], wanted: object) -> None:
    try:
        kind(wanted)
    except ValueError as error:
        raise argparse.ArgumentTypeError(_translate(error.args[0])) from None


def _epilog() -> str:
    faults = [f"  {name:<12} {_translate(fault.meaning)}" for name, fault in FAULTS.items()]
    choices = [f"  {name:<18} {', '.join(each.choices)}" for name, each in ASSUMPTIONS.items()]
    assumed = _("assumptions, the default first; GET /sandbox/assumptions.json explains:")
    end = _("State: GET /sandbox/state.json. GET / lists all endpoints.")
    parts = (_("faults:"), *faults, "", assumed, *choices, "", end)
    return "\n".join(_translate(part) for part in parts)


if __name__ == "__main__":
    sys.exit(main())
