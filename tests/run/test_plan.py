"""The run plan: bad values are named, defaults are written out, decimals are exact, rounds lie in phases."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from hanse import canonical
from hanse.errors import CharterError
from hanse.lm.spec import DataSpec, ModelSpec, TokenizerSpec, TrainSpec
from hanse.run.codec.spec import KINDS
from hanse.run.plan import (
    SHARD_ELEMENTS_MAX,
    Codec,
    Evaluation,
    Limits,
    Outer,
    Part,
    Phase,
    Plan,
    float32,
    float32_bits,
    load_plan,
    parse_plan,
)

TABLES = [Codec, Outer, Phase, Limits, Evaluation, Plan, ModelSpec, TokenizerSpec, DataSpec, TrainSpec]
SHA = "ab" * 32
GOOD: dict[str, Any] = {
    "name": "first light", "model": {}, "tokenizer": {}, "data": {}, "train": {}, "phase": [{"rounds": 2, "steps": 1}],
}  # fmt: skip
BASE = {"name": "b", "licence": "MIT", "files": {"config.json": SHA, "model.safetensors": SHA}}


def plan(**changes: Any) -> Plan:
    return parse_plan(GOOD | changes, "plan.toml")


@pytest.mark.parametrize("table", TABLES)
def test_every_field_is_documented(table: type[BaseModel]) -> None:
    for name, field in table.model_fields.items():
        assert field.description, f"{table.__name__}.{name}"


@pytest.mark.parametrize("table", [Codec, Outer, Phase, Limits, Evaluation, Plan])
def test_every_table_is_strict_and_frozen(table: type[BaseModel]) -> None:
    assert issubclass(table, Part)
    assert table.model_config["extra"] == "forbid"
    assert table.model_config["strict"]
    assert table.model_config["frozen"]


RICH = {
    "codec": {"kind": "topk", "k": 256, "feedback_decay": "0.95"},
    "outer": {"learning_rate": "1", "momentum": "0", "reduce": "sum", "nesterov": False},
    "phase": [{"rounds": 3, "steps": 1, "codec": {"kind": "fixed32"}}, {"rounds": 5, "steps": 4, "outer": {"momentum": "0.5"}}],
    "evaluation": [{"name": "law", "custodian": "ada", "sha256": SHA}],
    "member_weights": {"ada": 3},
    "model": {"base": BASE, "config": {"hidden_size": 32, "rope_theta": "10000.0"}},
    "tokenizer": {"kind": "given", "sha256": SHA},
}


@pytest.mark.parametrize("changes", [{}, RICH], ids=["plain", "rich"])
def test_the_canonical_document_writes_every_default_out_and_parses_back(changes: dict[str, Any]) -> None:
    made = plan(**changes)
    document = made.document()
    assert set(document) == set(Plan.model_fields)
    for name, table in (("codec", Codec), ("outer", Outer), ("limits", Limits), ("model", ModelSpec), ("train", TrainSpec)):
        assert set(document[name]) == set(table.model_fields)
    again = parse_plan(canonical.decode(canonical.encode(document)), "again")
    assert again == made
    assert again.digest == made.digest == canonical.digest(document)


def test_a_default_written_out_changes_no_digest_and_another_value_does() -> None:
    assert plan(codec={"kind": "int8", "feedback_decay": "0"}, delay=0).digest == plan().digest
    assert len({plan(**changes).digest for changes in ({}, {"name": "b"}, {"codec": {"k": 65}}, {"clip_factor": "4.5"})}) == 4


DECIMAL = 'decimals are written as text: "{}" in quotes'
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({"name": None}, "name: "),
    "a misspelt key": ({"fase": []}, "fase: unknown key; did you mean phase?"),
    "a misspelt key within": ({"codec": {"kinds": "int8"}}, "codec.kinds: unknown key; did you mean kind?"),
    "a misspelt key of a phase": ({"phase": [{"rounds": 1, "steps": 1, "step": 2}]}, "phase.0.step: unknown key"),
    "no phase": ({"phase": []}, "phase: a plan needs at least one [[phase]]"),
    "a phase of no rounds": ({"phase": [{"rounds": 0, "steps": 1}]}, "phase.0.rounds: expected at least 1"),
    "a phase of no steps": ({"phase": [{"rounds": 1, "steps": 0}]}, "phase.0.steps: expected at least 1"),
    "a phase without steps": ({"phase": [{"rounds": 1}]}, "phase.0.steps: missing; add it"),
    "a phase's codec": ({"phase": [{"rounds": 1, "steps": 1, "codec": {"kind": "zip"}}]}, "phase.0.codec.kind: "),
    "a phase's outer": ({"phase": [{"rounds": 1, "steps": 1, "outer": {"momentum": "2"}}]}, "phase.0.outer.momentum: expected"),
    "too many rounds": ({"phase": [{"rounds": 1_000_001, "steps": 1}]}, "phase: more than 1,000,000 rounds"),
    "an unknown codec": ({"codec": {"kind": "zip"}}, "codec.kind: Input should be 'fixed32', 'int8', '1bit' or 'topk'"),
    "no element kept": ({"codec": {"k": 0}}, "codec.k: expected 1 to 4096"),
    "more elements than a block has": ({"codec": {"k": 4097}}, "codec.k: expected 1 to 4096"),
    "feedback that grows": ({"codec": {"feedback_decay": "1.01"}}, 'codec.feedback_decay: expected "0" to "1"'),
    "negative feedback": ({"codec": {"feedback_decay": "-0.5"}}, 'codec.feedback_decay: expected "0" to "1"'),
    "feedback as a float": ({"codec": {"feedback_decay": 0.95}}, "codec.feedback_decay: " + DECIMAL.format("0.95")),
    "an outer rate of zero": ({"outer": {"learning_rate": "0"}}, 'outer.learning_rate: expected more than "0"'),
    "a negative outer rate": ({"outer": {"learning_rate": "-0.7"}}, 'outer.learning_rate: expected more than "0"'),
    "an outer rate as a float": ({"outer": {"learning_rate": 0.7}}, "outer.learning_rate: " + DECIMAL.format("0.7")),
    "an outer rate with an exponent": ({"outer": {"learning_rate": "7e-1"}}, "outer.learning_rate: '7e-1': expected a plain"),
    "momentum of one": ({"outer": {"momentum": "1"}}, 'outer.momentum: expected "0" or more and less than "1"'),
    "negative momentum": ({"outer": {"momentum": "-0.1"}}, "outer.momentum: expected"),
    "nesterov in quotes": ({"outer": {"nesterov": "true"}}, "outer.nesterov: "),
    "another way to reduce": ({"outer": {"reduce": "median"}}, "outer.reduce: Input should be 'mean' or 'sum'"),
    "no bytes for an update": ({"limits": {"update_bytes": 0}}, "limits: update_bytes at least 1"),
    "too few entries": ({"limits": {"entries": 7}}, "limits: update_bytes at least 1, entries at least 8"),
    "an evaluation without a digest": ({"evaluation": [{"name": "x", "custodian": "ada"}]}, "evaluation.0.sha256: missing"),
    "an evaluation's digest cut short": (
        {"evaluation": [{"name": "x", "custodian": "ada", "sha256": "ab"}]}, "evaluation.0.sha256: expected 64 lower-case hex"),
    "an evaluation without a custodian": ({"evaluation": [{"name": "x", "sha256": SHA}]}, "evaluation.0.custodian: missing"),
    "no deadline": ({"deadline_seconds": 0}, "deadline_seconds: Input should be greater than or equal to 1"),
    "no time to gather": ({"gather_seconds": 0}, "gather_seconds: Input should be greater than or equal to 1"),
    "a weight of zero": ({"member_weights": {"ada": 0}}, "member_weights: ada: expected 1 to 1,000"),
    "a weight too large": ({"member_weights": {"bob": 1001}}, "member_weights: bob: expected 1 to 1,000"),
    "a weight in quotes": ({"member_weights": {"bob": "2"}}, "member_weights.bob: "),
    "a weight for a name that is not ASCII": ({"member_weights": {"zoë": 2}}, "member_weights.zoë: expected a key of ASCII"),
    "a negative clip": ({"clip_factor": "-1"}, 'clip_factor: expected "0" (off) or more'),
    "a clip as a number": ({"clip_factor": 4}, "clip_factor: " + DECIMAL.format("4")),
    "a negative reset": ({"feedback_reset_rounds": -1}, "feedback_reset_rounds: Input should be greater than or equal to 0"),
    "negative snapshots": ({"snapshot_rounds": -1}, "snapshot_rounds: Input should be greater than or equal to 0"),
    "negative retention": ({"retention_rounds": -1}, "retention_rounds: Input should be greater than or equal to 0"),
    "shards of half a block": ({"shard_elements": 6144}, "shard_elements: expected a multiple of 4,096 up to"),
    "shards of nothing": ({"shard_elements": 0}, "shard_elements: expected a multiple of 4,096 up to"),
    "shards beyond the largest object": ({"shard_elements": SHARD_ELEMENTS_MAX + 4096}, "shard_elements: expected a multiple"),
    "a delay": ({"delay": 1}, "delay: Input should be 0"),
    "some tensors only": ({"trainable": "lora"}, "trainable: Input should be '.*'"),
    "another objective": ({"objective": "dpo"}, "objective: Input should be 'lm'"),
    "a model's field as a float": ({"model": {"config": {"rope_theta": 10000.0}}}, "model.config: rope_theta: decimals are"),
    "a model's field as a list": ({"model": {"config": {"layers": []}}}, "model.config: layers: expected an integer"),
    "a seed as a float": ({"model": {"seed": 1.0}}, "model.seed: "),
    "a seed beyond what JSON can hold": ({"model": {"seed": 2**53}}, "model.seed: expected an integer within 2^53-1"),
    "a field beyond what JSON can hold": ({"model": {"config": {"x": -(2**63)}}}, "model.config.x: expected an integer within"),
    "an architecture that is a number": ({"model": {"architecture": 5}}, "model.architecture: "),
    "a base without a licence": ({"model": {"base": {"name": "b", "files": BASE["files"]}}}, "model.base.licence: missing; add it"),
    "a base without files": ({"model": {"base": BASE | {"files": {}}}}, "model.base.files: expected config.json and at least one"),
    "an unknown tokenizer": ({"tokenizer": {"kind": "bpe"}}, "tokenizer.kind: Input should be 'counts' or 'given'"),
    "a given tokenizer without its digest": ({"tokenizer": {"kind": "given"}}, "tokenizer: sha256: a given tokenizer is named by"),
    "a digest for a built tokenizer": ({"tokenizer": {"sha256": SHA}}, 'tokenizer: sha256: goes with kind = "given"; remove it'),
    "a vocabulary of odd size": ({"tokenizer": {"vocab_size": 1000}}, "tokenizer: vocab_size: expected a multiple of 32"),
    "a vocabulary too small": ({"tokenizer": {"vocab_size": 256}}, "tokenizer: vocab_size: expected a multiple of 32 from 288"),
    "words seen never": ({"tokenizer": {"min_count": 0}}, "tokenizer: min_count at least 1"),
    "words of no bytes": ({"tokenizer": {"word_bytes_max": 0}}, "tokenizer: min_count at least 1, word_bytes_max 1 to 200"),
    "sequences too short": ({"data": {"sequence_length": 7}}, "data.sequence_length: expected 8 to 1,048,576"),
    "a mask between documents": ({"data": {"document_mask": True}}, "data.document_mask: Input should be False"),
    "positions of documents": ({"data": {"position_reset": True}}, "data.position_reset: Input should be False"),
    "batches that do not split": ({"train": {"accumulation": 3}}, "train: batch_sequences: expected a positive multiple of acc"),
    "a rate of zero": ({"train": {"learning_rate": "0"}}, "train: learning_rate: expected more than 0"),
    "a rate as a float": ({"train": {"learning_rate": 0.003}}, "train.learning_rate: " + DECIMAL.format("0.003")),
    "a negative warm-up": ({"train": {"warmup_steps": -1}}, "train: warmup_steps, rewarm_steps, decay_start"),
    "a moment that never forgets": ({"train": {"beta2": "1"}}, "train: beta1 and beta2: expected 0 or more and less than 1"),
    "another precision": ({"train": {"precision": "fp8"}}, "train.precision: Input should be 'auto', 'fp32' or 'bf16'"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_value_is_an_error_that_names_file_and_key(name: str) -> None:
    changes, words = BAD[name]
    with pytest.raises(CharterError) as caught:
        plan(**changes)
    assert str(caught.value).startswith(f"plan.toml: {words}")
    assert "\n" not in str(caught.value)


def test_every_key_of_the_plan_has_a_bad_value_above() -> None:
    named = {".".join(parts[:end]) for _, words in BAD.values() for parts in [words.split(":")[0].split(".")] for end in (1, 2, 3)}
    for table, prefix in ((Plan, ""), (Codec, "codec."), (Outer, "outer."), (Phase, "phase.0."), (Evaluation, "evaluation.0.")):
        for field in set(table.model_fields) - {"name"}:
            assert f"{prefix}{field}" in named


def test_every_codec_the_plan_knows_is_one_the_codecs_know() -> None:
    assert {plan(codec={"kind": kind}).codec.kind for kind in KINDS} == set(KINDS)


def test_a_plan_is_read_from_toml(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text('name = "first light"\nphase = [{rounds = 2, steps = 1}]\n[model]\n[tokenizer]\n[data]\n[train]\n')
    assert load_plan(path) == plan()
    path.write_text(path.read_text() + "learning_rat = '1'\n")
    with pytest.raises(CharterError, match=r"plan\.toml: train\.learning_rat: unknown key; did you mean learning_rate"):
        load_plan(path)
    path.write_text("name = \n")
    with pytest.raises(CharterError, match=r"plan\.toml: not TOML: .*line 1"):
        load_plan(path)


# --- rounds in phases

phases = st.lists(st.tuples(st.integers(1, 6), st.integers(1, 9)), min_size=1, max_size=4)


@settings(deadline=None)
@given(phases)
def test_rounds_and_steps_are_those_of_the_phases_end_to_end(shape: list[tuple[int, int]]) -> None:
    made = plan(phase=[{"rounds": rounds, "steps": steps} for rounds, steps in shape])
    laid_out = [steps for rounds, steps in shape for _ in range(rounds)]
    assert made.total_rounds == len(laid_out)
    assert made.total_steps == sum(laid_out)
    for number in range(1, len(laid_out) + 1):
        assert made.at(number).steps == laid_out[number - 1]
        assert made.first_step(number) == sum(laid_out[: number - 1])
    assert made.first_step(len(laid_out) + 1) == made.total_steps
    with pytest.raises(CharterError, match=f"the plan has {len(laid_out)}"):
        made.at(len(laid_out) + 1)


def test_a_phase_has_its_own_codec_and_optimizer_or_the_plans() -> None:
    made = plan(**RICH)
    assert [made.codec_at(number).kind for number in (1, 3, 4, 8)] == ["fixed32", "fixed32", "topk", "topk"]
    assert [made.outer_at(number).momentum for number in (3, 4)] == ["0", "0.5"]
    assert made.outer_at(3) == made.outer
    assert made.at(4).codec == made.codec


# --- decimals as float32


def exact(bits: int) -> Fraction:
    """The value of a finite float32, from its bits."""
    return Fraction(struct.unpack("<f", struct.pack("<I", bits))[0])


normal = st.integers(0x00800000, 0x7EFFFFFF) | st.integers(0x80800000, 0xFEFFFFFF)


@settings(deadline=None)
@given(normal)
def test_a_float32_is_its_own_nearest(bits: int) -> None:
    assert float32_bits(exact(bits)) == bits
    assert Fraction(float32(exact(bits))) == exact(bits)


@settings(deadline=None)
@given(st.fractions(min_value=-1000, max_value=1000).filter(lambda value: abs(value) > Fraction(1, 10**30)))
def test_no_float32_is_nearer_than_the_one_chosen(value: Fraction) -> None:
    bits = float32_bits(value)
    distance = abs(exact(bits) - value)
    for other in (bits - 1, bits + 1):
        assert distance <= abs(exact(other) - value)
        if distance == abs(exact(other) - value):
            assert bits % 2 == 0  # ties to even


@settings(deadline=None)
@given(st.decimals(min_value="-1000", max_value="1000", places=4))
def test_decimals_become_the_bits_that_numpy_gives_them(value: Any) -> None:
    assert float32_bits(Fraction(value)) == int(np.float32(float(Fraction(value))).view(np.uint32))


def test_what_is_just_below_a_power_of_two_is_rounded_up_to_it() -> None:
    for power in range(-20, 20):
        assert float32(Fraction(2) ** power * (1 - Fraction(1, 2**40))) == 2.0**power


def test_zero_has_one_sign_and_what_is_not_normal_is_refused() -> None:
    assert float32_bits(Fraction(0)) == 0
    assert float32(Fraction(0)) == 0.0
    for value in (Fraction(1, 10**40), Fraction(10**40), Fraction(-1, 2**140)):
        with pytest.raises(CharterError, match="has no normal float32"):
            float32_bits(value)
