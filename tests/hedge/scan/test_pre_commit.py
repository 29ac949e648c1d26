"""The hook of .pre-commit-hooks.yaml, run by pre-commit itself on a commit in a repository of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HOOKS = Path(__file__).parents[3] / ".pre-commit-hooks.yaml"
PINNED = f'AutoModel.from_pretrained("org/name", revision="{"0" * 40}")\n'
CONFIG = """
repos:
  - repo: {repository}
    rev: {rev}
    hooks:
      - id: hanse-scan
        language: system
        additional_dependencies: []
"""
"""`language: system`: this environment's `hanse` runs, where pre-commit would build one of its own from a registry."""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    names = {f"GIT_{role}_{what}": "a@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | names | {"PATH": path, "PRE_COMMIT_HOME": str(tmp_path / "cache"), "GIT_CONFIG_GLOBAL": os.devnull}


def run(folder: Path, environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def committed(folder: Path, environment: dict[str, str]) -> str:
    """Everything in a new repository, as one commit."""
    for command in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "first")):
        assert run(folder, environment, "git", *command).returncode == 0
    return run(folder, environment, "git", "rev-parse", "HEAD").stdout.strip()


@pytest.mark.skipif(shutil.which("git") is None, reason="no git here")
def test_a_commit_with_a_model_that_is_not_pinned_is_refused(tmp_path: Path, environment: dict[str, str]) -> None:
    hooks, code = tmp_path / "hooks", tmp_path / "code"
    hooks.mkdir()
    code.mkdir()
    shutil.copy(HOOKS, hooks)
    rev = committed(hooks, environment)
    (code / "a.py").write_text(PINNED)
    (code / ".pre-commit-config.yaml").write_text(CONFIG.format(repository=hooks, rev=rev))
    before = committed(code, environment)
    installed = run(code, environment, sys.executable, "-m", "pre_commit", "install")
    assert installed.returncode == 0, installed.stderr

    (code / "b.yaml").write_text("model: org/other\n")
    run(code, environment, "git", "add", "-A")
    refused = run(code, environment, "git", "commit", "-m", "second")
    assert refused.returncode != 0
    assert "b.yaml:1: org/other: unpinned" in refused.stdout + refused.stderr
    assert run(code, environment, "git", "rev-parse", "HEAD").stdout.strip() == before

    (code / "b.yaml").write_text(f"model: org/other\nrevision: {'1' * 40}\n")
    run(code, environment, "git", "add", "-A")
    taken = run(code, environment, "git", "commit", "-m", "second")
    assert taken.returncode == 0, taken.stdout + taken.stderr
