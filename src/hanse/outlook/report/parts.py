"""The lists of the outlook's page: claims with their verdicts, labs with their chances, baselines, signals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hanse.outlook.report import plots
from hanse.outlook.report.headlines import changed
from hanse.outlook.report.readings import VERDICTS, Result, claims_by_verdict, read_probability
from hanse.page.svg import esc, glyph
from hanse.page.table import fold
from hanse.page.values import MONTHS, day, dig, listed, mapping, number, rows, span, words

Row = Mapping[str, Any]
LABELS = {
    "insight": "star",
    "industry update": "circle",
    "market impact": "triangle",
    "strategy": "diamond",
    "context": "square",
}
"""Shape of each label's mark."""
MOVERS = {
    "bigtech": ("paid for by big tech", "not paid for by big tech"),
    "china": ("based in China", "not based in China"),
    "lag": ("came late the last time", "came early the last time"),
    "metered": ("last one metered or research-only", "last one not metered"),
    "departure": ("a leader left", "no leader left"),
}
"""What a covariate above its mean says, and one below."""
OPEN_MONTHS = 3
"""Months of signals that are not folded away."""
_MARKS = {
    "holds": '<circle cx="10" cy="10" r="9" class="v-holds"/><path d="M5.4 10.4l3.1 3.2l6-6.6" class="v-in"/>',
    "does not hold": '<rect x="1" y="1" width="18" height="18" rx="2.5" class="v-fails"/>'
    '<path d="M5.8 5.8l8.4 8.4m0-8.4l-8.4 8.4" class="v-in"/>',
    "cannot tell": '<circle cx="10" cy="10" r="8.2" class="v-open"/><path d="M5.6 10h8.8" class="v-dash"/>',
}


def verdict_mark(verdict: str) -> str:
    """A verdict's shape: a tick in a disk, a cross in a square, a dash in a ring."""
    return f'<svg viewBox="0 0 20 20" class="verdict" aria-hidden="true">{_MARKS.get(verdict, _MARKS["cannot tell"])}</svg>'


def tally(result: Result) -> str:
    """The claims' numbers under their verdicts, at one glance."""
    items = []
    for verdict, found in claims_by_verdict(result).items():
        numbers = ", ".join(words(row.get("number")) or "?" for row in found) or "none"
        items.append(
            f"<li>{verdict_mark(verdict)}<b>{len(found)}</b> <span>{esc(verdict)}<i>{esc(numbers)}</i></span></li>"
        )
    return f"<ul class='tally'>{''.join(items)}</ul>"


def claims(result: Result) -> str:
    """Every claim with its verdict and figure; the rest is folded away under it."""
    moved = set(changed(result))
    items = [_claim(row, at, at in moved) for at, row in enumerate(rows(result.get("claims")))]
    return tally(result) + f"<ol class='claims'>{''.join(items)}</ol>" if items else ""


def _claim(row: Row, at: int, moved: bool) -> str:
    verdict = words(row.get("verdict")) or "not computed"
    kind = verdict.replace(" ", "-") if verdict in VERDICTS else "cannot-tell"
    figure = words(dig(row, "all", "figure")) or "No figure was computed."
    alone = words(dig(row, "verified", "verdict"))
    note = f"<p class='alone'>{verdict_mark(alone)} On verified rows alone: {esc(alone)}.</p>" if moved else ""
    label = words(row.get("label"))
    tag = f"<span class='tag'>{_label_mark(label)}{esc(label)}</span>" if label else ""
    said = words(row.get("why"))
    why = f"<p class='why'>{esc(said)}</p>" if said and said != figure else ""
    rule = words(dig(row, "all", "rule")) or words(dig(row, "verified", "rule"))
    ruled = f"<p class='why'>{esc(rule)}</p>" if rule else ""
    both = "".join(
        _basis(name, mapping(row.get(key))) for name, key in (("All rows", "all"), ("Verified rows", "verified"))
    )
    return (
        f"<li><span class='no'>{esc(words(row.get('number')) or at + 1)}</span><div class='ruling {kind}'>{verdict_mark(verdict)}"
        f"<b>{esc(verdict)}</b></div><div><h4>{esc(words(row.get('claim')) or 'A claim without words')}</h4>"
        f"<p class='figure'>{esc(figure)}</p>{why}{note}<details><summary>How this was tested{tag}</summary>{ruled}"
        f"<div class='pair'>{both}</div></details></div></li>"
    )


def _basis(name: str, part: Row) -> str:
    """One basis of a verdict: all rows, or the verified ones."""
    if not part:
        return f"<dl><dt>{name}</dt><dd class='absent'>not computed</dd></dl>"
    verdict = words(part.get("verdict")) or "not computed"
    facts = [(key, words(part.get(field))) for key, field in _FACTS]
    facts += [("Note", words(note)) for note in listed(part.get("notes"))]
    used = [words(row) for row in listed(part.get("rows")) if words(row)]
    if used:
        facts.append((f"{len(used)} rows", ", ".join(used)))
    lines = "".join(f"<dt>{esc(key)}</dt><dd>{esc(value)}</dd>" for key, value in facts if value)
    return f"<dl><dt class='basis'>{name}</dt><dd class='basis'>{verdict_mark(verdict)} {esc(verdict)}</dd>{lines}</dl>"


_FACTS = (("Figure", "figure"), ("Data", "data"), ("As of", "as_of"))


def forecast(result: Result) -> str:
    """Labs with a chance on rails, those nobody can rate by name with the reason, the others in a table."""
    found = rows(result.get("forecast"))
    ratios = mapping(dig(result, "survival", "hazard_ratios"))
    about = mapping(dig(result, "survival", "covariates"))
    given = [(row, p) for row in found if row.get("state") == "forecast" and (p := read_probability(row)) is not None]
    given.sort(key=lambda pair: -pair[1].value)
    items = []
    for row, p in given:
        name = _name(row)
        picture = plots.chance(f"{name}: chance of a near-frontier open release in the next 12 months", p)
        items.append(
            f"<li><div class='who'><b>{esc(name)}</b><span>{esc(_waited(row))}</span></div><figure>{picture}</figure>"
            f"<div class='odd'><b>{p.value:.0%}</b><span>{p.low:.0%}–{p.high:.0%}</span></div>"
            f"<div class='moved'>{_moved(row, ratios, about)}{_caveat(row)}{_recent(row)}</div></li>"
        )
    head = (
        f"<li class='axis' aria-hidden='true'><div></div><figure>{plots.chance_axis()}</figure></li>" if items else ""
    )
    body = f"<ol class='odds'>{head}{''.join(items)}</ol>" if items else ""
    return body + _blind([row for row in found if row.get("state") == "cannot rate"]) + _others(found)


def _waited(row: Row) -> str:
    waited, last = number(row.get("waited")), words(row.get("last_release"))
    since = f"since {last}" if last else "since the last one"
    return f"{waited:.1f} months {since}" if waited is not None else last


def _moved(row: Row, ratios: Row, about: Row) -> str:
    """What raised and lowered a chance, by factors of the hazard; words from the sign of the covariate."""
    items = []
    for pair in listed(row.get("moved")):
        key, by = (words(pair[0]), number(pair[1])) if isinstance(pair, list | tuple) and len(pair) == 2 else ("", None)
        if not key or by is None or abs(by) < 0.05 or abs(by) > 50:
            continue
        factor, ratio = 2.718281828459045**by, span(ratios.get(key))
        said = words(about.get(key)) or key
        if ratio is not None and ratio.value != 1:
            above = (by > 0) == (ratio.value > 1)
            said = MOVERS[key][not above] if key in MOVERS else f"{said}: {'more' if above else 'less'} than on average"
        arrow, word = ("▲", "raises") if by > 0 else ("▼", "lowers")
        items.append(
            f"<li class='{'up' if by > 0 else 'down'}'><i role='img' aria-label='{word}'>{arrow}</i>{esc(said)} ×{factor:.2g}</li>"
        )
    if items:
        return f"<ul>{''.join(items)}</ul>"
    return "<p>The base rate of all labs.</p>" if row.get("method") == "base rate" else ""


def _caveat(row: Row) -> str:
    why = words(row.get("why"))
    return f"<p>{esc(why[:1].upper() + why[1:])}.</p>" if why else ""


def _recent(row: Row) -> str:
    found = [words(item) for item in listed(row.get("signals")) if words(item)]
    if not found:
        return ""
    items = "".join(f"<li>{esc(item)}</li>" for item in found)
    title = f"{len(found)} signal{'s' if len(found) > 1 else ''} of the last year"
    return f"<details><summary>{title}</summary><ul>{items}</ul></details>"


def _name(row: Row) -> str:
    return words(row.get("name")) or words(row.get("lab"))


def _blind(found: Sequence[Row]) -> str:
    if not found:
        return ""
    items = "".join(f"<li><b>{esc(_name(row))}</b> {esc(words(row.get('why')) or 'no reason')}</li>" for row in found)
    return f"<h4 class='blind'>Cannot be rated</h4><ul class='blind'>{items}</ul>"


def _others(found: Sequence[Row]) -> str:
    keys = ("state", "last", "last_release", "why")
    table = [[_name(row), *(words(row.get(key)) for key in keys)] for row in found]
    return fold("All labs", ("lab", "state", "last near-frontier release", "model", "why"), table)


def ratios(result: Result) -> str:
    """Hazard ratios on a logarithmic rail: what brings the next release sooner."""
    about = mapping(dig(result, "survival", "covariates"))
    found = [
        (key, r)
        for key, value in mapping(dig(result, "survival", "hazard_ratios")).items()
        if (r := span(value)) and r.value > 0
    ]
    if not found:
        return ""
    reach = 2.0
    while reach < 16 and any(r.high > reach or r.low < 1 / reach for _, r in found):
        reach *= 2
    items = "".join(
        f"<li><span>{esc(words(about.get(key)) or key)}</span><b>×{r.value:.1f} <i>{r.low:.1f}–{r.high:.1f}</i></b>"
        f"<figure>{plots.ratio(words(about.get(key)) or str(key), r, reach)}</figure></li>"
        for key, r in found
    )
    axis = f"<li class='axis'><span>×1/{reach:g}: later</span><span>×1</span><span>sooner: ×{reach:g}</span></li>"
    return f"<ul class='ratios'>{items}{axis}</ul>"


def scores(row: Row) -> str:
    """Brier scores of the methods of one backtest, the lower the better."""
    table = []
    for method in rows(row.get("methods")):
        brier, better = number(method.get("brier")), span(method.get("better_by"))
        shape, kind = plots.METHODS.get(words(method.get("method")), ("cross", "plain"))
        mark = f'<svg viewBox="0 0 20 20" class="key" aria-hidden="true">{glyph(shape, (10, 10), 5.5, kind)}</svg>'
        gain = _minus(f"{better.value:+.3f} [{better.low:+.3f}, {better.high:+.3f}]") if better is not None else "–"
        table.append(
            f"<tr><td>{mark}{esc(words(method.get('method')))}</td><td class='n'>{'–' if brier is None else f'{brier:.3f}'}</td>"
            f"<td class='n'>{esc(gain)}</td></tr>"
        )
    heads = "".join(f"<th scope='col' class='n'>{name}</th>" for name in ("Brier", "better than base rate by"))
    head = f"<tr><th scope='col'>method</th>{heads}</tr>"
    return f"<table class='brier'><thead>{head}</thead><tbody>{''.join(table)}</tbody></table>" if table else ""


def _minus(figures: str) -> str:
    return figures.replace("-", "\u2212")


def _label_mark(label: str) -> str:
    shape = LABELS.get(label, "cross")
    return f'<svg viewBox="0 0 20 20" class="key" aria-hidden="true">{glyph(shape, (10, 10), 6, f"l-{shape}")}</svg>'


def signals(result: Result) -> str:
    """Signals by month, newest first; all but the newest months are folded away by year."""
    groups: dict[str, list[Row]] = {}
    for row in rows(result.get("signals")):
        groups.setdefault(_when(row)[0], []).append(row)
    body, folded, counts = [], dict[str, str](), dict[str, int]()
    for at, (month, found) in enumerate(groups.items()):
        part = f"<h4>{esc(month)}</h4><ul class='signals'>{''.join(_signal(row) for row in found)}</ul>"
        if at < OPEN_MONTHS:
            body.append(part)
            continue
        year = words(found[0].get("date"))[:4] if day(found[0].get("date")) else "Without a date"
        folded[year] = folded.get(year, "") + part
        counts[year] = counts.get(year, 0) + len(found)
    for year, part in folded.items():
        body.append(f"<details><summary>{esc(year)}<span>{counts[year]} more</span></summary>{part}</details>")
    return legend() + "".join(body) if body else ""


def legend() -> str:
    """The five labels with their marks."""
    return f"<ul class='legend'>{''.join(f'<li>{_label_mark(label)}{label}</li>' for label in LABELS)}</ul>"


def _when(row: Row) -> tuple[str, str]:
    """The group a signal stands in, and its date as far as it is known."""
    when, precision = day(row.get("date")), words(row.get("precision"))
    if when is None:
        return "Without a date", ""
    if precision == "year":
        return f"{when.year}, month not known", str(when.year)
    if precision in ("half", "quarter"):
        part = f"H{(when.month + 5) // 6}" if precision == "half" else f"Q{(when.month + 2) // 3}"
        return f"{when.year}, month not known", f"{when.year} {part}"
    month = f"{MONTHS[when.month - 1]} {when.year}"
    return month, "" if precision == "month" else f"{when.day} {MONTHS[when.month - 1][:3]}"


def _signal(row: Row) -> str:
    label = words(row.get("label"))
    who = _name(row)
    facts = [
        label,
        words(row.get("kind")),
        words(row.get("found")),
        words(row.get("confidence")),
        words(row.get("source")),
    ]
    return (
        f"<li>{_label_mark(label)}<div><b>{esc(who)}</b> <time>{esc(_when(row)[1])}</time><p>{esc(words(row.get('what')))}</p>"
        f"<small>{esc(' · '.join(fact for fact in facts if fact))}</small></div></li>"
    )
