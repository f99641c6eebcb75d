"""Commands that make one call, and the command line as a whole."""

from __future__ import annotations

import json
import locale
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from justclick_async.cli.say import language
from tests.cli.command import JUSTCLICK, KEY, environment, run, service


class TestOrders:
    def test_an_order_is_created_listed_and_paid(self) -> None:
        with service() as there:
            created = run(
                "orders", "create", "--email", "a@b.ru", "--goods", "invoice:1 500,50, sales",
                "--first-name", "Иван", "--json", env=there.env,
            )  # fmt: skip
            assert created.code == 0
            number = json.loads(created.out)["bill_id"]
            listed = run("orders", "bills", "a@b.ru", "--json", env=there.env)
            assert [number] == [bill["bill_id"] for bill in json.loads(listed.out)["bills"]]
            paid = run("orders", "status", number, "paid", "--date", "17.05.2024", env=there.env)
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
                "call", "CreateOrder", "goods[0][good_name]=invoice", "bill_email=a@b.ru", "--json",
                env=there.env,
            )  # fmt: skip
            assert json.loads(ran.out)["result"]["bill_id"] == there.orders[0]["bill_id"]
            goods = run("call", "getgoods", "--api", "2", env=there.env)
            assert goods.code == 0
            assert isinstance(json.loads(goods.out), list)

    def test_without_an_account_a_sandbox_will_do(self) -> None:
        ran = run("orders", "create", "--email", "a@b.ru", "--goods", "invoice", "--sandbox")
        assert ran.code == 0
        assert "is created" in ran.out


class TestWhatGoesWrong:
    def test_a_refusal_tells_what_to_do(self) -> None:
        words = ("orders", "create", "--email", "a@b.ru", "--goods", "nope", "--sandbox")
        ran = run(*words)
        assert ran.code == 1
        assert "604" in ran.err
        assert "good_name" in ran.err
        russian = run(*words, env=environment(LC_ALL="ru_RU.UTF-8"))
        assert "создайте товар" in russian.err

    def test_a_refusal_in_json(self) -> None:
        ran = run("orders", "create", "--email", "a@b.ru", "--goods", "nope", "--sandbox", "--json")
        error = json.loads(ran.out)
        assert (ran.code, error["code"], error["outcome"]) == (1, 604, "refused")

    @pytest.mark.parametrize(
        ("words", "code"),
        [
            (["orders", "bills", "a@b.ru"], 3),
            (["orders", "create", "--email", "a@b.ru"], 2),
            (["orders", "create", "--email", "a", "--goods", "x:1,500", "--sandbox"], 2),
            (["orders", "status", "12", "sent", "--sandbox"], 2),
            (["orders", "status", "12", "eaten", "--sandbox"], 2),
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
        ran = run("orders", "bills", "a@b.ru", env=env)
        assert ran.code == 1
        assert "no connection" in ran.err
        assert KEY not in ran.err

    def test_a_missing_extra_tells_how_to_install_it(self, tmp_path: Path) -> None:
        (tmp_path / "cyclopts.py").write_text("raise ImportError('no', name='cyclopts')\n")
        ran = run("--help", env=environment(PYTHONPATH=str(tmp_path)))
        assert ran.code == 3
        assert "pip install 'justclick_async[cli]'" in ran.err


class TestHelp:
    @pytest.mark.parametrize(
        "words",
        [
            [],
            ["import"],
            ["orders"],
            ["orders", "create"],
            ["orders", "bills"],
            ["orders", "status"],
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

    def test_the_version(self) -> None:
        from justclick_async import __version__

        assert run("--version").out.strip() == __version__

    def test_help_does_not_load_what_it_does_not_need(self) -> None:
        code = (
            "import sys\n"
            "from justclick_async.cli import main\n"
            "try: main(['--help'])\n"
            "except SystemExit: pass\n"
            "heavy = {'aiohttp.web', 'jinja2', 'python_calamine', 'charset_normalizer', 'uvloop',"
            " 'justclick_async.sandbox', 'rich.progress'}\n"
            "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
        )
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert ran.stderr.strip() == "[]"


@pytest.mark.parametrize(
    ("variables", "spoken"),
    [
        ({}, "en"),
        ({"LANG": "ru_RU.UTF-8"}, "ru"),
        ({"LANG": "ru_RU.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ru_RU"}, "ru"),
        ({"LANG": "", "LC_ALL": ""}, "en"),
    ],
)
def test_the_language_is_that_of_the_user(variables: dict[str, str], spoken: str) -> None:
    assert spoken == language(variables, "linux")


@pytest.mark.parametrize(
    ("system", "variables", "spoken"),
    [
        ("Russian_Russia", {}, "ru"),
        ("English_United States", {}, "en"),
        (None, {}, "en"),
        ("Russian_Russia", {"LANG": "en"}, "en"),
    ],
)
def test_on_windows_it_is_that_of_the_system_where_no_variable_says_otherwise(
    system: str | None, variables: dict[str, str], spoken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locale, "getlocale", lambda: (system, "cp1251"))  # as Windows names it
    assert spoken == language(variables, "win32")


class TestStreams:
    """Where there is nowhere to write, no process ends in a heap of its insides."""

    @pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
    def test_an_import_is_done_though_a_stream_is_closed(self, closed: str, tmp_path: Path) -> None:
        (tmp_path / "orders.csv").write_text("email;goods\na@b.ru;invoice\n")
        with service() as there:
            words = shlex.join([*JUSTCLICK, "import", "orders.csv", "--yes"])
            done = subprocess.run(
                ["sh", "-c", f"{words} {closed}"], cwd=tmp_path, env=there.env, capture_output=True
            )
            assert len(there.orders) == 1
        assert done.returncode == 0
        assert b"Traceback" not in done.stderr

    def test_an_import_is_done_though_nobody_reads_what_it_says(self, tmp_path: Path) -> None:
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

    def test_a_table_that_nobody_reads_ends_no_command(self) -> None:
        program = (
            "import sys; from rich.table import Table; from justclick_async.cli.say import *;"
            "say_table(Table('a')); say('and so on'); sys.exit(5)"
        )
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(
            [sys.executable, "-c", program], stdout=writing, stderr=subprocess.PIPE
        )
        os.close(writing)
        assert (done.returncode, done.stderr) == (5, b"")

    def test_listening_does_without_standard_output(self) -> None:
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
    def test_a_disk_that_is_full_is_told(self, words: list[str]) -> None:
        with service() as there, Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [*JUSTCLICK, *words], env=there.env, stdout=full, stderr=subprocess.PIPE, text=True
            )
        assert done.returncode == 1
        assert done.stderr.startswith("Error: No space left on device.\n")
        assert "look before you repeat it" in done.stderr

    @pytest.mark.parametrize("encoding", ["ascii", "cp1251"])
    def test_what_an_encoding_lacks_is_escaped(self, encoding: str, tmp_path: Path) -> None:
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
        assert "\\u2717 is no e-mail address" in said
        assert ("Иван" if encoding == "cp1251" else "\\u0418\\u0432\\u0430\\u043d") in said


@pytest.mark.parametrize(
    ("module", "words"), [("cyclopts", ["--version"]), ("aiohttp", ["sandbox", "--port", "0"])]
)
def test_ctrl_c_before_all_is_loaded_ends_without_a_traceback(
    module: str, words: list[str]
) -> None:
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
