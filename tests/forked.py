"""A command that the warm process (tests/warm.py) has forked. Light: the `hanse` that scripts call imports this and no more."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import struct
import sys
from collections.abc import Mapping

READ_AT_IMPORT = ("HF_", "TRANSFORMERS_", "NUMBA_")
"""Settings that libraries read from the environment as they are imported: a warm process has none of them."""
SET_AT_IMPORT = ("HF_XET_HIGH_PERFORMANCE", "HF_HUB_ENABLE_HF_TRANSFER")
"""By lm_eval, in the process of all tests; both are for fetching from a hub."""


def needs_its_own_imports(environment: Mapping[str, str]) -> bool:
    return any(name.startswith(READ_AT_IMPORT) and name not in SET_AT_IMPORT for name in environment)


class Forked:
    """What tests use of `subprocess.Popen`: pid, poll, wait, signals and the exit code."""

    def __init__(self, address: str, arguments: list[str], folder: str, environment: dict[str, str], streams: list[int]) -> None:
        self._line = socket.socket(socket.AF_UNIX)
        self._line.connect(address)
        socket.send_fds(self._line, [b"!"], streams)
        self._line.sendall(json.dumps([arguments, folder, environment]).encode() + b"\n")
        self.pid = self._told()
        self.returncode: int | None = None

    def _told(self) -> int:
        data = self._line.recv(4, socket.MSG_WAITALL)
        if len(data) < 4:
            raise ChildProcessError("the warm process has ended")
        return int(struct.unpack("<i", data)[0])

    def poll(self) -> int | None:
        """The exit code, as soon as there is one."""
        if self.returncode is None and select.select([self._line], [], [], 0)[0]:
            self.returncode = self._told()
            self._line.close()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired after so many seconds."""
        if self.returncode is None:
            select.select([self._line], [], [], timeout)
        code = self.poll()
        if code is None:
            from subprocess import TimeoutExpired

            raise TimeoutExpired("hanse", timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def stand_in(address: str, arguments: list[str]) -> int:
    """Be the command for the shell: its streams, its signals, its exit code."""
    if needs_its_own_imports(os.environ):
        os.execv(sys.executable, [sys.executable, "-m", "hanse.cli.main", *arguments])
    process = Forked(address, arguments, os.getcwd(), dict(os.environ), [0, 1, 2])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda caught, _: process.send_signal(caught))
    code = process.wait()
    return code if code >= 0 else 128 - code
