"""The process that holds one local model: `python -m hanse.hedge.engine.inside JOB`, started by `local`.

One JSON object a line. It says {"ready": true} once the model is loaded, then to each question {"answer": {...}} or {"error":
message}. What libraries print goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from hanse.errors import InputError
from hanse.hedge.drill.inside import peak_memory
from hanse.hedge.engine.base import Question, Settings
from hanse.hedge.offline import OFFLINE


def main(job: dict[str, Any]) -> None:
    """Load, then answer until there are no more questions."""
    told = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    os.environ.update(OFFLINE)
    try:
        model = load(job["kind"], Path(job["path"]), Settings(**job["settings"]))
    except InputError as error:
        print(json.dumps({"error": str(error)}), file=told)
        return
    print(json.dumps({"ready": True}), file=told)
    for line in sys.stdin:
        asked = json.loads(line)
        seed = asked.pop("seed")
        given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in asked.items()}
        question = Question(**given)
        began, worked = time.perf_counter(), time.process_time()
        try:
            made = score(model, question) if question.scored else model.answer(question, seed)
        except InputError as error:
            print(json.dumps({"error": str(error)}), file=told)
            continue
        made |= {
            "seconds": time.perf_counter() - began,
            "cpu_seconds": time.process_time() - worked,
            "memory_bytes": peak_memory(),
        }
        print(json.dumps({"answer": made}), file=told)


def score(model: Any, question: Question) -> dict[str, Any]:
    """The fields of an `Answer` to continuations that are to be scored."""
    began = time.perf_counter()
    found, first = [], 0.0
    for context, continuation in question.scored:
        found.append(model.score(context, continuation, question.id))
        first = first or time.perf_counter() - began
    best = max(range(len(found)), key=lambda at: float(found[at][0]))
    return {
        "text": question.scored[best][1],
        "tokens_in": sum(read for _, _, read in found),
        "tokens_out": 0,
        "first_byte_seconds": first,
        "is_cut": False,
        "scores": [(total, greedy) for total, greedy, _ in found],
    }


def load(kind: str, path: Path, settings: Settings) -> Any:
    """The model of a job. Raises InputError where its library cannot load it."""
    if kind == "gguf":
        from hanse.hedge.engine.llama import Llama

        return Llama(path, settings)
    if kind == "ctranslate2":
        from hanse.hedge.engine.ct2 import CTranslate2

        return CTranslate2(path, settings)
    from hanse.hedge.engine.folder import Folder

    return Folder(path, settings)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
