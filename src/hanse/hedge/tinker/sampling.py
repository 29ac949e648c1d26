"""Handlers of what samples, and of the futures that everything waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from hanse.hedge.tinker import sample
from hanse.hedge.tinker.refused import STOPPING, Refused
from hanse.hedge.tinker.requests import CreateSampling, Retrieve, Sample, read
from hanse.hedge.tinker.service import Service, digest_of, failure_json
from hanse.hedge.tinker.shelf import RUN, Checkpoint
from hanse.hedge.tinker.turns import Failure, Joint
from hanse.hedge.tinker.wire import (
    PROTOBUF,
    Passed,
    Sampled,
    passed_json,
    passed_message,
    sampled_json,
    sampled_message,
    tokens_of,
)

Reply = dict[str, Any]
POLL_SECONDS = 20.0
"""How long an answer is waited for before the client is told to ask again; it gives up its own wait after 45."""


async def create_sampling_session(service: Service, owner: str, body: bytes) -> Reply:
    """Of the base, or of saved weights of one's own."""
    asked = read(CreateSampling, body)
    session = service.open_session(asked.session_id, owner)
    path = _weights(service, owner, asked.model_path, asked.base_model)
    number = str(asked.sampling_session_seq_id)
    if session.samplers.get(number, path) != path:
        raise Refused(f"sampling session {number} of {session.id} is another one; number them anew")
    service.shelf.put_session(session.model_copy(update={"samplers": session.samplers | {number: path}}))
    return {"type": "create_sampling_session", "sampling_session_id": f"{session.id}:sample:{number}"}


async def get_sampler(service: Service, owner: str, sampler_id: str) -> Reply:
    """What a sampling session samples from."""
    path = _sampler(service, owner, sampler_id)
    return {"sampler_id": sampler_id, "base_model": service.model.base.name} | ({"model_path": path} if path else {})


async def asample(service: Service, owner: str, body: bytes) -> Reply:
    """Samples, and log-probabilities of the prompt."""
    asked = await asyncio.to_thread(read, Sample, body)
    if asked.target_prompt_logprobs is not None or asked.prompt_alt_tokens_k:
        raise Refused("target_prompt_logprobs and prompt_alt_tokens_k are not served; there are prompt_logprobs and "
                      "topk_prompt_logprobs")  # fmt: skip
    if asked.sampling_session_id is not None:
        path = _sampler(service, owner, asked.sampling_session_id)
        service.open_session(asked.sampling_session_id.partition(":")[0], owner)
        if asked.seq_id is None:
            raise Refused("seq_id is missing")
        request_id = f"{asked.sampling_session_id}:{asked.seq_id}"
    else:
        path = _weights(service, owner, asked.model_path, asked.base_model)
        request_id = f"sample:{service.around.random(16).hex()}"
    wanted = _wanted(service, asked)
    found = service.shelf.find(path, owner, service.around.now()) if path else None
    digest = digest_of(body)
    future = service.futures.same(request_id, owner, digest)
    if future is None:
        future = service.begin(request_id, owner, digest, _joint(service, found, wanted))
        future.answers = tuple(f"{request_id}:{index}" for index in range(wanted.samples))
    return {"request_id": request_id, "sample_sequence_ids": list(future.answers)}


def _joint(service: Service, found: Checkpoint | None, wanted: sample.Wanted) -> Joint:
    """Work that goes together with that of the same weights, and of the same prompt where the model cannot read several."""

    def work(asked: Sequence[tuple[sample.Wanted, Callable[[], bool]]]) -> Sequence[Any]:
        adapter = None if found is None else service.loaded(found)
        chunk = service.serving.logits_per_chunk
        return sample.sample(service.model, adapter, asked, lambda ids: service.around.decode(list(ids)), chunk)

    weights = "" if found is None else f"{found.path}@{found.created}"
    key = weights if service.model.pads else f"{weights} {wanted.prompt}"
    return Joint(key, wanted.samples, len(wanted.prompt) + wanted.tokens_max, wanted, work)


async def retrieve_future(service: Service, owner: str, body: bytes, accept: str) -> Reply | bytes:
    """What came of a request: JSON, or protobuf for a client that takes nothing else. Raises Refused, 408 when it is not done yet,
    410 for samples that the server knows nothing of any more: the client then asks for them anew."""
    asked = read(Retrieve, body)
    future = service.futures.get(asked.request_id, owner)
    if future is None:
        return _unknown(service, owner, asked.request_id)
    service.seen[asked.request_id.partition(":")[0]] = service.around.now()
    await _until_one([future.done, service.stopping], POLL_SECONDS)
    if not future.done.is_set():
        if service.stopping.is_set():
            raise Refused(STOPPING, 503)
        raise Refused("not done yet; ask again", 408)
    future.read = True
    if future.failure is not None:
        return dict(failure_json(future.failure))
    protobuf = PROTOBUF in accept and "application/json" not in accept
    return await asyncio.to_thread(_encoded, future.result, protobuf)


async def _until_one(events: Sequence[asyncio.Event], seconds: float) -> None:
    tasks = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


def _encoded(result: Any, protobuf: bool) -> Reply | bytes:
    if isinstance(result, Passed):
        return passed_message(result) if protobuf else passed_json(result)
    if isinstance(result, Sampled):
        return sampled_message(result) if protobuf else sampled_json(result)
    return dict(result)


def _unknown(service: Service, owner: str, request_id: str) -> Reply:
    run = RUN.match(request_id)
    record = service.shelf.runs.get(run[0]) if run is not None else None
    if record is not None and record.owner == owner:
        return dict(failure_json(Failure(service.lost(record))))
    raise Refused(f"request {request_id[:100]} is not known (any more); send it again", 410)


async def cancel_future(service: Service, owner: str, body: bytes) -> Reply:
    """Nobody waits for it any more: sampling ends at its next token. What trains is done all the same."""
    asked = read(Retrieve, body)
    future = service.futures.get(asked.request_id, owner)
    if future is not None and future.answers:
        future.gone.set()
    return {}


def _sampler(service: Service, owner: str, sampler_id: str) -> str:
    """The path of a sampling session's weights; empty: the base. Raises Refused."""
    session_id, _, number = sampler_id.partition(":sample:")
    session = service.shelf.session(session_id, owner)
    if number not in session.samplers:
        raise Refused(f"{sampler_id[:100]}: this key has no such sampling session", 404)
    return session.samplers[number]


def _weights(service: Service, owner: str, path: str | None, base_model: str | None) -> str:
    """The path of weights that are there; empty: the base. Raises Refused."""
    name = service.model.base.name
    if base_model is not None and base_model != name:
        raise Refused(f"base_model {base_model[:100]!r} is not served here; this server has {name!r}")
    if path is None and base_model is None:
        raise Refused("expected model_path or base_model")
    return service.shelf.find(path, owner, service.around.now()).path if path is not None else ""


def _wanted(service: Service, asked: Sample) -> sample.Wanted:
    params, context, vocabulary = asked.sampling_params, service.around.context, service.model.vocabulary
    prompt = tokens_of(asked.prompt).tolist()
    if not prompt or max(prompt) >= vocabulary:
        raise Refused(f"prompt: expected tokens from 0 to {vocabulary - 1}, at least one")
    if len(prompt) >= context:
        raise Refused(f"prompt: {len(prompt)} tokens leave no room for an answer; the context is {context}")
    if asked.num_samples > service.serving.samples_max:
        raise Refused(
            f"num_samples {asked.num_samples}: at most {service.serving.samples_max} (samples_max of the server's settings)"
        )
    stop = params.stop
    texts = (stop,) if isinstance(stop, str) else tuple(item for item in stop or () if isinstance(item, str))
    tokens = frozenset(item for item in stop or () if isinstance(item, int))
    if "" in texts:
        raise Refused("stop: an empty text")
    seed = params.seed if params.seed is not None else int.from_bytes(service.around.random(8), "big")
    return sample.Wanted(
        prompt=prompt, samples=asked.num_samples, tokens_max=min(params.max_tokens or context, context - len(prompt)),
        seed=seed % (1 << 63), temperature=params.temperature, top_k=max(0, params.top_k), top_p=params.top_p,
        stop_tokens=service.around.ends if stop is None else tokens, stop_texts=texts,
        prompt_logprobs=bool(asked.prompt_logprobs), prompt_top=asked.topk_prompt_logprobs,
        sample_top=asked.topk_sample_logprobs, last=asked.prompt_logprobs_last_n or 0,
    )  # fmt: skip
