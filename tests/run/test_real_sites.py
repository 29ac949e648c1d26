"""Real sites: four commands, several processes, one bucket. What a member would do, and what may go wrong."""

from __future__ import annotations

import json
import random
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.consortium_on_disk import CANARY, Consortium


@pytest.fixture
def consortium(tmp_path: Path) -> Iterator[Consortium]:
    made = Consortium(tmp_path)
    yield made
    made.stop()


def start_all(consortium: Consortium) -> None:
    for member in consortium.members:
        consortium.join(member)
    for member in consortium.members:
        consortium.start(member)


@pytest.mark.slow
def test_three_members_train_and_anyone_replays_the_same_bits(consortium: Consortium) -> None:
    consortium.found()
    start_all(consortium)
    consortium.wait()
    verdicts = [
        consortium.replay("--implementation", "numba", "--threads", "1"),
        consortium.replay("--implementation", "numba", "--threads", "2"),
        consortium.replay("--implementation", "numpy"),
    ]
    assert {verdict["verdict"] for verdict in verdicts} == {"identical"}
    states = {str(verdict["state"]) for verdict in verdicts}
    assert len(states) == 1
    for member in consortium.members:
        assert f"complete: state {states.copy().pop()}" in consortium.output(member)
    check_no_text_left(consortium)
    check_tampering_is_noticed(consortium)
    check_rerun(consortium)
    check_proof(consortium)


def check_no_text_left(consortium: Consortium) -> None:
    """The canary stands in every member's text, and in no object of the bucket (invariant 5)."""
    objects = [path for path in consortium.bucket.rglob("*") if path.is_file()]
    assert len(objects) > 50
    for path in objects:
        assert CANARY.encode() not in path.read_bytes(), path
    for member in consortium.members:
        listed = json.loads(consortium.hanse("site", "egress", f"{member}.toml", "--json").stdout)
        own = {str(row["name"]) for row in listed}
        blobs = {f"blobs/{member}/{path.name}" for path in (consortium.bucket / "blobs" / member).iterdir()}
        assert {name for name in own if name.startswith("blobs/")} == blobs


def check_rerun(consortium: Consortium) -> None:
    found = json.loads(consortium.hanse("rerun", "ada.toml", "--round", "3", "--json").stdout)
    assert found["same_bytes"]
    assert found["committed_state"]
    assert found["committed_corpus"]


def check_proof(consortium: Consortium) -> None:
    proof = consortium.hanse("log", "prove", "bucket", "2", "--log", consortium.log).stdout
    assert proof.startswith("c2sp.org/tlog-proof@v1\nindex 2\n")
    assert consortium.hanse("log", "prove", "bucket", "999", check=False).returncode == 2


def check_tampering_is_noticed(consortium: Consortium) -> None:
    """One flipped byte of an update: replay cannot take it for the real one. One flipped byte of the log: void."""
    copy = consortium.folder / "tampered"
    shutil.copytree(consortium.bucket, copy)
    victim = sorted((copy / "log").iterdir())[-3]
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(bytes(data))
    assert consortium.hanse("log", "verify", "tampered", "--log", consortium.log, check=False).returncode == 1


@pytest.mark.slow
def test_sites_killed_at_random_moments_lose_and_double_nothing(consortium: Consortium) -> None:
    consortium.rounds, consortium.deadline = 5, 3600
    consortium.found()
    start_all(consortium)
    chance = random.Random(7)
    for _ in range(4):
        wait_for_entries(consortium, entries(consortium) + chance.randint(1, 6))
        time.sleep(chance.uniform(0, 0.3))
        victim = chance.choice(consortium.members)
        process = consortium.running[victim]
        process.kill()
        assert process.wait() == -signal.SIGKILL, "it had ended by itself"
        consortium.start(victim)
    consortium.wait()
    assert consortium.replay()["verdict"] == "identical"
    updates = [(row["member"], row["round"]) for row in consortium.rows() if row["kind"] == "update" and not row["reason"]]
    assert len(updates) == len(set(updates)) == len(consortium.members) * (consortium.rounds + 2)


@pytest.mark.slow
def test_a_deleted_bucket_is_left_behind_and_the_run_completes_in_a_new_one(consortium: Consortium) -> None:
    consortium.rounds = 30
    consortium.found()
    start_all(consortium)
    wait_for_entries(consortium, 25)
    gone = consortium.bucket.rename(consortium.folder / "gone")  # at once, while three sites write to it
    shutil.rmtree(gone)
    for process in consortium.running.values():
        process.wait(300)
    assert all(process.returncode == 1 for process in consortium.running.values())
    assert all("hanse move" in consortium.output(member) for member in consortium.members)
    longest = sorted(consortium.members, key=lambda m: -len(list((consortium.folder / "sites" / m / "copy" / "log").iterdir())))
    for member in longest:
        consortium.hanse("move", f"{member}.toml", "elsewhere")
    for member in consortium.members:
        consortium.start(member)
    consortium.wait()
    done = json.loads(consortium.hanse("replay", "elsewhere", "--log", consortium.log, "--json").stdout)
    assert done["verdict"] == "identical"
    assert len(done["rounds"]) == 33
    assert all(f"complete: state {done['state']}" in consortium.output(member) for member in consortium.members)


def wait_for_entries(consortium: Consortium, count: int) -> None:
    end = time.monotonic() + 300
    while entries(consortium) < count:
        assert time.monotonic() < end, f"no {count} entries after five minutes"
        time.sleep(0.02)


def entries(consortium: Consortium) -> int:
    return len(list((consortium.bucket / "log").iterdir()))


@pytest.mark.slow
def test_a_member_that_vanishes_and_one_that_comes_late_do_not_stop_the_others(consortium: Consortium) -> None:
    consortium.members = ("ada", "bob", "cyd", "dan")
    consortium.gather, consortium.deadline, consortium.rounds = 20, 8, 6  # a minute for dan to come, once it is started
    consortium.found()
    for member in consortium.members:
        consortium.join(member)
    for member in ("ada", "bob", "cyd"):
        consortium.start(member)
    wait_for_entries(consortium, 20)
    consortium.start("dan")  # joined at the start, runs late: its first rounds closed without it
    consortium.wait()
    assert consortium.replay()["verdict"] == "identical"
    sent = [row["round"] for row in consortium.rows() if row["kind"] == "update" and row["member"] == "dan" and not row["reason"]]
    assert 0 < len(sent) < consortium.rounds + 2
