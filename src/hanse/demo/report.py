"""The demo's page: result.json in, one self-contained HTML file out; pictures first, tables folded away below.

It follows the stages: decide, agree, train, prove, hedge. Nothing is invented: a part that result.json lacks is said to
be not measured, and the headline is computed from the figures, also when joining did not pay. The markup is well-formed
XML after the doctype, and fetches nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hanse.case.report import page as case_page
from hanse.case.report import stylesheet as case_style
from hanse.demo import agreeing, hedging, proving, tables, training
from hanse.demo.findings import Result, gains, headline, replay_says
from hanse.demo.proving import ABSENT
from hanse.demo.stylesheet import CSS
from hanse.hedge.record import picture
from hanse.outlook.report import stylesheet
from hanse.outlook.report.page import section
from hanse.page.document import document
from hanse.page.svg import esc
from hanse.page.values import dig, mapping


@dataclass(frozen=True)
class Section:
    """One picture with its title and what it shows."""

    title: str
    lead: str
    draw: Callable[[Result], str]

    def render(self, result: Result) -> str:
        """Markup; what could not be drawn was not measured."""
        return f"<section><h3>{self.title}</h3><p class='lead'>{self.lead}</p>{self.draw(result) or ABSENT}</section>"


@dataclass(frozen=True)
class Part:
    """A stage of the story: its place on the page, what it asks, and its sections; none yet for a stage to come."""

    key: str
    title: str
    lead: str
    sections: Sequence[Section] = ()
    whole: Callable[[Result], str] | None = None
    """Draws the part at once, where it has no sections of its own."""

    def render(self, result: Result) -> str:
        """The part's markup, with an anchor for the table of contents."""
        if self.whole is not None:
            body = self.whole(result) or ABSENT
        else:
            body = "".join(item.render(result) for item in self.sections)
        head = f"<h2>{self.title}</h2><p class='lead'>{self.lead}</p>"
        return f"<section class='part' id='{self.key}'>{head}{body}</section>"


def render(result: Result) -> str:
    """The whole page for a result.json. Never raises for a missing part."""
    parts = [_hero(result), *(part.render(result) for part in PARTS)]
    parts.append(f"<section><h2>The figures</h2>{tables.render(result)}</section>")
    parts.append(f"<footer><p>{_provenance(result)}</p></footer>")
    return document(headline(result), CSS + stylesheet.CSS + case_style.CSS + picture.CSS, "".join(parts))


def _contents() -> str:
    items = "".join(f"<li><a href='#{p.key}'><b>{p.title}</b><span>{p.lead}</span></a></li>" for p in PARTS)
    return f"<nav class='contents' aria-label='Parts of this page'><ol>{items}</ol></nav>"


def _decide(result: Result) -> str:
    outlook, case = mapping(result.get("outlook")), mapping(result.get("case"))
    supply = section(outlook) if outlook else ABSENT
    return supply + (f"<section>{_charters(case)}</section>" if case else "")


def _charters(case: Mapping[str, Any]) -> str:
    lead = "Four shipped charters, simulated under the same luck (<a href='case.html'>the whole case</a>)."
    return f"<h3>Should we found it, on which terms?</h3><p class='lead'>{lead}</p>{case_page.section(case)}"


def _hero(result: Result) -> str:
    found, (said, holds) = gains(result), replay_says(result)
    ratio, rounds = dig(result, "bytes", "ratio"), result.get("rounds") or []
    tiles = [
        (
            f"{sum(found.values()) / len(found):+.1f}%" if found else "–",
            "mean gain at home, in fewer bits per byte" if found else "gain not measured",
            None,
        ),
        (
            f"{ratio:,.0f}×" if ratio else "–",
            "fewer bytes of updates than data-parallel would send" if ratio else "traffic not measured",
            None,
        ),
        (str(len(rounds)) if rounds else "–", "rounds, each merged from signed updates", None),
        (said, "is how replay rebuilt the weights from the log" if holds else "replay of the log", holds),
    ]
    cards = "".join(
        f"<li class='{'good' if good else 'bad' if good is False else ''}'><b>{esc(value)}</b><span>{esc(label)}</span></li>"
        for value, label, good in tiles
    )
    key = " · ".join(esc(v) for v in ("Hanse demo", result.get("size"), result.get("date")) if v)
    title = f"<p class='eyebrow'>{key}</p><h1>{esc(headline(result))}</h1>"
    return f"<header>{title}<ul class='tiles'>{cards}</ul>{_contents()}</header>"


def _provenance(result: Result) -> str:
    machine = result.get("machine") or {}
    facts = [
        machine.get("cpu"),
        f"{machine['cores']} cores" if machine.get("cores") else None,
        f"torch {machine['torch']}" if machine.get("torch") else None,
        f"{result['seconds']:,.0f} s in all" if result.get("seconds") else None,
        f"settings {result['tuning']}" if result.get("tuning") else None,
        f"log {str(dig(result, 'log', 'genesis'))[:16]}…" if dig(result, "log", "genesis") else None,
    ]
    return esc(" · ".join(str(fact) for fact in facts if fact)) or "Machine not recorded."


PARTS = (
    Part("decide", "Decide", "Is there a reason to, and on which terms? Open models tested on data; four charters.", whole=_decide),
    Part(
        "agree",
        "Agree",
        "Who founded the consortium, and what its log says of it today.",
        (Section("The members", "Each keeps its text; what it brings is its own domain.", agreeing.founding),),
    ),
    Part(
        "train",
        "Train",
        "One model from text that never left its owners, and what each gained.",
        (
            Section(
                "What each member gained",
                "Bits needed per byte of held-out text from the member's own domain, at equal local compute. Further left "
                "is better; the dashed line is the member alone.",
                training.home,
            ),
            Section(
                "How they learned",
                "On the member's own domain; the dashed line is where the member alone ended.",
                training.learning,
            ),
            Section(
                "Who contributed what", "Share of the updates that were admitted and merged.", training.contribution
            ),
            Section(
                "Round by round",
                "A dot where the member's update was admitted; a wide column is a long round.",
                training.rounds,
            ),
            Section(
                "What the models write",
                "Prompt marked. These models are tiny: judge the style, not the sense.",
                training.samples,
            ),
        ),
    ),
    Part(
        "prove",
        "Prove",
        "Who did what, recomputed by anyone from the log alone.",
        (
            Section("The replay", "Recomputed from the log alone: the two digests must be the same.", proving.replay),
            Section("The log", "Every entry anybody wrote, in order. Point at one to read it.", proving.log),
            Section(
                "What it cost on the wire",
                "Bytes per member over the whole run. Each grid line is ten times the last.",
                proving.traffic,
            ),
        ),
    ),
    Part(
        "hedge",
        "Hedge",
        "Know which models you depend on, keep them to the byte, prove a smaller one and swap it in. (Releasing is the stage "
        "still to come.)",
        (
            Section(
                "What an application depends on",
                "A made-up application, scanned without running it: a name that is made while the program runs is a finding too.",
                hedging.known,
            ),
            Section(
                "The model, locked", "The demo's own model pinned in models.lock, and verified offline.", hedging.locked
            ),
            Section(
                "Smaller files, compared",
                "Does a smaller file still say exactly what the model says in F16, after the beginnings of held-out lines?",
                hedging.compared,
            ),
            Section(
                "From the lock to what is served",
                "Every step signed and chained; the client kept its address (<a href='hedge.html'>the status page</a>).",
                hedging.chained,
            ),
        ),
    ),
)
