"""Charters for tests of the report: ten companies alike, and three structures beside them; quick to simulate."""

from __future__ import annotations

from typing import Any

from hanse.charter.schema import Charter, parse_charter

TERM = {"start": "2027-01-01", "end": "2035-01-01"}


def ten(name: str = "Ten equal", count: int = 10, each: int = 150, embargo: int = 365, **more: Any) -> Charter:
    """`count` companies that pledge `each` M USD a year, with money back and an embargo in days."""
    names = [f"company-{at + 1}" for at in range(count)]
    document = {
        "name": name, "currency": "USD", "term": TERM,
        "member": [{"name": n, "base": "50_000_000_000 USD"} for n in names],
        "pledge": [{"member": n, "kind": "cash", "amount": f"{each * 1_000_000:_} USD"} for n in names],
        "withdrawal": {"notice_days": 365, "owed": "due_within_notice"},
        "assurance": {"threshold": f"{count * each * 800_000:_} USD", "by": "2027-01-01"},
        "release": {"licenses": ["Apache-2.0"], "embargo_days": embargo},
    }  # fmt: skip
    return parse_charter(document | more, "test")


def mixed() -> Charter:
    """One large payer, two of another size, one that gives evaluations; dues by a key; wished models differ."""
    members = [("anchor", 400, 200), ("bank", 40, 60), ("grid", 40, 60), ("clinic", 3, 0)]
    return parse_charter({
        "name": "Anchor & friends", "currency": "USD", "term": TERM,
        "member": [{"name": n, "base": f"{base}_000_000_000 USD"} for n, base, _ in members],
        "pledge": [{"member": n, "kind": "cash", "amount": f"{pays}_000_000 USD"} for n, _, pays in members if pays]
        + [{"member": "clinic", "kind": "evaluations", "quantity": 12, "measure": "sets accepted by the committee"}],
        "price": [{"kind": "evaluations", "price": "250_000 USD", "as_of": "2026-11-01", "source": "quotes"}],
        "withdrawal": {"notice_days": 180, "owed": "due_within_notice"},
        "assurance": {"threshold": "200_000_000 USD", "by": "2027-01-01"},
        "release": {"licenses": ["Apache-2.0"], "embargo_days": 180},
        "spec": [{"member": "anchor", "parameters": 400_000_000_000, "languages": ["en"]},
                 {"member": "clinic", "parameters": 40_000_000_000, "languages": ["de"], "openness": "everything"}],
    }, "test")  # fmt: skip
