"""The process that holds lm-eval: `python -m hanse.hedge.compare.harnessed JOB`, started by `harness`.

One JSON object a line. It says {"version", "metrics": {task: text}, "items": [{"id", "task", "prompt", "scored": [[context,
continuation]], "stop", "tokens_max", "sha256" of the document}]}, or {"error": message}; then to each {"item", "text" or "scores"}
{"mark": number} or {"error": message}. A task's YAML may name Python functions of its own: they run here.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from hanse.errors import TaskError
from hanse.hedge.offline import OFFLINE

KINDS = ("generate_until", "multiple_choice", "loglikelihood")
SAMPLING = {"do_sample": (False,), "temperature": (0, 0.0), "top_p": (1, 1.0), "num_beams": (1,)}
"""What generation_kwargs may say so that the answer is still the greedy one."""
KNOWN = {*SAMPLING, "until", "max_gen_toks"}


@dataclass(frozen=True)
class Asked:
    """One document."""

    task: Any
    requests: list[Any]
    """lm-eval's instances."""


def main(job: dict[str, Any]) -> None:
    """Say what is asked, then mark until there is no more."""
    told = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    os.environ.update(OFFLINE | {"TQDM_DISABLE": "1"})
    logging.disable(logging.WARNING)
    try:
        documents = load(job["tasks"], job["include_path"])
        said = {"version": version("lm_eval"), "metrics": {one.task.config.task: " by filter ".join(metric(one.task))
                for one in documents.values()}, "items": [row(name, one) for name, one in documents.items()]}  # fmt: skip
    except TaskError as error:
        print(json.dumps({"error": str(error)}), file=told)
        return
    print(json.dumps(said), file=told)
    for line in sys.stdin:
        answer = json.loads(line)
        try:
            print(json.dumps({"mark": mark(documents[answer["item"]], answer)}), file=told)
        except (TaskError, ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError) as error:
            print(json.dumps({"error": f"{type(error).__name__}: {' '.join(str(error).split())[:400]}"}), file=told)


def load(names: list[str], include_path: str) -> dict[str, Asked]:
    """Documents by "task/number". Raises TaskError naming the task."""
    from lm_eval.tasks import TaskManager

    found: dict[str, Asked] = {}
    own = TaskManager(include_path=include_path, include_defaults=False) if include_path else None
    known = own if own is not None and all(name in own.all_tasks for name in names) else None
    manager = known or TaskManager(include_path=include_path or None)
    for name in names:
        if name not in manager.all_tasks:
            raise TaskError(f"{name}: no such task, built in or in {include_path or 'a folder named by --include-path'}")
        try:
            tasks = manager.load([name])["tasks"].values()
        except (OSError, ValueError, KeyError, TypeError, AttributeError, ImportError) as error:
            raise TaskError(f"{name}: cannot be loaded offline: {' '.join(str(error).split())[:400]}") from error
        for task in tasks:
            found |= documents_of(task)
    return found


def documents_of(task: Any) -> dict[str, Asked]:
    """Of one task. Raises TaskError for one that cannot be asked greedily of an engine."""
    name = str(task.config.task)
    if task.OUTPUT_TYPE not in KINDS:
        raise TaskError(f"{name}: output_type is {task.OUTPUT_TYPE}; expected {', '.join(KINDS)}")
    if (task.config.repeats or 1) != 1:
        raise TaskError(f"{name}: repeats is {task.config.repeats}; greedy answers are asked for once")
    given = task.config.generation_kwargs or {} if task.OUTPUT_TYPE == "generate_until" else {}
    odd = [f"{key}: {value}" for key, value in given.items() if key not in KNOWN or value not in SAMPLING.get(key, (value,))]
    if odd:
        raise TaskError(f"{name}: generation_kwargs has {odd[0]}; engines are asked greedily, and know {', '.join(sorted(KNOWN))}")
    metric(task)
    try:
        task.build_all_requests()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TaskError(f"{name}: its documents cannot be asked: {' '.join(str(error).split())[:400]}") from error
    found: dict[str, Asked] = {}
    for request in task.instances:
        found.setdefault(f"{name}/{request.doc_id}", Asked(task, [])).requests.append(request)
    return found


def metric(task: Any) -> tuple[str, str]:
    """The task's first metric that is higher for better answers and its first filter. Raises TaskError where there is none."""
    better = task.higher_is_better()
    names = [name for name in task.aggregation() if better.get(name) and "perplexity" not in name]
    if not names:
        raise TaskError(f"{task.config.task}: has no metric of an item that is higher when it is better")
    return names[0], str(task._filters[0].name)


def row(name: str, asked: Asked) -> dict[str, Any]:
    """What engines are asked of a document."""
    first = asked.requests[0].args
    said: dict[str, Any] = {"id": name, "task": str(asked.task.config.task), "prompt": first[0], "scored": [], "stop": [],
                            "tokens_max": 0}  # fmt: skip
    wanted = json.dumps([asked.requests[0].doc, asked.task.doc_to_target(asked.requests[0].doc)], default=str, sort_keys=True)
    said["sha256"] = hashlib.sha256(wanted.encode()).hexdigest()
    if asked.task.OUTPUT_TYPE == "generate_until":
        until = first[1].get("until") or []
        said["stop"] = [until] if isinstance(until, str) else list(until)
        said["tokens_max"] = int(first[1].get("max_gen_toks") or 0)
    else:
        said["scored"] = [list(request.args) for request in asked.requests]
    return said


def mark(asked: Asked, answer: dict[str, Any]) -> float:
    """By lm-eval's filters and metric. Raises TaskError for what is no mark, and what the library raises."""
    responses = [tuple(pair) for pair in answer["scores"]] if "scores" in answer else [answer["text"]]
    name, filter_ = metric(asked.task)
    for request, response in zip(asked.requests, responses, strict=True):
        request.resps = [response]
        request.filtered_resps = {}
    asked.task._filters[0].apply(asked.requests)
    document = asked.requests[0].doc
    found = asked.task.process_results(document, [request.filtered_resps[filter_] for request in asked.requests]).get(name)
    if not isinstance(found, bool | int | float) and not hasattr(found, "item"):
        raise TaskError(f"{name} is {str(found)[:80]!r} for one item, expected a number from 0 to 1")
    if not 0 <= float(found) <= 1:
        raise TaskError(f"{name} is {float(found):g}, expected 0 to 1")
    return float(found)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
