"""Compare what is signed with what other versions of PHP read: WebAssembly builds from npm.

    python -m tests.compare_php_versions --cases 20000 --versions 7.4 8.5

Each request is encoded here, read by ``parse_str`` of a version and encoded by its
``http_build_query``: the service hashes that.  Prints each difference, and exits with 1 if there is
one.  The builds are installed once, into ``--modules``.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from pathlib import Path

from justclick_async import php

SCRIPT = Path(__file__).with_name("php_versions.mjs")
MODULES = Path.home() / ".cache" / "justclick_async" / "php-wasm"
PACKAGES = ("@php-wasm/node@3", "@php-wasm/universal@3")
BATCH = 500

LETTERS = "abzAZ09_-.~ +%&=;,:/?#@!$'\"()*[]{}\\|<>^`\t\r\n"
WORDS = (
    "Анна",
    "Ёлкин й",
    "O'Brien",
    "и\u0306",
    "😀",
    "\xa0",
    "1500.50",
    "0",
    "",
    "+7 (916) 1",
    "€",
)
NAMES = ("bill_email", "bill_first_name", "lead_name", "utm", "tag", "a")


def is_installed(modules: Path) -> bool:
    """Return whether the builds of PHP are there."""
    return (modules / "node_modules" / "@php-wasm" / "node").is_dir()


def install(modules: Path) -> None:
    """Install the builds of PHP."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is not installed.")
    modules.mkdir(parents=True, exist_ok=True)
    words = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", *PACKAGES]
    subprocess.run(words, cwd=modules, check=True, stdout=subprocess.DEVNULL)


def some_text(rng: random.Random) -> str:
    text = "".join(rng.choices(LETTERS, k=rng.randrange(12)))
    return text + rng.choice(WORDS) if rng.random() < 0.5 else text


def some_params(rng: random.Random) -> dict[str, object]:
    """Return parameters as programs sign them: flat, lists, and lists of arrays."""
    params: dict[str, object] = {name: some_text(rng) for name in NAMES if rng.random() < 0.5}
    if rng.random() < 0.5:
        goods = [
            {"good_name": some_text(rng), "good_sum": str(rng.randrange(10**6) / 100)}
            for _ in range(rng.randrange(1, 4))
        ]
        params["goods"] = goods
    if rng.random() < 0.3:
        params["rid"] = [some_text(rng) for _ in range(rng.randrange(1, 4))]
    return params


def read_back(version: str, bodies: Sequence[bytes], modules: Path) -> tuple[str, list[bytes]]:
    """Return the number of a version, and the bodies as it encodes what it has read."""
    node = shutil.which("node")
    assert node is not None
    script = modules / SCRIPT.name  # modules are found from where a script is
    script.write_bytes(SCRIPT.read_bytes())
    lines = [
        json.dumps([b64encode(body).decode() for body in bodies[at : at + BATCH]])
        for at in range(0, len(bodies), BATCH)
    ]
    done = subprocess.run(
        [node, script, version], input="\n".join(lines), capture_output=True, text=True, check=True
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return answers[0][0], [b64decode(body) for _, said in answers for body in said]


def differences(version: str, cases: int, seed: int, modules: Path) -> Iterator[str]:
    """Yield the requests that a version of PHP does not read back unchanged."""
    rng = random.Random(seed)
    bodies = [php.http_build_query(some_params(rng)).encode("ascii") for _ in range(cases)]
    number, read = read_back(version, bodies, modules)
    assert number.startswith(version)
    assert len(read) == cases
    for body, back in zip(bodies, read, strict=True):
        if body != back:
            yield f"PHP {number}: {body.decode()} became {back.decode()}"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--versions", nargs="+", default=["7.4", "8.5"])
    parser.add_argument("--modules", type=Path, default=MODULES)
    given = parser.parse_args()
    if not is_installed(given.modules):
        install(given.modules)
    found = [
        difference
        for version in given.versions
        for difference in differences(version, given.cases, given.seed, given.modules)
    ]
    print(*found, sep="\n")
    versions = ", ".join(given.versions)
    print(f"{given.cases} requests, PHP {versions}, seed {given.seed}: {len(found)} differ")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
