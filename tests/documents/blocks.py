"""Run each block of code by its language.

| block | how it is run |
|---|---|
| ``python`` | executed; names last until the end of the page; top-level ``await`` is allowed |
| ``python`` with tests | run by pytest |
| ``pycon`` | executed as a doctest; ``...`` matches anything |
| ``sh``, ``bash`` | run by bash; must exit with 0, or with the code of ``# exit code 1`` |
| ``sh`` with a server | started; runs until the end of the page |
| ``sh`` with nothing but ``pip install`` | checked against what is installed |
| ``php`` | run by php |
| ``text`` after one of these | the output of that block; ``...`` matches anything |
| ``title="NAME"`` | written to a file of this name, for the commands below it |
| ``python``, ``php`` with a title | only checked for syntax: a command below it runs it |
| any other language | only with a title, or with a check of its own |

``<!-- skip: next "reason" -->`` skips the next block; ``tests/test_docs.py`` counts the reasons.
``<!-- invisible-code-block: python`` is executed, but not shown.  Russian pages that differ from
the English ones in text, comments and docstrings only are not run.
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import inspect
import io
import json
import re
import shlex
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterable
from importlib.metadata import metadata
from pathlib import Path
from subprocess import CompletedProcess
from unittest import SkipTest

from packaging.requirements import Requirement
from sybil import Document, Example, Region, Sybil
from sybil.parsers.markdown import SkipParser
from sybil.parsers.markdown.lexers import DirectiveInHTMLCommentLexer, RawFencedCodeBlockLexer

from tests.documents.workspace import SERVERS, Workspace

__all__ = ["blocks_of"]

_FENCED = RawFencedCodeBlockLexer(
    re.compile(r'(?P<language>[\w-]*)(?: title="(?P<title>[^"]+)")?[ \t]*$\n', re.MULTILINE)
)
_INVISIBLE = DirectiveInHTMLCommentLexer("invisible-code-block", "python")
_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
_TESTS = re.compile(r"^(async )?def test_", re.MULTILINE)
_INSTALLS = re.compile(r"(pip install .+\n)+")
_EXIT_CODE = re.compile(r"# exit code (\d+)")
_COMMENT = re.compile(r"""^ *#(?! exit code).*\n| +#(?! exit code)[^'"\n]*$""", re.MULTILINE)
_DOCSTRING = re.compile(r'^ +"""[^"\n]*"""$', re.MULTILINE)


def python(example: Example, workspace: Workspace, source: str) -> str:
    title = example.region.lexemes.get("title")
    if title:
        compile(source, title, "exec", dont_inherit=True)  # run by a command below it
        return ""
    if _TESTS.search(source):
        workspace.write("test_example.py", source)
        return _done(workspace.run(sys.executable, "-m", "pytest", "-q", "test_example.py"))
    names = example.namespace
    names["__name__"] = "__main__"
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    code = compile("\n" * example.line + source, example.path, "exec", flags, dont_inherit=True)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        if code.co_flags & inspect.CO_COROUTINE:
            workspace.runner.run(eval(code, names))
        else:
            exec(code, names)
    return printed.getvalue()


def pycon(example: Example, _workspace: Workspace, source: str) -> str:
    test = doctest.DocTestParser().get_doctest(source, {}, example.path, None, example.line)
    test.globs = example.namespace  # names last until the end of the page
    said: list[str] = []
    doctest.DocTestRunner(optionflags=_FLAGS, verbose=False).run(
        test, out=said.append, clear_globs=False
    )
    assert not said, "".join(said)
    return ""


def sh(_example: Example, workspace: Workspace, source: str) -> str:
    if _INSTALLS.fullmatch(source):
        return _installable(source)
    if SERVERS.match(source):
        workspace.serve(" ".join(source.split("#", maxsplit=1)[0].split()))
        return ""
    said = _EXIT_CODE.search(source)
    expected = int(said[1]) if said else 0
    ran = workspace.run("bash", "-euo", "pipefail", "-c", source)
    assert ran.returncode == expected, f"it ended with {ran.returncode}: {ran.stdout}"
    workspace.export(source)
    return ran.stdout


def _installable(source: str) -> str:
    """Check the names of ``pip install`` against installed packages, without an index."""
    for line in source.splitlines():
        for words in shlex.split(line, comments=True)[2:]:
            wanted = Requirement(words)
            known = metadata(wanted.name).get_all("Provides-Extra")
            assert wanted.extras <= set(known or ()), f"{wanted.name} has no {wanted.extras}"
    return ""


def php(example: Example, workspace: Workspace, source: str) -> str:
    if shutil.which("php") is None:
        raise SkipTest("there is no php")
    path = workspace.write(".block.php", source)
    options = ["-l"] if example.region.lexemes.get("title") else []  # run by a command below it
    return _done(workspace.run("php", *options, str(path)))


def text(example: Example, workspace: Workspace, source: str) -> str | None:
    assert workspace.printed is not None, "there is no block before this output"
    matches = doctest.OutputChecker().check_output(source, workspace.printed, _FLAGS)
    assert matches, f"it prints\n{workspace.printed}\nnot\n{source}"
    return None


def reads_as(read: Callable[[str], object]) -> Callable[[Example, Workspace, str], None]:
    def check(_example: Example, _workspace: Workspace, source: str) -> None:
        read(source)

    return check


RUN: dict[str, Callable[[Example, Workspace, str], str | None]] = {
    "python": python,
    "pycon": pycon,
    "sh": sh,
    "bash": sh,
    "php": php,
    "text": text,
    "json": reads_as(json.loads),
    "toml": reads_as(tomllib.loads),
}


def _done(ran: CompletedProcess[str]) -> str:
    assert ran.returncode == 0, ran.stdout
    return ran.stdout


def _evaluate(example: Example) -> None:
    workspace: Workspace = example.namespace["workspace"]
    language = example.region.lexemes["language"]
    title = example.region.lexemes.get("title")
    source = workspace.localised(example.region.lexemes["source"])
    if title:
        workspace.write(title, source)
    run = RUN.get(language)
    assert run or title, f"blocks of {language or 'no language'} are not run: see tests/documents"
    workspace.printed = run(example, workspace, source) if run else None


def _parse(document: Document) -> Iterable[Region]:
    for region in _FENCED(document):
        region.evaluator = _evaluate
        yield region
    for region in _INVISIBLE(document):
        region.lexemes["language"] = region.lexemes.pop("arguments")
        region.evaluator = _evaluate
        yield region


def blocks_of(root: Path) -> Sybil:
    """Return a finder of the blocks in the Markdown files below *root*."""
    finder = Sybil(
        parsers=[_parse, SkipParser()], path=str(root), patterns=["*.md"], fixtures=["workspace"]
    )
    pages = root / "docs" / "pages"
    for russian in (pages / "ru").glob("*.md"):
        if _collect_code(finder.parse(russian)) == _collect_code(
            finder.parse(pages / russian.name)
        ):
            finder.excludes.append(str(russian.relative_to(root)))
    return finder


def _collect_code(page: Document) -> list[object]:
    """Collect what is run of a page: its blocks without comments, and what is skipped."""
    return [
        (each.region.parsed, {**each.region.lexemes, "source": _without_comments(each)})
        for each in page.examples()
    ]


def _without_comments(example: Example) -> str:
    source: str = example.region.lexemes.get("source", "")
    match example.region.lexemes.get("language"):
        case "python":
            return _DOCSTRING.sub("", ast.unparse(ast.parse(source, example.path)))
        case "sh":
            return _COMMENT.sub("", source)
    return source
