"""Everything the outlook says, as plain values: for `--json`, for the page and for the demo's report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hanse.outlook.backtest import Backtest, backtest, proven
from hanse.outlook.catalogue.tables import Catalogue
from hanse.outlook.claims.questions import claims
from hanse.outlook.forecast import HORIZON_MONTHS, Outlook, outlooks
from hanse.outlook.signals import signals
from hanse.outlook.supply import supply
from hanse.outlook.survival import COVARIATES, fit_cox, kaplan_meier, spells

HORIZONS = (HORIZON_MONTHS, 6.0)
"""Months. The first is forecast; the second has more questions to score."""


def everything(
    catalogue: Catalogue, verified_only: bool = False, say: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """All stages in order; `say` is told which one begins. `verified_only` leaves rows of general knowledge out of all."""
    rows = catalogue.verified() if verified_only else catalogue
    say("claims")
    found: dict[str, Any] = {"catalogue": about(rows, verified_only), "claims": [c.as_json() for c in claims(rows)]}
    say("supply")
    found["supply"] = supply(rows)
    say("time between releases")
    found["survival"] = survival_json(rows)
    say("scored forecasts")
    tests = [backtest(rows, horizon) for horizon in HORIZONS]
    found["backtest"] = [backtest_json(test) for test in tests if test is not None]
    say("forecasts")
    found["forecast"] = [outlook_json(rows, item) for item in outlooks(rows, proven(tests[0]))]
    say("signals")
    names = {lab.id: lab.name for lab in rows.labs}
    found["signals"] = [signal.as_json(names) for signal in signals(rows)]
    return found


def about(catalogue: Catalogue, verified_only: bool = False) -> dict[str, Any]:
    """Which rows these are."""
    return {
        "rated_until": catalogue.rated_until.isoformat(),
        "collected": catalogue.collected.isoformat(),
        "releases": len(catalogue.releases),
        "labs": len(catalogue.labs),
        "events": len(catalogue.events),
        "scores": len(catalogue.scores),
        "verified_only": verified_only,
    }


def survival_json(catalogue: Catalogue) -> dict[str, Any]:
    """The Kaplan-Meier curve and the Cox model's hazard ratios."""
    found = spells(catalogue)
    if not found:
        return {}
    curve, cox = kaplan_meier(found), fit_cox(found)
    return {
        "months": [round(value, 4) for value in curve.months],
        "surviving": [value.as_json() for value in curve.surviving],
        "spells": curve.spells,
        "ended": curve.ended,
        "median": None if curve.median is None else round(curve.median, 2),
        "hazard_ratios": {} if cox is None else {name: value.as_json() for name, value in cox.hazard_ratios.items()},
        "covariates": COVARIATES,
    }


def outlook_json(catalogue: Catalogue, item: Outlook) -> dict[str, Any]:
    """One lab's outlook."""
    told = {event.id: event.what for event in catalogue.events}
    return {
        "lab": item.lab,
        "name": catalogue.lab[item.lab].name,
        "state": item.state,
        "last": item.last.isoformat() if item.last else None,
        "last_release": item.last_release,
        "waited": None if item.waited is None else round(item.waited, 1),
        "probability": item.probability.as_json() if item.probability else None,
        "method": item.method,
        "moved": [[name, round(value, 4)] for name, value in item.moved],
        "signals": [told[event] for event in item.events],
        "why": item.why,
    }


def backtest_json(test: Backtest) -> dict[str, Any]:
    """One horizon's scores."""
    return {
        "horizon_months": test.horizon_months,
        "days": list(test.days),
        "verdict": test.verdict,
        "chosen": test.chosen,
        "events": test.events,
        "leaks": list(test.leaks),
        "methods": [
            {
                "method": item.method,
                "count": len(item.forecasts),
                "brier": round(item.brier, 4),
                "calibration_error": round(item.calibration_error, 4),
                "better_by": item.better_by.as_json() if item.better_by else None,
                "calibration": [
                    {
                        "low": b.low,
                        "high": b.high,
                        "count": b.count,
                        "said": round(b.said, 4),
                        "happened": round(b.happened, 4),
                    }
                    for b in item.calibration
                ],
                "forecasts": [
                    {"at": f.at, "lab": f.lab, "probability": round(f.probability, 4), "happened": f.happened}
                    for f in item.forecasts
                ],
            }
            for item in test.scored
        ],
    }
