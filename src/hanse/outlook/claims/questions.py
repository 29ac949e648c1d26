"""The fourteen claims in our words (after N. Lambert, "The inevitable need for an open model consortium", Interconnects,
2026-04-11, an informed but interested view), each with its test."""

from __future__ import annotations

from hanse.outlook.catalogue.tables import Catalogue
from hanse.outlook.claims.generality import generality
from hanse.outlook.claims.later import demand, misaligned, several_payers
from hanse.outlook.claims.licensing import access, conflict
from hanse.outlook.claims.money import funding_gap, nonprofits, sponsors, startups
from hanse.outlook.claims.people import after_departures, departures
from hanse.outlook.claims.tiers import small_hedge, two_tiers
from hanse.outlook.claims.verdict import Claim, Question

QUESTIONS: tuple[Question, ...] = (
    Question(1, "Releasing one's strongest model openly conflicts with earning from it, and the conflict wins as cost rises",
             "insight", conflict),
    Question(2, "The cost of the frontier grows faster than what single open labs can fund", "market impact", funding_gap),
    Question(3, "Departures and shifts at open labs are a pattern and become more frequent", "industry update", departures),
    Question(4, "Such departures come before closing or slowing", "insight", after_departures),
    Question(5, "Moonshot AI, MiniMax and Zhipu AI cannot fund growth while they release openly", "market impact", startups),
    Question(6, "Their models fall further behind in generality", "insight", generality),
    Question(7, "One company paying for its own reasons, as for Nemotron, is better than nothing and not stable", "strategy",
             sponsors),
    Question(8, "Two tiers: ever more small open models, ever fewer near the frontier", "industry update", two_tiers),
    Question(9, "Non-profits are priced out of the near-frontier", "market impact", nonprofits),
    Question(10, "Access at today's rate must not be assumed", "insight", access),
    Question(11, "Demand to secure open models rises as supply shrinks", "market impact", demand),
    Question(12, "Small models and fine-tuning hedge longer than betting on parity at the frontier", "strategy", small_hedge),
    Question(13, "A consortium of several payers is the only stable structure, at a tenth to a fiftieth of the cost", "strategy",
             several_payers),
    Question(14, "Consortia fail by misaligned visions", "context", misaligned),
)  # fmt: skip


def claims(catalogue: Catalogue) -> tuple[Claim, ...]:
    """Every claim with its verdict, on all rows and on verified rows only."""
    verified = catalogue.verified()
    return tuple(Claim(q.number, q.claim, q.label, q.test(catalogue), q.test(verified)) for q in QUESTIONS)
