"""docs/tinker.md runs as it stands: its keys by the command, its Python by the real client against a server."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.hedge.tinker.serving import ROOT, base, client, serving
from tests.test_docs import run_blocks

from hanse.hedge.tinker.keys import digest_of, read_keys

PAGE = (ROOT / "docs" / "tinker.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_page_runs_as_it_stands(tmp_path: Path) -> None:
    run_blocks(PAGE, tmp_path)
    key = (tmp_path / "alice.key").read_text().strip()
    owners = read_keys(tmp_path / "keys.txt")
    assert owners[digest_of(key)] == "alice"
    assert set(owners.values()) == {"alice", "bob"}
    assert key not in (tmp_path / "keys.txt").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    base(tmp_path).rename(tmp_path / "MODEL")
    with serving(tmp_path / "MODEL", tmp_path / "data", {"alice": key}) as served:
        assert client("protobuf", code, served, key=key, cwd=tmp_path) == [8, 9, 10]
