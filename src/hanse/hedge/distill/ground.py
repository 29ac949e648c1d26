"""What students train on and are scored by: text, or prompts with answers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from hanse import canonical
from hanse.errors import TuneError
from hanse.hedge.distill.answers import ask, pack_answers, score_answers
from hanse.hedge.distill.loss import masked_loss
from hanse.hedge.distill.prompts import Encode, Pairs, Prompt, check_chats, encoder, read_prompts
from hanse.hedge.distill.settings import DistillConfig
from hanse.hedge.distill.teacher import Teacher, open_answering
from hanse.hedge.engine.endpoint import Budget
from hanse.hedge.engine.opening import has_template
from hanse.lm import evaluate
from hanse.lm.alone import Prepared, Report, prepare
from hanse.lm.evaluate import Score
from hanse.lm.spec import SplitSpec
from hanse.lm.split import part_of
from hanse.lm.tokenizer import Tokenizer, count_words, load_given, train_bpe
from hanse.lm.train import Loss, pick_device

Scores = dict[str, dict[str, Score]]


class Scoring(Protocol):
    """Scores by part and domain, in windows of `length` tokens."""

    def __call__(self, model: torch.nn.Module, tokenizer: Tokenizer, *, length: int) -> Scores: ...


@dataclass(frozen=True)
class Ground:
    """Made ready."""

    taught: Prepared
    """What the taught students train on."""
    alone: Prepared | None
    """What the students alone train on; None where there is nothing."""
    why_not: str
    """Why there is nothing; empty otherwise."""
    part: str
    """The part that the report is of: test, or dev where nothing else is held out."""
    tokens: dict[str, int]
    """Tokens of the student in each part, for nats per token."""
    scoring: Scoring
    taught_loss: Loss | None = None
    taught_digest: str = ""
    alone_loss: Loss | None = None
    alone_digest: str = ""
    cpu_seconds: float = 0.0
    """What the teacher took to answer, where it runs here."""


def text_ground(config: DistillConfig, report: Report) -> Ground:
    """Levels logits and shared: the [[text]] of `hanse lm`. Raises TuneError where nothing is held out, and what `prepare` does."""
    _needs_held(config.split)
    prepared = prepare(config, report)
    held = {part: prepared.held[part] for part in ("dev", "test") if prepared.held[part]}

    def scoring(model: torch.nn.Module, tokenizer: Tokenizer, *, length: int) -> Scores:
        return {part: evaluate.bits_per_byte(model, tokenizer, texts, length) for part, texts in held.items()}

    tokens = {part: sum(len(ids) for texts in domains.values() for ids in prepared.tokenizer.encode(texts))
              for part, domains in held.items()}  # fmt: skip
    root = prepared.counts["root"]
    return Ground(prepared, prepared, "", "test" if "test" in held else "dev", tokens, scoring, alone_digest=root)


def answers_ground(
    config: DistillConfig, teacher: Teacher, key: str, report: Report, stop: Callable[[], bool]
) -> Ground | None:
    """Level sequence: the teacher's answers to train prompts; held out are prompts with their answers, or where the file has none
    with the teacher's. None when stopped. Raises TuneError, Unavailable."""
    _needs_held(config.split)
    prompts = read_prompts([config.root / path for path in config.prompts])
    given = all(prompt.answer is not None for prompt in prompts)
    chat = check_chats(prompts, config.base_path if config.student else None)
    wanted = [prompt for prompt in prompts if not given or part_of(prompt.key, config.split) == "train"]
    asked = _ask(config, teacher, wanted, key, report, stop)
    if asked is None:
        return None
    said, cpu_seconds = asked
    parts: dict[str, tuple[Pairs, Pairs]] = {"train": ([], []), "dev": ([], []), "test": ([], [])}
    for prompt in prompts:
        taught, alone = parts[part_of(prompt.key, config.split)]
        if prompt.key in said:
            taught.append((prompt, said[prompt.key]))
        if prompt.answer is not None:
            alone.append((prompt, prompt.answer))
    held = {part: alone if given else taught for part, (taught, alone) in parts.items() if part != "train" and (alone or taught)}
    if not held or not parts["train"][0]:
        raise TuneError(f"{config.source}: prompts: {len(prompts)} are too few to train on some and hold out others; give more, or "
                        "raise split.dev_permille and split.test_permille")  # fmt: skip
    both = (*parts["train"][0], *parts["train"][1])
    own = _tokenizer(config, [text for prompt, answer in both for text in (*prompt.texts, answer)])
    encode = encoder(own, chat)
    lesson, lesson_loss = _prepared(config, parts["train"][0], own, encode, "taught")
    text, text_loss = _prepared(config, parts["train"][1], own, encode, "alone") if given else (None, None)

    def scoring(model: torch.nn.Module, tokenizer: Tokenizer, *, length: int) -> Scores:
        return {part: {"answers": score_answers(model, tokenizer, pairs, encode, length)} for part, pairs in held.items()}

    tokens = {part: sum(sum(encode(*pair).mask) for pair in pairs) for part, pairs in held.items()}
    why = "" if given else "the prompts have no `answer`, so there is nothing to train the student alone on"
    return Ground(lesson, text, why, "test" if "test" in held else "dev", tokens, scoring, lesson_loss, lesson.counts["root"],
                  text_loss, text.counts["root"] if text else "", cpu_seconds)  # fmt: skip


def _ask(
    config: DistillConfig, teacher: Teacher, prompts: list[Prompt], key: str, report: Report, stop: Callable[[], bool]
) -> tuple[dict[str, str], float] | None:
    """The answers and the CPU time they took here."""
    budget = Budget()
    engine = open_answering(config, teacher, key, budget)
    if not has_template(engine) and any(not isinstance(prompt.asked, str) for prompt in prompts):
        raise TuneError(f"teacher {teacher.name}: has no chat template: give prompt instead of messages")
    header = {"teacher": [teacher.name, teacher.sha256], "answer_tokens": config.teacher.answer_tokens}

    def progress(done: int) -> bool:
        report("asked", {"done": done, "total": len(prompts)})
        return stop()

    try:
        return ask(prompts, engine, config.folder_path / "text" / "answers.jsonl", header, budget, progress)
    finally:
        engine.close()


def _tokenizer(config: DistillConfig, texts: Iterable[str]) -> Tokenizer:
    spec = config.tokenizer
    if spec.kind == "counts":
        return Tokenizer(train_bpe([count_words(texts, spec.min_count, spec.word_bytes_max)], spec.vocab_size))
    return load_given((config.root / config.tokenizer_file).read_bytes(), spec.sha256)


def _prepared(config: DistillConfig, pairs: Pairs, tokenizer: Tokenizer, encode: Encode, name: str) -> tuple[Prepared, Loss]:
    lessons = [encode(*pair) for pair in pairs]
    packed, mask = pack_answers(lessons, tokenizer, config.folder_path / "text" / name, config.data.sequence_length)
    root = canonical.digest([packed.commitment(), hashlib.sha256(mask.tobytes()).hexdigest()])
    counts: dict[str, Any] = {"root": root, "tokens": int(packed.tokens.size), "documents": len(pairs)}
    loss = masked_loss(mask, pick_device(config.device))
    return Prepared(tokenizer, packed, {"dev": {}, "test": {}}, counts), loss


def _needs_held(split: SplitSpec) -> None:
    if not split.dev_permille + split.test_permille:
        raise TuneError("split: nothing is held out, so no student could be scored; set split.test_permille")
