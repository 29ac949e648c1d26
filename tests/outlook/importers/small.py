"""A catalogue of a few rows, and publishers' files written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from hanse.outlook.catalogue.schema import Compute, Lab, License, Release, Score, Source
from hanse.outlook.catalogue.tables import TABLES, Catalogue, parse_table, print_table, read_catalogue, write_catalogue
from hanse.outlook.importers.outcome import Imported

VINTAGE = date(2026, 11, 3)
SOURCED = {"confidence": "verified", "source": "notes"}
SCORES = "Model,eci,eci_ci_low,eci_ci_high,date,Organization,Model accessibility\n"
MODELS = "model_id,name,family,release_date,open_weights,context,license,weights_url\n"
EPOCH = (
    "Model,Organization,Publication date,Domain,Task,Parameters,Training compute (FLOP),Confidence,Model accessibility,"
    "Base model,Training code accessibility"
)
NOTABLE = f"{EPOCH},Notability criteria,Training compute cost (2023 USD)\n"
LARGE = f"{EPOCH}\n"


def lab(id_: str, name: str, aliases: str = "", hub_orgs: str = "") -> Lab:
    return Lab.model_validate(
        {
            "id": id_,
            "name": name,
            "country": "somewhere",
            "region": "International",
            "funding": "startup",
            "aliases": aliases,
            "hub_orgs": hub_orgs,
            "note": "",
            **SOURCED,
        }
    )


def release(id_: str, lab_id: str, model: str, day: str, **cells: object) -> Release:
    blank = {
        "total_params_b": None,
        "active_params_b": None,
        "license": "MIT",
        "weights": "open",
        "data": "none",
        "code": "none",
        "context_tokens": None,
        "family": model.split("-", maxsplit=1)[0],
        "score": "",
        "compute_flop": None,
        "note": "",
        **SOURCED,
    }
    return Release.model_validate({"id": id_, "lab": lab_id, "model": model, "date": day} | blank | cells)


def score(name: str, day: str, eci: float, organization: str = "Pharos") -> Score:
    return Score(
        name=name,
        organization=organization,
        date=date.fromisoformat(day),
        access="open",
        eci=eci,
        low=eci - 2,
        high=eci + 2,
        source="epoch-eci-2026-08",
    )


def catalogue() -> Catalogue:
    """Two labs, three releases, two scores, one run."""
    return Catalogue(
        releases=(
            release("halo-7b", "pharos", "Halo-7B", "2024-02-01", total_params_b=7.0, score="Halo 7B"),
            release(
                "halo-2", "pharos", "Halo 2", "2025-03-01", total_params_b=120.0, active_params_b=12.0, family="Halo"
            ),
            release("lynx-70b", "lynx", "Lynx 70B", "2025-05-01", total_params_b=70.0, score="Lynx-70B"),
            release("lynx-mini", "lynx", "Lynx Mini", "2025-06-01", family="Lynx"),
        ),
        labs=(
            lab("pharos", "Pharos", "Pharos AI;Pharos (Halo);Pharos,Sea University", "pharos-ai"),
            lab("lynx", "Lynx Labs", "Lynx", "lynxlabs"),
        ),
        licenses=tuple(
            License.model_validate({"license": name, "class": class_, "meter": "", "limits": "", "note": "", **SOURCED})
            for name, class_ in (
                ("MIT", "open"),
                ("not checked", "unknown"),
                ("open weights, unrestricted per Epoch", "open"),
                ("open weights, terms not checked", "unknown"),
            )
        ),
        events=(),
        parameters=(),
        consortia=(),
        scores=(score("Halo 7B", "2024-02-01", 100.0), score("Lynx-70B", "2025-05-01", 120.0, "Lynx Labs")),
        compute=(
            Compute(
                model="Halo-7B",
                organization="Pharos",
                date=date(2024, 2, 1),
                flop=2e23,
                cost_usd_2023=None,
                access="open",
                confidence="likely",
                source="notes",
            ),
        ),
        benchmarks=(),
        sources=(
            Source(
                id="notes", title="Notes", publisher="", url="", license="facts only", vintage=date(2026, 1, 1), note=""
            ),
        ),
    )


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def lines(*rows: Sequence[object]) -> str:
    """Rows of plain cells."""
    return "".join(",".join(str(cell) for cell in row) + "\n" for row in rows)


def settled(done: Imported, folder: Path | None = None) -> Imported:
    """The same, after checking that no row was lost and that what was made is read back equal, from a folder if given."""
    assert done.outcome.read == sum(done.outcome.kept.values()) + len(done.outcome.rejects)
    assert sum(done.outcome.by_reason().values()) == len(done.outcome.rejects)
    assert len({source.id for source in done.catalogue.sources}) == len(done.catalogue.sources)
    assert len({release.id for release in done.catalogue.releases}) == len(done.catalogue.releases)
    if folder is None:
        for name, model in TABLES.items():
            rows = getattr(done.catalogue, name)
            assert parse_table(print_table(rows, model), model, name) == rows
    else:
        write_catalogue(folder / "catalogue", done.catalogue)
        assert read_catalogue(folder / "catalogue") == done.catalogue
    return done
