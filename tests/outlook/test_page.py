"""The outlook's page: well-formed, self-contained, honest about what is missing, unrated or cut off."""

from __future__ import annotations

import copy
import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.outlook.made import VERDICTS, interval, made
from tests.outlook.made import supply as made_supply

from hanse.outlook.catalogue.tables import shipped
from hanse.outlook.report import charts, headlines, page
from hanse.outlook.report.readings import read_tiers
from hanse.outlook.supply import supply

HOSTILE = "</title><script>alert('&')</script>\"x\u0000\u001b"
SVG_ALONE = re.compile(r"<svg (?![^>]*aria-hidden)")


def tree(text: str) -> ET.Element:
    return ET.fromstring(text.partition("\n")[2])


def words(text: str) -> str:
    return " ".join("".join(tree(text).itertext()).split())


def two(now: dict[str, float], before: dict[str, float], small: tuple[int, int] = (9, 8)) -> dict[str, Any]:
    labs = {"2025H1": before, "2026H1": now}
    return {"supply": made_supply(labs, {"2025H1": small[1], "2026H1": small[0]})}


def test_the_page_is_well_formed_and_every_picture_says_what_it_shows() -> None:
    found = page.render(made())
    pictures = [svg for svg in tree(found).iter("svg") if svg.get("aria-hidden") is None]
    assert len(pictures) >= 13
    assert all(svg.get("role") == "img" and svg.findtext("title") and svg.findtext("desc") for svg in pictures)
    assert "Not computed" not in found


def test_the_page_fetches_nothing_and_runs_nothing() -> None:
    found = page.render(made())
    assert not re.search(r"(href|src|url|@import)\s*[=(]?\s*[\"'(]?\s*(https?:)?//", found)
    assert not re.search(r"<script|<link|<iframe|<img|\bsrc=|@import|\bon\w+=", found)
    assert all(target.startswith("#hatch-") for target in re.findall(r"url\(([^)]*)\)", found))


def test_no_part_is_needed_and_what_is_missing_is_said_to_be_not_computed() -> None:
    found = page.render({})
    assert found.count("Not computed.") == 9
    assert "not computed" in headlines.headline({})
    assert not SVG_ALONE.search(found)


@pytest.mark.parametrize("part", sorted(made()))
def test_any_single_part_may_be_missing_empty_or_of_another_kind(part: str) -> None:
    whole = made()
    tree(page.render({key: value for key, value in whole.items() if key != part}))
    for value in (None, [], {}, "text", 7, [None, 3, "x"], {"a": {"b": []}}, [{}], float("nan")):
        tree(page.render(whole | {part: value}))


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside a result."""
    children = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    inside = [
        (key, child) for key, child in children if key not in (1, "2025H2", "2026H2", "9", "12")
    ]  # enough of a kind
    return [at] * bool(at) + [path for key, child in inside for path in paths(child, (*at, key))]


@pytest.mark.parametrize("value", [None, HOSTILE, -1e300, float("nan"), [], {}, True])
def test_any_value_deep_inside_may_be_wrong(value: Any) -> None:
    whole = made()
    for part in ("claims", "forecast", "signals"):
        whole[part] = whole[part][:1]
    for path in paths(whole):
        broken = copy.deepcopy(whole)
        place: Any = broken
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        found = tree(page.render(broken))
        assert not list(found.iter("script"))


def test_hostile_text_is_text_and_nothing_else() -> None:
    def poisoned(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: poisoned(child) for key, child in value.items()}
        if isinstance(value, list):
            return [poisoned(child) for child in value]
        return HOSTILE if isinstance(value, str) and value not in ("forecast", "cannot rate") else value

    found = page.render(poisoned(made()))
    assert not list(tree(found).iter("script"))
    assert "alert('&')" in words(found)


@settings(max_examples=20, deadline=None)
@given(st.text(min_size=1))
def test_any_name_at_all_gives_a_well_formed_page(name: str) -> None:
    whole = made()
    whole["forecast"][0]["name"] = whole["signals"][0]["label"] = whole["claims"][0]["verdict"] = name
    whole["supply"]["releases"]["region"]["2026H1"] = {name: 3}
    tree(page.render(whole))


def test_the_headline_says_fewer_more_or_no_change_by_the_intervals() -> None:
    fewer = two(interval(2, 1, 3), interval(7, 5, 9))
    assert headlines.headline(fewer) == (
        "The upper tier has thinned: two labs released openly near the frontier in the first half of 2026, seven a year before; "
        "small models came nine times, after eight."
    )
    more = two(interval(7, 5, 9), interval(2, 1, 3), (4, 4))
    assert headlines.headline(more) == (
        "The upper tier has grown: seven labs released openly near the frontier in the first half of 2026, two a year before; "
        "small models came four times, as often."
    )
    unclear = two(interval(4, 1, 7), interval(5, 2, 8), (1, 0))
    assert headlines.headline(unclear) == (
        "Four labs released openly near the frontier in the first half of 2026, five a year before, no change the data can show; "
        "small models came once, after none."
    )
    assert headlines.headline(made()).startswith(
        "Four labs released openly near the frontier in the first half of 2026, as many as a year before; small"
    )


def test_the_half_year_in_which_the_scores_end_is_never_compared_and_is_marked() -> None:
    data = read_tiers(made())
    assert data is not None
    assert data.compared() == ("2026H1", "2025H1")
    assert data.cut == "2026H2"
    assert "scores end 13 August 2026" in charts.tiers(data, charts.WIDE)
    assert charts.tiers(data, charts.WIDE).count("near hollow") == 1
    whole = made()
    whole["supply"]["rated_until"] = "2026-12-31"
    data = read_tiers(whole)
    assert data is not None
    assert data.compared() == ("2026H2", "2025H2")
    assert "cutoff" not in charts.tiers(data, charts.WIDE)


def test_each_claim_has_its_verdict_as_a_word_and_a_shape() -> None:
    found = tree(page.render(made()))
    claims = next(item for item in found.iter("ol") if item.get("class") == "claims")
    shown = list(claims)
    assert len(shown) == 14
    for number, item in enumerate(shown, 1):
        ruling = next(part for part in item.iter("div") if (part.get("class") or "").startswith("ruling"))
        assert "".join(ruling.itertext()).strip() == VERDICTS[number % 3]
        assert "Four labs against six" in "".join(item.itertext())
    shapes = {ET.tostring(next(item.iter("svg"))) for item in shown}
    assert len(shapes) == 3
    text = "".join(shown[2].itertext())
    assert "On verified rows alone: cannot tell." in text
    assert sum("On verified rows alone" in "".join(item.itertext()) for item in shown) == 1


def test_the_claims_are_counted_in_words() -> None:
    assert headlines.claims(made()) == "Of fourteen claims, four hold, five do not and five the data cannot tell"
    one = made() | {"claims": made()["claims"][:1]}
    assert headlines.claims(one) == "Of one claim, one does not"
    assert headlines.claims({}) == "The claims"


def test_unrated_releases_stand_on_a_shelf_of_their_own_and_are_hatched() -> None:
    data = read_tiers(made())
    assert data is not None
    for width in (charts.WIDE, charts.NARROW):
        picture = ET.fromstring(charts.tiers(data, width))
        piles = {name: [p for p in picture.iter("path") if p.get("class") == f"t-{name}"] for name in data.releases}
        squares = {name: sum((p.get("d") or "").count("M") for p in found) for name, found in piles.items()}
        assert squares == {"near-frontier": 24, "mid": 12, "small": 33, "unrated": 44}
        assert all("url(#hatch-" in (p.get("style") or "") for p in piles["unrated"])
        assert not any(p.get("style") for name in ("near-frontier", "mid", "small") for p in piles[name])
    assert "Eleven releases of that half-year nobody has scored" in headlines.deck(made())
    assert "44 of 80 open releases" not in page.render(made())
    assert "44 of 113 open releases are large or of unknown size and were scored by nobody" in words(
        page.render(made())
    )


def test_labs_are_sorted_by_their_chance_and_those_nobody_can_rate_have_a_reason() -> None:
    whole = made()
    whole["forecast"].reverse()
    found = words(page.render(whole))
    assert found.index("Zhipu") < found.index("Meta")
    assert "91%63%–98%" in found
    assert "based in China ×1.6" in found
    assert "last one metered or research-only ×0.74" in found
    assert "Mistral large and never scored: Mistral Large 3" in found
    assert headlines.forecast(whole) == (
        "One of two labs will more likely than not release openly near the frontier within a year, one of them with an interval "
        "above one half; one lab nobody can rate"
    )


def test_the_backtest_names_both_baselines_and_says_when_the_gain_is_within_its_interval() -> None:
    found = words(page.render(made()))
    for figure in ("cox0.198", "base rate0.227", "last half-year repeats0.259", "+0.030 [−0.010, +0.070]"):
        assert figure in found
    assert (
        headlines.backtest(made())
        == "In the past the model beat both baselines 12 months ahead (by less than its interval)"
    )
    worse = made()
    worse["backtest"][0]["chosen"] = "base rate"
    assert "did not beat both baselines" in headlines.backtest(worse)


def test_signals_stand_by_month_each_label_with_a_mark_of_its_own() -> None:
    found = tree(page.render(made()))
    heads = [item.text for item in found.iter("h4")]
    assert [h for h in heads if h in ("October 2026", "September 2026", "2025, month not known")] == [
        "October 2026",
        "September 2026",
        "2025, month not known",
    ]
    marks = [ET.tostring(next(li.iter("svg"))) for ul in found.iter("ul") if ul.get("class") == "signals" for li in ul]
    assert len(set(marks)) == 5


def test_the_footer_credits_the_sources_in_both_forms() -> None:
    for text in (page.render(made()), page.section(made())):
        assert "© Epoch AI" in text
        assert "CC BY 4.0" in text
        assert "models.dev, MIT" in text
        assert "ATOM Project, Apache-2.0" in text
        assert "Not rated: " in text


def test_licenses_say_whether_small_releases_are_left_out() -> None:
    whole = made()
    assert "All releases, small ones too" in page.render(whole)
    assert headlines.licenses(whole).startswith(
        "Nine of thirteen releases with a known license were open in the first half"
    )
    whole["supply"]["releases"]["license_large"] = {h: {"open": 2, "metered": 2} for h in ("2025H1", "2026H1")}
    assert "Large releases" in page.render(whole)
    assert headlines.licenses(whole).startswith("Two of four large releases with a known license were open")


def test_the_shipped_catalogue_gives_a_page_and_a_section_with_the_same_body() -> None:
    result = {"supply": supply(shipped(), draws=50)}
    whole, part = page.render(result), page.section(result)
    body = ET.fromstring(part)
    assert [svg.get("aria-label") for svg in body.iter("svg")] == [
        svg.get("aria-label") for svg in tree(whole).iter("svg")
    ]
    assert whole.count("Not computed.") == 5
    assert set(result["supply"]["labs_within"]["9"]) <= set(re.findall(r"20\d\dH[12]", part))  # type: ignore[index]
