"""Epoch's index: one vintage replaces another whole, releases keep pointing at their scores."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from tests.outlook.importers.small import SCORES, VINTAGE, catalogue, lines, score, settled, write

from hanse.errors import CatalogueError
from hanse.outlook.catalogue.tables import shipped
from hanse.outlook.importers.eci import access_of, import_eci, relinked

BENCHMARKED = "Model,Organization,Version release date,Model accessibility,model_group,eci,eci_ci_low,eci_ci_high\n"
GEMMA, KIMI = (119.24, 110.66, 122.03), (157.49, 154.86, 160.79)
EXCERPT = BENCHMARKED + lines(
    ("Gemma 2 9B", "Google DeepMind", "", "Open weights (restricted use)", "Gemma 2 9B", *GEMMA),
    ("Gemma 2 9B", "Google DeepMind", "2024-06-24", "Open weights (restricted use)", "Gemma 2 9B", *GEMMA),
    ("GPT-5", "OpenAI", "2025-08-07", "API access", "GPT-5", "150.0", "", ""),
    ("GPT-5", "OpenAI", "", "API access", "GPT-5", "150.0", "", ""),
    ("Kimi K3", "Moonshot", "2026-07-16", "Open weights (non-commercial)", "Kimi K3", *KIMI),
    ("Nobody 1", "Nobody", "2026-07-16", "", "Nobody 1", "", "", ""),
)
RESULTS = "model_id,performance,benchmark,model,date\n"


def test_benchmarked_models_reduce_to_the_rows_that_ship(tmp_path: Path) -> None:
    old = shipped()
    done = import_eci(old, [write(tmp_path, "b.csv", EXCERPT)], date(2026, 8, 19))
    names = {"Gemma 2 9B", "GPT-5", "Kimi K3"}
    assert done.catalogue.scores == tuple(row for row in old.scores if row.name in names)
    assert done.outcome.kept == {"same": 3, "other version of a scored model": 2, "unscored": 1}
    assert done.catalogue.sources == old.sources


def test_scores_are_replaced_whole_and_releases_follow_their_names(tmp_path: Path) -> None:
    text = SCORES + lines(
        ("halo-7b", 101.5, 99, 103, "2024-02-01", "Pharos", "Open weights (unrestricted)"),
        ("Lynx Mini", 90, "", "", "2025-06-01", "Lynx Labs", "API access"),
        ("Halo 2", 130, 128, 131, "2025-03-02", "", ""),
    )
    done = settled(import_eci(catalogue(), [write(tmp_path, "eci_scores.csv", text)], VINTAGE), tmp_path)
    assert [(row.name, row.eci, row.access) for row in done.catalogue.scores] == [
        ("halo-7b", 101.5, "open"),
        ("Halo 2", 130.0, "unknown"),
        ("Lynx Mini", 90.0, "closed"),
    ]
    assert {row.source for row in done.catalogue.scores} == {"epoch-eci-2026-11"}
    assert done.catalogue.scores[1].organization == "unknown"
    assert [row.score for row in done.catalogue.releases] == ["halo-7b", "Halo 2", "", "Lynx Mini"]
    assert done.notes == (
        "scores: 2 gone: Halo 7B, Lynx-70B",
        "halo-7b: score 'Halo 7B' now 'halo-7b'",
        "halo-2: scored as 'Halo 2'",
        "lynx-70b: score 'Lynx-70B' gone, left empty",
        "lynx-mini: scored as 'Lynx Mini'",
    )
    source = done.catalogue.sources[-1]
    assert (source.id, source.vintage, source.license) == ("epoch-eci-2026-11", VINTAGE, "CC BY 4.0")
    again = import_eci(done.catalogue, [tmp_path / "eci_scores.csv"], VINTAGE)
    assert (again.catalogue, again.outcome.kept) == (done.catalogue, {"same": 3})


def test_a_name_that_two_scores_share_relinks_nothing() -> None:
    notes: list[str] = []
    scores = [score("Halo-7B", "2024-02-01", 100.0), score("Halo 7b", "2024-02-02", 101.0)]
    halo, *others = relinked(catalogue().releases, scores, notes)
    assert halo.score == ""
    assert others[1].score == ""
    assert notes[0] == "halo-7b: score 'Halo 7B' gone, left empty"


def test_contradictory_scores_refuse_the_whole_group_by_name(tmp_path: Path) -> None:
    text = BENCHMARKED + lines(
        ("A", "Pharos", "2025-01-01", "API access", "A", 100, 99, 101),
        ("A", "Pharos", "2025-01-02", "API access", "A", 102, 99, 103),
        ("B", "Pharos", "2025-01-02", "API access", "B", 110, 109, 111),
    )
    done = settled(import_eci(catalogue(), [write(tmp_path, "b.csv", text)], VINTAGE))
    assert [row.name for row in done.catalogue.scores] == ["B"]
    assert [(reject.line, reject.reason) for reject in done.outcome.rejects] == [
        (2, "contradictory scores"),
        (3, "contradictory scores"),
    ]
    assert done.outcome.rejects[0].text == "A: 100 [99.0, 101.0], 102 [99.0, 103.0]"


def test_a_scored_model_without_any_date_is_refused_and_an_empty_vintage_changes_nothing(tmp_path: Path) -> None:
    text = BENCHMARKED + lines(("A", "Pharos", "", "API access", "A", 100, 99, 101))
    done = settled(import_eci(catalogue(), [write(tmp_path, "b.csv", text)], VINTAGE))
    assert done.catalogue == catalogue()
    assert done.outcome.by_reason() == {"no date": 1}
    assert "left as they were" in done.notes[0]


def test_two_vintages_are_never_mixed(tmp_path: Path) -> None:
    paths = [write(tmp_path, "b.csv", EXCERPT), write(tmp_path, "s.csv", SCORES + "A,1,,,2025-01-01,B,\n")]
    with pytest.raises(CatalogueError, match="two files of scores"):
        import_eci(catalogue(), paths, VINTAGE)
    with pytest.raises(CatalogueError, match="no file given"):
        import_eci(catalogue(), [], VINTAGE)


def test_older_scores_over_newer_ones_are_pointed_out(tmp_path: Path) -> None:
    new = import_eci(catalogue(), [write(tmp_path, "s.csv", SCORES + "A,1,,,2025-01-01,B,\n")], VINTAGE)
    old = import_eci(new.catalogue, [tmp_path / "s.csv"], date(2026, 10, 1))
    assert "scores of 2026-10-01 replace newer ones of 2026-11-03" in old.notes


def test_benchmark_results_replace_the_table(tmp_path: Path) -> None:
    text = RESULTS + lines(
        ("m1", 0.76999, "MMLU", "Halo 2", "2025-03-01"),
        ("m1", 0.0, "HLE", "Halo 2", "2025-03-01"),
        ("m2", 1.2, "HLE", "Lynx 70B", "2025-05-01"),
        ("m3", 0.5, "HLE", "Lynx Mini", "2025-06-01"),
        ("m3", 0.6, "HLE", "Lynx Mini", "2025-06-01"),
        ("m4", 0.4, "MMLU", "Halo-7B", "2024-02-01"),
        ("m4", 0.4, "MMLU", "Halo-7B", "2024-02-01"),
    )
    done = settled(import_eci(catalogue(), [write(tmp_path, "eci_benchmarks.csv", text)], VINTAGE), tmp_path)
    assert [(row.benchmark, row.model, row.performance) for row in done.catalogue.benchmarks] == [
        ("HLE", "Halo 2", 0.0),
        ("MMLU", "Halo-7B", 0.4),
        ("MMLU", "Halo 2", 0.77),
    ]
    assert done.outcome.kept == {"new": 3, "same result again": 1}
    assert done.outcome.by_reason() == {"contradictory results": 2, "above the best possible": 1}
    assert done.catalogue.scores == catalogue().scores


@pytest.mark.parametrize(
    ("accessibility", "access"),
    [
        ("Open weights (unrestricted)", "open"),
        ("Open weights (non-commercial)", "open"),
        ("API access", "closed"),
        ("Hosted access (no API)", "closed"),
        ("Unreleased", "closed"),
        ("", "unknown"),
        ("Unknown", "unknown"),
    ],
)
def test_accessibility_in_three_words(accessibility: str, access: str) -> None:
    assert access_of(accessibility) == access
