"""Workbooks to be read: made by openpyxl, or part by part where no library would make them."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def saved(
    folder: Path, rows: Iterable[Iterable[Any]], change: Callable[[Worksheet], object] | None = None
) -> Path:
    """Save a workbook by openpyxl, which writes formulas without their results."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    for row in rows:
        sheet.append(list(row))
    if change is not None:
        change(sheet)
    path = folder / "orders.xlsx"
    book.save(path)
    return path


def xlsx(folder: Path, *rows: tuple[Any, ...]) -> Path:
    """Write the least that Excel calls a workbook: text inline, numbers as they are."""

    def cell(value: Any, column: int, row: int) -> str:
        at = f'r="{chr(65 + column)}{row}"'
        if isinstance(value, int | float):
            return f"<c {at}><v>{value!r}</v></c>"
        return f'<c {at} t="inlineStr"><is><t>{escape(str(value))}</t></is></c>'

    return by_hand(
        folder,
        "".join(
            f'<row r="{r}">'
            f"{''.join(cell(v, c, r) for c, v in enumerate(row) if v is not None)}</row>"
            for r, row in enumerate(rows, 1)
        ),
    )


def by_hand(
    folder: Path,
    rows: str,
    *,
    below: str = "",
    book: str = "",
    parts: Mapping[str, str] | None = None,
) -> Path:
    """Write a workbook part by part.

    Args:
        folder: Where to.
        rows: What is in ``sheetData``.
        below: What is below it.
        book: What is in the workbook above its sheets.
        parts: Other parts, by their names.
    """
    files = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{REL}">{book}<sheets>'
        '<sheet name="Orders" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{REL}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{REL}/sharedStrings" Target="sharedStrings.xml"/>'
        f'<Relationship Id="r3" Type="{REL}/styles" Target="styles.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f"<worksheet {MAIN}><sheetData>{rows}</sheetData>{below}"
        "</worksheet>",
        "xl/styles.xml": f"<styleSheet {MAIN}/>",
        **(parts or {}),
    }
    path = folder / "orders.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{content}')
    return path


def ods(folder: Path, tables: str, styles: str = "") -> Path:
    """Write the least that LibreOffice calls a spreadsheet."""
    spaces = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text", "style")
    )
    path = folder / "orders.ods"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr(
            "content.xml",
            f'<office:document-content{spaces} xmlns:calcext="urn:calcext">'
            f"<office:automatic-styles>{styles}</office:automatic-styles><office:body>"
            f"<office:spreadsheet>{tables}</office:spreadsheet></office:body>"
            "</office:document-content>",
        )
    return path
