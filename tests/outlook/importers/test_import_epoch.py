"""Epoch's model tables: the reduction to runs that matter, and releases that were missed."""

from __future__ import annotations

from pathlib import Path

from tests.outlook.importers.small import LARGE, NOTABLE, VINTAGE, catalogue, lines, settled, write

from hanse.outlook.importers.epoch import import_epoch

OPEN = "Open weights (unrestricted)"


def entry(
    model: str,
    day: str,
    flop: object = "",
    org: str = "Pharos",
    access: str = OPEN,
    params: object = "",
    domain: str = "Language",
    base: str = "",
    code: str = "Unreleased",
) -> tuple[object, ...]:
    quoted = f'"{org}"' if "," in org else org
    return (model, quoted, day, domain, "", params, flop, "Confident", access, base, code)


def test_runs_are_reduced_to_the_largest_and_to_large_language_models(tmp_path: Path) -> None:
    runs = [entry(f"Top {n}", f"2017-01-{n:02}", 1e24 + n, access="Unreleased") for n in range(1, 11)]
    text = NOTABLE + lines(
        *[(*run, "SOTA", "") for run in runs],
        (*entry("Old", "2015-12-31", 1e26), "SOTA", ""),
        (*entry("Small", "2017-02-01", 9e22, access="API access"), "SOTA", ""),
        (*entry("Large", "2017-02-01", 1.00004e23, access="API access"), "SOTA", "1234567.8"),
        (*entry("Picture", "2017-02-01", 5e23, domain="Vision"), "SOTA", ""),
        (*entry("Tie", "2017-02-02", 1e24 + 1, domain="Vision"), "SOTA", ""),
        (*entry("Secret", "2017-03-01"), "SOTA", ""),
    )
    done = settled(import_epoch(catalogue(), [write(tmp_path, "notable.csv", text)], VINTAGE))
    assert [run.model for run in done.catalogue.compute] == [*(f"Top {n}" for n in range(1, 11)), "Large", "Tie"]
    large = done.catalogue.compute[-2]
    assert (large.flop, large.cost_usd_2023, large.access, large.confidence) == (1e23, 1234570.0, "closed", "confident")
    assert large.source == "epoch-models-2026-11"
    assert done.outcome.kept == {"run": 12, "smaller run": 2, "before 2016": 1, "no compute": 1}
    assert done.notes == ("no large-scale table given: the union is not whole",)


def test_both_tables_are_one_union(tmp_path: Path) -> None:
    notable = NOTABLE + lines(
        (*entry("Halo-7B", "2024-02-01", 2e23), "SOTA", 1000),
        (*entry("Nimbus", "2024-03-01", "", access="API access"), "SOTA", ""),
        (*entry("Cirrus", "2024-04-01", 3e23, access="API access"), "SOTA", ""),
    )
    large = LARGE + lines(
        entry("Halo-7B ", "2024-02-01", 2e23),
        entry("Nimbus", "2024-03-01", 4e23, access="API access"),
        entry("Cirrus", "2024-04-01", 9e23, access="API access"),
    )
    paths = [write(tmp_path, "large.csv", large), write(tmp_path, "notable.csv", notable)]
    done = settled(import_epoch(catalogue(), paths, VINTAGE))
    assert [(run.model, run.flop, run.cost_usd_2023) for run in done.catalogue.compute] == [
        ("Halo-7B", 2e23, 1000.0),
        ("Nimbus", 4e23, None),
        ("Cirrus", 3e23, None),
    ]
    assert done.outcome.kept == {"run": 3, "same": 3}
    assert done.notes == ("Cirrus of 2024-04-01: 3e+23 FLOP, not 9e+23 as in line 4",)
    assert settled(import_epoch(catalogue(), paths[::-1], VINTAGE)).catalogue == done.catalogue


def test_open_language_models_that_were_missed_become_releases(tmp_path: Path) -> None:
    text = LARGE + lines(
        entry("Halo 3 (80B)", "2026-01-05", 5.00000001e24, params=8.0e10, code="Open source"),
        entry("Lynx Code", "2026-02-01", 2e23, org="Lynx Labs,Sea University", access="Open weights (non-commercial)"),
        entry("Halo-9", "2026-03-01", "", params=9e9),
        entry("Halo-10", "2022-12-31", 2e23, params=9e9),
        entry("Halo 11", "2026-03-02", 1e22),
        entry("Halo Paint", "2026-03-02", 2e22, domain='"Vision,Image generation"', params=9e9),
    )
    done = settled(import_epoch(catalogue(), [write(tmp_path, "large.csv", text)], VINTAGE), tmp_path)
    new = {row.id: row for row in done.catalogue.releases[len(catalogue().releases) :]}
    assert list(new) == ["halo-3-80b", "lynx-code", "halo-9"]
    halo, lynx = new["halo-3-80b"], new["lynx-code"]
    assert (halo.lab, halo.total_params_b, halo.compute_flop, halo.code, halo.data) == (
        "pharos",
        80.0,
        5e24,
        "full",
        "none",
    )
    assert (halo.license, halo.confidence, halo.family) == (
        "open weights, unrestricted per Epoch",
        "single source",
        "Halo",
    )
    assert (halo.note, halo.source, halo.weights) == ("imported", "epoch-models-2026-11", "open")
    assert (lynx.lab, lynx.license, lynx.total_params_b) == ("lynx", "open weights, terms not checked", None)
    assert done.catalogue.releases[: len(catalogue().releases)] == catalogue().releases
    assert done.outcome.kept["run, new release"] == 2
    assert done.outcome.kept["no compute, new release"] == 1
    again = settled(import_epoch(done.catalogue, [tmp_path / "large.csv"], VINTAGE), tmp_path)
    assert again.catalogue == done.catalogue


def test_a_release_under_another_spelling_is_the_same(tmp_path: Path) -> None:
    names = [
        "halo 7b",
        "Halo-7B-Instruct",
        "Pharos Halo 7B",
        "Halo-7B (May 2024)",
        "Halo (7B)",
        "Halo-2-120B-A12B-Base",
    ]
    text = LARGE + lines(*[entry(name, f"2024-03-{n:02}", 3e23, params="") for n, name in enumerate(names, 1)])
    done = settled(import_epoch(catalogue(), [write(tmp_path, "large.csv", text)], VINTAGE))
    assert done.catalogue.releases == catalogue().releases
    assert done.outcome.kept == {"run": 6}


def test_models_of_unknown_organizations_and_of_others_models_are_named(tmp_path: Path) -> None:
    text = LARGE + lines(
        entry("Stranger", "2016-01-01", 1e26, access="Unreleased"),
        *[entry(f"Giant {n}", "2016-01-02", 1e26, access="Unreleased") for n in range(10)],
        entry("Orphan", "2024-01-01", "", org="Nobody", params=1e10),
        entry("Orphan 2", "2024-01-02", 2e23, org="Nobody", params=1e10),
        entry("Joint", "2024-01-03", "", org="Pharos,Lynx Labs", params=1e10),
        entry("Alias", "2024-01-04", "", org="Pharos,Sea University", params=1e10),
        entry("Tuned", "2024-01-05", "", base="Vicuna-13B", params=1e10),
        entry("Grown", "2024-01-06", "", base='"CLIP,Halo-7B-Base"', params=1e10),
        entry("", "2024-01-07", 2e23),
        entry("Later", "2027-01-01", 2e23),
    )
    done = settled(import_epoch(catalogue(), [write(tmp_path, "large.csv", text)], VINTAGE))
    assert [row.id for row in done.catalogue.releases[len(catalogue().releases) :]] == ["alias", "grown"]
    assert [(reject.reason, reject.text.partition(":")[0]) for reject in done.outcome.rejects] == [
        ("organization not in labs.csv", "Orphan"),
        ("organization names several labs", "Joint"),
        ("no Model", "column 'Model' is empty"),
        ("dated after the vintage", "column 'Publication date'"),
    ]
    assert done.outcome.kept["run, organization not in labs.csv"] == 1
    assert done.outcome.kept["no compute, derived from a model of others"] == 1
    assert "not added as a release: Orphan 2: Nobody (organization not in labs.csv)" in done.notes
    assert "not added: Tuned (pharos, 2024-01-05), made from Vicuna-13B" in done.notes


def test_a_new_release_that_may_repeat_an_old_one_says_so(tmp_path: Path) -> None:
    text = LARGE + lines(entry("Aureole", "2024-03-01", 2e23, params=7.2e9))
    done = settled(import_epoch(catalogue(), [write(tmp_path, "large.csv", text)], VINTAGE))
    assert done.notes[-1] == (
        "new release: Aureole (pharos, 2024-03-01); may be halo-7b of 2024-02-01 under another name"
    )


def test_without_a_run_compute_stays(tmp_path: Path) -> None:
    text = LARGE + lines(entry("Secret", "2024-03-01", access="API access"))
    done = settled(import_epoch(catalogue(), [write(tmp_path, "large.csv", text)], VINTAGE))
    assert done.catalogue == catalogue()
    assert done.notes[-1] == "no run to take; compute was left as it was"
