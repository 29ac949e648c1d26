"""What outlives the server: whole or not at all, an owner's own, within its bytes; and keys."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hanse.errors import InputError
from hanse.hedge.tinker.keys import add_key, check_key, digest_of, read_keys
from hanse.hedge.tinker.refused import Refused
from hanse.hedge.tinker.shelf import Checkpoint, RunRecord, Session, Shelf

RUN = f"{'0' * 32}:train:0"


def record(owner: str = "alice", run: str = RUN) -> RunRecord:
    return RunRecord(id=run, owner=owner, created=1.0, base_model="tiny", base_sha256="0" * 64, rank=2, alpha=32, seed=1,
                     train_attn=True, train_mlp=True, train_unembed=True)  # fmt: skip


def weights(name: str = "one", created: float = 1.0, expires: float | None = None) -> Checkpoint:
    return Checkpoint(run=RUN, kind="weights", name=name, created=created, steps=3, expires=expires)


def put(shelf: Shelf, made: Checkpoint, text: str = "12345678", stored_max: int = 100) -> Checkpoint:
    def write(folder: Path) -> None:
        (folder / "adapter").write_text(text)

    return shelf.put(made, write, stored_max)


def made(folder: Path) -> Shelf:
    shelf = Shelf(folder)
    shelf.put_session(Session(id="0" * 32, owner="alice", created=1.0, samplers={"3": "tinker://x"}))
    shelf.put_run(record())
    return shelf


def test_all_of_it_is_read_back(tmp_path: Path) -> None:
    shelf = made(tmp_path)
    kept = put(shelf, weights())
    again = Shelf(tmp_path)
    assert again.find(kept.path, "alice", 2.0) == kept
    assert kept.size == 8
    assert again.runs == shelf.runs
    assert again.sessions == shelf.sessions


def test_another_owner_is_told_what_is_told_of_nothing(tmp_path: Path) -> None:
    shelf = made(tmp_path)
    path = put(shelf, weights()).path
    asks: list[tuple[Callable[[str], object], str, str]] = [
        (lambda name: shelf.find(name, "bob", 2.0), path, path.replace("one", "two")),
        (lambda name: shelf.run(name, "bob"), RUN, f"{'1' * 32}:train:0"),
        (lambda name: shelf.session(name, "bob"), "0" * 32, "1" * 32),
    ]
    for ask, theirs, none in asks:
        told = []
        for name in (theirs, none):
            with pytest.raises(Refused) as error:
                ask(name)
            told.append((error.value.status, str(error.value).replace(name, "")))
        assert told[0] == told[1]


@pytest.mark.parametrize("path", ["", "tinker://", f"tinker://{RUN}/weights/../../x", f"tinker://{RUN}/weights/.new.one",
                                  "tinker://../../etc/weights/passwd", f"tinker://{RUN}/weights/one/two"])  # fmt: skip
def test_no_path_leads_out_of_the_folder(path: str, tmp_path: Path) -> None:
    with pytest.raises(Refused) as told:
        made(tmp_path).find(path, "alice", 2.0)
    assert told.value.status == 404


def test_a_failed_write_leaves_nothing_and_what_was_there(tmp_path: Path) -> None:
    shelf = made(tmp_path)
    path = put(shelf, weights()).path

    def full(folder: Path) -> None:
        (folder / "adapter").write_text("1")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        shelf.put(weights(), full, 100)
    for found in (shelf, Shelf(tmp_path)):
        assert (found.place(found.find(path, "alice", 2.0)) / "adapter").read_text() == "12345678"
    assert [item.name for item in (tmp_path / f"runs/{RUN.replace(':', '.')}/weights").iterdir()] == ["one"]


def test_stored_bytes_are_bounded_and_replacing_counts_once(tmp_path: Path) -> None:
    shelf = made(tmp_path)
    put(shelf, weights(), stored_max=10)
    put(shelf, weights(), text="x" * 10, stored_max=10)
    with pytest.raises(Refused, match="more than 10 bytes"):
        put(shelf, weights("two"), stored_max=10)
    assert shelf.stored("alice") == 10
    shelf.remove(shelf.find(weights().path, "alice", 2.0))
    put(shelf, weights("two"), stored_max=10)


def test_what_has_expired_is_gone(tmp_path: Path) -> None:
    shelf = made(tmp_path)
    path = put(shelf, weights(expires=5.0)).path
    assert shelf.find(path, "alice", 4.9).expires == 5.0
    with pytest.raises(Refused):
        shelf.find(path, "alice", 5.0)
    shelf.sweep(4.9)
    assert shelf.stored("alice") == 8
    shelf.change(shelf.find(path, "alice", 4.9), None)
    shelf.sweep(99.0)
    assert Shelf(tmp_path).find(path, "alice", 99.0).expires is None
    shelf.change(shelf.find(path, "alice", 99.0), 100.0)
    shelf.sweep(100.0)
    assert Shelf(tmp_path).stored("alice") == 0


@pytest.mark.parametrize("cut", ["before the old is moved", "before the new is named", "after"])
def test_a_crash_while_replacing_leaves_the_old_or_the_new(cut: str, tmp_path: Path) -> None:
    shelf = made(tmp_path)
    path = put(shelf, weights(), "old").path
    put(shelf, weights("spare"), "new")
    place = shelf.place(shelf.find(path, "alice", 2.0))
    spare = place.with_name("spare")
    (spare / "checkpoint.json").write_bytes((place / "checkpoint.json").read_bytes())
    spare.replace(place.with_name(".new.one"))
    (place.parent / "..new.two.x1" / "adapter").mkdir(parents=True)  # of another that was being written
    if cut != "before the old is moved":
        place.replace(place.with_name(".old.one"))
    if cut == "after":
        place.with_name(".new.one").replace(place)
    again = Shelf(tmp_path)
    text = (again.place(again.find(path, "alice", 2.0)) / "adapter").read_text()
    assert text == ("old" if cut == "before the old is moved" else "new")
    assert [item.name for item in place.parent.iterdir()] == ["one"]


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    made(tmp_path)
    (tmp_path / "sessions" / f"{'0' * 32}.json").write_text("{")
    with pytest.raises(InputError, match=r"sessions/0+\.json: .*restore the file, or remove it"):
        Shelf(tmp_path)


def test_keys_are_kept_as_hashes_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "keys.txt"
    add_key(path, "alice", "tml-one")
    add_key(path, "bob", "tml-two")
    assert read_keys(path) == {digest_of("tml-one"): "alice", digest_of("tml-two"): "bob"}
    assert "tml-" not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(InputError, match="alice has a key already"):
        add_key(path, "alice", "tml-three")
    with pytest.raises(InputError, match="expected letters"):
        add_key(path, "no spaces", "tml-three")


@pytest.mark.parametrize(("text", "told"), [("alice x\n", ":1: expected a name"), ("# none\n", "has no key")])
def test_a_bad_file_of_keys_is_refused(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "keys.txt").write_text(text)
    with pytest.raises(InputError, match=told):
        read_keys(tmp_path / "keys.txt")
    with pytest.raises(InputError, match="cannot read"):
        read_keys(tmp_path / "none.txt")


def test_a_key_that_the_client_would_refuse_is_refused() -> None:
    assert check_key("tml-0123456789abcdef", "x") == "tml-0123456789abcdef"
    for bad in ("sk-0123456789abcdef0", "tml-short", "tml-0123456789 abcdef", ""):
        with pytest.raises(InputError, match="expected tml-"):
            check_key(bad, "TINKER_API_KEY")
