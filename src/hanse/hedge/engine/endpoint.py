"""An OpenAI-compatible endpoint, with the standard library: streamed so that the first byte is seen, within a budget and a rate,
retried where that helps, every answer kept on disk by the digest of what was asked."""

from __future__ import annotations

import hashlib
import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from hanse import canonical
from hanse.errors import InputError, Unavailable
from hanse.hedge.engine.base import Answer, Identity, Question, Settings, answer_of, whole
from hanse.hedge.engine.price import Price
from hanse.store.disk import replace_file

ATTEMPTS = 5
BACKOFF_SECONDS = 1.0
"""Before the second attempt; doubled before each later one."""
WAIT_SECONDS_MAX = 60.0
BODY_BYTES_MAX = 64 << 20
OVERHEAD_TOKENS = 64
"""At most so many for a message's role and marks: for the bound on a request's cost."""
RETRIED = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})


@dataclass
class Budget:
    """What may be spent, by all endpoints of a comparison together; `spent` grows."""

    cap: Fraction | None = None
    spent: Fraction = Fraction(0)

    def reserve(self, most: Fraction, name: str) -> None:
        """Raises Unavailable where a request that may cost so much does not fit any more."""
        if self.cap is not None and self.spent + most > self.cap:
            spent, least = float(self.spent), float(self.spent + most)
            raise Unavailable(f"{name}: the cost cap is reached: {spent:.6g} spent, the next answer may need a cap of {least:.6g}")


@dataclass(frozen=True)
class Access:
    """How an endpoint is reached. Times come from `clock`, waiting is `sleep`'s."""

    key: str = field(default="", repr=False)
    price: Price | None = None
    budget: Budget = field(default_factory=Budget)
    per_minute: int = 0
    """Requests at most; 0: no limit."""
    cache: Path | None = None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class _Refused(Exception):
    """An answer of 400 or more."""

    def __init__(self, status: int, said: str, after: float) -> None:
        super().__init__(said)
        self.status, self.said, self.after = status, said, after


class Endpoint:
    """One model behind one base URL."""

    def __init__(self, url: str, model: str, settings: Settings, access: Access) -> None:
        self.identity = Identity("endpoint", f"{model}@{url}")
        self._url, self._model, self._settings, self._access = url, model, settings, access
        self._free = float("-inf")
        if access.budget.cap is not None and access.price is None:
            raise InputError(f"{self.identity.name}: a cost cap needs this endpoint's price (per million tokens, such as 3:15)")

    def close(self) -> None:
        """Nothing to let go of."""

    def answer(self, question: Question, seed: int) -> Answer:
        """Raises InputError where the endpoint refuses the question, Unavailable where it does not answer or the budget ends."""
        path = "/chat/completions" if question.messages else "/completions"
        most = question.tokens_max or self._settings.tokens_max
        asked: dict[str, Any] = {"model": self._model, "max_tokens": most, "temperature": 0, "seed": seed,
                                 "stream": True, "stream_options": {"include_usage": True}}  # fmt: skip
        asked |= {"messages": list(question.messages)} if question.messages else {"prompt": question.prompt}
        if question.stop:
            asked["stop"] = list(question.stop)
        kept = self._kept(path, asked)
        if kept is not None and kept.is_file():
            return _parse_kept(kept)
        answer = self._ask(path, asked, question)
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            replace_file(kept, json.dumps(asdict(answer)).encode())
        return answer

    def _kept(self, path: str, asked: dict[str, Any]) -> Path | None:
        if self._access.cache is None:
            return None
        digest = hashlib.sha256(canonical.encode({"url": self._url + path, "asked": asked})).hexdigest()
        return self._access.cache / digest[:2] / f"{digest}.json"

    def _ask(self, path: str, asked: dict[str, Any], question: Question) -> Answer:
        access, price = self._access, self._access.price or Price()
        text = question.prompt if question.prompt is not None else "".join(item["content"] for item in question.messages)
        most_in = len(text.encode()) + OVERHEAD_TOKENS * (1 + len(question.messages))  # no token is less than a byte
        most = price.of_tokens(most_in, asked["max_tokens"])
        why = ""
        for attempt in range(ATTEMPTS):
            access.budget.reserve(most, self.identity.name)
            self._pace()
            try:
                answer = self._once(path, asked)
            except _Refused as error:
                why = f"status {error.status}: {error.said}"
                if error.status not in RETRIED:
                    raise InputError(f"{self.identity.name}: item {question.id}: {why}") from error
                wait = error.after
            except (OSError, http.client.HTTPException) as error:
                why, wait = str(getattr(error, "reason", error)) or type(error).__name__, 0.0
                access.budget.spent += most  # it may have been answered, and be charged
            else:
                access.budget.spent += price.of(answer)
                return answer
            if attempt + 1 < ATTEMPTS:
                access.sleep(min(WAIT_SECONDS_MAX, max(wait, BACKOFF_SECONDS * 2**attempt)))
        raise Unavailable(f"{self.identity.name}: no answer in {ATTEMPTS} attempts: {why}")

    def _pace(self) -> None:
        if not self._access.per_minute:
            return
        now = self._access.clock()
        if now < self._free:
            self._access.sleep(self._free - now)
        self._free = max(now, self._free) + 60 / self._access.per_minute

    def _once(self, path: str, asked: dict[str, Any]) -> Answer:
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream", "User-Agent": "hanse"}
        if self._access.key:
            headers["Authorization"] = f"Bearer {self._access.key}"
        request = urllib.request.Request(self._url + path, json.dumps(asked).encode(), headers, method="POST")
        began = self._access.clock()
        try:
            with _opener().open(request, timeout=self._settings.timeout_seconds) as response:
                return self._listen(response, began)
        except urllib.error.HTTPError as error:
            with error:
                raise _Refused(error.code, _message(error.read(1 << 16)), _after(error.headers.get("Retry-After"))) from error

    def _listen(self, response: Any, began: float) -> Answer:
        text, finish, usage, first, read = [], "", None, None, 0
        while line := response.readline(1 << 20):
            read += len(line)
            if read > BODY_BYTES_MAX or self._access.clock() - began > self._settings.timeout_seconds:
                raise OSError(f"longer than {BODY_BYTES_MAX} bytes or {self._settings.timeout_seconds:g} seconds")
            if not line.startswith(b"data:"):
                continue
            data = line.removeprefix(b"data:").strip()
            if data == b"[DONE]":
                break
            piece, ended, used = _piece(data)
            if piece and first is None:
                first = self._access.clock()
            text.append(piece)
            finish, usage = ended or finish, used or usage
        end = self._access.clock()
        if not finish:
            raise OSError("the answer was cut in the middle")
        if usage is None and self._access.budget.cap is not None:
            raise InputError(f"{self.identity.name}: tells no usage, so no cost cap can be kept")
        tokens_in, tokens_out = usage or (0, 0)
        first = end if first is None else first
        return Answer(whole("".join(text)), tokens_in, tokens_out, end - began, first - began, finish == "length")


def _piece(data: bytes) -> tuple[str, str, tuple[int, int] | None]:
    """Text, reason of the end, tokens in and out: of one event. Raises OSError where it is none."""
    try:
        event = json.loads(data)
        if event.get("error"):
            raise OSError(f"it says {str(event['error'])[:400]}")
        used = event.get("usage")
        usage = (int(used["prompt_tokens"]), int(used["completion_tokens"])) if used else None
        if usage is not None and min(usage) < 0:
            raise ValueError("fewer tokens than none")
        if not event.get("choices"):
            return "", "", usage
        choice = event["choices"][0]
        said = choice["delta"].get("content") if "delta" in choice else choice.get("text")
        return str(said or ""), str(choice.get("finish_reason") or ""), usage
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, IndexError) as error:
        raise OSError(f"an event that is no completion: {data[:80]!r}") from error


def _parse_kept(path: Path) -> Answer:
    try:
        return answer_of(json.loads(path.read_bytes()))
    except (ValueError, TypeError) as error:
        raise InputError(f"{path}: no kept answer; delete it to ask again") from error


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["error"]["message"])[:400]
    except (ValueError, TypeError, KeyError, RecursionError):
        return body[:400].decode("utf-8", "replace")


def _after(text: str | None) -> float:
    return float(text) if text and text.isdecimal() and len(text) < 6 else 0.0


def _opener() -> urllib.request.OpenerDirector:
    """HTTP and HTTPS, through the environment's proxies, without redirects: the key is for the host that was named."""
    opener = urllib.request.OpenerDirector()
    for handler in (urllib.request.ProxyHandler(), urllib.request.HTTPHandler(), urllib.request.HTTPSHandler(),
                    urllib.request.HTTPDefaultErrorHandler(), urllib.request.HTTPErrorProcessor()):  # fmt: skip
        opener.add_handler(handler)
    return opener
