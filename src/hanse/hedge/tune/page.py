"""A tuning as one self-contained page, from its tuned.json: the loss first, then answers before and after. All texts in it
are anybody's and are escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hanse.page import stylesheet
from hanse.page.document import document
from hanse.page.svg import Point, esc, glyph, said, segment, short, svg, text, ticks
from hanse.page.table import fold
from hanse.page.values import counted

Row = Mapping[str, Any]
WIDE, NARROW = 976.0, 354.0
TEXT_MOST = 4000
CSS = """
.tune .curve.train{stroke:var(--c1)}.tune .curve.held{stroke:var(--c0)}.tune .dot{fill:var(--c0)}
.tune .key.train{fill:var(--c1)}.tune .key.held{fill:var(--c0)}
.tune .pair{display:grid;grid-template-columns:1fr 1fr;gap:20px}
@media (max-width:760px){.tune .pair{grid-template-columns:minmax(0,1fr)}}
"""


def render(told: Row) -> str:
    """The whole page."""
    settings, result = told["settings"], told["result"]
    title = f"{told['base']['name']}, tuned"
    what = f"{settings['method']} · {settings['objective']} · {counted(result['steps'], 'step', 'steps')} · {told['made_at'][:10]}"
    body = [
        f"<header><p class='eyebrow'>{esc(what)}</p><h1>{esc(title)}</h1></header>",
        _section("Loss", _lead(told), f"<figure>{''.join(_curve(told, width) for width in (WIDE, NARROW))}</figure>"),
        _tiles(told),
        _samples(told["samples"]),
        f"<section><h2>The figures</h2>{_tables(told)}</section>",
    ]
    return document(title, stylesheet.CSS + CSS, f"<div class='tune'>{''.join(body)}</div>")


def _lead(told: Row) -> str:
    unit = "nats a token" if told["settings"]["objective"] == "sft" else "of a pair, as DPO has it"
    if not told["held_curve"]:
        return f"Mean loss, {unit}. Nothing was held out, so this does not tell how it does on what it has not seen."
    result = told["result"]
    return (f"Mean loss, {unit}. Held out: {result['held_before']:.3f} before, {result['held_after']:.3f} at step "
            f"{result['best_step']}, which is what was kept.")  # fmt: skip


def _tiles(told: Row) -> str:
    result = told["result"]
    rows = [
        (f"{told['data']['examples']:,}", f"examples to train on, {told['data']['held']:,} held out"),
        (short(result["tokens"]), "tokens read"),
        (f"{result['tokens'] / result['cpu_seconds']:,.0f}" if result["cpu_seconds"] else "–", "tokens per CPU-second"),
        (f"{short(result['peak_memory_bytes'])}B", "peak memory"),
    ]
    return f"<ul class='tiles'>{''.join(f'<li><b>{esc(big)}</b><span>{esc(small)}</span></li>' for big, small in rows)}</ul>"


def _curve(told: Row, width: float) -> str:
    left, right, upper, lower = 54.0, width - 16, 30.0, 300.0 if width == WIDE else 240.0
    train, held = [(step, loss) for step, loss, _ in told["curve"]], [tuple(point) for point in told["held_curve"]]
    top = max(loss for _, loss in (*train, *held)) * 1.05 or 1.0
    last = max(1, told["result"]["steps"])

    def place(step: float, loss: float) -> Point:
        return left + step / last * (right - left), lower - loss / top * (lower - upper)

    body = []
    for tick in ticks(0, top, 5):
        y = place(0, tick)[1]
        body += [segment((left, y), (right, y), "grid"), text((left - 8, y + 4), f"{tick:g}", "tick", "end")]
    for tick in ticks(0, last, 4):
        body.append(text((place(tick, 0)[0], lower + 18), f"{tick:g}", "tick", "middle"))
    body.append(text((right, lower + 36), "steps", "tick", "end"))
    for name, points, words in (("train", train, "in training"), ("held", held, "held out")):
        if points:
            body.append(f'<polyline points="{_path([place(*point) for point in points])}" class="curve {name}"/>')
            body.append(text((left + (0 if name == "train" else 110), 14), f"● {words}", f"key {name}"))
    body += [said(f"Step {step}: {loss:.3f} held out", glyph("circle", place(step, loss), 4.0, "dot")) for step, loss in held]
    line = f"From {train[0][1]:.3f} to {train[-1][1]:.3f} in training over {last} steps"
    return svg((width, lower + 42), "Loss by step", line, body, "wide" if width == WIDE else "narrow")


def _samples(samples: Sequence[Row]) -> str:
    if not samples:
        return ""
    shown = []
    for row in samples:
        both = "".join(f"<div><b>{who}</b><pre>{esc(_brief(row[who]))}</pre></div>" for who in ("before", "after"))
        head = f"<summary>{esc(row['asked'][:120])}</summary><pre>{esc(_brief(row['asked']))}</pre>"
        shown.append(f"<details open>{head}<p class='lead'>Expected: {esc(_brief(row['expected']))}</p>"
                     f"<div class='pair'>{both}</div></details>")  # fmt: skip
    return _section("Before and after", "Greedy answers of the base and of the merged model, as it is served.", "".join(shown))


def _tables(told: Row) -> str:
    settings = [(name, str(value), told["reasons"].get(name, "")) for name, value in told["settings"].items()]
    base = [*told["base"].items(), *((f"data {name}", value) for name, value in told["data"]["files"].items()),
            *((f"evaluation {name}", value) for name, value in told["data"]["evaluation"].items()),
            ("adapter", told["result"]["adapter_sha256"]), ("model", told["result"]["model_sha256"])]  # fmt: skip
    data = [(name, value) for name, value in told["data"].items() if name not in ("files", "evaluation")]
    machine = [(name, str(value)) for name, value in told["machine"].items()]
    result = [(name, value) for name, value in told["result"].items() if not name.endswith("sha256")]
    return (
        fold("Settings", ("key", "value", "why"), settings) + fold("What went in and came out", ("", "SHA-256 or name"), base)
        + fold("Data", ("", ""), data) + fold("How it went", ("", ""), result) + fold("Machine", ("", ""), machine)
        + fold("Loss in training", ("step", "loss", "learning rate"), told["curve"])
        + fold("Loss held out", ("step", "loss"), told["held_curve"])
    )  # fmt: skip


def _section(title: str, lead: str, body: str) -> str:
    return f"<section><h2>{esc(title)}</h2><p class='lead'>{esc(lead)}</p>{body}</section>"


def _path(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _brief(words: str) -> str:
    return words if len(words) <= TEXT_MOST else words[:TEXT_MOST] + "…"
