"""Collecting: what a lock names stays whole, what none names goes, what is being written is left alone."""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.hedge.mirror.made import FILES, NOW, PART, MemorySource, bytes_of, kept, model, noise, sha256, write_files

from hanse.errors import InputError
from hanse.hedge.lock.schema import Lock
from hanse.hedge.mirror.keep import Order, keep
from hanse.hedge.mirror.layout import PARTS, Record, model_name, part_name, record_name
from hanse.hedge.mirror.reading import Mirror
from hanse.hedge.mirror.sweep import carry_out, plan
from hanse.hedge.mirror.verify import verify
from hanse.hedge.opening import open_source
from hanse.hedge.source.base import TRIES
from hanse.store import open_store
from hanse.store.memory import MemoryStore

OTHER = {"shared": FILES["model.safetensors"], "own": noise(2 * PART + 1, 7)}


def two() -> MemoryStore:
    store = MemoryStore()
    kept(store, model(), model(OTHER, name="other"), sources=(MemorySource(FILES | OTHER),))
    return store


def lock(*names: str) -> Lock:
    known = {"tiny": model(), "other": model(OTHER, name="other")}
    return Lock(model=tuple(known[name] for name in sorted(names)))


def test_a_plan_removes_nothing() -> None:
    store = two()
    before = dict(store.objects)
    found = plan(store, (lock("tiny"),))
    assert store.objects == before
    told = found.as_json()
    assert told["models"] == [f"other@{model().revision[:12]}"]
    assert told["files"] == [sha256(OTHER["own"])]
    assert (told["parts"], told["files_kept"], told["abandoned_parts"]) == (3, 4, 0)


def test_what_no_lock_names_goes_and_the_rest_is_whole() -> None:
    store = two()
    carry_out(store, plan(store, (lock("tiny"),)), False, NOW)
    assert bytes_of(store.objects).keys() == {sha256(data) for data in FILES.values()}
    assert verify(Mirror(store), (model(),)).problems == []
    assert plan(store, (lock("tiny"),)).as_json()["bytes"] == 0


def test_every_lock_given_counts() -> None:
    store = two()
    assert plan(store, (lock("tiny"), lock("other"))).as_json()["bytes"] == 0


def test_locks_that_name_nothing_are_refused() -> None:
    for locks in ((), (Lock(),)):
        with pytest.raises(InputError, match="name no model"):
            plan(two(), locks)


def test_parts_being_written_stay_unless_asked_for() -> None:
    store, data = two(), noise(6 * PART, 3)
    cut = MemorySource({"w": data}, "cut", deque([4 * PART] + [0] * TRIES), chunk=512)
    kept(store, model({"w": data}, name="new", sources=("cut",)), sources=(cut,))
    found = plan(store, (lock("tiny"),))
    assert len(found.abandoned) == 4
    carry_out(store, found, False, NOW)
    assert sum(f"/{sha256(data)}/" in name for name in store.objects) == 4
    carry_out(store, plan(store, (lock("tiny"),)), True, NOW)
    assert not any(f"/{sha256(data)}/" in name for name in store.objects)
    assert verify(Mirror(store), (model(),)).problems == []


def test_a_file_that_was_finished_since_the_plan_is_not_abandoned() -> None:
    store, data = two(), noise(3 * PART, 3)
    source = MemorySource({"w": data})
    kept(store, model({"w": data}, name="new"), sources=(source,))
    record = store.objects.pop(record_name(sha256(data)))
    found = plan(store, (lock("tiny", "other"),))
    assert len(found.abandoned) == 3
    store.objects[record_name(sha256(data))] = record
    carry_out(store, found, True, NOW)
    assert Mirror(store).record(sha256(data))
    Mirror(store).check(Mirror(store).record(sha256(data)))


def test_parts_of_a_wrong_source_go_once_the_file_stands() -> None:
    store = two()
    digest = sha256(FILES["model.safetensors"])
    store.objects[part_name(digest, 0, "0" * 64)] = noise(PART, 9)
    found = plan(store, (lock("tiny", "other"),))
    assert [stat.name for stat in found.parts] == [part_name(digest, 0, "0" * 64)]
    carry_out(store, found, False, NOW)
    assert verify(Mirror(store)).problems == []


def test_a_record_that_cannot_be_read_costs_nothing() -> None:
    store = two()
    digest = sha256(FILES["model.safetensors"])
    record = Record.decode(digest, store.objects[record_name(digest)])
    store.objects[record_name(digest)] = b"{"
    carry_out(store, plan(store, (lock("tiny", "other"),)), False, NOW)
    assert all(record.part(index) in store.objects for index in range(6))


def test_a_changed_table_that_no_lock_names_goes() -> None:
    store = two()
    store.objects[model_name(model(OTHER, name="other"))] = b"{}"
    carry_out(store, plan(store, (lock("tiny"),)), False, NOW)
    assert Mirror(store).tables()[1] == []


def test_what_is_no_mirrors_is_not_touched() -> None:
    store = two()
    strange = {"log/000000000000": b"x", "mirror/notes": b"y", "mirror/parts/readme": b"z", "mirror/files/short": b"v"}
    store.objects.update(strange)
    carry_out(store, plan(store, (lock("tiny"),)), True, NOW)
    assert strange.items() <= store.objects.items()


@settings(deadline=None, max_examples=30)
@given(st.sets(st.sampled_from(["a", "b", "c", "d"]), min_size=1), st.integers(0, 8), st.booleans())
def test_whatever_is_swept_when_the_kept_models_stay_whole(names: set[str], dies_at: int, abandoned: bool) -> None:
    contents = {"a": b"1", "b": noise(PART + 1), "c": noise(3 * PART, 2), "d": b""}
    models = {n: model({n: contents[n], "s": contents["c"]}, name=n) for n in contents}
    store = MemoryStore()
    kept(store, *models.values(), sources=(MemorySource(contents | {"s": contents["c"]}),))

    class Dying(MemoryStore):
        def remove(self, name: str) -> None:
            nonlocal dies_at
            if not dies_at:
                raise KeyboardInterrupt
            dies_at -= 1
            super().remove(name)

    dying = Dying()
    dying.objects = store.objects
    chosen = Lock(model=tuple(models[n] for n in sorted(names)))
    try:
        carry_out(dying, plan(dying, (chosen,)), abandoned, NOW)
    except KeyboardInterrupt:
        assert verify(Mirror(store), chosen.model).problems == []
    carry_out(store, plan(store, (chosen,)), True, NOW)
    assert verify(Mirror(store)).problems == []
    assert {kept_.model.name for kept_ in Mirror(store).tables()[0]} == names


def test_a_folder_is_tidied_of_what_killed_runs_left(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "model", FILES | OTHER)
    store = open_store(str(tmp_path / "mirror"), create=True)
    models = (model(sources=(str(folder),)), model(OTHER, name="other", sources=(str(folder),)))
    keep(store, Order(models), open_source, lambda: NOW)
    digest = sha256(FILES["config.json"])
    left = tmp_path / "mirror" / PARTS / digest / f"000000-{digest}#0123456789abcdef"
    left.write_bytes(b"half")
    os.utime(left, (NOW, NOW))
    carry_out(store, plan(store, (Lock(model=models[:1]),)), True, NOW + 100)
    assert left.exists()
    carry_out(store, plan(store, (Lock(model=models[:1]),)), True, NOW + 100_000)
    assert not left.exists()
    assert not (tmp_path / "mirror" / PARTS / sha256(OTHER["own"])).exists()
    assert verify(Mirror(store), models[:1]).problems == []
    keep(store, Order(models), open_source, lambda: NOW)
    assert verify(Mirror(store)).problems == []
