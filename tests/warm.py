"""`hanse` in processes of its own, without the seconds that torch and transformers take to import in each.

One process has imported the libraries, and of hanse the pydantic models alone; each command is forked from it. In all else it
is what `python -m hanse.cli.main` is: its own pid, folder, environment, streams, signals and end, and what a command of hanse
does it imports anew. How a fresh interpreter starts, test_start.py and test_demo.py tell, whose sites start so.
Not on Linux, where fork may harm what libraries have begun, commands are started the long way."""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import selectors
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any

from tests.forked import READ_AT_IMPORT, Forked, needs_its_own_imports

HANSE = (sys.executable, "-m", "hanse.cli.main")
ROOT = Path(__file__).resolve().parents[1]
LIBRARIES = ("click", "rich.console", "pydantic", "obstore.store", "cryptography.hazmat.primitives.asymmetric.ed25519",
             "numpy", "numba", "tokenizers", "safetensors.torch", "transformers.models.llama.modeling_llama", "peft", "scipy.stats",
             "lifelines", "SALib.sample.sobol", "aiohttp.web", "google.protobuf", "gguf", "jinja2")  # fmt: skip
MODELS = ("hanse.charter.schema", "hanse.run.plan", "hanse.run.settings")
"""Those whose fields have docstrings: pydantic reads their source, which takes a second in every process."""
ONE_THREAD = {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
WARM = sys.platform == "linux"


def start(
    arguments: Sequence[str], folder: Path, stdout: IO[bytes], stderr: IO[bytes], environment: Mapping[str, str] = os.environ
) -> Forked | subprocess.Popen[bytes]:
    """`hanse` with these arguments, begun in a folder; its standard input is empty."""
    with open(os.devnull, "rb") as nothing:
        if not WARM or needs_its_own_imports(environment):
            return subprocess.Popen([*HANSE, *arguments], cwd=folder, env=environment, stdin=nothing, stdout=stdout, stderr=stderr)
        streams = [nothing.fileno(), stdout.fileno(), stderr.fileno()]
        return Forked(address(), list(arguments), str(folder), dict(environment), streams)


def run(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str] = os.environ, timeout: float = 1200
) -> subprocess.CompletedProcess[str]:
    """What `hanse` with these arguments says when it has ended.

    Raises subprocess.TimeoutExpired after so many seconds.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = start(arguments, folder, out, err, environment)
        try:
            code = process.wait(timeout)
        finally:
            process.kill()
        said = []
        for file in (out, err):
            file.seek(0)
            said.append(file.read().decode())
    return subprocess.CompletedProcess([*HANSE, *arguments], code, *said)


def on_path(path: str) -> str:
    """A PATH on which `hanse` is a warm one."""
    return f"{Path(address()).parent}{os.pathsep}{path}" if WARM else path


@cache
def address() -> str:
    """Where the warm process listens. It is started when first asked for, and ends with this one."""
    folder = Path(tempfile.mkdtemp(prefix="warm-"))
    place = folder / "socket"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(READ_AT_IMPORT)}
    process = subprocess.Popen([sys.executable, "-W", "ignore", "-m", "tests.warm", str(place)], cwd=ROOT, env=kept | ONE_THREAD,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)  # fmt: skip
    atexit.register(process.communicate)  # closes its standard input, and waits
    assert process.stdout is not None
    assert process.stdout.readline() == b"warm\n"
    command = folder / "hanse"
    command.write_text(
        f"#!{sys.executable} -IS\nimport sys\nsys.path.insert(0, {str(ROOT / 'tests')!r})\nfrom forked import stand_in\n"
        f"sys.exit(stand_in({str(place)!r}, sys.argv[1:]))\n"
    )
    command.chmod(0o755)
    return str(place)


def serve(listener: socket.socket) -> None:
    """Fork a command for each that asks, and tell how it ended, until the tests have: then nothing is left running, nor the
    folder. Returns in the forked ones only."""
    running: dict[int, tuple[int, socket.socket]] = {}
    with selectors.DefaultSelector() as waiting:
        waiting.register(listener, selectors.EVENT_READ)
        waiting.register(0, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if key.fd == 0:
                    for pid, _ in running.values():
                        os.kill(pid, signal.SIGKILL)
                        os.waitpid(pid, 0)
                    shutil.rmtree(Path(sys.argv[1]).parent)
                    sys.exit()
                elif key.fd in running:
                    pid, line = running.pop(key.fd)
                    waiting.unregister(key.fd)
                    os.close(key.fd)
                    _tell(line, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
                    line.close()
                else:
                    line, streams, request = _asked(listener)
                    pid = os.fork()
                    if pid == 0:
                        for other in (listener, line, *(line for _, line in running.values())):
                            other.close()
                        for ended in running:
                            os.close(ended)
                        _become(streams, *request)
                        return
                    for stream in streams:
                        os.close(stream)
                    _tell(line, pid)
                    running[ended := os.pidfd_open(pid)] = pid, line
                    waiting.register(ended, selectors.EVENT_READ)


def _asked(listener: socket.socket) -> tuple[socket.socket, list[int], Any]:
    line, _ = listener.accept()
    _, streams, _, _ = socket.recv_fds(line, 1, 3)
    with line.makefile("rb") as file:
        return line, streams, json.loads(file.readline())


def _tell(line: socket.socket, number: int) -> None:
    try:
        line.sendall(struct.pack("<i", number))
    except BrokenPipeError:
        return  # who asked has ended


def _become(streams: list[int], arguments: list[str], folder: str, environment: dict[str, str]) -> None:
    for standard, stream in enumerate(streams):
        os.dup2(stream, standard)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[0] = folder
    sys.argv[1:] = arguments


def _leave() -> None:
    """Last of all at exit: to take the libraries down piece by piece would cost half a second in each process."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(ending.get("code", 0))


if __name__ == "__main__":
    ending: dict[str, int] = {}
    atexit.register(_leave)
    for name in (*LIBRARIES, *MODELS):
        importlib.import_module(name)
    assert len(os.listdir("/proc/self/task")) == 1, "a library has begun a thread, which a fork would not have"
    assert not any(name.startswith("hanse.cli") for name in sys.modules)
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(sys.argv[1])
        listening.listen()
        print("warm", flush=True)
        serve(listening)
    ending["code"] = 1  # of what is not caught
    try:
        runpy.run_module("hanse.cli.main", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        ending["code"] = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        raise
