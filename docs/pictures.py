"""Make the pictures of the documentation from real output: ``python docs/pictures.py``.

Terminals become SVG (rich), pages of the sandbox become PNG (Chromium, headless).
"""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.request import Request, urlopen

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text
from selenium import webdriver
from selenium.webdriver.common.by import By

from justclick_async import Good, JustClick, Order, php
from justclick_async.sandbox import Sandbox

DOCS = Path(__file__).parent
BIN = Path(sys.executable).parent
LANGUAGES = {"en_US.UTF-8": DOCS / "pages", "ru_RU.UTF-8": DOCS / "pages" / "ru"}
COLUMNS = 56
"""So few that the text can be read on a phone, where GitHub shrinks pictures to 358 pixels."""

PIXELS = 480
"""The width of pages of the sandbox, for the same reason."""

SHORTEN = """
for (const card of [...document.querySelectorAll("main > .card")].slice(3)) card.remove()
"""
"""The first cards of a page are enough."""

ERASED = re.compile(r"\x1b\[2K|\x1b\[\?25[lh]|\x1b\[1A")


def run(command: str, folder: Path, lang: str, until: str) -> str:
    """Run a command in a terminal until its output matches; return the output."""
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(folder)
        environment = os.environ | {
            "COLUMNS": str(COLUMNS),
            "LINES": "50",
            "LANG": lang,
            "LC_ALL": "",
            "TERM": "xterm-256color",
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        }
        os.execvpe("sh", ["sh", "-c", f"exec {command}"], environment)
    output, end = b"", time.monotonic() + 60
    try:
        while time.monotonic() < end:
            if select.select([terminal], [], [], 0.2)[0]:
                output += os.read(terminal, 65536)
            text = output.decode(errors="ignore")
            if re.search(until, text):
                return text
        raise TimeoutError(text)
    except OSError:  # the command has ended
        return output.decode()
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)


def screen(output: str) -> Text:
    """Return what a terminal shows: of a line that was rewritten, the last version."""
    lines = output.replace("\r\n", "\n").split("\n")
    shown = [ERASED.split(line.rstrip("\r"))[-1] for line in lines]
    return Text.from_ansi("\n".join(shown).rstrip())


def save_terminal(path: Path, command: str, output: str) -> None:
    """Write the picture of a terminal."""
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123
        console = Console(record=True, width=COLUMNS, file=nowhere)
        console.print(Text.assemble(("$ ", "bold green"), command))
        console.print(screen(output))
    svg = console.export_svg(title="justclick", theme=MONOKAI, unique_id="terminal")
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)  # no requests to others
    svg = svg.replace("Fira Code,", "")
    svg = svg.replace("<svg ", f'<svg width="{COLUMNS * 9}" ', 1)  # letters of 14 pixels
    path.write_text(re.sub(r"[ \t]+$", "", svg, flags=re.MULTILINE))
    print(path, path.stat().st_size)


def import_pictures(pictures: Path, lang: str) -> None:
    """Show preview and progress of an import, and then its result."""
    command = "justclick import orders.csv --sandbox --yes"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(DOCS / "examples" / "orders.csv", folder)
        # At this rate, the bar is seen while it moves.
        middle = run(f"{command} --rate 60", folder, lang, r"1[5-9]\d/29\d")
        save_terminal(pictures / "import.svg", f"{command} --rate 60", middle)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(DOCS / "examples" / "orders.csv", folder)
        whole = run(command, folder, lang, "(?!)")
        start = re.search(r"(?m)^.*294/294", whole)
        assert start, whole
        save_terminal(pictures / "import-result.svg", command, whole[start.start() :])


@contextmanager
def browser(width: int, language: str) -> Iterator[Callable[[str, Path], None]]:
    """Yield a function that takes a picture of a page."""
    options = webdriver.ChromeOptions()
    options.add_argument("--headless=new")
    options.add_argument("--no-sandbox")
    options.add_argument("--hide-scrollbars")
    options.add_argument(f"--lang={language}")
    options.add_argument(f"--window-size={width},1600")
    driver = webdriver.Chrome(
        options=options, service=webdriver.ChromeService(shutil.which("chromedriver"))
    )

    def shoot(url: str, path: Path) -> None:
        driver.get(url)
        driver.execute_script(SHORTEN)
        element = driver.find_element(By.TAG_NAME, "main")
        path.write_bytes(element.screenshot_as_png)
        print(path, path.stat().st_size)

    try:
        yield shoot
    finally:
        driver.quit()


@contextmanager
def receiver() -> Iterator[str]:
    """Yield the URL of a server that accepts every notification."""

    class Accept(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 8000), Accept) as server:
        Thread(target=server.serve_forever).start()
        yield "http://127.0.0.1:8000/justclick/a-long-random-word"
        server.shutdown()


def sandbox_pictures(pictures: Path, lang: str) -> None:
    """Show how the inspector explains a wrong hash, and an order with its notifications."""
    language = lang[:2]
    with (
        receiver() as url,
        Sandbox(login="demo", notify_url=url) as sandbox,
        browser(PIXELS, language) as shoot,
    ):
        with JustClick(sandbox.login, sandbox.api_key, base_url=sandbox.base_url) as client:
            order = Order(email="anna@example.com", goods=[Good("invoice", price=1500)])
            bill_id = client.create_order(order).bill_id
            client.update_order_status(bill_id, "paid", date=int(time.time()))
        time.sleep(2)  # until the notifications are delivered
        query = php.http_build_query({"email": "anna@example.com", "lead_name": "Анна"})
        wrong = f"{query}::{sandbox.api_key}"  # a common mistake: the login is missing
        body = f"{query}&hash={md5(wrong.encode()).hexdigest()}".encode()
        urlopen(Request(f"{sandbox.base_url}/api/AddLeadToGroup", body)).close()
        with urlopen(f"{sandbox.base_url}/sandbox/state.json") as state:
            number = json.load(state)["requests"][-1]["number"]
        page = f"{sandbox.base_url}/{{}}?lang={language}"
        shoot(page.format(f"requests/{number}"), pictures / "inspector.png")
        shoot(page.format(f"orders/{bill_id}"), pictures / "order.png")


if __name__ == "__main__":
    for lang, pages in LANGUAGES.items():
        import_pictures(pages / "pictures", lang)
        sandbox_pictures(pages / "pictures", lang)
