"""CONFIG.toml of `hanse lm`: one site trains alone. The model, tokenizer, data and train tables are a run plan's own."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, ValidationError, field_validator, model_validator

from hanse import canonical
from hanse.errors import ConfigError
from hanse.lm.spec import DataSpec, ModelSpec, SplitSpec, Table, TokenizerSpec, TrainSpec


class TextSource(Table):
    """Text of one domain. Scores are kept per domain."""

    domain: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    """Name in metrics: lower-case letters, digits, hyphens."""
    path: tuple[str, ...]
    """Files, folders or patterns, relative to the config: text files, JSONL, Parquet, `datasets` folders."""
    field: str = "text"
    """Column that holds the text in tables."""

    @field_validator("path", mode="before")
    @classmethod
    def _path(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else (value,) if isinstance(value, str) else value


class LmConfig(Table):
    """Everything about one model trained at one site."""

    folder: str = "lm"
    """Where tokens, checkpoints, metrics and the finished model go, relative to the config."""
    text: tuple[TextSource, ...] = Field(min_length=1)
    """What to train on, one [[text]] table per domain."""
    split: SplitSpec = SplitSpec()
    """What is held out."""
    model: ModelSpec = ModelSpec()
    """Architecture and initial weights."""
    tokenizer: TokenizerSpec = TokenizerSpec()
    """How text becomes tokens. min_count matters little alone: nothing is posted."""
    data: DataSpec = DataSpec()
    """Packing."""
    train: TrainSpec = TrainSpec()
    """Inner optimizer."""
    total_steps: int = Field(default=1000, ge=1, le=100_000_000)
    """Optimizer steps."""
    schedule: Literal["wsd", "cosine"] = "wsd"
    """wsd: as train.decay_start and decay_steps say. cosine: to train.decay_to at total_steps."""
    order_seed: int = Field(default=0, ge=0)
    """Seed of the reading order."""
    base: str = ""
    """Folder of the adopted base, where model.base names one. Off: empty."""
    tokenizer_file: str = ""
    """The given tokenizer.json, where tokenizer.kind is given. Off: empty."""
    evaluate_steps: int = Field(default=200, ge=0)
    """Dev scores are taken every so many steps. Off: 0 (only at the end)."""
    checkpoint_steps: int = Field(default=200, ge=1)
    """A checkpoint is written every so many steps; at most so many are lost by a crash."""
    log_steps: int = Field(default=10, ge=1)
    """Steps of one line of metrics.jsonl."""
    device: str = "auto"
    """cpu, cuda, cuda:1, mps, or auto: the best there is."""
    threads: int = Field(default=0, ge=0, le=1024)
    """CPU threads. 0: all cores. Changes no bit."""
    tracker: Literal["", "trackio", "wandb", "tensorboard"] = ""
    """Where metrics go beside metrics.jsonl. Off: empty."""
    source: str = "CONFIG.toml"
    """Set by the reader: the file these settings came from."""

    @field_validator("text", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

    @model_validator(mode="after")
    def _consistent(self) -> LmConfig:
        domains = [source.domain for source in self.text]
        if len(set(domains)) != len(domains):
            raise ValueError("text: two tables have one domain; give each its own, or one table several paths")
        if (self.model.base is not None) != bool(self.base):
            raise ValueError("base: the folder and the [model.base] table go together")
        if (self.tokenizer.kind == "given") != bool(self.tokenizer_file):
            raise ValueError("tokenizer_file: goes together with tokenizer.kind = \"given\"")
        return self

    @property
    def root(self) -> Path:
        return Path(self.source).resolve().parent

    @property
    def folder_path(self) -> Path:
        return self.root / self.folder

    @property
    def base_path(self) -> Path | None:
        return self.root / self.base if self.base else None

    def identity(self) -> dict[str, str]:
        """Digests of what changes the weights, by table: a folder holds the run of one identity."""
        whole = self.model_dump(mode="json")
        kept = ("text", "split", "model", "tokenizer", "data", "train", "total_steps", "schedule", "order_seed")
        return {name: canonical.digest(whole[name]) for name in kept}


_Kind = TypeVar("_Kind", bound=Table)


def load_config(path: Path) -> LmConfig:
    """Read a CONFIG.toml. Raises ConfigError."""
    return read_config(path, LmConfig)


def read_config(path: Path, kind: type[_Kind]) -> _Kind:
    """Read a file whose settings have a `source`. Raises ConfigError naming file, line or key, and what was expected."""
    try:
        with open(path, "rb") as file:
            document = tomllib.load(file)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error
    if "source" in document:
        raise ConfigError(f"{path}: source: no such key")
    try:
        return kind.model_validate(document | {"source": str(path)})
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            key = ".".join(str(part) for part in problem["loc"]) or "the file"
            unknown = problem["type"] == "extra_forbidden"
            lines.append(f"{path}: {key}: {'no such key' if unknown else problem['msg'].removeprefix('Value error, ')}")
        raise ConfigError("\n".join(lines)) from error
