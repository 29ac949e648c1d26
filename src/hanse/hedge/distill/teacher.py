"""Who teaches: a model's folder, a locked model, a GGUF file or an endpoint, and what it may be asked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import torch

from hanse.errors import ConfigError, InputError, TuneError
from hanse.hedge.distill.settings import DistillConfig
from hanse.hedge.engine.base import Engine, Settings
from hanse.hedge.engine.endpoint import Access, Budget
from hanse.hedge.engine.opening import open_engine
from hanse.hedge.engine.price import parse_price
from hanse.hedge.tune.base import Base, load, open_base
from hanse.lm.spec import BaseModelSpec, ModelSpec, TokenizerSpec
from hanse.lm.tokenizer import Tokenizer
from hanse.lm.train import pick_device
from hanse.store.disk import file_digest

_ENDPOINT = re.compile(r"\S+@https?://\S+")


@dataclass(frozen=True)
class Teacher:
    """What is known of one before it is asked."""

    name: str
    sha256: str
    """Of a folder's files or a GGUF file; empty for an endpoint, whose weights nobody sees."""
    license: str
    folder: Path | None
    """Where its distributions can be read: a model's folder."""

    def tokenizer(self) -> Tokenizer:
        """Raises TuneError where it has none to read."""
        if self.folder is None:
            raise TuneError(f"teacher {self.name}: its tokenizer cannot be read; set vocabulary = \"own\" and a [tokenizer] table")
        return read_tokenizer(self.folder)

    def readable(self) -> Path:
        """Its folder. Raises TuneError for what gives answers alone."""
        if self.folder is None:
            raise TuneError(
                f"teacher {self.name}: an endpoint or a GGUF file gives answers and no distributions over its tokens; use "
                'level = "sequence"'
            )
        return self.folder

    def model(self, device: str) -> torch.nn.Module:
        """Its weights in float32. Raises TuneError."""
        model: torch.nn.Module
        model, _ = load(Base(self.name, self.readable(), self.sha256, self.license), "float32", str(pick_device(device)))
        return model


def open_teacher(config: DistillConfig) -> Teacher:
    """Raises TuneError, LockError."""
    named, path = config.teacher.model, config.root / config.teacher.model
    if _ENDPOINT.fullmatch(named):
        return Teacher(named, "", "", None)
    if path.is_file():
        return Teacher(path.name, file_digest(path), "", None)
    base = _base(config, named)
    return Teacher(base.name, base.sha256, base.license, base.folder)


def _base(config: DistillConfig, named: str) -> Base:
    lock = config.root / config.teacher.lock if config.teacher.lock else None
    return open_base(named if lock is not None else str(config.root / named), lock)


def with_student(config: DistillConfig, teacher: Teacher) -> tuple[DistillConfig, str]:
    """The settings with the student's tokenizer, and with its base where it has one, as `hanse lm` has them; and the base's digest,
    empty for random weights. Raises TuneError, InputError."""
    if config.student:
        base = _base(config, config.student)
        files = {path.name: file_digest(path) for path in sorted(base.folder.iterdir()) if _is_read(path)}
        spec = ModelSpec(base=BaseModelSpec(name=base.name, licence=base.license or "unknown", files=files))
        given = _given(config, base.folder / "tokenizer.json")
        return given.model_copy(update={"model": spec, "base": str(base.folder.resolve())}), base.sha256
    if config.vocabulary == "teacher" and config.tokenizer.kind == "counts":
        teacher.tokenizer()
        assert teacher.folder is not None
        return _given(config, teacher.folder / "tokenizer.json"), ""
    return config, ""


def _given(config: DistillConfig, path: Path) -> DistillConfig:
    try:
        spec = TokenizerSpec(kind="given", sha256=file_digest(path))
    except OSError as error:
        raise TuneError(f"{path}: {error.strerror}; a model's folder needs its tokenizer.json") from error
    return config.model_copy(update={"tokenizer": spec, "tokenizer_file": str(path.resolve())})


def read_tokenizer(folder: Path) -> Tokenizer:
    """A model folder's. Raises TuneError."""
    try:
        return Tokenizer((folder / "tokenizer.json").read_bytes())
    except OSError as error:
        raise TuneError(f"{folder / 'tokenizer.json'}: {error.strerror}; a model's folder needs its tokenizer.json") from error
    except ConfigError as error:
        raise TuneError(f"{folder}: {error}") from error


def open_answering(config: DistillConfig, teacher: Teacher, key: str, budget: Budget) -> Engine:
    """It as an engine that answers, greedily; `key` is an endpoint's. Raises InputError, MissingExtraError."""
    spec = config.teacher
    price = parse_price(spec.price) if spec.price else None
    settings = Settings(spec.answer_tokens, spec.context, config.threads, float(spec.timeout_seconds))
    budget.cap = Fraction(spec.cost_cap) if spec.cost_cap else None
    access = Access(key, price, budget, spec.per_minute)
    named = spec.model if teacher.folder is None and not teacher.sha256 else str(teacher.folder or config.root / spec.model)
    try:
        return open_engine(named, settings, access)
    except InputError as error:
        raise TuneError(f"teacher: {error}") from error


def _is_read(path: Path) -> bool:
    return path.name in ("config.json", "model.safetensors.index.json") or path.suffix == ".safetensors"
