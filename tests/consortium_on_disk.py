"""A small real consortium on disk: charter, keys, bucket, joined sites with private text. For tests with processes."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests import warm
from tests.forked import Forked

ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
CANARY = "zanzibar-canary-4711-quetzalcoatl"
PLAN = """
name = "test"
codec = {{ kind = "{codec}"{more} }}
deadline_seconds = {deadline}
gather_seconds = {gather}
clip_factor = "4"
snapshot_rounds = 2
phase = [{{ rounds = 2, steps = 1 }}, {{ rounds = {rounds}, steps = 2 }}]
[model.config]
hidden_size = 32
intermediate_size = 64
num_hidden_layers = 1
num_attention_heads = 2
num_key_value_heads = 2
max_position_embeddings = 128
tie_word_embeddings = true
[tokenizer]
vocab_size = 320
min_count = 5
[data]
sequence_length = 32
[train]
batch_sequences = 2
warmup_steps = 2
"""


@dataclass
class Consortium:
    """Paths and names; every action is a real command in a real process."""

    folder: Path
    members: tuple[str, ...] = ("ada", "bob", "cyd")
    rounds: int = 4
    codec: str = "int8"
    more: str = ""
    deadline: int = 3600
    gather: int = 60
    sites: tuple[str, ...] = ()
    """Members with a site; empty: all."""
    log: str = ""
    running: dict[str, Forked | subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def bucket(self) -> Path:
        return self.folder / "bucket"

    def hanse(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = warm.run(arguments, self.folder, ENVIRONMENT)
        if check and done.returncode:
            raise AssertionError(f"hanse {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def found(self) -> None:
        """Keys, charter, plan, genesis, and text of every member."""
        tables = ['name = "Test"']
        for index, member in enumerate(self.members):
            key = self.hanse("keys", "new", f"{member}/officer", "--out", f"keys/{member}.pem").stdout.strip()
            tables += ["[[member]]", f'name = "{member}"', f'officer = "{key}"']
            tables += ["site = false"] if self.sites and member not in self.sites else []
            text = self.folder / "text" / member
            text.mkdir(parents=True)
            for number in range(12):
                (text / f"{number}.txt").write_text(_story(member, index * 100 + number))
            (text / "canary.txt").write_text(f"{CANARY} {member} " * 3)
        (self.folder / "charter.toml").write_text("\n".join(tables) + "\n")
        plan = PLAN.format(codec=self.codec, more=self.more, deadline=self.deadline, gather=self.gather, rounds=self.rounds)
        (self.folder / "plan.toml").write_text(plan)
        self.hanse("found", "draft", "charter.toml", "plan.toml", "--out", "genesis.json")
        keys = [part for member in self.members for part in ("--key", f"keys/{member}.pem")]
        self.hanse("found", "sign", "genesis.json", *keys)
        self.log = self.hanse("found", "publish", "genesis.json", "--store", "bucket").stdout.split()[-1]

    def join(self, member: str) -> None:
        options = ("--store", "bucket", "--log", self.log, "--member", member, "--key", f"keys/{member}.pem")
        files = ("--text", f"text/{member}", "--folder", f"sites/{member}", "--out", f"{member}.toml", "--yes")
        self.hanse("join", *options, *files)
        with open(self.folder / f"{member}.toml", "a") as file:
            file.write("threads = 1\nkeep_rounds = 100\nfsync = false\n")

    def start(self, member: str) -> Forked | subprocess.Popen[bytes]:
        with open(self.folder / f"{member}.log", "ab") as log:
            process = warm.start(("site", "run", f"{member}.toml"), self.folder, log, log, ENVIRONMENT)
        self.running[member] = process
        return process

    def stop(self) -> None:
        for process in self.running.values():
            if process.poll() is None:
                process.kill()
            process.wait()

    def wait(self, seconds: float = 600) -> None:
        """Until every running site has ended well."""
        end = time.monotonic() + seconds
        for member, process in self.running.items():
            code = process.wait(max(1.0, end - time.monotonic()))
            assert code == 0, f"{member} ended with {code}:\n{self.output(member)}"

    def wait_for_line(self, member: str, text: str, seconds: float = 300) -> None:
        """Until a running site has said so."""
        end = time.monotonic() + seconds
        while text not in self.output(member):
            assert time.monotonic() < end, f"{member} never said {text!r}:\n{self.output(member)}"
            time.sleep(0.1)

    def output(self, member: str) -> str:
        return (self.folder / f"{member}.log").read_text(errors="replace")

    def replay(self, *options: str) -> dict[str, object]:
        """The verdict of `hanse replay --json` on the bucket."""
        return dict(json.loads(self.hanse("replay", "bucket", "--log", self.log, "--json", *options, check=False).stdout))

    def rows(self, *options: str) -> list[dict[str, object]]:
        return list(json.loads(self.hanse("log", "show", "bucket", "--log", self.log, "--json", *options).stdout))


def _story(member: str, seed: int) -> str:
    """A little text that is different for every member and document, and compressible."""
    common = ("the", "of", "and", "to", "in", "that", "it", "was", "for", "on", "with", "as", "his", "they")
    words = [*(f"{member}{letter}" for letter in "abcdefgh"), *common]
    state, lines = seed * 7919 + 13, []
    for _ in range(30):
        line = []
        for _ in range(12):
            state = (state * 1103515245 + 12345) % (1 << 31)
            line.append(words[(state >> 8) % len(words)])
        lines.append(" ".join(line))
    return "\n".join(lines) + "\n"
