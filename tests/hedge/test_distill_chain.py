"""What a model of the demo knows, taught to a smaller one, by the commands: trained with the demo's settings, tokenizer and text,
locked, distilled by that lock, quantized, locked, routed; each is a line of one record, and `hanse hedge status` draws it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.hedge.test_hedge_chain import below, routing, statuses
from tests.hedge.test_main_path import Shell

from hanse.demo.corpora import domain, write
from hanse.demo.settings import SIZES, plan_of_size
from hanse.hedge.engine.base import Question, Settings
from hanse.hedge.engine.endpoint import Access
from hanse.hedge.engine.opening import open_engine

SIZE = SIZES["small"]
"""The tiny one has ten steps, and nothing to teach."""
TEACHER_STEPS, STEPS = 200, 100
TEXT = f"""
threads = 1
evaluate_steps = 0
[[text]]
domain = "scripture"
path = "scripture/train.jsonl"
[split]
dev_permille = 0
test_permille = 200
[data]
sequence_length = 128
[train]
batch_sequences = {SIZE.batch}
learning_rate = "{SIZE.learning_rate}"
warmup_steps = 20
"""
CONFIG = plan_of_size(SIZE).model.config
SMALLER = CONFIG | {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1}
DISTILL = f'total_steps = {STEPS}\nlonger_max = 0\n{TEXT}[teacher]\nmodel = "demo"\nlock = "models.lock"\ncontext = 128\n'
ROUTE = """
[target.one]
lock = "models.lock"
locked = "served"
folder = "served"
file = "Q8_0.gguf"
context = 256
parallel = 1
threads = 1
[route.assistant]
target = "one"
"""
PROMPTS = ("The country", "Exports and imports of", "The president is")


def shape(config: dict[str, object]) -> str:
    """As a table of TOML."""
    return "[model.config]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in config.items())


@pytest.mark.slow
def test_the_demos_model_teaches_a_smaller_one_that_is_quantized_and_served_by_its_record(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp", reason="pip install hanse[gguf]")
    shell = Shell(tmp_path)
    write(domain("scripture"), tmp_path / "scripture", 4 * SIZE.train_bytes, 1, 1)
    vocabulary = f"[tokenizer]\nvocab_size = {SIZE.vocab}\nmin_count = {SIZE.min_count}\n"
    (tmp_path / "demo.toml").write_text(f'folder = "demo"\ntotal_steps = {TEACHER_STEPS}\n{TEXT}{vocabulary}{shape(CONFIG)}')
    (tmp_path / "distill.toml").write_text(DISTILL + shape(SMALLER))
    (tmp_path / "routes.toml").write_text(ROUTE)
    shell.hanse("keys", "new", "ops", "--out", "ops.pem")
    shell.environment |= {"HANSE_RECORD": "models.intoto.jsonl", "HANSE_RECORD_KEY": "ops.pem"}

    shell.hanse("lm", "train", "demo.toml")
    shell.hanse("lock", "add", "demo/model", "--name", "demo")
    told = json.loads(shell.hanse("distill", "distill.toml", "--json"))
    (gain,), (alone,), (taught,) = told["gains"]["alone"], told["arms"]["alone"], told["arms"]["distilled"]
    assert alone["tokens"] == taught["tokens"]
    assert gain["low"] > 0.05  # bits per byte; with 240 and 120 steps 0.155
    assert told["lead"]["is_clear"]
    assert told["student"]["parameters"] * 8 < told["teacher"]["parameters"]
    (tmp_path / "served").mkdir()
    shell.hanse("quantize", "distilled/model", "--to", "Q8_0", "--out", "served/Q8_0.gguf")
    shell.hanse("lock", "add", "served")

    with open_engine(str(tmp_path / "served" / "Q8_0.gguf"), Settings(24, 256, 1), Access()) as engine:
        direct = [engine.answer(Question(prompt, prompt), 0) for prompt in PROMPTS]
    with routing(tmp_path) as client:
        routed = [client.completions.create(model="assistant", prompt=prompt, temperature=0, max_tokens=24) for prompt in PROMPTS]
    assert [answer.choices[0].text for answer in routed] == [answer.text for answer in direct]
    assert [answer.usage.completion_tokens for answer in routed if answer.usage] == [24] * len(PROMPTS)

    drawn = statuses(shell)
    assert drawn["problems"] == []
    (demo,) = drawn["models"]
    assert (demo["kind"], demo["name"]) == ("lock", "demo")
    assert below(demo) == [("distill", "demo, distilled")]
    assert below(demo, "demo, distilled") == [("quantize", "Q8_0.gguf")]
    assert below(demo, "demo, distilled", "Q8_0.gguf") == [("lock", "served"), ("route", "assistant")]
    (distilled,) = demo["children"]
    assert "from demo, gain over the student alone" in distilled["says"]
