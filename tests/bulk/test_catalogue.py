"""The products of a file beside those of the shop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from justclick_async import AsyncJustClick, bulk
from justclick_async.bulk.catalogue import Catalogue
from justclick_async.bulk.rows.reader import read_rows
from justclick_async.models.products import Product
from justclick_async.sandbox import Sandbox


def catalogue() -> Catalogue:
    return Catalogue(
        [
            Product(good_name="invoice", good_title="Оплата по счёту"),
            Product(good_name="sales", good_title="Курс продаж"),
        ]
    )


def test_a_title_gets_a_hint_with_its_id() -> None:
    reason, hint = catalogue().advice("оплата  по счёту")
    assert reason == "«оплата  по счёту» is the title of `invoice`"
    assert hint == "Use --good 'оплата  по счёту=invoice'"


def test_an_unknown_product_gets_a_hint_with_existing_ids() -> None:
    assert catalogue().advice("Вебинар")[1] == (
        "Add --good 'Вебинар=ID' with the product's id in the shop for ID: invoice, sales"
    )


@pytest.mark.parametrize(
    "name",
    [
        "2 invoice",
        "invoice - 2",
        "invoice_x2",
        "invoice+sales",
        "invoice & sales",
        '["invoice"]',
        "invoice и sales",
    ],
)
def test_a_possible_quantity_or_list_of_products_gets_a_warning(
    name: str,
) -> None:
    """``--good`` makes one product of the whole cell."""
    hint = catalogue().advice(name)[1]
    assert hint.startswith("If it holds a quantity or several products, write the id of each")
    assert hint.in_("ru").startswith("Если здесь количество или несколько товаров")


@pytest.mark.asyncio
async def test_an_import_asks_for_the_products_once_and_names_all_that_are_unknown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "orders.csv"
    title = "Sales in cinemas"
    path.write_text(f"email;goods\na@b.ru;nope\nc@d.ru;{title}\ne@f.ru;nope\ng@h.ru;sales\n")
    with Sandbox() as there:
        async with AsyncJustClick(
            there.login, there.api_key, base_url=there.base_url, rate=None
        ) as client:
            first = await client.import_orders(path)
            again = await client.import_orders(path)
        requests: Any = there.state()["requests"]
    asked = [request for request in requests if request["method"] == "GetAllGoods"]
    assert list(first.warnings) == [
        "the shop has no product 'nope' (2 rows); pass products={'nope': 'ID'}",
        f"«{title}» is the title of `sales` (1 row); pass products={{'{title}': 'sales'}}",
    ]
    assert (first.totals.succeeded, again.warnings, len(asked)) == (1, (), 1)
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2


def test_a_plan_names_the_products_that_the_shop_does_not_have(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("email;goods\na@b.ru;nope\nc@d.ru;invoice\n")
    made = bulk.plan(path, login="me", shop=[Product(good_name="invoice", good_title="Оплата")])
    assert list(made.warnings) == [
        "the shop has no product 'nope' (1 row); pass products={'nope': 'ID'}"
    ]


def test_where_each_row_names_another_product_a_thousand_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("email;goods\n" + "".join(f"a@example.com;x{i}\n" for i in range(1100)) * 2)
    found = catalogue()
    for row in read_rows(path):
        found.look(row)
    assert len(found.unknown) == 1000
    assert set(found.unknown.values()) == {2}
