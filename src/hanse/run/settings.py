"""SITE.toml: one site's own settings. Nothing in it changes what others compute."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from hanse.charter.schema import explain, load_toml
from hanse.errors import CharterError, ConfigError, InputError
from hanse.ledger.log import check_digest
from hanse.run.replacing import replacing


class SiteConfig(BaseModel):
    """Settings of one site. Paths are relative to the file they stand in."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)

    store: str = Field(min_length=1)
    """The bucket: a folder, file://, s3://, gs:// or az:// URL. `hanse move` changes it."""
    log: str
    """Genesis digest, had out of band: 64 hex digits. The bucket is checked against it, never the other way round."""
    member: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    """The member's name in the charter."""
    site: str = Field(min_length=1, max_length=60)
    """The site's name, for people."""
    key: str = Field(min_length=1)
    """The site's private key file, as `hanse join` made it."""
    folder: str = Field(min_length=1)
    """Where this site keeps its copy of the log, its state and its tokens."""
    text: tuple[str, ...]
    """Files or folders of the site's private text: text files, JSONL, Parquet, `datasets` folders. It never leaves."""
    text_field: str = Field(default="text", min_length=1)
    """Column that holds the text in JSONL, Parquet and datasets."""
    base: str = ""
    """Folder of the adopted base, where the plan has one. Off: empty."""
    tokenizer: str = ""
    """The given tokenizer.json, where the plan names one. Off: empty."""
    device: str = Field(default="auto", pattern=r"^(auto|cpu|mps|cuda(:[0-9]{1,3})?)$")
    """cpu, cuda, cuda:1, mps, or auto: the best there is."""
    threads: int = Field(default=0, ge=0, le=1024)
    """CPU threads for training and merging. 0: all cores."""
    poll_seconds: int = Field(default=0, ge=0, le=3600)
    """Pause between looks at the bucket when nothing is due. 0: 0.1 s for a folder, 5 s for a cloud bucket."""
    missing_seconds: int = Field(default=120, ge=1)
    """How long an update's bytes may be absent before this site says `missing`."""
    keep_rounds: int = Field(default=3, ge=0)
    """Rounds whose trainer states and updates stay on disk for `hanse rerun`."""
    branch_round: int = Field(default=0, ge=0)
    """Round after which weights and trainer state are kept aside for a derivative. 0: none."""
    fsync: bool = True
    """Whether files are forced to disk. Off: false survives a crash of the process but not of the machine."""
    tracker: Literal["", "trackio", "wandb", "tensorboard"] = ""
    """Where metrics go beside metrics.jsonl. Off: empty."""
    source: str = "SITE.toml"
    """Set by the reader: the file these settings came from."""

    @field_validator("text", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else (value,) if isinstance(value, str) else value

    @field_validator("store", "key", "folder", "text", "base", "tokenizer")
    @classmethod
    def _path(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        if "\0" in "".join(value) or (isinstance(value, tuple) and not (value and all(value))):
            raise ValueError("expected a path: not empty, without a null character")
        return value

    @field_validator("log")
    @classmethod
    def _log(cls, value: str) -> str:
        try:
            return check_digest(value)
        except InputError as error:
            raise ValueError(str(error)) from error

    @property
    def root(self) -> Path:
        return Path(self.source).resolve().parent

    @property
    def folder_path(self) -> Path:
        return self.root / self.folder

    @property
    def key_path(self) -> Path:
        return self.root / self.key

    @property
    def text_paths(self) -> tuple[Path, ...]:
        return tuple(self.root / path for path in self.text)

    @property
    def base_path(self) -> Path | None:
        return self.root / self.base if self.base else None

    @property
    def tokenizer_path(self) -> Path | None:
        return self.root / self.tokenizer if self.tokenizer else None

    @property
    def store_url(self) -> str:
        """The bucket's URL; a relative folder is relative to the file."""
        return self.store if "://" in self.store else str(self.root / self.store)


def load_site(path: Path) -> SiteConfig:
    """Settings from a file. Raises ConfigError naming file, line or key."""
    try:
        document = load_toml(path)
    except CharterError as error:
        raise ConfigError(str(error)) from error
    return _parse(document, path)


def _parse(document: dict[str, Any], path: Path) -> SiteConfig:
    if "source" in document:
        raise ConfigError(f"{path}: source: unknown key; remove it or correct its spelling")
    try:
        return SiteConfig.model_validate(document | {"source": str(path)})
    except ValidationError as error:
        raise ConfigError(explain(error, str(path), SiteConfig)) from error


def write_site(path: Path, settings: dict[str, Any]) -> None:
    """Write settings as TOML, read back before they replace anything. Raises ConfigError, InputError; then nothing changed."""
    kept = {name: value for name, value in settings.items() if name != "source"}
    _parse(kept, path)
    with replacing(path) as temporary:
        temporary.write_text("".join(f"{name} = {_toml(value)}\n" for name, value in kept.items()), encoding="utf-8")
        load_site(temporary)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(f"\\u{ord(c):04x}" if c < " " or c == "\x7f" else c for c in text) + '"'
