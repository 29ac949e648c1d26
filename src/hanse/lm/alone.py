"""One site trains one model alone, from text to a Hugging Face folder; interrupt and run again at will.

    folder/run.json          identity: digests of the tables that change the weights
    folder/text/             tokenizer.json, tokens.bin, held.jsonl (dev and test), prepared.json (written last)
    folder/checkpoints/      see `checkpoint`
    folder/metrics.jsonl     one object per line
    folder/model/            the finished model
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from hanse import canonical
from hanse.errors import CanonicalError, ConfigError, CorpusError, DigestMismatch, InputError
from hanse.lm import evaluate
from hanse.lm import model as models
from hanse.lm.checkpoint import Checkpoint, latest_checkpoint, write_checkpoint
from hanse.lm.config import LmConfig
from hanse.lm.metrics import Metrics
from hanse.lm.pack import Packed, write_tokens
from hanse.lm.schedule import cosine, wsd
from hanse.lm.split import Holder, training
from hanse.lm.text import Document, documents
from hanse.lm.tokenizer import Tokenizer, count_words, load_given, train_bpe
from hanse.lm.train import Loss, Trainer, pick_device
from hanse.store.disk import replace_file

Report = Callable[[str, dict[str, Any]], None]
"""Called with what happened (prepared, resumed, trained, evaluated, saved) and its numbers."""


@dataclass(frozen=True)
class Prepared:
    """Text made ready."""

    tokenizer: Tokenizer
    packed: Packed
    held: dict[str, dict[str, list[str]]]
    """Texts by part (dev, test) and domain; a domain without held text is not there."""
    counts: dict[str, Any]
    """root, tokens, documents, duplicates, overlapping, dev, test."""


def train_alone(config: LmConfig, report: Report, stop: Callable[[], bool]) -> dict[str, Any] | None:
    """Train to the end and export; None when `stop` said so, with a checkpoint to go on from.

    Raises InputError, ConfigError, CorpusError for what the user can mend, IntegrityError for damaged files or a diverged
    run (the last good checkpoint stays).
    """
    claim(config, config.identity())
    return train_prepared(config, prepare(config, report), report, stop)


def train_prepared(
    config: LmConfig, prepared: Prepared, report: Report, stop: Callable[[], bool], loss: Loss | None = None
) -> dict[str, Any] | None:
    """The same on text that was made ready before, in a folder that was claimed; `loss` in place of cross-entropy."""
    folder = config.folder_path
    torch.set_num_threads(config.threads or os.cpu_count() or 1)
    rows = embedding_rows(config, prepared.tokenizer)
    model = models.build(config.model, rows, config.base_path)
    trainer = Trainer(model, config.train, prepared.packed, pick_device(config.device), _rate(config), loss)
    step = _resume(config, trainer, report)
    metrics = Metrics(folder / "metrics.jsonl", config.tracker, folder.name)
    while step < config.total_steps:
        if stop():
            _save(config, trainer, step, report)
            return None
        count = _until(step, config)
        stats = trainer.steps(count, step)
        step += count
        record = {
            "step": step,
            "loss": stats.loss,
            "learning_rate": trainer.rate(step - 1),
            "tokens": step * config.train.batch_sequences * config.data.sequence_length,
            "tokens_per_second": round(stats.tokens_per_second, 1),
            "cpu_seconds": round(stats.cpu_seconds, 4),
            "flops_utilization": trainer.utilization(stats),
        }
        metrics.write(record)
        report("trained", record)
        if config.evaluate_steps and step % config.evaluate_steps == 0 and step < config.total_steps:
            _dev(config, trainer, prepared, metrics, step, report)
        if step % config.checkpoint_steps == 0 and step < config.total_steps:
            _save(config, trainer, step, report)
    return _finish(config, trainer, prepared, metrics, report)


def embedding_rows(config: LmConfig, tokenizer: Tokenizer) -> int:
    """Of a model made from the configuration; a base has its own."""
    return config.tokenizer.vocab_size if config.tokenizer.kind == "counts" else -(-tokenizer.size // 32) * 32


def prepare(config: LmConfig, report: Report) -> Prepared:
    """Hold out, clean, tokenize and pack the text, once; later calls read what the first one wrote."""
    folder = config.folder_path / "text"
    done = folder / "prepared.json"
    if not done.exists():
        _prepare(config, folder, done, report)
    try:
        counts = canonical.decode(done.read_bytes())
        tokenizer = Tokenizer((folder / "tokenizer.json").read_bytes())
        with open(folder / "held.jsonl", encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
    except (OSError, CanonicalError, ValueError) as error:
        raise InputError(f"{folder}: prepared text is incomplete ({error}); remove {done} to prepare it again") from error
    held: dict[str, dict[str, list[str]]] = {"dev": {}, "test": {}}
    for row in rows:
        held[row["part"]].setdefault(row["domain"], []).append(row["text"])
    packed = Packed(folder / "tokens.bin", tokenizer, config.data.sequence_length, config.order_seed)
    if packed.commitment() != counts["root"]:
        raise DigestMismatch(f"{folder / 'tokens.bin'}: not the tokens that were written; remove {done} to prepare them again")
    return Prepared(tokenizer, packed, held, counts)


def score_alone(config: LmConfig, part: str) -> dict[str, evaluate.Score]:
    """Scores of the finished model on the held-out text of each domain. Raises InputError, CorpusError."""
    torch.set_num_threads(config.threads or os.cpu_count() or 1)
    folder = config.folder_path
    if not (folder / "text" / "prepared.json").exists():
        raise InputError(f"{folder}: nothing prepared here; run `hanse lm train {config.source}` first")
    prepared = prepare(config, lambda what, details: None)
    if not prepared.held[part]:
        raise CorpusError(f"{config.source}: split: no document fell into {part}; raise split.{part}_permille")
    model, tokenizer = models.load_folder(folder / "model")
    model = model.to(pick_device(config.device))
    return evaluate.bits_per_byte(model, tokenizer, prepared.held[part], config.data.sequence_length)


def claim(config: LmConfig, mine: dict[str, str]) -> None:
    """The folder is this configuration's, of this identity, or empty. Raises ConfigError naming the tables that differ."""
    path = config.folder_path / "run.json"
    if path.exists():
        try:
            found = canonical.decode(path.read_bytes())
        except CanonicalError as error:
            raise InputError(f"{path}: damaged: {error}; name another folder") from error
        differing = sorted(name for name in mine.keys() | found.keys() if found.get(name) != mine.get(name))
        if differing:
            raise ConfigError(
                f"{config.source}: {', '.join(differing)}: changed since {config.folder_path} was started; "
                "undo the change, or name another `folder`"
            )
        return
    config.folder_path.mkdir(parents=True, exist_ok=True)
    replace_file(path, canonical.encode(mine))


def _prepare(config: LmConfig, folder: Path, done: Path, report: Report) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    holders = {source.domain: Holder(config.split) for source in config.text}
    for domain, holder in holders.items():
        holder.hold(_read(config, domain))
        for part, permille in (("dev", config.split.dev_permille), ("test", config.split.test_permille)):
            if permille and not getattr(holder, part):
                raise CorpusError(
                    f"{config.source}: text: domain {domain}: none of its documents fell into {part}, so it could not be scored; "
                    f"raise split.{part}_permille, change split.seed, or set it to 0"
                )
    tokenizer = _tokenizer(config)
    key = canonical.digest(config.identity())[:32].encode()
    everything = Holder(config.split)
    for holder in holders.values():
        everything.dev += holder.dev
        everything.test += holder.test
    held = everything.held()
    cleaner = held.cleaner(key)
    clean = held.refuse(cleaner.clean(_training(config)))
    write_tokens((document.text for document in clean), tokenizer, folder / "tokens.bin")
    rows = [
        json.dumps({"part": part, "domain": domain, "id": document.id, "text": document.text}, ensure_ascii=False)
        for domain, holder in holders.items()
        for part, found in (("dev", holder.dev), ("test", holder.test))
        for document in found
    ]
    replace_file(folder / "tokenizer.json", tokenizer.data)
    replace_file(folder / "held.jsonl", "".join(row + "\n" for row in rows).encode())
    packed = Packed(folder / "tokens.bin", tokenizer, config.data.sequence_length, config.order_seed)
    counts = {
        "root": packed.commitment(),
        "tokens": int(packed.tokens.size),
        "documents": cleaner.kept,
        "duplicates": cleaner.duplicates,
        "overlapping": cleaner.overlapping,
        "dev": len(held.dev),
        "test": len(held.test),
    }
    replace_file(done, canonical.encode(counts))
    report("prepared", counts)


def _read(config: LmConfig, domain: str | None = None) -> Iterator[Document]:
    for source in config.text:
        if domain in (None, source.domain):
            for path in source.path:
                yield from documents(config.root / path, source.field)


def _training(config: LmConfig) -> Iterator[Document]:
    return training(_read(config), config.split)


def _tokenizer(config: LmConfig) -> Tokenizer:
    """The given one, or one from the words of the training text: held-out text must not shape it."""
    spec = config.tokenizer
    if spec.kind == "counts":
        texts = (document.text for document in _training(config))
        return Tokenizer(train_bpe([count_words(texts, spec.min_count, spec.word_bytes_max)], spec.vocab_size))
    path = config.root / config.tokenizer_file
    try:
        return load_given(path.read_bytes(), spec.sha256)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; correct tokenizer_file") from error


def _rate(config: LmConfig) -> Callable[[int], float]:
    if config.schedule == "cosine":
        return lambda step: cosine(config.train, step, config.total_steps)
    return partial(wsd, config.train)


def _resume(config: LmConfig, trainer: Trainer, report: Report) -> int:
    found = latest_checkpoint(config.folder_path / "checkpoints")
    if found is None:
        trainer.restore(None)
        step = 0
    else:
        trainer.restore(found.trainer)
        trainer.load(found.weights)
        step = found.step
        report("resumed", {"step": step})
    _forget_after(config.folder_path / "metrics.jsonl", step)
    return step


def _until(step: int, config: LmConfig) -> int:
    """Steps to the next line of metrics, evaluation, checkpoint or the end, whichever is first."""
    marks = [every - step % every for every in (config.log_steps, config.checkpoint_steps, config.evaluate_steps) if every]
    return min(*marks, config.total_steps - step)


def _save(config: LmConfig, trainer: Trainer, step: int, report: Report) -> None:
    path = write_checkpoint(config.folder_path / "checkpoints", Checkpoint(step, trainer.weights(), trainer.state()))
    report("saved", {"step": step, "checkpoint": path.name})


def _dev(
    config: LmConfig, trainer: Trainer, prepared: Prepared, metrics: Metrics, step: int, report: Report
) -> dict[str, float]:
    scores = evaluate.bits_per_byte(trainer.model, prepared.tokenizer, prepared.held["dev"], config.data.sequence_length)
    found = {domain: score.bits_per_byte for domain, score in scores.items()}
    if found:
        metrics.write({"step": step} | {f"dev/{domain}/bits_per_byte": value for domain, value in found.items()})
        report("evaluated", {"step": step, "dev": found})
    return found


def _finish(config: LmConfig, trainer: Trainer, prepared: Prepared, metrics: Metrics, report: Report) -> dict[str, Any]:
    """The last checkpoint, dev scores and the model folder."""
    step = config.total_steps
    _save(config, trainer, step, report)
    _forget_after(config.folder_path / "metrics.jsonl", step, evaluated=True)
    dev = _dev(config, trainer, prepared, metrics, step, report)
    models.export(trainer.model, prepared.tokenizer, config.folder_path / "model")
    return {
        "folder": str(config.folder_path / "model"),
        "steps": step,
        "tokens": step * config.train.batch_sequences * config.data.sequence_length,
        "parameters": sum(tensor.numel() for tensor in trainer.model.parameters()),
        "tokenizer": prepared.tokenizer.sha256,
        "trainer_state": trainer.state_digest(),
        "text": prepared.counts,
        "dev_bits_per_byte": dev,
    }


def _forget_after(path: Path, step: int, evaluated: bool = False) -> None:
    """Drop the metrics of steps that will be done again; `evaluated` drops the dev scores of `step` itself."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            record = json.loads(line)
        except ValueError:  # a line cut short by a crash
            continue
        again = evaluated and record["step"] == step and "loss" not in record
        if record["step"] <= step and not again:
            kept.append(line)
    replace_file(path, "".join(line + "\n" for line in kept).encode())
