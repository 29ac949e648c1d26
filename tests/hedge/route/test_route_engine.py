"""Engines that the router starts from a lock: digests first, the real llama.cpp behind the stock client, swapped and back."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import openai
import pytest
from tests.hedge.lock.small import taken_from
from tests.hedge.test_main_path import GGUF, gguf

from hanse.errors import LockError
from hanse.hedge.lock.kept import save_lock
from hanse.hedge.lock.schema import Lock
from hanse.hedge.route.command import command
from hanse.hedge.route.engines import locked_file
from hanse.hedge.route.routes import Routes, Target, load_routes

KINDS = "lock = 'models.lock'\nlocked = 'm'\nfolder = 'm'\ncontext = 512\nparallel = 2\nthreads = 1"


def lock_of(folder: Path) -> None:
    taken = taken_from(folder, "m")
    save_lock(folder / "models.lock", Lock().replaced(taken.model), "", taken.texts)


def test_a_file_that_is_not_the_locked_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    file = tmp_path / "m" / "x.gguf"
    file.write_bytes(b"GGUF" + bytes(100))
    lock_of(tmp_path)
    target = Target(lock="models.lock", locked="m", folder="m", file="x.gguf")
    assert locked_file("t", target, tmp_path) == file
    with pytest.raises(LockError, match=r"target.t: y.gguf: not a file of m in models.lock; it has x.gguf"):
        locked_file("t", target.model_copy(update={"file": "y.gguf"}), tmp_path)
    file.write_bytes(b"GGUF" + bytes(99) + b"\1")
    with pytest.raises(LockError, match=r"SHA-256 is .* says .*; the engine was not started"):
        locked_file("t", target, tmp_path)
    file.unlink()
    with pytest.raises(LockError, match="the engine was not started"):
        locked_file("t", target, tmp_path)


def hanse(folder: Path, *words: str, code: int = 0) -> str:
    done = subprocess.run([sys.executable, "-m", "hanse.cli.main", "route", *words], cwd=folder, capture_output=True, text=True,
                          timeout=600, check=False)  # fmt: skip
    assert done.returncode == code, (words, done.stdout, done.stderr)
    return done.stdout + done.stderr


@pytest.mark.slow
def test_smollm2_is_swapped_to_another_file_and_back_behind_the_stock_client(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp", reason="pip install hanse[gguf]")
    (tmp_path / "m").mkdir()
    for name in ("one.gguf", "two.gguf", "bad.gguf"):
        shutil.copy(gguf()[0], tmp_path / "m" / name)
    rename_model(tmp_path / "m" / "two.gguf")
    (tmp_path / "m" / "bad.gguf").write_bytes(b"GGUF, but no more")
    lock_of(tmp_path)
    targets = "".join(f"[target.{name}]\n{KINDS}\nfile = '{name}.gguf'\n" for name in ("one", "two", "bad"))
    (tmp_path / "routes.toml").write_text(f"{targets}[route.assistant]\ntarget = 'one'\n")
    router = subprocess.Popen([sys.executable, "-m", "hanse.cli.main", "route", "serve", "--port", "0"], cwd=tmp_path,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)  # fmt: skip
    assert router.stdout is not None
    try:
        assert router.stdout.readline() == "serving assistant\n"
        client = openai.OpenAI(base_url=router.stdout.readline().strip().partition("=")[2], api_key="none", max_retries=0)
        assert engines(tmp_path) == ["one"]
        assert speak(client) == ("one", " Paris")
        assert "two answers for assistant; a rollback leads to one" in hanse(tmp_path, "swap", "assistant", "two")
        assert speak(client) == ("two", " Paris")
        assert engines(tmp_path) == ["one", "two"]
        assert "llama.cpp cannot open it" in hanse(tmp_path, "swap", "assistant", "bad", code=2)
        with open(tmp_path / "m" / "bad.gguf", "ab") as file:
            file.write(b"!")
        assert "the engine was not started" in hanse(tmp_path, "swap", "assistant", "bad", code=2)
        assert speak(client)[0] == "two"
        hanse(tmp_path, "rollback", "assistant")
        assert speak(client) == ("one", " Paris")
        until_engines(tmp_path, ["one"])
    finally:
        router.send_signal(signal.SIGTERM)
        code = router.wait(30)
        router.stdout.close()
    assert code == 0
    assert not (tmp_path / "routes.control.json").exists()


def speak(client: openai.OpenAI) -> tuple[str, str]:
    """Which target answered, and what; streamed."""
    with client.completions.with_streaming_response.create(
        model="assistant", prompt="Paris is the capital of France. The capital of France is", temperature=0, max_tokens=1,
        stream=True,
    ) as raw:  # fmt: skip
        chunks = list(raw.parse())
        target = raw.headers["x-hanse-target"]
    assert {chunk.model for chunk in chunks} == {"assistant"}
    return target, "".join(chunk.choices[0].text for chunk in chunks)


def rename_model(path: Path) -> None:
    """Another file of the same weights: a letter of its head's name is another."""
    data = path.read_bytes()
    at = data.index(b"general.name") + len(b"general.name") + 12
    path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    assert path.read_bytes() != gguf()[0].read_bytes()


def engines(folder: Path) -> list[str]:
    """Targets that the router runs."""
    found = command(load_routes(folder / "routes.toml"), "GET", "status")
    assert found is not None
    return sorted(name for name, row in found["target"].items() if row["url"])


def until_engines(folder: Path, names: list[str]) -> None:
    end = time.monotonic() + 120
    while engines(folder) != names:
        assert time.monotonic() < end
        time.sleep(0.2)


@pytest.mark.slow
def test_an_engine_that_is_killed_comes_back_and_a_router_that_is_killed_leaves_none(tmp_path: Path) -> None:
    pytest.importorskip("xllamacpp", reason="pip install hanse[gguf]")
    (tmp_path / "m").mkdir()
    os.link(gguf()[0], tmp_path / "m" / GGUF)
    lock_of(tmp_path)
    (tmp_path / "routes.toml").write_text(f"[target.one]\n{KINDS}\nfile = '{GGUF}'\n[route.assistant]\ntarget = 'one'\n")
    router = subprocess.Popen([sys.executable, "-m", "hanse.cli.main", "route", "serve", "--port", "0"], cwd=tmp_path,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)  # fmt: skip
    assert router.stdout is not None
    router.stdout.readline()
    routes = load_routes(tmp_path / "routes.toml")
    (url,) = running(routes)
    client = openai.OpenAI(base_url=url, api_key="none", max_retries=0)
    assert list(client.models.list())
    kill_engine(int(url.partition(":")[2].rpartition(":")[2].partition("/")[0]))
    end = time.monotonic() + 120
    while running(routes) in ([], [url]):
        assert time.monotonic() < end
        time.sleep(0.1)
    (url,) = running(routes)  # it was started again
    client = openai.OpenAI(base_url=url, api_key="none", max_retries=0)
    router.kill()
    router.wait(60)
    router.stdout.close()
    end = time.monotonic() + 120
    while True:
        try:
            client.models.list()
        except openai.APIConnectionError:
            break
        assert time.monotonic() < end
        time.sleep(0.1)
    assert command(routes, "GET", "status") is None


def running(routes: Routes) -> list[str]:
    """Addresses of the engines that run."""
    found = command(routes, "GET", "status")
    assert found is not None
    return [row["url"] for row in found["target"].values() if row["url"]]


def kill_engine(port: int) -> None:
    """Kill the process that listens at a port of this machine, as Linux lists it."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    (inode,) = (line.split()[9] for line in lines if line.split()[1] == f"0100007F:{port:04X}" and line.split()[3] == "0A")
    for found in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if os.readlink(found) == f"socket:[{inode}]":
                os.kill(int(found.parts[2]), signal.SIGKILL)
                return
        except OSError:
            continue
    pytest.fail(f"nobody listens at {port}")
