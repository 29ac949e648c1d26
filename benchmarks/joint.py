"""Joint training in one process: the run's own codecs, merge and trainer, without log and bucket. For experiments."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch

from hanse.demo.corpora import DOMAINS, write
from hanse.lm import model as models
from hanse.lm.evaluate import Score, score
from hanse.lm.pack import Packed, write_tokens
from hanse.lm.schedule import cosine
from hanse.lm.text import documents
from hanse.lm.tokenizer import Tokenizer, count_words, train_bpe
from hanse.lm.train import Rate, Trainer
from hanse.run import admit as admission
from hanse.run.codec import decode_part, encode
from hanse.run.merge import clip_factors, merge_round, norm_squared
from hanse.run.plan import Plan
from hanse.run.state import State

MEMBERS = tuple(domain.member for domain in DOMAINS)


@dataclass(frozen=True)
class Data:
    """Packed training text and held-out texts by member."""

    tokenizer: Tokenizer
    packed: dict[str, Packed]
    pooled: Packed
    dev: dict[str, list[str]]
    test: dict[str, list[str]]


def prepare(folder: Path, train_bytes: int, vocab: int, length: int = 128, seed: int = 0) -> Data:
    """Corpora of all members below `folder`, one tokenizer from their counts."""
    texts: dict[str, dict[str, list[str]]] = {}
    for domain in DOMAINS:
        write(domain, folder / domain.member, train_bytes)
        texts[domain.member] = {
            part: [d.text for d in documents(folder / domain.member / f"{part}.jsonl")] for part in ("train", "dev", "test")
        }
    counts = [count_words(texts[member]["train"], 20, 24) for member in MEMBERS]
    tokenizer = Tokenizer(train_bpe(counts, vocab))
    packed = {}
    for member in MEMBERS:
        path = folder / f"{member}.bin"
        write_tokens(texts[member]["train"], tokenizer, path)
        packed[member] = Packed(path, tokenizer, length, _seed(member, seed))
    path = folder / "pooled.bin"
    write_tokens([text for member in MEMBERS for text in texts[member]["train"]], tokenizer, path)
    pooled = Packed(path, tokenizer, length, _seed("pooled", seed))
    dev = {member: texts[member]["dev"] for member in MEMBERS}
    return Data(tokenizer, packed, pooled, dev, {member: texts[member]["test"] for member in MEMBERS})


def _seed(name: str, seed: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{name}/{seed}".encode()).digest()[:6], "big")


def trainer(plan: Plan, data: Data, packed: Packed, rate: Rate | None = None) -> Trainer:
    model = models.build(plan.model, plan.tokenizer.vocab_size)
    return Trainer(model, plan.train, packed, torch.device("cpu"), rate)


@lru_cache(maxsize=8)
def _scorer(document: str, vocab: int) -> torch.nn.Module:
    import json

    from hanse.run.plan import parse_plan

    return models.build(parse_plan(json.loads(document), "cached plan").model, vocab)


def evaluate(plan: Plan, data: Data, weights: models.Weights, which: str = "dev") -> dict[str, Score]:
    """Score of weights on every member's dev or test text."""
    import json

    model = _scorer(json.dumps(plan.document()), plan.tokenizer.vocab_size)
    models.load_weights(model, weights)
    texts = data.dev if which == "dev" else data.test
    return {member: score(model, data.tokenizer, texts[member], plan.data.sequence_length) for member in MEMBERS}


def alone(plan: Plan, data: Data, member: str, stops: list[int], schedule: str = "wsd") -> dict[int, models.Weights]:
    """One member alone, its weights at each stop (the last is the end of the schedule)."""
    total = stops[-1]
    rate = (lambda step: cosine(plan.train, step, total)) if schedule == "cosine" else None
    runner = trainer(plan, data, data.packed[member], rate)
    kept, done = {}, 0
    for stop in stops:
        runner.steps(stop - done, done)
        done, kept[stop] = stop, runner.weights()
    return kept


@dataclass
class Joint:
    """What a joint run left."""

    state: State
    branch: models.Weights
    """Weights after the last round that ended at or before the branch step."""
    moments: dict[str, bytes]
    """Trainer states at the branch."""
    branch_step: int
    bytes_sent: int
    """Of one member, all rounds."""
    seconds: float


def joint(plan: Plan, data: Data, branch_step: int = 0) -> Joint:
    """The members' rounds, one after another in this process, with the run's own codec, clip and merge."""
    runners = {member: trainer(plan, data, data.packed[member]) for member in MEMBERS}
    state = State.start(runners[MEMBERS[0]].weights())
    shards = admission.shards_of(plan, state.weights)
    feedback: dict[str, models.Weights] = {member: {} for member in MEMBERS}
    result = Joint(state, {}, {}, 0, 0, 0.0)
    began = time.perf_counter()
    for number in range(1, plan.total_rounds + 1):
        phase, first = plan.at(number), plan.first_step(number)
        spec, outer = admission.spec_of(plan, number), admission.outer_of(plan, number)
        parts, norms = [], []
        for member, runner in runners.items():
            runner.load(state.weights)
            runner.steps(phase.steps, first)
            after = runner.weights()
            delta = {name: after[name] - state.weights[name] for name in after}
            data_parts, rest = encode(spec, shards, delta, feedback[member] or None)
            feedback[member] = rest if spec.feedback_decay else {}
            parts.append(data_parts)
            norms.append(sum(norm_squared(decode_part(spec, s, d)) for s, d in zip(shards, data_parts, strict=True)))
        result.bytes_sent += sum(len(item) for item in parts[0])
        clips = clip_factors(norms, plan.clip_factor.value)

        def read(shard: int, spec=spec, parts=parts, clips=clips):  # type: ignore[no-untyped-def]
            return [(1, clip, decode_part(spec, shards[shard], p[shard])) for clip, p in zip(clips, parts, strict=True)]

        merge_round(shards, state, read, outer)
        if branch_step and first + phase.steps <= branch_step:
            result.branch_step = first + phase.steps
            if plan.first_step(number + 1) + 1 > branch_step or first + 2 * phase.steps > branch_step:
                result.branch = {name: array.copy() for name, array in state.weights.items()}
                result.moments = {member: runner.state() for member, runner in runners.items()}
    result.seconds = time.perf_counter() - began
    return result


def derivative(plan: Plan, data: Data, member: str, run: Joint, steps: int, stops: list[int] | None = None) -> models.Weights:
    """From the undecayed joint weights with the member's own moments: `steps` more on its own text, decaying to the end."""
    peak = plan.train.learning_rate.float
    end, low = run.branch_step + steps, plan.train.decay_to.float
    span = end - run.branch_step
    runner = trainer(plan, data, data.packed[member], lambda s: peak * (1 - (1 - low) * (s - run.branch_step + 1) / span))
    runner.restore(run.moments[member])
    runner.load(run.branch)
    runner.steps(steps, run.branch_step, rewarm=False)
    return runner.weights()


def pooled(plan: Plan, data: Data, steps: int) -> models.Weights:
    """All text in one place: the ceiling. Batch as large as all members' together, so equal steps and tokens."""
    train = plan.train.model_copy(update={"batch_sequences": plan.train.batch_sequences * len(MEMBERS)})
    wide = plan.model_copy(update={"train": train})
    runner = trainer(wide, data, data.pooled)
    runner.steps(steps, 0)
    return runner.weights()


def average(all_weights: list[models.Weights]) -> models.Weights:
    """One-shot average of models trained alone from the same start."""
    return {name: sum(w[name] for w in all_weights) / len(all_weights) for name in all_weights[0]}
