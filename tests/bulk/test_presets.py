"""Exports of other systems are recognized and read without options, whatever their version."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
from openpyxl import Workbook

from justclick_async import bulk
from justclick_async.bulk.errors import FileProblem
from justclick_async.bulk.kinds.contacts import CONTACTS
from justclick_async.bulk.kinds.orders import ORDERS
from justclick_async.bulk.kinds.statuses import STATUSES
from justclick_async.bulk.presets import load_presets, normalize_heading, recognize
from justclick_async.bulk.rows.header import find_field, read_header
from justclick_async.bulk.rows.reader import Rows, read_rows
from justclick_async.models import Good

EXPORTS = {
    each["name"]: each
    for each in json.loads((Path(__file__).parents[1] / "data/exports.json").read_text("utf-8"))
}
"""A file of each export, what it says, and what has to be added where the export lacks it."""

KINDS = {"orders": ORDERS, "contacts": CONTACTS}
NAMES = [name for name in EXPORTS if name in load_presets()]


def opened(folder: Path, name: str, text: str | None = None, **options: Any) -> Rows:
    path = folder / "export.csv"
    path.write_text(EXPORTS[name]["text"] if text is None else text, "utf-8")
    return read_rows(path, kind=KINDS[EXPORTS[name]["kind"]], **options)


def plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Good):
        return [value.name, None if value.price is None else str(value.price)]
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    if attrs.has(type(value)):
        fields = attrs.asdict(value)  # type: ignore[arg-type]
        return {name: plain(each) for name, each in fields.items() if each is not None}
    return str(value) if isinstance(value, Decimal) else value


def said(rows: Rows) -> list[dict[str, object]]:
    problems = [problem for row in rows for problem in row.problems]
    assert problems == []
    return [
        {
            a.name: plain(value)
            for a in attrs.fields(type(row.item))
            if (value := getattr(row.item, a.name)) not in (None, ())
        }
        for row in rows
    ]


def cells_of(text: str) -> tuple[list[list[str]], str]:
    """Return the rows of a file, and its delimiter."""
    delimiter = max(";,", key=lambda each: max(line.count(each) for line in text.splitlines()[:3]))
    return [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if row], delimiter


def header_of(rows: Sequence[Sequence[str]]) -> int:
    """Return which row has the most cells that are filled."""
    return max(range(len(rows)), key=lambda i: sum(map(bool, rows[i])) - i / 100)


def joined(rows: Sequence[Sequence[str]], delimiter: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue()


def test_every_preset_has_a_file_here() -> None:
    assert set(load_presets()) == set(NAMES)


@pytest.mark.parametrize("name", list(load_presets()))
def test_every_field_of_a_preset_is_one_of_its_kind(name: str) -> None:
    preset = load_presets()[name]
    kinds = [kind.names for kind in bulk.KINDS.values() if kind.names.presets == preset.kind]
    fields = {*preset.columns, *preset.joined}
    fields |= {field for way in preset.products for field in way.columns}
    assert [field for field in fields if not any(find_field(field, names) for names in kinds)] == []


@pytest.mark.parametrize("name", list(EXPORTS))
def test_an_export_is_read_as_its_system_means_it(tmp_path: Path, name: str) -> None:
    rows = opened(tmp_path, name, **EXPORTS[name]["options"])
    assert EXPORTS[name]["said"] == said(rows)
    assert EXPORTS[name]["totals"] == rows.left_out.totals
    assert rows.columns.preset is load_presets().get(name)


@pytest.mark.parametrize("name", [n for n, each in EXPORTS.items() if each["options"]])
def test_an_export_that_lacks_something_is_refused_with_what_to_add(
    tmp_path: Path, name: str
) -> None:
    """The options of the next test stand in the hint."""
    options = EXPORTS[name]["options"]
    words = {"goods": "--set goods=", "groups": "--set groups="}
    wanted = [words[field] for field in options.get("constants", ())]
    wanted += [f"--currency {options['currency']}"] if "currency" in options else []
    wanted += ["--dates dmy"] if "dates" in options else []
    try:
        hints = [p.hint for row in opened(tmp_path, name) for p in row.problems]
    except FileProblem as problem:
        hints = [problem.hint]
    assert [word for word in wanted if not any(word in hint for hint in hints)] == []


@pytest.mark.parametrize("name", NAMES)
def test_an_export_of_another_version_is_recognized(tmp_path: Path, name: str) -> None:
    """Columns stand in another order, some are new, and those that mean nothing may be missing."""
    rows, delimiter = cells_of(EXPORTS[name]["text"])
    at = header_of(rows)
    header = rows[at]
    below = [row for row in rows[at + 1 :] if len(row) >= len(header)]
    preset = load_presets()[name]
    targets = preset.targets([normalize_heading(each) for each in header])
    chosen = random.Random(name)
    kept = [
        i
        for i, target in enumerate(targets)
        if any(row[i] for row in below) or (target and not target.field and chosen.random() < 0.8)
    ]
    chosen.shuffle(kept)
    if preset.refuses_others:
        extra: list[str] = []
    else:
        extra = ["Своё поле", "Ещё одно поле (2)"]
    changed = [[header[i] for i in kept] + extra] + [
        [row[i] for i in kept] + ["x" for _ in extra] for row in below
    ]
    read = opened(tmp_path, name, joined(changed, delimiter), **EXPORTS[name]["options"])
    assert read.columns.preset is preset
    assert EXPORTS[name]["said"] == said(read)


@pytest.mark.parametrize("name", NAMES)
def test_a_result_file_of_an_export_is_read_like_the_export(tmp_path: Path, name: str) -> None:
    """Whoever mends FILE.failed.csv imports it with the same options."""
    rows, delimiter = cells_of(EXPORTS[name]["text"])
    at = header_of(rows)
    width = len(rows[at])
    kept = [row for row in rows[at:] if len(row) == width]
    added = [["code", "reason", "hint"], *([["604", "no", "do"]] * len(kept))]
    text = joined([row + more for row, more in zip(kept, added, strict=False)], delimiter)
    read = opened(tmp_path, name, text, **EXPORTS[name]["options"])
    assert EXPORTS[name]["said"] == said(read)
    assert set(read.columns.reported) == {"code", "reason", "hint"}


def test_a_custom_column_named_as_a_general_one_does_not_disturb_an_export(tmp_path: Path) -> None:
    """A GetCourse account may have a field that is called just «Дата»."""
    rows, delimiter = cells_of(EXPORTS["getcourse_orders"]["text"])
    for row, cell in zip(rows, ["Дата", "01.01.2001"], strict=True):
        row.insert(5, cell)
    read = opened(tmp_path, "getcourse_orders", joined(rows, delimiter))
    assert EXPORTS["getcourse_orders"]["said"] == said(read)
    assert "Дата" in [read.columns.header[at] for at in read.columns.left_out]


def test_an_export_of_contacts_is_not_read_as_orders(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text(EXPORTS["getcourse_users"]["text"])
    with pytest.raises(FileProblem) as caught:
        read_rows(path)
    assert "--kind contacts" in caught.value.hint
    assert said(read_rows(path, kind=CONTACTS)) == EXPORTS["getcourse_users"]["said"]


@pytest.mark.parametrize("options", [{}, {"ignore_unknown": True}])
def test_numbers_of_another_system_are_no_numbers_of_orders(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    """Its «Id» would change the status of somebody else's order."""
    path = tmp_path / "orders.csv"
    path.write_text("Id,Status,Financial Status,Lineitem name,Lineitem price\n5,paid,paid,A,1\n")
    with pytest.raises(FileProblem) as caught:
        read_rows(path, kind=STATUSES, **options)
    assert "another system" in caught.value.hint


def test_json_lines_of_an_export_are_read_like_its_csv(tmp_path: Path) -> None:
    rows, _ = cells_of(EXPORTS["getcourse_orders"]["text"])
    row = dict(zip(rows[0], rows[1], strict=True))
    read = opened(tmp_path, "getcourse_orders", json.dumps(row))
    assert EXPORTS["getcourse_orders"]["said"] == said(read)


def test_a_workbook_with_titles_and_totals_is_read(tmp_path: Path) -> None:
    """MoySklad writes a title above the header."""
    rows, _ = cells_of(EXPORTS["moysklad_counterparties"]["text"])
    book = Workbook()
    sheet = book.worksheets[0]
    for row in (["Контрагенты"], [], *rows, ["Итого", "1"]):
        sheet.append(row)
    path = tmp_path / "export.xlsx"
    book.save(path)
    read = read_rows(path, kind=CONTACTS)
    assert EXPORTS["moysklad_counterparties"]["said"] == said(read)
    assert read.left_out.totals == [5]
    assert any("line 3" in note for note in read.notes)


def test_a_preset_can_be_named_and_turned_off(tmp_path: Path) -> None:
    text = EXPORTS["tilda_crm_contacts"]["text"]
    assert said(opened(tmp_path, "tilda_crm_contacts", text, preset="tilda_crm_contacts"))
    with pytest.raises(FileProblem, match="unknown column"):
        opened(tmp_path, "tilda_crm_contacts", text, preset="none")
    with pytest.raises(FileProblem) as caught:
        opened(tmp_path, "tilda_crm_contacts", text, preset="tilda")
    assert "tilda_crm_contacts" in caught.value.hint


def test_a_file_of_ones_own_is_no_export() -> None:
    columns = read_header(["email", "goods", "Телефон", "utm_source"], names=ORDERS.names)
    assert columns.preset is None


def test_the_own_columns_of_a_user_count_before_those_of_the_preset(tmp_path: Path) -> None:
    rows = opened(tmp_path, "getcourse_orders", rename={"Теги": "good_name"})
    assert [row.order.goods for row in rows if row.order] == [(Good("vip", 1500),)]


@pytest.mark.parametrize(
    ("cell", "goods"),
    [
        ("Курс x 1 ≡ 1500\nКнига, том 2 x 2 ≡ 300", [("Курс", 1500), ("Книга, том 2", 300)]),
        ("Курс", [("Курс", None)]),
    ],
)
def test_goods_of_tilda_are_read(
    tmp_path: Path, cell: str, goods: list[tuple[str, int | None]]
) -> None:
    text = f'Email;Товары в заказе;tranid;Сумма заказа\na@b.ru;"{cell}";1:2;1\n'
    (row,) = opened(tmp_path, "tilda_crm_orders", text)
    assert row.order is not None
    assert goods == list(dict.fromkeys((good.name, good.price) for good in row.order.goods))


@pytest.mark.parametrize(
    "cell", ["Курс x 2.5 ≡ 10", "Курс x 0", "Курс ≡ 1500 ≡ 3", "Курс ≡ дорого"]
)
def test_goods_that_are_written_otherwise_are_refused(tmp_path: Path, cell: str) -> None:
    text = f'Email;Товары в заказе;tranid;Сумма заказа\na@b.ru;"{cell}";1:2;1\n'
    (row,) = opened(tmp_path, "tilda_crm_orders", text)
    assert [problem.field for problem in row.problems] == ["Товары в заказе"]


def test_a_discount_of_a_line_lowers_the_price_of_each_piece(tmp_path: Path) -> None:
    text = (
        "Name,Email,Financial Status,Currency,Lineitem quantity,Lineitem name,Lineitem price,"
        "Lineitem sku,Lineitem discount\n"
        "#1,a@b.ru,paid,RUB,2,Tee,10.00,TEE,5.00\n#1,,,,1,Mug,7.00,,0.00\n"
    )
    (row,) = opened(tmp_path, "shopify_orders", text)
    assert row.order is not None
    tee, mug = Good("TEE", "7.50"), Good("Mug", "7.00")
    assert (tee, tee, mug) == tuple(row.order.goods)


def test_a_total_that_cannot_be_divided_is_refused(tmp_path: Path) -> None:
    text = (
        "order_id,billing_email,order_number,shipping_items,tax_items,line_items\n"
        "1,a@b.ru,1,,,name:Tee|sku:|quantity:3|total:10.00\n"
    )
    (row,) = opened(tmp_path, "woocommerce_skyverge", text)
    assert "divided" in row.problems[0].reason


def test_a_heading_in_another_currency_is_refused(tmp_path: Path) -> None:
    text = EXPORTS["getcourse_orders"]["text"].replace("Стоимость, RUB", "Стоимость, USD")
    with pytest.raises(FileProblem) as caught:
        opened(tmp_path, "getcourse_orders", text)
    assert "--currency USD" in caught.value.hint


def test_presets_are_told_apart_by_what_they_have_alone() -> None:
    header = [
        normalize_heading(name) for name in cells_of(EXPORTS["tilda_crm_orders"]["text"])[0][0]
    ]
    assert recognize(header)[0].name == "tilda_crm_orders"
