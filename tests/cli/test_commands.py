"""Commands that make one call, and the command line as a whole."""

from __future__ import annotations

import gc
import json
import locale
import os
import platform
import re
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from justclick_async import __version__
from justclick_async.cli.output import language
from tests.cli.command import JUSTCLICK, KEY, environment, run, run_process, service


class TestOrders:
    def test_an_order_is_created_listed_and_paid(self) -> None:
        with service() as there:
            created = run(
                "orders", "create-order", "--email", "a@b.ru", "--goods", "invoice:1 500,50, sales",
                "--first-name", "Иван", "--output", "json", env=there.env,
            )  # fmt: skip
            assert created.code == 0
            number = json.loads(created.out)["bill_id"]
            listed = run("orders", "get-bills", "a@b.ru", "--output", "json", env=there.env)
            assert [number] == [bill["bill_id"] for bill in json.loads(listed.out)]
            paid = run(
                "orders",
                "update-order-status",
                number,
                "paid",
                "--date",
                "17.05.2024",
                env=there.env,
            )
            assert paid.code == 0
            (order,) = there.orders
        assert (order["first_name"], order["status"]) == ("Иван", "paid")

    def test_an_order_over_api_2(self) -> None:
        with service() as there:
            ran = run(
                "v2", "create-order", "--customer-email", "a@b.ru", "--product-names", "invoice",
                "sales", "--product-prices", "100", "200", "--order-status", "Paid", env=there.env,
            )  # fmt: skip
            assert (ran.code, len(there.orders[0]["goods"])) == (0, 2)

    def test_any_method_with_nested_parameters(self) -> None:
        with service() as there:
            ran = run(
                "call", "CreateOrder", "goods[0][good_name]=invoice", "bill_email=a@b.ru",
                env=there.env,
            )  # fmt: skip
            assert json.loads(ran.out)["bill_id"] == there.orders[0]["bill_id"]
            goods = run("call", "getgoods", "--api", "2", env=there.env)
            assert goods.code == 0
            assert isinstance(json.loads(goods.out), list)

    def test_a_sandbox_replaces_an_account(self) -> None:
        ran = run("orders", "create-order", "--email", "a@b.ru", "--goods", "invoice", "--sandbox")
        assert ran.code == 0
        assert "bill_id" in ran.out


class TestErrors:
    def test_a_refusal_has_a_hint(self) -> None:
        words = ("orders", "create-order", "--email", "a@b.ru", "--goods", "nope", "--sandbox")
        ran = run(*words)
        assert ran.code == 1
        assert "604" in ran.err
        assert "Create the product in the shop first" in ran.err
        russian = run(*words, env=environment(LC_ALL="ru_RU.UTF-8"))
        assert "создайте товар" in russian.err

    @pytest.mark.parametrize("output", ["json", "jsonl"])
    def test_a_refusal_in_json(self, output: str) -> None:
        words = ("--goods", "nope", "--sandbox", "--output", output)
        ran = run("orders", "create-order", "--email", "a@b.ru", *words)
        error = json.loads(ran.out)
        assert (ran.code, error["code"], error["outcome"]) == (1, 604, "refused")

    @pytest.mark.parametrize(
        ("words", "code"),
        [
            (["orders", "get-bills", "a@b.ru"], 3),
            (["orders", "create-order", "--email", "a@b.ru"], 2),
            (["orders", "create-order", "--email", "a", "--goods", "x:1,500", "--sandbox"], 2),
            (["orders", "update-order-status", "12", "sent", "--sandbox"], 2),
            (["orders", "update-order-status", "12", "eaten", "--sandbox"], 2),
            (["call", "CreateOrder", "nonsense", "--sandbox"], 2),
            (["call", "no/method", "--sandbox"], 2),
            (["call", "GetAllGoods", "--api", "3", "--sandbox"], 2),
            (["v2", "create-order", "--nope", "1", "--sandbox"], 2),
            (["v2", "create-order", "--product-names", "x", "--sandbox"], 2),
            (["imprt"], 2),
            (["import"], 2),
            (["import", "nothing.csv", "--yes"], 2),
        ],
    )
    def test_exit_codes(self, words: list[str], code: int) -> None:
        ran = run(*words)
        assert ran.code == code
        assert ran.err.startswith("Error: ")
        assert "Traceback" not in ran.err

    def test_no_connection(self) -> None:
        env = environment(
            JUSTCLICK_LOGIN="x", JUSTCLICK_API_KEY=KEY, JUSTCLICK_BASE_URL="http://127.0.0.1:9"
        )
        ran = run("orders", "get-bills", "a@b.ru", env=env)
        assert ran.code == 1
        assert "no connection" in ran.err
        assert KEY not in ran.err

    def test_a_missing_extra_has_a_hint_how_to_install_it(self, tmp_path: Path) -> None:
        (tmp_path / "cyclopts.py").write_text("raise ImportError('no', name='cyclopts')\n")
        ran = run_process("--help", env=environment(PYTHONPATH=str(tmp_path)))
        assert ran.code == 3
        assert "pip install 'justclick_async[cli]'" in ran.err


class TestLog:
    def test_requests_are_logged_without_key_and_personal_data(self) -> None:
        email, name = "anna@example.com", "Анна"
        words = ("orders", "create-order", email, "--goods", "invoice", "--first-name", name)
        with service() as there:
            ran = run_process(*words, env=there.env | {"JUSTCLICK_LOG": "debug"})
            # Another product: an equal order within the same second would exist already.
            quiet = run_process(*words, "--goods", "sales", env=there.env)
        assert (ran.code, quiet.code, quiet.err) == (0, 0, "")
        assert re.search(r"DEBUG CreateOrder #1, attempt 1: to http://127\.0\.0\.1:", ran.err)
        assert re.search(r"DEBUG CreateOrder #1, attempt 1: done, HTTP 200, code 0", ran.err)
        for secret in (KEY, email, name):
            assert secret not in ran.err

    def test_another_level_is_refused(self) -> None:
        ran = run("goods", "get-all-goods", "--sandbox", env=environment(JUSTCLICK_LOG="loud"))
        assert ran.code == 2
        assert "JUSTCLICK_LOG must be debug, info, warning or error." in ran.err


class TestHelp:
    @pytest.mark.parametrize(
        "words",
        [
            [],
            ["import"],
            ["orders"],
            ["orders", "create-order"],
            ["orders", "get-bills"],
            ["orders", "update-order-status"],
            ["v2", "create-order"],
            ["call"],
            ["sandbox"],
        ],
    )
    def test_every_command_explains_itself(self, words: list[str]) -> None:
        secret = "a-key-of-ones-own"
        env = environment(JUSTCLICK_API_KEY=secret, JUSTCLICK_LOGIN="x")
        ran = run(*words, "--help", env=env)
        assert ran.code == 0
        assert len(ran.out.splitlines()) > 3
        assert secret not in ran.out

    def test_the_version_shows_which_encoder_is_used(self) -> None:
        is_compiled = find_spec("justclick_async.php._build_c") is not None
        core = "compiled" if is_compiled else "pure Python"
        pure = run_process("--version", env=environment(JUSTCLICK_NO_EXTENSIONS="1"))
        shown = run("--version", env=environment()).out.splitlines()
        assert shown[0] == f"{__version__} ({core})"
        assert pure.out.splitlines()[0] == f"{__version__} (pure Python)"
        names = re.findall(r"(\w+) [\d.]+", shown[1])
        assert names == [platform.python_implementation(), "aiohttp", "attrs", "cattrs", "cyclopts"]
        assert platform.python_version() in shown[1]
        assert platform.system() in shown[2]

    @pytest.mark.parametrize(
        ("options", "called", "last"),
        [
            ([], "main", f"{gc.get_threshold()[0]} False"),
            ([], "run_process", "10000 True"),
            (["-W", "error"], "run_process", "10000 False"),
        ],
    )
    def test_only_a_process_of_a_command_collects_less_garbage(
        self, options: list[str], called: str, last: str
    ) -> None:
        code = (
            "import atexit, gc\n"
            "atexit.register(lambda: print(gc.get_threshold()[0], gc.get_freeze_count() > 0))\n"
            f"from justclick_async.cli import {called}\n"
            f"{called}()\n"
        )
        words = [sys.executable, *options, "-c", code, "--version"]
        ran = subprocess.run(words, capture_output=True, text=True, env=environment(), timeout=60)
        assert ran.stdout.splitlines()[-1] == last

    def test_options_of_the_sandbox_are_read_where_pydantic_is_loaded(self) -> None:
        """Where it is, cyclopts has it check values and defaults."""
        code = "import pydantic, sys; from justclick_async.cli import main; sys.exit(main())"
        words = [sys.executable, "-c", code, "sandbox", "--fault", "slow=0.2", "--port", "99999"]
        ran = subprocess.run(words, capture_output=True, text=True, env=environment(), timeout=60)
        assert ran.stderr.startswith("Error: port must be from 0 to 65535")

    def test_help_loads_no_heavy_module(self) -> None:
        code = (
            "import sys\n"
            "from justclick_async.cli import main\n"
            "try: main(['--help'])\n"
            "except SystemExit: pass\n"
            "heavy = {'aiohttp.web', 'jinja2', 'xlrd', 'uvloop',"
            " 'justclick_async.sandbox', 'rich.progress'}\n"
            "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
        )
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert ran.stderr.strip() == "[]"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "en"),
        ({"LANG": "ru_RU.UTF-8"}, "ru"),
        ({"LANG": "ru_RU.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ru_RU"}, "ru"),
        ({"LANG": "", "LC_ALL": ""}, "en"),
    ],
)
def test_the_language_is_that_of_the_user(variables: dict[str, str], expected: str) -> None:
    assert expected == language(variables, "linux")


@pytest.mark.parametrize(
    ("system", "variables", "expected"),
    [
        ("Russian_Russia", {}, "ru"),
        ("English_United States", {}, "en"),
        (None, {}, "en"),
        ("Russian_Russia", {"LANG": "en"}, "en"),
    ],
)
def test_the_language_on_windows_is_that_of_the_system_without_a_variable(
    system: str | None, variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locale, "getlocale", lambda: (system, "cp1251"))  # as Windows names it
    assert expected == language(variables, "win32")


class TestStreams:
    """Closed, full or narrow standard streams never cause a traceback."""

    @pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
    def test_an_import_completes_when_a_stream_is_closed(self, closed: str, tmp_path: Path) -> None:
        (tmp_path / "orders.csv").write_text("email;goods\na@b.ru;invoice\n")
        with service() as there:
            words = shlex.join([*JUSTCLICK, "import", "orders.csv", "--yes"])
            done = subprocess.run(
                ["sh", "-c", f"{words} {closed}"], cwd=tmp_path, env=there.env, capture_output=True
            )
            assert len(there.orders) == 1
        assert done.returncode == 0
        assert b"Traceback" not in done.stderr

    def test_an_import_completes_when_its_output_is_a_closed_pipe(self, tmp_path: Path) -> None:
        (tmp_path / "orders.csv").write_text("email;goods\na@b.ru;invoice\n")
        reading, writing = os.pipe()
        os.close(reading)
        with service() as there:
            words = [*JUSTCLICK, "import", "orders.csv", "--yes"]
            done = subprocess.run(
                words, cwd=tmp_path, env=there.env, stdout=writing, stderr=subprocess.PIPE
            )
            os.close(writing)
            assert len(there.orders) == 1
        assert (done.returncode, done.stderr) == (0, b"")

    def test_a_table_into_a_closed_pipe_does_not_end_the_command(self) -> None:
        program = (
            "import sys; from justclick_async.cli.output import *;"
            "echo_table([['1']], 'a'); echo('and so on'); sys.exit(5)"
        )
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(
            [sys.executable, "-c", program], stdout=writing, stderr=subprocess.PIPE
        )
        os.close(writing)
        assert (done.returncode, done.stderr) == (5, b"")

    def test_listen_works_without_standard_output(self) -> None:
        words = shlex.join([*JUSTCLICK, "notifications", "listen"])
        env = environment(JUSTCLICK_API_KEY=KEY)
        with subprocess.Popen(
            ["sh", "-c", f"exec {words} >&-"], env=env, stderr=subprocess.PIPE, text=True
        ) as listener:
            assert listener.stderr
            said = next(line for line in listener.stderr if not line.startswith("PERSONAL"))
            listener.terminate()
        assert said.startswith("Listening at http://")

    @pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="there is no full disk")
    @pytest.mark.parametrize("words", [["explain", "a=1"], ["--help"], ["goods", "get-all-goods"]])
    def test_a_full_disk_is_reported(self, words: list[str]) -> None:
        with service() as there, Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [*JUSTCLICK, *words], env=there.env, stdout=full, stderr=subprocess.PIPE, text=True
            )
        assert done.returncode == 1
        assert done.stderr.startswith("Error: No space left on device.\n")
        assert "check before you repeat it" in done.stderr
        assert "Exception ignored" not in done.stderr

    @pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="there is no full disk")
    def test_an_error_is_printed_although_its_json_cannot_be_written(self) -> None:
        words = ["orders", "get-order-details", "1", "--output", "json"]
        with service() as there, Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [*JUSTCLICK, *words], env=there.env, stdout=full, stderr=subprocess.PIPE, text=True
            )
        assert done.returncode == 1
        assert done.stderr.startswith("Error: getOrderDetails: ")
        assert "Error: No space left on device.\n" in done.stderr
        assert "Traceback" not in done.stderr

    @pytest.mark.parametrize("encoding", ["ascii", "cp1251"])
    def test_characters_that_an_encoding_lacks_are_escaped(
        self, encoding: str, tmp_path: Path
    ) -> None:
        (tmp_path / "orders.csv").write_text(
            "email;goods;first_name\na@b.ru;x;Иван\nno mail;x;\n", "utf-8"
        )
        words = ["import", "orders.csv", "--dry-run", "--sandbox"]
        done = subprocess.run(
            [*JUSTCLICK, *words],
            env=environment(PYTHONIOENCODING=encoding),
            cwd=tmp_path,
            capture_output=True,
        )
        said = done.stdout.decode(encoding)
        assert (done.returncode, done.stderr) == (1, b"")
        assert "\\u2717 must be one e-mail address" in said
        assert ("Иван" if encoding == "cp1251" else "\\u0418\\u0432\\u0430\\u043d") in said


@pytest.mark.parametrize(
    ("module", "words"), [("cyclopts", ["--version"]), ("aiohttp", ["sandbox", "--port", "0"])]
)
def test_ctrl_c_while_modules_load_ends_without_a_traceback(module: str, words: list[str]) -> None:
    program = f"""
import signal, sys
from justclick_async.cli import main

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
sys.exit(main({words!r}))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")
