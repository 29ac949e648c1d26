"""Handlers of sessions and of what is kept: lists, one by one, deleting, expiry, files to fetch."""

from __future__ import annotations

import hashlib
import hmac
import io
import tarfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hanse.hedge.tinker.refused import Refused
from hanse.hedge.tinker.requests import CreateSession, OfPath, OfSession, SetTtl, read
from hanse.hedge.tinker.service import Service
from hanse.hedge.tinker.shelf import Checkpoint, RunRecord, Session

Reply = dict[str, Any]
URL_SECONDS = 900
PAGE_MAX = 1000
TYPES = {"weights": "training", "sampler_weights": "sampler", "external_weights": "external"}


async def client_config(service: Service, owner: str, body: bytes) -> Reply:
    """Flags of the client, fetched once: how it sends, and what it must not count on."""
    return {
        "pjwt_auth_enabled": False, "parallel_fwdbwd_chunks": True, "proto_write_fwdbwd": False, "proto_compress_fwdbwd": True,
        "fwd_via_fwdbwd": False, "create_model_via_load_weights": True,
        "sample_max_concurrent_requests": service.serving.queue_max // 2,
        "sample_use_retrieve_futures": False, "sample_join_sampling_session": False, "custom_loss_server_side": False,
    }  # fmt: skip


async def dynamic_config(service: Service, owner: str, body: bytes) -> Reply:
    """Flags that the client fetches again and again."""
    return {"refresh_interval_sec": 300, "sample_cancel_enabled": True, "sample_cancel_max_batch_size": 64}


async def capabilities(service: Service, owner: str, query: Mapping[str, str]) -> Reply:
    """The base."""
    return {"supported_models": [{"model_name": service.model.base.name, "max_context_length": service.around.context,
                                  "trainable": True, "sampleable": True}]}  # fmt: skip


async def create_session(service: Service, owner: str, body: bytes) -> Reply:
    """A session of a client."""
    asked = read(CreateSession, body)
    mine = sum(item.owner == owner and not item.finished for item in service.shelf.sessions.values())
    if mine >= service.serving.sessions_max:
        raise Refused(
            f"{mine} sessions of this key are open, the most it may have: close clients, or wait until they end"
        )
    session = Session(id=service.around.random(16).hex(), owner=owner, created=service.around.now(),
                      user_metadata=asked.user_metadata or {}, display_name=asked.display_name)  # fmt: skip
    service.shelf.put_session(session)
    service.seen[session.id] = session.created
    return {"type": "create_session", "session_id": session.id}


async def heartbeat(service: Service, owner: str, body: bytes) -> Reply:
    """The client is still there."""
    service.open_session(read(OfSession, body).session_id, owner)
    return {"type": "session_heartbeat"}


async def telemetry(service: Service, owner: str, body: bytes) -> Reply:
    """Thrown away."""
    return {"status": "accepted"}


async def finish_session(service: Service, owner: str, session_id: str, body: bytes) -> Reply:
    """The client is done."""
    session = service.shelf.session(session_id, owner)
    if not session.finished:
        service.end_session(session, "its session was closed")
    return {}


async def get_session(service: Service, owner: str, session_id: str) -> Reply:
    """What a session has made."""
    session = service.shelf.session(session_id, owner)
    runs = [run.id for run in service.shelf.runs.values() if run.session == session.id]
    samplers = [f"{session.id}:sample:{number}" for number in session.samplers]
    return {"training_run_ids": runs, "sampler_ids": samplers, "user_metadata": texts(session.user_metadata),
            "display_name": session.display_name}  # fmt: skip


async def list_sessions(service: Service, owner: str, query: Mapping[str, str]) -> Reply:
    """An owner's sessions, newest first."""
    found = sorted(
        (item for item in service.shelf.sessions.values() if item.owner == owner), key=lambda item: -item.created
    )
    page, _ = _page([item.id for item in found], query)
    return {"sessions": page}


async def list_runs(service: Service, owner: str, query: Mapping[str, str]) -> Reply:
    """An owner's runs, newest first."""
    found = sorted(
        (item for item in service.shelf.runs.values() if item.owner == owner), key=lambda item: -item.created
    )
    page, cursor = _page(found, query)
    return {"training_runs": [_run(service, item) for item in page], "cursor": cursor}


async def get_run(service: Service, owner: str, run_id: str) -> Reply:
    """One run."""
    return _run(service, service.shelf.run(run_id, owner))


async def list_checkpoints(service: Service, owner: str, run_id: str) -> Reply:
    """A run's saved weights."""
    service.shelf.run(run_id, owner)
    found = [item for item in service.shelf.of_run(run_id, service.around.now()) if item.named]
    return {"checkpoints": [_checkpoint(item) for item in found]}


async def list_all(service: Service, owner: str, query: Mapping[str, str]) -> Reply:
    """All saved weights of an owner."""
    page, cursor = _page(service.shelf.of_owner(owner, service.around.now()), query)
    return {"checkpoints": [_checkpoint(item) for item in page], "cursor": cursor}


async def weights_info(service: Service, owner: str, body: bytes) -> Reply:
    """The shape of saved weights."""
    found = service.shelf.find(read(OfPath, body).tinker_path, owner, service.around.now())
    run = service.shelf.runs[found.run]
    return {"base_model": run.base_model, "is_lora": True, "lora_rank": run.rank, "train_unembed": run.train_unembed,
            "train_mlp": run.train_mlp, "train_attn": run.train_attn}  # fmt: skip


async def delete(service: Service, owner: str, path: str) -> Reply:
    """Remove saved weights."""
    service.shelf.remove(service.shelf.find(path, owner, service.around.now()))
    return {}


async def set_ttl(service: Service, owner: str, path: str, body: bytes) -> Reply:
    """Let saved weights expire, or not."""
    now, ttl = service.around.now(), read(SetTtl, body).ttl_seconds
    service.shelf.change(service.shelf.find(path, owner, now), None if ttl is None else now + ttl)
    return {}


class Links:
    """Addresses of files that need no key for a while, signed by this process."""

    def __init__(self, service: Service, secret: bytes) -> None:
        self._service, self._secret = service, secret

    async def archive(self, owner: str, path: str, base: str) -> Reply:
        """Where a tar of saved weights is."""
        found = self._service.shelf.find(path, owner, self._service.around.now())
        until = self._until()
        return {"url": self._url(base, found, "", until), "expires": _time(until)}

    async def files(self, owner: str, path: str, base: str) -> Reply:
        """Where each of their files is."""
        found = self._service.shelf.find(path, owner, self._service.around.now())
        place, until = self._service.shelf.place(found) / "adapter", self._until()
        return {"urls": {item.name: self._url(base, found, item.name, until) for item in sorted(place.iterdir())},
                "expires": _time(until)}  # fmt: skip

    def read(self, path: str, name: str, until: str, signature: str) -> bytes:
        """What such an address gives: the file `name`, or a tar of all when it is empty. Raises Refused."""
        right = self._sign(path, name, until)
        if not hmac.compare_digest(signature.encode(), right.encode()) or int(until) < self._service.around.now():
            raise Refused("this address is not valid (any more): ask for another", 403)
        owner = self._service.shelf.run(path.split("/")[2], self._owner(path)).owner
        found = self._service.shelf.find(path, owner, self._service.around.now())
        place = self._service.shelf.place(found) / "adapter"
        return (place / name).read_bytes() if name else _tar(place)

    def _owner(self, path: str) -> str:
        run = self._service.shelf.runs.get(path.split("/")[2])
        return run.owner if run is not None else ""

    def _until(self) -> int:
        return int(self._service.around.now()) + URL_SECONDS

    def _url(self, base: str, found: Checkpoint, name: str, until: int) -> str:
        from urllib.parse import urlencode

        given = {
            "path": found.path,
            "name": name,
            "until": str(until),
            "signature": self._sign(found.path, name, str(until)),
        }
        return f"{base}/api/v1/files?{urlencode(given)}"

    def _sign(self, path: str, name: str, until: str) -> str:
        return hmac.new(self._secret, "\n".join((path, name, until)).encode(), hashlib.sha256).hexdigest()


def _tar(place: Path) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for item in sorted(place.iterdir()):
            tar.add(item, item.name)
    return made.getvalue()


def _page(found: list[Any], query: Mapping[str, str]) -> tuple[list[Any], Reply]:
    numbers = {}
    for name, default in (("limit", 20), ("offset", 0)):
        text = query.get(name, str(default))
        if not text.isascii() or not text.isdigit() or len(text) > 9:
            raise Refused(f"{name}: expected a number from 0 on")
        numbers[name] = int(text)
    limit, offset = min(numbers["limit"], PAGE_MAX), numbers["offset"]
    return found[offset : offset + limit], {"offset": offset, "limit": limit, "total_count": len(found)}


def _run(service: Service, run: RunRecord) -> Reply:
    found = [item for item in service.shelf.of_run(run.id, service.around.now()) if item.named]
    newest = {
        kind: next((item for item in found if item.kind == kind), None) for kind in ("weights", "sampler_weights")
    }
    last = max([run.created, service.seen.get(run.session, 0.0), *(item.created for item in found)])
    return {
        "training_run_id": run.id, "base_model": run.base_model, "model_owner": run.owner, "is_lora": True, "lora_rank": run.rank,
        "corrupted": False, "last_request_time": _time(last), "user_metadata": texts(run.user_metadata),
        "last_checkpoint": _checkpoint(newest["weights"]) if newest["weights"] else None,
        "last_sampler_checkpoint": _checkpoint(newest["sampler_weights"]) if newest["sampler_weights"] else None,
    }  # fmt: skip


def _checkpoint(item: Checkpoint) -> Reply:
    return {
        "checkpoint_id": f"{item.kind}/{item.name}", "checkpoint_type": TYPES[item.kind], "time": _time(item.created),
        "tinker_path": item.path, "size_bytes": item.size, "public": False, "user_metadata": texts(item.user_metadata),
        "expires_at": None if item.expires is None else _time(item.expires),
    }  # fmt: skip


def texts(words: Mapping[str, Any]) -> dict[str, str]:
    """A user's words, as clients read them back."""
    return {key: str(value) for key, value in words.items()}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
