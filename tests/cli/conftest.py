from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from tests.cli.desk import Desk, Done
from tests.run.author import key

from hanse.cli.main import main

PLAN = """name = "first light"
phase = [{ rounds = 2, steps = 1 }]
[model]
config = { hidden_size = 32, intermediate_size = 64, num_hidden_layers = 1, num_attention_heads = 2, num_key_value_heads = 2 }
[tokenizer]
vocab_size = 320
min_count = 2
[data]
sequence_length = 32
[train]
batch_sequences = 2
"""
STORY = "ada sat by the press and set the type again and again until the page was done\n" * 40


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["hanse", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return Done(int(str(ended.value.code)), captured.out, captured.err)

    made = Desk(tmp_path, run)
    tables = ""
    for name in ("ada", "bob", "sam"):
        officer = key(f"{name}/officer")
        officer.save(tmp_path / "keys" / f"{name}.pem")
        tables += f'[[member]]\nname = "{name}"\nofficer = "{officer.public}"\nsite = {str(name != "sam").lower()}\n'
    made.write("charter.toml", 'name = "Two presses"\n' + tables)
    made.write("plan.toml", PLAN)
    made.write("text/story.txt", STORY)
    return made


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the founded desk is kept, to be copied."""
    return tmp_path_factory.mktemp("founded")


@pytest.fixture
def founded(desk: Desk, template: Path) -> Desk:
    """The desk with a log in `bucket`."""
    kept = template / "desk"
    if not kept.exists():
        desk.found()
        (template / "log").write_text(desk.log)
        shutil.copytree(desk.folder, kept)
    else:
        shutil.copytree(kept, desk.folder, dirs_exist_ok=True)
        desk.log = (template / "log").read_text()
    return desk
