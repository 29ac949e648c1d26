"""What the demo trains, per size. Settled on dev text; `docs/joining.md` has what was tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hanse.errors import InputError
from hanse.run.plan import Plan, parse_plan


@dataclass(frozen=True)
class Size:
    """One size of demo."""

    name: str
    train_bytes: int
    """Training text of each member: little, or joining would not pay."""
    hidden: int
    layers: int
    vocab: int
    batch: int
    warm_rounds: int
    """Rounds of a single step: a cold start with long rounds loses most."""
    steps: int
    """Inner steps per round after that."""
    rounds: int
    learning_rate: str = "0.003"
    test_bytes: int = 96_000
    """Held-out text of each member, read once at the end; half as much is for dev."""
    min_count: int = 5
    """How often a member must have seen a word to post it. The plan's default of 20 is for real corpora: in 60 kB so few words
    are seen so often that the shared tokenizer would need a third more tokens than a member's own."""

    @property
    def total_steps(self) -> int:
        return self.warm_rounds + self.rounds * self.steps

    @property
    def branch_round(self) -> int:
        """Last round before the learning rate decays: about three quarters of the steps."""
        return self.warm_rounds + (self.total_steps * 3 // 4 - self.warm_rounds) // self.steps

    @property
    def branch_step(self) -> int:
        return self.warm_rounds + (self.branch_round - self.warm_rounds) * self.steps


SIZES = {
    "tiny": Size("tiny", 30_000, 32, 1, 320, 2, 2, 2, 4, test_bytes=16_000),
    "small": Size("small", 60_000, 96, 3, 1024, 4, 200, 10, 40),
    "medium": Size("medium", 250_000, 192, 4, 2048, 8, 400, 20, 60),
    "large": Size("large", 600_000, 256, 6, 4096, 16, 600, 30, 60, "0.002"),
}
"""tiny: seconds, for tests. small: under 6 minutes on 2 cores. medium: about an hour. large: an afternoon, or a GPU."""


def size_of(name: str) -> Size:
    """The size of that name. Raises InputError."""
    if name not in SIZES:
        raise InputError(f"--size {name}: expected one of {', '.join(SIZES)}")
    return SIZES[name]


def plan_of_size(size: Size) -> Plan:
    """The run plan of a demo size."""
    config: dict[str, Any] = {
        "hidden_size": size.hidden,
        "intermediate_size": size.hidden * 8 // 3 // 32 * 32,
        "num_hidden_layers": size.layers,
        "num_attention_heads": size.hidden // 32 if size.hidden >= 128 else 4,
        "num_key_value_heads": size.hidden // 32 if size.hidden >= 128 else 4,
        "max_position_embeddings": 512,
        "tie_word_embeddings": True,
    }
    average = {"learning_rate": "1", "momentum": "0"}
    document = {
        "name": f"demo {size.name}",
        "model": {"config": config},
        "tokenizer": {"vocab_size": size.vocab, "min_count": size.min_count},
        "data": {"sequence_length": 128},
        "train": {
            "batch_sequences": size.batch,
            "learning_rate": size.learning_rate,
            "warmup_steps": min(40, size.total_steps // 8),
            "decay_start": size.branch_step,
            "decay_steps": size.total_steps - size.branch_step,
        },
        "phase": [
            {"rounds": size.warm_rounds, "steps": 1, "outer": average},
            {"rounds": size.rounds, "steps": size.steps},
        ],
        "codec": {"kind": "int8"},
        "outer": {"learning_rate": "0.7", "momentum": "0.6"},
        "deadline_seconds": 600,
        "snapshot_rounds": 50,
    }
    return parse_plan(document, f"demo plan, size {size.name}")
