"""Prompts, and the teacher's answers to them: each on disk before the next is asked, so that none is paid for twice.

    answers.jsonl   first line: what was asked of whom; then {"prompt", "answer", "is_cut", "spent", "cpu_seconds"} a line
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hanse.errors import TuneError
from hanse.hedge.engine.base import Engine, Question
from hanse.hedge.engine.endpoint import Budget
from hanse.lm.evaluate import Score
from hanse.lm.pack import Packed, write_ids
from hanse.lm.tokenizer import Tokenizer
from hanse.store.disk import replace_file

FORMAT = "hanse-distill-answers/1"


@dataclass(frozen=True)
class Prompt:
    """What is asked, and the right answer where one is known."""

    id: str
    """The row's, else its number: how recorded answers are found."""
    text: str
    answer: str | None


def read_prompts(paths: Iterable[Path]) -> list[Prompt]:
    """Rows of JSONL files, each prompt once. Raises TuneError naming file and line: broken, empty, or with and without answers."""
    found: dict[str, Prompt] = {}
    for path in paths:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise TuneError(f"{path}: cannot read: {getattr(error, 'strerror', None) or 'not UTF-8'}") from error
        for number, line in enumerate(lines, 1):
            if line.strip():
                row = _row(f"{path}:{number}", str(number), line)
                found.setdefault(row.text, row)
    if not found:
        raise TuneError(f"{', '.join(map(str, paths)) or 'prompts'}: no prompts; give at least one file with rows")
    without = [row.text for row in found.values() if row.answer is None]
    if without and len(without) < len(found):
        few = f"{len(without)} of {len(found)} have no answer, as {without[0][:60]!r}"
        raise TuneError(f"prompts: {few}; give all an `answer`, or none")
    return list(found.values())


def _row(where: str, number: str, line: str) -> Prompt:
    try:
        row: Any = json.loads(line)
        extra = sorted(row.keys() - {"prompt", "answer", "id"})
        text, answer = row["prompt"], row.get("answer")
        if extra or not isinstance(text, str) or not text or not (answer is None or (isinstance(answer, str) and answer)):
            raise ValueError(f"no such key: {extra[0]}" if extra else "not text")
        (text + (answer or "")).encode()
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise TuneError(f"{where}: expected an object with a text `prompt` and at most a text `answer`: {error!r}") from error
    return Prompt(str(row.get("id", number)), text, answer)


def ask(
    prompts: list[Prompt], engine: Engine, path: Path, header: dict[str, Any], budget: Budget, progress: Callable[[int], bool]
) -> tuple[dict[str, str], float] | None:
    """The teacher's answer to each prompt, empty ones left out, and the CPU seconds that took here. `progress` hears how many
    there are and says whether to stop: then None. Raises Unavailable when the teacher stops or the cap is reached (what came is
    kept), TuneError for another's file."""
    known, seconds = _reopen(path, {"format": FORMAT, **header}, budget)
    with open(path, "ab") as file:
        for number, prompt in enumerate(prompts):
            if progress(number):
                return None
            if prompt.text in known:
                continue
            answer = engine.answer(Question(prompt.id, prompt.text), 0)
            known[prompt.text] = answer.text
            seconds += answer.cpu_seconds or 0.0
            row = {"prompt": prompt.text, "answer": answer.text, "is_cut": answer.is_cut, "spent": str(budget.spent),
                   "cpu_seconds": answer.cpu_seconds or 0.0}  # fmt: skip
            file.write(json.dumps(row).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    progress(len(prompts))
    found = {prompt.text: known[prompt.text] for prompt in prompts if known[prompt.text].strip()}
    if not found:
        raise TuneError(f"{path}: the teacher gave no answer that is not empty")
    return found, seconds


def _reopen(path: Path, header: dict[str, Any], budget: Budget) -> tuple[dict[str, str], float]:
    """What was answered before and its CPU seconds; a line that was cut by a kill is dropped."""
    data = path.read_bytes() if path.exists() else b""
    whole = data[: data.rfind(b"\n") + 1]
    try:
        rows = [json.loads(line) for line in whole.splitlines()]
        if rows and rows[0] != json.loads(json.dumps(header)):
            raise TuneError(f"{path}: holds answers of another teacher, or to other settings; remove it, or name another `folder`")
        known = {row["prompt"]: row["answer"] for row in rows[1:]}
        seconds = sum(float(row["cpu_seconds"]) for row in rows[1:])
        budget.spent = max([Fraction(row["spent"]) for row in rows[1:]], default=Fraction(0))
    except (ValueError, KeyError, TypeError, ZeroDivisionError) as error:
        raise TuneError(f"{path}: no file of answers; remove it to ask again") from error
    if not rows or len(whole) < len(data):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, whole or json.dumps(header).encode() + b"\n")
    return known, seconds


def pack_answers(
    pairs: Iterable[tuple[str, str]], tokenizer: Tokenizer, folder: Path, length: int
) -> tuple[Packed, np.ndarray[Any, np.dtype[np.uint8]]]:
    """Prompts and answers as a token file, and where it holds answers: uint8 [tokens], 1 for an answer's tokens and its end.

    Raises CorpusError for too few."""
    found = list(pairs)
    path = folder / "tokens.bin"
    ids = tokenizer.encode([text for pair in found for text in pair])
    write_ids((first + second for first, second in zip(ids[::2], ids[1::2], strict=True)), tokenizer, path)
    mask = [np.repeat([0, 1], [len(first), len(second) + 1]) for first, second in zip(ids[::2], ids[1::2], strict=True)]
    return Packed(path, tokenizer, length, 0), np.concatenate(mask).astype(np.uint8)


@torch.no_grad()
def score_answers(model: torch.nn.Module, tokenizer: Tokenizer, pairs: Iterable[tuple[str, str]], length: int) -> Score:
    """Loss of each answer after its prompt, of which the last tokens are kept where both are longer than `length`; the end of an
    answer counts as one token and no byte."""
    model.eval()
    device = next(model.parameters()).device
    nats, sizes, causal = [], [], model
    for prompt, answer in pairs:
        first, second = tokenizer.encode([prompt, answer])
        ids = [tokenizer.end_id, *first, *second, tokenizer.end_id]
        ids = ids[-max(length, 2) :] if len(second) + 1 < length else ids[-len(second) - 2 :][:length]
        scored = min(len(second) + 1, len(ids) - 1)
        rows = torch.tensor([ids], device=device)
        called: Any = causal
        logits = called(input_ids=rows[:, :-1], use_cache=False).logits[0, -scored:].float()
        nats.append(float(torch.nn.functional.cross_entropy(logits, rows[0, -scored:], reduction="sum")))
        sizes.append(len(answer.encode()))
    return Score(tuple(nats), tuple(sizes))
