"""What a lock, a record and the routes say together: a whole chain is drawn, and each way to break it is named."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.hedge.lock.small import model
from tests.hedge.record.making_record import (
    BASE,
    KEY,
    OTHER,
    compare_step,
    drill_step,
    lock_step,
    quantize_step,
    sha,
    side,
    turn_step,
    written,
)

from hanse.hedge.lock.schema import Lock, LockedFile
from hanse.hedge.record.chain import Chain, examine
from hanse.hedge.record.made import DistillFacts, Made, Resource, TuneFacts
from hanse.hedge.record.page import render
from hanse.hedge.record.status import Node, Served, Status, Turn, status

Q8 = sha("q8.gguf")
FILES = model("files", {"q8.gguf": b""}).model_copy(
    update={"file": (LockedFile(path="f16.gguf", sha256=sha("f16.gguf"), size=9), LockedFile(path="q8.gguf", sha256=Q8, size=9))}
)
MADE = FILES.sealed()
LOCK = Lock(model=(BASE, MADE))
VERDICT = compare_step(side("f16.gguf", sha("f16.gguf")), side("q8.gguf", Q8))
DOCUMENT = VERDICT.subjects[0].sha256
WHOLE = (lock_step(), quantize_step("f16.gguf"), quantize_step("q8.gguf"), lock_step(MADE), VERDICT,
         turn_step("small", Q8, DOCUMENT), drill_step())  # fmt: skip
SERVED = Served("assistant", "small", Q8, "q8.gguf", Turn("swap", "small", DOCUMENT))


def chain(folder: Path, steps: Sequence[Made]) -> Chain:
    return examine(written(folder / "r", *steps), "r", [KEY.public])


def shape(node: Node) -> tuple[str, str, list[object]]:
    return node.kind, node.name, [shape(child) for child in node.children]


def drawn(folder: Path, steps: Sequence[Made] = WHOLE, lock: Lock = LOCK, routes: Sequence[Served] = (SERVED,)) -> Status:
    return status(lock, chain(folder, steps), routes)


def test_a_whole_chain_is_drawn_from_the_base_to_the_route(tmp_path: Path) -> None:
    found = drawn(tmp_path)
    assert found.problems() == []
    own = ("lock", "files", [])
    assert [shape(item) for item in found.models] == [
        ("lock", "base", [
            ("quantize", "f16.gguf", [own]),
            ("quantize", "q8.gguf", [own, ("compare", "f16.gguf or q8.gguf", []), ("route", "assistant", [])]),
            ("drill", "drill", []),
        ]),
    ]  # fmt: skip
    assert found.row()["models"][0]["sha256"] == BASE.entry
    assert "license mit" in found.models[0].says


OTHER_BASE = model("base", {"config.json": b"{}", "model.safetensors": b"other", "tokenizer.json": b"words"})
TURNED = turn_step("small", Q8, DOCUMENT)
ABOUT_F16 = compare_step(side("q8.gguf", Q8), side("f16.gguf", sha("f16.gguf")))
BREAKS: dict[str, tuple[Sequence[Made], Lock, Served, str]] = {
    "a file nobody made": (WHOLE, LOCK, replace(SERVED, sha256=sha("x"), turn=None, target="x"), "no line of the record has it"),
    "no locked base": ((quantize_step("q8.gguf"), VERDICT, TURNED), Lock(), SERVED, "it does not come from a locked base"),
    "a material from nowhere": ((quantize_step("q8.gguf"), VERDICT, TURNED), Lock(), SERVED, "q8.gguf: comes from model"),
    "a verdict about another file": ((*WHOLE[:4], ABOUT_F16, turn_step("small", Q8, ABOUT_F16.subjects[0].sha256)), LOCK,
                                     replace(SERVED, turn=Turn("swap", "small", ABOUT_F16.subjects[0].sha256)),
                                     "was swapped by a verdict about f16.gguf"),
    "a verdict that is not there": ((*WHOLE[:4], TURNED), LOCK, SERVED, "by the verdict .*, which the record has no line of"),
    "an entry that changed": (WHOLE, Lock(model=(OTHER_BASE, MADE)), SERVED, "base: the record has it with entry"),
    "an entry that is gone": (WHOLE, Lock(model=(MADE,)), SERVED, "base: .* is not in the lock any more"),
    "a model without a line": (WHOLE[1:3], LOCK, replace(SERVED, turn=None), "base: is in the lock, but the record has no"),
    "a swap without a line": (WHOLE[:5], LOCK, SERVED, "was swapped to small, and the record has no line of it"),
    "a route that moved on": (WHOLE, LOCK, Served("assistant", "big", sha("f16.gguf"), "f16.gguf", Turn("rollback", "big", "")),
                              "the record ends with a swap to small, the router's state with a rollback to big"),
    "a state that was removed": (WHOLE, LOCK, Served("assistant", "big", sha("f16.gguf"), "f16.gguf"), "router's state with big"),
    "a target that was edited": (WHOLE, LOCK, replace(SERVED, sha256=sha("f16.gguf")), "small was .* at its swap, and is"),
}  # fmt: skip


@pytest.mark.parametrize("name", BREAKS)
def test_each_break_is_named(name: str, tmp_path: Path) -> None:
    steps, lock, served, why = BREAKS[name]
    found = drawn(tmp_path, steps, lock, (served,)).problems()
    assert [problem for problem in found if re.search(why, problem)], found


def test_a_broken_chain_and_a_strange_signature_are_problems_and_what_stands_before_is_drawn(tmp_path: Path) -> None:
    data = written(tmp_path / "r", *WHOLE)
    cut = data.splitlines(keepends=True)
    for broken, keys, lines in ((b"".join(cut[:3] + cut[4:]), [KEY.public], 3), (data, [OTHER.public], 0)):
        found = status(LOCK, examine(broken, "r", keys), (SERVED,))
        assert found.lines == lines
        assert found.problems()[0].startswith(f"r:{lines + 1}: ")
        assert len(list(found.models)) > 0


def test_what_was_made_of_an_older_entry_hangs_on_it(tmp_path: Path) -> None:
    steps, lock = (lock_step(), quantize_step("q8.gguf"), lock_step(OTHER_BASE)), Lock(model=(OTHER_BASE,))
    found = drawn(tmp_path, steps, lock, ())
    assert [shape(item) for item in found.models] == [
        ("lock", "base", [("quantize", "q8.gguf", [])]), ("lock", "base", []),
    ]  # fmt: skip
    assert found.problems() == []
    served = status(lock, examine((tmp_path / "r").read_bytes(), "r", [KEY.public]), (Served("r", "t", Q8, "q8.gguf"),))
    assert served.problems() == [f"base: the record has it with entry {BASE.entry[:12]}, the lock has {OTHER_BASE.entry[:12]} now"]


def test_a_model_that_was_taken_out_of_the_lock_is_in_order_while_nothing_is_served_of_it(tmp_path: Path) -> None:
    assert drawn(tmp_path, WHOLE[:3], Lock(), ()).problems() == []


def test_a_lock_that_holds_what_was_made_of_it_stays_above(tmp_path: Path) -> None:
    files = (*BASE.file, LockedFile(path="q8.gguf", sha256=Q8, size=9))
    both = BASE.model_copy(update={"file": tuple(sorted(files, key=lambda item: item.path))}).sealed()
    served = Served("assistant", "small", Q8, "q8.gguf")
    found = drawn(tmp_path, (lock_step(), quantize_step("q8.gguf"), lock_step(both)), Lock(model=(both,)), (served,))
    assert [shape(item) for item in found.models] == [("lock", "base", [("quantize", "q8.gguf", [("route", "assistant", [])])])]
    assert found.problems() == []


def test_tuned_and_distilled_models_hang_on_their_base_and_teacher(tmp_path: Path) -> None:
    locked = lock_step()
    tuned = Made("tune", "tuned", (Resource.of("tuned/", sha("tuned")),), (Resource.of("data", sha("data")),),
                 TuneFacts(method="lora", base=locked.outputs()[-1], data=(sha("data"),), settings=sha("s")))  # fmt: skip
    facts = DistillFacts(method="logits", teacher=sha("tuned"), teacher_name="tuned", base="", data=(), settings=sha("s"))
    student = Made("distill", "student", (Resource.of("student/", sha("student")),), (), facts)
    found = drawn(tmp_path, (locked, tuned, student), Lock(model=(BASE,)), (Served("r", "t", sha("student"), "student"),))
    assert shape(found.models[0]) == ("lock", "base", [("tune", "tuned", [("distill", "student", [("route", "r", [])])])])
    assert found.problems() == []
    alone = replace(student, facts=facts.model_copy(update={"teacher": ""}))
    (tmp_path / "two").mkdir()
    found = drawn(tmp_path / "two", (alone,), Lock(), ())
    assert found.problems() == ["student: comes from a base, which no line of the record has"]


def test_what_is_made_of_a_base_hangs_on_it_also_when_a_tuned_model_shares_its_small_files(tmp_path: Path) -> None:
    locked, base = lock_step(), {item.path: Resource.of(item.path, item.sha256) for item in BASE.file}
    weights = Resource.of("model.safetensors", sha("tuned"))
    files = (weights, *(item for name, item in base.items() if name != "model.safetensors"))
    facts = TuneFacts(method="lora", base=locked.outputs()[-1], data=(), settings=sha("s"))
    tuned = Made("tune", "tuned", files, (Resource.of("base", facts.base),), facts)
    of_base = quantize_step("base.gguf")
    of_tuned = replace(quantize_step("tuned.gguf"), materials=files)
    for steps in ((locked, tuned, of_base, of_tuned), (locked, of_base, tuned, of_tuned)):
        folder = tmp_path / str(steps.index(tuned))
        folder.mkdir()
        (root,) = drawn(folder, steps, Lock(model=(BASE,)), ()).models
        assert sorted(str(shape(child)) for child in root.children) == [
            "('quantize', 'base.gguf', [])", "('tune', 'tuned', [('quantize', 'tuned.gguf', [])])",
        ]  # fmt: skip


def test_an_endpoint_is_drawn_and_its_verdict_held_to_its_name(tmp_path: Path) -> None:
    name = "org/small@https://e.example/v1"
    verdict = compare_step(side("org/big@https://e.example/v1"), side(name))
    document = verdict.subjects[0].sha256
    turn = turn_step("small", sha("s"), document)
    swap = replace(turn, facts=turn.facts.model_copy(update={"file": "", "endpoint": name}))
    served = Served("assistant", "small", "", name, Turn("swap", "small", document))
    assert drawn(tmp_path, (verdict, swap), Lock(), (served,)).problems() == []
    (tmp_path / "two").mkdir()
    other = drawn(tmp_path / "two", (verdict, swap), Lock(), (replace(served, name="org/other@https://e.example/v1"),))
    assert "was swapped by a verdict about org/small" in other.problems()[0]


def test_the_page_is_well_formed_fetches_nothing_and_says_what_is_wrong(tmp_path: Path) -> None:
    hostile = lock_step(model("base", repository="</title><script>alert('&')</script>"))
    for name, steps, lock in (("a", WHOLE, LOCK), ("b", (*WHOLE[:4], hostile), LOCK), ("c", (), Lock())):
        (tmp_path / name).mkdir()
        record = chain(tmp_path / name, steps) if steps else Chain()
        found = status(lock, record, (SERVED,) if steps else ())
        page = render(found, record).partition("\n")[2]
        tree = ET.fromstring(page)
        said = " ".join("".join(tree.itertext()).split())
        assert all(problem in said for problem in found.problems())
        assert not list(tree.iter("script"))
        assert not re.search(r"<link|\bsrc=|@import|\bon\w+=", page)
    assert "One route serves a file whose whole chain is known" in render(drawn(tmp_path), chain(tmp_path / "a", ()))
