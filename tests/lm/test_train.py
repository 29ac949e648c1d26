from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest
import torch
from tests.lm.conftest import ROWS, TINY, TRAIN, trainer_of

from hanse.errors import ConfigError, CorpusError, IntegrityError
from hanse.lm import model as models
from hanse.lm.pack import Packed
from hanse.lm.spec import Decimal32, ModelSpec, TrainSpec
from hanse.lm.train import Trainer, pick_device

DROPOUT = ModelSpec(architecture="gpt2", config={"n_embd": 32, "n_layer": 1, "n_head": 2, "n_positions": 64})
"""GPT-2 drops out a tenth by default: its training draws random numbers."""


def digest(trainer: Trainer) -> str:
    found = hashlib.sha256(trainer.state())
    for name, values in trainer.weights().items():
        found.update(name.encode() + values.tobytes())
    return found.hexdigest()


def test_training_lowers_the_loss(packed: Packed) -> None:
    trainer = trainer_of(packed)
    first = trainer.steps(2, 0)
    trainer.steps(50, 2)
    last = trainer.steps(2, 52)
    assert first.loss == pytest.approx(np.log(ROWS), rel=0.05)
    assert last.loss < 0.7 * first.loss
    assert first.tokens == 2 * TRAIN.batch_sequences * packed.length
    assert first.tokens_per_second > 0
    assert 0 < trainer.utilization(last) < 1.5


@pytest.mark.parametrize("model", [TINY, DROPOUT], ids=["plain", "dropout"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_killed_and_restored_trainer_makes_the_same_bits(packed: Packed, model: ModelSpec, precision: Any) -> None:
    spec = TRAIN.model_copy(update={"precision": precision})
    whole = trainer_of(packed, spec, model)
    whole.steps(7, 0)

    before = trainer_of(packed, spec, model)
    before.steps(3, 0)
    weights, state = before.weights(), before.state()
    torch.manual_seed(999)  # another process has drawn other numbers
    after = trainer_of(packed, spec, model)
    after.restore(state)
    after.load(weights)
    assert after.state() == state
    after.steps(4, 3)
    assert digest(after) == digest(whole)


def test_threads_and_the_length_of_calls_change_no_bit(packed: Packed) -> None:
    one, two = trainer_of(packed), trainer_of(packed)
    one.steps(6, 0)
    torch.set_num_threads(2)
    for step in range(6):
        two.steps(1, step)
    assert digest(one) == digest(two)


def test_a_fresh_state_is_the_same_in_every_process(packed: Packed) -> None:
    one = trainer_of(packed, model=DROPOUT)
    first = one.state_digest()
    one.steps(3, 0)
    done = digest(one)
    torch.rand(100)
    one.restore(None)
    one.load(models.start(DROPOUT, ROWS))
    assert one.state_digest() == first
    one.steps(3, 0)
    assert digest(one) == done


def test_state_digest_covers_moments_cursor_and_random_numbers(packed: Packed) -> None:
    trainer = trainer_of(packed)
    seen = {trainer.state_digest()}
    trainer.steps(1, 0)
    seen.add(trainer.state_digest())
    trainer.cursor += 1
    seen.add(trainer.state_digest())
    torch.rand(1)
    seen.add(trainer.state_digest())
    next(iter(trainer.optimizer.state.values()))["exp_avg"].add_(1)
    seen.add(trainer.state_digest())
    assert len(seen) == 5
    assert trainer.state_digest() == hashlib.sha256(trainer.state()).hexdigest()


def test_accumulation_is_the_same_step_in_less_memory(packed: Packed) -> None:
    whole, split = trainer_of(packed), trainer_of(packed, TRAIN.model_copy(update={"accumulation": 4}))
    assert whole.steps(3, 0).loss == pytest.approx(split.steps(3, 0).loss, rel=1e-4)
    assert whole.cursor == split.cursor == 12
    first, second = whole.weights(), split.weights()
    assert all(np.allclose(first[name], second[name], atol=2e-3) for name in first)


def test_weights_stay_float32_under_bf16(packed: Packed) -> None:
    trainer = trainer_of(packed, TRAIN.model_copy(update={"precision": "bf16"}))
    full = trainer_of(packed)
    assert trainer.steps(10, 0).loss == pytest.approx(full.steps(10, 0).loss, rel=0.01)
    assert {values.dtype for values in trainer.weights().values()} == {np.dtype(np.float32)}
    assert digest(trainer) != digest(full)


def test_gradients_are_clipped(packed: Packed) -> None:
    free = trainer_of(packed, TRAIN.model_copy(update={"clip": Decimal32("0")}))
    tight = trainer_of(packed, TRAIN.model_copy(update={"clip": Decimal32("0.000001")}))
    free.steps(1, 0)
    tight.steps(1, 0)
    norms = [momentum_norm(trainer) for trainer in (free, tight)]
    assert norms[1] <= 0.1 * 0.000001 * 1.01
    assert norms[0] > 1000 * norms[1]


def momentum_norm(trainer: Trainer) -> float:
    return float(torch.stack([kept["exp_avg"].norm() for kept in trainer.optimizer.state.values()]).norm())


def test_only_matrices_decay(packed: Packed) -> None:
    trainer = trainer_of(packed)
    groups = trainer.optimizer.param_groups
    assert all(tensor.ndim >= 2 for tensor in groups[0]["params"])
    assert all(tensor.ndim == 1 for tensor in groups[1]["params"])
    assert (groups[0]["weight_decay"], groups[1]["weight_decay"]) == (0.1, 0.0)


def test_a_late_joiner_warms_up_again_and_a_continued_site_does_not(packed: Packed) -> None:
    spec = TRAIN.model_copy(update={"rewarm_steps": 4})
    late = trainer_of(packed, spec)
    late.steps(1, 100)
    assert late.optimizer.param_groups[0]["lr"] == pytest.approx(0.01 / 4)
    late.restore(None)
    late.steps(1, 100, rewarm=False)
    assert late.optimizer.param_groups[0]["lr"] == pytest.approx(0.01)
    on = trainer_of(packed, spec)
    on.steps(10, 0)
    assert on.optimizer.param_groups[0]["lr"] == pytest.approx(0.01)


def test_a_diverged_run_names_the_step_and_the_remedy(packed: Packed) -> None:
    trainer = trainer_of(packed, rate_spec("1000000000000000"))
    with pytest.raises(IntegrityError, match=r"diverged: the (loss of|weights after) step \d+ .*lower train\.learning_rate"):
        trainer.steps(20, 0)
    poisoned = trainer_of(packed)
    values = poisoned.weights()
    values["model.norm.weight"][0] = np.nan
    poisoned.load(values)
    with pytest.raises(IntegrityError, match="loss of step 40 is nan"):
        poisoned.steps(3, 40)


def test_weights_that_broke_at_the_last_step_are_noticed_before_they_travel(packed: Packed) -> None:
    trainer = trainer_of(packed)
    trainer.steps(1, 0)
    next(iter(trainer.optimizer.state.values()))["exp_avg"].fill_(torch.inf)
    with pytest.raises(IntegrityError, match="weights after step 1 are not finite"):
        trainer.steps(1, 1)


def rate_spec(rate: str) -> TrainSpec:
    return TRAIN.model_copy(update={"learning_rate": Decimal32(rate), "warmup_steps": 0, "clip": Decimal32("0")})


def test_states_that_are_none_are_refused_and_change_nothing(packed: Packed) -> None:
    trainer = trainer_of(packed)
    trainer.steps(2, 0)
    state = trainer.state()
    other = trainer_of(packed, model=DROPOUT)
    other.steps(1, 0)
    foreign = other.state()
    torch.manual_seed(1)
    before = digest(trainer)
    for data in (b"", b"nonsense", state[:-5], state[: len(state) // 2], foreign):
        with pytest.raises(IntegrityError, match="cannot be read"):
            trainer.restore(data)
        assert digest(trainer) == before
    trainer.restore(state)
    assert trainer.state() == state


def test_text_smaller_than_a_batch_is_refused(packed: Packed) -> None:
    many = TRAIN.model_copy(update={"batch_sequences": packed.sequences + 1})
    with pytest.raises(CorpusError, match="add text"):
        trainer_of(packed, many)
    trainer_of(packed, many.model_copy(update={"batch_sequences": packed.sequences})).steps(1, 0)


def test_a_tokenizer_with_more_ids_than_the_model_has_rows_is_refused(packed: Packed) -> None:
    with pytest.raises(ConfigError, match="the model has 288 rows"):
        Trainer(models.build(TINY, 288), TRAIN, packed, torch.device("cpu"))


def test_a_device_that_is_not_there_is_one_clear_error() -> None:
    assert pick_device("cpu") == torch.device("cpu")
    assert pick_device().type in ("cpu", "cuda", "mps")
    if not torch.cuda.is_available():
        with pytest.raises(ConfigError, match="device 'cuda:3': not to be had here"):
            pick_device("cuda:3")
    with pytest.raises(ConfigError, match="device 'toaster'"):
        pick_device("toaster")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_trains_saves_and_goes_on(packed: Packed) -> None:
    device = torch.device("cuda")
    spec = TRAIN.model_copy(update={"precision": "auto"})
    one = Trainer(models.build(DROPOUT, ROWS), spec, packed, device)
    one.restore(None)
    one.steps(3, 0)
    two = Trainer(models.build(DROPOUT, ROWS), spec, packed, device)
    two.restore(one.state())
    two.load(one.weights())
    assert two.steps(4, 3).loss == pytest.approx(one.steps(4, 3).loss, rel=0.01)
