"""``justclick --install-completion``: commands and options are completed by the Tab key."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.completion.detect import ShellDetectionError

from justclick_async.cli.commands import app
from justclick_async.cli.errors import WrongUsage
from justclick_async.cli.output import echo
from justclick_async.messages import _

__all__ = ["install_completion"]


def install_completion(
    *,
    shell: Annotated[
        Literal["bash", "zsh", "fish"] | None,
        Parameter(help=_("The shell. Default: the one that runs the command.")),
    ] = None,
) -> int:
    """Install completion for a shell."""
    try:
        path = app.install_completion(shell=shell)
    except ShellDetectionError:
        raise WrongUsage(_("the shell cannot be detected."), _("Add --shell bash.")) from None
    echo(_("Installed {path}. Open a new shell to use it.", path=path))
    return 0
