"""Four charters side by side: the shipped examples under the same luck, few draws, in seconds."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import Any

from hanse.case.private import Private, PrivateMember
from hanse.case.solve import Depth, Question, solve
from hanse.charter.schema import load_charter
from hanse.units import Money

EXAMPLES = ("single-sponsor-sunset", "ten-equal", "fifty", "cern-key")
DRAWS = 1000
SPONSOR = PrivateMember(name="sponsor", control=Money.parse("3_000_000_000 USD"))
"""Its reasons are its own: it sells the hardware that others run the model on."""
PRIVATE = Private(preset="heavy", member=(SPONSOR,))
"""With fewer tokens hardly any of them would be founded, and four empty pictures tell nothing."""
SHOWN = ("name", "years", "founded", "structures")


def four(draws: int = DRAWS) -> dict[str, Any]:
    """The document of a case (`hanse case --quick`) for EXAMPLES."""
    with as_file(files("hanse.charter") / "examples") as folder:
        read = [load_charter(folder / f"{name}.toml") for name in EXAMPLES]
    asked = [Question(charter.name, f"{name}.toml", charter) for name, charter in zip(EXAMPLES, read, strict=True)]
    return solve(asked, PRIVATE, draws, 1, Depth(effects=False, influences=False)).document()


def shown(document: dict[str, Any]) -> dict[str, Any]:
    """What the demo's page draws of it, and result.json keeps."""
    kept = {key: value for key, value in document.items() if key not in ("charters", "parameters")}
    return kept | {"charters": [{key: row[key] for key in SHOWN} for row in document["charters"]]}
