"""A real process killed at random moments: what stands is right, and the next run ends what it began."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.hedge.mirror.killed import seconds_of_a_run, torture
from tests.hedge.mirror.made import model, noise, write_files, write_lock

FILES = {f"w{number}.bin": noise((20 << 20) + number, number) for number in range(4)} | {
    "config.json": b"{}",
    "empty": b"",
}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_a_killed_run_leaves_nothing_wrong(tmp_path: Path, seed: int) -> None:
    source = write_files(tmp_path / "source", FILES)
    made = model(FILES, sources=(str(source),))
    lock = write_lock(tmp_path / "models.lock", made)
    seconds = seconds_of_a_run(lock, tmp_path / "whole")
    told = torture(lock, tmp_path / "mirror", made, 3, seconds, seed, racing=seed == 1)
    assert told.problems == []
    assert told.kills == 3
    assert told.during >= 1
