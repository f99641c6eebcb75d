"""Errors in blocks of code are detected."""

from __future__ import annotations

from pathlib import Path

import pytest
from sybil.document import Document

from justclick_async.sandbox import Sandbox
from tests.documents.blocks import blocks_of
from tests.documents.workspace import workspace

FENCE = "```"

SERVED = """
~~~sh
python -m justclick_async.sandbox --port 8080
~~~

~~~python
from urllib.request import urlopen

urlopen("http://127.0.0.1:8080/sandbox/state.json").close()
~~~
"""

ELSEWHERE = """
~~~python
from justclick_async import JustClick

with JustClick("other", "key") as client:
    client.get_all_goods()
~~~
"""


def run(folder: Path, text: str, sandbox: Sandbox) -> None:
    """Run the text of a page; ``~~~`` is the fence."""
    (folder / "page.md").write_text(text.replace("~~~", FENCE), "utf-8")
    finder = blocks_of(folder)
    document: Document = finder.parse(folder / "page.md")
    with workspace(folder, sandbox) as document.namespace["workspace"]:
        for example in document.examples():
            example.evaluate()


@pytest.mark.parametrize(
    "text",
    [
        "~~~python\nprint(1 + 1)\n~~~\n\n~~~text\n2\n~~~",
        "~~~python\nimport asyncio\n\nx = await asyncio.sleep(0, 7)\n~~~\n~~~pycon\n>>> x\n7\n~~~",
        "~~~sh\necho a b\n~~~\n~~~text\na ...\n~~~",
        "~~~sh\nfalse # exit code 1\n~~~",
        "~~~sh\nexport NAMED=value OTHER=...\n~~~\n~~~sh\ntest $NAMED-${OTHER:-} = value-\n~~~",
        '~~~csv title="a.csv"\nx;y\n~~~\n~~~sh\ncat a.csv\n~~~\n~~~text\nx;y\n~~~',
        "~~~sh\npip install 'justclick_async[cli]' # comment\n~~~",
        "~~~python\ndef test_it():\n    assert True\n~~~",
        "<!-- invisible-code-block: python\nx = 1\n-->\n~~~python\nassert x == 1\n~~~",
        SERVED,
        "1. in a list\n\n    ~~~sh\n    echo a\n    ~~~\n\n    ~~~text\n    a\n    ~~~",
    ],
)
def test_a_correct_page_passes(text: str, tmp_path: Path, justclick_sandbox: Sandbox) -> None:
    run(tmp_path, text, justclick_sandbox)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("~~~python\nprint(1 + 1)\n~~~\n\n~~~text\n3\n~~~", "it prints"),
        ("~~~pycon\n>>> 1 + 1\n3\n~~~", "Expected"),
        ("~~~sh\nfalse | true\n~~~", "ended with 1"),
        ("~~~sh\ntrue # exit code 1\n~~~", "ended with 0"),
        ("~~~sh\nno-such-command\necho later\n~~~", "ended with 127"),
        ("~~~text\nout of nowhere\n~~~", "there is no block before"),
        ("~~~\nno language\n~~~", "no language"),
        ("~~~ruby\nputs 1\n~~~", "blocks of ruby"),
        ("~~~sh\npip install 'justclick_async[no-such-extra]'\n~~~", "no-such-extra"),
        ("~~~python\ndef test_it():\n    assert False\n~~~", "1 failed"),
        (ELSEWHERE, "an example calls other.justclick.io"),
    ],
)
def test_a_wrong_page_fails(
    text: str, said: str, tmp_path: Path, justclick_sandbox: Sandbox
) -> None:
    with pytest.raises(AssertionError, match=said):
        run(tmp_path, text, justclick_sandbox)


@pytest.mark.parametrize(
    ("english", "russian", "is_run"),
    [
        ("~~~sh\ntrue\n~~~", "~~~sh\ntrue\n~~~", False),
        ("~~~sh\ntrue\n~~~", "~~~sh\nfalse\n~~~", True),
        ("~~~sh\ntrue\n~~~", "~~~sh\ntrue\n~~~\n~~~sh\ntrue\n~~~", True),
        ("~~~sh\ntrue\n~~~", "~~~bash\ntrue\n~~~", True),
        ("~~~sh\n# one\ntrue # two\n~~~", "~~~sh\n# раз\ntrue  # два\n~~~", False),
        ("~~~sh\nfalse # exit code 1\n~~~", "~~~sh\nfalse # exit code 2\n~~~", True),
        ("~~~sh\necho '#a'\n~~~", "~~~sh\necho '#b'\n~~~", True),
        ("~~~sh\necho Phone#2=phone\n~~~", "~~~sh\necho Phone#3=email\n~~~", True),
        ("~~~sh\na=b; echo ${#a}\n~~~", "~~~sh\na=b; echo ${#b}\n~~~", True),
        ("~~~python\nawait a()  # one\n~~~", "~~~python\n# раз\nawait a()\n~~~", False),
        ('~~~python\na = """\n #b\n"""\n~~~', '~~~python\na = """\n #c\n"""\n~~~', True),
        (
            '~~~python\ndef a():\n    """One."""\n~~~',
            '~~~python\ndef a():\n    """Раз."""\n~~~',
            False,
        ),
        ("~~~text\na # b\n~~~", "~~~text\na # c\n~~~", True),
        ('<!-- skip: next "a" -->\n~~~sh\na\n~~~', "~~~sh\na\n~~~", True),
    ],
)
def test_a_russian_page_with_the_code_of_the_english_one_is_not_run_again(
    english: str, russian: str, is_run: bool, tmp_path: Path
) -> None:
    pages = tmp_path / "docs" / "pages"
    (pages / "ru").mkdir(parents=True)
    (pages / "page.md").write_text(english.replace("~~~", FENCE), "utf-8")
    (pages / "ru" / "page.md").write_text(russian.replace("~~~", FENCE), "utf-8")
    finder = blocks_of(tmp_path)
    assert finder.should_parse(pages / "page.md")
    assert finder.should_parse(pages / "ru" / "page.md") is is_run
