"""Claims 11, 13 and 14: what no table here can decide, and what would."""

from __future__ import annotations

from collections import Counter

from hanse.outlook.catalogue.tables import Catalogue
from hanse.outlook.claims.verdict import Finding


def demand(catalogue: Catalogue) -> Finding:
    """Claim 11."""
    rule = "Needs dated downloads or derivatives per model and month; without them it cannot be told."
    orgs = sum(len(lab.orgs) for lab in catalogue.labs)
    figure = "No table here has a date for a download or a derivative, so demand over time is not known."
    notes = (
        f"Hub organizations of {orgs} names are known; a dated snapshot of their downloads would decide this.",
        "Supply at risk is in claims 8 and 10.",
    )
    return Finding("cannot tell", figure, None, "none", catalogue.collected, rule, notes)


def several_payers(catalogue: Catalogue) -> Finding:
    """Claim 13."""
    rule = "Needs the case of a charter: survival, cost shares and the share of the benefit that outsiders do not get."
    need = {row.id: row for row in catalogue.parameters}
    cost = need.get("near-frontier-open-lab-annual-cost-2026")
    figure = "Depends on the charter: `hanse case` will say for one at hand."
    if cost is not None:
        figure += (
            f" At USD {cost.value:g}B a year ({cost.low:g} to {cost.high:g}) a fiftieth is USD {cost.value * 20:.0f}M, "
            f"a tenth USD {cost.value * 100:.0f}M."
        )
    notes = ("A share of a fiftieth survives a year or two at the frontier's cost growth unless the lag may slip.",)
    return Finding(
        "cannot tell",
        figure,
        None,
        "parameters",
        catalogue.collected,
        rule,
        notes,
        ("near-frontier-open-lab-annual-cost-2026",),
    )


def misaligned(catalogue: Catalogue) -> Finding:
    """Claim 14."""
    rule = "Needs causes of ends, coded the same way for alliances that ended and that did not; and the case's misalignment term."
    states = Counter(row.state for row in catalogue.consortia)
    figure = (
        f"Of {len(catalogue.consortia)} past and present consortia {states['ended']} ended, {states['running']} run, "
        f"{states['nothing shipped']} have shipped nothing; why they ended is not coded, so the cause is not known."
    )
    notes = (
        "Research alliances at large: 15% ended in success, 34% in failure, 51% expired or one side left (Reuer and Zollo 2005).",
        "Thirteen alliances that one remembers are no sample.",
    )
    rows = tuple(row.id for row in catalogue.consortia)
    return Finding(
        "cannot tell", figure, None, f"consortia ({len(catalogue.consortia)})", catalogue.collected, rule, notes, rows
    )
