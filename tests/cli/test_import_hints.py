"""Every hint of the importer, followed literally: no order is doubled, lost or sent elsewhere.

Each case is a file that is refused with a hint.  The test adds the options that the hint names, or
makes the edit that it describes, imports into a sandbox and compares all orders there.
"""

from __future__ import annotations

import gzip
import io
import re
import shlex
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import chain, pairwise, repeat
from pathlib import Path
from typing import Any, cast

import pytest
from attrs import frozen
from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from justclick_async.bulk.errors import FileProblem
from justclick_async.bulk.rows.options import MOSCOW
from justclick_async.bulk.rows.reader import read_rows
from justclick_async.cli.import_options import Reading, read_options
from justclick_async.messages import Message
from tests.catalogues import extracted
from tests.cli.command import run, service


@frozen
class Case:
    """A file, the hint that refuses it, and the orders once the hint is followed.

    Attributes:
        hint: How the template of the hint begins.
        before: The file.
        orders: The orders in the end, for each way out that the hint offers.
        after: The file once the hint is followed.
        words: The options of the command.
        words_after: The options once the hint is followed; ``None`` if the hint names what to add.
        shows: What the hint must show, since it is written literally.
        name: The name of the file.
    """

    hint: str
    before: bytes
    orders: tuple[tuple[str, ...], ...]
    after: bytes = b""
    words: tuple[str, ...] = ()
    words_after: tuple[str, ...] | None = ()
    shows: str = ""
    name: str = "orders.csv"

    def __str__(self) -> str:
        return self.hint[:30]


ONE = ("a@b.ru invoice",)
BOTH = ("a@b.ru invoice", "c@d.ru sales")


def options(
    hint: str, text: str | bytes, *orders: tuple[str, ...], words: str = "", name: str = ""
) -> Case:
    """Make a case of a hint that names options to add; one tuple of orders for each way out."""
    content = text if isinstance(text, bytes) else text.encode()
    return Case(
        hint, content, orders, content, tuple(shlex.split(words)), None, name=name or "orders.csv"
    )


def other_options(hint: str, text: str, words: str, after: str, *orders: str) -> Case:
    """Make a case of a hint that says which options to give instead."""
    content = text.encode()
    before, instead = (tuple(shlex.split(each)) for each in (words, after))
    return Case(hint, content, (orders or ONE,), content, before, instead)


def edit(
    hint: str, text: str, old: str, new: str, *orders: str, typed: bool = False, words: str = ""
) -> Case:
    """Make a case of a hint that says what to write; *typed* if a person has to know it."""
    assert old in text
    after, given = text.replace(old, new), tuple(shlex.split(words))
    return Case(
        hint, text.encode(), (orders or ONE,), after.encode(), given, given, "" if typed else new
    )


def saved(
    hint: str, before: bytes, after: bytes, *orders: str, name: str = "orders.csv", words: str = ""
) -> Case:
    """Make a case of a hint that says how to write the file again."""
    given = tuple(shlex.split(words))
    return Case(hint, before, (orders or BOTH,), after, given, given, name=name)


def book(change: Callable[[Worksheet], object] | None = None, **sheets: str) -> bytes:
    """Return a workbook with two orders; other sheets by their names and states."""
    found = Workbook()
    sheet = found.active
    assert isinstance(sheet, Worksheet)
    for row in ("email", "goods", "comment"), ("a@b.ru", "invoice"), ("c@d.ru", "sales"):
        sheet.append(list(row))
    if change is not None:
        change(sheet)
    for name, state in sheets.items():
        found.create_sheet(name).sheet_state = state
    buffer = io.BytesIO()
    found.save(buffer)
    return buffer.getvalue()


def cell(place: str, value: Any, number_format: str = "General") -> Callable[[Worksheet], None]:
    def change(sheet: Worksheet) -> None:
        sheet[place] = value
        sheet[place].number_format = number_format

    return change


def strike(sheet: Worksheet) -> None:
    for each in sheet[3]:
        each.font = Font(strike=True)


def hide_row(sheet: Worksheet) -> None:
    sheet.row_dimensions[3].hidden = True


def hide_column(sheet: Worksheet) -> None:
    sheet["C2"] = "hi"
    sheet.column_dimensions["C"].hidden = True


def archive(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, content in files.items():
            packed.writestr(name.replace("__", "."), content)
    return buffer.getvalue()


H = "email;goods;comment\n"
FILE = b"email;goods\na@b.ru;invoice\nc@d.ru;sales\n"
PHONES = (
    "email;goods;Phone;Phone\na@b.ru;invoice;+7 900 000-00-00;\nc@d.ru;sales;;+7 900 000-00-01\n"
)
CURRENCIES = "email;good_name;good_sum;Валюта\na@b.ru;invoice;100;RUB\nc@d.ru;sales;200;USD\n"
GETCOURSE = (
    "ID заказа;Пользователь;Email;Дата создания;Title;Статус;Стоимость, RUB;Валюта\n"
    "1;Иван Примеров;a@b.ru;2024-05-17 14:30:00;invoice;Завершен;1500;RUB\n"
)
GETCOURSE_USERS = (
    "id;Email;Тип регистрации;Создан;Последняя активность;Имя;Фамилия\n"
    "1;a@b.ru;x;2024-01-01;2024-01-01;Иван;П\n"
)

TAG = "email;goods;tag\na@b.ru;invoice;x\n"
TILDA = (
    "Email;Товары в заказе;tranid;formid;formname;Stage\n"
    "a@b.ru;invoice ≡ 1 ≡ 2;1:2;f;Cart;Входящие\n"
)
WEBTOFFEE = (
    "order_id,customer_user,order_subtotal,billing_email,line_item_1,coupon_items\n"
    "1,2,3,a@b.ru,name:invoice|quantity:2|total:100.01,code:A\n"
)


def empty_book() -> bytes:
    buffer = io.BytesIO()
    Workbook().save(buffer)
    return buffer.getvalue()


def error(text: str) -> Callable[[Worksheet], None]:
    def change(sheet: Worksheet) -> None:
        sheet["C2"] = text
        sheet["C2"].data_type = "e"

    return change


OPTIONS = [
    options("Add --delimiter", "email:goods\na@b.ru:invoice\n", ONE),
    options("Add --delimiter", "sep=;\nemail,goods\na@b.ru,invoice\n", ONE),
    options("Add --delimiter", "email\tgoods\na@b.ru\tinvoice\n", ONE, words="--delimiter ';'"),
    options("Write a field after each =", "email;goods;Our note\na@b.ru;invoice;x\n", ONE, ONE),
    options(
        "Write a field after each =", "email;goods;Cuopon\na@b.ru;invoice;MAY\n",
        ("a@b.ru invoice coupon=MAY",), ONE,
    ),
    options(
        "To use the first that is not empty", PHONES,
        ("a@b.ru invoice phone=+7 900 000-00-00", "c@d.ru sales phone=+7 900 000-00-01"),
        ("a@b.ru invoice phone=+7 900 000-00-00", "c@d.ru sales"),
    ),
    options(
        "To ignore the second", "email;goods;Имя;ФИО\na@b.ru;invoice;Иван;Иван П\n",
        ("a@b.ru invoice first_name=Иван",),
    ),
    options("Name the column in the header", "email;goods;\na@b.ru;invoice;lost\n", ONE),
    options(
        "Skip such rows", CURRENCIES,
        ("a@b.ru invoice=100",), ("c@d.ru sales=200",),
    ),
    options(
        "Convert them and rename", GETCOURSE.replace("RUB", "USD"),
        ("a@b.ru invoice=1500 first_name=Иван last_name=Примеров created=2024-05-17",),
    ),
    options(
        "Add --dates dmy", "email;goods;created\na@b.ru;invoice;03/04/2024\n",
        ("a@b.ru invoice created=2024-04-03",), ("a@b.ru invoice created=2024-03-04",),
    ),
    options(
        "Choose one: ", book(June="visible"), BOTH, (), words="--sheet may", name="orders.xlsx"
    ),
    options("Add --kind", GETCOURSE_USERS, ()),
]  # fmt: skip

OTHER_OPTIONS = [
    other_options("Remove --set, or ignore", TAG, "--set tag=y", "", "a@b.ru invoice tag=x"),
    other_options(
        "Remove --set, or ignore",
        TAG,
        "--set tag=y",
        "--set tag=y --map tag=",
        "a@b.ru invoice tag=y",
    ),
    other_options("Remove --set {target}", TAG, "--set status=paid", "", "a@b.ru invoice tag=x"),
    other_options(
        "Remove this --map",
        "email;goods;Password\na@b.ru;invoice;x\n",
        "--map Password=comment",
        "--ignore-unknown",
    ),
    other_options(
        "Remove --preset",
        TAG.replace("email", "bill_email"),
        "--preset getcourse_orders",
        "",
        "a@b.ru invoice tag=x",
    ),
    other_options(
        "Use one of: none, {names}",
        GETCOURSE,
        "--preset getcours",
        "--preset getcourse_orders",
        "a@b.ru invoice=1500 first_name=Иван last_name=Примеров created=2024-05-17",
    ),
    other_options(
        "Did you mean {close}?",
        "email;goods;Код\na@b.ru;invoice;MAY\n",
        "--map Код=cuopon",
        "--map Код=coupon",
        "a@b.ru invoice coupon=MAY",
    ),
    other_options(
        "Use one of: {fields}",
        "email;goods;Код\na@b.ru;invoice;MAY\n",
        "--map Код=xyz",
        "--map Код=coupon",
        "a@b.ru invoice coupon=MAY",
    ),
    other_options(
        "Use one of: {names}",
        "email;goods;Код\na@b.ru;invoice;MAY\n",
        "--map Code=coupon",
        "--map Код=coupon",
        "a@b.ru invoice coupon=MAY",
    ),
    other_options(
        "Choose one of: {names}",
        PHONES,
        "--map Phone=phone",
        "--map Phone#1=phone --map Phone#2=phone",
        "a@b.ru invoice phone=+7 900 000-00-00",
        "c@d.ru sales phone=+7 900 000-00-01",
    ),
    other_options(
        "Use one of: ';'", TAG, "--delimiter ;;", "--delimiter ';'", "a@b.ru invoice tag=x"
    ),
    other_options(
        "Use a name such as utf-8",
        TAG,
        "--encoding utf-9",
        "--encoding utf-8",
        "a@b.ru invoice tag=x",
    ),
    other_options(
        "Use a name such as Europe/Moscow",
        TAG,
        "--timezone Mars",
        "--timezone Europe/Moscow",
        "a@b.ru invoice tag=x",
    ),
    other_options(
        "Give the number of the line",
        f"Orders\n\n{TAG}",
        "--header-row 2",
        "--header-row 3",
        "a@b.ru invoice tag=x",
    ),
    other_options(
        "Add a column {name} to the header",
        "Кто;goods\na@b.ru;invoice\n",
        "--map Кто=",
        "--map Кто=email",
    ),
    other_options(
        "Add a column 'goods'",
        "email;Что\na@b.ru;invoice\n",
        "--map Что=",
        "--map Что=good_name",
    ),
    other_options(
        "Leave out one of the two",
        "email;goods;good_name_1\na@b.ru;invoice;sales\n",
        "",
        "--map good_name_1=",
    ),
    other_options(
        "If the first line is data",
        "Кто;Что\na@b.ru;invoice\n",
        "",
        "--map '#1=email' --map '#2=goods' --ignore-unknown",
    ),
]

EDITS = [
    edit(
        "Write {syntax}, or add --preset none",
        TILDA,
        "invoice ≡ 1 ≡ 2",
        "invoice x 1 ≡ 1500",
        "a@b.ru invoice=1500 tag=Cart",
        typed=True,
    ),
    edit(
        "List the product once per piece, each",
        WEBTOFFEE,
        "100.01",
        "100.00",
        "a@b.ru invoice=50+invoice=50 coupon=A",
        typed=True,
    ),
    edit(
        "Keep one of the coupons",
        WEBTOFFEE.replace("100.01", "100").replace("code:A", "code:A;code:B"),
        "code:A;code:B",
        "code:A",
        "a@b.ru invoice=50+invoice=50 coupon=A",
        typed=True,
    ),
    edit(
        "Write it as 2.",
        "email;Товар;Количество\na@b.ru;invoice;2,000\n",
        "2,000",
        "2",
        "a@b.ru invoice+invoice",
    ),
    edit(
        "Write it as 1500 or 1500.50",
        "email;goods\na@b.ru;invoice:1'50\n",
        "1'50",
        "1500.50",
        "a@b.ru invoice=1500.50",
    ),
    edit(
        "Write it as 1500 or 1500.50",
        "email;good_name;good_sum\na@b.ru;invoice;1,500\n",
        "1,500",
        "1500",
        "a@b.ru invoice=1500",
    ),
    edit(
        "Round it to two decimals",
        "email;good_name;good_sum\na@b.ru;invoice;1500.501\n",
        "1500.501",
        "1500.50",
        "a@b.ru invoice=1500.50",
    ),
    edit(
        "Write prices as 1500.50",
        "email;goods\na@b.ru;invoice:10,222:5\n",
        "10,",
        "10, ",
        "a@b.ru invoice=10+222=5",
        typed=True,
    ),
    edit(
        "Write products with or without",
        "email;goods\na@b.ru;:1500\n",
        ":1500",
        "invoice:1500, sales",
        "a@b.ru invoice=1500+sales",
    ),
    edit(
        "Write invoice:1500; if the amount",
        "email;goods\na@b.ru;invoice 1500 руб.\n",
        "invoice 1500 руб.",
        "invoice:1500",
        "a@b.ru invoice=1500",
    ),
    edit(
        "Write invoice x2, or",
        "email;goods\na@b.ru;invoice - 2x1500\n",
        "invoice - 2x1500",
        "invoice:1500 x2",
        "a@b.ru invoice=1500+invoice=1500",
    ),
    edit(
        "Correct it, or split the order",
        "email;Товар;Количество\na@b.ru;invoice;101\n",
        "101",
        "2",
        "a@b.ru invoice+invoice",
        typed=True,
    ),
    edit(
        "Write price and quantity with each",
        "email;goods;Количество\na@b.ru;invoice:1500, sales;2\n",
        "invoice:1500, sales;2",
        '"invoice:1500 x2, sales";',
        "a@b.ru invoice=1500+invoice=1500+sales",
        typed=True,
    ),
    edit(
        "Name the product, or empty the cell",
        "email;good_name_1;good_sum_1;good_name_2;good_sum_2\na@b.ru;invoice;10;;20\n",
        ";20",
        ";",
        "a@b.ru invoice=10",
        typed=True,
    ),
    edit(
        "Write the price once",
        "email;goods;Цена\na@b.ru;invoice:10;20\n",
        ":10",
        "",
        "a@b.ru invoice=20",
        typed=True,
    ),
    edit(
        "List the product once per piece, or",
        "email;good_name;good_sum;quantity\na@b.ru;invoice;10;2\n",
        "good_sum",
        "good_price",
        "a@b.ru invoice=10+invoice=10",
    ),
    edit(
        "Write the code, such as",
        "email;good_name;good_sum;Валюта\na@b.ru;invoice;100;деньги\n",
        "деньги",
        "RUB",
        "a@b.ru invoice=100",
    ),
    edit(
        "Write 2024-05-17 14:30",
        "email;goods;created\na@b.ru;invoice;вчера\n",
        "вчера",
        "2024-05-17 14:30",
        "a@b.ru invoice created=2024-05-17",
    ),
    edit(
        "Add the time zone",
        "email;goods;created\na@b.ru;invoice;2024-10-27 02:30\n",
        "2024-10-27 02:30",
        "2024-10-27 02:30+03:00",
        "a@b.ru invoice created=2024-10-27",
        words="--timezone Europe/Berlin",
    ),
    edit(
        "Write only the digits",
        "email;goods;postal_code\na@b.ru;invoice;101,000\n",
        "101,000",
        "101000",
        "a@b.ru invoice postal_code=101000",
        typed=True,
    ),
    edit(
        "Write one number, such as",
        "email;goods;phone\na@b.ru;invoice;нет\n",
        "нет",
        "+7 928 777-77-77",
        "a@b.ru invoice phone=+7 928 777-77-77",
    ),
    edit(
        "Write one address, such as",
        "email;goods\nнет;invoice\n",
        "нет",
        "name@example.com",
        "name@example.com invoice",
    ),
    edit("Type the address again", "email;goods\nаa@b.ru;invoice\n", "аa@", "a@", typed=True),
    edit(
        "Write it as 203.0.113.7",
        "email;goods;ip\na@b.ru;invoice;нет\n",
        "нет",
        "203.0.113.7",
        "a@b.ru invoice ip=203.0.113.7",
    ),
    edit(
        "Write only the domain",
        "email;goods;domain\na@b.ru;invoice;a/b?c\n",
        "a/b?c",
        "www.example.com",
        "a@b.ru invoice domain=www.example.com",
    ),
    edit(
        "Empty the cell, or type the value",
        "email;goods;phone\na@b.ru;invoice;NULL\n",
        "NULL",
        "",
        typed=True,
    ),
    edit(
        "Correct it in the spreadsheet and save",
        "email;goods;comment\na@b.ru;invoice;#N/A\n",
        "#N/A",
        "hi",
        "a@b.ru invoice comment=hi",
        typed=True,
    ),
    edit(
        "Open the file in a spreadsheet program and save it again, or",
        "email;goods;comment\na@b.ru;invoice;=A1\n",
        "=A1",
        "hi",
        "a@b.ru invoice comment=hi",
        typed=True,
    ),
    edit(
        "Export the file again in UTF-8",
        "email;goods;first_name\na@b.ru;invoice;А?на\n",
        "А?на",
        "Анна",
        "a@b.ru invoice first_name=Анна",
        typed=True,
    ),
    edit(
        "Export the file again with the column",
        "email;goods;phone\na@b.ru;invoice;7,9E+10\n",
        "7,9E+10",
        "+79281234567",
        "a@b.ru invoice phone=+79281234567",
        typed=True,
    ),
    edit(
        "Type the value again",
        'email;goods;comment\na@b.ru;invoice;"a &amp; b"\n',
        "&amp;",
        "&",
        "a@b.ru invoice comment=a & b",
        typed=True,
    ),
    edit(
        "Put the cell in quotes",
        'email;goods;comment\na@b.ru;invoice;"OOO "Romashka""\n',
        '"OOO "Romashka""',
        '"OOO ""Romashka"""',
        'a@b.ru invoice comment=OOO "Romashka"',
    ),
    edit(
        "Close the quote at the end",
        'email;goods;comment\na@b.ru;invoice;"hi\nc@d.ru;sales;"\n',
        'invoice;"hi\nc@d.ru;sales;"',
        "invoice;hi\nc@d.ru;sales;",
        "a@b.ru invoice comment=hi",
        "c@d.ru sales",
        typed=True,
    ),
    edit(
        "Quote cells that contain",
        "email;goods;comment\na@b.ru;invoice;one;two\n",
        "one;two",
        '"one;two"',
        "a@b.ru invoice comment=one;two",
        typed=True,
    ),
    edit(
        "Delete the line, or only the {mark}",
        "email;goods\n# a@b.ru;invoice\nc@d.ru;sales\n",
        "# a@b.ru;invoice\n",
        "",
        "c@d.ru sales",
        typed=True,
    ),
    edit(
        "Delete the line, or only the {mark}",
        "email;goods\n# a@b.ru;invoice\nc@d.ru;sales\n",
        "# ",
        "",
        *BOTH,
        typed=True,
    ),
    edit(
        "Delete the line.",
        "email;goods\na@b.ru;invoice\nemail;goods\nc@d.ru;sales\n",
        "invoice\nemail;goods\n",
        "invoice\n",
        *BOTH,
        typed=True,
    ),
    edit(
        "Delete the row. To order the same",
        "email;goods;outcome;code;reason;hint\na@b.ru;invoice;created;;;\nc@d.ru;sales;;;;\n",
        "a@b.ru;invoice;created;;;\n",
        "",
        "c@d.ru sales",
        typed=True,
    ),
    edit(
        "Check the shop first",
        "email;goods;outcome;code;reason;hint\na@b.ru;invoice;unknown;;;\n",
        "unknown",
        "",
        typed=True,
    ),
    edit(
        "Split the file there",
        "email;goods\na@b.ru;invoice\nemail;phone;goods\nc@d.ru;;sales\n",
        "email;phone;goods\nc@d.ru;;sales\n",
        "",
        typed=True,
    ),
    edit(
        "Write the same value in each",
        "order_key;email;goods;tag\n1;a@b.ru;invoice;x\n1;a@b.ru;sales;y\n",
        ";y",
        ";x",
        "a@b.ru invoice+sales tag=x",
        typed=True,
    ),
    edit(
        "Sort the file by",
        "order_key;email;goods\n1;a@b.ru;invoice\n2;c@d.ru;sales\n1;a@b.ru;lessons\n",
        "invoice\n2;c@d.ru;sales\n1;a@b.ru;lessons\n",
        "invoice\n1;a@b.ru;lessons\n2;c@d.ru;sales\n",
        "a@b.ru invoice+lessons",
        "c@d.ru sales",
        typed=True,
    ),
    edit(
        "Add a line above it",
        "a@b.ru;invoice;Иван\n",
        "a@b.ru",
        "email;goods;first_name\na@b.ru",
        "a@b.ru invoice first_name=Иван",
        typed=True,
    ),
    edit(
        "Write each field once",
        '{"email": "a@b.ru", "goods": "invoice", "goods": "sales"}\n',
        ', "goods": "sales"',
        "",
        typed=True,
    ),
    edit(
        "Write one object per line",
        '{"email": "c@d.ru", "goods": "sales"}\nx\n',
        "x",
        '{"email": "a@example.com", "goods": "invoice:1500"}',
        "a@example.com invoice=1500",
        "c@d.ru sales",
    ),
    edit(
        "Write one value, or products as",
        '{"email": "a@b.ru", "goods": [{"id": 1}]}\n',
        '{"id": 1}',
        '{"name": "invoice", "price": 1500, "quantity": 2}',
        "a@b.ru invoice=1500+invoice=1500",
    ),
    edit(
        "Write a field after each =",
        "email;goods;Our note\na@b.ru;invoice;x\n",
        "Our note",
        "comment",
        "a@b.ru invoice comment=x",
        typed=True,
    ),
]

SAVED = [
    saved(
        "Copy or download the file again",
        gzip.compress(FILE)[:-9],
        gzip.compress(FILE),
        name="orders.csv.gz",
    ),
    saved("Check the export", b"\n", FILE),
    saved("Check whether line breaks", FILE + b"x" * (2**24 + 1), FILE),
    saved(
        "Shorten the cell",
        b"email;goods;comment\na@b.ru;invoice;" + b"x" * 200_000,
        b"email;goods;comment\na@b.ru;invoice;x\n",
        "a@b.ru invoice comment=x",
    ),
    saved("Save the file as CSV (UTF-8), or give", FILE.decode().encode("utf-16")[:-1], FILE),
    saved(
        "Save the file as CSV (UTF-8), or add",
        b"email;goods;first_name\na@b.ru;invoice;\xe4\xf6\n",
        "email;goods;first_name\na@b.ru;invoice;äö\n".encode(),
        "a@b.ru invoice first_name=äö",
    ),
    saved(
        "Export the file again.",
        b'[{"email": "a@b.ru", "goods": "invoice"}',
        b'[{"email": "a@b.ru", "goods": "invoice"}]',
        *ONE,
        name="orders.json",
    ),
    saved("Unpack it first", gzip.compress(book()), book(), name="orders.xlsx"),
    saved("Unpack it and import the file inside", archive(orders__csv=FILE), FILE),
    saved("Open it in a spreadsheet program and save", b"PK\x03\x04", book(), name="orders.xlsx"),
    saved("Open it in its own program", b"%PDF-1.7\n", FILE),
    saved("Fill it in, or choose another", empty_book(), book(), name="orders.xlsx"),
    saved("Unmerge the cells", book(lambda s: s.merge_cells("B2:B3")), book(), name="orders.xlsx"),
    saved(
        "Delete the row, or remove the strike",
        book(strike),
        book(lambda s: s.delete_rows(3)),
        *ONE,
        name="orders.xlsx",
    ),
    saved(
        "Delete the row, or unhide",
        book(hide_row),
        book(lambda s: s.delete_rows(3)),
        *ONE,
        name="orders.xlsx",
    ),
    saved(
        "Show it without strikethrough",
        book(hide_column),
        book(cell("C2", "hi")),
        "a@b.ru invoice comment=hi",
        "c@d.ru sales",
        name="orders.xlsx",
    ),
    saved(
        "Correct it in the spreadsheet, or",
        book(error("#N/A")),
        book(cell("C2", "hi")),
        "a@b.ru invoice comment=hi",
        "c@d.ru sales",
        name="orders.xlsx",
    ),
    saved(
        "Open the file in a spreadsheet program and save it again.",
        book(cell("C2", "=B2")),
        book(cell("C2", "invoice")),
        "a@b.ru invoice comment=invoice",
        "c@d.ru sales",
        name="orders.xlsx",
    ),
    saved(
        "Round the number itself",
        book(cell("C2", 1.5, "0")),
        book(cell("C2", 2, "0")),
        "a@b.ru invoice comment=2",
        "c@d.ru sales",
        name="orders.xlsx",
    ),
    saved(
        "Empty the cell, or choose a format",
        book(cell("C2", 5, ";;;")),
        book(cell("C2", 5, "0")),
        "a@b.ru invoice comment=5",
        "c@d.ru sales",
        name="orders.xlsx",
    ),
    saved(
        "Type it again in a column formatted",
        book(cell("C2", 10**16)),
        book(cell("C2", "10000000000000000", "@")),
        "a@b.ru invoice comment=10000000000000000",
        "c@d.ru sales",
        name="orders.xlsx",
    ),
    saved(
        "Write it as 2024-05-17 14:30",
        book(cell("C2", -5, "yyyy-mm-dd")),
        book(cell("C2", "2024-05-17 14:30")),
        "a@b.ru invoice comment=2024-05-17 14:30",
        "c@d.ru sales",
        name="orders.xlsx",
    ),
    saved("Type the value, or empty the cell", book(cell("C2", True)), book(), name="orders.xlsx"),
]

CASES = [*OPTIONS, *OTHER_OPTIONS, *EDITS, *SAVED]

NOT_FOLLOWED = {
    "Check the path and the permissions": "there is no file to import",
    "Run pip install": "the test environment has xlrd",
    "Save it as CSV (UTF-8).": "the file is larger than a test should write",
    "Its numbers belong to another system": "the numbers of the orders are not in the file",
    "Open it and save it without a password": "no library here writes a password",
    "Pass ": "concerns programs",
    **dict.fromkeys(
        (
            *("Fill in a column status", "Write 1 for yes", "Write a number without commas"),
            *("Write RU, KZ", "Write one of these words", "Write the number that the service gave"),
        ),
        "does not concern orders: followed in test_import_kinds.py",
    ),
}
"""Hints without a case, by how they begin, and why."""

NOTES = (
    "The header is in line", "Sheet: ", "Hidden sheets", "Column {column!r} has question marks",
    "Invisible characters",
)  # fmt: skip
"""Other messages that begin with a capital letter."""


def templates() -> Iterator[str]:
    """Return the templates of all hints: problems begin with a small letter."""
    for message in extracted("files"):
        text = message.id if isinstance(message.id, str) else (message.id or ("",))[0]
        if text[:1].isupper() and not text.startswith(NOTES):
            yield text


def test_every_hint_of_the_catalogue_has_a_case_or_a_reason() -> None:
    known = (*(case.hint for case in CASES), *NOT_FOLLOWED)
    found = list(templates())
    assert [text for text in found if not text.startswith(known)] == []
    assert [begin for begin in known if not any(text.startswith(begin) for text in found)] == []


_OPTION = re.compile(
    r"--(map|set|skip|only|good|currency|dates|preset|kind|sheet|delimiter)"
    r"\s+('(?:[^']|'\"'\"')*'|[^\s,;.)]+)|--(ignore-unknown)"
)


def ways_out(hint: str) -> list[list[tuple[str, str]]]:
    """Return the options that a hint says to add: one list for each way that it offers."""
    ways: list[list[tuple[str, str]]] = []
    end = -2
    for match in _OPTION.finditer(hint):
        option = match[1] or match[3]
        value = shlex.split(match[2])[0] if match[2] else ""
        if hint[end : match.start()].strip() or end < 0:
            ways.append([])
        ways[-1].append((option, value))
        end = match.end()
    return ways


REPEATABLE = ("map", "set", "skip", "only", "good")


def added(words: tuple[str, ...], way: list[tuple[str, str]]) -> tuple[str, ...]:
    """Return the command's options with those of a hint, which replace earlier ones."""
    found = list(words)
    for option, value in way:
        if option not in REPEATABLE and f"--{option}" in found:
            at = found.index(f"--{option}")
            del found[at : at + 2]
        found += [f"--{option}", value] if value else [f"--{option}"]
    return tuple(found)


def hint_of(path: Path, words: tuple[str, ...]) -> Message | None:
    """Return the hint of the first problem with a file; ``None`` if there is none."""
    said: dict[str, Any] = {}
    for option, value in pairwise(words):
        name = option.removeprefix("--").replace("-", "_")
        if option.startswith("--"):
            said[name] = (*said.get(name, ()), value) if name in REPEATABLE else value
    if "header_row" in said:
        said["header_row"] = int(said["header_row"])
    reading = Reading(**said)
    try:
        rows = read_rows(path, read_options(reading))
        problems = [problem for row in rows for problem in row.problems]
    except FileProblem as problem:
        return cast("Message", problem.hint)
    return problems[0].hint if problems else None


FIELDS = (
    "phone", "comment", "coupon", "tag", "first_name", "last_name", "postal_code", "ip", "domain",
)  # fmt: skip


@frozen
class Shown:
    """What is compared of an order."""

    email: str
    goods: tuple[str, ...]
    fields: dict[str, str]


def wanted(text: str) -> Shown:
    """Read an order of a case: ``EMAIL PRODUCT[=PRICE]+... [FIELD=VALUE ...]``."""
    email, goods, *rest = text.split(" ", 2)
    pairs = re.findall(r"(\w+)=(.*?)(?= \w+=|$)", rest[0] if rest else "")
    return Shown(email, tuple(goods.split("+")), dict(pairs))


def found(order: dict[str, Any], like: Shown) -> Shown:
    """Return an order of the sandbox as *like* describes one: prices and date only if given."""
    goods = tuple(
        f"{good['good_name']}={good['good_sum'].removesuffix('.00')}"
        if "=" in name
        else str(good["good_name"])
        for good, name in zip(order["goods"], chain(like.goods, repeat("")), strict=False)
    )
    fields = {name: order[name] for name in FIELDS if order[name]}
    if "created" in like.fields:
        fields["created"] = datetime.fromtimestamp(order["created"], MOSCOW).date().isoformat()
    return Shown(order["email"], goods, fields)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_hint_that_is_followed_leads_to_the_orders_that_are_wanted(
    case: Case, tmp_path: Path
) -> None:
    path = tmp_path / case.name
    path.write_bytes(case.before)
    hint = hint_of(path, case.words)
    assert hint is not None
    assert hint.template.startswith(case.hint)
    assert case.shows in hint
    ways = (
        [case.words_after]
        if case.words_after is not None
        else [added(case.words, way) for way in ways_out(hint)]
    )
    assert len(ways) == len(case.orders)
    path.write_bytes(case.after)
    for number, (words, orders) in enumerate(zip(ways, case.orders, strict=True)):
        with service() as there:
            ran = run(
                "import",
                path,
                "--yes",
                "--journal",
                tmp_path / str(number),
                *words,
                env=there.env,
            )
            created = there.orders
        for result in tmp_path.glob("*.csv.*"):
            result.unlink()
        expected = [wanted(order) for order in orders]
        created.sort(key=lambda order: str(order["email"]))
        assert len(created) == len(expected), ran.out + ran.err
        assert [found(o, like) for o, like in zip(created, expected, strict=True)] == expected
        assert ran.code in ((0, 1) if orders else (1, 3)), ran.out + ran.err  # 1: other rows fail
