"""A whole folder: walk it, read every file on all cores, join the findings in a fixed order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from hanse.hedge.scan import ignore
from hanse.hedge.scan.decode import MAX_NOTEBOOK, MAX_TEXT, decode, is_binary, without_long_lines
from hanse.hedge.scan.finding import Finding, Hit
from hanse.hedge.scan.formats import JAVASCRIPT, PYTHON, TERRAFORM, Formats, read_shell
from hanse.hedge.scan.javascript import read_javascript_project
from hanse.hedge.scan.python import read_python_project
from hanse.hedge.scan.walk import Skipped, Walk, open_below, shown, walk
from hanse.hedge.scan.weights import HEAD, weight_file

Spread = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]
"""map, or what maps over several processes in order."""
BATCH = 64
"""Files a process takes at a time."""
LINKED = 2000
"""Files of one language that are read as one project; more are one per folder at the top."""
ONE_LINE = (".json", ".jsonc", ".json5", ".ipynb")
"""Formats whose files are often one line."""
PARALLEL_FROM = 400
"""Files from which processes are worth their start."""


@dataclass(frozen=True)
class Scan:
    """Everything found below a folder."""

    findings: tuple[Finding, ...]
    """In order of file, line and name."""
    skipped: tuple[Skipped, ...]
    ignored: int
    """Findings with `hanse: ignore` on their line."""
    files: int
    """Files looked at."""


@dataclass
class _Part:
    """What one process found."""

    findings: list[Finding]
    skipped: list[Skipped]
    ignored: int
    together: dict[str, str]
    """Texts that are read together with others: Python and Terraform, by path."""


def scan(root: Path, exclude: Sequence[str] = (), processes: int | None = None) -> Scan:
    """Every model that the files below `root` depend on. `processes` is 1 for none beside this one; by default one per core.

    Raises InputError when `root` is no folder that can be read. Never uses the network, never loads what it finds.
    """
    below = walk(root, exclude)
    batches = [below.files[at : at + BATCH] for at in range(0, len(below.files), BATCH)]
    count = processes or (os.cpu_count() or 1)
    if count == 1 or len(below.files) < PARALLEL_FROM:
        return _joined(below, [read_batch(root, batch) for batch in batches], map, map)
    # spawn: whoever calls may hold threads, which a fork would break
    with ProcessPoolExecutor(min(count, len(batches)), mp_context=get_context("spawn")) as pool:
        parts = list(pool.map(read_batch, [root] * len(batches), batches))
        return _joined(below, parts, partial(pool.map, chunksize=BATCH), pool.map)


def _joined(below: Walk, parts: Sequence[_Part], by_file: Spread, by_group: Spread) -> Scan:
    findings = [finding for part in parts for finding in part.findings]
    skipped = [*below.skipped, *(item for part in parts for item in part.skipped)]
    together = {path: text for part in parts for path, text in part.together.items()}
    more, ignored = _read_together(dict(sorted(together.items())), by_file, by_group, skipped)
    return Scan(
        tuple(sorted(findings + more, key=_order)),
        tuple(sorted(replace(item, file=shown(item.file)) for item in skipped)),
        ignored + sum(part.ignored for part in parts),
        len(below.files),
    )


def _order(finding: Finding) -> tuple[str, int, str, str, str]:
    return finding.file, finding.line, finding.ref, finding.revision or "", finding.how


def read_batch(root: Path, batch: Iterable[tuple[str, int]]) -> _Part:
    """Some files, in this process."""
    part = _Part([], [], 0, {})
    formats = Formats()
    for path, size in batch:
        try:
            _read_file(root, path, size, formats, part)
        except OSError as error:
            part.skipped.append(Skipped(path, f"cannot read: {error.strerror or error}"))
    return part


def _read_file(root: Path, path: str, size: int, formats: Formats, part: _Part) -> None:
    with open(open_below(root, path), "rb") as file:
        head = file.read(HEAD)
        found = weight_file(file, head, path, shown(path), size)
        if found is not None:
            part.findings.append(found)
            return
        if is_binary(head):
            if formats.reader(path, "") is not None:
                part.skipped.append(Skipped(path, "no text: it has zero bytes"))
            return
        reader = formats.reader(path, decode(head[:200]))
        if reader is None:
            return
        largest = MAX_NOTEBOOK if path.endswith(".ipynb") else MAX_TEXT
        if size > largest:
            part.skipped.append(Skipped(path, f"text larger than {largest >> 20} MiB"))
            return
        file.seek(0)
        data = file.read(largest)
    text = decode(data)
    if not path.lower().endswith(ONE_LINE):
        text, count = without_long_lines(text)
        if count:
            part.skipped.append(Skipped(path, f"{count} lines too long for code; the rest was read"))
    if path.endswith((*PYTHON, *JAVASCRIPT, *TERRAFORM)):
        part.together[path] = text
        return
    kept, ignored = attach(shown(path), text, _told(path, reader(text), part.skipped))
    part.findings += kept
    part.ignored += ignored


def _told(path: str, hits: Iterable[Hit], skipped: list[Skipped]) -> Iterator[Hit]:
    """The hits, without what says that something was not read: that goes to `skipped`, once."""
    reasons = set()
    for hit in hits:
        if hit.kind == "unread":
            reasons.add(hit.how)
        else:
            yield hit
    skipped += [Skipped(path, reason) for reason in sorted(reasons)]


def attach(file: str, text: str, hits: Iterable[Hit]) -> tuple[list[Finding], int]:
    """Hits of one text as findings, each once, and how many a comment ignores."""
    rows = text.split("\n")
    merged: dict[tuple[int, str], Hit] = {}
    for hit in hits:
        line = min(max(1, hit.line), len(rows))
        key = (line, hit.ref)
        known = merged.get(key)
        if known is None:
            merged[key] = replace(hit, line=line)
        elif known.revision is None and hit.revision is not None:
            merged[key] = replace(known, revision=hit.revision)
    findings, ignored = [], 0
    for hit in merged.values():
        if ignore.ignored(rows[hit.line - 1]):
            ignored += 1
        elif hit.kind != "unread":
            findings.append(Finding(file, hit.line, hit.ref, hit.revision, hit.resolved, hit.how, hit.kind))
    return findings, ignored


def _read_together(texts: dict[str, str], by_file: Spread, by_group: Spread, skipped: list[Skipped]) -> tuple[list[Finding], int]:
    """Python and JavaScript of one project and Terraform of one folder: constants of one file are used in another."""
    found: list[tuple[str, Iterable[Hit]]] = []
    for suffixes, read, group in (
        (PYTHON, partial(read_python_project, shell=read_shell, spread=by_file), read_python_group),
        (JAVASCRIPT, partial(read_javascript_project, spread=by_file), read_javascript_group),
    ):
        groups = _groups({path: text for path, text in texts.items() if path.endswith(suffixes)})
        results = map(read, groups) if len(groups) < 2 else by_group(group, groups)
        found += [item for result in results for item in result.items()]
    found += [(path, _terraform(path, text, texts)) for path, text in texts.items() if path.endswith(TERRAFORM)]
    findings, ignored = [], 0
    for path, hits in found:
        kept, count = attach(shown(path), texts[path], _told(path, hits, skipped))
        findings += kept
        ignored += count
    return findings, ignored


def _groups(files: dict[str, str]) -> list[dict[str, str]]:
    """Files that are linked with each other: all of them, but in a large tree those below one folder of the top."""
    if len(files) <= LINKED:
        return [files] if files else []
    groups: dict[str, dict[str, str]] = {}
    for path, text in files.items():
        groups.setdefault(path.partition("/")[0] if "/" in path else "", {})[path] = text
    return sorted(groups.values(), key=len, reverse=True)


def read_python_group(files: dict[str, str]) -> dict[str, list[Hit]]:
    """One group, in this process."""
    return read_python_project(files, read_shell)


def read_javascript_group(files: dict[str, str]) -> dict[str, list[Hit]]:
    """One group, in this process."""
    return read_javascript_project(files)


def _terraform(path: str, text: str, texts: dict[str, str]) -> Iterator[Hit]:
    folder = path.rpartition("/")[0]
    others = [
        other
        for name, other in texts.items()
        if name != path and name.rpartition("/")[0] == folder and name.endswith(".tf")
    ]
    yield from Formats().hcl(text, others)
