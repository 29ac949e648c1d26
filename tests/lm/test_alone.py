"""`hanse lm` from text to a model folder: stopped, killed, resumed, misconfigured."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests import warm
from tests.lm.conftest import story

from hanse.cli.lm import lm
from hanse.errors import ConfigError, CorpusError, DigestMismatch, HanseError
from hanse.lm.alone import prepare, score_alone, train_alone
from hanse.lm.config import LmConfig, load_config

CONFIG = """
folder = "out"
total_steps = {steps}
evaluate_steps = 6
checkpoint_steps = {every}
log_steps = 2
threads = 1
[[text]]
domain = "tales"
path = "tales.jsonl"
[[text]]
domain = "notes"
path = "notes/*.txt"
[split]
dev_permille = 150
test_permille = 150
[tokenizer]
vocab_size = 320
min_count = 1
[model.config]
hidden_size = 32
intermediate_size = 64
num_hidden_layers = 1
num_attention_heads = 2
num_key_value_heads = 2
max_position_embeddings = 64
tie_word_embeddings = true
[data]
sequence_length = 16
[train]
batch_sequences = 2
warmup_steps = 2
"""


def write_config(folder: Path, steps: int = 12, every: int = 4) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [json.dumps({"text": story(seed, 40)}) for seed in range(60)]
    (folder / "tales.jsonl").write_text("\n".join(rows) + "\n")
    (folder / "notes").mkdir(exist_ok=True)
    for seed in range(100, 140):
        (folder / "notes" / f"{seed}.txt").write_text(story(seed, 40))
    (folder / "notes" / "twin.txt").write_text(story(100, 40))
    (folder / "c.toml").write_text(CONFIG.format(steps=steps, every=every))
    return folder / "c.toml"


def quietly(what: str, details: dict[str, Any]) -> None:
    """Takes reports and shows none."""


def run(config: LmConfig) -> dict[str, Any]:
    result = train_alone(config, quietly, lambda: False)
    assert result is not None
    return result


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def trained(config: LmConfig) -> tuple[str, list[tuple[int, float]]]:
    """Digest of the model and the loss of every line."""
    lines = [json.loads(line) for line in (config.folder_path / "metrics.jsonl").read_text().splitlines()]
    return digest(config.folder_path / "model" / "model.safetensors"), [(r["step"], r["loss"]) for r in lines if "loss" in r]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> LmConfig:
    config = load_config(write_config(tmp_path_factory.mktemp("whole")))
    run(config)
    return config


def stops_after(count: int) -> Iterator[bool]:
    yield from [False] * count
    while True:
        yield True


def test_a_run_leaves_metrics_scores_and_a_model(whole: LmConfig) -> None:
    lines = [json.loads(line) for line in (whole.folder_path / "metrics.jsonl").read_text().splitlines()]
    steps = [line for line in lines if "loss" in line]
    assert [line["step"] for line in steps] == [2, 4, 6, 8, 10, 12]
    assert {"learning_rate", "tokens", "tokens_per_second", "flops_utilization"} <= set(steps[0])
    scores = [line for line in lines if "loss" not in line]
    assert [line["step"] for line in scores] == [6, 12]
    assert set(scores[0]) == {"step", "dev/notes/bits_per_byte", "dev/tales/bits_per_byte"}
    assert {path.name for path in (whole.folder_path / "model").iterdir()} >= {"config.json", "model.safetensors", "tokenizer.json"}


def test_held_text_is_not_in_the_tokens_and_duplicates_are_counted(whole: LmConfig) -> None:
    prepared = prepare(whole, quietly)
    stream = prepared.tokenizer.decode(prepared.packed.tokens.tolist())
    held = [text for part in prepared.held.values() for texts in part.values() for text in texts]
    assert len(held) == prepared.counts["dev"] + prepared.counts["test"] > 0
    assert not any(text in stream for text in held)
    assert prepared.counts["documents"] + prepared.counts["duplicates"] + prepared.counts["overlapping"] + len(held) == 101


@pytest.mark.parametrize("after", [0, 1, 3, 5])
def test_a_stopped_run_goes_on_to_the_same_bits(tmp_path: Path, whole: LmConfig, after: int) -> None:
    config = load_config(write_config(tmp_path))
    stop = stops_after(after)
    assert train_alone(config, quietly, lambda: next(stop)) is None
    run(config)
    assert trained(config) == trained(whole)
    run(config)  # again, when all is done
    assert trained(config) == trained(whole)


@pytest.mark.slow
def test_a_killed_process_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    reference = load_config(write_config(tmp_path / "one", steps=400, every=20))
    run(reference)
    path = write_config(tmp_path / "two", steps=400, every=20)
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    for number, code in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)):
        with open(tmp_path / "said", "ab") as said:
            process = warm.start(("lm", "train", str(path), "--json"), tmp_path, said, said, environment)
        seen = _newest(path.parent)
        while _newest(path.parent) <= seen:
            assert process.poll() is None, (tmp_path / "said").read_text()
            time.sleep(0.02)
        process.send_signal(number)
        assert process.wait(300) == code
    config = load_config(path)
    run(config)
    assert trained(config) == trained(reference)


def _newest(folder: Path) -> int:
    return max((int(path.name) for path in folder.glob("out/checkpoints/[0-9]*")), default=0)


def test_another_configuration_does_not_go_on_in_the_folder(tmp_path: Path) -> None:
    run(load_config(write_config(tmp_path, steps=4)))
    with pytest.raises(ConfigError, match="total_steps: changed since"):
        run(load_config(write_config(tmp_path, steps=6)))


def test_changed_tokens_are_noticed(tmp_path: Path) -> None:
    config = load_config(write_config(tmp_path))
    prepare(config, quietly)
    path = config.folder_path / "text" / "tokens.bin"
    data = bytearray(path.read_bytes())
    data[0] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(DigestMismatch, match=r"remove .*prepared"):
        prepare(config, quietly)


def test_a_domain_nothing_of_which_could_be_scored_is_refused(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    for note in sorted((tmp_path / "notes").iterdir())[1:]:
        note.unlink()
    with pytest.raises(CorpusError, match=r"domain notes: none .*dev_permille"):
        run(load_config(path))


def test_scoring_before_training_says_what_to_run_first(tmp_path: Path) -> None:
    with pytest.raises(HanseError, match="hanse lm train"):
        score_alone(load_config(write_config(tmp_path)), "dev")


def called(*arguments: str) -> Result:
    return CliRunner().invoke(lm, list(arguments), standalone_mode=False)


def test_the_commands_train_score_and_sample(tmp_path: Path) -> None:
    path = write_config(tmp_path, steps=4)
    made = called("train", str(path))
    assert made.exception is None
    assert "dev notes: " in made.output
    scores = json.loads(called("eval", str(path), "--json").stdout)
    assert set(scores) == {"notes", "tales"}
    assert scores["notes"]["low"] <= scores["notes"]["bits_per_byte"] <= scores["notes"]["high"]
    assert "read 1 times before" not in called("eval", str(path), "--part", "test").output
    assert "read 1 times before" in called("eval", str(path), "--part", "test").output
    other = json.loads(called("eval", str(tmp_path / "out" / "model"), "--text", str(tmp_path / "tales.jsonl"), "--json").stdout)
    assert other[str(tmp_path / "tales.jsonl")]["documents"] == 60
    text = called("sample", str(path), "--prompt", "the ship", "--tokens", "5").output
    assert text.startswith("the ship")
    assert json.loads(called("sample", str(tmp_path / "out" / "model"), "--json", "--tokens", "3").stdout)["seed"] == 0


def test_the_commands_refuse_what_makes_no_sense(tmp_path: Path) -> None:
    path = write_config(tmp_path, steps=2)
    assert "its own held-out text" in str(called("eval", str(path), "--text", "x").exception)
    called("train", str(path), "--json")
    assert "name some with --text" in str(called("eval", str(tmp_path / "out" / "model")).exception)
    assert "No such file" in str(called("train", str(tmp_path / "none.toml")).exception)


def test_an_adopted_base_with_its_own_tokenizer_trains_on(tmp_path: Path, whole: LmConfig) -> None:
    base = whole.folder_path / "model"
    path = write_config(tmp_path, steps=4)
    text = path.read_text()
    start, end = text.index("[tokenizer]"), text.index("[data]")
    tables = [
        "[tokenizer]",
        'kind = "given"',
        f'sha256 = "{digest(base / "tokenizer.json")}"',
        "[model.base]",
        'name = "house"',
        'licence = "Apache-2.0"',
        "[model.base.files]",
        *(f'"{name}" = "{digest(base / name)}"' for name in ("config.json", "model.safetensors")),
    ]
    head = f'base = "{base}"\ntokenizer_file = "{base / "tokenizer.json"}"\n'
    path.write_text(head + text[:start] + "\n".join(tables) + "\n" + text[end:])
    config = load_config(path)
    before = {domain: score.bits_per_byte for domain, score in score_alone(whole, "dev").items()}
    result = run(config)
    assert result["tokenizer"] == digest(base / "tokenizer.json")
    assert result["dev_bits_per_byte"].keys() == before.keys()
    assert all(result["dev_bits_per_byte"][domain] < 1.05 * before[domain] for domain in before)
    (tmp_path / "other.json").write_bytes((base / "tokenizer.json").read_bytes() + b"\n")
    changed = path.read_text().replace(str(base / "tokenizer.json"), "other.json").replace('folder = "out"', 'folder = "new"')
    path.write_text(changed)
    with pytest.raises(HanseError, match="which the plan names"):
        run(load_config(path))
