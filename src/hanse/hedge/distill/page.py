"""The report as one self-contained page, from its document: the students side by side, how they learned, and the figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hanse.hedge.distill import judge
from hanse.page import stylesheet
from hanse.page.document import document
from hanse.page.svg import esc, glyph, segment, short, svg, text, ticks
from hanse.page.table import fold

Row = Mapping[str, Any]
WIDE, NARROW = 976.0, 354.0
NAMES = {"alone": "alone", "distilled": "taught", "longer": "alone, equal CPU time"}
SHAPES = {"alone": "square", "distilled": "circle", "longer": "triangle"}
CSS = """
.distill .k-alone{fill:var(--c1)}.distill .k-distilled{fill:var(--c0)}.distill .k-longer{fill:var(--c3)}
.distill polyline{fill:none;stroke-width:2}.distill .l-alone{stroke:var(--c1)}.distill .l-distilled{stroke:var(--c0)}
.distill .l-longer{stroke:var(--c3);stroke-dasharray:5 3}
"""


def render(found: Row) -> str:
    """The whole page of a `distilled.json`."""
    title = headline(found)
    about = f"Distilled · {found['level']} · teacher {found['teacher']['name']} · {found['documents']} documents of {found['part']}"
    parts = [
        f"<header><p class='eyebrow'>{esc(about)}</p><h1>{esc(title)}</h1></header>",
        _section("Held-out text", "Bits per byte, less is better; one mark per seed. The dashed line is the teacher.",
                 _both(found, _marks)),
        _tiles(found),
        _lead(found),
        _section("As they learned", "Bits per byte on dev text, by tokens trained on.", _both(found, _curves)) if _has_curve(found)
        else "",
        f"<section><h2>The figures</h2>{_tables(found)}</section>",
    ]  # fmt: skip
    return document(title, stylesheet.CSS + CSS, f"<div class='distill'>{''.join(parts)}</div>")


def headline(found: Row) -> str:
    """The finding in a sentence."""
    gains = found["gains"].get("alone")
    if not gains:
        return "A student was taught; nothing says what that was worth"
    better = sum(one["low"] > 0 for one in gains)
    worse = sum(one["high"] < 0 for one in gains)
    mean = sum(one["bits_per_byte"] for one in gains) / len(gains)
    seeds = "with its one seed" if len(gains) == 1 else f"with {better or worse} of {len(gains)} seeds"
    if better and not worse:
        return f"Teaching helped: {mean:.3f} bits per byte at equal tokens, beyond chance {seeds}"
    if worse and not better:
        return f"Teaching hurt: the student alone is {-mean:.3f} bits per byte better, beyond chance {seeds}"
    return f"Teaching changed little: {mean:+.3f} bits per byte at equal tokens"


def _tiles(found: Row) -> str:
    rows = [(short(found["student"]["parameters"]), "parameters of the student")]
    if found["teacher"]["parameters"]:
        rows.append((short(found["teacher"]["parameters"]), "parameters of the teacher"))
    for kind, words in (("alone", "at equal tokens"), ("longer", "at equal CPU time")):
        gains = found["gains"].get(kind)
        if gains:
            nats = sum(one["nats_per_token"] for one in gains) / len(gains)
            rows.append((f"{nats:+.3f}", f"nats a token gained {words}, mean of {len(gains)}"))
    return f"<ul class='tiles'>{''.join(f'<li><b>{esc(big)}</b><span>{esc(small)}</span></li>' for big, small in rows)}</ul>"


def _lead(found: Row) -> str:
    lead = found["lead"]
    if found["no_comparison"]:
        return f"<p class='absent'>Not compared with the student alone: {esc(found['no_comparison'])}.</p>"
    if lead is None:
        return "<p class='absent'>The teacher's lead was not measured: its distributions cannot be read.</p>"
    between = f"({lead['low']:.3f} to {lead['high']:.3f})"
    said = f"The teacher led the student alone by {lead['bits_per_byte']:.3f} bits per byte {between}"
    said += "." if lead["is_clear"] else f", which is not clear: {lead['why']}."
    if more := judge.remark(lead):
        said += f" And {more}."
    return f"<p class='lead'>{esc(said)}</p>"


def _marks(found: Row, width: float) -> str:
    """One row for each kind of student."""
    kinds = [kind for kind, rows in found["arms"].items() if rows]
    teacher = found["teacher"]["bits_per_byte"]
    values = [one["bits_per_byte"] for kind in kinds for one in found["arms"][kind]] + ([teacher] if teacher is not None else [])
    low, high = _range(values)
    left, right, step = (170.0 if width == WIDE else 104.0), width - 24, 44.0
    lower = 20 + step * len(kinds)

    def x(value: float) -> float:
        return left + (value - low) / (high - low) * (right - left)

    body, spoken = [], []
    for tick in ticks(low, high, 5 if width == WIDE else 3):
        body += [segment((x(tick), 12), (x(tick), lower), "grid"), text((x(tick), lower + 18), f"{tick:g}", "tick", "middle")]
    if teacher is not None:
        body += [segment((x(teacher), 12), (x(teacher), lower), "reference"), text((x(teacher) + 5, 20), "teacher", "tick halo")]
        spoken.append(f"teacher {teacher:.4f}")
    for at, kind in enumerate(kinds):
        y = 38 + step * at
        body.append(text((left - 14, y + 4), NAMES[kind] if width == WIDE else NAMES[kind].split(",")[-1].strip(), "label", "end"))
        for one in found["arms"][kind]:
            body.append(glyph(SHAPES[kind], (x(one["bits_per_byte"]), y), 6, f"k-{kind}"))
        spoken.append(f"{NAMES[kind]} " + ", ".join(f"{one['bits_per_byte']:.4f}" for one in found["arms"][kind]))
    look = "wide" if width == WIDE else "narrow"
    return svg((width, lower + 26), "Bits per byte on held-out text", "; ".join(spoken), body, look)


def _curves(found: Row, width: float) -> str:
    lines = [(kind, [(step * one["tokens"] / one["steps"], value) for step, value in one["curve"]])
             for kind, rows in found["arms"].items() for one in rows if one["curve"]]  # fmt: skip
    low, high = _range([value for _, line in lines for _, value in line])
    last = max(at for _, line in lines for at, _ in line)
    left, right, upper, lower = 48.0, width - 16, 12.0, 280.0 if width == WIDE else 220.0
    body = []

    def place(tokens: float, value: float) -> tuple[float, float]:
        return left + tokens / last * (right - left), lower - (value - low) / (high - low) * (lower - upper)

    for tick in ticks(low, high, 5):
        y = place(0, tick)[1]
        body += [segment((left, y), (right, y), "grid"), text((left - 8, y + 4), f"{tick:g}", "tick", "end")]
    for tick in ticks(0, last, 4 if width == WIDE else 2):
        body.append(text((place(tick, low)[0], lower + 18), short(tick), "tick", "middle"))
    for kind, line in lines:
        points = " ".join("{:.1f},{:.1f}".format(*place(*point)) for point in line)
        body.append(f'<polyline points="{points}" class="l-{kind}"/>')
        body += [glyph(SHAPES[kind], place(*point), 3.4, f"k-{kind}") for point in line]
    ends = "; ".join(f"{NAMES[kind]} ends at {line[-1][1]:.4f}" for kind, line in lines)
    return svg((width, lower + 26), "Dev bits per byte by tokens", ends, body, "wide" if width == WIDE else "narrow")


def _range(values: list[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = max(0.08 * (high - low), 0.01)
    return low - room, high + room


def _has_curve(found: Row) -> bool:
    return any(one["curve"] for rows in found["arms"].values() for one in rows)


def _tables(found: Row) -> str:
    arms = [(NAMES[kind], one["seed"], one["steps"], one["tokens"], one["bits_per_byte"], one["nats_per_token"], one["cpu_seconds"],
             one["weights"]) for kind, rows in found["arms"].items() for one in rows]  # fmt: skip
    gains = [(NAMES[kind], one["seed"], one["bits_per_byte"], one["low"], one["high"], one["nats_per_token"])
             for kind, rows in found["gains"].items() for one in rows]  # fmt: skip
    lineage = [(f"{part}.{key}", str(value)) for part in ("teacher", "student", "data") for key, value in found[part].items()]
    return (
        fold("Students", ("", "seed", "steps", "tokens", "bits per byte", "nats a token", "CPU s", "weights"), arms)
        + fold("Gains of the taught one", ("over", "seed", "bits per byte", "low", "high", "nats a token"), gains)
        + fold("Lineage", ("", ""), lineage)
    )


def _section(title: str, lead: str, body: str) -> str:
    return f"<section><h2>{esc(title)}</h2><p class='lead'>{esc(lead)}</p>{body}</section>"


def _both(found: Row, draw: Any) -> str:
    return f"<figure>{draw(found, WIDE)}{draw(found, NARROW)}</figure>"
