"""models.dev: open models we lack, dates that differ."""

from __future__ import annotations

from pathlib import Path

from tests.outlook.importers.small import MODELS, VINTAGE, catalogue, lines, settled, write

from hanse.outlook.importers.modelsdev import import_modelsdev

HUB = "https://huggingface.co"


def test_every_kind_of_row(tmp_path: Path) -> None:
    text = MODELS + lines(
        ("pharos/halo-4", "Halo 4", "halo", "2026-05-01", 1, 131072, "MIT", f"{HUB}/pharos-ai/Aurora"),
        ("pharos/halo-4-turbo", "Halo Turbo", "halo", "2026-05-02", "true", 0, "", f"{HUB}/pharos-ai/Aurora"),
        ("pharos/halo-4-chat", "Halo 4 Chat", "halo", "2026-05-02", 1, "", "", ""),
        ("cloud/lynx-next", "Lynx Next (latest)", "", "2026-06-01", 1, "", "Own terms", f"{HUB}/lynxlabs/Lynx-Next"),
        ("pharos/halo-7b-it", "Halo 7B It", "halo", "2024-02-09", 1, "", "", ""),
        ("lynx/lynx-70b", "Lynx", "lynx", "2025-09-01", 1, "", "", ""),
        ("lynx/lynx-mini", "Lynx Mini", "lynx", "2025-06", 1, "", "", ""),
        ("lynx/lynx-9", "Lynx 9", "lynx", "2025-06", 1, "", "", ""),
        ("pharos/halo-api", "Halo API", "halo", "2026-05-02", 0, "", "", ""),
        ("pharos/halo-blank", "Halo Blank", "halo", "2026-05-02", "", "", "", ""),
        ("pharos/halo-odd", "Halo Odd", "halo", "2026-05-02", "maybe", "", "", ""),
        ("nobody/x", "X", "x", "2026-05-02", 1, "", "", ""),
        ("pharos/halo-5", "Halo 5", "halo", "2026-11-04", 1, "", "", ""),
        ("pharos/halo-6", "Halo 6", "halo", "2026-11-03", 1, "12.5", "", ""),
    )
    done = settled(import_modelsdev(catalogue(), [write(tmp_path, "models.csv", text)], VINTAGE), tmp_path)
    halo, lynx = done.catalogue.releases[len(catalogue().releases) :]
    assert (halo.id, halo.lab, halo.license, halo.context_tokens, halo.family) == (
        "halo-4",
        "pharos",
        "MIT",
        131072,
        "halo",
    )
    assert (lynx.model, lynx.lab, lynx.license, lynx.family) == ("Lynx Next", "lynx", "not checked", "Lynx")
    assert {row.source for row in (halo, lynx)} == {"models-dev-2026-11"}
    assert {row.confidence for row in (halo, lynx)} == {"single source"}
    assert done.outcome.kept == {
        "new": 2,
        "same weights": 1,
        "same": 3,
        "date differs": 1,
        "closed": 1,
        "open flag missing": 1,
    }
    assert [(reject.line, reject.reason) for reject in done.outcome.rejects] == [
        (9, "date without a day"),
        (12, "open flag not understood"),
        (13, "organization not in labs.csv"),
        (14, "dated after the vintage"),
        (15, "not a number of tokens"),
    ]
    assert "lynx-70b: dated 2025-05-01 here, 2025-09-01 at models.dev" in done.notes
    assert done.catalogue.sources[-1].license == "MIT"


def test_nothing_new_leaves_the_catalogue_as_it_was(tmp_path: Path) -> None:
    text = MODELS + lines(("pharos/halo-2", "Halo 2", "halo", "2025-03-01", 1, "", "", ""))
    done = settled(import_modelsdev(catalogue(), [write(tmp_path, "models.csv", text)], VINTAGE))
    assert done.catalogue == catalogue()


def test_rows_that_link_to_a_known_releases_weights_are_not_added(tmp_path: Path) -> None:
    url = f"{HUB}/lynxlabs/Lynx-Mini-2506"
    text = MODELS + lines(
        ("lynx/lynx-latest", "Lynx Small", "lynx", "2025-06-03", 1, "", "", url),
        ("lynx/lynx-mini", "Lynx Mini", "lynx", "2025-06-01", 1, "", "", url),
    )
    done = settled(import_modelsdev(catalogue(), [write(tmp_path, "models.csv", text)], VINTAGE))
    assert done.outcome.kept == {"same": 1, "same weights": 1}
    assert done.notes == ("lynx/lynx-latest: the weights of lynx-mini, not added",)
