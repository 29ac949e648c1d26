"""A site's text as documents: folders, JSONL, Parquet, or a `datasets` folder. Errors name file and line."""

from __future__ import annotations

import glob
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hanse.errors import CorpusError

TEXT_SUFFIXES = {".txt", ".md", ".py", ".rst", ".html", ".tex"}


@dataclass(frozen=True)
class Document:
    """One document: an id for people, and its text."""

    id: str
    text: str


def documents(path: Path, field: str = "text") -> Iterator[Document]:
    """Documents of a file or folder, in a stable order. `field` names the text column of tables.

    A folder is a `datasets` folder when it has dataset_info.json, else every readable file below it; a pattern such as
    `books/**/*.txt` stands for all it matches. Raises CorpusError naming file and line.
    """
    if not path.exists() and glob.has_magic(str(path)):
        matches = sorted(glob.glob(str(path), recursive=True))
        if not matches:
            raise CorpusError(f"{path}: the pattern matches no file; correct `text` in the site file")
        for match in matches:
            yield from documents(Path(match), field)
        return
    if not path.exists():
        raise CorpusError(f"{path}: no such file or folder; correct `text` in the site file")
    if path.is_dir():
        if (path / "dataset_info.json").exists() or (path / "dataset_dict.json").exists():
            yield from _dataset(path, field)
            return
        files = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
        known = [p for p in files if p.suffix.lower() in TEXT_SUFFIXES | {".jsonl", ".parquet"}]
        if not known:
            raise CorpusError(f"{path}: no .jsonl, .parquet or text files below it ({len(files)} files of other kinds)")
        for file in known:
            yield from _file(file, field, file.relative_to(path).as_posix())
        return
    yield from _file(path, field, path.name)


def _file(path: Path, field: str, name: str) -> Iterator[Document]:
    if path.suffix.lower() == ".jsonl":
        yield from _jsonl(path, field, name)
    elif path.suffix.lower() == ".parquet":
        yield from _parquet(path, field, name)
    else:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise CorpusError(f"{path}: byte {error.start} is not UTF-8; convert the file or leave it out") from error
        except OSError as error:
            raise CorpusError(f"{path}: cannot read: {error.strerror}") from error
        if text.strip():
            yield Document(name, text)


def _jsonl(path: Path, field: str, name: str) -> Iterator[Document]:
    with open(path, encoding="utf-8") as file:
        try:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    row = json.loads(line)
                except (ValueError, RecursionError) as error:
                    raise CorpusError(f"{path}:{number}: not JSON: {error}") from error
                if not isinstance(row, dict) or not isinstance(row.get(field), str):
                    raise CorpusError(f"{path}:{number}: expected an object with a string {field!r}; set `text_field`")
                try:
                    row[field].encode()
                except UnicodeEncodeError as error:
                    raise CorpusError(f"{path}:{number}: {field!r} holds a lone surrogate (\\ud800 to \\udfff)") from error
                if row[field].strip():
                    yield Document(f"{name}:{row.get('id', number)}", row[field])
        except UnicodeDecodeError as error:
            raise CorpusError(f"{path}: not UTF-8: {error.reason}; convert the file or leave it out") from error


def _parquet(path: Path, field: str, name: str) -> Iterator[Document]:
    import pyarrow as arrow
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path)
    except (arrow.ArrowInvalid, OSError) as error:
        raise CorpusError(f"{path}: not Parquet: {error}") from error
    if field not in file.schema_arrow.names:
        raise CorpusError(f"{path}: no column {field!r}, only {', '.join(file.schema_arrow.names)}; set `text_field`")
    row = 0
    for batch in file.iter_batches(batch_size=1024, columns=[field]):
        for value in batch.column(0).to_pylist():
            row += 1
            if isinstance(value, str) and value.strip():
                yield Document(f"{name}:{row}", value)


def _dataset(path: Path, field: str) -> Iterator[Document]:
    import datasets

    try:
        loaded = datasets.load_from_disk(str(path))
    except (OSError, ValueError) as error:
        raise CorpusError(f"{path}: not a folder that `datasets` saved: {error}") from error
    parts = loaded.values() if isinstance(loaded, datasets.DatasetDict) else [loaded]
    for part in parts:
        if field not in part.column_names:
            raise CorpusError(f"{path}: no column {field!r}, only {', '.join(part.column_names)}; set `text_field`")
        for number, value in enumerate(part[field]):
            if isinstance(value, str) and value.strip():
                yield Document(f"{path.name}:{number}", value)
