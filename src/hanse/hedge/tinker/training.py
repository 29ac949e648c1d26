"""Handlers of what trains: models, passes, steps, saving and loading."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from hanse.hedge.tinker import train
from hanse.hedge.tinker.refused import Refused
from hanse.hedge.tinker.requests import (
    BodyT,
    CreateModel,
    Forward,
    ForwardBackward,
    LoadWeights,
    LoraShape,
    Name,
    Numbered,
    OfModel,
    OptimStep,
    SaveExternal,
    SaveForSampler,
    SaveWeights,
    read,
)
from hanse.hedge.tinker.service import Live, Service, digest_of
from hanse.hedge.tinker.shelf import Checkpoint, Kind, RunRecord
from hanse.hedge.tinker.turns import Future
from hanse.hedge.tinker.wire import PROTOBUF, Pass, pass_of_json, pass_of_message, read_message

UNNAMED = "unnamed-"
Reply = dict[str, Any]
T = TypeVar("T")


async def create_model(service: Service, owner: str, body: bytes) -> Reply:
    """A new adapter; its id is its session's and its number in it."""
    asked = read(CreateModel, body)
    check_family(asked.optimizer_config.type)
    beginning = Beginning(asked.lora_config, dict(asked.user_metadata or {}), service.serving.alpha)
    return _create(service, owner, body, (asked.session_id, asked.model_seq_id), asked.base_model, lambda: beginning)


@dataclass(frozen=True)
class Beginning:
    """What a new run begins as."""

    shape: LoraShape
    words: dict[str, Any]
    """The user's, about it."""
    alpha: int
    weights: Checkpoint | None = None
    """Off: none, it has learned nothing."""
    optimizer: bool = False
    """Whether the weights' optimizer goes on, too."""


def _create(
    service: Service, owner: str, body: bytes, place: tuple[str, int], base_model: str | None, what: Callable[[], Beginning]
) -> Reply:
    """`place`: the session and the number in it. `what` is asked for a request that is new."""
    session = service.open_session(place[0], owner)
    run_id = f"{session.id}:train:{place[1]}"
    request_id, digest = f"{run_id}:create", digest_of(body)
    if service.futures.same(request_id, owner, digest):
        return {"request_id": request_id, "model_id": run_id}
    if run_id in service.shelf.runs or run_id in service.live:
        raise Refused(f"{run_id}: there is such a run already; number models anew")
    if base_model is not None and base_model != service.model.base.name:
        raise Refused(
            f"base_model {base_model[:100]!r} is not served here; this server has {service.model.base.name!r}"
        )
    beginning = what()
    shape = beginning.shape
    if shape.rank > service.serving.rank_max:
        raise Refused(
            f"lora_config.rank {shape.rank}: at most {service.serving.rank_max} (rank_max of the server's settings)"
        )
    if not shape.train_attn and not shape.train_mlp:
        raise Refused("lora_config: an adapter on the output layer alone is not served; set train_attn or train_mlp")
    seed = shape.seed if shape.seed is not None else int.from_bytes(service.around.random(7), "big")
    record = RunRecord(
        id=run_id, owner=owner, created=service.around.now(), base_model=service.model.base.name,
        base_sha256=service.model.base.sha256, rank=shape.rank, alpha=beginning.alpha, seed=seed, train_attn=shape.train_attn,
        train_mlp=shape.train_mlp, train_unembed=shape.train_unembed, user_metadata=beginning.words,
    )  # fmt: skip
    service.turns.check(owner)
    live = service.begin_run(record)

    def work(future: Future) -> Reply:
        lora, found = service.lora(record), beginning.weights
        try:
            if found is None:
                adapter = service.model.fresh(lora)
            else:
                adapter = service.model.load(service.shelf.place(found), lora, beginning.optimizer, False)
            service.shelf.put_run(record)
            live.adapter = adapter
        finally:
            if live.adapter is None:
                service.live.pop(run_id, None)
        if found is None:
            return {"type": "create_model", "model_id": run_id}
        return {"type": "load_weights", "model_id": run_id, "path": found.path}

    service.begin(request_id, owner, digest, work)
    return {"request_id": request_id, "model_id": run_id}


async def get_info(service: Service, owner: str, body: bytes) -> Reply:
    """About a run, in memory or not."""
    asked = read(OfModel, body)
    live = service.live.get(asked.model_id)
    record = (
        live.record if live is not None and live.record.owner == owner else service.shelf.run(asked.model_id, owner)
    )
    data = {"arch": service.around.arch, "model_name": record.base_model, "tokenizer_id": record.base_model}
    return {"type": "get_info", "model_data": data, "model_id": record.id, "is_lora": True, "lora_rank": record.rank,
            "model_name": record.base_model}  # fmt: skip


async def unload_model(service: Service, owner: str, body: bytes) -> Reply:
    """Let go of an adapter; only what was saved stays."""
    asked = read(OfModel, body)
    live = service.live_run(asked.model_id, owner)

    def work(future: Future) -> Reply:
        live.adapter = None
        return {"type": "unload_model", "model_id": asked.model_id}

    service.end_run(asked.model_id, "it was unloaded")
    future = service.begin(f"{asked.model_id}:unload", owner, digest_of(body), work)
    return {"request_id": future.id, "model_id": asked.model_id}


async def forward_backward(service: Service, owner: str, body: bytes, kind: str) -> Reply:
    """A pass in either era's bytes; protobuf may ask for one without a backward pass."""
    if kind == PROTOBUF:
        message = await asyncio.to_thread(read_message, body)
        service.live_run(message.model_id, owner)
        return await _passes(service, owner, body, message.model_id, message.seq_id, lambda: pass_of_message(message))
    asked = await _read(service, owner, ForwardBackward, body)
    found = asked.forward_backward_input
    return await _passes(service, owner, body, asked.model_id, asked.seq_id, lambda: pass_of_json(found, True))


async def forward(service: Service, owner: str, body: bytes) -> Reply:
    """A pass without gradients."""
    asked = await _read(service, owner, Forward, body)
    return await _passes(
        service, owner, body, asked.model_id, asked.seq_id, lambda: pass_of_json(asked.forward_input, False)
    )


async def _passes(
    service: Service, owner: str, body: bytes, run_id: str, number: int, make: Callable[[], Pass]
) -> Reply:
    made: list[Pass] = []
    wrong: Refused | None = None
    try:
        made.append(await asyncio.to_thread(make))
        _check_bounds(service, made[0])
    except Refused as error:
        wrong = error
    return _accept(service, owner, body, run_id, number, wrong,
                   lambda live: train.run_pass(service.model, live.need(), made[0], service.serving,
                                               service.stopping.is_set))  # fmt: skip


async def optim_step(service: Service, owner: str, body: bytes) -> Reply:
    """A step of AdamW."""
    asked = await _read(service, owner, OptimStep, body)
    params = asked.adam_params
    wrong = None
    if params is None:
        wrong = Refused("optim_step: only AdamW is served; give adam_params")
    return _accept(service, owner, body, asked.model_id, asked.seq_id, wrong,
                   lambda live: {"metrics": train.step(live.need(), params)} if params else None)  # fmt: skip


async def save_weights(service: Service, owner: str, body: bytes) -> Reply:
    """Weights and optimizer, to go on from."""
    asked = await _read(service, owner, SaveWeights, body)
    name, wrong = _named(asked.path, f"{asked.seq_id:06d}")
    made = _checkpoint(service, asked.model_id, "weights", name, asked.ttl_seconds, asked.user_metadata)

    def work(live: Live) -> Reply:
        return {"type": "save_weights", "path": _save(service, live, made, True, asked.overwrite)}

    return _accept(service, owner, body, asked.model_id, asked.seq_id, wrong, work)


async def save_for_sampler(service: Service, owner: str, body: bytes) -> Reply:
    """Weights to sample from: under a name, or at once as a sampling session."""
    asked = await _read(service, owner, SaveForSampler, body)
    name, wrong = _named(asked.path, f"{UNNAMED}{asked.seq_id:06d}")
    if asked.kind != "snapshot":
        wrong = Refused("kind 'inflight' is not served: every sampler here is a snapshot")
    elif (asked.path is None) == (asked.sampling_session_seq_id is None):
        wrong = Refused("expected path or sampling_session_seq_id, one of them")
    made = _checkpoint(service, asked.model_id, "sampler_weights", name, asked.ttl_seconds, asked.user_metadata)
    made = made.model_copy(update={"named": asked.path is not None})
    sampler = asked.model_id.partition(":")[0], asked.sampling_session_seq_id

    def work(live: Live) -> Reply:
        path = _save(service, live, made, False, False)
        if asked.path is not None:
            return {"type": "save_weights_for_sampler", "path": path}
        service.trim(live.record.id, service.serving.samplers_max)
        return {"type": "save_weights_for_sampler", "sampling_session_id": f"{sampler[0]}:sample:{sampler[1]}"}

    reply = _accept(service, owner, body, asked.model_id, asked.seq_id, wrong, work)
    if sampler[1] is not None:
        session = service.shelf.session(sampler[0], owner)
        service.shelf.put_session(
            session.model_copy(update={"samplers": session.samplers | {str(sampler[1]): made.path}})
        )
    return reply


async def save_external(service: Service, owner: str, body: bytes) -> Reply:
    """Weights as peft's files, to be fetched."""
    asked = await _read(service, owner, SaveExternal, body)
    name, wrong = _named(asked.path, "")
    if asked.age_encryption_recipients:
        wrong = Refused("age_encryption_recipients: exported files are not encrypted here; leave it out")
    made = _checkpoint(service, asked.model_id, "external_weights", name, asked.ttl_seconds, None)

    def work(live: Live) -> Reply:
        return {"type": "save_weights_external", "path": _save(service, live, made, False, False)}

    return _accept(service, owner, body, asked.model_id, asked.seq_id, wrong, work)


async def load_weights(service: Service, owner: str, body: bytes) -> Reply:
    """Saved weights into a model, or as the beginning of a new one."""
    asked = read(LoadWeights, body)
    check_family(asked.optimizer_config.type if asked.optimizer_config else "adamw")
    if asked.weights_access_token is not None:
        raise Refused("weights_access_token: weights of another account are not served")
    if asked.session_id is not None and asked.model_seq_id is not None:

        def beginning() -> Beginning:
            found = service.shelf.find(asked.path, owner, service.around.now())
            old = service.shelf.runs[found.run]
            shape = LoraShape(rank=old.rank, seed=old.seed, train_attn=old.train_attn, train_mlp=old.train_mlp,
                              train_unembed=old.train_unembed)  # fmt: skip
            return Beginning(shape, dict(asked.user_metadata or {}), old.alpha, found, asked.optimizer)

        return _create(service, owner, body, (asked.session_id, asked.model_seq_id), asked.base_model, beginning)
    if asked.model_id is None or asked.seq_id is None:
        raise Refused("expected model_id and seq_id, or session_id and model_seq_id")

    def work(live: Live) -> Reply:
        found = service.shelf.find(asked.path, owner, service.around.now())
        lora, saved = service.lora(live.record), service.lora(service.shelf.runs[found.run])
        if replace(lora, seed=0) != replace(saved, seed=0):
            raise Refused(f"{asked.path}: another shape: {saved}; this run has {lora}")
        live.adapter = service.model.load(service.shelf.place(found), lora, asked.optimizer, False)
        return {"type": "load_weights", "path": found.path, "model_id": live.record.id}

    return _accept(service, owner, body, asked.model_id, asked.seq_id, None, work)


def check_family(name: str) -> None:
    """Raise Refused for an optimizer that is not served."""
    if name != "adamw":
        raise Refused(f"optimizer {name[:60]!r} is not served; there is adamw")


def _accept(
    service: Service,
    owner: str,
    body: bytes,
    run_id: str,
    number: int,
    wrong: Refused | None,
    work: Callable[[Live], Any],
) -> Reply:
    """Put a request in its run's line. Raises Refused: `wrong` for one that asks for what there is not, whose number then counts
    as done, so that the next does not wait for it."""
    live = service.live_run(run_id, owner)
    request_id, digest = f"{run_id}:{number}", digest_of(body)
    if service.futures.same(request_id, owner, digest) is None:
        service.turns.check(owner)
        live.line.check(number)
        if wrong is not None:
            live.line.put(number, None)
            raise wrong
        live.line.put(number, service.futures.add(Future(request_id, owner, digest, lambda future: work(live))))
    return {"request_id": request_id, "model_id": run_id}


async def _read(service: Service, owner: str, kind: type[BodyT], body: bytes) -> BodyT:
    """A body. Raises Refused, and lets the next of the run not wait for it where its number can be read."""
    try:
        return await asyncio.to_thread(read, kind, body)
    except Refused as wrong:
        try:
            numbered = read(Numbered, body)
        except Refused:
            raise wrong from None
        _accept(service, owner, body, numbered.model_id, numbered.seq_id, wrong, lambda live: None)
        raise


def _check_bounds(service: Service, asked: Pass) -> None:
    vocabulary, context = service.model.vocabulary, service.around.context
    for number, example in enumerate(asked.examples):
        if len(example.tokens) > context:
            raise Refused(f"datum {number}: {len(example.tokens)} tokens; the context is {context}")
        for name, tokens in (("model_input", example.tokens), ("target_tokens", example.targets)):
            if int(tokens.min()) < 0 or int(tokens.max()) >= vocabulary:
                raise Refused(f"datum {number}: {name}: expected tokens from 0 to {vocabulary - 1}")


def _named(given: Name | None, otherwise: str) -> tuple[str, Refused | None]:
    if given is not None and given.startswith(UNNAMED):
        return given, Refused(f"path {given!r}: names that begin with {UNNAMED} are the server's own")
    return given or otherwise, None


def _checkpoint(
    service: Service, run_id: str, kind: Kind, name: str, ttl: int | None, words: dict[str, Any] | None
) -> Checkpoint:
    now = service.around.now()
    return Checkpoint(run=run_id, kind=kind, name=name, created=now, steps=0, expires=None if ttl is None else now + ttl,
                      user_metadata=dict(words or {}))  # fmt: skip


def _save(service: Service, live: Live, made: Checkpoint, optimizer: bool, overwrite: bool) -> str:
    """On the worker's thread."""
    adapter = live.need()
    if service.shelf.place(made).exists() and not overwrite:
        raise Refused(f"{made.path} is there already: choose another name, or overwrite it")
    kept = made.model_copy(update={"steps": adapter.steps})
    return service.shelf.put(
        kept, lambda folder: service.model.save(adapter, folder, optimizer), service.serving.stored_bytes_max
    ).path
