from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from hanse import canonical
from hanse.lm import config, spec
from hanse.lm.spec import BaseModelSpec, DataSpec, Decimal32, ModelSpec, SplitSpec, TokenizerSpec, TrainSpec

TABLES = [ModelSpec, TokenizerSpec, DataSpec, TrainSpec, SplitSpec, BaseModelSpec, config.LmConfig, config.TextSource]
DIGEST = "0" * 64


@given(st.integers(-(10**12), 10**12), st.integers(0, 12))
def test_a_decimal_that_parses_prints_itself_and_keeps_its_exact_value(digits: int, places: int) -> None:
    value = Fraction(digits, 10**places)
    sign, whole = ("-" if digits < 0 else ""), f"{abs(digits):0{places + 1}d}"
    head, tail = (whole[:-places], whole[-places:].rstrip("0")) if places else (whole, "")
    text = f"{sign}{head}.{tail}" if tail else f"{sign}{head}"
    if text == "-0":
        return
    read = Decimal32(text)
    assert str(read) == text
    assert read.value == value
    assert read.float == float(text)


@given(st.text(max_size=8))
def test_a_decimal_has_one_spelling(text: str) -> None:
    try:
        read = Decimal32(text)
    except ValueError:
        return
    assert text.isascii()
    assert not ("." in text and text.endswith("0"))
    assert "e" not in text.lower()
    assert read.value == Fraction(text)


@pytest.mark.parametrize("text", ["", "1.", ".5", "01", "1.0", "-0", "1e-3", "+1", " 1", "1\n", "nan", "inf", "1_0", "\u0661"])
def test_other_spellings_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a plain decimal"):
        Decimal32(text)


def test_a_float_is_refused_and_told_to_stand_in_quotes() -> None:
    with pytest.raises(ValidationError, match=r'"0.003" in quotes'):
        TrainSpec.model_validate({"learning_rate": 0.003})


@pytest.mark.parametrize("table", TABLES)
def test_every_field_is_documented(table: type[BaseModel]) -> None:
    for name, field in table.model_fields.items():
        assert field.description, f"{table.__name__}.{name}"


@pytest.mark.parametrize("table", TABLES)
def test_unknown_keys_are_refused(table: type[BaseModel]) -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        table.model_validate({"no_such_key": 1})


@pytest.mark.parametrize("table", [ModelSpec, TokenizerSpec, DataSpec, TrainSpec])
def test_tables_of_a_plan_survive_canonical_json(table: type[BaseModel]) -> None:
    made = table()
    data = canonical.encode(made.model_dump(mode="json"))
    assert table.model_validate(canonical.decode(data)) == made


@pytest.mark.parametrize(
    ("table", "values", "words"),
    [
        (TrainSpec, {"batch_sequences": 8, "accumulation": 3}, "multiple of accumulation"),
        (TrainSpec, {"learning_rate": "0"}, "learning_rate"),
        (TrainSpec, {"learning_rate": "-0.1"}, "learning_rate"),
        (TrainSpec, {"clip": "-1"}, "clip"),
        (TrainSpec, {"beta2": "1"}, "beta2"),
        (TrainSpec, {"decay_to": "1.5"}, "decay_to"),
        (TrainSpec, {"warmup_steps": -1}, "warmup_steps"),
        (TokenizerSpec, {"vocab_size": 1000}, "multiple of 32"),
        (TokenizerSpec, {"kind": "given"}, "SHA-256"),
        (DataSpec, {"sequence_length": 4}, "expected 8"),
        (SplitSpec, {"dev_permille": 400, "test_permille": 200}, "at most 500"),
        (BaseModelSpec, {"name": "b", "licence": "MIT", "files": {"model.safetensors": DIGEST}}, "config.json"),
        (BaseModelSpec, {"name": "b", "licence": "MIT", "files": {"config.json": DIGEST}}, "safetensors"),
        (BaseModelSpec, {"name": "b", "licence": "MIT", "files": {"config.json": DIGEST, "../x.safetensors": DIGEST}}, "plain"),
        (BaseModelSpec, {"name": "b", "licence": "MIT", "files": {"config.json": "ab", "x.safetensors": DIGEST}}, "64 lower"),
    ],
)
def test_values_out_of_range_are_refused_by_name(table: type[BaseModel], values: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        table.model_validate(values)


def test_the_spec_imports_no_torch() -> None:
    assert "torch" not in vars(spec)
