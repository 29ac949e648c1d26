"""What outlives the process: sessions, runs and saved weights, below one folder.

    sessions/<session>.json
    runs/<session>.train.<n>/run.json
    runs/<session>.train.<n>/<weights | sampler_weights | external_weights>/<name>/
        {checkpoint.json, adapter/, optimizer.safetensors}

A checkpoint appears whole or not at all: it is written in a folder beside it, synced and renamed. Ids are the server's own, names
are checked where they come in, so no path a client sends leaves the folder.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hanse.errors import InputError
from hanse.hedge.tinker.refused import Refused
from hanse.hedge.tune.folder import whole
from hanse.store.disk import FolderDisk, sync

Kind = Literal["weights", "sampler_weights", "external_weights"]
SESSION = r"[0-9a-f]{32}"
RUN = re.compile(rf"{SESSION}:train:[0-9]{{1,18}}")
_PATH = re.compile(r"tinker://(?P<run>[^/]{1,100})/(?P<kind>[a-z_]{1,20})/(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,99})")
RECORD, RUN_RECORD = "checkpoint.json", "run.json"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Session(_Record):
    """One client's session."""

    id: Annotated[str, Field(pattern=rf"^{SESSION}$")]
    owner: str
    created: float
    """Seconds since 1970, as all times here."""
    user_metadata: dict[str, Any] = {}
    display_name: str | None = None
    finished: bool = False
    samplers: dict[str, str] = {}
    """Of each sampling session, by its number: the path of its weights; empty: the base."""


class RunRecord(_Record):
    """A training run."""

    id: str
    owner: str
    created: float
    base_model: str
    base_sha256: str
    rank: int
    alpha: int
    seed: int
    train_attn: bool
    train_mlp: bool
    train_unembed: bool
    user_metadata: dict[str, Any] = {}

    @property
    def session(self) -> str:
        """Its session's id."""
        return self.id.partition(":")[0]


class Checkpoint(_Record):
    """Saved weights."""

    run: str
    kind: Kind
    name: str
    created: float
    steps: int
    size: int = 0
    """Bytes."""
    expires: float | None = None
    named: bool = True
    """False: a sampler that nobody gave a name; not listed, and removed when newer ones come."""
    user_metadata: dict[str, Any] = {}

    @property
    def path(self) -> str:
        """As clients name it."""
        return f"tinker://{self.run}/{self.kind}/{self.name}"


class Shelf:
    """The folder, and what is in it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._disk = folder, FolderDisk(folder)
        self.sessions: dict[str, Session] = {}
        self.runs: dict[str, RunRecord] = {}
        self._checkpoints: dict[str, Checkpoint] = {}
        self._settle()
        for name in list(self._disk.names("sessions/")):
            if name.endswith(".json"):
                session = self._read(name, Session)
                self.sessions[session.id] = session
        for name in list(self._disk.names("runs/")):
            parts = name.split("/")
            if parts[2:] == [RUN_RECORD]:
                run = self._read(name, RunRecord)
                self.runs[run.id] = run
            elif len(parts) == 5 and parts[4] == RECORD and not parts[3].startswith("."):
                checkpoint = self._read(name, Checkpoint)
                self._checkpoints[checkpoint.path] = checkpoint
        self._checkpoints = {path: item for path, item in self._checkpoints.items() if item.run in self.runs}

    def put_session(self, session: Session) -> None:
        """Keep a session. Raises OSError."""
        self._disk.write(f"sessions/{session.id}.json", session.model_dump_json(indent=1).encode())
        self.sessions[session.id] = session

    def put_run(self, run: RunRecord) -> None:
        """Keep a run. Raises OSError."""
        self._disk.write(f"{_folder(run.id)}/{RUN_RECORD}", run.model_dump_json(indent=1).encode())
        self.runs[run.id] = run

    def put(self, checkpoint: Checkpoint, write: Callable[[Path], None], stored_max: int) -> Checkpoint:
        """Keep weights that `write` writes below a folder it is given; in the place of those of the same path. Raises Refused when
        they would take the owner's stored bytes above `stored_max`, OSError."""
        place = self.place(checkpoint)
        place.parent.mkdir(parents=True, exist_ok=True)
        made = place.with_name(f".new.{place.name}")
        shutil.rmtree(made, ignore_errors=True)
        old = self._checkpoints.get(checkpoint.path)
        with whole(made) as folder:
            write(folder)
            size = sum(item.stat().st_size for item in folder.rglob("*") if item.is_file())
            owner = self.runs[checkpoint.run].owner
            if self.stored(owner) - (old.size if old else 0) + size > stored_max:
                raise Refused(
                    f"the saved weights of this key would take more than {stored_max} bytes: delete some, or let them expire"
                )
            checkpoint = checkpoint.model_copy(update={"size": size})
            (folder / RECORD).write_text(checkpoint.model_dump_json(indent=1), encoding="utf-8")
        gone = place.with_name(f".old.{place.name}")
        shutil.rmtree(gone, ignore_errors=True)
        if place.exists():
            place.replace(gone)
        made.replace(place)
        sync(place.parent)
        self._checkpoints[checkpoint.path] = checkpoint
        shutil.rmtree(gone, ignore_errors=True)
        return checkpoint

    def change(self, checkpoint: Checkpoint, expires: float | None) -> None:
        """Let weights expire at another time. Raises OSError."""
        changed = checkpoint.model_copy(update={"expires": expires})
        name = (self.place(checkpoint) / RECORD).relative_to(self.folder)
        self._disk.write(str(name), changed.model_dump_json(indent=1).encode())
        self._checkpoints[checkpoint.path] = changed

    def remove(self, checkpoint: Checkpoint) -> None:
        """Forget weights; they cannot be read half once this returns. Raises OSError."""
        place = self.place(checkpoint)
        gone = place.with_name(f".old.{place.name}")
        shutil.rmtree(gone, ignore_errors=True)
        place.replace(gone)
        self._checkpoints.pop(checkpoint.path, None)
        shutil.rmtree(gone, ignore_errors=True)

    def place(self, checkpoint: Checkpoint) -> Path:
        """Where they are on disk."""
        return self.folder / _folder(checkpoint.run) / checkpoint.kind / checkpoint.name

    def stored(self, owner: str) -> int:
        """Bytes of an owner's saved weights."""
        return sum(item.size for item in list(self._checkpoints.values()) if self.runs[item.run].owner == owner)

    def of_owner(self, owner: str, now: float) -> list[Checkpoint]:
        """An owner's weights that have a name, newest first."""
        found = [item for item in self._live(now) if item.named and self.runs[item.run].owner == owner]
        return sorted(found, key=lambda item: -item.created)

    def of_run(self, run: str, now: float) -> list[Checkpoint]:
        """A run's weights, unnamed ones too, newest first."""
        return sorted((item for item in self._live(now) if item.run == run), key=lambda item: -item.created)

    def find(self, path: str, owner: str, now: float) -> Checkpoint:
        """An owner's weights. Raises Refused, in the same words whether there are none or they are another's."""
        found = self._checkpoints.get(path) if _PATH.fullmatch(path) else None
        if found is None or self.runs[found.run].owner != owner or _expired(found, now):
            raise Refused(
                f"{path[:200]}: this key has no such weights; they were never saved, deleted, or have expired", 404
            )
        return found

    def run(self, run_id: str, owner: str) -> RunRecord:
        """An owner's run. Raises Refused, in the same words whether there is none or it is another's."""
        found = self.runs.get(run_id)
        if found is None or found.owner != owner:
            raise Refused(f"{run_id[:100]}: this key has no such training run", 404)
        return found

    def session(self, session_id: str, owner: str) -> Session:
        """An owner's session. Raises Refused as `run` does."""
        found = self.sessions.get(session_id)
        if found is None or found.owner != owner:
            raise Refused(f"{session_id[:100]}: this key has no such session", 404)
        return found

    def sweep(self, now: float) -> None:
        """Remove what has expired. Raises OSError."""
        for item in [item for item in list(self._checkpoints.values()) if _expired(item, now)]:
            self.remove(item)

    def _live(self, now: float) -> Iterator[Checkpoint]:
        return (item for item in list(self._checkpoints.values()) if not _expired(item, now))

    def _settle(self) -> None:
        """End what a crash has cut: weights that were whole but had not their name yet get it, the rest goes."""
        for path in sorted((self.folder / "runs").glob("*/*/.*")):
            name = path.name.removeprefix(".new.")
            if path.name.startswith(".new.") and (path / RECORD).is_file() and not path.with_name(name).exists():
                path.replace(path.with_name(name))
            else:
                shutil.rmtree(path)

    def _read(self, name: str, kind: type[Any]) -> Any:
        try:
            return kind.model_validate_json(self._disk.read(name) or b"")
        except ValidationError as error:
            first = error.errors()[0]
            raise InputError(f"{self.folder / name}: {'.'.join(map(str, first['loc']))}: {first['msg']}; restore the file, or "
                             "remove it to go on without what it speaks of") from error  # fmt: skip


def place_of(folder: Path, path: str) -> Path | None:
    """Where weights of a client's path stand below a server's folder, if they do; None for what is no path."""
    found = _PATH.fullmatch(path)
    if found is None or not RUN.fullmatch(found["run"]):
        return None
    return folder / _folder(found["run"]) / found["kind"] / found["name"]


def _folder(run: str) -> str:
    if not RUN.fullmatch(run):
        raise Refused(f"{run[:100]}: no training run has such an id", 404)
    return f"runs/{run.replace(':', '.')}"


def _expired(checkpoint: Checkpoint, now: float) -> bool:
    return checkpoint.expires is not None and checkpoint.expires <= now
