"""``justclick import`` with several processes, and with a journal on PostgreSQL."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.cli.command import JUSTCLICK, Service, run, service, start, wait_until
from tests.cli.test_crashes import must_add_up, orders_file
from tests.postgres import PASSWORD, Server


@pytest.fixture(scope="module")
def there() -> Iterator[Service]:
    with service() as running:
        yield running


class TestProcesses:
    def test_all_of_them_together_do_what_one_does(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 200)
        with service() as there:
            words = ["import", path, "--yes", "--rate", "200", "--workers", "2", "--json"]
            ran = run(*words, env=there.env)
            assert (ran.code, ran.errors) == (0, "")
            events = ran.events
            assert [event["event"] for event in (events[0], events[-1])] == ["plan", "end"]
            assert (events[-1]["created"], events[-1]["rows"]) == (200, 200)
            must_add_up(path, there, 200)
            again = run("import", path, "--yes", env=there.env)  # alone this time
            assert "200 of 200 rows done" in again.out

    def test_ctrl_c_finishes_what_is_under_way_and_tells_how_to_go_on(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 150)
        with service() as there:
            words = ["import", path, "--yes", "--rate", "50", "--workers", "2", "--shards", "3"]
            process = subprocess.Popen(
                [*JUSTCLICK, *map(str, words)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=there.env,
                start_new_session=True,
            )
            wait_until(lambda: len(there.orders) > 20)
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers as well
            out, err = process.communicate(timeout=60)
            assert process.returncode == 1
            assert "Finishing requests in flight" in err
            assert "Traceback" not in err
            assert "Stopped by a signal." in out
            assert "unknown" not in out
            assert len(there.orders) < 150
            assert run(*words, env=there.env).code == 0
            must_add_up(path, there, 150)

    def test_the_same_command_resumes_after_all_processes_are_killed(self, tmp_path: Path) -> None:
        path = orders_file(tmp_path, 150)
        with service() as there:
            words = ["import", path, "--yes", "--rate", "60", "--settle-after", "1"]
            process = start([*words, "--workers", "2"], there.env)
            wait_until(lambda: len(there.orders) > 20)
            process.kill()  # its workers end with it
            process.communicate()
            ran = run(*words, env=there.env)  # one process goes on with what several began
            assert ran.code == 0
            must_add_up(path, there, 150)

    def test_a_wrong_key_stops_all(self, tmp_path: Path, there: Service) -> None:
        path = orders_file(tmp_path, 40)
        wrong = there.env | {"JUSTCLICK_API_KEY": "wrong"}
        ran = run("import", path, "--yes", "--workers", "2", env=wrong)
        assert ran.code == 3
        assert "the service refuses this account" in ran.out

    @pytest.mark.parametrize("option", ["--workers", "--shards"])
    def test_none_of_them_is_no_number(self, tmp_path: Path, there: Service, option: str) -> None:
        ran = run("import", orders_file(tmp_path, 3), "--yes", option, "0", env=there.env)
        assert ran.code == 2
        assert f"{option} must be 1 or more" in ran.err


class TestPostgres:
    def test_two_machines_share_one_journal_and_the_password_is_never_shown(
        self, tmp_path: Path, postgres: Server
    ) -> None:
        url = postgres.url(uuid4().hex)
        with service() as there:
            folders = [tmp_path / "one", tmp_path / "two"]
            for folder in folders:
                folder.mkdir()
            paths = [orders_file(folder, 150) for folder in folders]
            processes = [
                start(["import", path, "--yes", "--rate", "80", "--journal", url], there.env)
                for path in paths
            ]
            said = [process.communicate(timeout=90) for process in processes]
            assert [process.returncode for process in processes] == [0, 0]
            assert PASSWORD not in str(said)
            for path in paths:
                must_add_up(path, there, 150)

    def test_the_command_to_resume_has_no_password(
        self, tmp_path: Path, postgres: Server, there: Service
    ) -> None:
        path, url = orders_file(tmp_path, 20), postgres.url(uuid4().hex)
        wrong = there.env | {"JUSTCLICK_API_KEY": "wrong"}
        ran = run("import", path, "--yes", "--journal", url, env=wrong)
        assert ran.code == 3
        assert postgres.url("", password=False) in ran.out.replace(url[-32:], "")
        assert PASSWORD not in ran.out + ran.err

    def test_a_server_that_refuses_the_connection_is_reported(
        self, tmp_path: Path, postgres: Server, there: Service
    ) -> None:
        url = postgres.url("x").replace(PASSWORD, "not-this-one")
        ran = run("import", orders_file(tmp_path, 3), "--yes", "--journal", url, env=there.env)
        assert ran.code == 3
        assert "cannot be used (password authentication failed" in ran.err
        assert "not-this-one" not in ran.out + ran.err
        assert "Traceback" not in ran.err

    def test_a_unix_socket_is_named_as_libpq_does(
        self, tmp_path: Path, postgres: Server, there: Service
    ) -> None:
        path, url = orders_file(tmp_path, 3), postgres.socket_url(uuid4().hex)
        ran = run("import", path, "--yes", "--journal", url, env=there.env)
        assert (ran.code, ran.errors) == (0, "")
        assert PASSWORD not in ran.out

    @pytest.mark.parametrize(
        "url", ["mysql://u:s3cret@h/db", "postgresql://u:a/s3cret@h/db", "postgresql://[s3cret/db"]
    )
    @pytest.mark.parametrize("how", ["--yes", "--dry-run", "--sandbox"])
    def test_a_wrong_url_is_explained_without_its_secret_and_becomes_no_file(
        self, tmp_path: Path, there: Service, url: str, how: str
    ) -> None:
        words = ["import", orders_file(tmp_path, 3), how, "--journal", url]
        ran = run(*words, env=there.env, cwd=tmp_path)
        assert (ran.code, ran.out) == (2, "")
        assert "Error: --journal must be the path of a file, or a URL such as" in ran.err
        assert "s3cret" not in ran.err
        assert [path.name for path in tmp_path.iterdir()] == ["orders.csv"]

    def test_a_deleted_sandbox_restarts_the_trial(self, tmp_path: Path, postgres: Server) -> None:
        path, url = orders_file(tmp_path, 10), postgres.url(uuid4().hex)
        for _ in range(2):
            ran = run("import", path, "--sandbox", "--journal", url)
            assert (ran.code, "The sandbox holds 10 orders" in ran.out) == (0, True)
            (tmp_path / "orders.csv.sandbox.sqlite3").unlink()
