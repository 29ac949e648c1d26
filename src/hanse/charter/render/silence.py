"""What a charter says nothing about, and what holds then: what the schema gives as the off-value of each clause, in words."""

from __future__ import annotations

from hanse.charter.render.article import Part, Table
from hanse.charter.schema import Charter

_NOTHING = "Hanse does nothing; the law of the place holds."

SILENT: dict[str, tuple[str, str]] = {
    "purpose": ("Purpose", "Nothing says what the consortium is for."),
    "term": ("Term", "The charter binds without end, and no years are counted."),
    "membership": ("Classes of members", "All members are alike."),
    "affiliates": ("Affiliates", "Every organization counts by itself, whoever controls it."),
    "transfer": ("Handing a membership on", _NOTHING),
    "admission": ("Admission", "Nobody can come in."),
    "attendance": ("Attendance", "Every member counts in the roll, present or not."),
    "dues": ("Dues", "Members pay what they pledge, and no more."),
    "pledge": ("Pledges", "No member promises anything."),
    "price": ("Prices in kind", "What is delivered in kind has no value in money."),
    "in_kind": ("Limits of payment in kind", "There are none, and prices are never set anew."),
    "assurance": ("Assurance", "Each pledge binds by itself, whatever the others do."),
    "spending": ("Spending", _NOTHING),
    "arrears": ("Late payment", "Nothing follows from it."),
    "breach": ("Breach of other duties", _NOTHING),
    "power": ("Voting power", "Every member has one vote."),
    "sunset": ("Votes that shrink with time", "Nobody has any."),
    "decision": ("Decisions", "None can be taken."),
    "veto": ("Vetoes", "Nobody has one."),
    "choice": ("One of many options", "Votes are on yes or no only."),
    "technical": ("Technical committee", "There is none; nothing is kept from the board."),
    "amendment": ("Amendment", "The charter cannot be changed."),
    "dispute": ("Disputes", "The law of the place holds."),
    "withdrawal": ("Withdrawal", "A member leaves at once and owes nothing."),
    "expulsion": ("Expulsion", "Nobody can be expelled."),
    "dissolution": ("Dissolution", _NOTHING),
    "weights": ("The weights at the end", _NOTHING),
    "spec": ("Models wished for", "No member has named one."),
    "training": ("Training", "Members train at sites of their own."),
    "data": ("Data", "The software lets compressed updates, scores and counts out of a site; nothing is said about consent."),
    "audit": ("Audit", "There is none."),
    "release": ("Release", _NOTHING),
    "bucket": ("Bucket", _NOTHING),
    "text": ("Further words", "There are none."),
    "currency": ("Currency", "No money is named."),
}
"""Top-level key: what it is about, and what holds when the charter does not have it."""


def silence(charter: Charter) -> list[Part]:
    """The last article."""
    rows = tuple(words for key, words in SILENT.items() if not getattr(charter, key))
    if not rows:
        return ["There is no clause that Hanse knows and this charter does not have."]
    return ["This charter says nothing on the following. What holds then:", Table(("On", "What holds"), rows)]
