"""Run by the python of a client's own environment: a recipe's two loops, supervised and by reward, as a user writes them.

python learning.py supervised BASE PAIRS STEPS AT_ONCE     PAIRS: JSON, [[prompt tokens, completion tokens], ...], of which a step
                                                            takes AT_ONCE; the first is asked for after STEPS, or when it is learned
python learning.py reward BASE
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from typing import Any

warnings.simplefilter("ignore")

import tinker  # noqa: E402
from tinker import types  # noqa: E402


def got(found: Any) -> Any:
    return found.result() if hasattr(type(found), "result") else found


def supervised(base: str, pairs: list[list[list[int]]], steps: int, at_once: int) -> dict[str, Any]:
    """Train until the answers are learned, save, sample the first from what was saved, and score it both ways."""
    train = got(tinker.ServiceClient().create_lora_training_client(base, rank=8, seed=7))
    data = []
    for prompt, completion in pairs:
        whole = prompt + completion
        weights = [0.0] * (len(prompt) - 1) + [1.0] * len(completion)
        inputs = {"target_tokens": whole[1:], "weights": weights}
        data.append(types.Datum(model_input=types.ModelInput.from_ints(whole[:-1]), loss_fn_inputs=inputs))
    losses: list[float] = []
    while len(losses) < steps and (not losses or losses[-1] > 0.1):
        batch = [(len(losses) * at_once + n) % len(data) for n in range(at_once)]
        done = train.forward_backward([data[at] for at in batch], "cross_entropy")
        step = train.optim_step(types.AdamParams(learning_rate=3e-3, eps=1e-8))
        losses.append(done.result().metrics["loss:sum"] / sum(len(pairs[at][1]) for at in batch))
        step.result()
    path = train.save_state("learned").result().path
    sampler = got(train.save_weights_and_get_sampling_client())
    prompt, completion = pairs[0]
    greedy = types.SamplingParams(max_tokens=len(completion), temperature=0)
    (answer,) = sampler.sample(types.ModelInput.from_ints(prompt), 1, greedy).result().sequences
    whole = prompt + completion
    served = sampler.compute_logprobs(types.ModelInput.from_ints(whole)).result()[1:]
    trained = train.forward([data[0]], "cross_entropy").result().loss_fn_outputs[0]["logprobs"].data
    return {"losses": losses, "answer": answer.tokens, "stopped": answer.stop_reason, "sampled": answer.logprobs, "served": served,
            "trained": list(trained), "path": path, "version": tinker.__version__}  # fmt: skip


def reward(base: str) -> dict[str, Any]:
    """Tokens below 100 are what is wanted: importance_sampling over groups of samples, advantages within the group."""
    train = got(tinker.ServiceClient().create_lora_training_client(base, rank=8, seed=7))
    prompt, rewards = [5, 6, 7], []
    for turn in range(12):
        sampler = got(train.save_weights_and_get_sampling_client())
        params = types.SamplingParams(max_tokens=4, seed=turn, stop=[])
        group = sampler.sample(types.ModelInput.from_ints(prompt), 16, params).result().sequences
        gains = [sum(token < 100 for token in item.tokens) / 4 for item in group]
        mean = sum(gains) / len(gains)
        rewards.append(mean)
        data, before = [], len(prompt) - 1
        for item, gain in zip(group, gains, strict=True):
            inputs = {"target_tokens": [0] * before + item.tokens, "logprobs": [0.0] * before + item.logprobs,
                      "advantages": [0.0] * before + [gain - mean] * len(item.tokens)}  # fmt: skip
            data.append(
                types.Datum(model_input=types.ModelInput.from_ints(prompt + item.tokens[:-1]), loss_fn_inputs=inputs)
            )
        train.forward_backward(data, "importance_sampling")
        train.optim_step(types.AdamParams(learning_rate=1e-2, eps=1e-8)).result()
    return {"rewards": rewards}


if sys.argv[1] == "supervised":
    found = supervised(sys.argv[2], json.loads(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
else:
    found = reward(sys.argv[2])
print(json.dumps(found), flush=True)
os._exit(0)  # the client's threads outlive the script
