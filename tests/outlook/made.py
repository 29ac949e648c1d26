"""A small hand-made result of the outlook, as `hanse.outlook.result.everything` makes a large one."""

from __future__ import annotations

from typing import Any

VERDICTS = ("holds", "does not hold", "cannot tell")


def interval(value: float, low: float, high: float) -> dict[str, float]:
    return {"value": value, "low": low, "high": high}


def basis(verdict: str) -> dict[str, Any]:
    return {
        "verdict": verdict,
        "figure": "Four labs against six: 2 fewer [1, 3].",
        **interval(-2, -3, -1),
        "data": "releases, scores (56 rows)",
        "as_of": "2026-08-13",
        "rule": "Holds when the interval lies below zero.",
        "notes": ["One vintage of scores."],
        "rows": ["glm-5", "kimi-k3"],
    }


def claim(number: int) -> dict[str, Any]:
    verdict = VERDICTS[number % 3]
    return {
        "number": number,
        "claim": f"Claim number {number} of the argument",
        "label": "insight",
        "verdict": verdict,
        "why": "The interval lies off zero.",
        "all": basis(verdict),
        "verified": basis("cannot tell" if number == 3 else verdict),
    }


def supply(labs: dict[str, dict[str, float]], small: dict[str, int]) -> dict[str, Any]:
    tiers = {h: {"near-frontier": 6, "mid": 3, "small": small[h], "unrated": 11} for h in labs}
    return {
        "rated_until": "2026-08-13",
        "collected": "2026-11-23",
        "near_months": 9,
        "small_params_b": 40.0,
        "releases": {
            "tier": tiers,
            "region": {h: {"USA": 5, "China": 9} for h in labs},
            "funding": {h: {"startup": 10, "bigtech": 4} for h in labs},
            "license": {h: {"open": 9, "metered": 3, "research-only": 1, "unknown": 1} for h in labs},
        },
        "labs_within": {"6": labs, "9": labs, "12": labs},
        "lag": [{"day": "2026-01-05", "months": 3.0}, {"day": "2026-03-02", "months": 5.1}],
        "best_small": [{"day": "2026-02-01", "release": "little-30b", "eci": 140.0, "months_behind": 11.5}],
    }


def lab(name: str, state: str, chance: dict[str, float] | None = None, why: str = "") -> dict[str, Any]:
    return {
        "lab": name.lower(),
        "name": name,
        "state": state,
        "last": "2026-06-16" if chance else None,
        "last_release": "glm-5-2" if chance else "",
        "waited": 1.9 if chance else None,
        "probability": chance,
        "method": "cox",
        "moved": [["china", 0.45], ["metered", -0.3]] if chance else [],
        "signals": ["A leader left."] if chance else [],
        "why": why,
    }


def method(name: str, brier: float, better: dict[str, float] | None) -> dict[str, Any]:
    bins = [{"low": 0.2, "high": 0.4, "count": 20, "said": 0.3, "happened": 0.25}]
    return {
        "method": name,
        "count": 27,
        "brier": brier,
        "calibration_error": 0.1,
        "better_by": better,
        "calibration": bins,
    }


def signal(at: str, precision: str, label: str) -> dict[str, Any]:
    return {
        "id": f"{at}-x",
        "date": at,
        "precision": precision,
        "lab": "qwen",
        "name": "Qwen",
        "kind": "license",
        "label": label,
        "what": f"Something of {at}.",
        "found": "systematic",
        "confidence": "verified",
        "source": "https://example.org/press",
    }


def made() -> dict[str, Any]:
    """Every part, small."""
    labs = {
        "2025H1": interval(4, 1, 7),
        "2025H2": interval(5, 2, 8),
        "2026H1": interval(4, 1, 7),
        "2026H2": interval(2, 0, 5),
    }
    return {
        "catalogue": {
            "rated_until": "2026-08-13", "collected": "2026-11-23", "releases": 175, "labs": 60, "events": 116,
            "scores": 212, "verified_only": False,
        },
        "claims": [claim(number) for number in range(1, 15)],
        "supply": supply(labs, {"2025H1": 8, "2025H2": 13, "2026H1": 9, "2026H2": 3}),
        "survival": {
            "months": [0.0, 2.0, 5.0, 20.0],
            "surviving": [interval(1, 1, 1), interval(0.8, 0.6, 0.9), interval(0.5, 0.3, 0.7), interval(0.3, 0.2, 0.5)],
            "spells": 38,
            "ended": 24,
            "median": 5.0,
            "hazard_ratios": {"china": interval(3.1, 1.5, 6.5), "metered": interval(0.46, 0.2, 0.9)},
            "covariates": {"china": "based in China", "metered": "the last release was metered"},
        },
        "forecast": [
            lab("Zhipu", "forecast", interval(0.91, 0.63, 0.98)),
            lab("Meta", "forecast", interval(0.04, 0.02, 0.08)),
            lab("Mistral", "cannot rate", why="large and never scored: Mistral Large 3"),
            lab("Baichuan", "left", why="no near-frontier open release on record since 2023"),
        ],
        "backtest": [
            {
                "horizon_months": 12.0, "days": ["2024H1", "2024H2"], "verdict": "Cox beats both baselines.", "chosen": "cox",
                "leaks": ["Scores are of one vintage."],
                "methods": [
                    method("cox", 0.198, interval(0.03, -0.01, 0.07)), method("base rate", 0.227, None),
                    method("last half-year repeats", 0.259, interval(-0.03, -0.18, 0.1)),
                ],
            }
        ],
        "signals": [
            signal("2026-10-06", "day", "strategy"), signal("2026-09-01", "month", "industry update"),
            signal("2026-05-05", "day", "market impact"), signal("2026-04-05", "day", "insight"),
            signal("2025-01-01", "year", "context"),
        ],
    }  # fmt: skip
