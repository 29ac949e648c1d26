"""Writing the lock: whole or not at all, whoever interrupts; texts are never lost."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.hedge.lock.small import LICENSE, locked, model

from hanse.errors import LockError
from hanse.hedge.lock.kept import keep_text, kept_texts, open_lock, read_text, save_lock, shelf
from hanse.hedge.lock.schema import Lock, parse_lock, print_lock, read_lock

DIGEST = hashlib.sha256(LICENSE).hexdigest()


def test_a_lock_is_written_with_its_texts_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "models.lock"
    save_lock(path, Lock().replaced(model()), "", {DIGEST: LICENSE})
    assert open_lock(path) == (Lock().replaced(model()), path.read_text())
    assert read_text(path, DIGEST) == LICENSE
    assert kept_texts(path) == [DIGEST]
    assert sorted(item.name for item in path.parent.iterdir()) == ["models.lock", "models.lock.d"]
    assert shelf(Path("other.lock")) == Path("other.lock.d")


def test_no_file_is_an_empty_lock(tmp_path: Path) -> None:
    assert open_lock(tmp_path / "models.lock") == (Lock(), "")
    with pytest.raises(LockError, match="cannot read"):
        open_lock(tmp_path)


def test_two_writers_do_not_overwrite_each_other(tmp_path: Path) -> None:
    path = tmp_path / "models.lock"
    lock, before = open_lock(path)
    save_lock(path, lock.replaced(model("first")), before, {})
    with pytest.raises(LockError, match="was changed by another process meanwhile; run again"):
        save_lock(path, lock.replaced(model("second")), before, {})
    assert [item.name for item in read_lock(path).model] == ["first"]


def test_a_text_under_a_wrong_name_is_never_kept_and_an_edited_one_is_put_right(tmp_path: Path) -> None:
    path = tmp_path / "models.lock"
    with pytest.raises(LockError, match="is not the SHA-256 of the text"):
        keep_text(path, "0" * 64, LICENSE)
    keep_text(path, DIGEST, LICENSE)
    (shelf(path) / f"{DIGEST}.txt").write_bytes(b"edited")
    keep_text(path, DIGEST, LICENSE)
    assert read_text(path, DIGEST) == LICENSE


@pytest.mark.skipif(os.getuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(LockError, match=r"models\.lock: cannot write"):
        save_lock(tmp_path / "models.lock", Lock(), "", {})


def test_a_lock_that_could_not_be_read_back_is_never_written(tmp_path: Path) -> None:
    path = tmp_path / "models.lock"
    locked(path, "small")
    before = path.read_text()
    edited = read_lock(path).named("small").model_copy(update={"revision": "edited"})
    with pytest.raises(LockError, match="its table was edited"):
        save_lock(path, Lock(model=(edited,)), before, {})
    assert path.read_text() == before


def test_kill_9_while_writing_leaves_the_old_lock_or_the_new(tmp_path: Path) -> None:
    path = tmp_path / "models.lock"
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from tests.hedge.lock.small import model\n"
        "from hanse.hedge.lock.kept import open_lock, save_lock\n"
        "import hashlib\n"
        f"path, number = Path({str(path)!r}), 0\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        "    number += 1\n"
        "    lock, before = open_lock(path)\n"
        "    data = str(number).encode() * 1000\n"
        "    files = {f'file-{at:04}': data for at in range(150)}\n"
        "    texts = {hashlib.sha256(data).hexdigest(): data}\n"
        "    save_lock(path, lock.replaced(model(files=files, revision=str(number))), before, texts)\n"
    )
    chance = random.Random(11)
    for _ in range(8):
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(chance.uniform(0.02, 0.25))
            writer.send_signal(signal.SIGKILL)
        if path.exists():
            lock = parse_lock(path.read_text(), str(path))
            assert print_lock(lock) == path.read_text()
            assert len(lock.model[0].file) == 150
        for digest in kept_texts(path):
            assert hashlib.sha256(read_text(path, digest) or b"").hexdigest() == digest
    assert path.exists()
