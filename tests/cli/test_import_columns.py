"""How ``justclick import`` reads a file, and the preview of it."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from justclick_async.bulk import KINDS, Kind
from justclick_async.bulk.rows.header import find_field
from justclick_async.cli.errors import WrongUsage
from justclick_async.cli.import_options import Reading, read_options
from tests.cli.command import Ran, environment, run, service

GETCOURSE = (
    "ID заказа;Пользователь;Email;Дата создания;Дата оплаты;Title;Статус;Стоимость, RUB;"
    "Валюта;Использован промокод;Своё поле\n"
    "1;Иван Примеров;ivan@example.com;2024-05-17 14:30:00;;Оплата;Завершен;1500;RUB;MAY;x\n"
    "2;Анна Примерова;anna@example.com;2024-05-17 14:31:00;;Курс;Отменено;900;RUB;;x\n"
    "Итого;;;;;;;2400;;;\n"
)


def written(folder: Path, text: str, name: str = "orders.csv") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def dry(folder: Path, text: str, *words: str, **env: str) -> Ran:
    return run("import", written(folder, text), "--dry-run", *words, env=environment(**env))


class TestPreview:
    def test_an_export_is_named_with_its_columns_and_what_is_left_out(self, tmp_path: Path) -> None:
        ran = dry(tmp_path, GETCOURSE)
        assert ran.code == 0
        assert "--preset getcourse_orders" in ran.out
        assert "Пользователь → full_name" in ran.out
        assert "Columns that are not sent: Дата оплаты, Своё поле." in ran.out
        assert "Rows of totals that are left out, by line: 4" in ran.out

    def test_cancelled_orders_are_counted_and_the_line_that_skips_them_works(
        self, tmp_path: Path
    ) -> None:
        ran = dry(tmp_path, GETCOURSE)
        assert "every row becomes a new order" in ran.out
        assert "Завершен 1, Отменено 1" in ran.out
        line = next(line for line in ran.out.splitlines() if "--skip" in line)
        words = shlex.split(line[line.index("--skip") :])
        assert "1 row; can be sent: 1" in dry(tmp_path, GETCOURSE, *words).out

    def test_all_words_of_a_status_are_accounted_for(self, tmp_path: Path) -> None:
        words = ["Частичный возврат", "partially refunded", "unpaid", "Не оплачен", "paid", "P"]
        text = "email;goods;Статус\n" + "".join(f"a{i}@b.ru;x;{w}\n" for i, w in enumerate(words))
        lines = dry(tmp_path, text).out.splitlines()
        cancelled, unpaid, unknown = [line for line in lines if "--skip" in line]
        assert "'Статус=Частичный возврат,partially refunded'" in cancelled
        assert "unpaid orders, too" in unpaid
        assert "Unknown statuses: P 1." in unknown
        skip = shlex.split(unpaid[unpaid.index("--skip") :])
        assert "2 rows; can be sent: 2" in dry(tmp_path, text, *skip).out

    def test_a_column_that_says_what_was_cancelled_is_shown_though_it_is_left_out(
        self, tmp_path: Path
    ) -> None:
        text = "email;goods;Отменён\na@b.ru;x;Да\nc@d.ru;x;Нет\n"
        assert "--skip 'Отменён=Да'" in dry(tmp_path, text, "--map", "Отменён=").out

    def test_columns_of_an_earlier_report_are_named(self, tmp_path: Path) -> None:
        ran = dry(tmp_path, "email;goods;bill_id;outcome\na@b.ru;x;5;won\n")
        assert "Columns of an earlier report, which are not sent: bill_id, outcome." in ran.out

    def test_the_preview_in_json_and_in_russian(self, tmp_path: Path) -> None:
        (event,) = dry(tmp_path, GETCOURSE, "--json").events
        assert event["preset"] == "getcourse_orders"
        assert event["not_sent"] == ["Дата оплаты", "Своё поле"]
        assert (event["totals"], event["statuses"]["Статус"]["Отменено"]) == ([4], 1)
        russian = dry(tmp_path, GETCOURSE, LANG="ru_RU.UTF-8").out
        assert "каждая строка станет новым заказом" in russian
        assert "Столбцы, которые не отправляются: Дата оплаты, Своё поле." in russian

    def test_a_value_of_a_filter_that_no_row_has_is_said(self, tmp_path: Path) -> None:
        ran = dry(tmp_path, GETCOURSE, "--skip", "Статус=Отменен")
        assert "No row has Статус=Отменен (--skip)" in ran.out

    def test_a_file_without_a_header_shows_no_customer(self, tmp_path: Path) -> None:
        ran = dry(tmp_path, "ivan@secret.ru;invoice;Секретов\nanna@secret.ru;invoice;Анна\n")
        assert ran.code != 0
        assert "no header" in ran.err
        assert "secret" not in ran.out + ran.err
        assert "Секретов" not in ran.out + ran.err

    def test_names_whose_surname_may_be_first_are_counted(self, tmp_path: Path) -> None:
        names = ["Иванова Анна", "Иванов А.А.", "Примеров Иван Иванович", "John Smith", "Анна", ""]
        text = "email;goods;ФИО\n" + "".join(f"a{i}@b.ru;x;{n}\n" for i, n in enumerate(names))
        ran = dry(tmp_path, text)
        assert "Column 'ФИО': 2 names without a patronymic are read as" in ran.out
        assert "without a patronymic" not in dry(tmp_path, "email;goods;ФИО\na@b.ru;x;Анна\n").out

    @pytest.mark.parametrize(
        ("heading", "name", "is_unclear"),
        [
            ("Имя", "Иванов Пётр", True),
            ("Имя клиента", "Иванов Пётр", True),
            ("Имя Фамилия", "Иванов Пётр", False),
            ("ИМЯ  И ФАМИЛИЯ", "Иванов Пётр", False),
            ("Фамилия и имя", "Иванов Пётр", False),
            ("Фамилия Имя Отчество", "Иванов Пётр", False),
            ("Фамилия Имя Отчество", "Мария Анна Берг", True),
            ("Фамилия Имя Отчество", "Иван Иванович", True),
            ("ФИО", "Мамедов Али Рашид оглы", False),
            ("ФИО", "Мамедов Али Рашид-оглы", False),
            ("ФИО", "Мамедов Али Рашид", True),
        ],
    )
    def test_only_headings_that_state_the_order_are_clear(
        self, tmp_path: Path, heading: str, name: str, is_unclear: bool
    ) -> None:
        text = f"email;goods;{heading}\na@b.ru;x;{name}\n"
        ran = dry(tmp_path, text, "--map", f"{heading}=full_name")
        line = f"Column '{heading}': 1 name without a patronymic is read as first name, surname."
        assert (line in ran.out) == is_unclear

    def test_names_in_exports_of_other_systems_are_counted(self, tmp_path: Path) -> None:
        form = (
            "Отметка времени,Адрес электронной почты,Ваше полное имя,goods\n"
            "2024-05-17 14:30,a@b.ru,Иванов Пётр,x\n"
        )
        ran = dry(tmp_path, form)
        assert "(--preset google_forms)" in ran.out
        assert "Column 'Ваше полное имя': 1 name without a patronymic" in ran.out

    @pytest.mark.parametrize("text", ["email;goods\n", '{"email": "a@b.ru", "goods": "x"}\n'])
    def test_a_file_without_rows_has_no_table(self, tmp_path: Path, text: str) -> None:
        ran = dry(tmp_path, text)
        assert (ran.code, "field" in ran.out) == (0, text.startswith("{"))

    def test_the_end_says_that_there_was_no_connection(self, tmp_path: Path) -> None:
        env = environment(
            JUSTCLICK_LOGIN="u", JUSTCLICK_API_KEY="k" * 40, JUSTCLICK_BASE_URL="http://127.0.0.1:9"
        )
        ran = run("import", written(tmp_path, "email;goods\na@b.ru;x\n"), "--yes", env=env)
        assert "1 × not sent: no connection" in ran.out
        assert "Not checked whether the shop has these products: no connection" in ran.out


class TestProducts:
    FILE = "email;goods\na@b.ru;Оплата по счёту\nc@d.ru;invoice\ne@f.ru;nope\ng@h.ru;nope\n"

    def test_unknown_ids_of_the_whole_file_are_found_by_one_request(self, tmp_path: Path) -> None:
        with service() as there:
            (goods,) = run("goods", "get-all-goods", "--output", "json", env=there.env).events
            title = next(each["good_title"] for each in goods if each["good_name"] == "invoice")
            path = written(tmp_path, self.FILE.replace("Оплата по счёту", title))
            ran = run("import", path, "--dry-run", env=there.env)
            assert f"«{title}» is the title of `invoice`" in ran.out
            assert f"--good '{title}=invoice'" in ran.out
            assert "no product 'nope' (rows: 2)" in ran.out
            words = ["--good", f"{title}=invoice", "--good", "nope=invoice"]
            ran = run("import", path, "--yes", *words, env=there.env)
            assert "The shop has all products of the file." in ran.out
            assert ran.code == 0

    def test_a_dry_run_without_an_account_says_what_it_did_not_check(self, tmp_path: Path) -> None:
        ran = dry(tmp_path, "email;goods\na@b.ru;x\n")
        assert ran.code == 0
        assert "Not checked whether the shop has these products" in ran.out


class TestSettings:
    WORDS = (
        "--map", "Note=comment", "--map", "Phone#2=", "--set", "tag=a = b", "--good", "Курс=course",
        "--skip", 'Статус="a, b",c', "--only", "Статус=*", "--timezone", "UTC", "--ignore-unknown",
        "--currency", "usd", "--dates", "mdy",
    )  # fmt: skip
    FILE = (
        "email;goods;Note;Phone;Phone;Статус;Extra;created\n"
        'a@b.ru;Курс;hi;+7 900 000-00-00;;ok;x;03/04/2024\nc@d.ru;Курс;;;;"a, b";x;03/04/2024\n'
    )

    def test_what_is_saved_gives_the_same_import(self, tmp_path: Path) -> None:
        saved = tmp_path / "shop.toml"
        first = dry(tmp_path, self.FILE, *self.WORDS, "--save-settings", str(saved))
        assert first.code == 0
        assert first.out == dry(tmp_path, self.FILE, "--settings", str(saved)).out
        assert "Note=comment" not in saved.read_text()
        assert read_options(Reading(settings=saved)) == read_options(
            Reading(
                map=("Note=comment", "Phone#2="), set=("tag=a = b",), good=("Курс=course",),
                skip=('Статус="a, b",c',), only=("Статус=*",), timezone="UTC", currency="usd",
                dates="mdy", ignore_unknown=True,
            )
        )  # fmt: skip

    def test_the_command_line_counts_before_the_settings(self, tmp_path: Path) -> None:
        saved = tmp_path / "shop.toml"
        saved.write_text('timezone = "UTC"\n[columns]\nA = "email"\nB = "goods"\n')
        options = read_options(Reading(settings=saved, map=("B=tag",), timezone="Asia/Omsk"))
        assert (options.zone, dict(options.rename)) == ("Asia/Omsk", {"A": "email", "B": "tag"})

    @pytest.mark.parametrize(
        "text",
        [
            'colums = "x"',
            "header_row = true",
            "[columns]\na = 1",
            "[skip]\na = [1]",
            "[[",
            'dates = "x"',
        ],
    )
    def test_settings_that_have_no_meaning_are_refused(self, tmp_path: Path, text: str) -> None:
        with pytest.raises(WrongUsage):
            read_options(Reading(settings=written(tmp_path, text, "s.toml")))

    def test_settings_that_are_there_are_not_written_over(self, tmp_path: Path) -> None:
        saved = written(tmp_path, '# mine\ncurrency = "RUB"\n', "s.toml")
        with pytest.raises(WrongUsage, match="already"):
            read_options(Reading(save_settings=saved, currency="USD"))
        assert saved.read_text().startswith("# mine")

    @pytest.mark.parametrize(
        "given", [{"map": ("Phone",)}, {"set": ("=x",)}, {"map": ("A=email", "A=tag")}]
    )
    def test_an_option_that_has_no_meaning_is_refused(self, given: dict[str, tuple[str]]) -> None:
        with pytest.raises(WrongUsage):
            read_options(Reading(**given))  # type: ignore[arg-type]


class TestHelp:
    def test_options_stand_in_groups_and_the_fields_are_listed(self) -> None:
        said = run("import", "--help", env=environment(COLUMNS="400")).out
        groups = [name for name in ("File and columns", "Sending", "Account") if name in said]
        assert groups == ["File and columns", "Sending", "Account"]
        assert "orders: email, full_name" in said

    @pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: str(kind.name))
    def test_every_field_is_listed_and_is_one(self, kind: Kind[Any]) -> None:
        names = kind.names
        said = " ".join(
            run("import", "--help", env=environment(COLUMNS="4000")).out.replace("│", "").split()
        )
        listed = said.partition(f" {kind.name}: ")[2].partition(".")[0].replace("*", "").split(", ")
        assert [name for name in listed if find_field(name, names) is None] == []
        assert set(names.fields.values()) <= set(listed)
        assert ("good_sum_1" in listed) == names.products


# ── Advice ──────────────────────────────────────────────────────────────────────────

SOURCES = [
    *Path("justclick_async/bulk").rglob("*.py"),
    *Path("justclick_async/cli").glob("import_*.py"),
    *Path("justclick_async/cli").glob("reading*.py"),
]


def hints() -> Iterator[str]:
    """Return every text of the importer that names an option."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield from re.findall(r"(?<![\w-])--[a-z][a-z-]+", node.value)


def test_every_option_in_a_hint_exists() -> None:
    said = run("import", "--help", env=environment(COLUMNS="400")).out
    others = {"--temporal", "--db", "--help", "--rate", "--keep", "--write"}
    assert sorted({each for each in hints() if each not in said} - others) == []


def test_a_journal_of_other_options_is_refused(tmp_path: Path) -> None:
    """Each option that changes what rows say belongs to the identity of a journal."""
    words = ["import", written(tmp_path, "email;goods;tag;x\na@b.ru;sales;t;y\n"), "--sandbox"]
    assert run(*words, "--map", "x=").code == 0
    for more in (
        ["--map", "x=comment"], ["--map", "x=", "--set", "coupon=MAY"],
        ["--map", "x=", "--good", "sales=invoice"], ["--map", "x=", "--skip", "tag=t"],
        ["--ignore-unknown"], ["--map", "x=", "--currency", "USD"],
    ):  # fmt: skip
        again = run(*words, *more)
        assert again.code != 0
        assert "journal" in again.err
