"""The demo from end to end: text, founding, training, replay, comparison, report. `result.json` holds every number."""

from __future__ import annotations

import json
import multiprocessing
import os
import platform
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import torch

from hanse.demo import baselines
from hanse.demo.baselines import Task, read_weights
from hanse.demo.corpora import DOMAINS, Written
from hanse.demo.keeping import keep
from hanse.demo.runner import Place, found_and_join, train, write_corpora
from hanse.demo.scoring import curve, held_out, scores
from hanse.demo.swapping import swap
from hanse.errors import ReplayError
from hanse.lm import model as models
from hanse.lm.evaluate import sample
from hanse.lm.pack import write_tokens
from hanse.lm.text import documents
from hanse.lm.tokenizer import Tokenizer, count_words, train_bpe
from hanse.run.export import export_state, model_of, run_tokenizer
from hanse.run.fold import plan_of
from hanse.run.follow import Follower
from hanse.run.merge import Merger, merge_round, merge_round_numpy
from hanse.run.origin import LmOrigin
from hanse.run.replay import Verdict, replay
from hanse.run.site.trainer import order_seed
from hanse.run.state import State
from hanse.run.verdicts import rows
from hanse.store.copying import EGRESS_FILE, read_egress
from hanse.store.disk import FolderDisk, file_digest, replace_file

Say = Callable[[str], None]
Show = Callable[[Follower, dict[str, Any]], None]
PROMPTS = {
    "foundry": "def read(self, ",
    "abbey": "And it came to pass",
    "atlas": "The economy of the country",
    "harbor": "Specifies the name of the",
}


def play(place: Place, decided: dict[str, Any], say: Say, show: Show) -> dict[str, Any]:
    """Everything after what was `decided` (outlook, case), in order; the result, also in result.json and report.html.

    Raises HanseError.
    """
    torch.set_num_threads(1)
    began = time.perf_counter()
    corpora = write_corpora(place)
    log = found_and_join(place, say)
    follower = train(place, log, show)
    say("trained: the run is complete; now anyone can check it")
    tokenizer = run_tokenizer(follower.fold, follower.store)
    states: dict[int, State] = {}
    first, seconds = _replay(follower, partial(merge_round, threads=os.cpu_count() or 1), place, states)
    second, _ = _replay(follower, merge_round_numpy, place, {})
    say(f"replayed {len(first.rounds)} rounds in {seconds:.1f} s, with two implementations: every bit the same")
    assert first.state is not None
    export_state(follower.fold, follower.store, first.state, place.folder / "model")
    with ProcessPoolExecutor(os.cpu_count() or 1, mp_context=multiprocessing.get_context("spawn")) as pool:
        found = _train_baselines(place, follower, tokenizer, say, pool)
        say("scoring every model on every member's test text, read once")
        scored = scores(place, follower, tokenizer, first.state, found, pool)
        joint = curve(place, follower, tokenizer, states, pool)
    result = {
        **decided,
        "size": place.size.name,
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": {"cpu": _cpu(), "cores": os.cpu_count(), "torch": torch.__version__},
        "settings": _settings(place, follower),
        "members": _members(corpora, follower, place),
        "curves": {"joint": joint},
        **scored,
        "bytes": _bytes(place, follower, first.state),
        "contribution": _contribution(follower),
        "log": _log(follower),
        "rounds": _rounds(follower),
        "replay": {
            **first.document(),
            "agreed": _agreed(follower),
            "seconds": round(seconds, 2),
            "implementations": ["numba", "numpy"] if second.identical else ["numba"],
        },
        "samples": _samples(follower, tokenizer, first.state, found),
        "digests": {name: file_digest(place.folder / "model" / name) for name in ("model.safetensors", "tokenizer.json")},
    }
    result["hedge"] = keep(place.folder / "hedge", place.folder / "model", datetime.now(UTC).strftime("%Y-%m-%d"))
    caught = ", ".join(row["kind"] for row in result["hedge"]["tampered"])
    models = len(result["hedge"]["findings"])
    say(f"hedge: {models} models found in a sample application; the model locked, one flipped bit caught ({caught})")
    say("hedge: smaller files of the model, compared on its own answers, swapped behind a client and back")
    page = place.folder / "hedge.html"
    result["hedge"]["swap"] = swap(place.folder / "swap", place.folder / "model", held_out(place, "dev"), page)
    for verdict in result["hedge"]["swap"]["verdicts"]:
        say(f"  {verdict['file']}: {verdict['text']}")
    result["seconds"] = round(time.perf_counter() - began, 1)
    _write(place, result)
    return result


def _write(place: Place, result: dict[str, Any]) -> None:
    from hanse.demo.report import render

    for name, text in (("result.json", json.dumps(result, indent=1, sort_keys=True)), ("report.html", render(result))):
        replace_file(place.folder / name, text.encode(), fsync=False)


def _replay(follower: Follower, merger: Merger, place: Place, keep: dict[int, State]) -> tuple[Verdict, float]:
    """Replay from the bucket; keeps about eight states on the way. Raises ReplayError at any difference."""
    every = max(1, plan_of(follower.fold).total_rounds // 8)
    last = plan_of(follower.fold).total_rounds
    began = time.perf_counter()

    def each(state: State) -> None:
        if state.round % every == 0 or state.round == last:
            keep[state.round] = state.copy()

    verdict = replay(follower.fold, follower.store, LmOrigin(), merger, each)
    if not verdict.identical:
        raise ReplayError(f"{place.folder}: replay differs: {verdict.difference}")
    return verdict, time.perf_counter() - began


def _train_baselines(
    place: Place, follower: Follower, tokenizer: Tokenizer, say: Say, pool: Executor
) -> dict[str, models.Weights]:
    """Alone, derivative and pooled models, as many at a time as the pool has processes; weights by 'kind/member'."""
    folder = place.folder / "baselines"
    folder.mkdir(exist_ok=True)
    (folder / "tokenizer.json").write_bytes(tokenizer.data)
    pooled = folder / "pooled.bin"
    texts = [d.text for domain in DOMAINS for d in documents(place.text(domain.member) / "train.jsonl")]
    write_tokens(texts, tokenizer, pooled)
    plan, size = plan_of(follower.fold).document(), place.size
    tasks = [
        Task("pooled", "all", plan, folder / "tokenizer.json", pooled, 7, folder / "pooled-all.safetensors",
             size.total_steps, workers=len(DOMAINS)),
    ]  # fmt: skip
    for domain in DOMAINS:
        member = domain.member
        tokens = place.site(member) / "text" / "tokens.bin"
        shared = (plan, folder / "tokenizer.json", tokens, order_seed(member))
        own = (plan, *_own_tokens(place, member, folder), order_seed(member))
        tasks.append(Task("alone", member, *own, folder / f"alone-{member}.safetensors", size.total_steps))
        tasks.append(Task("shared", member, *shared, folder / f"shared-{member}.safetensors", size.total_steps))
        branch = place.site(member) / "branch"
        tasks.append(
            Task("derivative", member, *shared, folder / f"derivative-{member}.safetensors",
                 size.total_steps - size.branch_step, size.branch_step, branch)
        )  # fmt: skip
    say(
        f"training {len(tasks)} models to compare with: each member alone with its best settings, its derivative, all text pooled"
    )
    for done in pool.map(baselines.run_task, tasks):
        say(f"  {done}")
    found = {f"{task.kind}/{task.member}": read_weights(task.out) for task in tasks}
    found["average/all"] = baselines.average([found[f"shared/{domain.member}"] for domain in DOMAINS])
    return found


def _own_tokens(place: Place, member: str, folder: Path) -> tuple[Path, Path]:
    """A member's own tokenizer, from all words of its text, and the text packed with it."""
    file, tokens = folder / f"tokenizer-{member}.json", folder / f"own-{member}.bin"
    texts = [d.text for d in documents(place.text(member) / "train.jsonl")]
    tokenizer = Tokenizer(train_bpe([count_words(texts, 1, 200)], place.size.vocab))
    file.write_bytes(tokenizer.data)
    write_tokens(texts, tokenizer, tokens)
    return file, tokens


def _members(corpora: dict[str, Written], follower: Follower, place: Place) -> list[dict[str, Any]]:
    run, plan = follower.fold.run, plan_of(follower.fold)
    assert run is not None
    seen = plan.total_steps * plan.train.batch_sequences * plan.data.sequence_length
    return [
        {
            "name": d.member,
            "domain": d.name,
            "source": d.source,
            "license": d.license,
            "train_bytes": corpora[d.member].text_bytes["train"],
            "train_tokens": run.corpora[d.member]["tokens"],
            "epochs": round(seen / run.corpora[d.member]["tokens"], 2),
            "split": corpora[d.member].split,
        }
        for d in DOMAINS
    ]


def _settings(place: Place, follower: Follower) -> dict[str, str | int]:
    plan, size = plan_of(follower.fold), place.size
    return {
        "plan": plan.digest,
        "rounds": plan.total_rounds,
        "rounds of one step": size.warm_rounds,
        "steps per later round": size.steps,
        "steps in all": plan.total_steps,
        "codec": plan.codec.kind,
        "outer learning rate": str(plan.outer.learning_rate),
        "outer momentum": str(plan.outer.momentum),
        "inner learning rate": str(plan.train.learning_rate),
        "tokenizer": plan.tokenizer.vocab_size,
        "derivative branches at step": size.branch_step,
    }


def _bytes(place: Place, follower: Follower, state: State) -> dict[str, Any]:
    sent = {d.member: sum(int(row["size"]) for row in read_egress(place.site(d.member) / EGRESS_FILE)) for d in DOMAINS}
    received = {}
    for d in DOMAINS:
        disk = FolderDisk(place.site(d.member) / "copy")
        own = f"blobs/{d.member}/"
        received[d.member] = sum(
            (disk.folder / name).stat().st_size for name in disk.names("blobs/") if not name.startswith(own)
        )
    parameters = sum(array.size for array in state.weights.values())
    parallel = 4 * parameters * plan_of(follower.fold).total_steps
    updates = {d.member: _update_bytes(place, d.member) for d in DOMAINS}
    most = max(updates.values())
    return {
        "sent": sent,
        "updates": updates,
        "received": received,
        "data_parallel_per_member": parallel,
        "ratio": round(parallel / most, 2) if most else None,
        "parameters": parameters,
    }


def _update_bytes(place: Place, member: str) -> int:
    folder = place.site(member) / "journal"
    return sum(path.stat().st_size for path in folder.glob("*/part-*"))


def _contribution(follower: Follower) -> dict[str, Any]:
    run = follower.fold.run
    assert run is not None
    admitted = dict.fromkeys(follower.fold.consortium.members, 0)
    updates, tokens = dict(admitted), dict(admitted)
    for item in run.rounds:
        for name, candidate in item.updates.items():
            updates[name] += 1
            if item.agreed is not None and candidate.id in item.agreed.admitted:
                admitted[name] += 1
                tokens[name] += candidate.body.tokens
    total = sum(admitted.values())
    return {
        name: {"updates": updates[name], "admitted": admitted[name], "tokens": tokens[name],
               "share": f"{admitted[name]}/{total}"}
        for name in sorted(admitted)
    }  # fmt: skip


def _log(follower: Follower) -> dict[str, Any]:
    sizes: dict[int, list[str]] = {}
    for member, heads in follower.heads.items():
        for size in heads:
            sizes.setdefault(size, []).append(member)
    entries = [
        {"index": r["index"], "kind": r["kind"], "member": r["member"], "round": r["round"],
         "verdict": "void" if r["reason"] else "stands", "reason": r["reason"]}
        for r in rows(follower.fold)
    ]  # fmt: skip
    return {
        "genesis": follower.log,
        "size": follower.fold.size,
        "entries": entries,
        "heads": [
            {"size": size, "root": follower.fold.chain.tree.root(size).hex(), "cosigners": sorted(names)}
            for size, names in sorted(sizes.items())
        ],
        "final_size": follower.final(),
    }


def _rounds(follower: Follower) -> list[dict[str, Any]]:
    run = follower.fold.run
    assert run is not None
    at = {verdict.index: verdict.at for verdict in follower.fold.verdicts}
    return [
        {
            "round": item.number,
            "attempt": item.attempt,
            "steps": run.plan.at(item.number).steps,
            "admitted": [name for name, c in sorted(item.updates.items()) if c.id in item.agreed.admitted],
            "state": item.agreed.state,
            "seconds": at[item.agreed.index] - at[item.opened],
        }
        for item in run.rounds
        if item.agreed is not None and item.number
    ]


def _agreed(follower: Follower) -> str:
    run = follower.fold.run
    assert run is not None
    last = run.rounds[-1].agreed
    return "" if last is None else last.state


def _samples(
    follower: Follower, tokenizer: Tokenizer, state: State, found: dict[str, models.Weights]
) -> list[dict[str, str]]:
    model = model_of(follower.fold, tokenizer, state)
    samples = []
    for member, prompt in PROMPTS.items():
        for name, weights in (("joint", state.weights), (f"derivative of {member}", found[f"derivative/{member}"])):
            models.load_weights(model, weights)
            samples.append({"model": name, "member": member, "prompt": prompt,
                            "text": sample(model, tokenizer, prompt, 60, seed=1)})  # fmt: skip
    return samples


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
