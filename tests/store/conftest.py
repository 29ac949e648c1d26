"""A real S3 server, and every kind of store behind one name."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.consortium_on_disk import ENVIRONMENT
from tests.store.tiny_s3 import TinyS3, running

from hanse.store import Store, open_store
from hanse.store.copying import EGRESS_FILE, CopyingStore
from hanse.store.disk import FolderDisk
from hanse.store.memory import Fault, FaultyStore, MemoryStore


@pytest.fixture(scope="session", autouse=True)
def _only_the_options_of_the_url() -> Iterator[None]:
    """The developer's own credentials, endpoints and proxies stay out of it, also of the commands."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.upper().startswith("AWS_") or name.upper().endswith("_PROXY"):
                patch.delenv(name)
                patch.delitem(ENVIRONMENT, name, raising=False)
        yield


@pytest.fixture(scope="session")
def s3_url(_only_the_options_of_the_url: None) -> Iterator[Callable[[str], str]]:
    """The URL of a bucket of a real S3 server, with a prefix; started when the first test asks for it."""
    command = [sys.executable, "-W", "ignore", str(Path(__file__).with_name("moto_s3.py"))]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        endpoint = f"http://127.0.0.1:{int(server.stdout.readline())}"
        with urllib.request.urlopen(urllib.request.Request(f"{endpoint}/hanse", method="PUT"), timeout=30) as reply:
            assert reply.status == 200
        options = f"region=us-east-1&access_key_id=key&secret_access_key=secret&endpoint={endpoint}&allow_http=true"
        yield lambda prefix: f"s3://hanse/{prefix}?{options}"
        server.stdin.close()


@pytest.fixture
def tiny() -> Iterator[TinyS3]:
    with running(TinyS3()) as made:
        yield made


_numbers = itertools.count()


@pytest.fixture(params=["memory", "folder", "s3", "faulty", "copying"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """An empty store of each kind, with no faults."""
    if request.param == "memory":
        return MemoryStore()
    if request.param == "folder":
        return open_store(str(tmp_path / "bucket"), create=True)
    if request.param == "s3":
        return open_store(request.getfixturevalue("s3_url")(f"contract/{next(_numbers)}"))
    if request.param == "faulty":
        return FaultyStore(MemoryStore(), lambda verb, name: Fault.NONE)
    return CopyingStore(MemoryStore(), FolderDisk(tmp_path / "copy"), tmp_path / EGRESS_FILE)
