"""Write what is said of each entry of the corpus now."""

from __future__ import annotations

import re
import tempfile
from itertools import groupby
from pathlib import Path

from tests.sweep.stage import ROOM, Silence, entries, stage


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, stage(Path(folder)) as there:
        for file, found in groupby(list(entries()), lambda entry: entry.file):
            path = ROOM / f"{file}.txt"
            lines = path.read_text().splitlines()
            for entry in sorted(found, key=lambda entry: -entry.line):
                end = entry.line
                while (
                    end < len(lines) and lines[end] and not lines[end].startswith(("#", ">", "$ "))
                ):
                    end += 1
                try:
                    said = there.told(entry)
                except Silence:
                    said = "(nothing)"
                except AssertionError as error:
                    said = f"(assertion) {error}"
                if there.requests:
                    said = f"(sent) {said}"
                    there.requests.clear()
                lines[entry.line : end] = said.splitlines()
            path.write_text(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n")


if __name__ == "__main__":
    main()
