"""Profiles of accounts: files, the keyring of the system, and what uses them."""

from __future__ import annotations

import errno
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from justclick_async import AsyncJustClick, JustClick, profiles
from justclick_async.errors import InvalidInput
from tests.cli.command import KEY, LOGIN, Ran, Service, environment, run, service

keyring = pytest.importorskip("keyring")
OTHER = "9" * 40


class InMemory(keyring.backend.KeyringBackend):  # type: ignore[misc,name-defined]
    """A keyring that holds its passwords in memory."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.passwords: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.passwords.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.passwords[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        try:
            del self.passwords[service, username]
        except KeyError:
            raise keyring.errors.PasswordDeleteError from None


class Locked(InMemory):
    """A keyring that nobody unlocks."""

    def get_password(self, service: str, username: str) -> str | None:
        raise keyring.errors.KeyringLocked

    def set_password(self, service: str, username: str, password: str) -> None:
        raise keyring.errors.KeyringLocked

    def delete_password(self, service: str, username: str) -> None:
        raise keyring.errors.KeyringLocked


@pytest.fixture
def system() -> Iterator[InMemory]:
    """The keyring of the system."""
    before, mine = keyring.get_keyring(), InMemory()
    keyring.set_keyring(mine)
    yield mine
    keyring.set_keyring(before)


@pytest.fixture(scope="module")
def there() -> Iterator[Service]:
    with service() as running:
        yield running


class Home:
    """A home directory, and commands that run there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = path / "config/justclick/justclick.toml"
        self.env = environment(HOME=str(path), XDG_CONFIG_HOME=str(path / "config"))

    def run(self, *words: object, typed: str = "", **variables: str) -> Ran:
        """Run a command; *typed* is its standard input."""
        typed_in = self.path / "typed"
        typed_in.write_text(f"{typed}\n")
        with patch("tests.cli.command.os.devnull", str(typed_in)):
            return run(*words, env=self.env | variables, cwd=self.path)

    def write(self, text: str, name: str = "justclick.toml", mode: int = 0o600) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        path.chmod(mode)
        return path


@pytest.fixture
def home(tmp_path: Path, system: InMemory) -> Home:
    return Home(tmp_path)


def shop(url: str, **more: str) -> str:
    fields = {"login": LOGIN, "base_url": url} | more
    return "[profiles.shop]\n" + "".join(f'{key} = "{value}"\n' for key, value in fields.items())


def test_a_profile_is_added_listed_and_used(home: Home, system: InMemory, there: Service) -> None:
    added = home.run(
        "profiles", "add", "shop", "--login", LOGIN, "--base-url", there.url, typed=KEY
    )
    assert added.code == 0, added.err
    assert list(system.passwords.values()) == [KEY]
    assert KEY not in home.file.read_text() + added.out + added.err
    assert home.file.stat().st_mode & 0o777 == 0o600
    assert home.run("goods", "get-all-goods").code == 3  # no profile is the default one yet

    assert home.run("profiles", "use", "shop").code == 0
    assert home.run("goods", "get-all-goods").code == 0
    (listed,) = json.loads(home.run("profiles", "list", "--output", "json").out)
    assert (listed["name"], listed["key"], listed["default"]) == ("shop", "keyring", True)
    assert home.run("whoami").out == f"Login {LOGIN}, {there.url}, profile shop.\n"


def test_another_default_replaces_the_first(home: Home) -> None:
    for name in "one", "two":
        assert home.run("profiles", "add", name, "--login", name, typed=KEY).code == 0
    text = home.file.read_text()
    home.file.write_text(f"# my accounts\n{text}")
    for name in "one", "two":
        assert home.run("profiles", "use", name).code == 0
        assert f"profile {name}." in home.run("whoami").out
    assert home.file.read_text() == f'default = "two"\n# my accounts\n{text}'


def test_a_profile_is_removed_with_its_key_and_nothing_else(home: Home, system: InMemory) -> None:
    for name in "one", "two":
        assert home.run("profiles", "add", name, "--login", name, typed=KEY).code == 0
    home.run("profiles", "use", "one")
    home.file.write_text(f"# mine\n{home.file.read_text()}\n[other]\na = 1\n")
    ran = home.run("profiles", "remove", "one")
    assert (ran.code, ran.out) == (0, f"Removed one from {home.file}.\n")
    assert home.file.read_text() == ('# mine\n\n[profiles.two]\nlogin = "two"\n\n[other]\na = 1\n')
    assert [user for _service, user in system.passwords] == ["two@justclick.io"]
    assert home.run("profiles", "remove", "two").code == 0
    assert home.run("profiles", "list", "--output", "json").out == "[]\n"
    assert system.passwords == {}
    assert "there is no profile 'two'" in home.run("profiles", "remove", "two").err


def test_a_key_stays_while_another_profile_uses_it(home: Home, system: InMemory) -> None:
    for name in "one", "two":
        assert home.run("profiles", "add", name, "--login", "shop", typed=KEY).code == 0
    home.run("profiles", "remove", "one")
    assert list(system.passwords.values()) == [KEY]


class Refusing(InMemory):
    """A keyring whose user cancels the deletion."""

    def delete_password(self, service: str, username: str) -> None:
        raise keyring.errors.PasswordDeleteError


class Missing(InMemory):
    """A keyring that cannot be initialized, as on a server without a desktop."""

    def get_password(self, service: str, username: str) -> str | None:
        raise keyring.errors.InitError


@pytest.mark.parametrize(
    ("backend", "reason"),
    [(Locked, "KeyringLocked"), (Refusing, "PasswordDeleteError"), (Missing, "InitError")],
)
def test_a_key_that_may_remain_is_reported(
    home: Home, backend: type[InMemory], reason: str
) -> None:
    system = backend()
    keyring.set_keyring(system)
    home.write('[profiles.shop]\nlogin = "a"\n')
    system.passwords["justclick", "a@justclick.io"] = KEY
    ran = home.run("profiles", "remove", "shop")
    assert ran.code == 0
    assert f"cannot be used ({reason})" in ran.err
    assert "run: keyring del justclick 'a@justclick.io'" in ran.err
    assert KEY not in ran.out + ran.err


def test_a_profile_without_a_key_is_removed_without_a_note(home: Home) -> None:
    home.write('[profiles.shop]\nlogin = "a"\n')
    ran = home.run("profiles", "remove", "shop")
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        (
            '[profiles.a]\nlogin = "a"\n\n# Shop B: ask Olga\n[profiles.b]\nlogin = "b"\n',
            '\n# Shop B: ask Olga\n[profiles.b]\nlogin = "b"\n',
        ),
        (
            '# A\n\n[profiles.a]  # here\n# its login\n\nlogin = "a"  # b\n# end\n\n  # of it',
            "# A\n# end\n\n  # of it",
        ),
        (
            '[profiles.b]\nlogin = "b"\n\n  [profiles.a]\n  login = "a"',
            '[profiles.b]\nlogin = "b"\n',
        ),
    ],
)
def test_comments_that_may_be_about_other_profiles_stay(home: Home, text: str, rest: str) -> None:
    path = home.write(text)
    assert home.run("profiles", "remove", "a").code == 0
    assert path.read_text() == rest


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ('profiles.shop.login = "a"\n', "remove"),
        ('profiles = {shop = {login = "a"}}\n', "remove"),
        ('"default" = "x"\n[profiles.shop]\nlogin = "a"\n', "use"),
        ('[profiles.shop]\nlogin = """\n[profiles.shop]\n"""\n', "remove"),
    ],
)
def test_a_file_that_cannot_be_changed_stays_as_it_is(home: Home, text: str, command: str) -> None:
    path = home.write(text)
    ran = home.run("profiles", command, "shop")
    assert ran.code == 2
    assert "is written in a way that this command cannot change." in ran.err
    assert path.read_text() == text


@pytest.mark.parametrize("command", [("add", "b", "--login", "b"), ("use", "a"), ("remove", "a")])
def test_a_file_that_could_not_be_written_is_complete(
    home: Home, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    assert home.run("profiles", "add", "a", "--login", "a").code == 0
    text = home.file.read_text()

    def fail(_number: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        ran = home.run("profiles", *command)
    assert (ran.code, "No space left on device" in ran.err) == (3, True)
    assert home.file.read_text() == text
    assert [path.name for path in home.file.parent.iterdir()] == ["justclick.toml"]
    assert home.run("profiles", *command).code == 0
    assert home.file.stat().st_mode & 0o777 == 0o600


def test_the_option_and_the_variable_choose_a_profile(home: Home) -> None:
    home.write('default = "a"\n[profiles.a]\nlogin = "aa"\n[profiles.b]\nlogin = "bb"\n')
    assert "Login aa" in home.run("whoami").out
    assert "Login bb" in home.run("whoami", "--profile", "b").out
    assert "Login bb" in home.run("whoami", JUSTCLICK_PROFILE="b").out
    assert "Login aa" in home.run("whoami", "--profile", "a", JUSTCLICK_PROFILE="b").out
    assert "Login cc" in home.run("whoami", "--profile", "a", "--login", "cc").out


def test_a_chosen_profile_replaces_all_variables_and_a_default_none(home: Home) -> None:
    home.write('default = "a"\n[profiles.a]\nlogin = "aa"\n')
    env = {"JUSTCLICK_LOGIN": "env", "JUSTCLICK_ZONE": "justclick.ru"}
    assert "Login env, https://env.justclick.ru, profile —" in home.run("whoami", **env).out
    chosen = home.run("whoami", "--profile", "a", **env).out
    assert "Login aa, https://aa.justclick.io, profile a." in chosen


def test_a_default_of_the_directory_does_not_get_the_key_of_the_environment(home: Home) -> None:
    home.write('default = "a"\n[profiles.a]\nlogin = "aa"\nbase_url = "https://evil.example"\n')
    ran = home.run("doctor", "--timeout", "1", JUSTCLICK_API_KEY=KEY)
    assert "evil.example" not in ran.out + ran.err


def test_a_key_is_bound_to_its_address(home: Home, system: InMemory) -> None:
    assert home.run("profiles", "add", "shop", "--login", "shop", typed=KEY).code == 0
    home.write('[profiles.x]\nlogin = "shop"\nbase_url = "https://evil.example"\n')
    rows = json.loads(home.run("profiles", "list", "--output", "json").out)
    assert {row["name"]: row["key"] for row in rows} == {"x": "", "shop": "keyring"}


def test_the_nearest_file_counts_and_then_that_of_the_user(home: Home) -> None:
    home.write(
        '[profiles.a]\nlogin = "user"\n[profiles.b]\nlogin = "user"\n',
        "config/justclick/justclick.toml",
    )
    home.write('[profiles.a]\nlogin = "near"\n')
    below = home.path / "some/where"
    below.mkdir(parents=True)
    for name, login in ("a", "near"), ("b", "user"):
        ran = run("whoami", "--profile", name, env=home.env, cwd=below)
        assert f"Login {login}," in ran.out


def test_an_import_says_account_host_and_profile(home: Home, there: Service) -> None:
    home.write(shop(there.url, api_key=KEY))
    (home.path / "orders.csv").write_text("email,goods\na@example.com,invoice\n")
    ran = home.run("import", "orders.csv", "--yes", "--profile", "shop")
    assert ran.code == 0, ran.err
    assert f"To send to {LOGIN} (127.0.0.1), profile shop: 1 row." in ran.out
    ran = home.run("import", "orders.csv", "--yes", "--again", "--json", JUSTCLICK_PROFILE="shop")
    (plan,) = [event for event in ran.events if event["event"] == "plan"]
    assert plan["profile"] == "shop"
    ran = home.run("import", "orders.csv", "--sandbox", JUSTCLICK_PROFILE="shop")
    assert "profile" not in ran.out


def test_processes_of_an_import_use_the_profile(home: Home, there: Service) -> None:
    home.write(shop(there.url, api_key=KEY))
    rows = "".join(f"p{i}@example.com,invoice\n" for i in range(20))
    (home.path / "orders.csv").write_text(f"email,goods\n{rows}")
    ran = home.run("import", "orders.csv", "--yes", "--workers", "2", "--profile", "shop")
    assert ran.code == 0, ran.err


@pytest.mark.parametrize("client", [JustClick, AsyncJustClick])
def test_from_env_uses_the_profile_of_the_environment(
    client: type[JustClick] | type[AsyncJustClick], home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write(shop("https://shop.example.com", api_key=OTHER))
    monkeypatch.chdir(home.path)
    env = {"JUSTCLICK_PROFILE": "shop", "JUSTCLICK_LOGIN": "x", "JUSTCLICK_API_KEY": KEY}
    with patch.dict(os.environ, home.env | env, clear=True):
        made = client.from_env()
        assert made.account_name == f"{LOGIN} (shop.example.com)"
        assert client.from_env(zone="justclick.ru").account_name.endswith(f"{LOGIN}.justclick.ru)")
    inner = made if isinstance(made, AsyncJustClick) else made._client
    assert inner._account.api_key == OTHER


def test_from_env_without_a_profile_loads_neither_keyring_nor_files() -> None:
    code = (
        "import sys; from justclick_async import JustClick; JustClick.from_env();"
        "print({'keyring', 'tomllib', 'justclick_async.profiles'} & set(sys.modules))"
    )
    env = environment(JUSTCLICK_LOGIN="x", JUSTCLICK_API_KEY=KEY)
    env.pop("COVERAGE_PROCESS_START", None)  # measuring coverage loads tomllib
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    assert done.stdout == "set()\n"


def test_a_key_in_a_file_that_others_can_read_is_reported(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    path = home.write(shop("https://a.example.com", api_key=KEY), mode=0o644)
    with caplog.at_level(logging.WARNING, "justclick_async"):
        assert home.run("whoami", "--profile", "shop").code == 0
    assert f"chmod 600 {path}" in caplog.text
    assert KEY not in caplog.text
    caplog.clear()
    path.chmod(0o600)
    home.run("whoami", "--profile", "shop")
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[profiles.shop]\nzone = 'justclick.ru'\n", "shop.login is missing"),
        ("[profiles.shop]\nlogin = 5\n", "shop.login must be text"),
        ("[profiles.shop]\nlogin = 'a'\nlogn = 'a'\n", "shop.logn must be one of login, zone"),
        ("[profiles]\nshop = 'a'\n", "shop must be a table"),
        ("profiles = 'a'\n", "profiles must be a table"),
        ("default = 1\n", "default must be text"),
        ("[profiles.shop\n", "it is not TOML in UTF-8"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(home: Home, text: str, reason: str) -> None:
    path = home.write(text)
    ran = home.run("whoami", "--profile", "shop")
    assert ran.code == 2
    assert f"{path}: " in ran.err
    assert reason in ran.err


def test_an_unknown_profile_is_refused_with_those_that_exist(home: Home) -> None:
    ran = home.run("whoami", "--profile", "shop")
    assert ran.code == 2
    assert "justclick profiles add shop --login LOGIN" in ran.err
    home.write(shop("https://a.example.com"))
    ran = home.run("whoami", JUSTCLICK_PROFILE="shap")
    assert ran.code == 2
    assert "Use one of: shop." in ran.err
    with patch.dict(os.environ, home.env, clear=True), pytest.raises(InvalidInput):
        profiles.with_profile({"JUSTCLICK_PROFILE": "nope"})


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("a.b", "--login", "x"), "NAME must consist of"),
        (("shop", "--login", "https://x"), "login"),
        (("shop", "--login", "x", "--base-url", "http://x.example"), "base_url"),
        (("shop", "--login", "x", "--zone", "not a zone"), "zone"),
    ],
)
def test_a_wrong_profile_is_not_added(home: Home, words: tuple[str, ...], problem: str) -> None:
    ran = home.run("profiles", "add", *words, typed=KEY)
    assert ran.code == 2
    assert problem in ran.err.replace("--base-url", "base_url")
    assert not home.file.exists()


def test_a_profile_is_not_added_twice(home: Home) -> None:
    assert home.run("profiles", "add", "shop", "--login", "a").code == 0
    text = home.file.read_text()
    ran = home.run("profiles", "add", "shop", "--login", "b")
    assert ran.code == 2
    assert "exists in" in ran.err
    assert home.file.read_text() == text


def test_without_a_keyring_the_key_comes_from_the_environment(
    home: Home, there: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    words = ("profiles", "add", "shop", "--login", LOGIN, "--base-url", there.url)
    added = home.run(*words, typed=KEY)
    assert added.code == 0
    assert "pip install keyring" in added.err
    assert "set JUSTCLICK_API_KEY" in added.out
    ran = home.run("goods", "get-all-goods", "--profile", "shop", JUSTCLICK_API_KEY=KEY)
    assert ran.code == 0, ran.err


def test_hints_about_a_default_profile_without_a_key_lead_to_a_call(
    home: Home, there: Service
) -> None:
    home.write(f'default = "shop"\n{shop(there.url)}')
    words, hint = ("goods", "get-all-goods"), "add --profile shop"
    for variables in {}, {"JUSTCLICK_API_KEY": KEY}:
        ran = home.run(*words, **variables)
        assert ran.code == 3
        assert hint in ran.err
        assert not variables or f"{LOGIN}@{there.url}" in ran.err  # where the key will go
    ran = home.run(*words, "--profile", "shop", JUSTCLICK_API_KEY=KEY)
    assert ran.code == 0, ran.err


def test_without_profiles_the_list_says_how_to_add_one(home: Home) -> None:
    ran = home.run("profiles", "list")
    assert (ran.code, ran.out) == (0, "")
    assert "justclick profiles add" in ran.err
    assert home.run("profiles", "list", "--output", "json").out == "[]\n"


def test_a_locked_keyring_is_reported(home: Home) -> None:
    keyring.set_keyring(Locked())
    added = home.run("profiles", "add", "shop", "--login", "x", typed=KEY)
    assert added.code == 0
    assert "cannot be used (KeyringLocked)" in added.err
    (listed,) = json.loads(home.run("profiles", "list", "--output", "json").out)
    assert listed["key"] == ""
