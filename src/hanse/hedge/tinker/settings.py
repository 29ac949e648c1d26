"""What `hanse tune serve` reads: SERVE.toml, limits of a server and of each of its users."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hanse.charter.schema import explain, load_toml
from hanse.errors import CharterError, ConfigError


class Serving(BaseModel):
    """SERVE.toml. Every key has a default."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)

    alpha: int = Field(default=32, ge=1, le=4096)
    """LoRA's alpha: an adapter's product is scaled by alpha / rank. 32: what recipes for the hosted service are tuned for."""
    rank_max: int = Field(default=128, ge=1, le=1024)
    """Largest rank of an adapter."""
    context: int = Field(default=0, ge=0, le=10_000_000)
    """Tokens of a sequence at most, prompt and answer. 0: what the model's configuration says, at most 32768."""
    tokens_per_pass: int = Field(default=512, ge=1, le=1 << 24)
    """Tokens, padding included, that one pass through the model takes. Sequences are put together up to it; a longer one
    goes alone. 512: what SmolLM2-135M learns from in 2 GB; more is faster on a GPU."""
    tokens_per_turn: int = Field(default=16_384, ge=0, le=1 << 24)
    """Tokens that samples made together hold at most: all rows, each as long as the longest prompt and answer may get. Requests of
    one key that wait for samples of the same weights are joined up to it; one alone may take more. 16384: 0.8 GB of keys and
    values for SmolLM2-135M in float32. Off: 0, each request has a turn of its own."""
    logits_per_chunk: int = Field(default=128, ge=1, le=1 << 20)
    """Positions whose logits are in memory at once: 128 of a vocabulary of 49152 are 25 MB, a few times over in a backward pass."""
    thrifty: bool = True
    """Whether a layer is computed again for its gradient rather than kept: a third more time, and much less memory. Off: false."""
    adapters_max: int = Field(default=8, ge=1, le=10_000)
    """Adapters in training that one key may hold in memory at once."""
    queue_max: int = Field(default=512, ge=2, le=1_000_000)
    """Requests of one key that may wait at once; the next is told to come back later."""
    stored_bytes_max: int = Field(default=20 << 30, ge=1)
    """Bytes that the saved weights of one key may take on disk."""
    samplers_max: int = Field(default=8, ge=1, le=10_000)
    """Samplers without a name that a run keeps on disk: saving the next removes the oldest."""
    loaded_max: int = Field(default=8, ge=1, le=10_000)
    """Saved adapters that are kept in memory for sampling; the one that was not used for longest makes room."""
    sessions_max: int = Field(default=256, ge=1, le=1_000_000)
    """Open sessions of one key."""
    idle_seconds: int = Field(default=1800, ge=30)
    """A session whose client has not been heard of for so long is ended, and training it has not saved is lost."""
    gap_seconds: int = Field(default=120, ge=1)
    """How long a request waits for one that the client numbered before it and that has not come."""
    body_bytes_max: int = Field(default=64 << 20, ge=1024)
    """Largest body, as it came and after decompression."""
    samples_max: int = Field(default=256, ge=1, le=65536)
    """Samples of one request."""
    drain_ms: int = Field(default=10_000, ge=0, le=3_600_000)
    """How long the end waits for the answers that are being written."""


def load_serving(path: Path) -> Serving:
    """Settings from a file. Raises ConfigError naming file, line or key."""
    try:
        return Serving.model_validate(load_toml(path))
    except CharterError as error:
        raise ConfigError(str(error)) from error
    except ValidationError as error:
        raise ConfigError(explain(error, str(path), Serving)) from error
