"""``--report FILE.html``: one page in the user's language that needs no network."""

from __future__ import annotations

import re
import stat
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from justclick_async import Good, Item, JustClick, OrderDetails, PayStatus
from justclick_async.cli.html_report import write_export_report
from justclick_async.export.exporter import ExportResult, state_path
from justclick_async.export.store import Store
from justclick_async.export.tables import ORDERS, order_row
from tests.cli.command import KEY, LOGIN, environment, run, service

EXTERNAL = re.compile(r"""(?:src|href|url\(|@import|<script|<link)""")


def text_of(page: Path) -> str:
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    source = page.read_text("utf-8")
    assert not EXTERNAL.search(source)
    return source


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("C.UTF-8", ["Revenue per product and day", "cancelled", "3,700.50"]),
        ("ru_RU.UTF-8", ["Выручка по товарам и дням", "отменён", "3\xa0700,50"]),
    ],
)
def test_an_export_shows_what_was_earned(tmp_path: Path, language: str, words: list[str]) -> None:
    now = datetime.now(UTC)
    with service() as there, JustClick(LOGIN, KEY, base_url=there.url) as client:
        client.add_good("<b>", type="digital", title="<script>alert(1)</script>", price=1)
        for n, goods in enumerate([[Good("sales")], [Good("<b>", "1500.50")], ["invoice"]]):
            at = now - timedelta(days=20 * n)
            bill_id = client.create_order(email=f"{n}@example.com", goods=goods, created=at).bill_id
            client.update_order_status(bill_id, "cancel" if n == 2 else "paid", date=at)
        options = ["--since", f"{now - timedelta(days=90):%Y-%m-%d}", "--report", "r.html"]
        ran = run(
            *("export", "orders", "--to", "o.csv", *options),
            env=there.env | {"LANG": language},
            cwd=tmp_path,
        )
    assert ran.code == 0, ran.err
    page = text_of(tmp_path / "r.html")
    assert [word for word in words if word not in page] == []
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    page, _h2, rate = page.rpartition("<h2>")
    assert "<rect" in rate
    assert ("Rows per second in this run" if language == "C.UTF-8" else "Строк в секунду") in rate
    assert len(re.findall(r'<rect class="c\d" x=', page)) == 2  # paid on two days
    heights = [float(each) for each in re.findall(r'height="([\d.]+)"><title>', page)]
    assert max(heights) / min(heights) == pytest.approx(2200 / 1500.5, rel=0.01)


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (Item(id="book-1", title="", sum=Decimal(100)), ["book-1", "Course", "<dd>300</dd>"]),
        (Item(id="", title="", sum=Decimal(100)), ["<dt>Products without a price</dt><dd>1</dd>"]),
        (Item(id="a", title="A", sum=Decimal(-1)), ["<dt>Products without a price</dt><dd>1</dd>"]),
    ],
)
def test_an_export_shows_orders_with_any_products(
    tmp_path: Path, item: Item, words: list[str]
) -> None:
    """No page is missing because of one order, and no sum is left out without a word."""
    items = (item, Item(id="b", title="Course", sum=Decimal(200)))
    order = OrderDetails(bill_id=1, pay_status=PayStatus.PAID, paid=datetime.now(UTC), items=items)
    result = ExportResult(tmp_path / "o.csv", 1, 0, 1)
    with Store(state_path(result.path), ORDERS, LOGIN) as store:
        store.upsert([order_row(order)])
    write_export_report(tmp_path / "r.html", result, "orders", LOGIN, {})
    page = text_of(tmp_path / "r.html")
    assert [word for word in words if word not in page] == []


def test_longer_periods_are_shown_by_month(tmp_path: Path) -> None:
    with service() as there, JustClick(LOGIN, KEY, base_url=there.url) as client:
        for month in 1, 6:
            at = datetime(2025, month, 7, tzinfo=UTC)
            bill_id = client.create_order(email="a@b.io", goods=["sales"], created=at).bill_id
            client.update_order_status(bill_id, "paid", date=at)
        words = ["--since", "2025-01-01", "--until", "2025-12-31", "--report", "r.html"]
        run("export", "orders", "--to", "o.sqlite", *words, env=there.env, cwd=tmp_path)
    page = text_of(tmp_path / "r.html")
    assert "Revenue per product and month" in page
    assert "2025-03" in page


def test_an_import_shows_reasons_and_its_rate(tmp_path: Path) -> None:
    rows = "".join(f"u{n}@example.com;invoice\n" for n in range(30))
    (tmp_path / "in.csv").write_text(f"email;goods\n{rows}nobody;invoice\n")
    ran = run("import", "in.csv", "--sandbox", "--yes", "--report", "r.html", cwd=tmp_path)
    assert ran.code == 1
    page = text_of(tmp_path / "r.html")
    assert "600 email: must be one e-mail address" in page
    assert re.search(r"<dt>created</dt><dd>30</dd>", page)
    assert "Rows per second in this run" in page


@pytest.mark.parametrize("kind", ["orders", "v2-orders"])
@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "C.UTF-8",
            ["Order total per product and day", "1,750.50", "Products without a price"],
        ),
        ("ru_RU.UTF-8", ["Сумма заказов по товарам и дням", "1\xa0750,50", "Товары без цены"]),
    ],
)
def test_an_import_shows_the_sums_of_orders_that_were_created(
    tmp_path: Path, kind: str, language: str, words: list[str]
) -> None:
    (tmp_path / "in.csv").write_text(
        "email;goods;created\na@b.io;invoice:1500.50, sales:200;1.3.2026\n"
        "b@b.io;invoice:50, sales;3.3.2026\nc@b.io;none:7000;1.3.2026\nnobody;sales:9000;1.3.2026\n"
    )
    ran = run(
        *("import", "in.csv", "--sandbox", "--yes", "--kind", kind, "--report", "r.html"),
        env=environment(LANG=language),
        cwd=tmp_path,
    )
    assert ran.code == 1, ran.err
    page = text_of(tmp_path / "r.html")
    assert [word for word in words if word not in page] == []
    assert "<dd>1</dd></div></dl>" in page  # without a price
    bars = re.findall(r"<title>([\d]+-[-\d]+): (\w+) (.+)</title>", page)
    assert [(day, name, re.sub(r"\D", "", amount)) for day, name, amount in bars] == [
        ("2026-03-01", "invoice", "150050"),
        ("2026-03-01", "sales", "200"),
        ("2026-03-03", "invoice", "50"),
    ]


def test_a_dry_run_shows_reasons(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("email;goods\na@b.io;invoice\nnobody;invoice\n")
    run("import", "in.csv", "--dry-run", "--report", "r.html", cwd=tmp_path)
    page = text_of(tmp_path / "r.html")
    assert "600 email: must be one e-mail address" in page
    assert "per second" not in page


def test_a_report_is_in_the_language_of_the_command(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("email;goods\na@example.com;invoice\n")
    words = ("import", "in.csv", "--sandbox", "--yes", "--report", "r.html")
    run(*words, env=environment(LANG="ru_RU.UTF-8"), cwd=tmp_path)
    page = text_of(tmp_path / "r.html")
    assert "Импорт: заказы" in page
    assert "0 с</text>" in page


def test_other_lists_have_counts_only(tmp_path: Path) -> None:
    run("export", "goods", "--to", "g.csv", "--sandbox", "--report", "r.html", cwd=tmp_path)
    page = text_of(tmp_path / "r.html")
    assert "<dt>Rows</dt><dd>14</dd>" in page
    assert "<h2>" not in page
