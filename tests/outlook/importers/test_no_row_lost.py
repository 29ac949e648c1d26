"""Whatever stands in a table, every row of it is counted as kept or refused, and what was made can be read back."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.outlook.importers.small import MODELS, NOTABLE, SCORES, VINTAGE, catalogue, settled, write

from hanse.errors import CatalogueError
from hanse.outlook.catalogue.tables import Catalogue
from hanse.outlook.importers import IMPORTERS
from hanse.outlook.importers.outcome import Imported, Outcome, Reject

VERSIONS = SCORES.replace("Model,", "model_group,", 1).replace("date", "Version release date")
FORMS = {
    "eci": [SCORES, VERSIONS, "model,benchmark,performance,date\n"],
    "epoch": [NOTABLE],
    "models-dev": [MODELS],
    "atom": [
        "org,model,modelId\n",
        "model_id,total_params_b,active_params_b\n",
        "hf_org,region\n",
        "model_id,hf_created_at,actual_release_date\n",
    ],
}
PLAIN = [
    "", "0", "1", "-1", "100", "99.5", "1e25", "2e23", "7,000,000,000", "inf", "1e-320", "1e999", "x", "+", "文心", "a\nb",
    "2025-01-02", "2024-02-01", "2025-01", "13/1/2025", "2027-01-01", "Jan 5, 2025",
    "Halo 7B", "halo-7b", "Halo-2-120B", "Lynx", "Lynx Mini", "Pharos", "Pharos,Lynx Labs", "lynxlabs", "nobody",
    "pharos-ai/Halo-7B", "lynxlabs/Lynx-Mini", "nobody/X", "https://huggingface.co/lynxlabs/Lynx-Mini",
    "Language", "Language,Vision", "Open weights (unrestricted)", "API access", "true", "MIT",
]  # fmt: skip
CELLS = st.one_of(
    st.sampled_from(PLAIN), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
)


DATES = ["2024-02-01", "2025-03-01", "2026-01-05"]
NAMES = ["Halo 7B", "Halo-2-120B", "Halo 9", "Lynx Mini", "Lynx 70B", "Nimbus"]
ORGS = ["Pharos", "Lynx Labs", "Pharos,Lynx Labs", "Nobody"]
NUMBERS = ["", "7", "1e23", "2e25"]
SHARES = ["", "0.5", "1"]
OWNERS = ["pharos-ai", "Lynx", "nobody"]
IDS = ["pharos-ai/Halo-7B", "lynxlabs/Lynx-Mini", "lynxlabs/Lynx-Next", "nobody/X"]
USUAL = {
    **dict.fromkeys(("Model", "model", "model_group", "name"), NAMES),
    **dict.fromkeys(("date", "Version release date", "Publication date", "release_date", "actual_release_date"), DATES),
    **dict.fromkeys(("eci", "performance", "eci_ci_low", "eci_ci_high"), SHARES),
    **dict.fromkeys(("Parameters", "Training compute (FLOP)", "total_params_b", "active_params_b"), NUMBERS),
    **dict.fromkeys(("model_id", "modelId"), IDS),
    **dict.fromkeys(("org", "hf_org"), OWNERS),
    "Organization": ORGS,
    "Model accessibility": ["Open weights (unrestricted)", "Open weights (non-commercial)", "API access", ""],
    "Domain": ["Language", "Language,Vision", "Biology"],
    "Base model": ["", "Halo 7B", "Vicuna"],
    "open_weights": ["1", "1", "0", ""],
    "context": ["", "4096"],
    "weights_url": ["", "https://huggingface.co/lynxlabs/Lynx-Mini", "https://huggingface.co/pharos-ai/Aurora"],
    "benchmark": ["MMLU", "HLE"],
    "region": ["us", "eu"],
}
"""What a column usually holds, so that rows get far enough to go wrong late."""


def cells(column: str) -> st.SearchStrategy[str]:
    """Mostly what the column usually holds."""
    usual = st.sampled_from(USUAL.get(column, [""]))
    return st.integers(0, 9).flatmap(lambda dice: CELLS if dice == 0 else usual)


def table(header: str, rows: Sequence[Sequence[str]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(rows)
    return header + out.getvalue()


def check(name: str, header: str, rows: Sequence[Sequence[str]]) -> None:
    importer: Callable[[Catalogue, Sequence[Path], date], Imported] = IMPORTERS[name]
    with TemporaryDirectory() as folder:
        path = write(Path(folder), "random.csv", table(header, rows))
        try:
            done = importer(catalogue(), [path], VINTAGE)
        except CatalogueError:  # nothing in it tells day from month, or no row at all
            return
        settled(done)
        width = header.count(",") + 1
        # a line without any cell filled is no row unless it has every cell
        assert done.outcome.read == sum(any(cell.strip() for cell in row) or len(row) == width for row in rows)
        kept = {release.id: release for release in done.catalogue.releases}
        for old in catalogue().releases:
            new = kept[old.id].model_dump()
            changed = {column for column, cell in old.model_dump().items() if cell not in (None, "", new[column])}
            assert changed <= {"score"}
        assert [lab.id for lab in done.catalogue.labs] == [lab.id for lab in catalogue().labs]


@pytest.mark.parametrize("name", FORMS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_random_tables_lose_no_row(name: str, data: st.DataObject) -> None:
    header = data.draw(st.sampled_from(FORMS[name]))
    columns = header.rstrip("\n").split(",")
    usual = st.tuples(*(cells(column) for column in columns))
    ragged = st.lists(CELLS, min_size=1, max_size=len(columns) + 1)
    rows = st.lists(st.one_of(usual, usual, usual, ragged), min_size=1, max_size=12)
    check(name, header, data.draw(rows))


def test_an_outcome_that_lost_a_row_cannot_be_made() -> None:
    reject = Reject("a.csv", 2, "not a date", "'soon'")
    assert Outcome(3, {"new": 2}, (reject,)).as_json() == {
        "read": 3,
        "kept": {"new": 2},
        "by_reason": {"not a date": 1},
        "rejects": [{"file": "a.csv", "line": 2, "reason": "not a date", "text": "'soon'"}],
    }
    with pytest.raises(ValueError, match="4 rows read, 3 accounted for"):
        Outcome(4, {"new": 2}, (reject,))
