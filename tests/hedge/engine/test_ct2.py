"""A folder of CTranslate2 answers as transformers does from the same weights, and so does every engine that scores."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.hedge.engine.tiny import save_tiny
from tests.hedge.quantize.making import smollm2

from hanse.errors import InputError
from hanse.hedge.engine.base import Answer, Question, Settings, split_pair
from hanse.hedge.engine.endpoint import Access
from hanse.hedge.engine.folder import Folder
from hanse.hedge.engine.opening import has_template, open_engine
from hanse.hedge.quantize.ct2 import convert
from hanse.hedge.quantize.write import quantize

pytest.importorskip("ctranslate2", reason="pip install hanse[ctranslate2]")
SETTINGS = Settings(tokens_max=12, threads=1, timeout_seconds=120)
CHAT = ({"role": "user", "content": "hi"},)
PAIRS = (("two words", " three"), ("ends in a space ", "x"), ("", "alone"), ("<s>a", "b"))


def asked(path: Path, *questions: Question, settings: Settings = SETTINGS) -> list[Answer]:
    engine = open_engine(str(path), settings, Access())
    try:
        return [engine.answer(question, 0) for question in questions]
    finally:
        engine.close()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("tiny") / "model", seed=3)


@pytest.fixture(scope="module")
def same(tiny: Path) -> Path:
    convert(tiny, tiny.parent / "ct2", "test", "float32")
    return tiny.parent / "ct2"


@pytest.mark.slow
def test_it_answers_and_scores_as_transformers_and_llama_cpp_do(tiny: Path, same: Path) -> None:
    questions = (Question("chat", None, CHAT), Question("prompt", "hello"), Question("bos", "<s>hello", tokens_max=3),
                 Question("scored", scored=PAIRS))  # fmt: skip
    expected, found = asked(tiny, *questions), asked(same, *questions)
    for one, other in zip(expected, found, strict=True):
        assert (one.text, one.tokens_in, one.tokens_out) == (other.text, other.tokens_in, other.tokens_out)
        assert one.is_cut == other.is_cut
    assert [one.tokens_in for one in expected[:3]] == [1 + len("user: hi\nassistant:"), 6, 6]  # a token is a byte; BOS
    assert found[0].tokens_out == 12
    assert found[0].is_cut
    assert found[0].logprob is not None
    quantize(tiny, "F32", tiny.parent / "tiny.gguf", False, "test")
    (llama,) = asked(tiny.parent / "tiny.gguf", questions[3])
    for row in (found[3], llama):
        assert [total for total, _ in row.scores] == pytest.approx([total for total, _ in expected[3].scores], abs=2e-3)
        assert [greedy for _, greedy in row.scores] == [greedy for _, greedy in expected[3].scores]
        assert row.text == expected[3].text == max(zip(expected[3].scores, PAIRS, strict=True))[1][1]


def test_a_stop_ends_an_answer_and_what_is_said_greedily_is_told(tiny: Path, same: Path) -> None:
    free = Folder(tiny, SETTINGS).answer(Question("free", "hello"), 0)
    stop = free["text"][2:4]
    stopped = asked(same, Question("stop", "hello", stop=(stop,)), Question("greedy", scored=(("hello", free["text"]),)))
    expected = Folder(tiny, SETTINGS).answer(Question("stop", "hello", stop=(stop,)), 0)
    assert stopped[0].text == expected["text"] == free["text"][: free["text"].index(stop) + 2]
    assert stopped[0].tokens_out == expected["tokens_out"] < free["tokens_out"]
    assert not stopped[0].is_cut
    assert not expected["is_cut"]
    assert stopped[1].scores[0][1]


def test_what_the_folder_holds_says_which_engine_it_is(same: Path, tmp_path: Path) -> None:
    engine = open_engine(str(same), SETTINGS, Access())
    assert engine.identity.kind == "ctranslate2"
    assert engine.identity.engine.startswith("ctranslate2 ")
    assert has_template(engine)
    shutil.copytree(same, tmp_path / "ct2")
    assert open_engine(str(tmp_path / "ct2"), SETTINGS, Access()).identity.sha256 == engine.identity.sha256
    config = json.loads((same / "config.json").read_text())
    assert (config["eos_token_id"], config["max_position_embeddings"]) == (1, 64)
    (tmp_path / "ct2" / "model.safetensors").write_bytes(b"")
    with pytest.raises(InputError, match="no model's folder"):
        open_engine(str(tmp_path / "ct2"), SETTINGS, Access())
    (tmp_path / "ct2" / "model.safetensors").unlink()
    (tmp_path / "ct2" / "tokenizer.json").unlink()
    with pytest.raises(InputError, match=r"no tokenizer\.json in it; make it again"):
        open_engine(str(tmp_path / "ct2"), SETTINGS, Access())


@pytest.mark.slow
def test_a_folder_that_is_cut_off_and_a_question_too_long_are_named(same: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="item long: 101 tokens, more than there is room for"):
        asked(same, Question("long", "x" * 100))
    shutil.copytree(same, tmp_path / "cut")
    path = tmp_path / "cut" / "model.bin"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="cut: CTranslate2 cannot load it"):
        asked(tmp_path / "cut", Question("a", "?"))


def test_a_continuation_has_tokens_of_its_own_behind_its_context() -> None:
    def encode(text: str, begins: bool) -> list[int]:
        return [-1] * begins + list(text.encode())

    assert split_pair("a ", "b", encode) == ([-1, 97], [32, 98])
    assert split_pair("", "b", encode) == ([-1], [98])
    assert split_pair("", "b", lambda text, begins: list(text.encode()), 7) == ([7], [98])
    for context, continuation, first in (("a", "", 7), ("", "b", None)):
        with pytest.raises(InputError, match="no tokens of its own"):
            split_pair(context, continuation, lambda text, begins: list(text.encode()), first)


@pytest.mark.slow
def test_smollm2_in_int8_says_what_its_folder_says(tmp_path: Path) -> None:
    smollm2(tmp_path / "smollm2")
    convert(tmp_path / "smollm2", tmp_path / "int8", "test")
    shutil.rmtree(tmp_path / "smollm2")
    question = Question("paris", None, ({"role": "user", "content": "What is the capital of France?"},), tokens_max=24)
    (answer,) = asked(tmp_path / "int8", question, settings=SETTINGS)
    assert "Paris" in answer.text
    assert not answer.is_cut  # it ended by itself
    assert answer.memory_bytes is not None
    assert answer.memory_bytes < 900e6
