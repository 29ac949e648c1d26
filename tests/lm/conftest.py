"""A small corpus, its tokenizer and a model of a few thousand parameters: fast, and real text in kind."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch

from hanse.lm import model as models
from hanse.lm.pack import Packed, write_tokens
from hanse.lm.spec import Decimal32, ModelSpec, TrainSpec
from hanse.lm.tokenizer import Tokenizer, count_words, train_bpe
from hanse.lm.train import Trainer

TEXT = "the ship sails to harbor with grain and cloth while a merchant counts silver under old lamps near stone walls"
WORDS = TEXT.split(" ")
TINY = ModelSpec(
    config={
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "max_position_embeddings": 64,
        "tie_word_embeddings": True,
    }
)
TRAIN = TrainSpec(batch_sequences=4, warmup_steps=3, learning_rate=Decimal32("0.01"))
ROWS = 320


def story(seed: int, words: int = 120) -> str:
    """Text of one document: seeded words in sentences."""
    chance = random.Random(seed)
    found = [chance.choice(WORDS) + ("." if at % 9 == 8 else "") for at in range(words)]
    return " ".join(found) + "\n"


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def texts() -> list[str]:
    return [story(seed) for seed in range(40)]


@pytest.fixture(scope="session")
def tokenizer(texts: list[str]) -> Tokenizer:
    return Tokenizer(train_bpe([count_words(texts, 1, 24)], ROWS))


@pytest.fixture(scope="session")
def tokens(tmp_path_factory: pytest.TempPathFactory, texts: list[str], tokenizer: Tokenizer) -> Path:
    path = tmp_path_factory.mktemp("corpus") / "tokens.bin"
    write_tokens(texts, tokenizer, path)
    return path


@pytest.fixture
def packed(tokens: Path, tokenizer: Tokenizer) -> Packed:
    return Packed(tokens, tokenizer, 16, seed=5)


def trainer_of(packed: Packed, spec: TrainSpec = TRAIN, model: ModelSpec = TINY) -> Trainer:
    made = Trainer(models.build(model, ROWS), spec, packed, torch.device("cpu"))
    made.restore(None)
    return made
