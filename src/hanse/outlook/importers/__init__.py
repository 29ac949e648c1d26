"""Publishers' files into a catalogue: a person downloads them, nothing here opens a connection.

`delimited` reads a file whatever its separator and says what it is when it is no table, `cells` reads numbers and dates,
`names` tells whether two names mean one model or one lab, `proposals` makes new releases, `provenance` the row of their
source, and `outcome` accounts for every row read. On them stand `eci` and `epoch` (Epoch AI), `modelsdev` (models.dev)
and `atom` (ATOM Project). An importer takes a catalogue and returns another one: it writes nothing, drops no release and
changes no cell that somebody filled; the tables of scores, results and training runs it replaces whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from hanse.outlook.catalogue.tables import Catalogue
from hanse.outlook.importers.atom import import_atom
from hanse.outlook.importers.eci import import_eci
from hanse.outlook.importers.epoch import import_epoch
from hanse.outlook.importers.modelsdev import import_modelsdev
from hanse.outlook.importers.outcome import Imported

IMPORTERS: dict[str, Callable[[Catalogue, Sequence[Path], date], Imported]] = {
    "epoch": import_epoch,
    "eci": import_eci,
    "models-dev": import_modelsdev,
    "atom": import_atom,
}
"""By publisher, as the command line names them; the date is the one the files were published on."""
