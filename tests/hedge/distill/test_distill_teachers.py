"""Level sequence: a folder, a GGUF file and a locked model teach alike, each by its own engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from tests import warm
from tests.hedge.distill.lessons import never, sequence, silent, teacher

from hanse.errors import TuneError
from hanse.hedge.distill.run import distill
from hanse.hedge.quantize.write import quantize


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a teacher, who goes on with what it reads, and that teacher in a lock and as a GGUF file."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("school")
    teacher(folder, 60)
    assert warm.run(("lock", "add", "big/model", "--name", "big"), folder).returncode == 0
    return folder


def taught(folder: Path, named: str, steps: int = 60, **spec: Any) -> tuple[dict[str, Any], list[str]]:
    """The report and the answers that were learned."""
    tales = [json.loads(line)["text"] for line in (folder / "tales.jsonl").read_text().splitlines()[:50]]
    name = f"by-{Path(named).name}"
    config = sequence(folder, [{"prompt": tale[:15]} for tale in tales], named, name, "answer_tokens = 12")
    config = config.model_copy(update={"total_steps": steps, "teacher": config.teacher.model_copy(update=spec)})
    found = distill(config, "", silent, never)
    assert found is not None
    lines = (folder / name / "text" / "answers.jsonl").read_text().splitlines()[1:]
    return found, [json.loads(line)["answer"] for line in lines]


def test_a_folder_and_its_lock_and_its_gguf_teach_the_same(school: Path) -> None:
    pytest.importorskip("xllamacpp", reason="pip install hanse[gguf]")
    quantize(school / "big" / "model", "F32", school / "big.gguf", False, "test")
    folder, said = taught(school, "big/model")
    assert folder["arms"]["distilled"][0]["bits_per_byte"] < 2  # a byte of chance takes 8
    assert len({answer[:4] for answer in said}) > 3
    locked, same = taught(school, "big", 1, lock="models.lock")
    assert same == said
    assert locked["data"]["lesson"] == folder["data"]["lesson"]
    assert (locked["teacher"]["name"], locked["teacher"]["sha256"]) == ("big", folder["teacher"]["sha256"])
    gguf, close = taught(school, "big.gguf")
    assert sum(one == other for one, other in zip(close, said, strict=True)) > 45  # of 50: llama.cpp rounds otherwise
    assert gguf["arms"]["distilled"][0]["bits_per_byte"] < 2
    assert gguf["teacher"]["bits_per_byte"] is None


def test_a_locked_teacher_of_which_a_byte_changed_is_not_asked(school: Path) -> None:
    weights = school / "big" / "model" / "model.safetensors"
    data = weights.read_bytes()
    weights.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    try:
        with pytest.raises(TuneError, match=r"big: model.safetensors.*hanse lock verify"):
            taught(school, "big", lock="models.lock")
    finally:
        weights.write_bytes(data)
