"""Who agrees, on what, for how long: name, purpose, parties, log, currency, term."""

from __future__ import annotations

from hanse.charter.render.article import Part, Quote, Table
from hanse.charter.render.words import day, decided, many, money, threshold
from hanse.charter.schema import Charter, Member
from hanse.charter.threshold import Threshold

_LOG = {"roll": "the members whose updates the round waits for", "members": "the members, counted by head"}


def name(charter: Charter) -> list[Part]:
    return [f"The consortium is called “{charter.name}”."]


def purpose(charter: Charter) -> list[Part]:
    assert charter.purpose is not None
    return ["The members pursue the following purpose.", Quote(charter.purpose)]


def parties(charter: Charter) -> list[Part]:
    columns = {
        "Member": [f"{member.name}" for member in charter.member],
        "Organization": [member.organization for member in charter.member],
        "Class": [member.membership or "" for member in charter.member],
        "Group of affiliates": [member.group or "" for member in charter.member],
        "Trains at a site of its own": ["yes" if member.site else "no" for member in charter.member],
        "Yearly sales or income": [_base(member) for member in charter.member],
        "Officer's key": [member.officer or "" for member in charter.member],
    }
    shown = {head: cells for head, cells in columns.items() if any(cells)}
    rows = zip(*([cell or "–" for cell in cells] for cells in shown.values()), strict=True)
    parts: list[Part] = [f"The founders are {many(len(charter.member), 'member')}:", Table(tuple(shown), tuple(rows))]
    if charter.is_draft:
        parts.append("This is a draft: it cannot be signed before every member has named its officer's key.")
    signs = "Every founder's officer signs the first entry of the log; a member founds, joins and leaves by its officer's key."
    return [*parts, signs]


def _base(member: Member) -> str:
    return money(member.base) if member.base is not None else ""


def log(charter: Charter) -> list[Part]:
    return [
        f"What the members declare is signed and appended to one log, under rule set {charter.rules} from its first entry.",
        "Once its deadline has passed, a round of training closes with the updates of "
        f"{threshold(charter.quorum, _LOG)}.",
        f"What the log holds is final once {threshold(Threshold.parse(charter.cosigners), _LOG)}, have signed a tree head over it.",
    ]


def currency(charter: Charter) -> list[Part]:
    return [f"All money in this charter is in {charter.currency}."]


def term(charter: Charter) -> list[Part]:
    found = charter.term
    assert found is not None
    ends = {
        "ends": "the consortium ends",
        "renews": "the term renews for every member that does not opt out",
        "vote": f"{decided(charter, 'charter')} settles whether and how it goes on",
    }
    first = f"This charter binds from {day(found.start)}; {day(found.end)} is the first day it no longer covers."
    return [first, f"At the end of the term, {ends[found.renewal]}."]
