"""``justclick profiles`` and ``justclick whoami``: accounts with a name."""

from __future__ import annotations

import json
import os
import re
import sys
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from getpass import getpass
from pathlib import Path
from typing import Annotated, Any

from attrs import frozen
from cyclopts import Parameter

from justclick_async.account import Account
from justclick_async.bulk.rows.suggestions import quote_for_shell
from justclick_async.cli.errors import WrongUsage, write_error
from justclick_async.cli.formatting import Output, show
from justclick_async.cli.output import echo, echo_note, translate
from justclick_async.cli.settings import Access
from justclick_async.messages import _
from justclick_async.models.records import Record
from justclick_async.private_files import create_private, draft_of, open_draft
from justclick_async.profiles import SERVICE, Profile, keyring, read_profiles, user_file
from justclick_async.visible import visible

__all__ = ["add", "list_profiles", "remove", "remove_table", "use", "whoami"]

_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
_DEFAULT = re.compile(r"^default\s*=.*\n?", re.MULTILINE)
_TABLE = (
    r"(?:^[ \t]*\n)?^[ \t]*\[profiles\.{name}\].*\n"
    r"(?:(?:[ \t]*(?:#.*)?\n)*+[ \t]*[^\s\[#].*\n?)*+"
)
"""A table with the blank line before it; comments after its last value may be of the next table."""


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
    lines = [f"{key} = {json.dumps(value)}\n" for key, value in profile.settings.items()]
    text = _text_of(profile.path)
    document = _parse(text)
    document["profiles"][name] = dict(profile.settings)
    _write(profile.path, f"{text}\n[profiles.{name}]\n{''.join(lines)}", document)
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
        _note_keyring(error)
        return False
    return True


def use(name: Annotated[str, Parameter(help=_("The name of the profile."))], /) -> int:
    """Use a profile where neither an option nor the environment names an account."""
    path = read_profiles().find(name).path
    text = _text_of(path)
    document = _parse(text) | {"default": name}
    _write(path, f'default = "{name}"\n' + _DEFAULT.sub("", text, count=1), document)
    echo(_("Default profile: {name}.", name=name))
    return 0


def remove(name: Annotated[str, Parameter(help=_("The name of the profile."))], /) -> int:
    """Remove a profile, and its key from the keyring of the system."""
    profile = read_profiles().find(name)
    text = _text_of(profile.path)
    document = _parse(text)
    del document["profiles"][name]
    text = remove_table(text, name)
    if document.get("default") == name:
        del document["default"]
        text = _DEFAULT.sub("", text, count=1)
    _write(profile.path, text, document)
    echo(_("Removed {name} from {path}.", name=name, path=str(profile.path)))
    if profile.user not in {each.user for each in read_profiles().by_name.values()}:
        _delete_key(profile)
    return 0


def remove_table(text: str, name: str) -> str:
    """Return the text of a file without the table of a profile."""
    return re.sub(_TABLE.format(name=re.escape(name)), "", text, count=1, flags=re.MULTILINE)


def _delete_key(profile: Profile) -> None:
    if (system := keyring()) is None:
        return
    try:
        if system.get_password(SERVICE, profile.user) is not None:
            system.delete_password(SERVICE, profile.user)
    except system.errors.KeyringError as error:
        _note_keyring(error)
        command = f"keyring del {SERVICE} {quote_for_shell(profile.user)}"
        echo_note(_("The key may still be stored. To delete it, run: {command}", command=command))


def _note_keyring(error: Exception) -> None:
    echo_note(_("The keyring of the system cannot be used ({why}).", why=type(error).__name__))


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


def _write(path: Path, text: str, document: dict[str, Any]) -> None:
    """Replace a file by *text*, which must read as *document*: TOML can be written in many ways."""
    if not _reads_as(text, document):
        raise WrongUsage(
            _("{path} is written in a way that this command cannot change.", path=str(path)),
            _("Edit the file by hand."),
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        create_private(path)
        with open_draft(path, encoding="utf-8") as file:
            file.write(text)
        draft_of(path).replace(path)
    except OSError as error:
        raise write_error(path, error, _("Make the directory writable.")) from None


def _reads_as(text: str, document: dict[str, Any]) -> bool:
    with suppress(ValueError):
        return _parse(text) == document
    return False


def _parse(text: str) -> dict[str, Any]:
    return {"profiles": {}, **tomllib.loads(text)}
