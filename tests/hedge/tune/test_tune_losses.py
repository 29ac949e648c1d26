"""Log-probabilities in chunks, with the gradient made on the way, equal those of all logits at once."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.hedge.tune.tiny import tiny_base
from torch.nn import functional

from hanse.hedge.tune import losses
from hanse.hedge.tune.base import load, open_base
from hanse.hedge.tune.lora import Lora, attach
from hanse.hedge.tune.losses import Even, Scored, dpo, sums, weights_of

IDS = torch.arange(60).reshape(3, 20) * 7 % 500
COUNTED = (torch.arange(60).reshape(3, 20) % 3 > 0) & (torch.arange(20) > 0)


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    root = tmp_path_factory.mktemp("bases")
    return {tied: tiny_base(root / str(tied), tie_word_embeddings=tied) for tied in (False, True)}


def model_of(folder: Path, kind: str) -> Any:
    made = load(open_base(str(folder)))[0]
    if kind == "full":
        return made
    made = attach(made, Lora(4, 8, unembed=kind == "unembed"))
    for name, tensor in made.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(tensor, 0, 0.1, generator=torch.Generator().manual_seed(len(name)))
    return made


def gradients(model: Any) -> dict[str, Any]:
    return {name: tensor.grad.clone() for name, tensor in model.named_parameters() if tensor.grad is not None}


@pytest.mark.parametrize("kind", ["lora", "unembed", "full"])
@pytest.mark.parametrize("tied", [False, True])
def test_loss_and_gradient_are_those_of_all_logits(
    bases: dict[bool, Path], tied: bool, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(losses, "CHUNK", 7)
    model = model_of(bases[tied], kind)
    logits = model(input_ids=IDS).logits[:, :-1][COUNTED[:, 1:]]
    wanted = functional.cross_entropy(logits, IDS[:, 1:][COUNTED[:, 1:]])
    wanted.backward()
    expected = gradients(model)
    model.zero_grad()
    scored = Scored(model)
    assert scored._is_plain
    objective, logprobs = scored(IDS, COUNTED, Even(int(COUNTED.sum())))
    objective.backward()
    made = gradients(model)
    assert torch.allclose(objective, wanted, atol=1e-5)
    assert torch.allclose(-logprobs.mean(), wanted, atol=1e-5)
    assert expected.keys() == made.keys()
    assert len(made) == sum(tensor.requires_grad for tensor in model.parameters())
    for name, tensor in expected.items():
        assert torch.allclose(made[name], tensor, atol=1e-5), name


@pytest.mark.parametrize("is_plain", [True, False])
def test_dpo_has_the_gradient_of_its_loss(bases: dict[bool, Path], is_plain: bool) -> None:
    model = model_of(bases[False], "lora")
    ids, counted = torch.cat((IDS, IDS[:1])), torch.cat((COUNTED, COUNTED[:1]))
    reference = torch.tensor([-60.0, -70.0, -80.0, -75.0])

    def loss(logprobs: torch.Tensor) -> torch.Tensor:
        return dpo(sums(logprobs, counted), reference, 0.1).mean()

    logits = model(input_ids=ids).logits[:, :-1]
    every = torch.gather(logits.log_softmax(-1), 2, ids[:, 1:, None])[..., 0]
    row = (every * counted[:, 1:]).sum(1)
    margin = (row - reference)[0::2] - (row - reference)[1::2]
    wanted = -torch.log(torch.sigmoid(0.1 * margin)).mean()
    wanted.backward()
    expected = gradients(model)
    model.zero_grad()
    scored = Scored(model)
    scored._is_plain = is_plain
    objective, logprobs = scored(ids, counted, weights_of(loss))
    objective.backward()
    assert torch.allclose(loss(logprobs), wanted, atol=1e-5)
    for name, tensor in gradients(model).items():
        assert torch.allclose(expected[name], tensor, atol=1e-4), name


def test_dpo_of_the_reference_itself_is_log_two() -> None:
    sums_ = torch.tensor([-3.0, -5.0, -1.0, -9.0])
    assert torch.allclose(dpo(sums_, sums_, 0.3), torch.full((2,), math.log(2)))
    better = dpo(sums_ + torch.tensor([2.0, 0.0, 0.0, 0.0]), sums_, 0.3)
    assert better[0] < better[1] == pytest.approx(math.log(2))


def test_a_model_that_caps_its_logits_makes_them_itself() -> None:
    import transformers

    config = transformers.Gemma2Config(
        hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=1, head_dim=16,
        vocab_size=64, max_position_embeddings=64, final_logit_softcapping=0.5,
    )  # fmt: skip
    torch.manual_seed(0)
    model: Any = transformers.Gemma2ForCausalLM(config).eval()
    for tensor in model.parameters():
        torch.nn.init.normal_(tensor)
    scored = Scored(model)
    assert not scored._is_plain
    ids = IDS % 64
    wanted = -functional.cross_entropy(model(input_ids=ids).logits[:, :-1][COUNTED[:, 1:]], ids[:, 1:][COUNTED[:, 1:]])
    assert torch.allclose(scored(ids, COUNTED, None)[1].mean(), wanted, atol=1e-5)


def test_nothing_counted_has_no_gradient(bases: dict[bool, Path]) -> None:
    for kind in ("lora", "unembed"):
        model = model_of(bases[False], kind)
        objective, logprobs = Scored(model)(IDS, torch.zeros_like(COUNTED), Even(5))
        objective.backward()
        assert len(logprobs) == 0
        assert all(not tensor.any() for tensor in gradients(model).values())
