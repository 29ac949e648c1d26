"""The teacher's distributions on disk: what is read is what it said, and nothing is made twice or trusted unseen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.hedge.quantize.making import small

from hanse.errors import DigestMismatch, TuneError
from hanse.hedge.distill.targets import Asked, make_targets

STREAM = np.random.default_rng(0).integers(1, 500, 150)


def asked(**changes: object) -> Asked:
    return Asked(**{"stream": STREAM, "where": np.arange(150), "symbols": None, "rows": 512, "context": 32, "top": 8,
                    "temperature": 1.0, "shard": 40} | changes)  # type: ignore[arg-type]  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> torch.nn.Module:
    torch.set_num_threads(1)
    return small(tmp_path_factory.mktemp("model"), max_position_embeddings=64)


def go(done: int) -> bool:
    return False


def test_what_is_read_is_what_the_model_says_after_a_quarter_of_its_context(tmp_path: Path, model: torch.nn.Module) -> None:
    found = make_targets(tmp_path, model, asked(), {}, go)
    assert found is not None
    assert found.known == 150
    read = found.read(np.array([0, 70, 117]), 30)
    for row, start in enumerate((0, 70, 117)):
        for at in range(start, start + 30, 7):
            begin = max(0, at // 24 * 24 - 8)
            with torch.no_grad():
                logits = model(input_ids=torch.from_numpy(STREAM[None, begin : at + 1])).logits[0, -1]
            values, ids = torch.log_softmax(logits, -1).topk(8)
            place = row, at - start
            assert torch.allclose(read["log_probs"][place], values, atol=2e-2)
            assert read["ids"][place].tolist() == ids.tolist() or torch.allclose(values[:-1], values[1:], atol=1e-4)
            assert read["rest"][place].item() == pytest.approx(1 - values.exp().sum().item(), abs=1e-4)


def test_a_stopped_one_goes_on_to_the_same_bytes(tmp_path: Path, model: torch.nn.Module) -> None:
    whole = make_targets(tmp_path / "whole", model, asked(), {}, go)
    assert whole is not None
    rounds, found = 0, None
    while found is None:
        count = len(list((tmp_path / "parts").glob("*.safetensors")))
        found = make_targets(tmp_path / "parts", model, asked(), {}, lambda done, count=count: done > 40 * count)  # type: ignore[misc]
        rounds += 1
    assert rounds == 4
    assert found.digest == whole.digest


def test_only_what_is_wanted_is_asked(tmp_path: Path, model: torch.nn.Module) -> None:
    where = np.where(np.arange(150) == 77, 77, -1)
    found = make_targets(tmp_path, model, asked(where=where), {}, go)
    assert found is not None
    assert found.known == 1
    read = found.read(np.array([76]), 3)
    assert read["known"].tolist() == [[0, 1, 0]]


def test_changed_bytes_and_another_teacher_are_told(tmp_path: Path, model: torch.nn.Module) -> None:
    assert make_targets(tmp_path, model, asked(), {"teacher": "a"}, go) is not None
    with pytest.raises(TuneError, match="asked with another teacher; remove it, or name another `folder`"):
        make_targets(tmp_path, model, asked(), {"teacher": "b"}, go)
    path = tmp_path / "00000001.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(DigestMismatch, match="00000001"):
        make_targets(tmp_path, model, asked(), {"teacher": "a"}, go)
    path.unlink()
    with pytest.raises(DigestMismatch, match="cannot be read"):
        make_targets(tmp_path, model, asked(), {"teacher": "a"}, go)
    (tmp_path / "targets.json").write_bytes(b"{")
    with pytest.raises(TuneError, match="damaged"):
        make_targets(tmp_path, model, asked(), {"teacher": "a"}, go)
