"""An endpoint on this machine whose answers are scripts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.loopback import listening

from hanse.hedge.engine.base import Settings
from hanse.hedge.engine.endpoint import Access, Endpoint

KEY = "sk-very-secret"
USAGE = {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}}


def event(piece: str, finish: str | None = None) -> dict[str, Any]:
    return {"choices": [{"delta": {"content": piece}, "text": piece, "finish_reason": finish}]}


GOOD = [event("Pa"), event("ris"), event("", "stop"), USAGE]


@dataclass
class Served:
    """What the server answers, one script after the other (the last again and again), and what it was asked."""

    scripts: list[list[dict[str, Any]] | tuple[int, dict[str, str], bytes]]
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    now: float = 0.0

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def access(self, **given: Any) -> Access:
        return Access(KEY, clock=lambda: self.now, sleep=self.sleep, **given)

    def engine(self, **given: Any) -> Endpoint:
        return Endpoint(self.url, "m", Settings(tokens_max=10, timeout_seconds=20), self.access(**given))


@contextmanager
def served(*scripts: list[dict[str, Any]] | tuple[int, dict[str, str], bytes]) -> Iterator[Served]:
    state = Served(list(scripts))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            state.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            state.paths.append(self.path)
            state.keys.append(self.headers["Authorization"])
            script = state.scripts.pop(0) if len(state.scripts) > 1 else state.scripts[0]
            if isinstance(script, tuple):
                status, headers, body = script
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                return
            self.send_response(200)
            self.end_headers()
            for item in script:
                self.wfile.write(b"data: " + json.dumps(item).encode() + b"\n\n")
            self.wfile.write(b"data: [DONE]\n\n")

        def log_message(self, format: str, *args: object) -> None:
            pass

    with listening(Handler) as port:
        state.url = f"http://127.0.0.1:{port}/v1"
        yield state
