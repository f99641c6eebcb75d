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
from functools import partial
from time import localtime, strftime
from typing import Any, NamedTuple, NoReturn

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

__all__ = ["OPTIONS", "InvalidOption", "Option", "build_parser", "main", "run"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a sandbox until SIGTERM or Ctrl-C; return the exit code."""
    parser = build_parser()
    try:
        return run(parser.parse_args(arguments))
    except InvalidOption as error:
        parser.error(_translate(error.args[0]))


class InvalidOption(Exception):
    """An option is invalid; its only argument is the message."""


def run(options: Any) -> int:
    """Run a sandbox with ``OPTIONS`` and return the exit code.

    Raises:
        InvalidOption: One is invalid.
    """
    if logging.lastResort is not None:  # aiohttp warns of requests, with their text
        logging.lastResort.setFormatter(VisibleFormatter())
    try:
        sandbox = _sandbox(options)
    except OSError as error:
        return _cannot_start(error.args[0] if len(error.args) == 1 else str(error))
    except (ValueError, TypeError) as error:
        raise InvalidOption(*error.args) from error
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


def _sandbox(options: Any) -> Sandbox:
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


async def _serve(sandbox: Sandbox, options: Any) -> None:
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


def _read_choices(path: str | None) -> dict[str, str]:
    try:
        return choices_in(read_seed(path)) if path else {}
    except ValueError as error:
        raise OSError(_("{path}: {problem}", path=str(path), problem=error.args[0])) from None


# ── Options ─────────────────────────────────────────────────────────────────────────


def _fault(given: str) -> tuple[str, float]:
    name, __, probability = given.partition("=")
    try:
        odds = float(probability)
    except ValueError:
        raise ValueError(_("{name} must be a number from 0 to 1.", name=name or "NAME")) from None
    Faults({name: odds})
    return name, odds


def _assumption(given: str) -> tuple[str, str]:
    name, __, choice = given.partition("=")
    Assumptions({name: choice})
    return name, choice


class Option(NamedTuple):
    """An option; *default* is ``()`` if it is repeatable, and ``False`` if it is a flag.

    *choices* are for completion: *parse* may accept other values, and raises ValueError with a
    message.  *read* is for types that argparse and cyclopts know.
    """

    name: str
    help: Message
    default: Any = None
    metavar: str | None = None
    read: Callable[[str], Any] = str
    choices: tuple[str, ...] = ()
    parse: Callable[[str], Any] | None = None


_FAULTS = tuple(f"{name}=0.1" for name in FAULTS)
_CHOICES = tuple(f"{name}={each}" for name, known in ASSUMPTIONS.items() for each in known.choices)
_FORMAT = _('JSON file of other accounts with their keys: {"second": "its key"}.')
_SHARE = _("Inject a fault into this share of the calls. Repeatable.")
_WHO = _("Who may open the pages: a network such as 172.17.0.0/16, docker or private. Repeatable.")
_LINES = _("Print a line about each request, also if the output is not a terminal.")
_ANSWER = _("Answer an open question of the documentation in this way. Repeatable.")
_SAVED = _("Answer as an account does: the file that justclick probe --save has written.")

OPTIONS: tuple[Option, ...] = (
    Option("host", _("Address to listen on."), "127.0.0.1"),
    Option("port", _("Port; 0 selects a free one."), 0, read=int),
    Option("login", _("Login of the account."), LOGIN),
    Option("api_key", _("API key of the account."), API_KEY),
    Option("account", _("Another account; its generated key is printed. Repeatable."), (), "LOGIN"),
    Option("accounts", _FORMAT, None, "FILE"),
    Option("db", _("SQLite file that keeps the state. Default: memory."), None, "FILE"),
    Option("fault", _SHARE, (), "NAME=PROBABILITY", str, _FAULTS, _fault),
    Option("seed", _("Inject the faults into the same calls every time."), read=int),
    Option("seed_file", _("Initial data, as /sandbox/export.json has them."), None, "FILE"),
    Option("slow_for", _("Delay of the fault slow in seconds."), 3.0, read=float),
    Option("notify_url", _("Where to send notifications about orders."), "", "URL"),
    Option("deny", _("Answer this caller with code 6. Repeatable."), (), "IP"),
    Option("disabled", _("Answer everybody with code 7."), default=False),
    Option("visitor", _WHO, (), "NETWORK"),
    Option("log", _LINES, default=False),
    Option("assume", _ANSWER, (), "NAME=CHOICE", str, _CHOICES, _assumption),
    Option("assume_file", _SAVED, None, "FILE"),
)
"""All options, for this command and ``justclick sandbox``."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Print what is wrong with an argument, which may be quoted, and exit."""
        super().error(visible(redact_passwords(message)))


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    parser = _Parser(
        prog="python -m justclick_async.sandbox",
        description=_translate(
            _("A local service that responds as the documentation of JustClick says.")
        ),
        epilog=_epilog(),
        formatter_class=_Formatter,
        add_help=False,
    )
    group = parser.add_argument_group(_translate(_("options")))
    shown = _translate(_("Display this message and exit."))
    group.add_argument("-h", "--help", action="help", help=shown)
    for name, about, default, metavar, read, _choices, parse in OPTIONS:
        given: dict[str, Any] = {"type": partial(_parse, parse) if parse else read}
        given |= {"metavar": metavar, "default": default}
        if default == ():
            given |= {"action": "append", "default": []}
        if default is False:
            given = {"action": "store_true"}
        shown = _translate(about)
        if default not in (None, "", ()) and default is not False:
            shown += f" ({default})"
        group.add_argument(f"--{name.replace('_', '-')}", help=shown, **given)
    return parser


def _parse(parse: Callable[[str], Any], given: str) -> Any:
    try:
        return parse(given)
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
