"""Every block of Python in README and documentation passes mypy --strict and pyright strict.

All blocks are one project: a block is a module that imports what it uses from the blocks above it,
with its lines where they are on the page, so that an error names the line of the page.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from doctest import DocTestParser
from pathlib import Path

import pytest

from tests.documents.blocks import blocks_of
from tests.test_docs import DOCUMENTS, ROOT

FINDER = blocks_of(ROOT)

PRELUDE = """
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, TypeVar

T = TypeVar("T")
workspace: Any = ...

def awaited(value: Awaitable[T]) -> T: ...
def entered(value: AbstractAsyncContextManager[T]) -> AbstractContextManager[T]: ...
def iterated(value: AsyncIterator[T]) -> Iterator[T]: ...
"""
"""What stands for ``await``, ``async with`` and ``async for`` outside of functions."""

UNTYPED = re.compile(
    r"^(?:from|import) "
    r"(?:aioresponses|airflow|dask|django\.db import models|python_justclick|vcr)\b",
    re.MULTILINE,
)
"""Packages without annotations, or with a plugin for mypy: their blocks are not checked."""

UNCHECKED = "# mypy: ignore-errors\n# pyright: basic, reportMissingImports=false"

PRELUDE_NAMES = {"workspace", "awaited", "entered", "iterated"}

PYRIGHT = """{
  "typeCheckingMode": "strict",
  "pythonVersion": "3.11",
  "reportMissingModuleSource": false,
  "reportUnusedExpression": false,
  "reportUnusedImport": false
}"""
"""A block may show a value, and import for the blocks below it."""

pytest.importorskip("mypy", reason="the extra lint is not installed")

CHECKERS = {
    "mypy": ["--strict", "--implicit-reexport", "--python-version=3.11", "--no-error-summary", "."],
    "pyright": ["--project", ".", "--pythonpath", sys.executable],
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documented")
    write_project(folder, DOCUMENTS)
    return folder


@pytest.mark.parametrize("checker", CHECKERS)
def test_blocks_of_code_pass_the_type_checker(project: Path, checker: str) -> None:
    done = check(project, checker)
    assert done.returncode == 0, done.stdout


def test_a_wrong_block_fails_with_the_line_of_its_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(WRONG)
    write_project(tmp_path, [page])
    for checker in CHECKERS:
        places = re.findall(r"(\w+\.py:\d+):.* error", check(tmp_path, checker).stdout)
        assert {*places} == {"line_7.py:9"}


WRONG = """# A page

```python
from justclick_async import AsyncJustClick
```

```python
async with AsyncJustClick.from_env() as client:
    (await client.get_all_goods()).sort().no
```
"""


def check(folder: Path, checker: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", checker, *CHECKERS[checker]]
    return subprocess.run(words, cwd=folder, capture_output=True, encoding="utf-8")


def write_project(folder: Path, documents: list[Path]) -> None:
    (folder / "pyrightconfig.json").write_text(PYRIGHT)
    (folder / "prelude.pyi").write_text(PRELUDE)
    for document in documents:
        name = re.sub(r"\W", "_", os.path.relpath(document, ROOT).removesuffix(".md"))
        write_page(folder / name, document)


def write_page(folder: Path, document: Path) -> None:
    """Write the blocks of a page as the modules of a package."""
    sources = [*python_blocks(document)]
    files = {Path(title).with_suffix("").parts[0] for _line, title, _source in sources if title}
    own = re.compile(rf"^from (?=(?:{'|'.join(files) or '-'})\b)", re.MULTILINE)
    named_above: dict[str, str] = {}
    for line, title, text in sources:
        source = own.sub(f"from {folder.name}.", text)
        untyped = bool(UNTYPED.search(source))
        path = folder / (title or f"line_{line}.py")
        path.parent.mkdir(parents=True, exist_ok=True)
        for package in (path.parent, folder):
            (package / "__init__.py").touch()
        if title:
            path.write_text(UNCHECKED * untyped + "\n" * line + source)
        elif not untyped:
            written = without_top_level_await(source)
            path.write_text(imports_of(written, named_above) + "\n" * line + written)
            named_above |= dict.fromkeys(bound(ast.parse(source)), f"{folder.name}.{path.stem}")


def python_blocks(document: Path) -> Iterator[tuple[int, str, str]]:
    """Yield the line, the title and the source of each block."""
    for example in FINDER.parse(document).examples():
        lexemes = example.region.lexemes
        source = lexemes.get("source", "") if hasattr(lexemes, "get") else ""
        if lexemes.get("language") == "pycon":
            source = source_of_session(source)
        elif lexemes.get("language") != "python":
            continue
        yield example.line, lexemes.get("title") or "", source


def source_of_session(text: str) -> str:
    """Return what is entered in a session, on the same lines, without what raises."""
    lines = [""] * text.count("\n")
    for entered in DocTestParser().get_examples(text):
        if entered.exc_msg is None:
            entered_lines = entered.source.splitlines()
            lines[entered.lineno : entered.lineno + len(entered_lines)] = entered_lines
    return "\n".join(lines)


def bound(tree: ast.Module) -> set[str]:
    """Return the names that a module binds outside of functions and classes."""
    names: set[str] = set()
    pending: list[ast.AST] = [*tree.body]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
            continue
        if isinstance(node, ast.alias):
            names.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
            names.add(node.name)
        pending += ast.iter_child_nodes(node)
    return names


def imports_of(source: str, named_above: dict[str, str]) -> str:
    """Return the imports, in one line, of what a block uses of the blocks above it."""
    tree = ast.parse(source)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - bound(tree)
    found = [f"from {named_above[name]} import {name}" for name in sorted(used & {*named_above})]
    found += [f"from prelude import {name}" for name in sorted(used & PRELUDE_NAMES)]
    return "; ".join(found)


def without_top_level_await(source: str) -> str:
    """Replace ``await`` outside of functions by a call, within the same lines."""
    edits: list[tuple[int, int, int, str]] = []
    pending: list[ast.AST] = [ast.parse(source)]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.Await):
            edits.append((*start(node), len("await "), "awaited("))
            edits.append((*end(node), 0, ")"))
        if isinstance(node, ast.AsyncWith | ast.AsyncFor):
            edits.append((*start(node), len("async "), ""))
            name = "entered(" if isinstance(node, ast.AsyncWith) else "iterated("
            for each in (
                [item.context_expr for item in node.items]
                if isinstance(node, ast.AsyncWith)
                else [node.iter]
            ):
                edits.append((*start(each), 0, name))
                edits.append((*end(each), 0, ")"))
        pending += ast.iter_child_nodes(node)
    lines = source.encode().splitlines(keepends=True)
    for row, column, length, text in sorted(edits, reverse=True):
        line = lines[row]
        lines[row] = line[:column] + text.encode() + line[column + length :]
    return b"".join(lines).decode()


def start(node: ast.expr | ast.stmt) -> tuple[int, int]:
    return node.lineno - 1, node.col_offset


def end(node: ast.expr | ast.stmt) -> tuple[int, int]:
    return (node.end_lineno or 0) - 1, node.end_col_offset or 0
