"""What arrives instead of a good file: the right result, or an error that names the file and the place."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from tests.outlook.importers.small import LARGE, SCORES, VINTAGE, catalogue, lines, settled, write

from hanse.errors import CatalogueError
from hanse.outlook.importers.atom import import_atom
from hanse.outlook.importers.delimited import SIZE_LIMIT, read_delimited
from hanse.outlook.importers.eci import import_eci
from hanse.outlook.importers.epoch import import_epoch
from hanse.outlook.importers.modelsdev import import_modelsdev

HEADER = SCORES.rstrip("\n")
WIDE = "Model,eci,eci_ci_low,eci_ci_high,date,Organization,Model accessibility,Abstract\n"

PROSE = ',"one\ntwo, a, b, c, d, e, f, g\n\nfour"\n'
"""A cell of several lines, one with as many commas as a row."""


def scored(name: str = "A", day: str = "2025-01-02", eci: object = 100, low: object = 99, high: object = 101) -> str:
    return f"{name},{eci},{low},{high},{day},Pharos,API access\n"


def spreadsheet() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return out.getvalue()


ERRORS: dict[str, tuple[str | bytes, list[str]]] = {
    "latin-1": ((SCORES + scored("Pháros")).encode("latin-1"), ["0xe1 at offset 73 (line 2)", "UTF-8"]),
    "latin-1 behind a mark": (b"\xef\xbb\xbf" + (SCORES + scored("Pháros")).encode("latin-1"), ["offset 76 (line 2)"]),
    "cut UTF-16": ((SCORES + scored()).encode("utf-16")[:-1], ["not UTF-16"]),
    "UTF-16 without a mark": ((SCORES + scored()).encode("utf-16-le"), ["line 1: NUL at character 1"]),
    "UTF-32": ((SCORES + scored()).encode("utf-32"), ["UTF-32"]),
    "NUL bytes": (SCORES + scored("A\0B"), ["line 2", "NUL"]),
    "empty": ("", ["empty"]),
    "blank lines only": ("\n \r\n\n", ["empty"]),
    "comments only": ("# a\n# b\n", ["empty"]),
    "header only": (SCORES, ["line 1", "no row"]),
    "header and blank lines": (SCORES + "\n\n,,\n", ["no row"]),
    "web page": ("\n<!DOCTYPE html><html><body>Sign in</body></html>", ["line 2", "web page", "sign in"]),
    "XML": ("<?xml version='1.0'?><rows/>", ["XML"]),
    "JSON": ('{"rows": []}', ["JSON"]),
    "LFS pointer": (
        "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
        ["Git LFS pointer", "git lfs pull"],
    ),
    "workbook": (spreadsheet(), ["Excel"]),
    "old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(64), ["Excel"]),
    "gzip": (b"\x1f\x8b\x08\x00" + bytes(9), ["gzip"]),
    "missing column": (
        SCORES.replace("Organization,", "") + "A,1,,,2025-01-01,x\n",
        ["column 'Organization' is missing"],
    ),
    "renamed column": (SCORES.replace(",eci,", ",ECI score,") + scored(), ["column 'eci' is missing", "'ECI score'"]),
    "look-alike column": (SCORES.replace("Model,", "Mоdel,", 1) + scored(), ["column 'Model' is missing", "U+043E"]),
    "another publisher's file": ("a,b\n1,2\n", ["is missing", "the file has a, b"]),
    "one column": ("Model eci date\nA 1 2025-01-01\n", ["is missing", "Model eci date"]),
    "pipes": (SCORES.replace(",", "|") + scored().replace(",", "|"), ["is missing"]),
    "column twice": (HEADER + ",eci\n" + scored(), ["line 1", "column 'eci' stands in places 2 and 8"]),
    "quote to the end": (SCORES + scored() + '"B,1,1,1,2025-01-02,P,x\n' + scored("C"), ["line 3", "not closed"]),
    "quote to another quote": (SCORES + scored('"A') + scored('"B"'), ["line 2", "line 3"]),
    "text behind a quote": (SCORES + '"A" B,1,1,1,2025-01-02,P,x\n', ["line 2", "not CSV"]),
    "rows inside a quoted cell": (
        WIDE + 'A,1,1,1,2025-01-02,P,x,"open\n' + 3 * "B,1,1,1,2025-01-02,P,x,y\n" + 'end"\n',
        ["line 2", "runs to line 6", "close the quote"],
    ),
    "a row inside a quoted cell": (
        WIDE + 'A,1,1,1,2025-01-02,P,x,"open\nB,1,1,1,2025-01-02,P,x,y"\n' + "C,1,1,1,2025-01-02,P,x,y\n",
        ["line 2", "runs to line 3"],
    ),
    "very long cell": (SCORES + scored("A" * 200_000), ["line 2", "field limit"]),
    "ambiguous dates": (
        SCORES + scored("A", "1/2/2025") + scored("B", "3/3/2025") + scored("C", "4/5/2025"),
        ["column 'date'", "1/2/2025 (line 2)", "4/5/2025 (line 4)", "YYYY-MM-DD"],
    ),
    "one ambiguous date": (SCORES + scored("A", "2025-01-02") + scored("B", "1/2/2025"), ["column 'date'", "(line 3)"]),
    "contradictory dates": (
        SCORES + scored("A", "13/2/2025") + scored("B", "3/14/2025"),
        ["column 'date'", "two ways", "13/2/2025 (line 2)", "3/14/2025 (line 3)"],
    ),
}


@pytest.mark.parametrize("kind", ERRORS)
def test_what_is_no_table_is_an_error_that_names_file_and_place(kind: str, tmp_path: Path) -> None:
    content, expected = ERRORS[kind]
    path = write(tmp_path, "download.csv", content)
    with pytest.raises(CatalogueError) as caught:
        import_eci(catalogue(), [path], VINTAGE)
    for part in [str(path), *expected]:
        assert part in str(caught.value)
    assert len(str(caught.value)) < 500 + len(str(path))


TAKEN: dict[str, tuple[str | bytes, list[str]]] = {
    "mark": (b"\xef\xbb\xbf" + (SCORES + scored("Pháros")).encode(), ["Pháros"]),
    "UTF-16": ((SCORES + scored("Pháros")).encode("utf-16"), ["Pháros"]),
    "big-endian UTF-16": (b"\xfe\xff" + (SCORES + scored("Pháros")).encode("utf-16-be"), ["Pháros"]),
    "CRLF": ((SCORES + scored("A") + scored("B")).replace("\n", "\r\n"), ["A", "B"]),
    "CR only": ((SCORES + scored("A") + scored("B")).replace("\n", "\r"), ["A", "B"]),
    "mixed line ends": (SCORES.replace("\n", "\r\n") + scored("A") + scored("B").replace("\n", "\r"), ["A", "B"]),
    "no line end at the end": (SCORES + scored("A").rstrip(), ["A"]),
    "semicolons": ((SCORES + scored("A", eci="1E2")).replace(",", ";"), ["A"]),
    "tabs": ((SCORES + scored("A")).replace(",", "\t"), ["A"]),
    "comments first": ("# a, b, c\n\n#d\n" + SCORES + scored("A"), ["A"]),
    "blank lines": (SCORES + "\n" + scored("A") + "\n  \n,,,\n" + scored("B") + "\n", ["A", "B"]),
    "spaces in the header": (HEADER.replace(",", " , ") + " \n" + scored(" A "), ["A"]),
    "extra columns": (HEADER + ",More,,\n" + scored("A").rstrip() + ",x,,\n", ["A"]),
    "columns in another order": ("date,Model accessibility,Organization,eci_ci_high,eci_ci_low,eci,Model\n"
                                 "2025-01-02,API access,Pharos,101,99,100,A\n", ["A"]),
    "quoted cells": (SCORES + scored('"A, ""the"" B"'), ['A, "the" B']),
    "quoted newlines": (WIDE + scored("A").rstrip() + PROSE + scored("B").rstrip() + ",x\n", ["A", "B"]),
    "day first": (SCORES + scored("A", "2/1/2025") + scored("B", "13/1/2025"), ["A", "B"]),
    "month first": (SCORES + scored("A", "1/2/2025") + scored("B", "1/13/2025"), ["A", "B"]),
    "spelled out": (SCORES + scored("A", '"January 2, 2025"') + scored("B", '"Jan 13, 2025"'), ["A", "B"]),
    "same day and month": (SCORES + scored("A", "1/1/2025"), ["A"]),
    "thousands": (SCORES + scored("A", eci='"1,000"', low=999, high="1.2E+3"), ["A"]),
    "duplicate rows": (SCORES + scored("A") + scored("A"), ["A"]),
    "on the day of the vintage": (SCORES + scored("A", "2026-11-03"), ["A"]),
}  # fmt: skip


@pytest.mark.parametrize("kind", TAKEN)
def test_what_only_looks_odd_is_read_right(kind: str, tmp_path: Path) -> None:
    content, names = TAKEN[kind]
    done = settled(import_eci(catalogue(), [write(tmp_path, "download.csv", content)], VINTAGE))
    assert [score.name for score in done.catalogue.scores] == names
    assert not done.outcome.rejects
    assert {score.date.year for score in done.catalogue.scores} <= {2025, 2026}
    if "A" in names and "B" in names and "/" in str(content):
        assert [score.date.isoformat() for score in done.catalogue.scores] == ["2025-01-02", "2025-01-13"]


REJECTED: dict[str, tuple[str, int, str, str]] = {
    "too few cells": ("B,1,2\n", 3, "wrong number of cells", "3 cells, expected 7"),
    "too many cells": (scored("B").rstrip() + ",x\n", 3, "wrong number of cells", "8 cells, expected 7"),
    "a cell across lines": (scored('"B\nC"'), 3, "line break in a cell", "'Model'"),
    "no name": (scored(""), 3, "no Model", "'Model'"),
    "not a number": (scored("B", eci="high"), 3, "not a number", "'high'"),
    "decimal comma": (scored("B", eci='"155,94"'), 3, "not a number", "'155,94'"),
    "hexadecimal": (scored("B", eci="0x10"), 3, "not a number", "'0x10'"),
    "underscore": (scored("B", eci="1_0"), 3, "not a number", "'1_0'"),
    "other digits": (scored("B", eci="١٠"), 3, "not a number", "'eci'"),
    "inf": (scored("B", eci="inf"), 3, "not a number", "'inf'"),
    "nan": (scored("B", low="NaN"), 3, "not a number", "'eci_ci_low'"),
    "beyond any float": (scored("B", high="1e999"), 3, "not a finite number", "'1e999'"),
    "interval reversed": (scored("B", low=101, high=99), 3, "interval reversed", "eci_ci_low 101"),
    "outside its interval": (scored("B", eci=200), 3, "score outside its interval", "eci 200"),
    "a month": (scored("B", "2025-01"), 3, "date without a day", "'2025-01'"),
    "a year": (scored("B", "2025"), 3, "date without a day", "'2025'"),
    "a month by name": (scored("B", "March 2025"), 3, "date without a day", "'March 2025'"),
    "no such day": (scored("B", "2025-02-30"), 3, "not a date", "'2025-02-30'"),
    "a serial number": (scored("B", "45659"), 3, "not a date", "'45659'"),
    "two digits of year": (scored("B", "13/1/25"), 3, "not a date", "'13/1/25'"),
    "a time": (scored("B", "2025-01-02T00:00:00Z"), 3, "not a date", "'date'"),
    "no such month": (scored("B", '"Brumaire 2, 2025"'), 3, "not a date", "Brumaire"),
    "after the vintage": (scored("B", "2026-11-04"), 3, "dated after the vintage", "2026-11-04 is after 2026-11-03"),
}


@pytest.mark.parametrize("kind", REJECTED)
def test_a_bad_row_is_a_named_reject_and_the_others_stay(kind: str, tmp_path: Path) -> None:
    row, line, reason, text = REJECTED[kind]
    path = write(tmp_path, "download.csv", SCORES + scored("A") + row + scored("C"))
    done = settled(import_eci(catalogue(), [path], VINTAGE))
    assert [score.name for score in done.catalogue.scores] == ["A", "C"]
    assert done.outcome.read == 3
    (reject,) = done.outcome.rejects
    assert (reject.file, reject.line, reject.reason) == (str(path), line, reason)
    assert text in reject.text


def test_a_comma_in_a_number_between_semicolons_is_not_guessed(tmp_path: Path) -> None:
    text = SCORES.replace(",", ";") + "A;155,940;;;2025-01-02;P;x\nB;100;;;2025-01-02;P;x\n"
    done = settled(import_eci(catalogue(), [write(tmp_path, "download.csv", text)], VINTAGE))
    assert done.outcome.by_reason() == {"comma in a number of a semicolon file": 1}


def test_lines_are_counted_where_rows_begin(tmp_path: Path) -> None:
    text = "#\n" + WIDE + scored("A").rstrip() + ',"1\n2\n3"\n\n' + scored("B", "soon").rstrip() + ",x\n"
    done = settled(import_eci(catalogue(), [write(tmp_path, "download.csv", text)], VINTAGE))
    assert [reject.line for reject in done.outcome.rejects] == [7]


def test_a_file_of_200_mb_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.truncate(200 * 1024 * 1024)
    with pytest.raises(CatalogueError, match=r"huge\.csv: 209,715,200 bytes, the limit is 67,108,864"):
        import_eci(catalogue(), [path], VINTAGE)
    small = write(tmp_path, "small.csv", SCORES + scored())
    with pytest.raises(CatalogueError, match="the limit is 10;"):
        read_delimited(small, limit=10)
    assert read_delimited(small, limit=small.stat().st_size).read == 1
    assert SIZE_LIMIT == 64 * 1024 * 1024


def test_what_is_no_file_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="not a file"):
        import_eci(catalogue(), [tmp_path], VINTAGE)
    with pytest.raises(CatalogueError, match="cannot read: No such file"):
        import_eci(catalogue(), [tmp_path / "none.csv"], VINTAGE)


def test_compute_must_be_above_zero(tmp_path: Path) -> None:
    rows = [
        (name, "Pharos", "2024-01-02", "Language", "", params, flop, "", "API access", "", "")
        for name, params, flop in (
            ("A", "", "-1e25"),
            ("B", "", 0),
            ("C", "-7", ""),
            ("D", "", '"1,000,000"'),
            ("E", "", "1.2E+25"),
        )
    ]
    done = settled(import_epoch(catalogue(), [write(tmp_path, "large.csv", LARGE + lines(*rows))], VINTAGE))
    assert [(run.model, run.flop) for run in done.catalogue.compute] == [("D", 1e6), ("E", 1.2e25)]
    assert done.outcome.by_reason() == {"not above zero": 3}


@pytest.mark.parametrize("importer", [import_eci, import_epoch, import_modelsdev, import_atom])
def test_every_importer_refuses_a_file_of_another_kind(importer: type, tmp_path: Path) -> None:
    path = write(tmp_path, "prices.csv", "provider,price\na,1\n")
    with pytest.raises(CatalogueError, match=r"prices\.csv: column '.*' is missing"):
        importer(catalogue(), [path], VINTAGE)
