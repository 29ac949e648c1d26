"""Numbers and dates in a publisher's cells. What cannot be read for certain is refused, not guessed."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from pydantic import ValidationError

from hanse.errors import CatalogueError
from hanse.outlook.catalogue.schema import Row
from hanse.outlook.importers.delimited import Record, Table, shorten
from hanse.outlook.importers.outcome import Unusable

R = TypeVar("R", bound=Row)
_PLAIN = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SLASHED = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_SPELLED = re.compile(r"([A-Za-z]+)\.? ([0-9]{1,2}), ?([0-9]{4})")
_NO_DAY = re.compile(r"[0-9]{4}(-[0-9]{2})?|[0-9]{1,2}/[0-9]{4}|([A-Za-z]+)\.?,? [0-9]{4}|[0-9]{4}-?Q[1-4]")
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
AFTER_VINTAGE = "dated after the vintage"
NO_DAY = "date without a day"


def number(record: Record, column: str, positive: bool = False) -> float | None:
    """A cell's number, None when it is empty.

    Takes 12, 1.5, 1e25 and 70,000,000,000. Raises Unusable for anything else, for what is not finite, for a comma in a
    file of semicolons (thousands or decimals: nobody can tell), and for what is not above zero when it has to be.
    """
    text = record[column]
    if not text:
        return None
    said = f"column '{column}': {shorten(text)}"
    if "," in text and record.semicolons:
        raise Unusable("comma in a number of a semicolon file", said)
    if not (_PLAIN.fullmatch(text) or _THOUSANDS.fullmatch(text)):
        raise Unusable("not a number", said)
    value = float(text.replace(",", ""))
    if not math.isfinite(value):
        raise Unusable("not a finite number", said)
    if positive and value <= 0:
        raise Unusable("not above zero", said)
    return value


def needed_number(record: Record, column: str) -> float:
    """A number that must be there. Raises Unusable."""
    value = number(record, column)
    if value is None:
        raise Unusable(f"no {column}", f"column '{column}' is empty")
    return value


def rounded(value: float, digits: int = 4) -> float:
    """To so many significant digits: estimates carry no more, and sums leave 5.0000000001e25."""
    return float(f"{value:.{digits}g}")


@dataclass(frozen=True)
class Days:
    """How one column of a file writes its dates."""

    column: str
    day_first: bool
    """Of dates with slashes."""

    def of(self, record: Record) -> date:
        """The date in a row. Raises Unusable: no date, a date without a day, or not a date."""
        text = record[self.column]
        said = f"column '{self.column}': {shorten(text)}"
        if not text:
            raise Unusable("no date", f"column '{self.column}' is empty")
        if _NO_DAY.fullmatch(text):
            raise Unusable(NO_DAY, said)
        try:
            return self._parsed(text)
        except ValueError as error:
            raise Unusable("not a date", said) from error

    def of_or_before(self, record: Record, vintage: date) -> date:
        """The date in a row that cannot be later than the file itself. Raises Unusable."""
        day = self.of(record)
        if day > vintage:
            raise Unusable(AFTER_VINTAGE, f"column '{self.column}': {day} is after {vintage}")
        return day

    def _parsed(self, text: str) -> date:
        if _ISO.fullmatch(text):
            return date.fromisoformat(text)
        if slashed := _SLASHED.fullmatch(text):
            first, second, year = (int(part) for part in slashed.groups())
            return date(year, second, first) if self.day_first else date(year, first, second)
        if spelled := _SPELLED.fullmatch(text):
            return date(int(spelled[3]), _month(spelled[1]), int(spelled[2]))
        raise ValueError("none of the known styles")


def _month(name: str) -> int:
    lower = name.lower()
    for place, month in enumerate(_MONTHS, 1):
        if lower in (month, month[:3]) or (lower, month) == ("sept", "september"):
            return place
    raise ValueError("not a month")


def days_of(table: Table, column: str) -> Days:
    """How a column writes its dates, decided over the whole file: a first or second number above 12 is a day.

    Raises CatalogueError with two example lines when that says both or, while it matters, nothing.
    """
    first, second, either = list[Record](), list[Record](), list[Record]()
    for record in table.records:
        if slashed := _SLASHED.fullmatch(record[column]):
            a, b = int(slashed[1]), int(slashed[2])
            if a > 12 and b > 12:
                continue
            if a > 12:
                first.append(record)
            elif b > 12:
                second.append(record)
            elif a != b:
                either.append(record)
    if first and second:
        examples = _examples(column, first[0], second[0])
        raise CatalogueError(f"{table.file}: column '{column}' writes dates two ways: {examples}; write YYYY-MM-DD")
    if either and not first and not second:
        examples = _examples(column, *either[:2])
        raise CatalogueError(
            f"{table.file}: column '{column}': nothing in the file tells day from month: {examples}; write YYYY-MM-DD"
        )
    return Days(column, bool(first))


def _examples(column: str, *records: Record) -> str:
    return ", ".join(f"{record[column]} (line {record.line})" for record in records)


def row(table: type[R], /, **values: object) -> R:
    """A row of the catalogue. Raises Unusable naming the column that does not fit its table."""
    try:
        return table.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        column = ".".join(str(part) for part in first["loc"])
        raise Unusable(
            "does not fit the table", f"{column}: {first['msg']}; got {shorten(str(first['input']))}"
        ) from error
