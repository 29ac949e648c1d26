"""The log: appends, reads and verifications per second; cost of a proof. Prints JSON lines."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hanse.charter.schema import parse_charter
from hanse.keys import SigningKey
from hanse.ledger.chain import Slot
from hanse.ledger.entry import Seen, Statement, segment, signed
from hanse.ledger.log import slot_name
from hanse.run import founding
from hanse.run.fold import Fold
from hanse.run.follow import Follower
from hanse.run.plan import parse_plan
from hanse.run.reading import fold_parallel, genesis_of
from hanse.store import open_store
from hanse.store.disk import MemoryDisk


def key(name: str) -> SigningKey:
    return SigningKey(name, name.encode().ljust(32, b".")[:32])


def genesis() -> bytes:
    members = [{"name": f"m{i}", "officer": str(key(f"m{i}/officer").public)} for i in range(4)]
    charter = parse_charter({"name": "bench", "member": members}, "bench")
    document = {
        "name": "bench", "model": {}, "tokenizer": {"kind": "given", "sha256": "0" * 64}, "data": {}, "train": {},
        "phase": [{"rounds": 1, "steps": 1}], "limits": {"entries": 10_000_000},
    }  # fmt: skip
    payload = founding.draft(charter, parse_plan(document, "bench"), 1_800_000_000)
    return segment([signed(Statement.decode(payload), [key(f"m{i}/officer") for i in range(4)])])


def entries(count: int) -> list[bytes]:
    """A valid log of `count` slots: genesis, joins, then ticks."""
    state = Fold()
    slots = [genesis()]
    state.apply(Slot.of(slots[0]))
    for number in range(count - 1):
        name = f"m{number % 4}"
        seen = Seen(state.size, state.chain.tree.root())
        kind, body, signer = "tick", {}, key(f"{name}/site")
        if number < 4:
            text = {"counts": None, "evaluation": None}
            kind, body, signer = "join", {"site": "s", "key": str(signer.public), "text": text}, key(f"{name}/officer")
        statement = Statement(kind, state.chain.genesis, seen, 1_800_000_000 + number, name, body)
        slots.append(segment([signed(statement, [signer])]))
        state.chain.append(Slot.of(slots[-1]))
    return slots


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--entries", type=int, default=100_000)
    options.add_argument("--appends", type=int, default=3_000)
    chosen = options.parse_args()
    print(json.dumps({"cpus": os.cpu_count(), "load": os.getloadavg()[0]}))
    slots = entries(chosen.entries)
    for fsync in (False, True):
        with tempfile.TemporaryDirectory() as folder:
            store = open_store(str(Path(folder) / "b"), create=True, fsync=fsync)
            count = chosen.appends if not fsync else chosen.appends // 10
            began = time.perf_counter()
            for index in range(count):
                store.put_once(slot_name(index), slots[index])
            put = time.perf_counter() - began
            began = time.perf_counter()
            for index in range(count):
                store.get(slot_name(index), 65_535)
            print(json.dumps({"what": "append", "fsync": fsync, "per_second": round(count / put),
                              "reads_per_second": round(count / (time.perf_counter() - began))}))  # fmt: skip
    print(json.dumps({"what": "node append", "per_second": round(node_appends(slots[:5], chosen.appends))}))
    for processes in (1, os.cpu_count() or 1):
        began = time.perf_counter()
        state = fold_parallel([Slot.of(data) for data in slots], "", processes)
        seconds = time.perf_counter() - began
        bad = sum(1 for verdict in state.verdicts if not verdict.valid)
        print(json.dumps({"what": "verify", "entries": len(slots), "processes": processes, "seconds": round(seconds, 2),
                          "void": bad, "per_second": round(len(slots) / seconds)}))  # fmt: skip
    asked = range(0, len(slots), max(1, len(slots) // 1000))
    began = time.perf_counter()
    for index in asked:
        state.chain.tree.inclusion_proof(index)
    print(json.dumps({"what": "inclusion proof", "milliseconds": 1000 * (time.perf_counter() - began) / len(asked)}))
    start(slots[:100])


def node_appends(slots: list[bytes], count: int) -> float:
    """Entries a second as a node appends them: sign, check the tail, put, read back, verify, fold; no fsync."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(folder, create=True, fsync=False)
        for index, data in enumerate(slots):
            store.put_once(slot_name(index), data)
        node = Follower(store, MemoryDisk(), genesis_of(store))
        node.sync()
        began = time.perf_counter()
        for number in range(count):
            assert node.append(signed(node.statement("tick", "m0", {}, 1_900_000_000 + number), [key("m0/site")]))
        return count / (time.perf_counter() - began)


def start(slots: list[bytes]) -> None:
    """The command line from a cold interpreter: the help, and a log of a hundred entries."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(folder, create=True, fsync=False)
        for index, data in enumerate(slots):
            store.put_once(slot_name(index), data)
        for command in (["--help"], ["log", "show", folder]):
            times = []
            for _ in range(7):
                began = time.perf_counter()
                subprocess.run([sys.executable, "-m", "hanse.cli.main", *command], capture_output=True, check=True)
                times.append(time.perf_counter() - began)
            what = " ".join("LOG" if word == folder else word for word in command)
            print(json.dumps({"what": f"hanse {what}", "seconds": round(min(times), 3)}))


if __name__ == "__main__":
    main()
