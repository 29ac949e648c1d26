"""ROUTES.toml: names for applications, and the engines behind them.

    [target.big]
    url = "https://engine.example/v1"
    model = "org/big"
    key_env = "BIG_KEY"

    [target.small]
    lock = "models.lock"
    locked = "smollm2"
    folder = "models/smollm2"
    file = "model-q8_0.gguf"

    [route.assistant]
    target = "big"
    canary = "small"
    canary_share = "1/20"
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from hanse.charter.schema import explain, load_toml
from hanse.errors import CharterError, ConfigError
from hanse.units import Ratio, RatioText

_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")


def _url(value: str) -> str:
    if not _URL.fullmatch(value):
        raise ValueError("expected http://host:port/v1 or https://host/v1, without user, query or fragment")
    return value.rstrip("/")


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


Milliseconds = Annotated[int, Field(ge=1, le=86_400_000)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}$")]


class Target(_Strict):
    """An engine: one that runs at `url`, or one that the router starts from a lock (`lock`, `locked`, `folder`, `file`)."""

    url: Annotated[str, AfterValidator(_url)] | None = None
    """Base address of an OpenAI-compatible engine, /v1 included. Off: absent (the router starts the engine)."""
    model: str = Field(default="", max_length=500)
    """The model's name at the engine. Off: empty (the route's own name is sent)."""
    key_env: str = Field(default="", pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$")
    """Environment variable that holds the engine's key. Off: empty (no Authorization is sent)."""
    lock: str = ""
    """The models.lock that the engine's file is held against before it is started."""
    locked: str = ""
    """The model's name in that lock."""
    folder: str = ""
    """The model's folder."""
    file: str = ""
    """The GGUF file, as the lock has its path."""
    context: int = Field(default=4096, ge=64, le=1 << 22)
    """Tokens of context of each request, for an engine that the router starts."""
    threads: int = Field(default=0, ge=0, le=1024)
    """CPU threads of an engine that the router starts. 0: the engine's own choice."""
    parallel: int = Field(default=8, ge=1, le=100_000)
    """Requests that the engine is given at once."""
    queue: int = Field(default=64, ge=0, le=100_000)
    """Requests that wait beyond those; one more is answered 429. 0: nobody waits."""
    connect_ms: Milliseconds = 5_000
    """Time to connect."""
    first_byte_ms: Milliseconds = 600_000
    """Time from asking to the first byte of the answer: without streaming, most engines send it when all is done."""
    idle_ms: Milliseconds = 120_000
    """Time between two pieces of an answer."""

    @model_validator(mode="after")
    def _one_kind(self) -> Target:
        own = {"lock": self.lock, "locked": self.locked, "folder": self.folder, "file": self.file}
        if self.url is None and not all(own.values()):
            missing = ", ".join(key for key, value in own.items() if not value)
            raise ValueError(f"expected url, or lock, locked, folder and file; missing: {missing}")
        if self.url is not None and any(own.values()):
            raise ValueError("expected url or a file of a lock, not both")
        return self


class Route(_Strict):
    """A name that applications send as `model`."""

    target: str
    """The target that answers, until a swap."""
    fallback: tuple[str, ...] = ()
    """Targets tried in order when one cannot be connected to. Off: empty."""
    canary: str = ""
    """A target that gets `canary_share` of the requests. Off: empty."""
    canary_share: RatioText = Ratio.parse("0/1")
    """Share of the canary, such as "1/20". A request's `user`, else its bytes, decide: the same one gets the same target."""
    canary_seed: int = Field(default=0, ge=0)
    """Another seed draws other users."""
    shadow: str = ""
    """A target that gets a copy of every request; its answer is dropped, digest and latency are logged. Off: empty."""

    @model_validator(mode="after")
    def _share(self) -> Route:
        if self.canary_share.value > 1:
            raise ValueError("canary_share: expected at most 1/1")
        if bool(self.canary) != bool(self.canary_share.value):
            raise ValueError("canary and canary_share stand together")
        return self

    def named(self) -> tuple[str, ...]:
        """Targets that it names."""
        return tuple(name for name in (self.target, *self.fallback, self.canary, self.shadow) if name)


class Routes(_Strict):
    """The whole file. Paths are relative to it."""

    target: dict[Name, Target] = Field(min_length=1)
    """Engines by name."""
    route: dict[Name, Route] = Field(min_length=1)
    """Names for applications."""
    drain_ms: Milliseconds = 30_000
    """How long requests may go on after SIGTERM."""
    body_bytes_max: int = Field(default=32 << 20, ge=1024)
    """Largest request."""
    source: str = "ROUTES.toml"
    """Set by the reader: the file these settings came from."""

    @model_validator(mode="after")
    def _known(self) -> Routes:
        for name, route in self.route.items():
            for target in route.named():
                if target not in self.target:
                    raise ValueError(f"route.{name}: no target {target!r}; there are: {', '.join(self.target)}")
        return self

    @property
    def root(self) -> Path:
        """The folder that paths are relative to."""
        return Path(self.source).resolve().parent

    def beside(self, suffix: str) -> Path:
        """A file of the router's own beside this one: `routes.toml` has `routes.state.json`."""
        path = Path(self.source).resolve()
        return path.with_name(f"{path.stem}.{suffix}.json")


def load_routes(path: Path) -> Routes:
    """Routes from a file. Raises ConfigError naming file, line or key."""
    try:
        document = load_toml(path)
    except CharterError as error:
        raise ConfigError(str(error)) from error
    if "source" in document:
        raise ConfigError(f"{path}: source: unknown key; remove it or correct its spelling")
    try:
        return Routes.model_validate(_tuples(document) | {"source": str(path)})
    except ValidationError as error:
        raise ConfigError(explain(error, str(path), Routes)) from error


def _tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(value) if isinstance(value, list) else value


def key_of(name: str, target: Target, environment: Mapping[str, str] = os.environ) -> str:
    """The engine's key; empty when it has none. Raises ConfigError when its variable is not set."""
    if not target.key_env:
        return ""
    key = environment.get(target.key_env, "")
    if not key or not key.isascii() or not key.isprintable():
        raise ConfigError(f"target.{name}: key_env: {target.key_env} is not set, or no key: set it for `hanse route serve`")
    return key
