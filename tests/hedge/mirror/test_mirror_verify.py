"""Verifying: whatever is done to a store is caught and named; getting gives right files or none."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.hedge.mirror.made import FILES, PART, MemorySource, kept, model, sha256, write_files
from tests.store.tiny_s3 import TinyS3, running

from hanse import canonical
from hanse.errors import DigestMismatch, InputError, LockError, NotFound
from hanse.hedge.mirror.get import PARTIAL, STALE_SECONDS, get
from hanse.hedge.mirror.keep import Order, keep
from hanse.hedge.mirror.layout import Record, model_name, record_name
from hanse.hedge.mirror.reading import Mirror
from hanse.hedge.mirror.source import MirrorSource
from hanse.hedge.mirror.verify import verify
from hanse.store import open_store
from hanse.store.memory import MemoryStore

WEIGHTS = sha256(FILES["model.safetensors"])


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore()
    kept(made)
    return made


def record(store: MemoryStore, digest: str = WEIGHTS) -> Record:
    return Record.decode(digest, store.objects[record_name(digest)])


def flip(store: MemoryStore, name: str, at: int = 0) -> None:
    data = bytearray(store.objects[name])
    data[at] ^= 1
    store.objects[name] = bytes(data)


def test_a_mirror_as_it_was_kept_has_nothing_wrong(store: MemoryStore) -> None:
    heard: list[int] = []
    for models in (None, (model(),)):
        found = verify(Mirror(store), models, heard.append)
        assert (found.models, found.files, found.bytes, found.problems) == (1, 4, model().size, [])
    assert heard[-1] == model().size


@pytest.mark.parametrize("index", range(6))
@pytest.mark.parametrize("at", [0, -1, 50])
def test_a_flipped_byte_is_named_by_file_and_part(store: MemoryStore, index: int, at: int) -> None:
    flip(store, record(store).part(index), at)
    for models in (None, (model(),)):
        (problem,) = verify(Mirror(store), models).problems
        assert problem.what == "tiny: model.safetensors"
        assert f"part {index + 1} of 6 has wrong bytes" in problem.detail


DAMAGES: dict[str, tuple[Callable[[MemoryStore], object], str]] = {
    "missing part": (lambda s: s.objects.pop(record(s).part(2)), "a part is missing"),
    "truncated part": (lambda s: s.objects.update({record(s).part(1): b"x"}), "has 1 bytes, expected 4096"),
    "longer part": (lambda s: s.objects.update({record(s).part(5): b"x" * 101}), "has more than 100 bytes"),
    "swapped parts": (
        lambda s: s.objects.update(
            {record(s).part(0): s.objects[record(s).part(1)], record(s).part(1): s.objects[record(s).part(0)]}
        ),
        "part 1 of 6 has wrong bytes",
    ),
    "another file's record": (
        lambda s: s.objects.update({record_name(WEIGHTS): s.objects[record_name(sha256(FILES["sub/exact"]))]}),
        "its list of parts is not one of this file",
    ),
    "broken record": (lambda s: s.objects.update({record_name(WEIGHTS): b"{"}), "not JSON"),
    "record in another order": (
        lambda s: s.objects.update(
            {
                record_name(WEIGHTS): canonical.encode(
                    canonical.decode(record(s).encode()) | {"parts": [*reversed(record(s).prefixes[:-1]), WEIGHTS]}
                )
            }
        ),
        "part is missing",
    ),
}


@pytest.mark.parametrize("damage", sorted(DAMAGES))
def test_damage_is_named(store: MemoryStore, damage: str) -> None:
    do, said = DAMAGES[damage]
    do(store)
    for models in (None, (model(),)):
        problems = verify(Mirror(store), models).problems
        assert [problem.what for problem in problems] == ["tiny: model.safetensors"]
        assert said in problems[0].detail


def test_a_missing_record_is_named_where_a_model_wants_it(store: MemoryStore) -> None:
    del store.objects[record_name(WEIGHTS)]
    for models in (None, (model(),)):
        (problem,) = verify(Mirror(store), models).problems
        assert (problem.what, "is not in the mirror" in problem.detail) == ("tiny: model.safetensors", True)


def test_a_changed_or_missing_table_is_named(store: MemoryStore) -> None:
    name = model_name(model())
    table = store.objects[name]
    store.objects[name] = table.replace(b"org/tiny", b"org/evil")
    assert "was changed" in verify(Mirror(store)).problems[0].detail
    assert "was changed" in verify(Mirror(store), (model(),)).problems[0].detail
    del store.objects[name]
    assert verify(Mirror(store)).problems == []
    assert verify(Mirror(store)).files == 4
    (problem,) = verify(Mirror(store), (model(),)).problems
    assert "not in this mirror as locked" in problem.detail


def test_a_lock_that_gives_another_size_is_named(store: MemoryStore) -> None:
    made = model()
    files = tuple(f.model_copy(update={"size": f.size + 1}) if f.path == "config.json" else f for f in made.file)
    lying = made.model_copy(update={"file": files}).sealed()
    found = verify(Mirror(store), (lying,)).problems
    assert any("the lock says 9 bytes, the file of this digest has 8" in problem.detail for problem in found)


def test_files_of_other_locks_are_counted_and_not_read(store: MemoryStore) -> None:
    kept(store, model({"x": b"1"}, name="other"), sources=(MemorySource({"x": b"1"}),))
    found = verify(Mirror(store), (model(),))
    assert (found.files, found.unread, found.problems) == (4, 1, [])


@pytest.fixture(params=["memory", "s3"])
def mirror(request: pytest.FixtureRequest) -> object:
    if request.param == "memory":
        made = MemoryStore()
        kept(made)
        yield Mirror(made)
    else:
        with running(TinyS3()) as tiny:
            kept(open_store(tiny.url))
            yield Mirror(open_store(tiny.url))


def read_folder(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_model_is_written_and_what_is_right_is_kept(mirror: Mirror, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "tiny"
    first = get(mirror, model(), folder)
    assert (first.written, first.there, read_folder(folder)) == (4, 0, FILES)
    (folder / "config.json").write_bytes(b'{"a": 2}')
    (folder / "sub" / "exact").unlink()
    (folder / "mine.txt").write_bytes(b"mine")
    before = (folder / "model.safetensors").stat()
    heard: list[int] = []
    second = get(mirror, model(), folder, heard.append)
    assert (second.written, second.there, heard[-1]) == (2, 2, model().size)
    assert read_folder(folder) == FILES | {"mine.txt": b"mine"}
    assert (folder / "model.safetensors").stat().st_mtime_ns == before.st_mtime_ns


def test_a_damaged_file_is_never_placed(store: MemoryStore, tmp_path: Path) -> None:
    write_files(tmp_path, {"model.safetensors": b"old"})
    flip(store, record(store).part(3))
    with pytest.raises(DigestMismatch, match=r"model\.safetensors: its bytes have the digest"):
        get(Mirror(store), model(), tmp_path)
    assert read_folder(tmp_path)["model.safetensors"] == b"old"
    assert not (tmp_path / PARTIAL).exists()


def test_a_mirror_that_lacks_a_file_says_so(store: MemoryStore, tmp_path: Path) -> None:
    del store.objects[record_name(WEIGHTS)]
    with pytest.raises(NotFound, match=f"no file {WEIGHTS}"):
        get(Mirror(store), model(), tmp_path)


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no links here")
def test_nothing_is_written_through_a_link(store: MemoryStore, tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    outside.mkdir()
    folder.mkdir()
    (folder / "sub").symlink_to(outside)
    with pytest.raises(InputError, match="is a link or a file, where sub/e"):
        get(Mirror(store), model(), folder)
    (folder / "sub").unlink()
    target = outside / "target"
    target.write_bytes(FILES["config.json"])
    (folder / "config.json").symlink_to(target)
    get(Mirror(store), model(), folder)
    assert not (folder / "config.json").is_symlink()
    assert target.read_bytes() == FILES["config.json"]
    assert read_folder(folder) == FILES
    (folder / PARTIAL).symlink_to(outside)
    (folder / "config.json").unlink()
    with pytest.raises(InputError, match="is a link; remove it"):
        get(Mirror(store), model(), folder)


def test_a_folder_in_a_files_place_is_refused_before_anything_is_written(store: MemoryStore, tmp_path: Path) -> None:
    (tmp_path / "config.json").mkdir()
    with pytest.raises(InputError, match=r"config\.json: is a folder"):
        get(Mirror(store), model(), tmp_path)
    assert read_folder(tmp_path) == {}


def test_what_a_killed_run_left_goes_after_a_day(store: MemoryStore, tmp_path: Path) -> None:
    left = tmp_path / PARTIAL / "left"
    left.parent.mkdir()
    left.write_bytes(b"half")
    get(Mirror(store), model(), tmp_path, now=lambda: left.stat().st_mtime + 10)
    assert left.exists()
    get(Mirror(store), model(), tmp_path, now=lambda: left.stat().st_mtime + STALE_SECONDS + 1)
    assert not left.parent.exists()


HOSTILE = ["../out", "/abs", "a/../../out", "C:\\x", "a\nb", "con", ".", "a//b", "a/", "x\u202etxt", "a" * 2000]


@pytest.mark.parametrize("path", HOSTILE)
def test_a_table_with_a_hostile_path_is_no_table(store: MemoryStore, path: str) -> None:
    value = canonical.decode(store.objects[model_name(model())])
    value["model"]["file"][0]["path"] = path
    value["model"]["entry"] = canonical.digest({key: item for key, item in value["model"].items() if key != "entry"})
    name = model_name(model()).replace(model().entry, value["model"]["entry"])
    store.objects = {name: canonical.encode(value)}
    found, wrong = Mirror(store).tables()
    assert (found, len(wrong)) == ([], 1)
    with pytest.raises(NotFound, match="1 damaged tables"):
        Mirror(store).find("tiny")


def test_ten_thousand_files_and_long_names(tmp_path: Path) -> None:
    files = {f"{'d' * 100}/{'n' * 190}{number:05}": b"%d" % (number % 50) for number in range(10_000)}
    store = MemoryStore()
    done = kept(store, model(files, name="n" * 200), sources=(MemorySource(files),))
    assert (done.models, done.files) == (["n" * 200], 50)
    assert verify(Mirror(store)).problems == []
    few = model(dict(list(files.items())[:200]), name="few")
    assert get(Mirror(store), few, tmp_path).written == 200


def test_a_mirror_is_found_by_name_repository_and_revision(store: MemoryStore) -> None:
    newer = model(FILES | {"new": b"1"}, revision="f" * 40, locked="2026-12-01")
    kept(store, newer, sources=(MemorySource(FILES | {"new": b"1"}),))
    mirror = Mirror(store)
    for name in ("tiny", "org/tiny"):
        assert mirror.find(name).model == newer
        assert mirror.find(name, "f" * 40).model == newer
        assert mirror.find(name, model().revision).model == model()
        assert mirror.find(name, model().entry).model == model()
        with pytest.raises(NotFound, match="is not here at main"):
            mirror.find(name, "main")
    with pytest.raises(NotFound, match="no model other; this mirror has tiny"):
        mirror.find("other")


def test_a_mirror_is_a_source(store: MemoryStore) -> None:
    source = MirrorSource("s3://bucket/models?secret_access_key=hidden", store)
    assert source.text == "s3://bucket/models"
    listing = source.listing("org/tiny", "")
    assert listing.revision == model().revision
    assert {item.path: (item.size, item.sha256) for item in listing.files} == {
        path: (len(data), sha256(data)) for path, data in FILES.items()
    }
    for path, data in FILES.items():
        for offset in (0, 1, PART, len(data)):
            assert b"".join(source.read("org/tiny", "", path, offset)) == data[offset:]
    with pytest.raises(NotFound, match="no file 'other'"):
        list(source.read("org/tiny", "", "other"))
    with pytest.raises(NotFound, match="no model other"):
        source.listing("other", "")
    del store.objects[record(store).part(2)]
    with pytest.raises(NotFound):
        list(source.read("org/tiny", "", "model.safetensors"))


def test_a_mirror_is_kept_from_another(store: MemoryStore) -> None:
    second = MemoryStore()
    source = MirrorSource("memory://", store)
    done = keep(second, Order((model(),), None, ("other mirror",)), lambda text: source, lambda: 1)
    assert (done.models, done.troubles) == (["tiny"], [])
    assert verify(Mirror(second), (model(),)).problems == []


def test_checked_bytes_end_only_when_all_of_the_file_was_right(store: MemoryStore) -> None:
    data, mirror = FILES["model.safetensors"], Mirror(store)
    for start, end in ((0, len(data)), (PART, 3 * PART), (5, 6), (len(data) - 1, len(data))):
        assert b"".join(mirror.checked(record(store), start, end)) == data[start:end]
    flip(store, record(store).part(5), -1)
    for start, end in ((0, len(data)), (PART, 3 * PART), (0, 1)):
        got = bytearray()
        with pytest.raises(DigestMismatch, match="part 6 of 6"):
            got.extend(byte for piece in mirror.checked(record(store), start, end) for byte in piece)
        assert len(got) < end - start


def test_a_size_in_the_lock_that_is_not_the_files_is_refused(store: MemoryStore) -> None:
    with pytest.raises(LockError, match="the lock says 3 bytes"):
        Mirror(store).record_of(model().file[0].model_copy(update={"size": 3}))
