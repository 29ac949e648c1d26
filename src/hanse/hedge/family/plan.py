"""PLAN.toml: what all sizes share, as `hanse lm` has it, and the sizes."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from hanse.lm.config import LmConfig
from hanse.lm.spec import Decimal32, Table


class Size(Table):
    """One member of the family."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    """Such as small: lower-case letters, digits, hyphens."""
    config: dict[str, int | str | bool] = Field(default={})
    """Fields of the transformers config that differ from those of [model]."""
    total_steps: int = Field(default=0, ge=0, le=100_000_000)
    """Optimizer steps. 0: the plan's."""
    made: Literal["alone", "distilled"] = "alone"
    """alone: trained on the text. distilled: taught by `teacher`, on the same text."""
    teacher: str = ""
    """distilled: a size that stands before this one, or a model's folder. Off: empty, the largest that is trained alone."""
    compare: bool = False
    """distilled: also train it alone, at equal tokens, and report the gain. Off: false."""
    quantize: tuple[str, ...] = ()
    """Formats of `hanse quantize`, such as "Q8_0". Off: none."""

    @field_validator("quantize", mode="before")
    @classmethod
    def _formats(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

    @model_validator(mode="after")
    def _consistent(self) -> Size:
        if self.made == "alone" and (self.teacher or self.compare):
            raise ValueError('teacher, compare: go with made = "distilled"')
        if len(set(self.quantize)) != len(self.quantize):
            raise ValueError("quantize: a format stands twice")
        return self


class FamilyPlan(LmConfig):
    """Several sizes from one plan. Tables without a note here are those of `hanse lm`, and every size has them."""

    folder: str = "family"
    """Where the sizes and their report go, relative to this file."""
    size: tuple[Size, ...] = Field(min_length=1)
    """The sizes, one [[size]] table each."""
    alpha: Decimal32 = Decimal32("0.9")
    """Distilled sizes: share of the teacher's distribution in the target."""
    teacher_context: int = Field(default=512, ge=16, le=1_048_576)
    """Distilled sizes: tokens a teacher sees at most."""
    measure_speed: bool = True
    """Decode a few tokens with every GGUF file, on one thread, where llama.cpp is installed. Off: false."""

    @field_validator("size", mode="before")
    @classmethod
    def _sizes(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value

    @model_validator(mode="after")
    def _family(self) -> FamilyPlan:
        seen: set[str] = set()
        for one in self.size:
            if one.name in seen:
                raise ValueError(f"size {one.name}: stands twice")
            if one.made == "distilled" and not one.teacher and not any(other.made == "alone" for other in self.size):
                raise ValueError(f"size {one.name}: has no teacher: train one size alone, or name a model's folder")
            if one.teacher in {other.name for other in self.size} - seen:
                raise ValueError(f"size {one.name}: its teacher {one.teacher} must stand before it")
            seen.add(one.name)
        return self
