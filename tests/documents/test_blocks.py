"""What runs the documentation's blocks notices what is wrong in them."""

from __future__ import annotations

from pathlib import Path

import pytest
from sybil.document import Document

from justclick_async.sandbox import Sandbox
from tests.documents.blocks import blocks_of
from tests.documents.stage import stage

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
    """Run a page that reads like this, ``~~~`` standing for the fences."""
    (folder / "page.md").write_text(text.replace("~~~", FENCE), "utf-8")
    finder = blocks_of(folder)
    document: Document = finder.parse(folder / "page.md")
    with stage(folder, sandbox) as document.namespace["stage"]:
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
def test_a_page_that_is_right_passes(text: str, tmp_path: Path, justclick_sandbox: Sandbox) -> None:
    run(tmp_path, text, justclick_sandbox)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("~~~python\nprint(1 + 1)\n~~~\n\n~~~text\n3\n~~~", "it prints"),
        ("~~~pycon\n>>> 1 + 1\n3\n~~~", "Expected"),
        ("~~~sh\nfalse | true\n~~~", "ended with 1"),
        ("~~~sh\ntrue # exit code 1\n~~~", "ended with 0"),
        ("~~~sh\nno-such-command\necho later\n~~~", "ended with 127"),
        ("~~~text\nout of nowhere\n~~~", "nothing was run"),
        ("~~~\nno language\n~~~", "no language"),
        ("~~~ruby\nputs 1\n~~~", "blocks of ruby"),
        ("~~~sh\npip install 'justclick_async[no-such-extra]'\n~~~", "no-such-extra"),
        ("~~~python\ndef test_it():\n    assert False\n~~~", "1 failed"),
        (ELSEWHERE, "an example calls other.justclick.io"),
    ],
)
def test_a_page_that_is_wrong_fails(
    text: str, said: str, tmp_path: Path, justclick_sandbox: Sandbox
) -> None:
    with pytest.raises(AssertionError, match=said):
        run(tmp_path, text, justclick_sandbox)
