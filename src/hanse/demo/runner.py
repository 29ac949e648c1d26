"""Four organizations on this machine: found, join, train in four processes through one bucket. Every stage can resume."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hanse.charter.schema import parse_charter
from hanse.demo.corpora import DOMAINS, Written, write
from hanse.demo.settings import Size, plan_of_size
from hanse.errors import HanseError, InputError
from hanse.keys import SigningKey
from hanse.lm.text import documents
from hanse.run import founding, joining
from hanse.run.follow import Follower
from hanse.run.settings import write_site
from hanse.store import open_store
from hanse.store.copying import EGRESS_FILE, CopyingStore
from hanse.store.disk import FolderDisk, MemoryDisk

MARKER = "hanse-demo.json"
"""A folder without it is not ours to empty."""
FOUNDED_AT = 1_790_000_000


@dataclass(frozen=True)
class Place:
    """The demo's folder."""

    folder: Path
    size: Size

    @property
    def bucket(self) -> Path:
        return self.folder / "bucket"

    def text(self, member: str) -> Path:
        return self.folder / "text" / member

    def site(self, member: str) -> Path:
        return self.folder / "sites" / member

    def settings(self, member: str) -> Path:
        return self.folder / f"{member}.toml"


def open_place(folder: Path, size: Size, fresh: bool) -> Place:
    """The folder of a demo, kept when it is of this very demo. Raises InputError for somebody else's folder."""
    wanted = {"size": size.name, "plan": plan_of_size(size).digest, "train_bytes": size.train_bytes}
    marker = folder / MARKER
    if folder.exists() and any(folder.iterdir()):
        if not marker.exists():
            raise InputError(f"{folder}: is not empty and not a demo's folder; choose another with --folder")
        if fresh or json.loads(marker.read_text()) != wanted:
            shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    marker.write_text(json.dumps(wanted))
    return Place(folder, size)


def write_corpora(place: Place) -> dict[str, Written]:
    """Each member's private text, and its dev and test sets."""
    size = place.size
    return {domain.member: write(domain, place.text(domain.member), size.train_bytes, size.test_bytes // 2, size.test_bytes)
            for domain in DOMAINS}  # fmt: skip


def found_and_join(place: Place, say: Callable[[str], None]) -> str:
    """Keys, genesis signed by all four, four joins; the log's digest."""
    officers = {domain.member: _key(place, domain.member) for domain in DOMAINS}
    members = [
        {"name": domain.member, "organization": domain.title, "officer": str(officers[domain.member].public)}
        for domain in DOMAINS
    ]
    charter = parse_charter({"name": "Four corners", "member": members}, "demo charter")
    payload = founding.draft(charter, plan_of_size(place.size), FOUNDED_AT)
    signatures: founding.Signatures = {}
    for key in officers.values():
        founding.add_signature(payload, signatures, key)
    log = founding.publish(open_store(str(place.bucket), create=True), payload, signatures)
    say(f"founded: log {log[:16]}, signed by {len(signatures)} officers")
    for domain in DOMAINS:
        _join(place, domain.member, log, officers[domain.member])
        say(f"{domain.member} joined with {domain.title.lower()}")
    return log


def _key(place: Place, member: str) -> SigningKey:
    path = place.folder / "keys" / f"{member}.pem"
    if not path.exists():
        SigningKey(f"{member}/officer", os.urandom(32)).save(path)
    return SigningKey.load(path)


def _join(place: Place, member: str, log: str, officer: SigningKey) -> None:
    if place.settings(member).exists():
        return
    folder, train = place.site(member), place.text(member) / "train.jsonl"
    disk = FolderDisk(folder / "copy")
    follower = Follower(CopyingStore(open_store(str(place.bucket)), disk, folder / EGRESS_FILE), disk, log)
    follower.sync()
    key_path = folder / "site.pem"
    if not key_path.exists():
        SigningKey(f"{member}/site-1", os.urandom(32)).save(key_path)
    key = SigningKey.load(key_path)
    sets = [tuple(d.text for d in documents(place.text(member) / f"{part}.jsonl")) for part in ("dev", "test")]
    counts = joining.words([train], "text", follower)
    joining.join(follower, officer, key.public, counts, joining.Evaluation(sets[0], sets[1]), int(time.time()))
    write_site(
        place.settings(member),
        {
            "store": "bucket",
            "log": log,
            "member": member,
            "site": "site-1",
            "key": f"sites/{member}/site.pem",
            "folder": f"sites/{member}",
            "text": [f"text/{member}/train.jsonl"],
            "threads": 1,
            "keep_rounds": 1_000_000,
            "branch_round": place.size.branch_round,
            "fsync": False,
        },
    )


@contextmanager
def sites(place: Place) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """The four sites as four processes; ended when the block is left, whatever happens in it."""
    running: dict[str, subprocess.Popen[bytes]] = {}
    environment = os.environ | {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    try:
        for domain in DOMAINS:
            with open(place.folder / f"{domain.member}.log", "ab") as log:
                command = [sys.executable, "-m", "hanse.cli.main", "site", "run", str(place.settings(domain.member))]
                running[domain.member] = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        yield running
    finally:
        for process in running.values():
            if process.poll() is None:
                process.terminate()
        for process in running.values():
            process.wait()


def train(place: Place, log: str, show: Callable[[Follower, dict[str, Any]], None]) -> Follower:
    """Run the sites until the run is complete, showing progress; a follower that has read it all.

    Raises HanseError with the end of a site's own log when it stops early.
    """
    follower = Follower(open_store(str(place.bucket)), MemoryDisk(), log)
    with sites(place) as running:
        while any(process.poll() is None for process in running.values()):
            follower.sync()
            show(follower, {name: _progress(place, name) for name in running})
            for name, process in running.items():
                if process.poll() not in (None, 0):
                    tail = (place.folder / f"{name}.log").read_text(errors="replace").splitlines()[-8:]
                    raise HanseError(f"site {name} stopped with exit code {process.returncode}:\n" + "\n".join(tail))
            time.sleep(0.3)
    follower.sync()
    follower.read_heads()
    show(follower, {name: _progress(place, name) for name in running})
    return follower


def _progress(place: Place, member: str) -> dict[str, Any]:
    path = place.site(member) / "progress.json"
    try:
        return dict(json.loads(path.read_text()))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
