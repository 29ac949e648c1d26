from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from hanse.errors import IntegrityError
from hanse.lm.checkpoint import Checkpoint, latest_checkpoint, read_checkpoint, write_checkpoint

WEIGHTS = {"a.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "b.weight": np.ones(4, np.float32)}


def test_a_checkpoint_comes_back_as_it_was(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "c", Checkpoint(7, WEIGHTS, b"state"))
    found = latest_checkpoint(tmp_path / "c")
    assert found is not None
    assert (found.step, found.trainer, list(found.weights)) == (7, b"state", ["a.weight", "b.weight"])
    assert all(np.array_equal(found.weights[name], WEIGHTS[name]) for name in WEIGHTS)


def test_the_newest_is_taken_by_number_and_old_ones_go(tmp_path: Path) -> None:
    for step in (5, 99_999_999, 100_000_000):
        write_checkpoint(tmp_path, Checkpoint(step, WEIGHTS, b""))
    assert sorted(int(path.name) for path in tmp_path.iterdir()) == [99_999_999, 100_000_000]
    found = latest_checkpoint(tmp_path)
    assert found is not None
    assert found.step == 100_000_000


def test_nothing_is_none_and_a_half_written_one_is_nothing(tmp_path: Path) -> None:
    assert latest_checkpoint(tmp_path / "none") is None
    done = write_checkpoint(tmp_path, Checkpoint(1, WEIGHTS, b""))
    shutil.copytree(done, tmp_path / ".partial-x")
    (tmp_path / ".partial-x" / "checkpoint.json").unlink()
    found = latest_checkpoint(tmp_path)
    assert found is not None
    assert found.step == 1
    write_checkpoint(tmp_path, Checkpoint(2, WEIGHTS, b""))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["00000001", "00000002"]


@pytest.mark.parametrize("name", ["weights.safetensors", "trainer.safetensors", "checkpoint.json"])
def test_a_damaged_or_missing_file_is_named_with_the_remedy(tmp_path: Path, name: str) -> None:
    path = write_checkpoint(tmp_path, Checkpoint(3, WEIGHTS, b"state"))
    data = bytearray((path / name).read_bytes())
    data[-2] ^= 1
    (path / name).write_bytes(bytes(data))
    with pytest.raises(IntegrityError, match=r"00000003.*remove"):
        read_checkpoint(path)
    (path / name).unlink()
    with pytest.raises(IntegrityError, match=r"00000003.*remove"):
        read_checkpoint(path)
