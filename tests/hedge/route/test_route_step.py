"""What a target serves, by digest: a verdict must speak of it, the record's line names it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.hedge.lock.small import model

from hanse.errors import InputError, LockError
from hanse.hedge.lock.hashing import listed_digest
from hanse.hedge.lock.schema import Lock, print_lock
from hanse.hedge.record.made import Resource, TurnFacts
from hanse.hedge.record.status import Served, Turn
from hanse.hedge.route.routes import Routes, load_routes
from hanse.hedge.route.state import State, Step, swapped
from hanse.hedge.route.step import check_sides, holds, serving, step

PARTS = {f"p-0000{at}-of-00002.gguf": b"%d" % at for at in (1, 2)}
FILES = model("m", {"big.gguf": b"big", "small.gguf": b"small", **PARTS})
SHA = {item.path: item.sha256 for item in FILES.file}
URL = "org/far@https://e.example/v1"
AT = "2026-11-30T00:00:00Z"


@pytest.fixture
def routes(tmp_path: Path) -> Routes:
    (tmp_path / "models.lock").write_text(print_lock(Lock(model=(FILES,))))
    named = {"big": "big.gguf", "small": "small.gguf", "parts": "p-00001-of-00002.gguf", "none": "x.gguf"}
    kind = "lock = 'models.lock'\nlocked = 'm'\nfolder = 'm'"
    text = "".join(f"[target.{name}]\n{kind}\nfile = '{file}'\n" for name, file in named.items())
    text += "[target.far]\nurl = 'https://e.example/v1'\nmodel = 'org/far'\n[target.plain]\nurl = 'https://e.example/v1'\n"
    (tmp_path / "routes.toml").write_text(f"{text}[route.assistant]\ntarget = 'big'\n")
    return load_routes(tmp_path / "routes.toml")


def engine(sha256: str = "", name: str = "x", kind: str = "gguf") -> dict[str, Any]:
    return {"kind": kind, "name": name, "sha256": sha256}


def verdict(incumbent: Any, substitute: Any) -> bytes:
    return json.dumps({"verdict": "swap", "engines": {"incumbent": incumbent, "substitute": substitute}}).encode()


BIG, SMALL, FAR = engine(SHA["big.gguf"]), engine(SHA["small.gguf"]), engine("", URL, "endpoint")


@pytest.mark.parametrize(
    ("before", "after", "incumbent", "substitute", "said"),
    [
        ("big", "small", BIG, SMALL, ""),
        ("big", "parts", BIG, engine(listed_digest({name: SHA[name] for name in PARTS})), ""),
        ("big", "far", BIG, FAR, ""),
        ("far", "small", FAR, SMALL, ""),
        ("big", "plain", BIG, engine("", "assistant@https://e.example/v1", "endpoint"), ""),
        ("big", "small", BIG, BIG, rf"v: its substitute is gguf x \({SHA['big.gguf']}\), but .*small.gguf: .*{SHA['small.gguf']}"),
        ("big", "small", SMALL, SMALL, rf"its incumbent is gguf x \({SHA['small.gguf']}\), but target big serves"),
        ("big", "far", BIG, SMALL, r"but target far serves org/far@https://e\.example/v1: endpoint"),
        ("big", "far", BIG, engine("", URL, "answers"), "its substitute is answers"),
        ("big", "far", BIG, engine("", "org/far@https://x.example/v1", "endpoint"), "its substitute is endpoint org/far@https://x"),
        ("big", "small", BIG, engine("", "", "endpoint"), "no SHA-256"),
        ("big", "small", BIG, None, "says nothing of the substitute"),
    ],
)
def test_a_verdict_must_speak_of_what_both_targets_serve(
    routes: Routes, before: str, after: str, incumbent: Any, substitute: Any, said: str
) -> None:
    data = verdict(incumbent, substitute)
    if not said:
        check_sides(data, "v", routes, "assistant", before, after)
        return
    with pytest.raises(InputError, match=said):
        check_sides(data, "v", routes, "assistant", before, after)


def test_a_verdict_without_engines_is_refused(routes: Routes) -> None:
    for data in (b'{"verdict": "swap"}', b'{"verdict": "swap", "engines": []}'):
        with pytest.raises(InputError, match="says nothing of the substitute"):
            check_sides(data, "v", routes, "assistant", "big", "small")


def test_the_line_of_a_swap_names_file_targets_and_verdict(routes: Routes) -> None:
    made = step(routes, "assistant", Step(what="swap", before="big", after="small", at=AT, by="a" * 64))
    assert made.subjects == (Resource.of("small.gguf", SHA["small.gguf"]),)
    assert made.materials == (Resource.of("verdict", "a" * 64),)
    facts = TurnFacts(route="assistant", before="big", after="small", file=SHA["small.gguf"], endpoint="", verdict="a" * 64)
    assert made.facts == facts
    far = step(routes, "assistant", Step(what="rollback", before="big", after="far", at=AT, by=""))
    assert isinstance(far.facts, TurnFacts)
    assert (far.kind, far.facts.file, far.facts.endpoint, far.materials) == ("rollback", "", URL, ())


def test_what_is_served_is_told_with_its_last_turn(routes: Routes) -> None:
    assert serving(routes, State()) == (Served("assistant", "big", SHA["big.gguf"], "big.gguf", None),)
    moved = swapped(State(), routes, "assistant", "far", AT)
    assert serving(routes, moved) == (Served("assistant", "far", "", URL, Turn("swap", "far", "")),)
    with pytest.raises(LockError, match=r"target.none: x.gguf: not a file of m"):
        holds(routes, "none", "assistant")
