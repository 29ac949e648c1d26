"""models.lock: which models a project uses, to the byte. TOML for version control: stable order, one line per fact.

    version = 1

    [[model]]
    name = "smollm2"
    repository = "HuggingFaceTB/SmolLM2-135M-Instruct"
    revision = "12fd25f77366fa6b3b4b768ec3050bf629380bac"
    ...
    [[model.file]]
    path = "model.safetensors"
    sha256 = "..."
    size = 269060552

`entry` is the SHA-256 of the rest of a model's table as RFC 8785 canonical JSON: an edit by hand that forgets it is seen.
It is no signature: whoever can edit the lock can compute it; version control and reviews protect the lock itself.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from hanse import canonical
from hanse.errors import CanonicalError, LockError

VERSION = 1
FILE = "models.lock"
LICENSES = "models.lock.d"
"""Folder beside the lock that keeps license texts by digest: <sha256>.txt."""
PATH_BYTES_MAX = 1024
FILES_MAX = 100_000
_RESERVED = {"con", "prn", "aux", "nul", *(f"com{n}" for n in range(10)), *(f"lpt{n}" for n in range(10))}
"""Names that Windows keeps for devices, in any case and with any extension."""

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, line breaks, marks that turn the direction of text (a name that is shown as another), surrogates."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


def _one_line(value: str) -> str:
    if _UNPRINTABLE.search(value) or len(value) > 500:
        raise ValueError("expected one line of at most 500 characters, without control characters")
    return value


Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
MaybeSha256 = Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]
Line = Annotated[str, AfterValidator(_one_line)]
Base = Annotated[Line, Field(pattern=r"^[^\s,]+$")]
"""repository or repository@revision: a name without spaces or commas, so that several stand in one line and are told apart."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def check_path(path: str) -> str:
    """A file's path inside a model, safe to write below a folder on every system. Raises ValueError saying why not."""
    parts = path.split("/")
    if not path or len(path.encode("utf-8", "surrogatepass")) > PATH_BYTES_MAX:
        raise ValueError(f"path of {len(path)} characters: expected 1 to {PATH_BYTES_MAX} bytes")
    for part in parts:
        if part in ("", ".", ".."):
            raise ValueError(f"path {path!r}: expected relative segments, none empty, '.' or '..'")
        if _UNPRINTABLE.search(part) or any(letter in '\\:*?"<>|' for letter in part):
            raise ValueError(f"path {path!r}: holds a character that some system cannot store")
        if part[-1] in ". " or part.split(".")[0].rstrip(" ").lower() in _RESERVED or len(part.encode()) > 255:
            raise ValueError(f"path {path!r}: the name {part!r} cannot be stored on every system")
    return path


def check_paths(paths: Sequence[str]) -> None:
    """A model's paths, each good alone, can stand in one folder on every system. Raises ValueError naming the first two
    that cannot: twice the same, equal but for case or the spelling of an accent, a file where another needs a folder."""
    if len(paths) > FILES_MAX:
        raise ValueError(f"{len(paths)} files, at most {FILES_MAX}")
    files: dict[str, str] = {}
    for path in paths:
        folded = _folded(path)
        if (other := files.get(folded)) is not None:
            twice = (
                "is there twice"
                if other == path
                else f"and {path!r} are one file on systems that ignore case or accents"
            )
            raise ValueError(f"{other!r} {twice}")
        files[folded] = path
    for path in paths:
        parts = path.split("/")
        for depth in range(1, len(parts)):
            if other := files.get(_folded("/".join(parts[:depth]))):
                raise ValueError(f"{other!r} is a file and, for {path!r}, a folder")


def _folded(path: str) -> str:
    return path if path.isascii() and path.islower() else unicodedata.normalize("NFC", path).casefold()


class LockedFile(_Strict):
    """One file of a model."""

    path: str
    """Inside the model's folder, with '/'."""
    sha256: Sha256
    """Of its bytes."""
    size: Annotated[int, Field(ge=0)]
    """In bytes."""

    @field_validator("path")
    @classmethod
    def _path(cls, value: str) -> str:
        return check_path(value)


class LockedLicense(_Strict):
    """The terms as of the day of locking: the text itself is kept beside the lock, for when it is changed or gone."""

    id: Line
    """As the model card declares it: an SPDX id, or the name it gives to another license; empty when it declares none."""
    path: Line
    """The file it was read from; empty when the model carries no license text, or it was had elsewhere."""
    sha256: MaybeSha256
    """Digest of the text, which stands in models.lock.d/<sha256>.txt; empty without a text."""


class LockedModel(_Strict):
    """One model."""

    name: Annotated[str, Field(pattern=f"^{NAME.pattern}$")]
    """What this project calls it; unique in the lock."""
    repository: Line
    """Its name where it was published (org/name), or empty for a folder of one's own."""
    revision: Line
    """Full commit of the publisher's repository; empty when the source has none."""
    locked: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    """Day of locking."""
    gated: bool = False
    """Whether its publisher let only those read it who accepted its terms."""
    base: tuple[Base, ...] = ()
    """Models it was made from, as its card and adapter configuration say: repository or repository@revision."""
    relation: Literal["", "finetune", "adapter", "merge", "quantized"] = ""
    """How it was made from them; empty when nothing says."""
    tokenizer: MaybeSha256 = ""
    """SHA-256 over the tokenizer's files (path, digest), to see that two models share one; empty without."""
    statement: MaybeSha256 = ""
    """SHA-256 of a consortium's release statement for these files, kept like a license text; empty without."""
    sources: tuple[Line, ...] = ()
    """Where the files can be had, tried in order: hub, hub:URL, oci://..., a bucket's URL, a folder."""
    license: LockedLicense
    file: tuple[LockedFile, ...]
    """Every file, in order of path."""
    entry: str = ""
    """Digest of everything else in this table."""

    @model_validator(mode="after")
    def _files(self) -> LockedModel:
        paths = [item.path for item in self.file]
        if not paths:
            raise ValueError("a model has at least one file")
        if paths != sorted(set(paths)):
            raise ValueError("files stand in order of path, each once")
        check_paths(paths)
        return self

    def digest(self) -> str:
        """What `entry` must be."""
        return hashlib.sha256(canonical.encode(self.model_dump(exclude={"entry"}, mode="json"))).hexdigest()

    def sealed(self) -> LockedModel:
        """This model with its `entry` set."""
        return self.model_copy(update={"entry": self.digest()})

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(item.size for item in self.file)


class Lock(_Strict):
    """The whole file."""

    version: Literal[1] = 1
    model: tuple[LockedModel, ...] = ()
    """In order of name."""

    @model_validator(mode="after")
    def _order(self) -> Lock:
        names = [item.name for item in self.model]
        if names != sorted(set(names)):
            raise ValueError("models stand in order of name, each once")
        return self

    def named(self, name: str) -> LockedModel:
        """One model. Raises LockError for an unknown name."""
        for item in self.model:
            if name in (item.name, item.repository):
                return item
        raise LockError(f"{name}: not in the lock; it has {', '.join(item.name for item in self.model) or 'no model'}")

    def replaced(self, model: LockedModel) -> Lock:
        """This lock with a model added, or in the place of the one of its name."""
        kept = [item for item in self.model if item.name != model.name]
        return Lock(model=tuple(sorted([*kept, model.sealed()], key=lambda item: item.name)))


def parse_lock(text: str, name: str) -> Lock:
    """A lock from TOML. Raises LockError naming the file, the model and what was expected."""
    lock = load_lock(text, name)
    for item in edited(lock):
        raise LockError(f"{name}: {item.name}: its table was edited (entry says {item.entry[:16]}, is {item.digest()[:16]}); "
                        "run `hanse lock update` or restore the file")  # fmt: skip
    return lock


def load_lock(text: str, name: str) -> Lock:
    """A lock from TOML as it stands, edited by hand or not: for those who tell about all edits at once. Raises LockError."""
    try:
        value = tomllib.loads(text)
        _plain(value, name)
        return Lock.model_validate_json(canonical.encode(value))
    except ValidationError as error:
        first = error.errors()[0]
        raise LockError(f"{name}: {_where(value, first['loc'])}{first['msg'].removeprefix('Value error, ')}") from error
    except CanonicalError as error:
        raise LockError(f"{name}: {error}") from error
    except RecursionError as error:
        raise LockError(f"{name}: not a lock: nested too deeply") from error
    except ValueError as error:  # tomllib's own kind, and Python's for a number of thousands of digits
        raise LockError(f"{name}: not TOML: {error}") from error


def edited(lock: Lock) -> list[LockedModel]:
    """Models whose table was changed without its `entry`."""
    return [item for item in lock.model if item.entry != item.digest()]


def _plain(value: Any, where: str) -> None:
    """Refuse what TOML has and a lock has not: numbers with a point, dates, and keys that are not ASCII."""
    if isinstance(value, dict):
        for key, item in value.items():
            if not key.isascii():
                raise LockError(f"{where}: key {key!r}: not a key of a lock")
            _plain(item, f"{where}: {key}")
    elif isinstance(value, list):
        for at, item in enumerate(value):
            named = item.get("name", item.get("path")) if isinstance(item, dict) else None
            _plain(item, f"{where}: {named if isinstance(named, str) else at}")
    elif not isinstance(value, str | int):
        kind = "a number with a point" if isinstance(value, float) else "a date or time without quotes"
        raise LockError(f"{where}: {kind} ({value}); expected text in quotes, a whole number, true or false")


def _where(value: Any, location: tuple[int | str, ...]) -> str:
    """'smollm2: file: config.json: size: ' for ('model', 0, 'file', 3, 'size')."""
    found = []
    for part in location:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            value = None
        named = value.get("name", value.get("path")) if isinstance(value, dict) else None
        if isinstance(part, str) and part != "model":
            found.append(part)
        elif isinstance(part, int):
            found.append(named if isinstance(named, str) else str(part))
    return "".join(f"{part}: " for part in found)


def print_lock(lock: Lock) -> str:
    """TOML that `parse_lock` reads back equal; the same lock is always the same text."""
    return tomli_w.dumps(lock.model_dump(mode="json"))


def read_lock(path: Path, as_it_stands: bool = False) -> Lock:
    """The lock in a file; `as_it_stands` takes one with edited tables too. Raises LockError."""
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise LockError(f"{path}: cannot read: {error.strerror}; make one with `hanse lock add`") from error
    except UnicodeDecodeError as error:
        raise LockError(f"{path}: not UTF-8 at byte {error.start}") from error
    return load_lock(text, str(path)) if as_it_stands else parse_lock(text, str(path))
