"""Runs the command of a command line, and turns errors into messages and exit codes."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import cyclopts

from justclick_async.bulk.errors import CannotImport, JournalProblem
from justclick_async.cli.commands import app
from justclick_async.cli.errors import WrongUsage
from justclick_async.cli.output import echo_error, echo_exception, flush_output
from justclick_async.cli.usage_errors import explain_usage
from justclick_async.errors import InvalidInput, JustClickError
from justclick_async.export.errors import CannotExport
from justclick_async.messages import Message, _
from justclick_async.privacy import redact_passwords
from justclick_async.profiles import read_profiles, with_profile
from justclick_async.visible import VisibleFormatter, visible

__all__ = ["run"]


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    try:
        return _run(arguments)
    except Exception as error:
        if os.environ.get("JUSTCLICK_DEBUG"):
            raise
        echo_error(*_explain(error))
        with suppress(OSError):
            flush_output()
        return 1


def _run(arguments: Sequence[str]) -> int:
    words = _with_standard_input(arguments)
    given: Mapping[str, Any] = {}
    try:
        _log_requests()
        command, bound, _unused = app.parse_args(
            words, exit_on_error=False, print_error=False, help_on_error=False
        )
        given = bound.arguments
        if words[:1] not in (["profiles"], ["sandbox"]) and not given.get("sandbox"):
            _use_profile(given.get("access"))
        code = command(*bound.args, **bound.kwargs)
        with suppress(BrokenPipeError):
            flush_output()
    except cyclopts.CycloptsError as error:
        echo_error(*explain_usage(error, app))
        return 2
    except JustClickError as error:
        if isinstance(error, InvalidInput):
            _name_option(error, words)
        if isinstance(error, JournalProblem) and error.options:
            _name_import_options(error)
        is_json = given.get("as_json") or getattr(given.get("output"), "is_json", False)
        echo_exception(error, as_json=is_json)
        return _exit_code(error)
    return code if isinstance(code, int) else 0


def _use_profile(access: Any) -> None:
    """Put the profile of a command into the environment, for child processes as well.

    The default one only if the environment names no account: it may come from a file in the
    current directory, which must not get a key that is meant for another address.
    """
    name = getattr(access, "profile", None)
    if not (name or os.environ.get("JUSTCLICK_PROFILE")):
        has_account = getattr(access, "login", None) or any(
            os.environ.get(each, "").strip() for each in ("JUSTCLICK_LOGIN", "JUSTCLICK_API_KEY")
        )
        name = None if has_account else read_profiles().default
    os.environ.update(with_profile(os.environ, name))


def _log_requests() -> None:
    """Log to standard error what JUSTCLICK_LOG names: debug shows each request, without data."""
    if level := os.environ.get("JUSTCLICK_LOG", "").strip().upper():
        if level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            raise WrongUsage(
                _("JUSTCLICK_LOG must be debug, info, warning or error."),
                _("Set JUSTCLICK_LOG=debug."),
            )
        handler = logging.StreamHandler()
        handler.setFormatter(VisibleFormatter("%(asctime)s %(levelname)s %(message)s"))
        logging.basicConfig(handlers=[handler])
        logging.getLogger("justclick_async").setLevel(level)


def _with_standard_input(arguments: Sequence[str]) -> list[str]:
    """Write the ``-`` of an import as a path: what begins with a hyphen is an option."""
    if arguments[:1] != ["import"]:
        return list(arguments)
    return ["/dev/stdin" if argument == "-" else argument for argument in arguments]


def _name_option(error: InvalidInput, arguments: Sequence[str]) -> None:
    """Name the option instead of the field: ``Order.postal_code`` is ``--postal-code`` here."""
    _chain, apps, _unused = app.parse_commands(arguments)
    options = {
        argument.name.lstrip("-").lower().replace("-", "_"): argument.name
        for argument in apps[-1].assemble_argument_collection(parse_docstring=False)
    }
    field = error.field or ""
    names = [name.partition("[")[0].lower() for name in reversed(field.split("."))]
    name = next(filter(options.__contains__, names), None)
    if name is not None:
        error.args = (_with_values(error.message, {field: options[name]}),)
        error.hint = _HINTS.get(name, error.hint)


def _name_import_options(error: JournalProblem) -> None:
    """Name the options of ``justclick import`` instead of those in Python."""
    from justclick_async.cli.import_options import option_of  # noqa: PLC0415

    named, message = ", ".join(map(option_of, error.options)), error.message
    error.args = (Message(message.template, {**message.values, "options": named}),)


_HINTS = {
    "date": _("Add the date of payment or shipment, for example --date 2024-05-17."),
    "goods": _("Write --goods invoice:1500 sales."),
    "timeout": _("Write --timeout 30."),
    "tracking_number": _("Add the tracking number, for example --tracking-number 10000000000000."),
}
"""Hints in place of those that are written in Python."""


def _with_values(message: Message, renamed: Mapping[str, str]) -> Message:
    """Return a message with other values of its placeholders."""
    values = {name: renamed.get(str(value), value) for name, value in message.values.items()}
    return Message(message.template, values, message.plural)


def _exit_code(error: JustClickError) -> int:
    if isinstance(error, WrongUsage | InvalidInput):
        return 2
    return 3 if isinstance(error, CannotImport | CannotExport) else 1


def _explain(error: Exception) -> tuple[Message, Message]:
    if isinstance(error, OSError):
        why = error.strerror or type(error).__name__
        where = f"{error.filename}: " if error.filename else ""
        return (
            Message(visible(redact_passwords(f"{where}{why}.")), {}),
            _(
                "The command may have taken effect: check before you repeat it. To continue an "
                "import, run the same command again."
            ),
        )
    return (
        _("unexpected error ({error}).", error=type(error).__name__),
        _("Set JUSTCLICK_DEBUG=1, run it again, and report what it prints."),
    )
