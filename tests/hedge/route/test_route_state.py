"""Swaps and rollbacks as values, the file they stand in, and what a routes file may say."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest

from hanse.errors import ConfigError, InputError
from hanse.hedge.route.choose import choose
from hanse.hedge.route.routes import Routes, key_of, load_routes
from hanse.hedge.route.state import State, check_verdict, read_state, rolled_back, swapped, write_state

TARGETS = "".join(f'[target.{name}]\nurl = "http://127.0.0.1:1/v1"\n' for name in "abc")
NOW = "2026-11-30T00:00:00Z"


def routes(folder: Path, route: str = 'target = "a"', targets: str = TARGETS) -> Routes:
    path = folder / "routes.toml"
    path.write_text(f"{targets}[route.r]\n{route}\n")
    return load_routes(path)


@pytest.mark.parametrize(
    ("targets", "route", "said"),
    [
        ("[target.a\n", "", "not TOML"),
        (TARGETS, 'target = "z"', "route.r: no target 'z'; there are: a, b, c"),
        (TARGETS, 'target = "a"\nfallback = ["z"]', "no target 'z'"),
        (TARGETS, 'target = "a"\ntraget = "b"', "did you mean target?"),
        (TARGETS, 'target = "a"\ncanary = "b"', "canary and canary_share stand together"),
        (TARGETS, 'target = "a"\ncanary = "b"\ncanary_share = "3/2"', "at most 1/1"),
        (TARGETS, 'target = "a"\ncanary = "b"\ncanary_share = 0.1', "canary_share"),
        ("[target.a]\n", 'target = "a"', "expected url, or lock, locked, folder and file; missing: lock"),
        ('[target.a]\nurl = "http://x/v1"\nlock = "l"\n', 'target = "a"', "not both"),
        ('[target.a]\nurl = "http://me:secret@x/v1"\n', 'target = "a"', "without user"),
        ('[target.a]\nurl = "ftp://x"\n', 'target = "a"', "expected http"),
        ('[target.a]\nurl = "http://x"\nparallel = 0\n', 'target = "a"', "parallel"),
        ('[target.a]\nurl = "http://x"\nkey_env = "sk-123"\n', 'target = "a"', "key_env"),
        ('source = "x"\n' + TARGETS, 'target = "a"', "source: unknown key"),
    ],
)
def test_bad_routes_name_the_file_and_the_key(tmp_path: Path, targets: str, route: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        routes(tmp_path, route, targets)
    assert "routes.toml" in str(caught.value)
    assert said in str(caught.value)


def test_a_key_is_in_the_environment_or_the_router_does_not_start(tmp_path: Path) -> None:
    target = routes(tmp_path, targets='[target.a]\nurl = "http://x"\nkey_env = "A_KEY"\n').target["a"]
    assert key_of("a", target, {"A_KEY": "s"}) == "s"
    for bad in ({}, {"A_KEY": ""}, {"A_KEY": "s\nX: y"}):
        with pytest.raises(ConfigError, match="A_KEY is not set"):
            key_of("a", target, bad)


def test_rollbacks_undo_swaps_in_order(tmp_path: Path) -> None:
    """Every sequence of five moves."""
    known = routes(tmp_path)
    for moves in product(["a", "b", "c", "rollback"], repeat=5):
        state, stack = State(), ["a"]
        for move in moves:
            if move == "rollback" and len(stack) == 1:
                with pytest.raises(InputError, match=f"no swap to roll back: {stack[0]} answers"):
                    rolled_back(state, known, "r", NOW)
            elif move == "rollback":
                state = rolled_back(state, known, "r", NOW)
                stack.pop()
            else:
                state = swapped(state, known, "r", move, NOW)
                stack += [move] if move != stack[-1] else []
            assert state.target(known, "r") == stack[-1]
            assert state.back("r") == (stack[-2] if len(stack) > 1 else "")


def test_a_state_is_read_back_as_written(tmp_path: Path) -> None:
    known = routes(tmp_path)
    state = rolled_back(swapped(swapped(State(), known, "r", "b", NOW, "0" * 64), known, "r", "c", NOW), known, "r", NOW)
    write_state(tmp_path / "s.json", state)
    assert read_state(tmp_path / "s.json", known) == state
    assert [(step.what, step.before, step.after) for step in state.route["r"].steps] == [
        ("swap", "a", "b"), ("swap", "b", "c"), ("rollback", "c", "b"),
    ]  # fmt: skip


def test_names_that_are_not_there(tmp_path: Path) -> None:
    known = routes(tmp_path)
    with pytest.raises(InputError, match=r"x: no target of .*; there are: a, b, c"):
        swapped(State(), known, "r", "x", NOW)
    with pytest.raises(InputError, match=r"x: no route of .*; there are: r"):
        swapped(State(), known, "x", "a", NOW)


def test_a_state_that_cannot_be_followed_says_what_to_do(tmp_path: Path) -> None:
    known = routes(tmp_path)
    path = tmp_path / "routes.state.json"
    assert read_state(path, known) == State()
    path.write_text("{")
    with pytest.raises(InputError, match="not a router's state"):
        read_state(path, known)
    path.write_text(json.dumps({"version": 1, "route": {"r": {"target": "gone"}}}))
    with pytest.raises(InputError, match="swapped to 'gone'"):
        read_state(path, known)


def test_a_verdict_swaps_only_when_it_says_so() -> None:
    check_verdict(b'{"verdict": "swap", "items": 3}', "v.json")
    for data, said in (
        (b'{"verdict": "keep"}', "the incumbent stays"),
        (b'{"verdict": "don\'t"}', "the incumbent stays"),
        (b'{"verdict": "more"}', "measure more items"),
        (b'{"verdict": "yes"}', "expected one of"),
        (b'{"verdict": ["swap"]}', "expected one of"),
        (b"[]", "expected one of"),
        (b"\xff", "not JSON"),
        (b"[" * 5000, "not JSON"),
    ):
        with pytest.raises(InputError, match=f"v.json.*{said}"):
            check_verdict(data, "v.json")


def test_a_canary_gets_its_share_of_users_and_each_user_one_target(tmp_path: Path) -> None:
    known = routes(tmp_path, 'target = "a"\ncanary = "b"\ncanary_share = "1/10"\nfallback = ["c"]\nshadow = "b"')

    def way(seed: int, user: str, body: bytes) -> tuple[tuple[str, ...], str]:
        seeded = known.model_copy(update={"route": {"r": known.route["r"].model_copy(update={"canary_seed": seed})}})
        found = choose(seeded, State(), "r", {"user": user}, body)
        return found.targets, found.shadow

    ways = {user: way(0, f"user {user}", b"x") for user in range(4000)}
    drawn = {user for user, found in ways.items() if found[0][0] == "b"}
    assert 330 < len(drawn) < 470  # 400, standard deviation 19
    assert {ways[user] for user in drawn} == {(("b", "a", "c"), "")}  # no shadow of itself
    assert {ways[user] for user in set(ways) - drawn} == {(("a", "c"), "b")}
    assert all(way(0, f"user {user}", b"other words") == ways[user] for user in range(200))
    assert {user for user in ways if way(1, f"user {user}", b"x")[0][0] == "b"} != drawn
    assert {way(0, "", bytes([n]))[0][0] for n in range(100)} == {"a", "b"}  # without a user, the bytes decide
