"""A real site: SITE.toml to a running agent, with pauses instead of busy waiting."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from hanse.errors import ConfigError, StoreError, Unavailable
from hanse.keys import PublicKey, SigningKey
from hanse.ledger.log import slot_name
from hanse.lm.metrics import Metrics
from hanse.run.follow import Follower
from hanse.run.merge import merge_round
from hanse.run.origin import LmOrigin
from hanse.run.reading import check_log
from hanse.run.settings import SiteConfig
from hanse.run.site.agent import Agent, Identity, Patience, Report, Step
from hanse.run.site.trainer import LmTrainer
from hanse.store import open_store
from hanse.store.copying import EGRESS_FILE, CopyingStore
from hanse.store.disk import FolderDisk, replace_file

FOLDER_POLL_SECONDS = 0.1
CLOUD_POLL_SECONDS = 5.0
IDLE_CHECK = 20
"""Looks without news after which the bucket is asked whether it still has what this site has seen."""


class SharedDisk(FolderDisk):
    """A site's disk: its copy of the bucket below `copy/`, its own state beside it."""

    COPIED = ("log/", "oversized/", "blobs/", "heads/", "snapshots/")

    def read(self, name: str) -> bytes | None:
        return super().read(self._place(name))

    def write(self, name: str, *pieces: bytes | memoryview) -> None:
        super().write(self._place(name), *pieces)

    def delete(self, name: str) -> None:
        super().delete(self._place(name))

    def _place(self, name: str) -> str:
        return f"copy/{name}" if name.startswith(self.COPIED) else name


def open_agent(site: SiteConfig, report: Report) -> Agent:
    """The agent of a site file. Raises InputError for a wrong key or bucket, ForkError for another log, before it writes."""
    key = SigningKey.load(site.key_path)
    if key.name.partition("/")[0] != site.member:
        raise ConfigError(f"{site.source}: key: {site.key} is {key.name}'s, not one of member {site.member}; name its own file")
    threads = site.threads or os.cpu_count() or 1
    site = site.model_copy(update={"threads": threads})
    bucket = open_store(site.store_url, fsync=site.fsync)
    if not (site.folder_path / "copy" / slot_name(0)).exists():
        check_log(bucket, site.log)
    disk = SharedDisk(site.folder_path, site.fsync)
    store = CopyingStore(bucket, disk, site.folder_path / EGRESS_FILE)
    follower = Follower(store, disk, site.log)
    with suppress(Unavailable):  # `run_site` waits for the bucket; until then the copy has to do
        follower.sync()
    _check_key(site, key.public, follower)
    trainer = LmTrainer(site, Metrics(site.folder_path / "metrics.jsonl", site.tracker, site.member))
    return Agent(
        Identity(site.member, key, site.log),
        follower,
        trainer,
        LmOrigin(site.base_path, site.tokenizer_path),
        partial(merge_round, threads=threads),
        lambda: int(time.time()),
        report,
        Patience(site.missing_seconds, site.keep_rounds, site.branch_round),
    )


def _check_key(site: SiteConfig, key: PublicKey, follower: Follower) -> None:
    """Raise ConfigError when the log knows no such member, or another site key of it; none yet is waited for."""
    if follower.fold.consortium.charter is None:
        return  # nothing read yet
    standing = follower.fold.consortium.members.get(site.member)
    if standing is None:
        known = ", ".join(sorted(follower.fold.consortium.members))
        raise ConfigError(f"{site.source}: member: {site.member!r} is not in the charter of this log; its members are {known}")
    if standing.site_key is not None and standing.site_key.id != key.id:
        named = f"{site.member}'s officer named {standing.site_key}"
        raise ConfigError(f"{site.source}: key: {site.key} is {key}, but {named}; use its file, or `hanse join` again")


def run_site(
    agent: Agent,
    poll_seconds: float,
    patience_seconds: float = 300.0,
    sleep: Callable[[float], None] = time.sleep,
    jitter: Callable[[], float] = random.random,
) -> None:
    """Step until the run is complete. A bucket out of reach is waited for, up to `patience_seconds` at a time."""
    lost_since: float | None = None
    idle = 0
    while True:
        try:
            step = agent.step()
            idle = idle + 1 if step is Step.WAITING else 0
            if idle and idle % IDLE_CHECK == 0:  # a bucket that lost its log looks like one where nothing happens
                agent.follower.check_bucket()
        except Unavailable as error:
            now = time.monotonic()
            lost_since = lost_since if lost_since is not None else now
            if now - lost_since > patience_seconds:
                raise StoreError(f"{error}; gave up after {patience_seconds:.0f} s, nothing is lost: run again") from error
            sleep(poll_seconds * (5 + jitter()))
            continue
        lost_since = None
        if step is Step.COMPLETE:
            return
        if step is Step.WAITING:
            sleep(poll_seconds * (0.5 + jitter()))


def poll_of(site: SiteConfig) -> float:
    """Seconds between looks at the bucket."""
    if site.poll_seconds:
        return float(site.poll_seconds)
    cloud = "://" in site.store and not site.store.startswith("file://")
    return CLOUD_POLL_SECONDS if cloud else FOLDER_POLL_SECONDS


def progress_line(path: Path) -> Report:
    """A report that keeps the latest of each kind in a small JSON file, for whoever watches several sites."""
    import json

    kept: dict[str, Any] = {}

    def report(what: str, details: dict[str, Any]) -> None:
        kept[what] = details
        replace_file(path, json.dumps(kept).encode(), fsync=False)

    return report
