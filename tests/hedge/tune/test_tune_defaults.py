"""Settings are derived with reasons; what the user gave stands; what cannot be is refused."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.hedge.tune.making_tune import done, place, start

from hanse.errors import ConfigError, TuneError
from hanse.hedge.tune.config import TuneConfig, load_config
from hanse.hedge.tune.defaults import Amount, Machine, Model, Settings, limit, resolve

SMOL = Model(134_515_008, 576, 30, 1536, 49_152, 8192, 305_280)
DATA = Amount(200, 10_000, 64, False, False)
LAPTOP = Machine(8 << 30, 5e10, "cpu")
PLAIN = TuneConfig(base="b", data=("d",))


def test_a_small_model_on_a_laptop() -> None:
    found = resolve(PLAIN, SMOL, DATA, LAPTOP)
    assert found.settings.rank == 8
    assert (found.settings.dtype, found.settings.activation_checkpoints) == ("float32", False)
    assert found.settings.epochs == 3
    assert 90 <= found.settings.steps <= 110
    assert 1.2e-3 < found.settings.learning_rate < 1.4e-3
    assert found.memory_bytes < 2.2e9
    assert found.seconds == pytest.approx(2 * 134_515_008 * 2 * 30_000 / 5e10)


@given(
    st.integers(1, 10**9), st.integers(8, 4096), st.sampled_from(["lora", "full"]), st.sampled_from(["cpu", "cuda"]),
    st.integers(1, 80), st.booleans(),
)  # fmt: skip
def test_every_setting_has_a_reason_and_fits(tokens: int, longest: int, method: str, device: str, memory: int, pairs: bool) -> None:
    config = PLAIN.model_copy(update={"method": method})
    machine = Machine(memory << 30, 1e12, device)  # type: ignore[arg-type]
    amount = Amount(max(1, tokens // longest), tokens, longest, False, pairs)
    try:
        found = resolve(config, SMOL, amount, machine)
    except TuneError as error:
        assert "GB can be had" in str(error)  # noqa: PT017
        return
    assert {field.name for field in fields(Settings)} == set(found.reasons)
    assert all(found.reasons.values())
    assert found.memory_bytes <= 0.8 * machine.memory_bytes
    of = found.settings
    assert of.micro_tokens >= longest * (2 if pairs else 1)
    assert of.objective == ("dpo" if pairs else "sft")
    assert of.batch_tokens * of.steps >= min(tokens * of.epochs, of.batch_tokens)


def test_what_is_given_stands_and_says_so() -> None:
    given_ = PLAIN.model_copy(update={"steps": 7, "learning_rate": 0.1, "dtype": "bfloat16", "activation_checkpoints": True})
    found = resolve(given_, SMOL, DATA, LAPTOP)
    assert (found.settings.steps, found.settings.learning_rate, found.settings.dtype) == (7, 0.1, "bfloat16")
    assert {found.reasons[name] for name in ("steps", "learning_rate", "dtype", "activation_checkpoints")} == {"given"}


def test_memory_decides_what_is_kept() -> None:
    roomy, tight = resolve(PLAIN, SMOL, DATA, LAPTOP), resolve(PLAIN, SMOL, DATA, replace(LAPTOP, memory_bytes=1900 << 20))
    assert roomy.settings.micro_tokens > tight.settings.micro_tokens or tight.settings.activation_checkpoints
    with pytest.raises(TuneError, match="GB can be had; tune with method lora"):
        resolve(PLAIN, SMOL, DATA, replace(LAPTOP, memory_bytes=1 << 30))


def test_what_does_not_suit_is_refused() -> None:
    with pytest.raises(TuneError, match="objective 'dpo': the data are no preferences"):
        resolve(PLAIN.model_copy(update={"objective": "dpo"}), SMOL, DATA, LAPTOP)
    with pytest.raises(TuneError, match="reads at most 8192"):
        limit(PLAIN.model_copy(update={"length_max": 9000}), 8192, False)
    assert limit(PLAIN, 128, True) == 128


@pytest.mark.parametrize(("text", "said"), [
    ("base = 3", "base: "), ('base = "b"', "data: "), ('base = "b"\ndata = "d"\nepoch = 3', "epoch: no such key"),
    ("= 3", "not TOML"),
    ('base = "b"\ndata = "d"\n[lora]\nrank = 0', r"lora\.rank: "), ('base = "b"\ndata = []', "data: "),
    ('base = "b"\ndata = "d"\nsource = "x"', "source: no such key"),
])  # fmt: skip
def test_settings_that_are_wrong_are_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "TUNE.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=said):
        load_config(path)


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    config = place(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    found = json.loads(done(start(config, "--dry-run", "--json"))[0])
    assert found["settings"]["method"] == {"value": "lora", "reason": "given"}
    assert sorted(tmp_path.rglob("*")) == before
