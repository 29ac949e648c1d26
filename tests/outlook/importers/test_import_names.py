"""Which names mean one model, and what a new one is called."""

from __future__ import annotations

import pytest
from tests.outlook.importers.small import catalogue, release, score

from hanse.outlook.importers.names import ReleaseIndex, labs_by_slug, labs_called, labs_within, normalized
from hanse.outlook.importers.proposals import family, score_called, slug


@pytest.mark.parametrize(
    ("name", "total", "found"),
    [
        ("HALO_7B", None, "halo-7b"),
        ("Halo-7B-Instruct-FP8", None, "halo-7b"),
        ("Pharos-Halo-7B", None, "halo-7b"),
        ("Halo (7B)", None, "halo-7b"),
        ("Halo", 7.2, "halo-7b"),
        ("Halo", 9.0, None),
        ("Halo 70B", None, None),
        ("Halo+ 7B", None, None),
        ("Halo-2-120B-A12B", None, "halo-2"),
        ("Halo 2 12B", None, "halo-2"),
        ("Halo 2 30B", None, None),
        ("Halo 2 Coder", None, None),
        ("Pharos", None, None),
        ("Lynx 70B", None, "lynx-70b"),
        ("Lynx Labs Lynx 70B", None, None),
    ],
)
def test_a_release_is_found_under_other_names_of_its_lab(name: str, total: float | None, found: str | None) -> None:
    made = catalogue()
    known = ReleaseIndex(made).find([name], [made.lab["pharos"]], total)
    assert (known.id if known else None) == found


def test_labs_are_found_by_the_whole_cell_or_by_its_parts() -> None:
    made = catalogue()
    assert [lab.id for lab in labs_called(made, "Pharos,Sea University")] == ["pharos"]
    assert [lab.id for lab in labs_called(made, "University, Lynx Labs")] == ["lynx"]
    assert [lab.id for lab in labs_called(made, "Pharos, Lynx Labs,Pharos AI")] == ["pharos", "lynx"]
    assert labs_called(made, "Pharo") == ()
    assert [lab.id for lab in labs_within(made, "Pharos,Sea University")] == ["pharos"]
    assert {name: lab.id for name, lab in labs_by_slug(made.labs).items()} == {
        "pharos": "pharos",
        "pharosai": "pharos",
        "pharoshalo": "pharos",
        "pharosseauniversity": "pharos",
        "lynx": "lynx",
        "lynxlabs": "lynx",
    }
    shared = [made.labs[0], made.labs[1].model_copy(update={"aliases": "Pharos AI"})]
    assert "pharosai" not in labs_by_slug(shared)


def test_plus_is_a_word_and_everything_but_letters_and_digits_falls_away() -> None:
    assert normalized("Command R+ (08-2024)") == "commandrplus082024"
    assert normalized("Ｑｗｅｎ３-8B") == "qwen38b"


def test_ids_are_slugs_and_never_twice_the_same() -> None:
    assert slug("Qwen3.8-2.4T (A95B)") == "qwen3-8-2-4t-a95b"
    assert slug("Halo", ["halo", "halo-2"]) == "halo-3"
    assert slug("文心") == "release"


def test_family_and_score_come_from_what_is_known() -> None:
    known = [release("halo-7b", "pharos", "Halo-7B", "2024-02-01", family="Halo")]
    assert family("halo2-9B", known) == "Halo"
    assert family("Nimbus3-9B", known) == "Nimbus"
    assert family("3D", []) == "3D"
    scores = [score("Halo 7B", "2024-02-01", 100.0), score("X", "2024-02-01", 1.0), score("x", "2024-02-01", 2.0)]
    assert score_called(scores, "halo-7b") == "Halo 7B"
    assert score_called(scores, "X") == ""
