"""Two pages for somebody who depends on some of these models: what is at risk, how sure that is, what to do.

What has been downloaded under its license stays usable; at risk is the next release, the hosting and the terms. Every
sentence carries the ids of the rows it rests on.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from hanse.errors import InputError
from hanse.outlook.catalogue.schema import Release
from hanse.outlook.catalogue.tables import Catalogue
from hanse.outlook.check import plain
from hanse.outlook.forecast import Outlook, recent_large
from hanse.outlook.rating import Rated, months_between, rate

Risk = Literal["high", "medium", "low", "cannot rate"]
ORDER: tuple[Risk, ...] = ("high", "cannot rate", "medium", "low")
SUBSTITUTES = 3
OTHER_MODELS = frozenset(
    {"mini", "air", "flash", "nano", "lite", "coder", "math", "vision", "vl", "omni", "distill", "embedding"}
)
"""A name with one of these more is another model of its family."""
SUBSTITUTE_MONTHS = 24
"""Older models are no substitute to plan with."""
DETAILED = 6
"""Models told about at length: more would not fit two pages, and go into the table only."""
_WORD = re.compile(r"\d+x\d+b|[a-z]*\d+(?:\.\d+)*[a-z]*|[a-z]+")
"""A version is one word with its dots: a name with K2.8 in it is no copy of K2."""
_SIZE = re.compile(r"\d+(?:\.\d+)?b")


@dataclass(frozen=True)
class Sentence:
    """What is said, and the rows it rests on."""

    text: str
    rows: tuple[str, ...]


@dataclass(frozen=True)
class Assessment:
    """One model: how much is at risk, why, what instead."""

    asked: str
    release: Release | None
    risk: Risk
    why: tuple[Sentence, ...]
    sure: tuple[Sentence, ...]
    substitutes: tuple[tuple[Release, Sentence], ...]


@dataclass(frozen=True)
class Brief:
    """The whole brief."""

    summary: tuple[Sentence, ...]
    models: tuple[Assessment, ...]
    todo: tuple[Sentence, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values; every sentence with its rows."""

        def said(sentences: Sequence[Sentence]) -> list[dict[str, Any]]:
            return [{"text": s.text, "rows": list(s.rows)} for s in sentences]

        return {
            "summary": said(self.summary),
            "models": [
                {
                    "asked": item.asked,
                    "release": item.release.id if item.release else None,
                    "risk": item.risk,
                    "why": said(item.why),
                    "sure": said(item.sure),
                    "substitutes": [
                        {"release": r.id, "text": s.text, "rows": list(s.rows)} for r, s in item.substitutes
                    ],
                }
                for item in self.models
            ],
            "todo": said(self.todo),
        }


def read_models(given: str) -> list[str]:
    """Model names from a list with commas, a text file with one per line, or a TOML lock.

    Raises InputError for a file that cannot be read or names none.
    """
    path = Path(given)
    if path.suffix in (".lock", ".toml") or _is_file(path):
        try:
            text = path.read_text(encoding="utf-8")
            names = _names_in_toml(tomllib.loads(text)) if path.suffix in (".lock", ".toml") else text.splitlines()
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise InputError(f"{given}: cannot read models from it: {error}") from error
    else:
        names = given.split(",")
    found = list(dict.fromkeys(name.strip() for name in names if name.strip() and not name.strip().startswith("#")))
    if not found:
        raise InputError(f"{given}: names no model; give names with commas, a file with one per line, or a models.lock")
    return found


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # fifty names with commas are longer than a file's name may be
        return False


def _names_in_toml(value: Any) -> list[str]:
    """Values of `repository`, `repo` or `model` keys, at any depth, in order."""
    if isinstance(value, list):
        return [name for item in value for name in _names_in_toml(item)]
    if not isinstance(value, dict):
        return []
    own = [value[key] for key in ("repository", "repo", "model") if isinstance(value.get(key), str)]
    return own[:1] + [name for item in value.values() for name in _names_in_toml(item)]


def find_release(catalogue: Catalogue, name: str) -> Release | None:
    """The release a name means: its id or name, or a hub id that holds every word of it (quantized or tuned copies).

    A name with another size in it (a distilled model) is no copy. The release with the most words wins, so
    Qwen3-235B-A22B-Thinking-2507 is not taken for Qwen3-235B-A22B.
    """
    tail = name.rsplit("/", 1)[-1]
    exact = [r for r in catalogue.releases if {plain(name), plain(tail)} & {plain(r.id), plain(r.model)}]
    if exact:
        return exact[0]
    words = set(_WORD.findall(tail.lower()))
    held = [
        (len(found), r)
        for r in catalogue.releases
        if (found := set(_WORD.findall(r.model.lower())))
        and found <= words
        and not (words - found) & OTHER_MODELS
        and _same_size(r, words - found)
    ]
    return max(held, key=lambda pair: pair[0])[1] if held else None


def _same_size(release: Release, words: set[str]) -> bool:
    """Whether a size among the words that the release's name has not, if there is one, can be the release's."""
    named = [float(word[:-1]) for word in words if _SIZE.fullmatch(word)]
    known = [size for size in (release.total_params_b, release.active_params_b) if size is not None]
    return not named or not known or any(abs(size - own) <= 0.1 * own for size in named for own in known)


def write_brief(catalogue: Catalogue, asked: Sequence[str], forecasts: Sequence[Outlook]) -> Brief:
    """A brief about models, riskiest first."""
    rated = {item.release.id: item for item in rate(catalogue)}
    outlook = {item.lab: item for item in forecasts}
    models = [_assess(catalogue, " ".join(name.split()), rated, outlook) for name in asked]
    models.sort(key=lambda item: (ORDER.index(item.risk), item.asked))
    return Brief(_summary(catalogue, models), tuple(models), _todo(models))


def _assess(catalogue: Catalogue, name: str, rated: dict[str, Rated], outlook: dict[str, Outlook]) -> Assessment:
    release = find_release(catalogue, name)
    if release is None:
        unknown = Sentence(f"{name} is not in the catalogue, so nothing is known about its supply.", ("releases",))
        return Assessment(name, None, "cannot rate", (unknown,), (), ())
    item = rated.get(release.id)
    lab = catalogue.lab[release.lab]
    about = outlook.get(release.lab)
    why: list[Sentence] = []
    risks: list[Risk] = []
    license_ = catalogue.license_of.get(release.license)
    class_ = license_.class_ if license_ else "unknown"
    if class_ in ("metered", "research-only"):
        risks.append("high" if class_ == "research-only" else "medium")
        threshold = f": {license_.meter}" if license_ and license_.meter else ""
        why.append(Sentence(f"Its license ({release.license}) is {class_}{threshold}.", (release.id, release.license)))
    elif class_ == "unknown":
        risks.append("cannot rate")
        why.append(Sentence(f"Its license ({release.license}) has not been read.", (release.id,)))
    if item is None:
        risks.append("cannot rate")
        why.append(Sentence("Its weights were announced; that they are out is not verified.", (release.id,)))
    if item is not None and item.small:
        why.append(Sentence(f"At {release.total_params_b:g}B it is small: others release the like.", (release.id,)))
        risks.append("low")
    else:
        mine = [r for r in rated.values() if r.release.lab == lab.id]
        large = tuple(r.release.id for r in recent_large(mine, catalogue))
        risks.append(_supply_risk(about, lab.name, why, large or (release.id,)))
    own = [
        e for e in catalogue.events if e.lab == lab.id and e.kind in ("withdrawal", "departure", "strategy", "license")
    ]
    own = sorted(own, key=lambda e: e.date, reverse=True)[:2]
    why += [Sentence(f"{event.date}: {event.what}", (event.id,)) for event in own]
    sure = [Sentence(f"Its row is {release.confidence} ({release.source}); license class: "
                     f"{license_.confidence if license_ else 'not classified'}.", (release.id,))]  # fmt: skip
    if about is not None and about.probability is not None:
        p = about.probability
        sure.append(
            Sentence(
                f"The forecast's 90% interval is {p.low:.0%} to {p.high:.0%} ({about.method}).", (about.last_release,)
            )
        )
    risk = min(risks, key=ORDER.index)
    chosen = _substitutes(catalogue, release, rated) if risk != "low" else ()
    return Assessment(name, release, risk, tuple(why), tuple(sure), chosen)


def _supply_risk(about: Outlook | None, name: str, why: list[Sentence], large: tuple[str, ...]) -> Risk:
    """What the lab's outlook says about a successor of a large model."""
    if about is None or about.state in ("cannot rate", "not near"):
        reason = about.why if about is not None else "no release on record"
        why.append(Sentence(f"{name} cannot be rated near the frontier: {reason}.", large))
        return "cannot rate"
    if about.state == "left":
        why.append(Sentence(f"{name} has left the tier: {about.why}.", (about.last_release,)))
        return "high"
    assert about.probability is not None
    p = about.probability
    why.append(
        Sentence(
            f"Another near-frontier open release by {name} within a year has probability {p.value:.0%}; the last was "
            f"{about.waited:.1f} months before the newest score.",
            (about.last_release,),
        )
    )
    return "low" if p.low >= 0.5 else "high" if p.high < 0.5 else "medium"


def _substitutes(
    catalogue: Catalogue, release: Release, rated: dict[str, Rated]
) -> tuple[tuple[Release, Sentence], ...]:
    """Up to three small open models from other payers, best score first, then newest; one per lab."""
    found: dict[str, Rated] = {}
    candidates = [
        item
        for item in rated.values()
        if item.small
        and item.license_class == "open"
        and item.release.lab != release.lab
        and months_between(item.release.date, catalogue.collected) <= SUBSTITUTE_MONTHS
    ]
    candidates.sort(key=lambda item: (-(item.score.eci if item.score else 0.0), -item.release.date.toordinal()))
    for item in candidates:
        found.setdefault(item.release.lab, item)
    chosen = []
    for item in list(found.values())[:SUBSTITUTES]:
        score = f"ECI {item.score.eci:.0f}" if item.score else "not scored"
        text = (
            f"{item.release.model} ({item.release.total_params_b:g}B, {item.release.license}, paid for by "
            f"{catalogue.lab[item.release.lab].name}, {item.release.date}, {score})."
        )
        chosen.append((item.release, Sentence(text, (item.release.id,))))
    return tuple(chosen)


def _summary(catalogue: Catalogue, models: Sequence[Assessment]) -> tuple[Sentence, ...]:
    counts = {risk: [m.asked for m in models if m.risk == risk] for risk in ORDER}
    parts = [f"{len(names)} {risk}" for risk, names in counts.items() if names]
    rows = _releases(models)
    return (
        Sentence(f"Of {len(models)} models asked about, by risk to their supply: {', '.join(parts)}.", rows),
        Sentence(
            f"Scores end on {catalogue.rated_until}, rows on {catalogue.collected}; what came later is not in this.",
            ("scores", "sources"),
        ),
    )


def _releases(models: Sequence[Assessment]) -> tuple[str, ...]:
    """Ids of the releases that models are; of models that are none, the table they are not in."""
    return tuple(m.release.id for m in models if m.release) or ("releases",)


def _todo(models: Sequence[Assessment]) -> tuple[Sentence, ...]:
    at_risk = [m for m in models if m.risk != "low"]
    rows = _releases(at_risk)
    steps = [
        Sentence(
            "Keep the files and the license text of every model you use today, with their digests, where you control it.",
            _releases(models),
        )
    ]
    if at_risk:
        names = ", ".join(m.asked for m in at_risk)
        steps.append(Sentence(f"For {names}: compare a substitute on your own tasks before you need it.", rows))
        metered = [m for m in at_risk if m.release and any(m.release.license in s.rows for s in m.why)]
        if metered:
            text = f"Have the license of {', '.join(m.asked for m in metered)} read against your size and use."
            steps.append(Sentence(text, tuple(m.release.license for m in metered if m.release)))
    unknown = [m.asked for m in models if m.release is None]
    if unknown:
        steps.append(
            Sentence(f"Add {', '.join(unknown)} to a catalogue of your own, or correct the name.", ("releases",))
        )
    return tuple(steps)


def render(brief: Brief, sources: bool = False) -> str:
    """The brief as Markdown, about two pages; with `sources`, each sentence ends with its rows."""

    def say(sentence: Sentence) -> str:
        text = " ".join(sentence.text.split())
        return f"{text} [{', '.join(sentence.rows)}]" if sources else text

    def cell(text: str) -> str:
        return " ".join(text.split()).replace("|", "\\|")

    lines = ["# Open models you depend on", "", *(say(s) for s in brief.summary), "", "## What is at risk", ""]
    lines += ["| model | risk | released as |", "|---|---|---|"]
    for item in brief.models:
        released = f"{item.release.model}, {item.release.date}" if item.release else "not in the catalogue"
        lines.append(f"| {cell(item.asked)} | {item.risk} | {cell(released)} |")
    for item in brief.models[:DETAILED]:
        lines += ["", f"### {item.asked}: {item.risk}", "", *(f"- {say(s)}" for s in item.why)]
        if item.sure:
            lines += [f"- How sure: {' '.join(say(s) for s in item.sure)}"]
        if item.substitutes:
            lines += ["- Instead, small and open, paid for by others:", *(f"  - {say(s)}" for _, s in item.substitutes)]
    if len(brief.models) > DETAILED:
        lines += [
            "",
            f"The other {len(brief.models) - DETAILED} are at no more risk; ask about them alone for details.",
        ]
    lines += ["", "## What to do", "", *(f"{at}. {say(s)}" for at, s in enumerate(brief.todo, 1))]
    return "\n".join(lines) + "\n"
