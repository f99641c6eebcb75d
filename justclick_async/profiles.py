"""Profiles of accounts in ``justclick.toml``, with their keys in the keyring of the system.

    default = "shop"                # for the command line; set by `justclick profiles use shop`

    [profiles.shop]
    login = "shop"
    zone = "justclick.ru"           # or base_url

A file is looked for in the current directory and those above it, then among the user's settings.
The keyring is asked for the key of a login at an address: a file from elsewhere that names another
address does not get it.
"""

from __future__ import annotations

import logging
import os
import tomllib
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from attrs import field, frozen

from justclick_async.errors import InvalidInput
from justclick_async.messages import Message, _

__all__ = ["FIELDS", "Profile", "Profiles", "keyring", "read_profiles", "user_file", "with_profile"]

FIELDS = ("login", "zone", "base_url", "api_key")
SERVICE = "justclick"
"""The name under which keys are in the keyring."""


@frozen
class Profile:
    """An account with a name.

    Attributes:
        name: Its name.
        path: The file that it is in.
        settings: Its fields.
    """

    name: str
    path: Path
    settings: Mapping[str, str] = field(repr=False)

    @property
    def user(self) -> str:
        """The name of the key in the keyring: login and address."""
        address = self.settings.get("base_url") or self.settings.get("zone", "justclick.io")
        return f"{self.settings['login']}@{address}"

    def find_key(self) -> tuple[str, str]:
        """Return the key, and where it is: ``file``, ``keyring``, or two empty texts."""
        if key := self.settings.get("api_key", ""):
            return key, "file"
        system = keyring()
        try:
            key = (system and system.get_password(SERVICE, self.user)) or ""
        except system.errors.KeyringError:  # locked, or there is none
            key = ""
        return key, "keyring" if key else ""

    def variables(self) -> dict[str, str]:
        """Return the profile as environment variables; empty where it says nothing."""
        found = {
            f"JUSTCLICK_{name.upper()}": self.settings.get(name, "") for name in FIELDS[:3]
        } | {"JUSTCLICK_PROFILE": self.name}
        key, _place = self.find_key()
        return found | ({"JUSTCLICK_API_KEY": key} if key else {})


@frozen
class Profiles:
    """All profiles.

    Attributes:
        by_name: The profiles by their names; that of the nearest file counts.
        default: The name of the one that the command line uses.
    """

    by_name: Mapping[str, Profile]
    default: str | None

    def find(self, name: str) -> Profile:
        """Return a profile.

        Raises:
            InvalidInput: There is none of that name.
        """
        if name in self.by_name:
            return self.by_name[name]
        names = ", ".join(self.by_name)
        raise InvalidInput(
            _("there is no profile {name!r}.", name=name),
            field="profile",
            hint=_("Use one of: {names}.", names=names)
            if names
            else _("Run: justclick profiles add {name} --login LOGIN", name=name),
        )


def keyring() -> Any:
    """Return the module keyring; ``None`` where it is not installed."""
    try:
        return import_module("keyring")
    except ImportError:
        return None


def user_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the file among the settings of the user."""
    folder = environ.get("APPDATA") if os.name == "nt" else environ.get("XDG_CONFIG_HOME")
    return Path(folder or Path.home() / ".config", "justclick", "justclick.toml")


def read_profiles(environ: Mapping[str, str] = os.environ) -> Profiles:
    """Read all profiles.

    Raises:
        InvalidInput: A file cannot be read, or has something else in it.
    """
    found: dict[str, Profile] = {}
    default = None
    for path in _files(environ):
        document = _read(path)
        default = default or _text(path, "default", document.get("default"))
        for name, fields in _table(path, "profiles", document.get("profiles", {})).items():
            found.setdefault(name, _profile(path, name, fields))
    return Profiles(found, default)


def with_profile(environ: Mapping[str, str], name: str | None = None) -> Mapping[str, str]:
    """Return variables in which those of a profile replace the others.

    Args:
        environ: The variables.
        name: The profile; that of ``JUSTCLICK_PROFILE`` if omitted.

    Raises:
        InvalidInput: There is no such profile.
    """
    name = name or environ.get("JUSTCLICK_PROFILE", "").strip()
    return {**environ, **read_profiles(environ).find(name).variables()} if name else environ


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    here = Path.cwd()
    near = (folder / "justclick.toml" for folder in (here, *here.parents))
    if nearest := next(filter(Path.is_file, near), None):
        yield nearest
    if user_file(environ).is_file():
        yield user_file(environ)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else _("it is not TOML in UTF-8")
        raise _wrong(path, _("it cannot be read: {why}", why=str(why))) from None


def _profile(path: Path, name: str, fields: object) -> Profile:
    given = _table(path, name, fields)
    settings = {key: _text(path, f"{name}.{key}", value) or "" for key, value in given.items()}
    if unknown := next((key for key in settings if key not in FIELDS), None):
        known = ", ".join(FIELDS)
        raise _wrong(path, _("{key} must be one of {known}", key=f"{name}.{unknown}", known=known))
    if not settings.get("login"):
        raise _wrong(path, _("{key} is missing", key=f"{name}.login"))
    if "api_key" in settings and os.name == "posix" and path.stat().st_mode & 0o077:
        logging.getLogger("justclick_async").warning(
            "%s holds an API key and other users can read it. Run: chmod 600 %s", path, path
        )
    return Profile(name, path, settings)


def _table(path: Path, key: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(path, _("{key} must be a table", key=key))
    return cast("dict[str, Any]", value)


def _text(path: Path, key: str, value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise _wrong(path, _("{key} must be text", key=key))
    return value


def _wrong(path: Path, why: Message) -> InvalidInput:
    return InvalidInput(
        _("{path}: {why}.", path=str(path), why=why),
        field="profile",
        hint=_("Correct the file, or remove it."),
    )
