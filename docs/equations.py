"""Writes the tables of docs/equations.md from the code: `python docs/equations.py`; a test holds the page to it.

What stands above the line "## Parameters" is written by hand.
"""

from __future__ import annotations

from pathlib import Path

from hanse.case.calibrate import calibrate
from hanse.case.parameters import PARAMETERS
from hanse.case.private import PRESETS

PAGE = Path(__file__).with_name("equations.md")
START = "## Parameters\n"
DRAWS, SEED = 2000, 1


def render() -> str:
    """The page, with its tables written anew."""
    by_hand = PAGE.read_text(encoding="utf-8").split(START)[0].rstrip()
    parts = [by_hand, START.rstrip(), _parameters(), "## Presets", _presets(), "## What the model says of history", _calibration()]
    return "\n\n".join(parts) + "\n"


def _table(head: str, rows: list[str]) -> str:
    return "\n".join([f"| {head} |", "|" + "---|" * (head.count("|") + 1), *rows])


def _parameters() -> str:
    rows = [f"| `{item.name}` | {_number(item.value)} | {_number(item.low)} to {_number(item.high)} | {item.unit} | {item.scale} | "
            f"{item.source} | {item.means} |" for item in PARAMETERS]  # fmt: skip
    return _table("name | value | range | unit | scale | source | meaning", rows)


def _presets() -> str:
    rows = [f"| {name} | {preset.tokens:,.0f} | {_number(preset.control)} | {_number(preset.early_month)} | "
            f"{preset.of_sales:.2%} |" for name, preset in PRESETS.items()]  # fmt: skip
    return _table("preset | million tokens a year | control, USD a year | each month early, USD a year | tokens, of sales", rows)


def _calibration() -> str:
    found = calibrate(DRAWS, SEED)
    said = f"{DRAWS:,} draws, seed {SEED}. Missed: {', '.join(target.name for target in found.misses) or 'none'}."
    rows = ["| " + " | ".join(row) + " |" for row in found.rows()]
    return said + "\n\n" + _table("target (what happened) | must be | model | 5 to 95 % of draws | result | use", rows)


def _number(value: float) -> str:
    for size, letter in ((1e9, "B"), (1e6, "M")):
        if value >= size:
            return f"{value / size:g} {letter}"
    return f"{value:,.0f}" if value >= 1e4 else f"{value:g}"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
