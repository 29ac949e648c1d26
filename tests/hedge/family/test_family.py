"""A family of three from one plan: trained, taught, quantized; what is finished is not made again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import torch
from click.testing import CliRunner
from tests.hedge.distill.lessons import SHAPE, TEXT, VOCABULARY, never, silent, tales

from hanse.cli.family import family as command
from hanse.errors import ConfigError, TuneError
from hanse.hedge.family.page import render
from hanse.hedge.family.plan import FamilyPlan
from hanse.hedge.family.run import family
from hanse.hedge.lock.schema import Lock
from hanse.hedge.quantize.show import show
from hanse.hedge.record.chain import read
from hanse.hedge.record.status import status
from hanse.keys import SigningKey
from hanse.lm.config import read_config

HEAD = "total_steps = 40\nthreads = 1\nevaluate_steps = 0\ncheckpoint_steps = 20\nteacher_context = 32\nmeasure_speed = false\n"
SIZES = """
[[size]]
name = "tiny"
made = "distilled"
compare = true
config = { intermediate_size = 32 }
[[size]]
name = "large"
total_steps = 60
config = { hidden_size = 64, intermediate_size = 128 }
quantize = ["F16", "Q8_0"]
[[size]]
name = "small"
"""


def plan(folder: Path, sizes: str = SIZES, head: str = HEAD) -> FamilyPlan:
    path = folder / "plan.toml"
    path.write_text(head + TEXT + sizes + VOCABULARY.format(size=320) + SHAPE.format(hidden=32, inner=64), encoding="utf-8")
    return read_config(path, FamilyPlan)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The folder and what came of the plan, stopped three times on the way."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("family")
    tales(folder / "tales.jsonl", 120)
    found, rounds = None, 0
    while found is None:
        asked: list[int] = []
        most = 3 if rounds < 3 else 1000
        found = family(plan(folder), "a test", silent, lambda asked=asked, most=most: asked.append(1) or len(asked) > most)  # type: ignore[misc, func-returns-value]
        rounds += 1
    assert rounds == 4
    return folder, found


def test_every_member_is_there_with_its_lineage(made: tuple[Path, dict[str, Any]]) -> None:
    folder, found = made
    tiny, large, small = found["members"]
    assert [one["name"] for one in found["members"]] == ["tiny", "large", "small"]
    assert large["parameters"] > small["parameters"] > tiny["parameters"]
    assert tiny["teacher"] == "large"
    assert tiny["teacher_weights"] == large["weights"]
    assert small["teacher"] is None
    assert tiny["gain"]["low"] <= tiny["gain"]["bits_per_byte"] <= tiny["gain"]["high"]
    assert [item["format"] for item in large["files"]] == ["F16", "Q8_0"]
    for item in large["files"]:
        assert show(folder / large["folder"] / item["file"]).bytes == item["bytes"]
    assert large["files"][0]["bytes"] > large["files"][1]["bytes"]
    assert json.loads((folder / "family" / "family.json").read_text()) == json.loads(json.dumps(found))


def test_what_is_finished_is_not_made_again_and_what_changed_is(made: tuple[Path, dict[str, Any]]) -> None:
    folder, found = made
    heard: list[str] = []

    def hear(what: str, details: dict[str, Any]) -> None:
        heard.append(what)

    assert family(plan(folder), "a test", hear, never) == found
    assert not {"trained", "asked", "arm"} & set(heard)
    changed = family(plan(folder, SIZES.replace('name = "small"', 'name = "small"\ntotal_steps = 20')), "a test", hear, never)
    assert changed is not None
    before, after = ({one["name"]: one for one in result["members"]} for result in (found, changed))
    assert after["small"]["identity"] != before["small"]["identity"]
    assert after["small"]["weights"] != before["small"]["weights"]
    assert (after["tiny"], after["large"]) == (before["tiny"], before["large"])


def test_the_page_shows_them_and_the_command_prints_them(made: tuple[Path, dict[str, Any]]) -> None:
    folder, found = made
    page = render(found)
    ElementTree.fromstring(page.partition("\n")[2])
    assert "Three sizes from one plan" in page
    plan(folder)
    done = CliRunner().invoke(command, [str(folder / "plan.toml")], env={"COLUMNS": "160"})
    assert done.exit_code == 0, done.output
    assert "taught by large" in done.output
    assert (folder / "family" / "family.html").read_text() == page


def test_every_member_and_file_has_its_line_once(made: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    folder, _ = made
    plan(folder)
    SigningKey("acme/ops", b"k" * 32).save(tmp_path / "ops.pem")
    words = [str(folder / "plan.toml"), "--json", "--record", str(tmp_path / "r.jsonl"), "--key", str(tmp_path / "ops.pem")]
    for _ in range(2):
        done = CliRunner().invoke(command, words)
        assert done.exit_code == 0, done.output
    record = read(tmp_path / "r.jsonl", (SigningKey("acme/ops", b"k" * 32).public,))
    assert [item.line.made.kind for item in record.lines] == ["train", "quantize", "quantize", "train", "distill"]
    drawn = status(Lock(version=1, model=()), record)
    assert drawn.problems() == []
    large, small = drawn.models
    assert (large.kind, large.name, [child.kind for child in large.children]) == ("train", "large", ["quantize"] * 2 + ["distill"])
    assert (small.kind, small.name, small.children) == ("train", "small", ())


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ('[[size]]\nname = "a"\n[[size]]\nname = "a"\n', "size a: stands twice"),
        ('[[size]]\nname = "a"\nmade = "distilled"\n', "size a: has no teacher"),
        ('[[size]]\nname = "a"\nmade = "distilled"\nteacher = "b"\n[[size]]\nname = "b"\n', "its teacher b must stand before it"),
        ('[[size]]\nname = "a"\nteacher = "b"\n', "go with made"),
        ('[[size]]\nname = "a"\nquantize = ["Q8_0", "Q8_0"]\n', "a format stands twice"),
    ],
)
def test_a_wrong_plan_is_named(tmp_path: Path, sizes: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        plan(tmp_path, sizes)


def test_an_unknown_format_is_told_before_anything_is_trained(tmp_path: Path) -> None:
    tales(tmp_path / "tales.jsonl", 60)
    with pytest.raises(TuneError, match="'Q9': no such format; one of"):
        family(plan(tmp_path, '[[size]]\nname = "a"\nquantize = ["Q9"]\n'), "a test", silent, never)
    assert not list((tmp_path / "family").glob("a-*"))
