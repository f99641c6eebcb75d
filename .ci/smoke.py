"""Uses an installed package as its users do; run by ``.ci/packages`` in an empty environment."""

from __future__ import annotations

import asyncio
import csv
import importlib
import re
import subprocess
import sys
from importlib.metadata import distribution, distributions, version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

EXTRA = sys.argv[1] if len(sys.argv) > 1 else ""
MODULES = {
    "cli": ("rich", "cyclopts", "jinja2", "xlrd"),
    "speedups": ("orjson", "uvloop"),
    "otel": ("opentelemetry.trace",),
    "postgres": ("psycopg",),
    "temporal": ("temporalio",),
}


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def brought_along(*names: str) -> set[str]:
    """Return distributions and what they need without extras, where it is installed."""
    there = {plain(each.metadata["Name"]) for each in distributions()}
    found: set[str] = set()
    queue = list(names)
    while queue:
        name = plain(queue.pop())
        if name in found or name not in there:
            continue
        found.add(name)
        for requirement in distribution(name).requires or ():
            if "extra ==" not in requirement:
                queue.append(re.match(r"[\w.-]+", requirement)[0])
    return found


def bare() -> None:
    """The package itself brings along three others and theirs, nothing else."""
    installed = {plain(each.metadata["Name"]) for each in distributions()}
    allowed = brought_along("aiohttp", "attrs", "cattrs") | {"justclick-async"}
    assert installed <= allowed, f"not asked for: {installed - allowed}"
    for modules in MODULES.values():
        for module in modules:
            assert find_spec(module.split(".")[0]) is None, f"{module} should not be there"


def asks_a_sandbox() -> None:
    from justclick_async import AsyncJustClick, Good, JustClick, Order, OrderExists
    from justclick_async.sandbox import Sandbox

    order = Order(
        email="a@example.com", goods=[Good("invoice", price="1500.50")], first_name="Иван"
    )
    with Sandbox() as sandbox:
        with JustClick(sandbox.login, sandbox.api_key, base_url=sandbox.base_url) as client:
            created = client.create_order(order)
            assert client.get_order_details(created.bill_id).first_name == "Иван"
            assert client.v2.get_goods()

        async def awaiting() -> None:
            async with AsyncJustClick(
                sandbox.login, sandbox.api_key, base_url=sandbox.base_url
            ) as client:
                try:
                    await client.create_order(order)
                except OrderExists as error:
                    assert error.bill_id == created.bill_id

        asyncio.run(awaiting())


def run(*command: str) -> None:
    """Run a command that must succeed; only what it reports as an error is shown."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def imports_a_file() -> None:
    command = str(Path(sys.executable).with_name("justclick"))
    with TemporaryDirectory() as name:
        file = Path(name) / "orders.csv"
        with file.open("w", newline="", encoding="cp1251") as opened:
            rows = [("email", "goods", "имя"), ("a@example.com", "invoice:1500,50", "Иван")]
            csv.writer(opened, delimiter=";").writerows(rows)
        run(command, "import", str(file), "--sandbox", "--yes")
        assert "created" in (Path(name) / "orders.csv.sandbox.success.csv").read_text("cp1251")
    run(command, "--help")


def traces() -> None:
    from justclick_async.hooks import RequestEnd, RequestStart
    from justclick_async.otel import Telemetry

    telemetry = Telemetry()
    telemetry(RequestStart("CreateOrder", 1, 1, 1, "https://a.example"))
    telemetry(RequestEnd("CreateOrder", 1, 1, 0.1, call=1, base_url="https://a.example"))


def missing_extras_are_named() -> None:
    for module, extra in {"justclick_async.otel": "otel"}.items():
        if EXTRA in (extra, "all"):
            continue
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as error:
            assert f"justclick_async[{extra}]" in str(error)
        else:
            raise AssertionError(module)


def main() -> None:
    import justclick_async

    assert Path(justclick_async.__file__).is_relative_to(sys.prefix), justclick_async.__file__
    assert justclick_async.__version__ == version("justclick_async")
    for name in justclick_async.__all__:
        getattr(justclick_async, name)
    is_pure = "Root-Is-Purelib: true" in distribution("justclick_async").read_text("WHEEL")
    assert justclick_async.php.COMPILED is not is_pure, justclick_async.php.WHY_PURE
    if not EXTRA:
        bare()
    for extra, modules in MODULES.items():
        if EXTRA in (extra, "all"):
            for module in modules:
                importlib.import_module(module)
    asks_a_sandbox()
    missing_extras_are_named()
    if EXTRA in ("cli", "all"):
        imports_a_file()
    if EXTRA in ("otel", "all"):
        traces()
    names = ("aiohttp", "attrs", "cattrs")
    print("pure," if is_pure else "compiled,", *(f"{name} {version(name)}" for name in names))


if __name__ == "__main__":
    main()
