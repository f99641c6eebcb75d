"""Help pages in the user's language, laid out as cyclopts does it.

Texts are messages in English until they are shown; descriptions of generated commands are those of
the endpoints.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from attrs import evolve
from cyclopts.help import DefaultFormatter, HelpEntry, HelpPanel
from cyclopts.help.specs import get_default_command_columns, get_default_parameter_columns

from justclick_async.cli.output import language
from justclick_async.messages import Message, _, translations

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions

__all__ = ["HelpFormatter"]

_BUILT_IN = (
    _("Commands"),
    _("Parameters"),
    _("Arguments"),
    _("Display this message and exit."),
    _("Display application version."),
)
"""Texts of cyclopts."""

_NOT_SHOWN = ("False", "()", '""')
"""Defaults of flags, of options that can be repeated, and of text."""


class HelpFormatter:
    """Renders a help page; given to cyclopts."""

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        """Render one panel: commands or parameters."""
        is_command = panel.format == "command"
        build = get_default_command_columns if is_command else get_default_parameter_columns
        *names, description = build(console, options, panel.entries)
        columns = (*names, evolve(description, renderer=_describe))
        title = _translate(str(panel.title))
        DefaultFormatter(column_specs=columns)(console, options, panel.copy(title=title))

    def render_usage(self, console: Console, _options: ConsoleOptions, usage: object) -> None:
        """Render the line that shows how a command is written."""
        from rich.text import Text  # noqa: PLC0415  # needed for help pages only

        shown = _("Usage: {command}", command=str(usage).strip()).in_(language())
        console.print(Text(f"{shown}\n", style="bold"))

    def render_description(
        self, console: Console, _options: ConsoleOptions, description: object
    ) -> None:
        """Render the description of a command, one paragraph after the other."""
        from rich.text import Text  # noqa: PLC0415

        for paragraph in _paragraphs(description):
            console.print(Text(f"{paragraph}\n"))


def _describe(entry: HelpEntry) -> Any:
    from rich.text import Text  # noqa: PLC0415

    notes: list[Message] = []
    if entry.choices:
        notes.append(_("choices: {choices}", choices=", ".join(entry.choices)))
    if entry.default is not None and entry.default not in _NOT_SHOWN:
        notes.append(_("default: {default}", default=entry.default))
    if entry.required:
        notes.append(_("required"))
    shown = "".join(f" [{note.in_(language())}]" for note in notes)
    return Text.assemble("\n".join(_paragraphs(entry.description)), (shown, "dim"))


def _paragraphs(description: Any) -> Iterator[str]:
    """Yield the paragraphs of what cyclopts has wrapped for rich, translated."""
    text = getattr(description, "primary_renderable", description)
    for paragraph in str(text or "").split("\n\n"):
        if paragraph.strip():
            yield _translate(" ".join(paragraph.split()))


def _translate(text: str) -> str:
    return translations(language()).gettext(text)
