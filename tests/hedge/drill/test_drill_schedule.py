"""When to drill again: only a record that counts counts."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.hedge.drill.drilled import KEY, LOCK, ONE, OTHER, TWO, drilled, record

from hanse.errors import ConfigError
from hanse.hedge.drill.record import Record, sign
from hanse.hedge.drill.schedule import Schedule, due, read_schedule
from hanse.hedge.lock.schema import Lock
from hanse.keys import SigningKey

DAY = date(2026, 11, 25)
SCHEDULE = Schedule(every_days=30, warn_days=7, mirror="m", records="drills", key=str(KEY.public))


def write(folder: Path, *records: Record, key: SigningKey = KEY) -> None:
    folder.mkdir(exist_ok=True)
    for made in records:
        (folder / f"{made.date}.json").write_bytes(sign(made, key))


@pytest.mark.parametrize(
    ("days", "verdict"),
    [(0, "fine"), (23, "fine"), (24, "soon"), (30, "soon"), (31, "overdue"), (400, "overdue")],
)
def test_a_drill_is_good_for_so_many_days(tmp_path: Path, days: int, verdict: str) -> None:
    write(tmp_path, record())
    found = due(SCHEDULE, LOCK, tmp_path, DAY + timedelta(days))
    assert (found.verdict, found.last, found.next) == (verdict, DAY, DAY + timedelta(30))


def test_the_newest_record_that_counts_counts(tmp_path: Path) -> None:
    write(tmp_path, record("2026-10-01"), record("2026-11-01"), record("2026-10-15"))
    assert due(SCHEDULE, LOCK, tmp_path, DAY).last == date(2026, 11, 1)


def test_without_records_it_is_overdue(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        assert due(SCHEDULE, LOCK, folder, DAY).verdict == "overdue"


def test_what_does_not_count_is_named(tmp_path: Path) -> None:
    write(tmp_path, record("2026-11-20"), key=OTHER)
    write(tmp_path, record("2026-11-21", drilled(ONE)), record("2026-11-26"))
    write(tmp_path, record("2026-11-22", drilled(ONE), drilled(TWO, "load: broken")))
    (tmp_path / "notes.json").write_text("{}")
    found = due(SCHEDULE, LOCK, tmp_path, DAY)
    assert (found.verdict, found.last) == ("overdue", None)
    said = "\n".join(found.notes)
    for part in (
        "is not signed by acme/ops",
        "zwei: was not drilled",
        "is not over yet",
        "failed: load: broken",
        "envelope",
    ):
        assert part in said


def test_when_the_lock_moves_the_drill_is_due(tmp_path: Path) -> None:
    write(tmp_path, record())
    moved = Lock(model=(ONE.model_copy(update={"locked": "2026-11-26"}).sealed(), TWO))
    found = due(SCHEDULE, moved, tmp_path, DAY)
    assert (found.verdict, "tiny: was drilled at entry" in found.notes[0]) == ("overdue", True)


def test_a_schedule_that_asks_to_generate_wants_records_that_did(tmp_path: Path) -> None:
    write(tmp_path, record())
    asks = SCHEDULE.model_copy(update={"generate": True})
    assert due(asks, LOCK, tmp_path, DAY).notes == ("2026-11-25.json: models were not asked to generate",)
    write(tmp_path, record(generate=True))
    assert due(asks, LOCK, tmp_path, DAY).verdict == "fine"


def test_a_schedule_is_read_and_mistakes_are_named(tmp_path: Path) -> None:
    path = tmp_path / "drill.toml"
    good = f'every_days = 30\nmirror = "m"\nrecords = "drills"\nkey = "{KEY.public}"\n'
    path.write_text(good)
    assert read_schedule(path) == SCHEDULE
    for text, said in (
        ("x =", "not TOML"),
        (good.replace("every_days = 30", "every_days = 0"), "every_days"),
        (good.replace("every_days = 30", "every_days = 7"), "warn_days 7"),
        (good + "often = true\n", "often"),
        (good.replace('mirror = "m"', ""), "mirror"),
        (good.replace(str(KEY.public), "me"), "key"),
    ):
        path.write_text(text)
        with pytest.raises(ConfigError) as error:
            read_schedule(path)
        assert str(path) in str(error.value)
        assert said in str(error.value)
    with pytest.raises(ConfigError, match="cannot read"):
        read_schedule(tmp_path / "none")
