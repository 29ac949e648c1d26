"""Cutting the network: what is cut reaches nothing, and what is not cut is noticed."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from hanse.errors import IntegrityError
from hanse.hedge.cut import devices, probe

TRY = """
import json, socket, subprocess, sys, urllib.request
from hanse.hedge.cut import cut, devices, probe
port, wanted = int(sys.argv[1]), sys.argv[2] or None
told = {"how": cut(wanted), "devices": devices(), "probe": probe(port)}
def attempt(name, call):
    try:
        call()
        told[name] = "reached"
    except OSError as error:
        told[name] = str(error)
attempt("connect", lambda: socket.create_connection(("127.0.0.1", port), 2))
attempt("plain", lambda: socket.socket().connect(("127.0.0.1", port)))
attempt("datagram", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", port)))
attempt("name", lambda: socket.getaddrinfo("huggingface.co", 443))
attempt("http", lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2))
child = f"import socket; socket.create_connection(('127.0.0.1', {port}), 2)"
attempt("child", lambda: told.update(ended=subprocess.run([sys.executable, "-c", child], capture_output=True).returncode))
left, right = socket.socketpair()
left.sendall(b"x")
told["pair"] = right.recv(1).decode()
print(json.dumps(told))
"""


@pytest.fixture
def port() -> Iterator[int]:
    """Of a listener that is there."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield listener.getsockname()[1]


def told(port: int, how: str, user: list[str] | None = None) -> dict[str, object]:
    command = [*(user or []), sys.executable, "-W", "ignore", "-c", TRY, str(port), how]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def can_unshare() -> bool:
    return sys.platform == "linux" and subprocess.run(
        [sys.executable, "-c", "from hanse.hedge.cut import cut; cut('namespace')"], capture_output=True, check=False
    ).returncode == 0  # fmt: skip


@pytest.mark.parametrize("how", ["", "namespace"])
def test_a_process_in_a_namespace_reaches_nothing_nor_do_its_children(port: int, how: str) -> None:
    if not can_unshare():
        pytest.skip("this system gives no network namespaces")
    found = told(port, how)
    assert (found["how"], found["devices"]) == ("namespace", ["lo"])
    assert found.pop("child") == "reached"  # it ran, and did not get through
    assert found["ended"] != 0
    assert "reached" not in found.values()
    assert found["pair"] == "x"


def test_a_process_with_a_hook_is_refused_every_socket(port: int) -> None:
    found = told(port, "hook")
    assert found["how"] == "hook"
    for name in ("probe", "connect", "plain", "datagram", "name", "http"):
        assert "cut off" in str(found[name]), name
    assert found["pair"] == "x"


@pytest.mark.skipif(
    not (hasattr(os, "getuid") and os.getuid() == 0 and shutil.which("setpriv")), reason="needs root, setpriv"
)
def test_a_user_without_rights_gets_a_namespace_too_where_the_system_allows_it(port: int) -> None:
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    if subprocess.run([*user, "unshare", "-rn", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this system gives user namespaces to root only")
    if subprocess.run([*user, sys.executable, "-c", "import hanse"], capture_output=True, check=False).returncode != 0:
        pytest.skip("the environment is root's alone")
    found = told(port, "namespace", user)
    assert (found["how"], found["devices"], found["connect"]) == (
        "namespace",
        ["lo"],
        "[Errno 101] Network is unreachable",
    )


def test_a_network_that_is_not_cut_is_noticed(port: int) -> None:
    with pytest.raises(IntegrityError, match="the network is not cut"):
        probe(port)
    assert devices()
