"""Products, tags and orders of API 2.0 from files; whatever is killed, nothing is done twice."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.cli.command import Ran, Service, run, service
from tests.cli.test_crashes import BAD, Killer, finish

FRAGILE: list[object] = ["--yes", "--settle-after", "1", "--stop-after", "0"]


def read_results(path: Path, which: str) -> list[dict[str, str]]:
    with Path(f"{path}.{which}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def write(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def import_kind(kind: str, path: Path, there: Service, *options: object) -> Ran:
    return run("import", path, "--kind", kind, "--yes", *options, env=there.env)


class TestGoods:
    def test_products_are_created_or_changed(self, tmp_path: Path) -> None:
        path = write(
            tmp_path / "goods.csv",
            "good_id;Идентификатор;Название;Цена;Тип;publish;good_client_rassilki",
            "9;course;Курс;1 500,50;цифровой;да;second, third",
            ";invoice;;1200;;;",
        )
        with service() as there:
            assert import_kind("goods", path, there).code == 0
            found = {product["good_name"]: product for product in there.state["products"]}
        course = found["course"]
        assert (course["good_title"], course["good_sum"], course["good_type"]) == (
            "Курс",
            "1500.50",
            "digital",
        )
        assert (course["good_publish"], course["good_client_rassilki"]) == ("1", "second,third")
        assert found["invoice"]["good_sum"] == "1200.00"
        assert found["invoice"]["good_title"] != ""
        assert [row["outcome"] for row in read_results(path, "success")] == ["saved", "saved"]

    def test_a_new_product_needs_a_title_and_a_type_and_another_type_is_refused(
        self, tmp_path: Path
    ) -> None:
        path = write(tmp_path / "g.csv", "name;price;title;type", "x;5;X;", "notebook;5;;digital")
        with service() as there:
            types = {each["good_name"]: each["good_type"] for each in there.state["products"]}
            assert types["notebook"] == "real"
            assert import_kind("goods", path, there).code == 1
        first, second = read_results(path, "failed")
        assert "needs a title and a type" in first["reason"]
        assert "the product is real" in second["reason"]

    def test_the_hints_of_failed_rows_lead_to_the_products(self, tmp_path: Path) -> None:
        path = write(tmp_path / "g.csv", "name;price;title;type", "x;5;X;", "notebook;5;;digital")
        with service() as there:
            import_kind("goods", path, there)
            failed = tmp_path / "g.csv.failed.csv"
            text = failed.read_text().replace("x;5;X;;", "x;5;X;digital;")
            failed.write_text(text.replace("notebook;5;;digital", "notebook;5;;"))
            assert import_kind("goods", failed, there).code == 0
            found = {each["good_name"]: each for each in there.state["products"]}
        assert (found["x"]["good_title"], found["notebook"]["good_sum"]) == ("X", "5.00")

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ("x;;X;real", "price: is empty"),
            (";5;X;real", "name: is empty"),
            ("x;1,500;X;real", "price: has two readings"),
            ("x;5;X;paper", "type: must be one of real, digital"),
            ("x;#N/A;X;real", "price: contains an error value"),
        ],
    )
    def test_a_row_that_is_not_understood_is_refused(
        self, tmp_path: Path, row: str, reason: str
    ) -> None:
        path = write(tmp_path / "g.csv", "name;price;title;type", row)
        assert run("import", path, "--kind", "goods", "--dry-run").code == 1
        (failed,) = read_results(path, "failed")
        assert failed["reason"].startswith(reason)
        assert "shop's price" not in failed["hint"]

    def test_an_export_is_imported_into_another_shop(self, tmp_path: Path) -> None:
        path = tmp_path / "goods.csv"
        seed = tmp_path / "seed.json"
        product = {
            "good_name": "a",
            "good_title": "Курс, «A»",
            "good_sum": "5",
            "good_type": "real",
        }
        seed.write_text(json.dumps({"products": [product]}))
        with service("--db", tmp_path / "a.db", "--seed-file", seed) as there:
            assert run("export", "goods", "--to", path, env=there.env).code == 0
        with service() as there:
            assert import_kind("goods", path, there).code == 0
            (found,) = [each for each in there.state["products"] if each["good_name"] == "a"]
        assert (found["good_title"], found["good_sum"]) == ("Курс, «A»", "5.00")

    def test_an_import_that_is_killed_again_and_again(self, tmp_path: Path) -> None:
        count = 130
        path = write(
            tmp_path / "goods.csv",
            "name;title;price;type",
            *(f"g{i};Title {i};{100 + i};digital" for i in range(count)),
        )
        with service("--db", tmp_path / "sandbox.db", *BAD) as there:
            words: list[object] = ["import", path, "--kind", "goods", *FRAGILE]
            Killer(words, tmp_path / "goods.csv.journal", there, 30).kill(4)
            last = finish(path, words, there)
            assert (last.code, last.err.count("Traceback")) == (0, 0)
            found = Counter(
                (each["good_name"], each["good_title"], each["good_sum"])
                for each in there.state["products"]
                if each["good_title"].startswith("Title ")
            )
        # One that exists already would be refused (code 3), were it sent blindly.
        assert read_results(path, "failed") == []
        assert found == Counter((f"g{i}", f"Title {i}", f"{100 + i}.00") for i in range(count))


class TestTags:
    @staticmethod
    def seed(folder: Path, count: int) -> list[object]:
        seed = folder / "seed.json"
        contacts = [{"email": f"c{i}@example.com", "tags": ["old"]} for i in range(count)]
        seed.write_text(json.dumps({"contacts": contacts}))
        return ["--db", folder / "sandbox.db", "--seed-file", seed]

    def test_tags_are_added_and_removed_and_no_contact_is_created(self, tmp_path: Path) -> None:
        path = write(
            tmp_path / "tags.csv",
            "Почта;Теги;remove_tags",
            "c0@example.com;vip, new;old",
            "c1@example.com;;old",
            "nobody@example.com;vip;",
            "c2@example.com;;",
        )
        with service(*self.seed(tmp_path, 3)) as there:
            assert import_kind("tags", path, there).code == 1
            tags = {contact["email"]: contact["tags"] for contact in there.state["contacts"]}
        assert tags == {
            "c0@example.com": ["vip", "new"],
            "c1@example.com": [],
            "c2@example.com": ["old"],
        }
        unknown, empty = read_results(path, "failed")
        assert unknown["code"] == "801"
        assert empty["reason"].startswith("Теги: is empty")

    def test_the_orders_of_a_success_file_tag_their_customers(self, tmp_path: Path) -> None:
        path = write(
            tmp_path / "o.csv.success.csv",
            "email;goods;bill_id;outcome",
            "c0@example.com;invoice;7;created",
        )
        options = ["--ignore-unknown", "--set", "add_tags=bought, spring"]
        with service(*self.seed(tmp_path, 1)) as there:
            assert import_kind("tags", path, there, *options).code == 0
            (contact,) = there.state["contacts"]
        assert contact["tags"] == ["old", "bought", "spring"]

    def test_an_import_that_is_killed_sends_no_row_twice(self, tmp_path: Path) -> None:
        count = 120
        path = write(
            tmp_path / "tags.csv",
            "email;add_tags",
            *(f"c{i}@example.com;t{i}" for i in range(count)),
        )
        with service(*self.seed(tmp_path, count), *BAD) as there:
            words: list[object] = ["import", path, "--kind", "tags", *FRAGILE]
            Killer(words, tmp_path / "tags.csv.journal", there, 30).kill(2)
            ran = [run(*words, "--rate", "0", env=there.env) for _ in range(3)]
            assert "Traceback" not in ran[-1].err
            requests = [r for r in there.state["requests"] if r["method"].lower() == "addtagtolead"]
            tags = {contact["email"]: contact["tags"] for contact in there.state["contacts"]}
        sent = Counter(re.findall(r"lead_email=(\w+)", " ".join(r["sent"] for r in requests)))
        assert set(sent.values()) == {1}
        assert len(requests) <= count
        done = {row["email"] for row in read_results(path, "success")}
        unknown = read_results(path, "unprocessed")
        assert done | {row["email"] for row in unknown} == set(tags)
        assert len(done) + len(unknown) == count
        assert unknown
        assert all(tags[email] == ["old", f"t{email[1:].partition('@')[0]}"] for email in done)
        assert {row["outcome"] for row in unknown} == {"unknown"}
        assert {row["reason"] for row in unknown} == {
            "the service does not show the tags of a contact"
        }


class TestV2Orders:
    def test_paid_and_confirmed_orders_are_created(self, tmp_path: Path) -> None:
        path = write(
            tmp_path / "v2.csv",
            "email;goods;created;Статус;paid;confirmed;ФИО;country;coupon",
            "a@b.ru;invoice, sales:1700;01.05.2024 12:00;Оплачен;02.05.2024 13:00;да;Анна Ли;ru;",
            "c@d.ru;invoice;01.05.2024;Отменён;;;;;",
            "e@f.ru;invoice;;waiting;;;;;",
        )
        with service() as there:
            assert import_kind("v2-orders", path, there).code == 0
            first, second, third = there.orders
        assert (first["status"], second["status"], third["status"]) == ("paid", "cancel", "waiting")
        assert (first["created"], first["paid"]) == (1714554000, 1714644000)
        assert (first["first_name"], first["last_name"]) == ("Анна", "Ли")
        assert first["confirmed"] == "Yes"
        assert {(good["good_name"], good["good_sum"]) for good in first["goods"]} == {
            ("invoice", "1500.00"),
            ("sales", "1700.00"),
        }

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ("paid;2024-05-01;;;", "created: is empty, but the row has a time of payment"),
            ("Expected;2024-05-01;2024-05-01;;", "paid: is given, but the status is not Paid"),
            ("shipped;;;;", "status: must be one of Expected, Paid, MoneyBack, Cancel"),
            ("paid;;;MAY;", "coupon: must be a whole number"),
            ("paid;;;;Россия", "country: must be a country code of two letters"),
        ],
    )
    def test_a_row_that_is_not_understood_is_refused(
        self, tmp_path: Path, row: str, reason: str
    ) -> None:
        header = "email;goods;status;paid;created;coupon;country"
        path = write(tmp_path / "v2.csv", header, f"a@b.ru;invoice;{row}")
        run("import", path, "--kind", "v2-orders", "--dry-run")
        (failed,) = read_results(path, "failed")
        assert failed["reason"].startswith(reason)

    def test_a_constant_status_makes_every_order_paid(self, tmp_path: Path) -> None:
        path = write(tmp_path / "v2.csv", "email;goods", "a@b.ru;invoice", "c@d.ru;invoice")
        with service() as there:
            assert import_kind("v2-orders", path, there, "--set", "status=Paid").code == 0
            assert set(there.statuses.values()) == {"paid"}

    def test_an_export_of_another_system_is_read_with_its_preset(self, tmp_path: Path) -> None:
        path = write(
            tmp_path / "export.csv",
            "bill_id,email,pay_status,paid,created,bill_sum_topay,good_count,goods",
            "7,a@b.ru,paid,2024-05-02T10:00:00+00:00,2024-05-01T10:00:00+00:00,0,1,invoice:990",
        )
        with service() as there:
            assert import_kind("v2-orders", path, there).code == 0
            (order,) = there.orders
        assert (order["status"], order["paid"]) == ("paid", 1714644000)

    def test_an_import_that_is_killed_again_and_again(self, tmp_path: Path) -> None:
        count = 160
        path = write(
            tmp_path / "v2.csv",
            "email;goods;tag;status;confirmed",
            *(
                f"u{i // 4}@example.com;invoice:{100 + i % 3};row {i};paid;yes"
                for i in range(count)
            ),
        )
        with service("--db", tmp_path / "sandbox.db", *BAD) as there:
            words: list[object] = ["import", path, "--kind", "v2-orders", *FRAGILE]
            Killer(words, tmp_path / "v2.csv.journal", there, 20).kill(5)
            last = finish(path, words, there)
            assert (last.code, last.err.count("Traceback")) == (0, 0)
            tags = Counter(order["tag"] for order in there.orders)
            assert set(there.statuses.values()) == {"paid"}
        assert tags == Counter(f"row {i}" for i in range(count))


class TestStatusesFromASuccessFile:
    HEADER = "email;goods;order_id;Дата;Статус;bill_id;outcome"

    def test_each_order_gets_the_status_of_the_constant(self, tmp_path: Path) -> None:
        orders = write(
            tmp_path / "orders.csv",
            "email;goods;order_id;Дата;Статус",
            "a@b.ru;invoice;77;01.05.2024;оплачен",
            "c@d.ru;invoice;78;02.05.2024;новый",
        )
        with service() as there:
            assert import_kind("orders", orders, there).code == 0
            success = Path(f"{orders}.success.csv")
            done = import_kind("statuses", success, there, "--set", "status=cancel")
            assert (done.code, done.errors) == (0, "")
            assert set(there.statuses.values()) == {"cancel"}
        assert (
            "Columns that are not sent: email, goods, order_id, Дата, Статус, outcome." in done.out
        )

    def test_the_columns_of_the_order_are_no_date_and_no_status(self, tmp_path: Path) -> None:
        path = write(tmp_path / "s.csv", self.HEADER, "a@b.ru;x;77;01.05.2024;оплачен;5;created")
        refused = run("import", path, "--kind", "statuses", "--dry-run")
        assert "column 'status' not found" in refused.err
        run("import", path, "--kind", "statuses", "--dry-run", "--set", "status=paid")
        (row,) = read_results(path, "failed")
        assert row["reason"] == "date: is empty, but the status requires it"

    def test_an_export_of_orders_drives_them_as_well(self, tmp_path: Path) -> None:
        orders = write(tmp_path / "o.csv", "email;goods", "a@b.ru;invoice", "c@d.ru;sales")
        path = tmp_path / "all.csv"
        with service() as there:
            import_kind("orders", orders, there)
            words = ["--since", "2026-01-31", "--rate", "1000", "--to", path]
            assert run("export", "orders", *words, env=there.env).code == 0
            assert import_kind("statuses", path, there, "--set", "status=cancel").code == 0
            assert set(there.statuses.values()) == {"cancel"}

    def test_columns_that_are_named_are_read(self, tmp_path: Path) -> None:
        path = write(tmp_path / "s.csv", self.HEADER, "a@b.ru;x;77;01.05.2024;оплачен;5;created")
        named = ["--map", "Статус=status", "--map", "Дата=date"]
        assert run("import", path, "--kind", "statuses", "--dry-run", *named).code == 0

    def test_orders_of_several_lines_are_changed_once(self, tmp_path: Path) -> None:
        path = write(
            tmp_path / "s.csv",
            self.HEADER,
            "a@b.ru;invoice;77;;;102937;created",
            ";sales;77;;;102937;created",
        )
        shown = run("import", path, "--kind", "statuses", "--dry-run", "--set", "status=cancel")
        assert (shown.code, "duplicates of earlier rows: 1" in shown.out) == (0, True)

    def test_only_rows_with_one_outcome_may_be_chosen(self, tmp_path: Path) -> None:
        path = write(
            tmp_path / "s.csv", self.HEADER, "a@b.ru;x;;;;5;created", "a@b.ru;x;;;;6;existed"
        )
        options = ["--set", "status=cancel", "--only", "outcome=created", "--json"]
        shown = run("import", path, "--kind", "statuses", "--dry-run", *options)
        assert shown.events[-1]["rows"] == 1


@pytest.mark.parametrize(
    ("kind", "header", "constant"),
    [
        ("goods", "name;price;type", "type=digital"),
        ("tags", "email;Теги", "add_tags=x"),
        ("v2-orders", "email;goods;Статус", "status=Paid"),
        ("statuses", "bill_id;Статус", "status=cancel"),
    ],
)
def test_a_constant_beside_a_column_of_its_field_is_refused(
    tmp_path: Path, kind: str, header: str, constant: str
) -> None:
    path = write(tmp_path / "f.csv", header, "a;1;2")
    refused = run("import", path, "--kind", kind, "--dry-run", "--set", constant)
    column = header.rpartition(";")[2]
    assert f"comes both from --set and from the column {column!r}" in refused.err
    ignored = ["--set", constant, "--map", f"{column}="]
    assert "comes both" not in run("import", path, "--kind", kind, "--dry-run", *ignored).err


@pytest.mark.parametrize(
    ("kind", "header", "before", "after", "hint"),
    [
        ("contacts", "email;groups;activation", "a@b.ru;x;maybe", "a@b.ru;x;1", "Write 1 for yes"),
        ("contacts", "email;groups", "a@b.ru;1,200", "a@b.ru;1, 200", "Write a number without"),
        ("statuses", "bill_id;status", "5;shipped", "5;cancel", "Write one of these words."),
        ("statuses", "bill_id;status", "x;cancel", "102937;cancel", "Write the number that"),
        ("goods", "name;price", "x;1,500", "x;1500", "Write it as 1500 or 1500.50."),
        ("goods", "name;price", ";5", "x;5", "Write the id of the product"),
        ("goods", "name;price", "x;", "x;5", "Write the price"),
        ("tags", "email;add_tags", "a@b.ru;", "a@b.ru;x", "Fill in tags to add or to remove"),
        (
            *("v2-orders", "email;goods;country", "a@b.ru;invoice;Россия", "a@b.ru;invoice;RU"),
            "Write RU",
        ),
        (
            *("v2-orders", "email;goods;created;paid;status"),
            *("a@b.ru;invoice;2024-05-01;2024-05-01;", "a@b.ru;invoice;2024-05-01;2024-05-01;Paid"),
            "Write the status Paid",
        ),
        (
            *("v2-orders", "email;goods;created;paid;status"),
            *("a@b.ru;invoice;;2024-05-01;Paid", "a@b.ru;invoice;2024-05-01;2024-05-01;Paid"),
            "Write when it was ordered",
        ),
    ],
)
def test_a_hint_that_is_followed_leads_to_a_row_that_is_sent(
    tmp_path: Path, kind: str, header: str, before: str, after: str, hint: str
) -> None:
    path = write(tmp_path / "rows.csv", header, before)
    assert run("import", path, "--kind", kind, "--dry-run").code == 1
    (failed,) = read_results(path, "failed")
    assert failed["hint"].startswith(hint)
    write(path, header, after)
    assert run("import", path, "--kind", kind, "--dry-run").code == 0


def test_the_hint_about_a_missing_status_is_followed_by_a_constant(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.csv", "bill_id;state", "102937;cancel")
    refused = run("import", path, "--kind", "statuses", "--ignore-unknown", "--dry-run")
    assert "--map 'COLUMN=status'" in refused.err
    assert "--set status=STATUS" in refused.err
    for way in ["--map", "state=status"], ["--ignore-unknown", "--set", "status=cancel"]:
        assert run("import", path, "--kind", "statuses", "--dry-run", *way).code == 0


def test_statuses_of_the_same_file_can_be_set_once_more_as_the_hint_says(tmp_path: Path) -> None:
    with service() as there:
        made = write(tmp_path / "o.csv", "email;goods", "a@example.com;invoice", "b@b.ru;sales")
        assert import_kind("orders", made, there).code == 0
        path = tmp_path / "o.csv.success.csv"
        cancel, send_back = (["--set", f"status={name}"] for name in ("cancel", "return"))
        assert import_kind("statuses", path, there, *cancel).code == 0
        ran = import_kind("statuses", path, there, *send_back)
        assert ran.code == 3
        assert "belongs to the same file read with other options: --set." in ran.err
        hint = ran.err.splitlines()[-1]
        assert hint.endswith("add --journal NEW.journal --again")
        refused = import_kind("statuses", path, there, *cancel, "--journal", tmp_path / "n.journal")
        assert "twice" not in refused.err
        again = ["--journal", tmp_path / "NEW.journal", "--again"]
        assert import_kind("statuses", path, there, *send_back, *again).code == 0
