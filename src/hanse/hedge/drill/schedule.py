"""drill.toml: how often to drill, and what.

every_days = 30
warn_days = 7
lock = "models.lock"
mirror = "s3://bucket/models"
records = "drills"
key = "acme/ops+1f2e3d4c+AQ..."          whose signature counts: what `hanse keys show` prints
generate = true
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hanse.errors import ConfigError, HanseError, KeyFileError
from hanse.hedge.drill.record import Record, compare, read
from hanse.hedge.lock.schema import Lock
from hanse.keys import PublicKey

RECORD_BYTES_MAX = 64 << 20


class Schedule(BaseModel):
    """The file. Paths are relative to it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    every_days: Annotated[int, Field(ge=1, le=3650)]
    """A drill that passed is good for so long."""
    warn_days: Annotated[int, Field(ge=0)] = 7
    """`hanse drill due` warns so long before. 0: never."""
    lock: str = "models.lock"
    mirror: str
    """URL of the mirror to drill from."""
    records: str
    """Folder of the signed records."""
    key: str
    """Whose records count: a public key as `hanse keys show` prints it."""
    generate: bool = False
    """Whether models must generate, too."""

    @model_validator(mode="after")
    def _check(self) -> Schedule:
        if self.warn_days >= self.every_days:
            raise ValueError(f"warn_days {self.warn_days}: expected fewer than every_days, {self.every_days}")
        PublicKey.parse(self.key)
        return self


@dataclass(frozen=True)
class Due:
    """Whether a drill is due."""

    verdict: Literal["fine", "soon", "overdue"]
    why: str
    last: date | None
    """Day of the last drill that counts."""
    next: date | None
    """Day until which it counts."""
    notes: tuple[str, ...]
    """Records that do not count, and why."""

    def as_json(self) -> dict[str, Any]:
        """Plain values; the keys are a public format."""
        days = {"last": self.last and self.last.isoformat(), "next": self.next and self.next.isoformat()}
        return {"verdict": self.verdict, "why": self.why, "notes": list(self.notes)} | days


def read_schedule(path: Path) -> Schedule:
    """The schedule in a file. Raises ConfigError naming the file and the key."""
    try:
        return Schedule.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(f"{path}: cannot read: {error.strerror}") from error
    except KeyFileError as error:
        raise ConfigError(f"{path}: key: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{path}: {where}{': ' if where else ''}{first['msg']}") from error
    except ValueError as error:  # not TOML, not UTF-8
        raise ConfigError(f"{path}: not TOML: {error}") from error


def due(schedule: Schedule, lock: Lock, records: Path, today: date) -> Due:
    """Whether to drill by `today`. A record counts when the schedule's key signed it, it passed, it shows every model as it is
    locked now, it generated where that is asked for, and it is not from the future."""
    key, notes, counting = PublicKey.parse(schedule.key), [], []
    for path in sorted(records.glob("*.json")) if records.is_dir() else ():
        why, record = _counts(path, key, schedule, lock, today)
        if why:
            notes.append(f"{path.name}: {why}")
        elif record is not None:
            counting.append(record.day)
    if not counting:
        return Due("overdue", f"no drill that counts in {records}", None, None, tuple(notes))
    last = max(counting)
    until = last + timedelta(schedule.every_days)
    left = (until - today).days
    verdict: Literal["fine", "soon", "overdue"] = (
        "overdue" if left < 0 else "soon" if left < schedule.warn_days else "fine"
    )
    why = f"{-left} days late" if left < 0 else f"{left} days left"
    return Due(verdict, f"drilled on {last}, good until {until}: {why}", last, until, tuple(notes))


def _counts(path: Path, key: PublicKey, schedule: Schedule, lock: Lock, today: date) -> tuple[str, Record | None]:
    """Why a record does not count, or the record."""
    try:
        if path.stat().st_size > RECORD_BYTES_MAX:
            return f"larger than {RECORD_BYTES_MAX} bytes", None
        record = read(path.read_bytes(), key, path.name)
    except HanseError as error:
        return str(error).removeprefix(f"{path.name}: "), None
    except OSError as error:
        return f"cannot read: {error.strerror}", None
    if record.day > today:
        return f"its day, {record.date}, is not over yet", None
    if schedule.generate and not record.generate:
        return "models were not asked to generate", None
    lacking = compare(record, lock)
    return "; ".join(lacking), None if lacking else record
