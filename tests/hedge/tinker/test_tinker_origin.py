"""From saved weights to a model: merged by their path, with a line of the record that says what the server knows, and what not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.hedge.record.making_record import KEY
from tests.hedge.record.recording_desk import Desk
from tests.hedge.tinker.serving import KEYS, a_pass, a_step, base, datum, serving

from hanse.errors import InputError
from hanse.hedge.lock.hashing import folder_digest
from hanse.hedge.record.chain import read
from hanse.hedge.record.made import TuneFacts
from hanse.hedge.tinker.origin import METHOD, adapter_of, learned
from hanse.hedge.tune.step import UNKNOWN


def trained(folder: Path) -> str:
    """The path of weights of two steps, of a server that is no longer there."""
    with serving(folder, Path("tinker-data"), {"alice": KEYS["alice"]}) as served:
        model = served.model(served.session())
        for number in (1, 3):
            served.wait(served.post("forward_backward", a_pass(model, number, datum(5, 6, 7))))
            served.wait(served.post("optim_step", a_step(model, number + 1)))
        return str(served.wait(served.post("save_weights", {"model_id": model, "seq_id": 5, "path": "mine"}))["path"])


def test_weights_are_merged_by_their_path_and_the_record_tells_what_the_server_knows(desk: Desk) -> None:
    base(desk.folder)
    path = trained(desk.folder / "tiny")
    desk.recorded("lock", "add", "tiny")
    told = json.loads(desk.recorded("tune", "merge", "tiny", path, "--out", "merged", "--dtype", "float32", "--json"))
    place = adapter_of(Path("tinker-data"), path)
    made = read(desk.record, [KEY.public]).lines[-1].line.made
    assert isinstance(made.facts, TuneFacts)
    assert (made.facts.method, made.facts.data, made.facts.base) == (METHOD, (), folder_digest(Path("tiny")))
    assert made.facts.figures == {"steps": "2", "rank": "2", "alpha": "32"}
    assert [item.name for item in made.materials] == ["base", path, "run.json"]
    assert {"merged/": told["sha256"], "adapter/": folder_digest(place)}.items() <= {
        item.name: item.sha256 for item in made.subjects}.items()  # fmt: skip
    assert told["sha256"] != told["base_sha256"]
    drawn = json.loads(desk.say("hedge", "status", "--key", "ops.pem", "--json"))
    assert drawn["problems"] == []
    ((child,),) = [model["children"] for model in drawn["models"]]
    assert child["says"] == f"tuned by {METHOD}, alpha 32, rank 2, steps 2"
    (Path("bare")).mkdir()
    for item in place.iterdir():
        (Path("bare") / item.name).write_bytes(item.read_bytes())
    again = json.loads(desk.recorded("tune", "merge", "tiny", "bare", "--out", "again", "--dtype", "float32", "--json"))
    assert again["sha256"] == told["sha256"]
    facts = read(desk.record, [KEY.public]).lines[-1].line.made.facts
    assert isinstance(facts, TuneFacts)
    assert (facts.method, facts.data, facts.figures) == (UNKNOWN, (), {})
    (place.parent / "checkpoint.json").write_text("{}")
    with pytest.raises(InputError, match=r"checkpoint.json or run.json is damaged"):
        learned(place)


RUN = f"tinker://{'a' * 32}:train:0"


@pytest.mark.parametrize("path", ["tinker://a/b", f"{RUN}/weights/../x", f"{RUN}/weights/x"])
def test_a_path_that_leads_to_no_weights_is_refused(path: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no such weights; expected the path that saving them gave"):
        adapter_of(tmp_path, path)
