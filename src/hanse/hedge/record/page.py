"""A status as one self-contained page: the picture first, then what is wrong, then every line of the record."""

from __future__ import annotations

from hanse.hedge.record import picture
from hanse.hedge.record.chain import Chain
from hanse.hedge.record.picture import NARROW, WIDE
from hanse.hedge.record.status import MAKING, Status, says
from hanse.page import stylesheet
from hanse.page.document import document
from hanse.page.svg import esc
from hanse.page.table import fold
from hanse.page.values import capital, counted


def render(status: Status, record: Chain) -> str:
    """The whole page. Names are anybody's text: all of it is escaped."""
    row = status.row()
    title = _title(status)
    lead = "Each model from its locked base down to what was made of it, the verdicts about that, and the routes that serve it."
    parts = [
        f"<header><p class='eyebrow'>Hedge · {status.lines} lines of the record</p><h1>{esc(title)}</h1></header>",
        _tiles(status),
        f"<section><h2>The chain</h2><p class='lead'>{lead}</p>{_picture(status)}</section>",
        _problems(status),
        f"<section><h2>The record</h2>{_lines(record)}</section>",
        f"<footer><p>Head {esc(row['head'] or 'none')}: kept elsewhere, it shows when lines are taken from the end.</p></footer>",
    ]
    return document(title, stylesheet.CSS + picture.CSS, f"<div class='hedge'>{''.join(parts)}</div>")


def _picture(status: Status) -> str:
    models = status.row()["models"]
    drawn = "".join(picture.tree(models, width) for width in (WIDE, NARROW))
    return f"{picture.legend(picture.kinds(models))}<figure>{drawn}</figure>"


def _title(status: Status) -> str:
    problems = len(status.problems())
    if problems:
        return f"{capital(counted(problems, 'thing is', 'things are'))} missing or contradict each other"
    routes = len({node.name for model in status.models for node in model.all() if node.kind == "route" and node.sha256})
    if not routes:
        return "No step is missing, and no route serves a file"
    return f"{capital(counted(routes, 'route serves a file', 'routes serve files'))} whose whole chain is known"


def _tiles(status: Status) -> str:
    kinds = [kind for kind, _ in {(node.kind, node.sha256) for model in status.models for node in model.all()}]
    problems = len(status.problems())
    rows = [
        (str(kinds.count("lock")), "locked models", ""),
        (str(sum(kinds.count(kind) for kind in MAKING)), "trained, tuned, distilled or quantized", ""),
        (str(kinds.count("compare")), "verdicts", ""),
        (str(problems), "missing or contradicting", "bad" if problems else "good"),
    ]
    cards = "".join(f"<li class='{kind}'><b>{esc(big)}</b><span>{esc(small)}</span></li>" for big, small, kind in rows)
    return f"<ul class='tiles'>{cards}</ul>"


def _problems(status: Status) -> str:
    found = status.problems()
    if not found:
        return ""
    items = "".join(f"<li>{esc(item)}</li>" for item in found)
    return f"<section><h2>What is wrong</h2><ul class='problems'>{items}</ul></section>"


def _lines(record: Chain) -> str:
    heads = ("number", "at", "step", "of", "facts", "signed by", "digest")
    rows = [
        (item.line.number, item.line.at, item.line.made.kind, item.line.made.name, says(item.line.made), item.signer, item.digest)
        for item in record.lines
    ]
    return fold("Every line, in order", heads, rows) or "<p class='absent'>No line.</p>"
