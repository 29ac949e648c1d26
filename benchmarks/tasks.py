"""Settings trained once each, two at a time, kept on disk; scores per document, test text only when asked for by name."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from benchmarks import methods
from benchmarks.methods import Setting, Trained
from benchmarks.text import MEMBERS, prepare

from hanse.demo.settings import SIZES, Size
from hanse.lm import model as models
from hanse.lm.evaluate import Score, score
from hanse.run.tensors import decode_tensors, encode_tensors

LENGTH = 128


@dataclass(frozen=True)
class Workshop:
    """Where trained models are kept, and how large they are."""

    folder: Path
    size: str
    processes: int = 2

    @property
    def dimensions(self) -> Size:
        return SIZES[self.size]

    @property
    def root(self) -> Path:
        """Of everything made with these dimensions: other ones are another folder, not stale files."""
        text = json.dumps(asdict(self.dimensions), sort_keys=True)
        return self.folder / f"{self.size}-{sha256(text.encode()).hexdigest()[:8]}"

    def place(self, setting: Setting) -> Path:
        text = json.dumps(asdict(setting), sort_keys=True)
        return self.root / "models" / f"{setting.method}-{sha256(text.encode()).hexdigest()[:16]}"

    def train(self, settings: Iterable[Setting]) -> None:
        """Train what is not there yet; derivatives' parents first."""
        wanted = list(dict.fromkeys(settings))
        self.text()  # written once, before several processes want it
        parents = [parent_of(setting) for setting in wanted if setting.method == "derivative"]
        for group in (dict.fromkeys([*parents, *(s for s in wanted if s.method == "joint")]), wanted):
            todo = [s for s in group if not (self.place(s) / "done.json").exists()]
            if not todo:
                continue
            todo.sort(key=lambda s: s.method in ("alone", "derivative"))  # the long ones first
            with ProcessPoolExecutor(self.processes, mp_context=multiprocessing.get_context("spawn")) as pool:
                for at, line in enumerate(pool.map(_train, [(self, setting) for setting in todo])):
                    print(f"  {at + 1}/{len(todo)} {line}", flush=True)

    def scores(self, settings: Sequence[Setting], part: str, members: Sequence[str] = MEMBERS) -> dict[Setting, dict[str, Score]]:
        """Scores on dev or test text, by setting and member; each computed once."""
        self.train(settings)
        return {setting: self.score_file(self.place(setting), setting, part, members) for setting in settings}

    def average(self, settings: Sequence[Setting], part: str) -> dict[str, Score]:
        """Scores of the one-shot average of these models."""
        self.train(settings)
        folder = self.root / "models" / ("average-" + sha256("".join(map(str, settings)).encode()).hexdigest()[:16])
        if not (folder / "weights").exists():
            folder.mkdir(parents=True, exist_ok=True)
            found = methods.average([decode_tensors((self.place(s) / "weights").read_bytes()) for s in settings])
            (folder / "weights").write_bytes(encode_tensors(found))
        return self.score_file(folder, settings[0], part, MEMBERS)

    def score_file(self, folder: Path, setting: Setting, part: str, members: Sequence[str]) -> dict[str, Score]:
        path = folder / f"{part}.json"
        kept: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        missing = [member for member in members if member not in kept]
        if missing:
            torch.set_num_threads(1)
            text = self.text()
            plan = methods.plan_for(self.dimensions, setting)
            model = models.build(plan.model, plan.tokenizer.vocab_size)
            models.load_weights(model, decode_tensors((folder / "weights").read_bytes()))
            for member in missing:
                found = score(model, text.tokenizers[setting.tokenizer], text.held[part][member], LENGTH)
                kept[member] = {"nats": found.nats, "bytes": found.byte_counts}
            path.write_text(json.dumps(kept))
        return {member: Score(tuple(kept[member]["nats"]), tuple(kept[member]["bytes"])) for member in members}

    def wire_bytes(self, setting: Setting) -> dict[str, int]:
        found: dict[str, int] = json.loads((self.place(setting) / "done.json").read_text())["wire_bytes"]
        return found

    def text(self) -> Any:
        size = self.dimensions
        return prepare(self.root / "text", size.train_bytes, size.vocab, size.min_count, LENGTH)


def parent_of(setting: Setting) -> Setting:
    """The joint run a derivative grows from."""
    return replace(setting, method="joint", member="", schedule="wsd", share="1", peak="1")


def _train(job: tuple[Workshop, Setting]) -> str:
    workshop, setting = job
    folder = workshop.place(setting)
    folder.mkdir(parents=True, exist_ok=True)
    parent = _load(workshop.place(parent_of(setting))) if setting.method == "derivative" else None
    found = methods.train(workshop.dimensions, workshop.text(), setting, parent)
    (folder / "weights").write_bytes(encode_tensors(found.weights))
    if found.branch:
        (folder / "branch").write_bytes(encode_tensors(found.branch))
        for member, moments in found.moments.items():
            (folder / f"moments-{member}").write_bytes(moments)
    home = (setting.member,) if setting.member else MEMBERS
    dev = workshop.score_file(folder, setting, "dev", home)
    (folder / "done.json").write_text(json.dumps({"setting": asdict(setting), "wire_bytes": found.wire_bytes}))
    mean = sum(one.bits_per_byte for one in dev.values()) / len(dev)
    differing = {k: v for k, v in asdict(setting).items() if v != Setting.__dataclass_fields__[k].default}
    return f"{mean:.4f} {differing}"


def _load(folder: Path) -> Trained:
    moments = {member: (folder / f"moments-{member}").read_bytes() for member in MEMBERS}
    return Trained({}, decode_tensors((folder / "branch").read_bytes()), moments, {})
