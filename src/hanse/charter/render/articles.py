"""A charter as numbered articles. Deterministic: the same charter gives the same words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from hanse.charter.force import FORCE, Force
from hanse.charter.render import decisions, founders, leaving, membership, model, money, votes
from hanse.charter.render.article import Article, Part, Quote, Table
from hanse.charter.render.silence import SILENT, silence
from hanse.charter.schema import FIRST, Charter

_FORCE: dict[Force, str] = {
    "executed": "Hanse executes this article.",
    "checked": "Hanse checks this article.",
    "prose": "This article is prose.",
}
LEGEND = (
    "Executed: code acts on it while the consortium runs, and no one can act otherwise. Checked: the software refuses it where it "
    "contradicts itself or another article; members act on it. Prose: people act on it; the software carries and prints it."
)


@dataclass(frozen=True)
class Words:
    """How the articles of some keys are made."""

    keys: tuple[str, ...]
    title: str
    say: Callable[[Charter], list[Part]]


WORDS = (
    Words(("name",), "Name", founders.name),
    Words(("member",), "Parties", founders.parties),
    Words(("purpose",), "Purpose", founders.purpose),
    Words(("term",), "Term", founders.term),
    Words(("currency",), "Currency", founders.currency),
    Words(("rules", "round_quorum", "cosigners"), "The log", founders.log),
    Words(("membership",), "Classes of members", membership.membership),
    Words(("affiliates",), "Affiliates", membership.affiliates),
    Words(("transfer",), "Handing a membership on", membership.transfer),
    Words(("admission",), "Admission", membership.admission),
    Words(("attendance",), "Attendance", membership.attendance),
    Words(("dues",), "Dues", money.dues),
    Words(("pledge",), "Pledges", money.pledge),
    Words(("price",), "Prices in kind", money.price),
    Words(("in_kind",), "Limits of payment in kind", money.in_kind),
    Words(("assurance",), "Assurance", money.assurance),
    Words(("spending",), "Spending", money.spending),
    Words(("arrears",), "Late payment", money.arrears),
    Words(("breach",), "Breach of other duties", money.breach),
    Words(("power",), "Voting power", votes.power),
    Words(("sunset",), "Votes that shrink with time", votes.sunset),
    Words(("decision",), "Decisions", decisions.decision),
    Words(("veto",), "Vetoes", votes.veto),
    Words(("choice",), "One of many options", votes.choice),
    Words(("technical",), "Technical committee", votes.technical),
    Words(("amendment",), "Amendment", decisions.amendment),
    Words(("dispute",), "Disputes", decisions.dispute),
    Words(("withdrawal",), "Withdrawal", leaving.withdrawal),
    Words(("expulsion",), "Expulsion", leaving.expulsion),
    Words(("dissolution",), "Dissolution", leaving.dissolution),
    Words(("weights",), "The weights at the end", leaving.weights),
    Words(("spec",), "Models wished for", model.spec),
    Words(("training",), "Training", model.training),
    Words(("data",), "Data", model.data),
    Words(("audit",), "Audit", model.audit),
    Words(("release",), "Release", model.release),
    Words(("bucket",), "Bucket", model.bucket),
    Words(("text",), "Further words", model.text),
)
"""In the order of the charter as it is printed. Together they have every top-level key, once."""
_REFERENCE = re.compile(r"\{([a-z_]+)((?:\.[a-z0-9_-]+)*)\}")


def unnumbered(charter: Charter) -> list[Article]:
    """The articles whose clauses the charter has, and the last one; references still stand as {clause}."""
    found = [
        Article(words.keys, words.title, tuple(words.say(charter)), _FORCE[FORCE[words.keys[0]]])
        for words in WORDS
        if FIRST.issuperset(words.keys) or getattr(charter, words.keys[0])
    ]
    return [*found, Article((), "What this charter is silent about", tuple(silence(charter)), "")]


def articles(charter: Charter) -> list[Article]:
    """The articles by number, with the numbers that references stand for."""
    found = unnumbered(charter)
    numbers = {key: f"Article {number}" for number, item in enumerate(found, 1) for key in item.keys}
    silent = {key: f"Article {len(found)}" for key in SILENT if key not in numbers}
    return [replace(resolved(item, numbers | silent), number=number) for number, item in enumerate(found, 1)]


def resolved(article: Article, names: Mapping[str, str]) -> Article:
    """The article with `names` in place of {clause}."""

    def part(item: Part) -> Part:
        if isinstance(item, Quote):
            return Quote(referring(item.text, names))
        if isinstance(item, Table):
            return Table(item.heads, tuple(tuple(referring(cell, names) for cell in row) for row in item.rows))
        return referring(item, names)

    return replace(article, parts=tuple(map(part, article.parts)))


def referring(text: str, names: Mapping[str, str]) -> str:
    """The text with `names` in place of {clause}; a reference to nothing stays as it is written."""

    def name(match: re.Match[str]) -> str:
        found = names.get(match[1])
        return match[0] if found is None else found + (f" ({match[2][1:]})" if match[2] else "")

    return _REFERENCE.sub(name, text)
