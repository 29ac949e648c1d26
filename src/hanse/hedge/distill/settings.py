"""DISTILL.toml: a student as `hanse lm` has it, and a teacher."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from hanse.lm.config import LmConfig, TextSource
from hanse.lm.spec import Decimal32, Table

Level = Literal["logits", "shared", "sequence"]


class TeacherSpec(Table):
    """Who teaches."""

    model: str
    """A model's folder, the name of a model in `lock`, or MODEL@https://host/v1; for level sequence a GGUF file
    too, or a .jsonl of recorded answers by the prompt's `id`. Paths are
    relative to this file."""
    lock: str = ""
    """The models.lock that pins it: its files are checked first. Off: empty (`model` is a folder)."""
    context: int = Field(default=512, ge=16, le=1_048_576)
    """Tokens it sees at most. Every position is scored with at least a quarter of them before it, where there are so many."""
    top: int = Field(default=32, ge=1, le=65_536)
    """Likeliest symbols kept at each position; what is left of the probability is kept as one. Disk: 4 bytes each."""
    answer_tokens: int = Field(default=256, ge=1, le=1_048_576)
    """Level sequence: tokens of an answer; a longer one is cut, and kept."""
    key_env: str = ""
    """Endpoint: the environment variable that holds its key. Off: empty."""
    price: str = ""
    """Endpoint: for a million tokens read and written, such as "3:15". Needed for a cap. Off: empty."""
    cost_cap: str = ""
    """Endpoint: nothing is asked that could go over it, in the price's currency. Off: empty."""
    per_minute: int = Field(default=0, ge=0)
    """Endpoint: requests a minute. Off: 0."""
    timeout_seconds: int = Field(default=600, ge=1)
    """For one answer."""

    @field_validator("cost_cap")
    @classmethod
    def _cap(cls, value: str) -> str:
        try:
            if value and Fraction(value) <= 0:
                raise ValueError
        except (ValueError, ZeroDivisionError) as error:
            raise ValueError(f"{value!r}: expected an amount more than 0, such as \"2.50\"") from error
        return value


class DistillConfig(LmConfig):
    """A student by configuration, or from a base, and its teacher. Tables without a note here are those of `hanse lm`."""

    folder: str = "distilled"
    """Where text, the teacher's distributions or answers, checkpoints, the report and the student go, relative to this file."""
    text: tuple[TextSource, ...] = ()
    """Levels logits and shared: what both students train on, one [[text]] table per domain."""
    teacher: TeacherSpec
    """Who teaches."""
    level: Level = "logits"
    """logits: distributions over tokens, one vocabulary. shared: over the tokens that both have, where
    tokens of both end together, for different vocabularies. sequence: the teacher's answers to `prompts`."""
    vocabulary: Literal["teacher", "own"] = "teacher"
    """teacher: the student has its teacher's tokenizer. own: that of [tokenizer], as level shared may, and an endpoint must."""
    student: str = ""
    """Base to start from: a folder, or a name in the teacher's `lock`; it brings its own tokenizer. Off: empty, by [model]."""
    prompts: tuple[str, ...] = ()
    """Level sequence: JSONL files, relative to this file, with `prompt`, or `messages` where the student starts from a base with a
    chat template, and, for the student alone, `answer`."""
    alpha: Decimal32 = Decimal32("0.9")
    """Share of the teacher's distribution in the target; the rest is the text's own next token. Off: "0"."""
    temperature: Decimal32 = Decimal32("1")
    """Both distributions are flattened by it, and the loss is multiplied by its square (Hinton et al. 2015). Off: "1"."""
    seeds: tuple[int, ...] = (1,)
    """Every student is trained once from each seed: initial weights and reading order. One seed shows no spread."""
    compare: bool = True
    """Also train the same student alone: on as many tokens, and for as much CPU time. Off: false, then nothing is known of the
    gain."""
    longer_max: int = Field(default=10, ge=0, le=1000)
    """As much CPU time is at most so many times `total_steps`. Off: 0."""

    @field_validator("seeds", "prompts", mode="before")
    @classmethod
    def _tuples(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _fits(self) -> DistillConfig:
        if self.level == "sequence" and (self.text or not self.prompts):
            raise ValueError('prompts: level = "sequence" reads prompts, and no [[text]]')
        if self.level != "sequence" and (self.prompts or not self.text):
            raise ValueError(f'text: level = "{self.level}" reads [[text]] tables, and no prompts')
        if not self.seeds or len(set(self.seeds)) != len(self.seeds) or min(self.seeds) < 0:
            raise ValueError("seeds: expected one or more different numbers, none negative")
        if not 0 <= self.alpha.value <= 1 or self.temperature.value <= 0:
            raise ValueError("alpha: expected 0 to 1; temperature: more than 0")
        if self.student and (self.base or self.model.base or self.tokenizer.kind == "given"):
            raise ValueError("student: is a base and its tokenizer already; remove base, [model.base] and the given tokenizer")
        return self
