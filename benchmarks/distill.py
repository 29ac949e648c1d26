"""Distilling on real text (source code of the standard library): python -m benchmarks.distill [--folder DIR]

A teacher of 1.31M parameters and a student of 0.13M, bytes-BPE of 512; the student against itself alone at equal tokens and at
equal CPU time, three seeds. Then once with both short of training; at equal tokens alone once with a teacher that knows less than
its student, and, with three seeds, with another vocabulary for the student. Finished parts are kept in the folder.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from hanse.demo.corpora import domain, write
from hanse.hedge.distill.run import distill
from hanse.hedge.distill.settings import DistillConfig
from hanse.lm.alone import train_alone
from hanse.lm.config import load_config, read_config

COMMON = """
threads = 1
evaluate_steps = 0
checkpoint_steps = 50
[[text]]
domain = "code"
path = "code/train.jsonl"
[split]
dev_permille = 20
test_permille = 40
[train]
learning_rate = "0.003"
warmup_steps = 20
[model.config]
hidden_size = {hidden}
intermediate_size = {inner}
num_hidden_layers = {layers}
num_attention_heads = 4
num_key_value_heads = 4
max_position_embeddings = 256
tie_word_embeddings = true
"""
BIG, SMALL = {"hidden": 160, "inner": 432, "layers": 4}, {"hidden": 64, "inner": 176, "layers": 2}
VOCABULARY = "[tokenizer]\nvocab_size = {size}\nmin_count = 2\n"
STUDENT = '[teacher]\nmodel = "{teacher}/model"\ncontext = 128\n'
CASES: dict[str, dict[str, Any]] = {
    "trained": {"teacher": "long", "steps": 300, "seeds": [1, 2, 3]},
    "short": {"teacher": "brief", "steps": 112, "seeds": [1]},
    "behind": {"teacher": "green", "steps": 112, "seeds": [1], "longer_max": 0},
    "shared": {"teacher": "long", "steps": 300, "seeds": [1, 2, 3], "level": "shared", "vocabulary": "own", "longer_max": 0},
}
TEACHERS = {"long": 525, "brief": 165, "green": 30}
"""Steps of 1,024 tokens."""


def teacher(folder: Path, name: str) -> None:
    """Train it, unless it is there."""
    path = folder / f"{name}.toml"
    path.write_text(f'folder = "{name}"\ntotal_steps = {TEACHERS[name]}\n' + COMMON.format(**BIG) + VOCABULARY.format(size=512))
    train_alone(load_config(path), lambda what, details: None, lambda: False)


def measure(folder: Path, name: str) -> dict[str, Any]:
    """One case."""
    case = CASES[name]
    teacher(folder, case["teacher"])
    keys = {key: case[key] for key in ("seeds", "level", "vocabulary", "longer_max") if key in case}
    head = "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
    text = f'folder = "{name}"\ntotal_steps = {case["steps"]}\n{head}' + COMMON.format(**SMALL)
    path = folder / f"{name}-student.toml"
    path.write_text(text + STUDENT.format(teacher=case["teacher"]) + (VOCABULARY.format(size=768) if name == "shared" else ""))
    found = distill(read_config(path, DistillConfig), "", lambda what, details: None, lambda: False)
    assert found is not None
    rows = {kind: [{key: one[key] for key in one if key != "curve"} for one in made] for kind, made in found["arms"].items()}
    kept = ("documents", "lead", "gains", "teacher_cpu_seconds")
    about = {"teacher_parameters": found["teacher"]["parameters"], "student_parameters": found["student"]["parameters"],
             "teacher_bits_per_byte": found["teacher"]["bits_per_byte"], "known": found["data"]["known"]}  # fmt: skip
    return {"bench": "distill", "case": name, **{key: found[key] for key in kept}, **about, "arms": rows}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--folder", type=Path, default=Path(".bench/distill"))
    options.add_argument("--case", action="append", choices=list(CASES))
    chosen = options.parse_args()
    if not (chosen.folder / "code" / "test.jsonl").exists():
        write(domain("code"), chosen.folder / "code", 1_500_000, 20_000, 60_000)
    for name in chosen.case or CASES:
        print(json.dumps(measure(chosen.folder, name)), flush=True)


if __name__ == "__main__":
    main()
