"""The family as one self-contained page, from its document: quality against size, and every member's lineage."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from hanse.page import stylesheet
from hanse.page.document import document
from hanse.page.svg import esc, glyph, said, segment, short, svg, text, ticks
from hanse.page.table import fold
from hanse.page.values import counted

Row = Mapping[str, Any]
WIDE, NARROW = 976.0, 354.0
SHAPES = {"alone": "square", "distilled": "circle"}
CSS = ".family .k-alone{fill:var(--c1)}.family .k-distilled{fill:var(--c0)}"


def render(found: Row) -> str:
    """The whole page of a `family.json`."""
    members = found["members"]
    smallest = min(members, key=lambda member: int(member["parameters"]))
    best = min(members, key=lambda member: float(member["bits_per_byte"]))
    title = (f"{counted(len(members), 'size', 'sizes').capitalize()} from one plan: {short(smallest['parameters'])} parameters at "
             f"{smallest['bits_per_byte']:.3f} bits per byte, the best at {best['bits_per_byte']:.3f}")  # fmt: skip
    lead = "Bits per byte on held-out text, less is better, by parameters. Squares were trained alone, circles were taught."
    parts = [
        f"<header><p class='eyebrow'>{esc('Family · ' + found['part'])}</p><h1>{esc(title)}</h1></header>",
        f"<section><h2>Size and quality</h2><p class='lead'>{esc(lead)}</p><figure>{_plot(members, WIDE)}{_plot(members, NARROW)}"
        "</figure></section>",
        f"<section><h2>The figures</h2>{_tables(members)}</section>",
    ]
    return document(title, stylesheet.CSS + CSS, f"<div class='family'>{''.join(parts)}</div>")


def _plot(members: list[Row], width: float) -> str:
    sizes, values = [math.log10(one["parameters"]) for one in members], [one["bits_per_byte"] for one in members]
    x_low, x_high = min(sizes) - 0.15, max(sizes) + 0.3
    room = max(0.1 * (max(values) - min(values)), 0.01)
    y_low, y_high = min(values) - room, max(values) + room
    left, right, upper, lower = 52.0, width - 16, 14.0, 260.0
    body = []

    def place(size: float, value: float) -> tuple[float, float]:
        return (left + (size - x_low) / (x_high - x_low) * (right - left),
                lower - (value - y_low) / (y_high - y_low) * (lower - upper))  # fmt: skip

    for tick in ticks(y_low, y_high, 5):
        y = place(x_low, tick)[1]
        body += [segment((left, y), (right, y), "grid"), text((left - 8, y + 4), f"{tick:g}", "tick", "end")]
    for at, one in zip(sizes, members, strict=True):
        x, y = place(at, one["bits_per_byte"])
        line = f"{one['name']}: {short(one['parameters'])} parameters, {one['bits_per_byte']:.4f} bits per byte, {one['made']}"
        mark = glyph(SHAPES[one["made"]], (x, y), 6, f"k-{one['made']}")
        body.append(said(line, mark + text((x + 11, y + 4), one["name"], "label halo")))
        body.append(text((x, lower + 18), short(one["parameters"]), "tick", "middle"))
    spoken = "; ".join(f"{one['name']} {one['bits_per_byte']:.4f}" for one in members)
    return svg((width, lower + 26), "Bits per byte by parameters", spoken, body, "wide" if width == WIDE else "narrow")


def _tables(members: list[Row]) -> str:
    rows = [(one["name"], one["made"], one["teacher"], one["parameters"], one["tokens"], one["bits_per_byte"], one["cpu_seconds"])
            for one in members]  # fmt: skip
    files = [(one["name"], item["format"], item["bytes"], item["bits_per_weight"], item.get("decode_tokens_per_cpu_second"),
              item["sha256"]) for one in members for item in one["files"]]  # fmt: skip
    gains = [(one["name"], one["gain"]["bits_per_byte"], one["gain"]["low"], one["gain"]["high"]) for one in members if one["gain"]]
    lineage = [(one["name"], one["identity"], one["weights"], one["teacher_weights"]) for one in members]
    return (
        fold("Members", ("", "made", "teacher", "parameters", "tokens", "bits per byte", "CPU s"), rows)
        + fold("Files", ("", "format", "bytes", "bits a weight", "tokens per CPU s", "SHA-256"), files)
        + fold("Gains of teaching, bits per byte", ("", "gain", "low", "high"), gains)
        + fold("Lineage", ("", "identity", "weights", "teacher's weights"), lineage)
    )
