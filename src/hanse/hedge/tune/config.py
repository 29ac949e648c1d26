"""TUNE.toml of `hanse tune`. A key that is left out is derived from the model, the data and the machine (`defaults`); `hanse tune
TUNE.toml --dry-run` prints what comes out, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from hanse.lm.config import read_config
from hanse.lm.spec import Table


class LoraTable(Table):
    """The adapter's shape."""

    rank: int | None = Field(default=None, ge=1, le=1024)
    """Of its two matrices. Derived: so that it can hold about what the data say."""
    alpha: int = Field(default=32, ge=1)
    """The adapter's product is scaled by alpha / rank; a fixed one lets a learning rate suit every rank."""
    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of its inputs that is left out in training. Off: 0."""
    targets: Literal["attention", "mlp", "all-linear"] = "all-linear"
    """Linear layers of the blocks that have one. All: attention alone learns less from the same data."""
    unembed: bool = False
    """Whether the output layer has one, too. Off: false (it costs most of the memory there is to save)."""


class TuneConfig(Table):
    """One tuned model."""

    base: str = Field(min_length=1)
    """The model's folder, relative to this file; with `lock`, its name there."""
    lock: str = ""
    """models.lock that the base's files are held against, relative to this file. Off: empty."""
    base_folder: str = ""
    """Where the locked base's files are. Off: empty (the first folder among its sources)."""
    data: tuple[str, ...] = Field(min_length=1)
    """Files of examples, JSON lines, relative to this file."""
    evaluation: tuple[str, ...] = ()
    """Tasks of `hanse compare` or data files: examples that stand in them do not train. Off: none."""
    output: str = "tuned"
    """Folder for the adapter, the merged model, tuned.json and the report, relative to this file."""
    method: Literal["lora", "full"] = "lora"
    """lora: an adapter, the base stays as it is. full: all weights."""
    objective: Literal["auto", "sft", "dpo"] = "auto"
    """sft: the likelihood of the answers. dpo: of the chosen one against the rejected. auto: dpo where the data are preferences."""
    lora: LoraTable = LoraTable()
    """The adapter; without effect in method full."""
    beta: float = Field(default=0.1, gt=0)
    """DPO's: how dear it is to leave the base; the paper's."""
    learning_rate: float | None = Field(default=None, gt=0)
    """Peak, after warm-up; a half cosine leads to a tenth of it. Derived from the model's width, method and objective."""
    epochs: int | None = Field(default=None, ge=1)
    """Times every example is seen. Derived from the number of tokens; without effect where `steps` is given."""
    steps: int | None = Field(default=None, ge=1)
    """Optimizer steps. Derived: as many as `epochs` takes."""
    warmup_steps: int | None = Field(default=None, ge=0)
    """Linear warm-up. Derived: a twentieth of the steps. Off: 0."""
    clip: float = Field(default=1.0, ge=0)
    """The gradient's norm is clipped to this. Off: 0."""
    batch_tokens: int | None = Field(default=None, ge=1)
    """Tokens of an optimizer step. Derived: so that there are about 100 steps."""
    micro_tokens: int | None = Field(default=None, ge=1)
    """Tokens that go through the model at once, on each process. Derived from memory; changes what is held, not what is learned."""
    length_max: int | None = Field(default=None, ge=8)
    """Tokens of an example at most: plain text is cut, anything else that is longer is refused. Derived: the longest, within what
    the model can read."""
    dtype: Literal["float32", "bfloat16"] | None = None
    """Of the base's weights in training (an adapter's are float32). Derived: bfloat16 on a GPU, or where memory asks for it."""
    activation_checkpoints: bool | None = None
    """Make activations twice instead of keeping them. Derived: where memory asks for it."""
    seed: int = Field(default=0, ge=0)
    """Of the adapter's first weights, the order of examples, what is held out, and dropout."""
    held_permille: int = Field(default=50, ge=0, le=500)
    """Thousandths of the examples that are held out, by their question's digest. Off: 0 (and no early stop)."""
    evaluate_steps: int | None = Field(default=None, ge=1)
    """The held-out loss is taken every so many steps. Derived: a tenth of the steps."""
    patience: int = Field(default=3, ge=0)
    """Stop after so many evaluations without a better one; the best is kept. Off: 0."""
    checkpoint_steps: int | None = Field(default=None, ge=1)
    """A checkpoint every so many steps: at most so many are lost by a crash. Derived: a tenth of the steps, 10 at least."""
    merge_dtype: Literal["bfloat16", "float16", "float32"] = "bfloat16"
    """Of the merged model: 16 bits, as it is served."""
    samples: int = Field(default=3, ge=0, le=100)
    """Questions that are answered before and after, by the base and by the merged model. Off: 0."""
    sample_tokens: int = Field(default=48, ge=1, le=4096)
    """Of such an answer, at most."""
    device: str = "auto"
    """cpu, cuda, mps, or auto: the best there is."""
    threads: int = Field(default=0, ge=0, le=1024)
    """CPU threads. 0: all cores."""
    tracker: Literal["", "trackio", "wandb", "tensorboard"] = ""
    """Where metrics go beside metrics.jsonl. Off: empty."""
    source: str = "TUNE.toml"
    """Set by the reader: the file these settings came from."""

    @field_validator("data", "evaluation", mode="before")
    @classmethod
    def _paths(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else (value,) if isinstance(value, str) else value

    @property
    def root(self) -> Path:
        return Path(self.source).resolve().parent

    def paths(self, names: tuple[str, ...]) -> list[Path]:
        """Of files named relative to this one."""
        return [self.root / name for name in names]

    @property
    def output_path(self) -> Path:
        return self.root / self.output


def load_config(path: Path) -> TuneConfig:
    """Read a TUNE.toml. Raises ConfigError naming file, line or key, and what was expected."""
    return read_config(path, TuneConfig)
