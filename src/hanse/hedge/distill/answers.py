"""The teacher's answers: there is room for each on disk before it is asked for, and it is there before the next is, so that none
is paid for twice. And what a student makes of them.

    answers.jsonl   first line: what was asked of whom; then {"prompt" or "messages", "answer", "is_cut", "spent", "cpu_seconds"}
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from io import RawIOBase
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hanse.errors import TuneError
from hanse.hedge.distill.prompts import Encode, Pairs, Prompt
from hanse.hedge.engine.base import Engine
from hanse.hedge.engine.endpoint import Budget
from hanse.hedge.tune.chat import Tokens
from hanse.lm.evaluate import Score
from hanse.lm.pack import Packed, write_ids
from hanse.lm.tokenizer import Tokenizer
from hanse.store.disk import name_file, replace_file

FORMAT = "hanse-distill-answers/1"
_ROW_BYTES, _TOKEN_BYTES = 1024, 16
"""Room that is kept for an answer, and for each of its tokens, escaped as JSON has them."""


def ask(
    prompts: list[Prompt], engine: Engine, path: Path, header: dict[str, Any], budget: Budget, progress: Callable[[int], bool]
) -> tuple[dict[str, str], float] | None:
    """The teacher's answer to each prompt by its key, empty ones left out, and the CPU seconds that took here. `progress` hears
    how many there are and says whether to stop: then None. Raises Unavailable when the teacher stops or the cap is reached, OSError
    when there is no room for the next answer (what came is kept), TuneError for another's file."""
    known, seconds = _reopen(path, {"format": FORMAT, **header}, budget)
    try:
        with open(path, "r+b", buffering=0) as file:
            file.seek(0, os.SEEK_END)
            for number, prompt in enumerate(prompts):
                if progress(number):
                    return None
                if prompt.key in known:
                    continue
                row = prompt.row()
                with _room(file, len(json.dumps(row)) + _ROW_BYTES + _TOKEN_BYTES * header["answer_tokens"]):
                    answer = engine.answer(prompt.question(), 0)
                    row |= {"answer": answer.text, "is_cut": answer.is_cut, "spent": str(budget.spent),
                            "cpu_seconds": answer.cpu_seconds or 0.0}  # fmt: skip
                    _write(file, json.dumps(row).encode() + b"\n")
                os.fsync(file.fileno())
                known[prompt.key] = answer.text
                seconds += answer.cpu_seconds or 0.0
    except OSError as error:
        name_file(error, path)
        raise
    progress(len(prompts))
    found = {prompt.key: known[prompt.key] for prompt in prompts if known[prompt.key].strip()}
    if not found:
        raise TuneError(f"{path}: the teacher gave no answer that is not empty")
    return found, seconds


@contextmanager
def _room(file: RawIOBase, size: int) -> Iterator[None]:
    """So many bytes on disk before an answer is paid for; what is not used of them, or ends in the middle, is cut off again."""
    end = file.tell()
    try:
        _write(file, bytes(size))
        file.seek(end)
        yield
        end = file.tell()
    finally:
        file.truncate(end)


def _write(file: RawIOBase, data: bytes) -> None:
    while data:
        data = data[file.write(data) :]


def _reopen(path: Path, header: dict[str, Any], budget: Budget) -> tuple[dict[str, str], float]:
    """What was answered before and its CPU seconds; a line that was cut by a kill is dropped."""
    data = path.read_bytes() if path.exists() else b""
    whole = data[: data.rfind(b"\n") + 1]
    try:
        rows = [json.loads(line) for line in whole.splitlines()]
        if rows and rows[0] != json.loads(json.dumps(header)):
            raise TuneError(f"{path}: holds answers of another teacher, or to other settings; remove it, or name another `folder`")
        known = {row["prompt"] if "prompt" in row else json.dumps(row["messages"]): row["answer"] for row in rows[1:]}
        seconds = sum(float(row["cpu_seconds"]) for row in rows[1:])
        budget.spent = max([Fraction(row["spent"]) for row in rows[1:]], default=Fraction(0))
    except (ValueError, KeyError, TypeError, ZeroDivisionError) as error:
        raise TuneError(f"{path}: no file of answers; remove it to ask again") from error
    if not rows or len(whole) < len(data):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, whole or json.dumps(header).encode() + b"\n")
    return known, seconds


def pack_answers(
    lessons: Sequence[Tokens], tokenizer: Tokenizer, folder: Path, length: int
) -> tuple[Packed, np.ndarray[Any, np.dtype[np.uint8]]]:
    """Prompts with their answers as a token file, and where it holds answers: uint8 [tokens], 1 for an answer's tokens and its
    end. Raises CorpusError for too few."""
    path = folder / "tokens.bin"
    write_ids((tokens.ids[:-1] for tokens in lessons), tokenizer, path)  # which ends them itself
    mask = np.concatenate([np.array(tokens.mask, np.uint8) for tokens in lessons])
    return Packed(path, tokenizer, length, 0), mask


@torch.no_grad()
def score_answers(model: torch.nn.Module, tokenizer: Tokenizer, pairs: Pairs, encode: Encode, length: int) -> Score:
    """Loss of each answer after its prompt, of which the last tokens are kept where both are longer than `length`; the end of an
    answer counts as one token and no byte."""
    model.eval()
    device = next(model.parameters()).device
    nats, sizes, causal = [], [], model
    for prompt, answer in pairs:
        ids, mask = encode(prompt, answer)
        if isinstance(prompt.asked, str):
            ids, mask = [tokenizer.end_id, *ids], [False, *mask]
        ids, mask = _window(Tokens(ids, mask), max(length, 2))
        rows, counted = torch.tensor([ids], device=device), torch.tensor(mask[1:], device=device)
        called: Any = causal
        logits = called(input_ids=rows[:, :-1], use_cache=False).logits[0, counted].float()
        nats.append(float(torch.nn.functional.cross_entropy(logits, rows[0, 1:][counted], reduction="sum")))
        sizes.append(len(answer.encode()))
    return Score(tuple(nats), tuple(sizes))


def _window(tokens: Tokens, length: int) -> Tokens:
    """The answer and as much before it as there is room for; its beginning, after one token, where there is not even for it."""
    first = tokens.mask.index(True)
    end = len(tokens.mask) - tokens.mask[::-1].index(True)
    begin = max(0, end - length) if end - first < length else first - 1
    return Tokens(tokens.ids[begin:end][:length], tokens.mask[begin:end][:length])
