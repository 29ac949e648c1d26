"""Files that are no model are said to be none before anything starts; a model in its own process is asked as its file says."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest
from tests.hedge.engine.tiny import save_tiny

from hanse.errors import HanseError, InputError, Unavailable
from hanse.hedge.engine.base import Identity, Question, Settings
from hanse.hedge.engine.endpoint import Access
from hanse.hedge.engine.local import LocalEngine
from hanse.hedge.engine.opening import has_template, open_engine

SETTINGS = Settings(tokens_max=5, threads=1, timeout_seconds=300)


def opened(named: object) -> LocalEngine:
    found = open_engine(str(named), SETTINGS, Access())
    assert isinstance(found, LocalEngine)
    return found


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("tiny") / "model")


@pytest.mark.slow
def test_a_folder_is_asked_by_its_template_with_one_bos_and_the_same_again(tiny: Path) -> None:
    with opened(tiny) as engine:
        chat = Question("a", None, ({"role": "user", "content": "hi"},))
        answer = engine.answer(chat, 0)
        assert answer.tokens_in == 1 + len("user: hi\nassistant:")  # a token is a byte here; one more is BOS
        assert engine.answer(Question("b", "hello"), 0).tokens_in == 1 + 5
        assert engine.answer(Question("c", "<s>hello"), 0).tokens_in == 1 + 5
        again = engine.answer(chat, 3)
        assert (again.text, again.tokens_out) == (answer.text, answer.tokens_out)
        assert 0 < answer.first_byte_seconds <= answer.seconds
        assert answer.cpu_seconds is not None
        assert answer.cpu_seconds > 0
        assert answer.memory_bytes is not None
        assert answer.memory_bytes > 50e6
        with pytest.raises(InputError, match="item long: 101 tokens, more than there is room for"):
            engine.answer(Question("long", "x" * 100), 0)
        assert engine.answer(chat, 0).text == answer.text  # a refused question harms no other
        assert engine._process is not None
        os.kill(engine._process.pid, signal.SIGKILL)
        with pytest.raises(Unavailable, match="model: its process ended"):
            engine.answer(chat, 0)


@pytest.mark.slow
def test_a_folder_whose_weights_are_cut_off_is_named(tiny: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny, tmp_path / "cut")
    path = tmp_path / "cut" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with opened(tmp_path / "cut") as engine, pytest.raises(HanseError, match="cut: "):
        engine.answer(Question("a", "?"), 0)


def test_any_byte_of_a_folder_and_its_template_tell_in_its_identity(tiny: Path, tmp_path: Path) -> None:
    first = opened(tiny)
    assert has_template(first)
    shutil.copytree(tiny, tmp_path / "model")
    assert opened(tmp_path / "model").identity == first.identity
    (tmp_path / "model" / "chat_template.jinja").unlink()
    other = opened(tmp_path / "model")
    assert not has_template(other)
    assert other.identity.sha256 != first.identity.sha256


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.gguf", b"", "does not begin as a GGUF file"),
        ("a.gguf", b"PK\x03\x04", "does not begin as a GGUF file"),
        ("a.bin", b"\x80\x04K\x01.", "does not begin as a GGUF file"),
        ("a.gguf", b"GGUF\x03\x00\x00\x00", "8 bytes"),
        ("a.gguf", b"GGUF" + b"\xff" * 60, "version"),
        ("a.gguf", b"GGUF\x03\x00\x00\x00" + (1).to_bytes(8, "little") + (0).to_bytes(8, "little"), "ends in the middle"),
        ("a.jsonl", b"\xff\n", "not UTF-8"),
    ],
)
def test_what_is_no_model_is_named_before_anything_starts(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError) as caught:
        open_engine(str(tmp_path / name), SETTINGS, Access())
    assert name in str(caught.value)
    assert said in str(caught.value)


def test_a_gguf_in_parts_needs_all_of_them_and_each_tells(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp", reason="pip install hanse[gguf]")
    empty = b"GGUF\x03\x00\x00\x00" + bytes(16)
    first, second = (tmp_path / f"m-0000{at}-of-00002.gguf" for at in (1, 2))
    first.write_bytes(empty)
    with pytest.raises(InputError, match=r"m-00002-of-00002\.gguf: no such file"):
        opened(first)
    second.write_bytes(empty)
    before = opened(first).identity.sha256
    second.write_bytes(empty + b"1")
    assert opened(first).identity.sha256 != before
    with pytest.raises(InputError, match="is part 2 of 2; name the first"):
        opened(second)


def test_pickled_weights_are_no_model(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(InputError, match="pickled weights are not loaded"):
        open_engine(str(tmp_path), SETTINGS, Access())
    with pytest.raises(InputError, match="no such file or folder"):
        open_engine(str(tmp_path / "none"), SETTINGS, Access())


def test_a_process_that_does_not_answer_in_time_is_ended(tiny: Path) -> None:
    engine = LocalEngine(tiny, Identity("folder", "slow"), Settings(timeout_seconds=0.001))
    with pytest.raises(Unavailable, match=r"slow: no answer within 0\.01 seconds"):
        engine.answer(Question("a", "?"), 0)
    assert engine._process is None
