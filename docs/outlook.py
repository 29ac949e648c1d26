"""Writes docs/outlook.md from the shipped catalogue: `python docs/outlook.py`; a test holds the page to it.

With `--catalogue` computed.csv is written first, so one command makes every computed column and every figure anew.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from hanse.outlook.catalogue.schema import Computed, Row
from hanse.outlook.catalogue.tables import TABLES, columns_of, shipped
from hanse.outlook.check import write_computed
from hanse.outlook.result import everything
from hanse.outlook.signals import LABELS

HERE = Path(__file__).parent
PAGE = HERE / "outlook.md"
DATA = HERE.parent / "src" / "hanse" / "outlook" / "catalogue" / "data"

READING = """# The outlook

What is happening to open-model supply, from rows with sources to a verdict on each of fourteen claims. It is for two readers: one
who must decide whether to keep building on open models, and one who must decide whether to found a consortium. Everything below the
line "Figures" is written by `python docs/outlook.py` from the tables that ship with the package.

```sh
hanse outlook claims                          # the fourteen claims with their verdicts, under a second, no network
hanse outlook claim 8                         # one in full: rule, data, both readings, rows to look at
hanse outlook signals --lab qwen --since 2026-01
hanse outlook supply                          # two tiers, time between releases, who will release again
hanse outlook backtest                        # would these forecasts have been any good?
hanse outlook brief --models Kimi-K3,gpt-oss-20b --sources
hanse outlook report --out outlook.html       # all of it as one page, pictures first
```

`--verified-only` leaves out rows of general knowledge, of a single source, and compute that its publisher calls speculative.
`--json` prints any of it for programs. No command here imports torch or opens a socket.

## How to read it

* **A verdict is one of three.** *Holds* and *does not hold* need the claim's own rule (below) to say so on all rows and on verified
  rows alike. Everything else is *cannot tell*, and that is an answer: it names what would settle the question.
* **An interval is 90%.** Shares: Wilson, differences of shares: Newcombe. Trends and means: percentile bootstrap with a fixed seed.
  Labs near the frontier: every release's score is drawn again from its own interval, and labs are drawn with replacement.
* **What nobody scored is unrated**, never "not near-frontier". Most large releases are unrated.
* **Events were collected after the fact** unless the row says *systematic*. That a thing happened is then known; how often such
  things happen is not, and no frequency is computed from such rows.
* **Five labels** say what kind of statement a signal or a claim is: {labels}.

## How tiers are computed

* *Lag*: months (of 30.4375 days) from the date of the first model, open or closed, with at least the release's ECI, to the release.
* *Near-frontier*: a lag of at most 9 months. 6 and 12 are shown beside it. *Small*: at most 40B parameters in total, near-frontier
  aside. *Mid*: rated and neither. *Unrated*: no score, and not known to be small.
* *License class* is an axis of its own: *open* (anybody may use it commercially, whatever their size), *metered* (an agreement, a
  payment or a permission above some size or for some uses), *research-only*, *unknown*. Funding and region are axes too.
* *Open-closed lag* of a day: months since a closed model first had more than the best open score of that day.

## How forecasts are computed

A spell runs from a lab's near-frontier open release to its next one, or to the newest score (then it is censored). Kaplan and Meier
describe spells; a Cox model with a ridge penalty (lifelines) relates them to funding, region, lag, license and departures. The
probability of another near-frontier open release within a year is the Cox model's for a spell that has lasted as long as this one,
drawn toward the base rate with the weight of one spell; its interval comes from drawing labs with replacement. Labs without such a
release for two years have left the tier and are not asked about. A lab whose large releases are unscored, or whose scores are too
uncertain to say on which side of the line they are, *cannot be rated*. If the backtest does not show the Cox model better than both
baselines, the base rate is forecast.

## How to correct a row

```sh
hanse outlook copy my-catalogue               # the shipped tables, to edit with any editor or spreadsheet
hanse outlook check --catalogue my-catalogue  # dates, duplicates, unknown labs, missing sources, columns that no longer follow
hanse outlook compute my-catalogue            # the computed columns anew
hanse outlook claims --catalogue my-catalogue
hanse outlook import eci eci_scores.csv --into my-catalogue --vintage 2026-11-25
```

Publishers' files are read as they are downloaded: `eci` (scores; the whole table is replaced, since the index is refitted at each
update and two vintages never mix), `epoch` (notable and large-scale models), `models-dev`, `atom`. Every line is counted as kept
or is rejected with a reason (`--rejects FILE` lists them); a column that has changed its name is an error that says which. Nothing
typed is overwritten. To have a correction shipped, change the row and its `source`, run `make outlook`, and send the change.
"""

CREDITS = """
ECI scores, benchmark results and training compute are Epoch AI's, CC BY 4.0 ("Data on AI Models" and "Epoch Capabilities Index",
epoch.ai), reduced to the columns used here. The claims are after N. Lambert, "The inevitable need for an open model consortium",
Interconnects, 2026-04-11, restated; he leads open-model work himself: an informed and interested view.
"""


def render() -> str:
    """The page."""
    catalogue = shipped()
    result = everything(catalogue)
    labels = ", ".join(f"*{name}* ({text})" for name, text in LABELS.items())
    sources = [(s.id, s.title, s.publisher, s.license, s.vintage) for s in catalogue.sources]
    parts = [
        READING.replace("{labels}", labels),
        f"# Figures\n\n{len(catalogue.releases)} releases, {len(catalogue.labs)} labs, {len(catalogue.events)} events; "
        f"scores until {catalogue.rated_until}, rows until {catalogue.collected}.",
        claims_text(result["claims"]),
        supply_text(result["supply"]),
        survival_text(result["survival"], result["forecast"]),
        backtest_text(result["backtest"]),
        rules_text(result["claims"]),
        tables_text(),
        "## Sources\n\n" + grid(["id", "what", "publisher", "terms", "vintage"], sources),
        CREDITS,
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def grid(head: list[str], rows: list[tuple[Any, ...]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(str(cell).replace("|", "/").replace("\n", " ") for cell in line) + " |" for line in lines
    )


def say(interval: dict[str, float] | None, digits: int = 0, percent: bool = False) -> str:
    """A value with its interval."""
    if interval is None:
        return ""
    scale, sign = (100, "%") if percent else (1, "")
    value, low, high = (f"{interval[key] * scale:.{digits}f}{sign}" for key in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def claims_text(claims: list[dict[str, Any]]) -> str:
    """Verdicts and deciding figures."""
    rows = [(c["number"], c["claim"], c["label"], f"**{c['verdict']}**", c["why"]) for c in claims]
    counts = {
        verdict: sum(c["verdict"] == verdict for c in claims) for verdict in ("holds", "does not hold", "cannot tell")
    }
    said = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    return f"## The claims\n\nOf fourteen: {said}.\n\n" + grid(["", "claim", "label", "verdict", "what decides"], rows)


def supply_text(supply: dict[str, Any]) -> str:
    """Tiers per half-year."""
    within = supply["labs_within"]
    rows = []
    for half, counts in supply["releases"]["tier"].items():
        labs = [say(within[months].get(half)) or "" for months in ("6", "9", "12")]
        rows.append((half, *labs, *(counts.get(tier, 0) for tier in ("near-frontier", "small", "mid", "unrated"))))
    by_license = [
        (half, *(counts.get(kind, 0) for kind in ("open", "metered", "research-only", "unknown")))
        for half, counts in supply["releases"]["license"].items()
    ]
    head = ["half-year", "labs within 6", "within 9", "within 12", "near-frontier", "small", "mid", "unrated"]
    return "\n\n".join(
        (
            "## Supply",
            "Labs with an open release at most so many months behind, and releases by tier. The last half-year ends with "
            f"the scores ({supply['rated_until']}).",
            grid(head, rows),
            "Releases by class of license:",
            grid(["half-year", "open", "metered", "research-only", "unknown"], by_license),
        )
    )


def survival_text(survival: dict[str, Any], forecast: list[dict[str, Any]]) -> str:
    """Spells, hazard ratios, forecasts."""
    ratios = [(n, survival["covariates"][n], say(i, 2)) for n, i in survival["hazard_ratios"].items()]
    asked = [
        (r["name"], r["last_release"], r["waited"], say(r["probability"], 0, percent=True), r["method"])
        for r in forecast
        if r["state"] == "forecast"
    ]
    unrated = ", ".join(r["name"] for r in forecast if r["state"] == "cannot rate")
    median = "unknown" if survival["median"] is None else f"{survival['median']} months"
    return "\n\n".join(
        (
            "## Time between releases",
            f"{survival['spells']} spells, {survival['ended']} of them ended, median {median}. Hazard ratios above 1 mean that the "
            "next release comes sooner:",
            grid(["covariate", "meaning", "hazard ratio"], ratios),
            "Another near-frontier open release within 12 months of the newest score:",
            grid(["lab", "last one", "months before", "probability", "method"], asked),
            f"Cannot be rated: {unrated}.",
        )
    )


def backtest_text(backtest: list[dict[str, Any]]) -> str:
    """Scores of the forecasts."""
    parts = ["## Scored forecasts"]
    for test in backtest:
        rows = [
            (m["method"], m["count"], f"{m['brier']:.3f}", say(m["better_by"], 3), f"{m['calibration_error']:.2f}")
            for m in test["methods"]
        ]
        head = ["method", "forecasts", "Brier score", "better than the base rate by", "calibration error"]
        parts += [
            f"Within {test['horizon_months']:g} months, asked at the end of {', '.join(test['days'])}: {test['verdict']}",
            grid(head, rows),
        ]
    parts.append("Hindsight that leaks in:\n\n" + "\n".join(f"* {leak}" for leak in backtest[0]["leaks"]))
    return "\n\n".join(parts)


def rules_text(claims: list[dict[str, Any]]) -> str:
    """The rule of each verdict."""
    parts = ["## How each verdict is computed"]
    for c in claims:
        notes = "\n".join(f"* {note}" for note in c["all"]["notes"])
        parts.append(
            f"**{c['number']}. {c['claim']}.** {c['all']['rule']} Data: {c['all']['data']}, as of {c['all']['as_of']}.\n\n{notes}"
        )
    return "\n\n".join(parts)


def tables_text() -> str:
    """Every table with its columns and what may stand in them."""
    parts = [
        "## The tables",
        "A catalogue is a folder of CSV files (UTF-8, comma, header first). An empty cell is an unknown value.",
    ]
    for name, model in [*TABLES.items(), ("computed", Computed)]:
        rows = [(f"`{column}`", kind_of(model, column)) for column in columns_of(model)]
        parts.append(
            f"### {name}.csv\n\n{' '.join((model.__doc__ or '').split())}\n\n{grid(['column', 'may hold'], rows)}"
        )
    return "\n\n".join(parts)


def kind_of(model: type[Row], column: str) -> str:
    """What may stand in a column, in words."""
    field = next(field for name, field in model.model_fields.items() if (field.alias or name) == column)
    found = choices(field.annotation)
    if found:
        return ", ".join(found)
    text = str(field.annotation)
    empty = " or empty" if "None" in text else ""
    for kind, said in (("date", "a day, YYYY-MM-DD"), ("int", "a whole number"), ("float", "a number")):
        if kind in text:
            return said + empty
    return "text" if any("min_length" in str(m) or "pattern" in str(m) for m in field.metadata) else "text or empty"


def choices(annotation: Any) -> list[str]:
    """The words of a Literal."""
    return [word or "empty" for word in get_args(annotation)] if get_origin(annotation) is Literal else []


if __name__ == "__main__":
    if "--catalogue" in sys.argv:
        write_computed(shipped(), DATA)
    PAGE.write_text(render(), encoding="utf-8")
