"""A publisher's table as a user downloads it: CSV or TSV in UTF-8 or marked UTF-16, and whatever else came instead.

What is not a table ends in a CatalogueError that says what it is and what to do. A row with the wrong number of cells
is a reject; every other row keeps its line number. Encodings are never guessed: a wrong guess changes names silently.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hanse.errors import CatalogueError
from hanse.outlook.importers.outcome import Account, Reject, Unusable

SIZE_LIMIT = 64 * 1024 * 1024
"""Bytes. The largest file of these publishers has 2 MB."""
DELIMITERS = (",", ";", "\t")
_NOT_TEXT = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"%PDF": "a PDF",
    b"PAR1": "a Parquet file",
}
_NOT_A_TABLE = {
    "<": "a web page or XML; you may have to sign in before you download",
    "{": "JSON",
    "[": "JSON",
    "version https://git-lfs": "a Git LFS pointer; fetch the file itself with `git lfs pull`",
}


@dataclass(frozen=True)
class Record:
    """A row under its column names, cells stripped of surrounding space."""

    file: str
    line: int
    cells: Mapping[str, str]
    semicolons: bool = False
    """From a file that separates cells by semicolons, where a comma in a number may be a decimal one."""

    def __getitem__(self, column: str) -> str:
        """The cell; empty when the file has no such column."""
        return self.cells.get(column, "")

    def text(self, column: str, default: str = "") -> str:
        """A cell that names something, or the default. Raises Unusable when it is empty or has a line break."""
        value = self[column] or default
        if not value:
            raise Unusable(f"no {column}", f"column '{column}' is empty")
        if len(value.splitlines()) > 1:
            raise Unusable("line break in a cell", f"column '{column}': {shorten(value)}")
        return value

    def reject(self, why: Unusable) -> Reject:
        """This row as a reject."""
        return Reject(self.file, self.line, why.reason, why.text)


@dataclass(frozen=True)
class Table:
    """A file's rows and those that were none."""

    file: str
    columns: tuple[str, ...]
    records: tuple[Record, ...]
    rejects: tuple[Reject, ...]
    """Rows with too many or too few cells."""

    @property
    def read(self) -> int:
        """Data rows in the file."""
        return len(self.records) + len(self.rejects)

    def require(self, *columns: str) -> None:
        """Raises CatalogueError for the first column that is not there, naming those that look like it."""
        for column in columns:
            if column not in self.columns:
                similar = similar_names(column, self.columns)
                found = f"found {similar}" if similar else f"the file has {', '.join(self.columns)}"
                advice = "rename it if it means the same, or download the table that has it"
                raise CatalogueError(f"{self.file}: column '{column}' is missing; {found}; {advice}")


def read_delimited(path: Path, limit: int = SIZE_LIMIT) -> Table:
    """The table in a file of at most `limit` bytes. Raises CatalogueError naming the file, and the line where it can."""
    return parse_delimited(_decode(_read(path, limit), str(path)), str(path))


def read_all(paths: Sequence[Path], account: Account, limit: int = SIZE_LIMIT) -> list[Table]:
    """Every file's table, with what was no row already refused. Raises CatalogueError, also when there is no file."""
    if not paths:
        raise CatalogueError("no file given; name the files you downloaded")
    tables = [read_delimited(path, limit) for path in paths]
    for table in tables:
        for reject in table.rejects:
            account.refuse(reject)
    return tables


def form_of(table: Table, forms: Mapping[str, Sequence[str]]) -> str:
    """Which of the known forms a table has: the one most of whose columns are there.

    Raises CatalogueError naming the column that is missing from the nearest form.
    """
    best = max(forms, key=lambda form: sum(column in table.columns for column in forms[form]) / len(forms[form]))
    table.require(*forms[best])
    return best


def similar_names(wanted: str, columns: Sequence[str]) -> str:
    """Columns that may be the wanted one under another name, quoted; letters from another alphabet are pointed out."""
    by_lower = {column.casefold(): column for column in columns if column}
    near = [name for name in by_lower if wanted.casefold() in name or (len(name) > 2 and name in wanted.casefold())]
    near += [name for name in difflib.get_close_matches(wanted.casefold(), by_lower, 3, 0.6) if name not in near]
    return ", ".join(_shown(by_lower[name], wanted) for name in near[:3])


def _shown(column: str, wanted: str) -> str:
    strange = sorted({char for char in column if ord(char) > 127 and char not in wanted})
    points = ", ".join(f"U+{ord(char):04X}" for char in strange)
    return f"'{column}'" + (f" (which has {points})" if points else "")


def shorten(text: str, limit: int = 80) -> str:
    """Text for a message, quoted."""
    return repr(text if len(text) <= limit else f"{text[:limit]}...")


def _read(path: Path, limit: int) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise CatalogueError(f"{path}: not a file; name the CSV file itself")
        size = path.stat().st_size
        if size > limit:
            raise CatalogueError(f"{path}: {size:,} bytes, the limit is {limit:,}; is this the table you meant?")
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise CatalogueError(f"{path}: cannot read: {error.strerror}; check the name") from error
    if len(data) > limit:
        raise CatalogueError(f"{path}: more than {limit:,} bytes; is this the table you meant?")
    return data


def _decode(data: bytes, file: str) -> str:
    for magic, what in _NOT_TEXT.items():
        if data.startswith(magic):
            raise CatalogueError(f"{file}: this is {what}, not CSV; open it and save the sheet as 'CSV UTF-8'")
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise CatalogueError(f"{file}: UTF-32; save it as UTF-8")
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = "utf-16" if wide else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        # utf-8-sig counts from behind the mark
        at = error.start + (len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0)
        line = data.count(b"\n", 0, at) + 1
        where = f"byte 0x{data[at]:02x} at offset {at} (line {line})" if not wide else f"at offset {at}"
        name = "UTF-16" if wide else "UTF-8"
        raise CatalogueError(
            f"{file}: not {name}: {where}; it was saved in another encoding: open it where it was made and save it as "
            "'CSV UTF-8'"
        ) from error
    if "\0" in text:
        at = text.index("\0")
        raise CatalogueError(
            f"{file} line {text.count(chr(10), 0, at) + 1}: NUL at character {at}: the file is damaged or UTF-16 without "
            "its mark; download it again or save it as UTF-8"
        )
    return text


def parse_delimited(text: str, file: str) -> Table:
    """The table in a text. Raises CatalogueError as `read_delimited` does."""
    lines = list(io.StringIO(text, newline=""))
    start = next((at for at, line in enumerate(lines) if line.strip() and not line.startswith("#")), None)
    if start is None:
        raise CatalogueError(f"{file}: empty; download it again")
    for opening, what in _NOT_A_TABLE.items():
        if lines[start].lstrip().startswith(opening):
            raise CatalogueError(f"{file} line {start + 1}: this is {what}, not CSV; download the CSV file")
    delimiter = _delimiter(lines[start:])
    reader = csv.reader(lines[start:], delimiter=delimiter, strict=True)
    columns: tuple[str, ...] = ()
    records, rejects = list[Record](), list[Reject]()
    begin = start + 1
    try:
        for cells in reader:
            end = start + reader.line_num
            if not columns:
                columns = _header(cells, file, begin)
            elif any(cell.strip() for cell in cells) or len(cells) == len(columns):
                if end > begin:
                    _refuse_swallowed(cells, len(columns), delimiter, f"{file} line {begin}", end)
                if len(cells) != len(columns):
                    found = f"{len(cells)} cells, expected {len(columns)}: {shorten(delimiter.join(cells))}"
                    rejects.append(Reject(file, begin, "wrong number of cells", found))
                else:
                    named = {name: cell.strip() for name, cell in zip(columns, cells, strict=True) if name}
                    records.append(Record(file, begin, named, delimiter == ";"))
            begin = end + 1
    except csv.Error as error:
        raise CatalogueError(
            f"{file} line {begin}: not CSV: {error} (line {start + reader.line_num}); a quote in the row that begins on line "
            f"{begin} is not closed: end the cell with a quote and double those inside"
        ) from error
    if not records and not rejects:
        raise CatalogueError(f"{file} line {start + 1}: a header but no row; download it again")
    return Table(file, columns, tuple(records), tuple(rejects))


def _delimiter(lines: Sequence[str]) -> str:
    """The one that cuts the header into most columns."""

    def count(delimiter: str) -> int:
        try:
            return len(next(csv.reader(lines, delimiter=delimiter, strict=True)))
        except csv.Error:
            return 0

    return max(DELIMITERS, key=count)


def _header(cells: Sequence[str], file: str, line: int) -> tuple[str, ...]:
    """Column names; nameless columns, which spreadsheets leave at the end, may be many."""
    columns = tuple(cell.strip() for cell in cells)
    for column in columns:
        if column and columns.count(column) > 1:
            places = [str(at) for at, name in enumerate(columns, 1) if name == column]
            raise CatalogueError(
                f"{file} line {line}: column '{column}' stands in places {' and '.join(places)}; rename or remove one"
            )
    return columns


def _refuse_swallowed(cells: Sequence[str], width: int, delimiter: str, where: str, end: int) -> None:
    """A cell may span lines, but not hold whole rows: then a quote was opened and never closed. Prose has a space behind
    its commas, rows have none."""
    for line in (line for cell in cells for line in cell.splitlines()[1:]):
        inner = next(csv.reader([line], delimiter=delimiter), [])
        if len(inner) == width and not any(cell.startswith(" ") for cell in inner):
            raise CatalogueError(
                f"{where}: a quoted cell that begins in this row runs to line {end} with whole rows inside; close the quote"
            )
