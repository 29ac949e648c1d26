"""Settings from what the model, the data and the machine are: pure, each with its reason. What the user gave is the user's."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from hanse.errors import TuneError
from hanse.hedge.tune.config import TuneConfig

RANKS = (8, 16, 32, 64, 128)
BITS_PER_WEIGHT = 2
"""What a weight can learn (Allen-Zhu and Li 2024, arXiv 2404.05405)."""
BITS_PER_TOKEN = 1
"""About what a language model can learn of a token of text."""
STEPS_WANTED = 100
MEMORY_SHARE = 0.8
"""Of all there is: the rest is the system's."""
LIBRARIES_BYTES = 600 << 20
"""torch, transformers and peft, loaded."""
WINDOW_TOKENS = 512
"""Of plain text: enough context to learn from."""


@dataclass(frozen=True)
class Model:
    """What a base is."""

    parameters: int
    hidden: int
    layers: int
    intermediate: int
    vocabulary: int
    context: int
    """Tokens it can read at once."""
    adapted: int
    """Weights of an adapter of rank 1."""


@dataclass(frozen=True)
class Amount:
    """What the data are."""

    examples: int
    tokens: int
    """Of one epoch."""
    longest: int
    """Tokens of the longest example; of plain text, of the longest window."""
    is_text: bool
    is_preference: bool


@dataclass(frozen=True)
class Machine:
    """One process's part of it."""

    memory_bytes: int
    """All of it, of the device the model is on."""
    flops: float
    """Of a matrix product, a second."""
    device: Literal["cpu", "cuda", "mps"]
    processes: int = 1


@dataclass(frozen=True)
class Settings:
    """Everything a run needs to know."""

    method: Literal["lora", "full"]
    objective: Literal["sft", "dpo"]
    rank: int
    learning_rate: float
    epochs: int
    steps: int
    warmup_steps: int
    batch_tokens: int
    micro_tokens: int
    length_max: int
    dtype: Literal["float32", "bfloat16"]
    activation_checkpoints: bool
    evaluate_steps: int
    checkpoint_steps: int


@dataclass(frozen=True)
class Resolved:
    """Settings with their reasons, and what they come to."""

    settings: Settings
    reasons: dict[str, str]
    memory_bytes: int
    """Estimate of the peak, on each process."""
    seconds: float
    """Estimate of the training alone."""

    def rows(self) -> list[tuple[str, Any, str]]:
        """Name, value, reason."""
        return [(name, value, self.reasons[name]) for name, value in asdict(self.settings).items()]


def limit(config: TuneConfig, context: int, is_text: bool) -> int:
    """What plain text is cut by, and anything longer refused. Raises TuneError for more than the model can read."""
    if config.length_max is not None and config.length_max > context:
        raise TuneError(f"length_max {config.length_max}: the model reads at most {context} tokens")
    return config.length_max or (min(WINDOW_TOKENS, context) if is_text else context)


def resolve(config: TuneConfig, model: Model, data: Amount, machine: Machine) -> Resolved:
    """All settings. Raises TuneError where the objective does not suit the data or nothing fits the memory."""
    reasons: dict[str, str] = {"method": "given"}
    objective = _objective(config, data, reasons)

    def take(name: str, given: Any, derived: Any, reason: str) -> Any:
        reasons[name] = "given" if given is not None else reason
        return derived if given is None else given

    is_lora = config.method == "lora"
    wanted = next((r for r in RANKS if r * model.adapted * BITS_PER_WEIGHT >= data.tokens * BITS_PER_TOKEN), RANKS[-1])
    rank = take("rank", config.lora.rank, wanted,
                f"holds {BITS_PER_WEIGHT} bits a weight; {data.tokens:,} tokens say about one each")
    rate, why = _rate(model.hidden, is_lora, objective)
    rate = take("learning_rate", config.learning_rate, rate, why)
    cut = "plain text is cut into windows" if data.is_text else f"the longest example has {data.longest} tokens"
    length_max = take("length_max", config.length_max, data.longest, cut)
    few = data.tokens < 10_000_000
    epochs = take("epochs", config.epochs, 3 if few else 1, f"{data.tokens:,} tokens are {'few' if few else 'many'}")
    whole = max(length_max, min(65_536, data.tokens * epochs // STEPS_WANTED))
    batch = take("batch_tokens", config.batch_tokens, whole, f"about {STEPS_WANTED} steps, and no example alone is more")
    steps = take("steps", config.steps, max(1, math.ceil(data.tokens * epochs / batch)),
                 f"{epochs} epochs of {data.tokens:,} tokens")
    fit = _fit(config, model, machine, rank, length_max * (2 if data.is_preference else 1), take)
    tenth = max(1, steps // 10)
    settings = Settings(
        config.method, objective, rank if is_lora else 0, rate, epochs, steps,
        take("warmup_steps", config.warmup_steps, steps // 20, "a twentieth of the steps"),
        batch, fit.micro_tokens, length_max, fit.dtype, fit.activation_checkpoints,
        take("evaluate_steps", config.evaluate_steps, tenth, "a tenth of the steps"),
        take("checkpoint_steps", config.checkpoint_steps, max(10, tenth), "a tenth of the steps, 10 at least"),
    )  # fmt: skip
    reasons |= {} if is_lora else {"rank": "all weights are trained"}
    passes = (2 if is_lora else 3) + (1 if fit.activation_checkpoints else 0) + (1 if objective == "dpo" else 0)
    work = 2.0 * model.parameters * passes * min(data.tokens * epochs, batch * steps)
    return Resolved(settings, reasons, fit.memory_bytes, work / machine.flops / machine.processes)


def _objective(config: TuneConfig, data: Amount, reasons: dict[str, str]) -> Literal["sft", "dpo"]:
    reasons["objective"] = "given"
    if config.objective == "auto":
        reasons["objective"] = "the data are preferences" if data.is_preference else "the data are no preferences"
    elif (config.objective == "dpo") != data.is_preference:
        raise TuneError(f"objective {config.objective!r}: the data are {'' if data.is_preference else 'no '}preferences; "
                        "dpo wants chosen and rejected, sft one answer")  # fmt: skip
    return "dpo" if data.is_preference else "sft"


def _rate(hidden: int, is_lora: bool, objective: str) -> tuple[float, str]:
    """Thinking Machines' measured rule (LoRA Without Regret, 2025): ten times that of full tuning, less for wider models."""
    rate = 5e-5 * (2000 / hidden) ** 0.78 * (10 if is_lora else 1) / (10 if objective == "dpo" else 1)
    parts = [f"5e-5 x (2000 / {hidden}) ^ 0.78"] + (["x 10 for an adapter"] if is_lora else [])
    return float(f"{rate:.2g}"), " ".join(parts + (["/ 10 for DPO"] if objective == "dpo" else []))


@dataclass(frozen=True)
class _Fit:
    micro_tokens: int
    dtype: Literal["float32", "bfloat16"]
    activation_checkpoints: bool
    memory_bytes: int


def memory(model: Model, config: TuneConfig, rank: int, fit: tuple[int, str, bool], processes: int = 1) -> int:
    """Estimate of a process's peak, in bytes, for (micro_tokens, dtype, activation_checkpoints)."""
    micro, dtype, again = fit
    size = 4 if dtype == "float32" else 2
    trained = model.parameters if config.method == "full" else rank * model.adapted
    weights = model.parameters * size + trained * (16 if config.method == "lora" else 12 + size)
    block = (12 * model.hidden + 5 * model.intermediate) * size
    held = model.hidden * size * model.layers + block if again else block * model.layers
    logits = 3 * 256 * model.vocabulary * 4
    return LIBRARIES_BYTES + weights // processes + micro * held + logits


def _fit(config: TuneConfig, model: Model, machine: Machine, rank: int, longest: int, take: Any) -> _Fit:
    """What is fastest among what fits: float32 on a CPU, activations kept, as many tokens at once as pay."""
    on_gpu = machine.device == "cuda"
    enough = max(longest, 16_384 if on_gpu else 256)
    free = machine.memory_bytes * MEMORY_SHARE
    natural: Literal["float32", "bfloat16"] = "bfloat16" if on_gpu and config.method == "lora" else "float32"
    dtypes: list[Literal["float32", "bfloat16"]] = [config.dtype] if config.dtype else [natural]
    if not config.dtype and natural == "float32":
        dtypes.append("bfloat16")
    agains = [False, True] if config.activation_checkpoints is None else [config.activation_checkpoints]
    sizes = [s for s in (enough, enough // 2, enough // 4, longest) if s >= longest]
    sizes = [config.micro_tokens] if config.micro_tokens else sizes
    tried = [(size, dtype, again) for dtype in dtypes for again in agains for size in sizes]
    need = [memory(model, config, rank, one, machine.processes) for one in tried]
    at = next((n for n, bytes_ in enumerate(need) if bytes_ <= free), None)
    if at is None:
        raise TuneError(f"memory: about {min(need) / 1e9:.1f} GB are needed and {free / 1e9:.1f} GB can be had; tune with method "
                        "lora, a smaller base, shorter examples or more processes")  # fmt: skip
    micro, dtype, again = tried[at]
    first = tried[0]
    place = "a GPU" if on_gpu else "this processor"
    take("micro_tokens", config.micro_tokens, None, f"{'as many as fit' if micro < first[0] else f'as many as pay on {place}'}")
    take("dtype", config.dtype, None, f"fastest on {place}" if dtype == first[1] else "float32 does not fit")
    take("activation_checkpoints", config.activation_checkpoints, None, "they do not fit" if again else "they fit in memory")
    return _Fit(micro, dtype, again, need[at])
