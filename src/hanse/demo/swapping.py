"""The demo's last chapter, by the commands a user would type: the demo's own model locked, written as smaller files, compared on
its own answers, swapped behind an address that a client keeps, and rolled back; each step a line of a signed record.

The task is to say what the model says in F16: the next words after the beginnings of held-out lines. An application that depends on
exact answers asks no less of a smaller file.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hanse.errors import HanseError
from hanse.hedge.compare.tasks import Accepted, Task, print_tasks
from hanse.hedge.engine.base import Question, Settings
from hanse.hedge.engine.endpoint import Access
from hanse.hedge.engine.opening import open_engine
from hanse.store.disk import file_digest

FILES = ("F16", "Q8_0", "Q4_0")
"""The incumbent, then its substitutes."""
PROMPTS_EACH = 25
"""Of each member's held-out text."""
WORDS = 12
"""Of a prompt."""
TOKENS = 4
"""Of an answer."""
MARGIN = "1/4"
COMMAND_SECONDS = 300
RULE = ("--tasks", "tasks.jsonl", "--margin", MARGIN, "--max-tokens", str(TOKENS), "--context", "256", "--threads", "1", "--json")


def swap(folder: Path, model: Path, texts: Mapping[str, Sequence[str]], page: Path) -> dict[str, Any]:
    """Everything, below `folder`, and the status on `page`; `texts` are held-out documents by domain. What was done for the same
    model before is not done again. Raises HanseError where a command fails that should not."""
    model_sha256, kept = file_digest(model / "model.safetensors"), folder / "chapter.json"
    if kept.exists() and page.exists() and (found := json.loads(kept.read_bytes()))["model"] == model_sha256:
        return dict(found)
    began = time.perf_counter()
    if folder.exists():
        shutil.rmtree(folder)
    (folder / "served").mkdir(parents=True)
    _hanse(folder, "keys", "new", "demo/hedge", "--out", "hedge.pem")
    _hanse(folder, "lock", "add", str(model.resolve()), "--name", "demo")
    files = []
    for to in FILES:
        shown = json.loads(_hanse(folder, "quantize", str(model.resolve()), "--to", to, "--out", f"served/{to}.gguf", "--json"))
        files.append({key: shown[key] for key in ("file", "bytes", "bits_per_weight", "types")})
    _hanse(folder, "lock", "add", "served", "--name", "served")
    tasks = _tasks(folder / "served" / f"{FILES[0]}.gguf", texts)
    (folder / "tasks.jsonl").write_text(print_tasks(tasks), encoding="utf-8")
    verdicts = [_compare(folder, to) for to in FILES[1:]]
    with _routing(folder) as url:
        asked = list(_asked(folder, url, str(tasks[0].prompt), verdicts))
    status = json.loads(_hanse(folder, "hedge", "status", "--out", str(page.resolve()), "--json", codes=(0, 1)))
    result = {"model": model_sha256, "files": files, "verdicts": verdicts, "prompt": tasks[0].prompt, "asked": asked,
              "status": status, "seconds": round(time.perf_counter() - began, 1)}  # fmt: skip
    kept.write_text(json.dumps(result), encoding="utf-8")
    return result


def _tasks(incumbent: Path, texts: Mapping[str, Sequence[str]]) -> list[Task]:
    engine = open_engine(str(incumbent), Settings(TOKENS, 256, 1), Access())
    tasks = []
    try:
        for domain, documents in texts.items():
            for at, prompt in enumerate(_prompts(documents)):
                said = engine.answer(Question(f"{domain}-{at}", prompt), 0).text
                if said.strip():
                    check = Accepted(kind="accepted", answers=(said,))
                    tasks.append(Task(id=f"{domain}-{at}", prompt=prompt, check=check, slices=(domain,)))
    finally:
        engine.close()
    if not tasks:
        raise HanseError(f"{incumbent}: says nothing after any beginning of held-out text")
    return tasks


def _prompts(documents: Sequence[str]) -> list[str]:
    """Beginnings of lines that have words enough, spread over the documents."""
    lines = [words for text in documents for line in text.splitlines() if len(words := line.split()) > WORDS]
    step = max(1, len(lines) // PROMPTS_EACH)
    return list(dict.fromkeys(" ".join(words[:WORDS]) for words in lines[::step]))[:PROMPTS_EACH]


def _compare(folder: Path, to: str) -> dict[str, Any]:
    """The verdict, its document in `to`.json."""
    text = _hanse(folder, "compare", f"served/{FILES[0]}.gguf", f"served/{to}.gguf", *RULE, codes=(0, 1, 3))
    (folder / f"{to}.json").write_text(text, encoding="utf-8")
    found = json.loads(text)
    worse = found["items_worse"][0] if found["items_worse"] else None
    return {"file": f"{to}.gguf", "to": to, **{key: found[key] for key in ("verdict", "text", "incumbent", "substitute", "items")},
            "worse": worse and {who: worse[who]["text"] for who in ("incumbent", "substitute")}}  # fmt: skip


def _asked(folder: Path, url: str, prompt: str, verdicts: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, str]]:
    """What the client hears before the swaps, after each that its verdict allows, and after the rollback."""
    yield {"when": "before", **_ask(url, prompt)}
    for verdict in verdicts:
        to, allowed = verdict["to"], verdict["verdict"] == "swap"
        _hanse(folder, "route", "swap", "assistant", to, "--by", f"{to}.json", codes=(0,) if allowed else (2,))
        yield {"when": f"{to} swapped in" if allowed else f"{to} refused", **_ask(url, prompt)}
        if allowed:
            _hanse(folder, "route", "rollback", "assistant")
            yield {"when": "rolled back", **_ask(url, prompt)}


def _ask(url: str, prompt: str) -> dict[str, str]:
    """One completion, as any client asks for it; it names `assistant` and knows of no file."""
    body = json.dumps({"model": "assistant", "prompt": prompt, "max_tokens": TOKENS, "temperature": 0}).encode()
    request = urllib.request.Request(f"{url}/completions", body, {"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=COMMAND_SECONDS) as reply:
        return {"target": reply.headers["X-Hanse-Target"], "text": json.loads(reply.read())["choices"][0]["text"]}


@contextmanager
def _routing(folder: Path) -> Iterator[str]:
    """The router's address for clients, while it runs."""
    table = "[target.{0}]\nlock = 'models.lock'\nlocked = 'served'\nfolder = 'served'\nfile = '{0}.gguf'\n"
    each = "context = 256\nparallel = 1\nthreads = 1\n"
    targets = "".join(table.format(to) + each for to in FILES)
    (folder / "routes.toml").write_text(f"{targets}[route.assistant]\ntarget = '{FILES[0]}'\n", encoding="utf-8")
    with open(folder / "router.log", "w+", encoding="utf-8") as said:
        router = subprocess.Popen([*_COMMAND, "route", "serve", "--port", "0"], cwd=folder, stdout=subprocess.PIPE, stderr=said,
                                  text=True)  # fmt: skip
        assert router.stdout is not None
        try:
            lines = [router.stdout.readline(), router.stdout.readline()]
            if not lines[1]:
                said.seek(0)
                raise HanseError(f"{folder}: the router did not start: {said.read()[-500:].strip()}")
            yield lines[1].strip().partition("=")[2]
        finally:
            router.terminate()
            router.wait(COMMAND_SECONDS)
            router.stdout.close()


_COMMAND = (sys.executable, "-m", "hanse.cli.main")


def _hanse(folder: Path, *words: str, codes: Sequence[int] = (0,)) -> str:
    recorded = {"HANSE_RECORD": "models.intoto.jsonl", "HANSE_RECORD_KEY": "hedge.pem"}
    done = subprocess.run([*_COMMAND, *words], cwd=folder, env=os.environ | recorded, capture_output=True, text=True,
                          timeout=COMMAND_SECONDS, check=False)  # fmt: skip
    if done.returncode not in codes:
        raise HanseError(f"hanse {' '.join(words[:3])}: ended with {done.returncode}: {done.stderr[-500:].strip()}")
    return done.stdout
