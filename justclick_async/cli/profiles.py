"""``justclick profiles`` and ``justclick whoami``: accounts with a name."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from getpass import getpass
from pathlib import Path
from typing import Annotated

from attrs import frozen
from cyclopts import Parameter

from justclick_async.account import Account
from justclick_async.cli.errors import WrongUsage, write_error
from justclick_async.cli.formatting import Output, show
from justclick_async.cli.output import echo, echo_note, translate
from justclick_async.cli.settings import Access
from justclick_async.messages import _
from justclick_async.models.records import Record
from justclick_async.private_files import create_private
from justclick_async.profiles import SERVICE, Profile, keyring, read_profiles, user_file
from justclick_async.visible import visible

__all__ = ["add", "list_profiles", "use", "whoami"]

_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
_DEFAULT = re.compile(r"^default\s*=.*\n?", re.MULTILINE)


@frozen(kw_only=True)
class _Listed(Record):
    """A profile as it is listed; *key* says where its key is."""

    name: str
    login: str
    address: str
    key: str
    default: bool


def list_profiles(*, output: Output = Output()) -> int:  # noqa: B008  # frozen
    """List the profiles, and where their keys are."""
    columns = output.choose_columns(_Listed)
    found = read_profiles()
    listed = [
        _listed(each, is_default=name == found.default) for name, each in found.by_name.items()
    ]
    if listed or output.format != "table":
        show(listed, output, columns)
    else:
        echo_note(_("No profiles. To add one, run: justclick profiles add NAME --login LOGIN"))
    return 0


def _listed(profile: Profile, *, is_default: bool) -> _Listed:
    account = _account(profile.settings)
    return _Listed(
        name=profile.name,
        login=account.login,
        address=account.base_url,
        key=profile.find_key()[1],
        default=is_default,
    )


def _account(settings: Mapping[str, str]) -> Account:
    zone = settings.get("zone", "justclick.io")
    return Account.of(settings["login"], "-", base_url=settings.get("base_url"), zone=zone)


def add(
    name: Annotated[str, Parameter(help=_("The name of the profile."))],
    /,
    *,
    login: Annotated[str, Parameter(help=_("Login of the account."))],
    zone: Annotated[
        str | None, Parameter(help=_("justclick.io, justclick.ru or influencersoft.com."))
    ] = None,
    base_url: Annotated[
        str | None,
        Parameter(help=_("Scheme, host and port of an account on its own domain.")),
    ] = None,
) -> int:
    """Add a profile; its key is asked for, or read from standard input, and kept in the keyring."""
    if not _NAME.fullmatch(name):
        raise WrongUsage(
            _("NAME must consist of letters, digits, - and _."),
            _("Write justclick profiles add shop."),
        )
    if name in read_profiles().by_name:
        path = read_profiles().by_name[name].path
        raise WrongUsage(
            _("the profile {name!r} exists in {path}.", name=name, path=str(path)),
            _("Choose another name, or edit the file."),
        )
    given = {"login": login, "zone": zone, "base_url": base_url}
    profile = Profile(name, user_file(), {key: value for key, value in given.items() if value})
    _account(profile.settings)  # validates it
    is_stored = _store_key(profile)
    lines = [f"{key} = {json.dumps(value)}" for key, value in profile.settings.items()]
    _write(profile.path, f"{_text_of(profile.path)}\n[profiles.{name}]\n" + "\n".join(lines) + "\n")
    echo(_("Added {name} to {path}.", name=name, path=str(profile.path)))
    if not is_stored:
        echo(_("The key is not stored: set JUSTCLICK_API_KEY where you use the profile."))
    return 0


def _store_key(profile: Profile) -> bool:
    """Store a key in the keyring; return False if there is no keyring, or no key was given."""
    system = keyring()
    if system is None:
        echo_note(_("To keep keys in the keyring of the system, run: pip install keyring"))
        return False
    login = profile.settings["login"]
    prompt = visible(translate(_("API key of {login}: ", login=login)))
    key = (getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline()).strip()
    if not key:
        return False
    Account.of(login, key, base_url=profile.settings.get("base_url"), zone="justclick.io")
    try:
        system.set_password(SERVICE, profile.user, key)
    except system.errors.KeyringError as error:
        echo_note(_("The keyring of the system cannot be used ({why}).", why=type(error).__name__))
        return False
    return True


def use(name: Annotated[str, Parameter(help=_("The name of the profile."))], /) -> int:
    """Use a profile where neither an option nor the environment names an account."""
    path = read_profiles().find(name).path
    _write(path, f'default = "{name}"\n' + _DEFAULT.sub("", _text_of(path), count=1))
    echo(_("Default profile: {name}.", name=name))
    return 0


def whoami(*, access: Access = Access()) -> int:  # noqa: B008  # frozen
    """Show the account that commands use."""
    account = access.account_without_key()
    profile = os.environ.get("JUSTCLICK_PROFILE") or "—"
    echo(
        _(
            "Login {login}, {address}, profile {profile}.",
            login=account.login,
            address=account.base_url,
            profile=profile,
        )
    )
    return 0


def _text_of(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        create_private(path)
        path.write_text(text, "utf-8")
    except OSError as error:
        raise write_error(path, error, _("Make the directory writable.")) from None
