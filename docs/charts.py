"""Draw the charts of the documentation from the benchmarks' figures.

python -m benchmarks calls blocking bulk encode --json docs/figures/speed.json
python -m benchmarks.dying --rows 1500 --rate 40 --json docs/figures/dying.json
python docs/charts.py

Each chart follows the light or dark scheme of its reader.
"""

import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
FIGURES = DOCS / "figures"
PAGES = {"en": DOCS / "pages", "ru": DOCS / "pages" / "ru"}
WIDTH, BAR, ROW = 480, 14, 42
"""The charts are so narrow that phones show their text in a readable size."""

STYLE = """<style>
  text { font: 14px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; } .quiet { fill: #59636e; }
  .paper { fill: #f6f8fa; } .ours { fill: #1f6feb; } .other { fill: #afb8c1; }
  .line { stroke: #1f6feb; stroke-width: 2; fill: none; } .axis { stroke: #afb8c1; }
  .kill { stroke: #cf222e; stroke-dasharray: 4 3; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .quiet { fill: #9198a1; }
    .paper { fill: #161b22; } .ours { fill: #4493f8; } .other { fill: #57606a; }
    .line { stroke: #4493f8; } .axis { stroke: #57606a; } .kill { stroke: #ff7b72; }
  }
</style>"""

TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "calls": "One create_order, 32 at once, asyncio",
        "blocking": "One synchronous add_lead_to_group",
        "bulk": "One of many orders, 64 at once",
        "encode": "Encode and sign an order of two products, in Russian",
        "aiohttp": "aiohttp: the same bytes, nothing checked",
        "aiohttp by hand": "a loop over aiohttp, nothing checked",
        "python-justclick, contacts in a for loop": "python-justclick in a for loop (contacts)",
        "ours": "justclick_async",
        "create_orders": "create_orders",
        "import_orders": "import_orders, with a journal on disk",
        "requests": "Requests per second; a worker is killed at the red line",
        "processes": "{} processes, a file as journal",
        "workers on PostgreSQL": "{} workers, PostgreSQL as journal",
    },
    "ru": {
        "calls": "Один create_order, 32 одновременно, asyncio",
        "blocking": "Один синхронный add_lead_to_group",
        "bulk": "Один из многих заказов, 64 одновременно",
        "encode": "Кодирование и подпись заказа из двух товаров",
        "aiohttp": "aiohttp: те же байты, без проверок",
        "aiohttp by hand": "цикл поверх aiohttp, без проверок",
        "python-justclick, contacts in a for loop": "python-justclick в цикле for (контакты)",
        "ours": "justclick_async",
        "create_orders": "create_orders",
        "import_orders": "import_orders с журналом на диске",
        "requests": "Запросов в секунду; на красной линии процесс убит",
        "processes": "процессов: {}, журнал — файл",
        "workers on PostgreSQL": "процессов: {}, журнал — PostgreSQL",
    },
}

UNIT = {
    "en": ["Processor time, compared with the first bar. Shorter is faster."],
    "ru": ["Процессорное время по сравнению с первой полосой.", "Чем короче, тем быстрее."],
}

BARS = (
    ("calls", "create_order, 32 at once, asyncio", ("aiohttp", "ours")),
    (
        "blocking",
        "add_lead_to_group",
        ("requests.Session", "httpx.Client", "urllib3", "python-justclick", "ours"),
    ),
    (
        "bulk",
        "answers after 0 ms",
        (
            "aiohttp by hand",
            "create_orders",
            "import_orders",
            "python-justclick, contacts in a for loop",
        ),
    ),
    ("encode", "Russian, 2 goods", ("PHP", "ours")),
)
OURS = {"ours", "create_orders", "import_orders"}


def main() -> None:
    """Write all charts in both languages."""
    speed = json.loads((FIGURES / "speed.json").read_text())
    rows = {(row["case"], row["name"]): row for table in speed["tables"] for row in table["rows"]}
    dying = json.loads((FIGURES / "dying.json").read_text())
    for language, texts in TEXTS.items():
        for name, case, contenders in BARS:
            bars = [(each, rows[case, each]["cpu_ratio"]["median"]) for each in contenders]
            save(language, f"speed-{name}", bar_chart(texts, name, bars, language))
        save(language, "dying", line_charts(texts, dying))


def bar_chart(
    texts: Mapping[str, str], name: str, bars: Sequence[tuple[str, float]], language: str
) -> list[str]:
    """Return horizontal bars below a title."""
    longest = max(ratio for _, ratio in bars)
    drawn = [label(16, 28, texts[name], "title")]
    drawn += [label(16, 50 + 20 * i, line, "quiet") for i, line in enumerate(UNIT[language])]
    top = 56 + 20 * len(UNIT[language])
    for number, (who, ratio) in enumerate(bars):
        y = top + number * ROW
        width = ratio / longest * (WIDTH - 90)
        figure = f"{ratio:.1f}" if ratio > 2 else f"{ratio:.2f}"
        figure = figure.replace(".", ",") if language == "ru" else figure
        kind = "ours" if who in OURS else "other"
        drawn += [
            label(16, y, texts.get(who, who)),
            f'<rect class="{kind}" x="16" y="{y + 7}" width="{width:.0f}" height="{BAR}" rx="3"/>',
            label(16 + width + 8, y + 19, figure, "quiet"),
        ]
    return frame(drawn, top + len(bars) * ROW)


def line_charts(texts: Mapping[str, str], runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return one line of requests per second for each import, one below the other."""
    drawn = [label(16, 26, texts["requests"], "title")]
    height, top, shown = 60, 50, 45
    for number, run in enumerate(runs):
        count, _, kind = run["name"].partition(" ")
        series = [*run["before"], *run["after"], *run["later"]]
        first = max(0, len(run["before"]) - 15)
        series = series[first : first + shown]
        y = top + number * (height + 44)
        step = (WIDTH - 70) / (shown - 1)
        points = " ".join(
            f"{44 + i * step:.0f},{y + 24 + height - each / 60 * height:.0f}"
            for i, each in enumerate(series)
        )
        kill = 44 + (len(run["before"]) - first - 0.5) * step
        base = y + 24 + height
        drawn += [
            label(44, y + 12, texts[kind].format(count)),
            *(
                f'<line class="axis" x1="44" x2="{WIDTH - 26}" y1="{at}" y2="{at}"/>'
                for at in (base, base - height * 2 // 3)
            ),
            label(38, base + 4, "0", "quiet", "end"),
            label(38, base - height * 2 / 3 + 4, "40", "quiet", "end"),
            f'<line class="kill" x1="{kill:.0f}" x2="{kill:.0f}" y1="{y + 20}" y2="{base}"/>',
            f'<polyline class="line" points="{points}"/>',
        ]
    return frame(drawn, top + len(runs) * (height + 44) + 4)


def label(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    """Return a text."""
    return (
        f'<text class="{kind}" x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{escape(text)}</text>'
    )


def frame(drawn: Sequence[str], height: int) -> list[str]:
    """Return the parts of an SVG around what is drawn."""
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        STYLE,
        f'<rect class="paper" width="{WIDTH}" height="{height}" rx="6"/>',
        *drawn,
        "</svg>\n",
    ]


def save(language: str, name: str, parts: Sequence[str]) -> None:
    """Write a chart."""
    (PAGES[language] / "pictures" / f"{name}.svg").write_text("\n".join(parts))


if __name__ == "__main__":
    main()
