"""The page of figures: what was measured stands there with its bar, what was not says so."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.page import WRITERS, render
from benchmarks.run import PAGE, SECTIONS, documents
from hypothesis import given
from hypothesis import strategies as st

MACHINE = {"cpu": "a machine", "cores": 2, "python": "3.11", "date": "2026-11-24", "load": 0.1}


def kept(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"machine": MACHINE, "output": list(rows)}


def test_every_section_is_on_the_page_measured_or_not() -> None:
    assert set(WRITERS) == set(SECTIONS)
    page = render({})
    for section, (title, _) in WRITERS.items():
        assert f"## {title}\n\nNot measured yet: `python -m benchmarks.run --only {section}`." in page


def test_a_missed_bar_says_so() -> None:
    row = {"bench": "memory", "codec": "int8", "members": 8, "parameters": 10**8, "threads": 2}
    assert "2.90 times" in (good := render({"memory": kept(row | {"times_the_weights": 2.9})}))
    assert "reached" in good
    assert "**missed**" in render({"memory": kept(row | {"times_the_weights": 3.1})})
    world = {"seeds": 2000, "crashes": 9, "entries": 99, "void": 1, "problems": {}}
    assert "problems in 0: reached" in render({"simulate": kept(world)})
    assert "**missed**. Seeds: 7." in render({"simulate": kept(world | {"problems": {"7": ["stuck"]}})})


def test_keeping_says_which_bars_it_misses() -> None:
    scanned = {"bench": "scan", "files": 10_000, "megabytes": 1, "findings": 1, "read_s": 1, "times_reading": 2}
    assert "(bar: 20 s on 2 cores): reached" in render({"scan": kept({"cpus": 2}, scanned | {"scan_s": 12.5})})
    assert "**missed**" in render({"scan": kept(scanned | {"scan_s": 20.5})})
    locked = {"what": "lock verify", "layout": "large", "files": 1, "hash_seconds": 1.0, "verify_seconds": 1.0,
              "command_seconds": 1.4}  # fmt: skip
    assert "below 200 MB: reached" in render({"lock": kept(locked | {"ratio": 1.3, "peak_mb": 99})})
    assert "**missed**" in render({"lock": kept(locked | {"ratio": 1.31, "peak_mb": 99})})
    assert "**missed**" in render({"lock": kept(locked | {"ratio": 1.0, "peak_mb": 201})})
    times = ("keep_times_hash", "verify_first_times_hash", "verify_again_times_hash", "disk_times_hash", "keep_times_disk",
             "verify_first_times_cold")  # fmt: skip
    names = ("hash", "keep_cpu", "hash_cpu", *times)
    speed = {"what": "speed", "files": 1, **dict.fromkeys(names, 1.0)}
    memory = {"what": "memory", "command": "keep", "store": "folder", "bytes": 10**8, "peak_megabytes": 99}
    killed = {"what": "kills", "kills": 50, "before_it_ended": 30, "problems": []}
    assert "**missed**" not in render({"mirror": kept(speed, memory, killed)})
    for bad in (speed | {"keep_times_hash": 1.4}, memory | {"peak_megabytes": 300}, killed | {"problems": ["x"]}):
        rows = {row["what"]: row for row in (speed, memory, killed, bad)}
        assert "**missed**" in render({"mirror": kept(*rows.values())})


def test_a_router_that_slows_engines_says_so() -> None:
    one = {"what": "latency", "requests": 9, "bare_ms": 1.0, "routed_ms": 2.0, "added_ms": 2.9, "load": 1}
    streams = {"what": "throughput", "clients": 8, "bare_tokens_s": 9, "routed_tokens_s": 9, "ratio": 0.96, "load": 1}
    assert render({"route": kept(one, streams)}).count("| reached |") == 2
    assert "**missed**" in render({"route": kept(one | {"added_ms": 3.0}, streams)})
    assert "**missed**" in render({"route": kept(one, streams | {"ratio": 0.95})})


def test_games_slower_than_the_bar_say_so() -> None:
    row = {"bench": "shapley", "game": "fixed", "members": 50, "orders": 20_000, "times_sorting": 9, "standard_error_percent": 0.02}
    kinds = {"bench": "kinds", "coalitions": 9, "list_seconds": 1, "shapley_seconds": 1, "nucleolus_seconds": 1}
    dues = {"bench": "sharing", "rule": "equal", "members": 50, "draws": 4096, "ms": 0.4}
    fast, slow = row | {"seconds": 1.9}, row | {"seconds": 2.0}
    assert "Below 2 s: reached" in render({"games": kept(fast, kinds, dues)})
    assert "Below 2 s: **missed**" in render({"games": kept(fast, slow, kinds, dues)})


def test_a_seed_that_teaching_did_not_help_says_so() -> None:
    arm = {"seed": 1, "tokens": 9, "bits_per_byte": 2.0, "cpu_seconds": 3.0}
    gain = {"seed": 1, "low": 0.1, "nats_per_token": 0.2}
    row = {"case": "trained", "documents": 3, "teacher_parameters": 9, "student_parameters": 3, "teacher_bits_per_byte": 1.5,
           "known": 1.0, "teacher_cpu_seconds": 9.0, "lead": {"bits_per_byte": 0.5, "is_clear": True, "why": ""},
           "arms": {"alone": [arm], "distilled": [arm]}, "gains": {"alone": [gain], "longer": [gain]}}  # fmt: skip
    assert "beyond chance: reached" in render({"distill": kept(row)})
    lost = row | {"gains": {"alone": [gain, gain | {"low": -0.1}]}}
    assert "beyond chance: **missed**" in render({"distill": kept(lost)})


def test_what_is_not_measured_again_stands_as_it_did() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert render({}, page) == page
    assert render({}, render({})) == render({})
    advice = {"what": "advise", "tried": 9, "seconds": 11.9, "draws": 9, "members": 9, "cpu_s": 1.0, "times_normals": 4.0,
              "peak_mb": 5}  # fmt: skip
    anew = render({"case": kept(advice)}, page)
    assert anew != page
    assert anew.partition("## The case of a charter")[0] == page.partition("## The case of a charter")[0]


def test_the_case_says_which_bars_it_misses() -> None:
    fifty = {"what": "fifty", "draws": 100_000, "members": 50, "seconds": 12.5, "cpu_s": 20.0, "times_normals": 40.0,
             "peak_mb": 570}  # fmt: skip
    advice = fifty | {"what": "advise", "tried": 9, "seconds": 119.9}
    page = render({"case": kept(fifty, advice)})
    assert "100,000 draws of 8 years, 50 members" in page
    assert page.count("| reached |") == 2
    assert "**missed**" in render({"case": kept(fifty | {"seconds": 20.0})})
    assert "**missed**" in render({"case": kept(fifty | {"peak_mb": 2000})})
    assert "**missed**" in render({"case": kept(advice | {"seconds": 120.0})})


@given(st.lists(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=3), max_size=5))
def test_json_is_read_back_between_lines_for_people(rows: list[dict[str, Any]]) -> None:
    text = "starting, {not json\n" + "".join(json.dumps(row, indent=1) + "\n  1/2 done {x}\n" for row in rows)
    assert documents(text) == rows
