"""A warm command is to who calls it what a fresh interpreter's is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests import warm


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["nonsense"], ["keys", "show", "none.pem"]])
def test_it_says_and_ends_the_same_in_the_folder_and_for_the_shell(tmp_path: Path, words: list[str]) -> None:
    fresh = subprocess.run([*warm.HANSE, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
    forked = warm.run(words, tmp_path)
    assert (forked.returncode, forked.stdout, forked.stderr) == (fresh.returncode, fresh.stdout, fresh.stderr)
    if warm.WARM:
        environment = os.environ | {"PATH": warm.on_path(os.environ["PATH"])}
        shell = subprocess.run(["hanse", *words], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert (shell.returncode, shell.stdout, shell.stderr) == (fresh.returncode, fresh.stdout, fresh.stderr)
