"""A language of forty words in which the next word is a matter of chance, but of known chance: what a teacher can pass on."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from hanse.hedge.distill.settings import DistillConfig
from hanse.lm.alone import train_alone
from hanse.lm.config import load_config, read_config

SHAPE = """
[model.config]
hidden_size = {hidden}
intermediate_size = {inner}
num_hidden_layers = 1
num_attention_heads = 2
num_key_value_heads = 2
max_position_embeddings = 64
tie_word_embeddings = true
[data]
sequence_length = 32
[split]
dev_permille = 60
test_permille = 100
[train]
learning_rate = "0.01"
warmup_steps = 5
"""
TEXT = '[[text]]\ndomain = "tales"\npath = "tales.jsonl"\n'
TEACHER = 'folder = "big"\ntotal_steps = {steps}\nevaluate_steps = 0\nthreads = 1\n' + TEXT
VOCABULARY = "[tokenizer]\nvocab_size = {size}\nmin_count = 1\n"
SEQUENCE = '{head}level = "sequence"\nvocabulary = "own"\nprompts = "prompts.jsonl"\nlonger_max = 0'
STUDENT = 'threads = 1\ncheckpoint_steps = 20\ntotal_steps = 60\n{more}\n[teacher]\nmodel = "big/model"\ncontext = 32\n{teacher}\n'


def tales(path: Path, documents: int = 240, seed: int = 0) -> None:
    """Write the corpus."""
    chance = random.Random(seed)
    words = ["".join(chance.choice("abcdefghijklmnop") for _ in range(3)) for _ in range(40)]
    follow = [[chance.expovariate(1.0) ** 2 for _ in words] for _ in words]
    rows = []
    for number in range(documents):
        at, said = chance.randrange(40), []
        for _ in range(80):
            said.append(words[at])
            at = chance.choices(range(40), follow[at])[0]
        rows.append(json.dumps({"id": str(number), "text": " ".join(said) + "\n"}))
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def teacher(folder: Path, steps: int = 250) -> None:
    """Corpus and trained teacher in a folder."""
    tales(folder / "tales.jsonl")
    path = folder / "big.toml"
    text = TEACHER.format(steps=steps) + VOCABULARY.format(size=320) + SHAPE.format(hidden=64, inner=128)
    path.write_text(text, encoding="utf-8")
    assert train_alone(load_config(path), silent, never) is not None


def student(folder: Path, name: str = "d.toml", more: str = "", teacher: str = "", tail: str = TEXT) -> DistillConfig:
    """Settings of a student beside `teacher`'s folder."""
    path = folder / name
    path.write_text(STUDENT.format(more=more, teacher=teacher) + tail + SHAPE.format(hidden=32, inner=64), encoding="utf-8")
    return read_config(path, DistillConfig)


def sequence(folder: Path, rows: list[dict[str, Any]], teacher: str, name: str = "answers", extra: str = "") -> DistillConfig:
    """Settings of level sequence with recorded answers or an endpoint."""
    (folder / "prompts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    config = student(folder, f"{name}.toml", SEQUENCE.format(head=f'folder = "{name}"\n'), extra, VOCABULARY.format(size=288))
    return config.model_copy(update={"teacher": config.teacher.model_copy(update={"model": teacher})})


def silent(what: str, details: dict[str, Any]) -> None:
    """Hears nothing."""


def never() -> bool:
    """Goes on."""
    return False
