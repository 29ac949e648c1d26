"""A server over a small model in a thread of its own, real clients in their own environments, and requests by hand."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.hedge.quantize import making
from tests.hedge.route.routing import in_thread

from hanse.hedge.tinker.keys import digest_of
from hanse.hedge.tinker.run import Setting, run
from hanse.hedge.tinker.settings import Serving
from hanse.hedge.tune.base import open_base

ROOT = Path(__file__).resolve().parents[3]
ERAS = {"json": "0.24.1", "protobuf": "0.38.0"}
KEYS = {name: f"tml-{name}-0123456789abcdef" for name in ("alice", "bob")}
END = "\nimport os\nimport sys\nsys.stdout.flush()\nos._exit(0)\n"
"""Of a script: the client's threads outlive it, and its interpreter does not always come down well (seen once, under load)."""
LIBRARIES = sysconfig.get_path("purelib")
"""Where this environment has torch and transformers."""


def base(folder: Path, **fields: Any) -> Path:
    """A tiny Llama with random weights, named for its folder."""
    making.small(folder / "tiny", **fields)
    return folder / "tiny"


@dataclass
class Served:
    """A running server."""

    url: str
    log: list[Mapping[str, Any]] = field(default_factory=list)

    def ask(
        self, method: str, path: str, body: Any = None, key: str = KEYS["alice"], **headers: str
    ) -> tuple[int, Any]:
        """Status and answer, JSON read; a body that is no bytes is sent as JSON."""
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 0, timeout=60)
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        given = (
            {"X-API-Key": key}
            | ({} if isinstance(body, bytes | None) else {"Content-Type": "application/json"})
            | headers
        )
        try:
            connection.request(method, f"/api/v1/{path}", data, given)
            answer = connection.getresponse()
            raw = answer.read()
        finally:
            connection.close()
        return answer.status, json.loads(raw) if answer.headers.get("Content-Type", "").startswith(
            "application/json"
        ) else raw

    def post(self, path: str, body: Any, key: str = KEYS["alice"]) -> Any:
        """The answer to a request that must be taken."""
        status, answer = self.ask("POST", path, body, key)
        assert status == 200, (status, answer)
        return answer

    def wait(self, answer: Any, key: str = KEYS["alice"]) -> Any:
        """What comes of an accepted request."""
        while True:
            status, found = self.ask("POST", "retrieve_future", {"request_id": answer["request_id"]}, key)
            if status != 408:
                assert status == 200, (status, found)
                return found

    def session(self, key: str = KEYS["alice"]) -> str:
        return str(
            self.post("create_session", {"tags": [], "user_metadata": None, "sdk_version": "0"}, key)["session_id"]
        )

    def model(self, session: str, number: int = 0, key: str = KEYS["alice"], rank: int = 2) -> str:
        body = {
            "session_id": session,
            "model_seq_id": number,
            "base_model": "tiny",
            "lora_config": {"rank": rank, "seed": 1},
        }
        return str(self.wait(self.post("create_model", body, key), key)["model_id"])


def datum(*ids: int) -> dict[str, Any]:
    """One sequence for the loss of every token."""
    count = len(ids) - 1
    inputs = {"target_tokens": {"data": list(ids[1:]), "dtype": "int64", "shape": [count]},
              "weights": {"data": [1.0] * count, "dtype": "float32", "shape": [count]}}  # fmt: skip
    return {"model_input": {"chunks": [{"type": "encoded_text", "tokens": list(ids[:-1])}]}, "loss_fn_inputs": inputs}


def a_pass(model: str, number: int, *data: dict[str, Any]) -> dict[str, Any]:
    """The body of forward_backward."""
    return {
        "model_id": model,
        "seq_id": number,
        "forward_backward_input": {"data": list(data), "loss_fn": "cross_entropy"},
    }


def a_step(model: str, number: int, rate: float = 1e-2) -> dict[str, Any]:
    """The body of optim_step."""
    return {"model_id": model, "seq_id": number, "adam_params": {"learning_rate": rate}}


@contextmanager
def serving(folder: Path, data: Path, keys: Mapping[str, str] = KEYS, **settings: Any) -> Iterator[Served]:
    """Serve `folder` until the block ends."""
    log: list[Mapping[str, Any]] = []
    owners = {digest_of(key): name for name, key in keys.items()}
    setting = Setting(open_base(str(folder)), data, owners, "127.0.0.1", 0, "float32", "cpu", log.append)

    async def serve(ready: Callable[[str], None], stop: asyncio.Event) -> None:
        await run(Serving(drain_ms=2000, **settings), setting, ready, stop)

    with in_thread(serve) as url:
        yield Served(url, log)


@contextmanager
def command(folder: Path, data: Path) -> Iterator[tuple[Served, subprocess.Popen[str]]]:
    """The same by `hanse tune serve` in a process of its own, with alice's key; killed at the end of the block."""
    words = [sys.executable, "-m", "hanse.cli.main", "tune", "serve", str(folder), "--port", "0", "--data", str(data)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1", "TINKER_API_KEY": KEYS["alice"]}
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == f"serving {folder.name}\n"
        yield Served(process.stdout.readline().strip().removeprefix("TINKER_BASE_URL=")), process
    finally:
        process.kill()
        process.communicate()


def python_of(era: str) -> str:
    """The python of a client's environment; the test is skipped where nobody has made it, but not in CI."""
    python = ROOT / f".venv-tinker-{era}" / "bin" / "python"
    if not python.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no client {ERAS[era]}: make clients")
    return str(python)


def client(
    era: str, script: Path | str, served: Served, *arguments: str, key: str = KEYS["alice"], cwd: Path = ROOT
) -> Any:
    """What a script, or a text of one, prints as its last line, JSON, run by the client of an era."""
    given = ["-c", script + END] if isinstance(script, str) else [str(script)]
    environment = {"PATH": os.environ["PATH"], "TINKER_BASE_URL": served.url, "TINKER_API_KEY": key, "HOME": str(cwd),
                   "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TINKER_TELEMETRY": "0"}  # fmt: skip
    done = subprocess.run([python_of(era), *given, *arguments], capture_output=True, text=True, env=environment, cwd=cwd,
                          timeout=300, check=False)  # fmt: skip
    assert done.returncode == 0, (done.returncode, done.stdout[-1000:], done.stderr[-3000:])
    return json.loads(done.stdout.splitlines()[-1])
