"""Hold files to a lock, offline: every problem is found and named, none hides another.

`hold` is pure (what is locked against what was found); `verify_models` looks, hashes all models' files together on all cores and
asks `hold` for each; `verify_lock` adds the lock itself and the texts beside it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from hanse.errors import InputError, LockError, NotFound
from hanse.hedge.lock.hashing import Digest, Refusal, hash_places
from hanse.hedge.lock.kept import kept_texts, read_text, shelf
from hanse.hedge.lock.schema import Lock, LockedModel, edited, read_lock
from hanse.hedge.source.base import kind_of
from hanse.hedge.source.cache import find_snapshot, look_snapshot
from hanse.hedge.source.folder import Found, is_mirror, look

Kind = Literal[
    "missing", "added", "renamed", "swapped", "bytes", "truncated", "size", "symlink", "special", "unreadable",
    "edited entry", "license text", "statement", "no folder",
]  # fmt: skip
"""symlink: a link where a file is expected; special: a pipe, a device or a folder there; size: longer than locked."""


@dataclass(frozen=True)
class Problem:
    """One thing that is not as locked."""

    model: str
    kind: Kind
    path: str
    """In the model, or of the text beside the lock."""
    text: str
    """What was expected, what is there."""

    def as_json(self) -> dict[str, str]:
        """Plain values; the keys are a public format."""
        return asdict(self)


@dataclass(frozen=True)
class Checked:
    """One model."""

    model: str
    where: str
    """The folder it was looked for in; empty when there was none."""
    files: int
    bytes: int
    """Read."""
    problems: tuple[Problem, ...]
    ignored: tuple[str, ...] = ()
    """A client's own folders that were left out."""


@dataclass(frozen=True)
class Report:
    """A whole lock."""

    models: tuple[Checked, ...]
    texts: int
    """License texts and statements beside the lock that were checked."""
    problems: tuple[Problem, ...]
    """All, those of the lock itself first."""

    def as_json(self) -> dict[str, Any]:
        """Plain values; the keys are a public format."""
        keys = ("model", "where", "files", "bytes")
        return {
            "ok": not self.problems,
            "models": [
                {key: getattr(item, key) for key in keys} | {"ignored": list(item.ignored)} for item in self.models
            ],
            "texts": self.texts,
            "problems": [item.as_json() for item in self.problems],
        }


def verify_lock(
    path: Path,
    folders: Mapping[str, Path],
    cache: Path | None = None,
    names: Sequence[str] = (),
    progress: Callable[[int], None] | None = None,
    lock: Lock | None = None,
) -> Report:
    """The lock at `path`, the texts beside it, and the models in `folders` by name (else in `cache`, Hugging Face's, else in the
    first folder among their sources). `names` restricts it to some; `lock` is for who has read it, as it stands, already. Raises
    LockError for a file that is no lock."""
    lock = read_lock(path, as_it_stands=True) if lock is None else lock
    models = list({(m := lock.named(name)).name: m for name in names}.values()) if names else list(lock.model)
    for name in folders:
        lock.named(name)  # a misspelled one would leave its model unchecked
    broken = {item.name for item in edited(lock)}
    problems = [
        Problem(
            item.name, "edited entry", "", f"its table in {path.name} was edited: {_entries(item)}; restore the file"
        )
        for item in models
        if item.name in broken
    ]
    texts, said = _texts(path, models)
    checked = verify_models([(item, _place(item, path, folders, cache)) for item in models], progress)
    everything = [*problems, *said, *(problem for item in checked for problem in item.problems)]
    return Report(tuple(checked), texts, tuple(everything))


def _entries(model: LockedModel) -> str:
    return f"entry says {model.entry[:16] or 'nothing'}, is {model.digest()[:16]}"


Where = Found | str
"""What lies in a model's folder, or why there is none; with it goes the folder's name."""


def verify_models(
    models: Sequence[tuple[LockedModel, tuple[str, Where]]], progress: Callable[[int], None] | None = None
) -> list[Checked]:
    """Each model against what lies in its folder. All files of all models are hashed together, large ones first."""
    places = [file for _, (_, found) in models if isinstance(found, Found) for file in found.files.values()]
    digests = hash_places(places, progress)
    checked = []
    for model, (where, found) in models:
        if isinstance(found, str):
            checked.append(Checked(model.name, where, 0, 0, (Problem(model.name, "no folder", "", found),)))
            continue
        hashed = {path: digests[place] for path, (place, _) in found.files.items()}
        read = sum(item.size for item in hashed.values() if isinstance(item, Digest))
        problems = hold(model, hashed, found.odd)
        checked.append(Checked(model.name, where, len(hashed), read, tuple(problems), found.ignored))
    return checked


def verify_folder(model: LockedModel, folder: Path, progress: Callable[[int], None] | None = None) -> list[Problem]:
    """One model in one folder. Raises nothing for what is wrong there: that is the answer."""
    return list(verify_models([(model, (str(folder), _look(partial(look, folder))))], progress)[0].problems)


def hold(model: LockedModel, hashed: Mapping[str, Digest | Refusal], odd: Mapping[str, str]) -> list[Problem]:
    """What is not as locked, in order of path. `odd` says what else than regular files is there, by path."""
    locked = {item.path: Digest(item.sha256, item.size) for item in model.file}
    found: list[Problem] = []

    def say(kind: Kind, path: str, text: str) -> None:
        found.append(Problem(model.name, kind, path, text))

    for path, what in odd.items():
        kind: Kind = "symlink" if what.startswith("a symbolic link") else "special"
        hidden = sum(1 for other in locked if other.startswith(f"{path}/"))
        expected = "a file" if path in locked else f"a folder with {hidden} locked files" if hidden else "nothing"
        say(kind, path, f"is {what}, expected {expected}")
    extra = {p: d for p, d in hashed.items() if p not in locked and isinstance(d, Digest)}
    lost = [p for p in locked if p not in hashed and p not in odd and not _below(p, odd)]
    for path in lost:
        new = next((p for p, d in sorted(extra.items()) if d == locked[path]), None)
        if new is None:
            say("missing", path, f"is missing: {locked[path].size} bytes with SHA-256 {locked[path].sha256}")
        else:
            say("renamed", path, f"was renamed to {new!r}: the bytes are right")
            del extra[new]
    for path, digest in extra.items():
        copied = next((p for p in locked if locked[p] == digest and digest.size), None)
        say("added", path, f"is not in the lock: {digest.size} bytes" + (f", the same as {copied!r}" if copied else ""))
    for path, refusal in hashed.items():
        if isinstance(refusal, Refusal):
            say("unreadable" if path in locked else "added", path, refusal.text)
    _changed(locked, {p: d for p, d in hashed.items() if p in locked and isinstance(d, Digest)}, say)
    return sorted(found, key=lambda item: (item.path, item.kind))


def _changed(locked: Mapping[str, Digest], there: Mapping[str, Digest], say: Callable[[Kind, str, str], None]) -> None:
    """Files that are there and hold other bytes: those of another file, fewer, more, or as many."""
    wrong = {path: digest for path, digest in there.items() if digest != locked[path]}
    told: set[str] = set()
    for path, digest in wrong.items():
        if path in told:
            continue
        expected = locked[path]
        owners = [other for other in locked if other != path and locked[other] == digest and digest.size]
        partner = next((other for other in owners if wrong.get(other) == expected and other not in told), None)
        if partner is not None:
            told.add(partner)
            say("swapped", path, f"was swapped with {partner!r}: each holds the other's bytes")
        elif owners:
            say("swapped", path, f"holds the bytes of {owners[0]!r}")
        elif digest.size < expected.size:
            say("truncated", path, f"has {digest.size} of {expected.size} bytes")
        elif digest.size > expected.size:
            say("size", path, f"has {digest.size} bytes, expected {expected.size}")
        else:
            say("bytes", path, f"holds other bytes: SHA-256 is {digest.sha256}, expected {expected.sha256}")


def _below(path: str, odd: Mapping[str, str]) -> bool:
    parts = path.split("/")
    return any("/".join(parts[:depth]) in odd for depth in range(1, len(parts)))


def _place(model: LockedModel, lock: Path, folders: Mapping[str, Path], cache: Path | None) -> tuple[str, Where]:
    given = folders.get(model.name) or folders.get(model.repository or model.name)
    if given is not None:
        return str(given), _look(partial(look, given))
    if cache is not None and model.repository:
        return str(cache), _look(lambda: look_snapshot(find_snapshot(cache, model.repository, model.revision)))
    for text in model.sources:
        folder = lock.parent / text
        if kind_of(text) == "folder" and not is_mirror(folder):
            return str(folder), _look(partial(look, folder))
    return "", "no folder given for it: name one with --at, --models-dir or --cache"


def _look(find: Callable[[], Found]) -> Where:
    try:
        return find()
    except (NotFound, InputError) as error:
        return str(error)


def _texts(path: Path, models: Sequence[LockedModel]) -> tuple[int, list[Problem]]:
    """Texts beside the lock: those that models name must be there; all that are there must be what their names say."""
    problems: list[Problem] = []
    named: set[str] = set()
    for model in models:
        pairs: list[tuple[str, Kind]] = [(model.license.sha256, "license text"), (model.statement, "statement")]
        for digest, kind in pairs:
            if digest:
                named.add(digest)
                problems += _text(path, model, digest, kind)
        own = next((item for item in model.file if item.path == model.license.path), None)
        if own is not None and own.sha256 != model.license.sha256:
            said = (
                f"has the SHA-256 {own.sha256[:16]}..., the license text it stands for {model.license.sha256[:16]}..."
            )
            problems.append(Problem(model.name, "license text", own.path, said))
    old = [digest for digest in kept_texts(path) if digest not in named]
    for digest in old:
        data = read_text(path, digest)
        if data is None or hashlib.sha256(data).hexdigest() != digest:
            name = f"{shelf(path).name}/{digest}.txt"
            problems.append(Problem("", "license text", name, "was edited: it does not have the SHA-256 in its name"))
    return len(named) + len(old), problems


def _text(path: Path, model: LockedModel, digest: str, kind: Kind) -> list[Problem]:
    name = f"{shelf(path).name}/{digest}.txt"
    what = (
        "its release statement"
        if kind == "statement"
        else f"the text of its license ({model.license.id or 'not declared'})"
    )
    data = read_text(path, digest)
    if data is None:
        return [Problem(model.name, kind, name, f"{what} is missing: restore it from version control")]
    made = hashlib.sha256(data).hexdigest()
    if made != digest:
        return [
            Problem(
                model.name, kind, name, f"{what} was edited: its SHA-256 is {made}; restore it from version control"
            )
        ]
    if kind != "statement":
        return []
    from hanse.hedge.lock.statement import uncovered  # signatures load a library that few locks need

    try:
        return [Problem(model.name, kind, name, f"{what}: {said}") for said in uncovered(data, model)]
    except LockError as error:
        return [Problem(model.name, kind, name, str(error))]
