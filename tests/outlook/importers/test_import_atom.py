"""ATOM's lists: organizations on the hub, sizes, and counts that belong in no table."""

from __future__ import annotations

from pathlib import Path

from tests.outlook.importers.small import VINTAGE, catalogue, lines, settled, write

from hanse.outlook import rating
from hanse.outlook.importers import atom
from hanse.outlook.importers.atom import import_atom

TRACKED = "org,model,modelId\n" + lines(
    ("pharos-ai", "Halo-7B", "pharos-ai/Halo-7B"),
    ("pharos-ai", "Halo-7B-GGUF", "pharos-ai/Halo-7B-GGUF"),
    ("Pharos", "Halo-2", "Pharos/Halo-2"),
    ("lynxlabs", "Lynx-Mini", "lynxlabs/Lynx-Mini"),
    ("nobody", "X", "nobody/X"),
    ("pharos-ai", "Halo-7B", "pharos-ai/halo-7b"),
    ("pharos-ai", "Halo-7B", "Halo-7B"),
)
SIZES = "model_id,total_params_b,active_params_b,is_moe,notes\n" + lines(
    ("pharos-ai/Halo-7B", 7, "", "", ""),
    ("lynxlabs/Lynx-Mini", 3.5, 1, "", '"two, words"'),
    ("lynxlabs/Lynx-Mini-FP8", 3.5, 1, "", ""),
    ("lynxlabs/Lynx-70B", 99, "", "", ""),
    ("pharos-ai/Halo-99", 1000, "", "", ""),
    ("nobody/X", 5, "", "", ""),
    ("nobody/Y", 5, 6, "", ""),
    ("pharos-ai/Halo-99", 1001, "", "", ""),
)
REGIONS = "hf_org,region,notes\npharos-ai,eu,\nlynxlabs,us,\nLynx,us,\nnobody,other,\n"
DATES = "# by hand\n# Format: a, b\nmodel_id,hf_created_at,actual_release_date,notes\n" + lines(
    ("pharos-ai/Halo-7B", "2024-01-30", "2024-02-01", ""),
    ("lynxlabs/Lynx-Mini", "2025-06-01", "2025-06-02", ""),
    ("nobody/X", "2025-06-01", "2025-06-02", ""),
)


def test_files_are_told_apart_by_their_columns(tmp_path: Path) -> None:
    texts = {"dates.csv": DATES, "models.csv": TRACKED, "regions.csv": REGIONS, "sizes.csv": SIZES}
    paths = [write(tmp_path, name, text) for name, text in texts.items()]
    done = settled(import_atom(catalogue(), paths, VINTAGE), tmp_path)
    assert done.outcome.read == 7 + 8 + 4 + 3
    assert done.outcome.kept == {
        "tracked": 4,
        "organization not in labs": 1,
        "same id again": 1,
        "size known": 1,
        "size filled": 2,
        "size differs": 1,
        "size without a release": 2,
        "region": 3,
        "region, organization not in labs": 1,
        "same date": 1,
        "date differs": 1,
        "date without a release": 1,
    }
    assert done.outcome.by_reason() == {
        "not an id on the hub": 1,
        "more active than total parameters": 1,
        "contradictory sizes": 1,
    }
    assert [lab.hub_orgs for lab in done.catalogue.labs] == ["pharos-ai;Pharos", "lynxlabs;Lynx"]
    mini = done.catalogue.releases[3]
    assert (mini.total_params_b, mini.active_params_b, mini.note) == (3.5, 1.0, "size from atom-tracked-2026-11")
    assert done.catalogue.releases[:3] == catalogue().releases[:3]
    assert "lynx-70b: 70 billion parameters here, 99 for lynxlabs/lynx-70b" in done.notes
    assert "lynx-mini: dated 2025-06-01 here, 2025-06-02 for lynxlabs/Lynx-Mini" in done.notes
    assert done.tallies == {
        "ids by lab": {"lynx": 1, "organization not in labs": 1, "pharos": 3},
        "ids by region": {"eu": 2, "no region": 1, "other": 1, "us": 1},
        "ids of known size by lab": {"lynx": 1, "organization not in labs": 1, "pharos": 1},
        "ids of known size by region": {"eu": 1, "other": 1, "us": 1},
        "ids of at most 40B by lab": {"lynx": 1, "organization not in labs": 1, "pharos": 1},
        "ids of at most 40B by region": {"eu": 1, "other": 1, "us": 1},
    }
    assert done.catalogue.sources[-1].id == "atom-tracked-2026-11"


def test_sizes_that_disagree_fill_nothing(tmp_path: Path) -> None:
    text = "model_id,total_params_b,active_params_b\nlynxlabs/Lynx-Mini,3,\nlynxlabs/Lynx-Mini-Instruct,4,\n"
    done = settled(import_atom(catalogue(), [write(tmp_path, "sizes.csv", text)], VINTAGE))
    assert done.catalogue.releases == catalogue().releases
    assert done.outcome.kept == {"size known": 2}


def test_small_means_what_the_rating_means() -> None:
    assert atom.SMALL_PARAMS_B == rating.SMALL_PARAMS_B
