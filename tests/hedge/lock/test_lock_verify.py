"""Every way of tampering is caught and named, alone and all at once, offline."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.hedge.lock.small import FILES, LICENSE, locked, model, write

from hanse.errors import LockError
from hanse.hedge.lock.hashing import Digest
from hanse.hedge.lock.kept import shelf
from hanse.hedge.lock.schema import print_lock, read_lock
from hanse.hedge.lock.verify import Problem, hold, verify_folder, verify_lock

ONE, TWO = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """A lock of two models in folders beside it."""
    path = tmp_path / "models.lock"
    locked(path, "small", "other")
    return path


def problems(lock: Path) -> list[tuple[str, str, str]]:
    return [(item.model, item.kind, item.path) for item in verify_lock(lock, {}).problems]


def said(lock: Path) -> str:
    return "\n".join(item.text for item in verify_lock(lock, {}).problems)


def test_untouched_files_are_as_locked(lock: Path) -> None:
    report = verify_lock(lock, {})
    assert report.problems == ()
    assert [(item.model, item.files) for item in report.models] == [("other", 7), ("small", 7)]
    assert report.models[0].bytes == sum(map(len, FILES.values()))
    assert report.texts == 1
    assert report.as_json()["ok"] is True


def flip(folder: Path) -> None:
    data = bytearray((folder / ONE).read_bytes())
    data[1234] ^= 1
    (folder / ONE).write_bytes(data)


def add(folder: Path) -> None:
    (folder / "onnx" / "modeling_tiny.py").write_bytes(b"import os\n")


def lose(folder: Path) -> None:
    (folder / TWO).unlink()


def swap(folder: Path) -> None:
    (folder / ONE).rename(folder / "aside")
    (folder / TWO).rename(folder / ONE)
    (folder / "aside").rename(folder / TWO)


def rename(folder: Path) -> None:
    (folder / ONE).rename(folder / "pytorch_model.bin")


def truncate(folder: Path) -> None:
    os.truncate(folder / ONE, 5119)


def lengthen(folder: Path) -> None:
    with open(folder / ONE, "ab") as file:
        file.write(b"\0")


def link(folder: Path) -> None:
    (folder / ONE).rename(folder.parent / "elsewhere")
    (folder / ONE).symlink_to(folder.parent / "elsewhere")


def link_folder(folder: Path) -> None:
    (folder / "onnx").rename(folder.parent / "elsewhere")
    (folder / "onnx").symlink_to(folder.parent / "elsewhere")


def replace_by_folder(folder: Path) -> None:
    (folder / ONE).unlink()
    (folder / ONE).mkdir()
    (folder / ONE / "x").write_bytes(b"")


def replace_by_pipe(folder: Path) -> None:
    (folder / ONE).unlink()
    os.mkfifo(folder / ONE)


def overwrite(folder: Path) -> None:
    (folder / ONE).write_bytes((folder / TWO).read_bytes())


def copy(folder: Path) -> None:
    (folder / "again.safetensors").write_bytes((folder / TWO).read_bytes())


@pytest.mark.parametrize(
    ("tamper", "expected", "words"),
    [
        (flip, [("bytes", ONE)], "holds other bytes"),
        (add, [("added", "onnx/modeling_tiny.py")], "is not in the lock: 10 bytes"),
        (lose, [("missing", TWO)], "is missing: 5120 bytes"),
        (swap, [("swapped", ONE)], f"was swapped with '{TWO}'"),
        (rename, [("renamed", ONE)], "was renamed to 'pytorch_model.bin'"),
        (truncate, [("truncated", ONE)], "has 5119 of 5120 bytes"),
        (lengthen, [("size", ONE)], "has 5121 bytes, expected 5120"),
        (link, [("symlink", ONE)], "is a symbolic link to"),
        (link_folder, [("symlink", "onnx")], "expected a folder with 1 locked files"),
        (replace_by_folder, [("missing", ONE), ("added", f"{ONE}/x")], "is missing"),
        (replace_by_pipe, [("special", ONE)], "is a pipe, expected a file"),
        (overwrite, [("swapped", ONE)], f"holds the bytes of '{TWO}'"),
        (copy, [("added", "again.safetensors")], f"the same as '{TWO}'"),
    ],
)
def test_a_tampered_folder(
    lock: Path, tamper: Callable[[Path], None], expected: list[tuple[str, str]], words: str
) -> None:  # fmt: skip
    tamper(lock.parent / "small")
    assert problems(lock) == [("small", kind, path) for kind, path in expected]
    assert words in said(lock)


@pytest.mark.parametrize("path", sorted(FILES))
def test_a_flipped_bit_of_any_file_is_found(lock: Path, path: str) -> None:
    data = bytearray((lock.parent / "small" / path).read_bytes())
    data[-1] ^= 0x80
    (lock.parent / "small" / path).write_bytes(data)
    assert problems(lock) == [("small", "bytes", path)]


def test_an_edited_lock_is_named_and_the_files_are_checked_all_the_same(lock: Path) -> None:
    text = lock.read_text()
    lock.write_text(text.replace('relation = ""', 'relation = "merge"', 1))
    flip(lock.parent / "small")
    assert problems(lock) == [("other", "edited entry", ""), ("small", "bytes", ONE)]
    assert "was edited: entry says" in said(lock)


def test_a_digest_edited_in_the_lock_is_named_twice(lock: Path) -> None:
    digest = hashlib.sha256(FILES[ONE]).hexdigest()
    lock.write_text(lock.read_text().replace(digest, "0" * 64))
    assert problems(lock) == [
        ("other", "edited entry", ""), ("small", "edited entry", ""), ("other", "bytes", ONE), ("small", "bytes", ONE),
    ]  # fmt: skip


def test_a_lock_that_is_none_is_refused(lock: Path) -> None:
    lock.write_text(lock.read_text().replace("sha256", "sha255", 1))
    with pytest.raises(LockError, match="other: license: "):
        verify_lock(lock, {})


def text_file(lock: Path) -> Path:
    return shelf(lock) / f"{hashlib.sha256(LICENSE).hexdigest()}.txt"


def test_an_edited_license_text_is_named_for_every_model_that_stands_under_it(lock: Path) -> None:
    text_file(lock).write_bytes(LICENSE.replace(b"everybody", b"nobody"))
    assert problems(lock) == [
        (name, "license text", f"models.lock.d/{text_file(lock).name}") for name in ("other", "small")
    ]
    assert "was edited" in said(lock)
    assert "apache-2.0" in said(lock)


def test_a_missing_or_linked_license_text_is_named(lock: Path) -> None:
    text_file(lock).rename(lock.parent / "aside")
    assert [kind for _, kind, _ in problems(lock)] == ["license text"] * 2
    assert "is missing" in said(lock)
    text_file(lock).symlink_to(lock.parent / "aside")
    assert "is missing" in said(lock)


def test_an_edited_text_of_earlier_days_is_named(lock: Path) -> None:
    old = hashlib.sha256(b"old terms").hexdigest()
    (shelf(lock) / f"{old}.txt").write_bytes(b"old terms")
    assert problems(lock) == []
    assert verify_lock(lock, {}).texts == 2
    (shelf(lock) / f"{old}.txt").write_bytes(b"other terms")
    assert problems(lock) == [("", "license text", f"models.lock.d/{old}.txt")]


def test_a_license_that_points_at_another_file_is_named(lock: Path) -> None:
    found = read_lock(lock)
    small = found.named("small")
    license_ = small.license.model_copy(update={"path": "README.md"})
    lock.write_text(print_lock(found.replaced(small.model_copy(update={"license": license_}))))
    assert problems(lock) == [("small", "license text", "README.md")]


def test_everything_at_once_hides_nothing(lock: Path) -> None:
    small, other = lock.parent / "small", lock.parent / "other"
    for tamper in (add, truncate, link_folder):
        tamper(small)
    (small / "config.json").unlink()
    swap(other)
    (other / "tokenizer.json").write_bytes(b"{}")
    text_file(lock).unlink()
    lock.write_text(lock.read_text().replace("gated = false", "gated = true", 1))
    assert sorted(problems(lock)) == sorted([
        ("other", "edited entry", ""),
        ("other", "license text", f"models.lock.d/{text_file(lock).name}"),
        ("small", "license text", f"models.lock.d/{text_file(lock).name}"),
        ("other", "swapped", ONE), ("other", "truncated", "tokenizer.json"),
        ("small", "missing", "config.json"), ("small", "truncated", ONE), ("small", "symlink", "onnx"),
    ])  # fmt: skip


def test_a_folder_that_is_gone_or_never_named(lock: Path) -> None:
    (lock.parent / "small").rename(lock.parent / "moved")
    assert problems(lock) == [("small", "no folder", "")]
    assert verify_lock(lock, {"small": lock.parent / "moved"}).problems == ()
    assert verify_lock(lock, {}, names=["other"]).problems == ()
    with pytest.raises(LockError, match="smal: not in the lock; it has other, small"):
        verify_lock(lock, {"smal": lock.parent / "moved"})
    found = read_lock(lock)
    lock.write_text(print_lock(found.replaced(found.named("small").model_copy(update={"sources": ("hub", "s3://b")}))))
    assert "no folder given for it: name one with --at" in said(lock)


def test_three_files_that_went_round_are_each_named() -> None:
    made = model(files={"a": b"1", "b": b"22", "c": b"333"})
    digests = [Digest(item.sha256, item.size) for item in made.file]
    found = hold(made, dict(zip("bca", digests, strict=True)), {})
    assert [(item.kind, item.path) for item in found] == [("swapped", "a"), ("swapped", "b"), ("swapped", "c")]
    assert [item.text for item in found] == [f"holds the bytes of {other!r}" for other in "cab"]


def test_empty_files_are_never_called_swapped() -> None:
    made = model(files={"a": b"", "b": b"22"})
    empty = Digest(made.file[0].sha256, 0)
    assert hold(made, {"a": empty, "b": empty}, {}) == [Problem("m", "truncated", "b", "has 0 of 2 bytes")]


def test_one_folder_alone(tmp_path: Path) -> None:
    made = model()
    assert verify_folder(made, write(tmp_path / "m")) == []
    flip(tmp_path / "m")
    assert [item.kind for item in verify_folder(made, tmp_path / "m")] == ["bytes"]
    assert [item.kind for item in verify_folder(made, tmp_path / "none")] == ["no folder"]


def test_hidden_folders_of_clients_are_left_out_and_said(lock: Path) -> None:
    folder = lock.parent / "small"
    for path in (".git/config", ".cache/huggingface/download/config.json.metadata", ".cache/evil.py"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(b"x")
    report = verify_lock(lock, {})
    assert [(item.kind, item.path) for item in report.problems] == [("added", ".cache/evil.py")]
    assert report.models[1].ignored == (".cache/huggingface", ".git")


@pytest.mark.skipif(os.getuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_named(lock: Path) -> None:
    (lock.parent / "small" / ONE).chmod(0)
    assert problems(lock) == [("small", "unreadable", ONE)]


def test_verify_opens_no_socket(lock: Path) -> None:
    program = (
        "import sys\n"
        "def guard(event, arguments):\n"
        "    if event.startswith('socket.'):\n"
        "        raise AssertionError(event)\n"
        "sys.addaudithook(guard)\n"
        f"sys.argv = ['hanse', 'lock', 'verify', '--json', '--lock', {str(lock)!r}]\n"
        "from hanse.cli.main import main\n"
        "main()\n"
    )
    found = read_lock(lock)
    sources = ("hub", "hub:https://hub.example.org", "oci://registry.example.org/a/b", "small")
    lock.write_text(print_lock(found.replaced(found.named("small").model_copy(update={"sources": sources}))))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["ok"] is True
