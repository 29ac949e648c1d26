"""The demo's page: well-formed, self-contained, honest about what is missing and about members who lost."""

from __future__ import annotations

import hashlib
import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.outlook.made import interval, supply

from hanse.demo import charters, charts, findings, report

NAMES = {"foundry": "code", "abbey": "scripture", "atlas": "nations", "harbor": "cloud"}
HOSTILE = "</title><script>alert('&')</script>\"x\u0000\u001b"


CASE = charters.shown(charters.four(100))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def entry(index: int, kind: str, member: str | None, reason: str = "") -> dict[str, Any]:
    verdict = "void" if reason else "stands"
    return {
        "index": index,
        "kind": kind,
        "member": member,
        "round": 1,
        "verdict": verdict,
        "reason": reason,
        "bytes": 9,
    }


def made(worse: tuple[str, ...] = (), rename: str | None = None) -> dict[str, Any]:
    """A result.json of four members; those in `worse` lose by joining; `rename` takes the first member's name."""
    names = {(rename if rename is not None and i == 0 else name): d for i, (name, d) in enumerate(NAMES.items())}
    alone = {name: {d: 2.0 if d == home else 4.0 for d in names.values()} for name, home in names.items()}
    finished = {name: {home: 2.1 if name in worse else 1.9} for name, home in names.items()}
    curve = [{"round": i, "tokens": 100 * i, "bits_per_byte": dict.fromkeys(names.values(), 5 - i)} for i in range(4)]
    entries = [entry(0, "genesis", None)] + [entry(1 + i, "join", name) for i, name in enumerate(names)]
    entries.append(entry(5, "update", "abbey", "wrong base"))
    rounds = [{"round": 1, "attempt": 0, "steps": 1, "admitted": ["abbey"], "state": digest("1"), "seconds": 0}]
    labs = {"2025H1": interval(4, 1, 7), "2026H1": interval(4, 1, 7)}
    return {
        "outlook": {"supply": supply(labs, {"2025H1": 8, "2026H1": 9})},
        "hedge": {
            "findings": [
                {"file": "a.py", "line": 3, "ref": "org/<b>", "revision": None, "resolved": True, "pinned": False, "how": "call"},
                {"file": "b.py", "line": 1, "ref": "cfg.model", "revision": None, "resolved": False, "pinned": False},
            ],
            "lock": {"entry": digest("entry"), "files": [{"path": "w", "sha256": digest("w"), "size": 2_000_000}]},
            "verified": [],
            "tampered": [{"kind": "bytes", "text": "holds other bytes", "path": "w", "model": "demo"}],
            "swap": {
                "files": [{"file": f"{to}.gguf", "bytes": 9_000_000, "bits_per_weight": 8.5} for to in ("F16", "Q8_0", "Q4_0")],
                "verdicts": [
                    {"file": "Q8_0.gguf", "text": "swap: after 11 items", "worse": None},
                    {"file": "Q4_0.gguf", "text": "keep: after 31 items", "worse": {"incumbent": " the <b>", "substitute": " a"}},
                ],
                "prompt": "In the beginning",
                "asked": [{"when": "Q8_0 swapped in", "target": "Q8_0", "text": " was"}],
                "status": {"problems": ["r:1: <broken>"], "models": [
                    {"kind": "lock", "name": "demo", "sha256": digest("d"), "says": "locked", "problems": [], "children": [
                        {"kind": "quantize", "name": "q.gguf", "sha256": "", "says": "8 bits", "problems": ["x"], "children": []},
                    ]},
                ]},
            },
        },
        "case": CASE,
        "size": "small",
        "date": "2026-11-24",
        "seconds": 300.5,
        "machine": {"cpu": "a CPU", "cores": 2, "torch": "2"},
        "members": [
            {"name": n, "domain": d, "source": "text", "license": "MIT", "train_bytes": 9, "train_tokens": 3, "epochs": 8.5}
            for n, d in names.items()
        ],
        "settings": {"codec": "int8", "rounds": 1},
        "curves": {"joint": curve, "alone": dict.fromkeys(names, curve)},
        "final": {
            "joint": dict.fromkeys(names.values(), 1.97),
            "average": dict.fromkeys(names.values(), 9.0),
            "pooled": dict.fromkeys(names.values(), 1.85),
            "alone": alone,
            "derivative": finished,
        },
        "gain": {},
        "tuning": "on dev",
        "bytes": {"sent": dict.fromkeys(names, 1000), "received": {}, "data_parallel_per_member": 31_000, "ratio": 31.0},
        "contribution": {name: {"updates": 1, "admitted": 1, "tokens": 8, "share": "1/4"} for name in names},
        "log": {
            "genesis": digest("g"),
            "size": 6,
            "entries": entries,
            "heads": [{"size": 5, "root": digest("r"), "cosigners": ["abbey", "atlas"]}],
            "final_size": 5,
        },
        "rounds": rounds,
        "replay": {"verdict": "identical", "state": digest("w"), "agreed": digest("w"), "seconds": 1.5,
                   "rounds": [{"round": 1, "status": "replayed", "state": digest("1")}], "implementations": ["numba"]},
        "samples": [{"model": "joint", "member": "abbey", "prompt": "And ", "text": "he said <unto> them"}],
        "digests": {"model.safetensors": digest("m")},
    }  # fmt: skip


def tree(page: str) -> ET.Element:
    return ET.fromstring(page.partition("\n")[2])


def words(page: str) -> str:
    return " ".join("".join(tree(page).itertext()).split())


def test_the_page_is_well_formed_and_every_picture_has_a_title() -> None:
    page = report.render(made())
    pictures = [svg for svg in tree(page).iter("svg") if svg.get("aria-hidden") is None]
    assert len(pictures) >= 13
    assert all(svg.get("role") == "img" and svg.findtext("title") and svg.findtext("desc") for svg in pictures)
    assert "Not measured" not in page


def test_the_page_fetches_nothing_and_runs_nothing() -> None:
    page = report.render(made())
    assert not re.search(r"https?:|//|<script|<link|<iframe|\bsrc=|@import|\bon\w+=", page.partition("\n")[2])
    assert set(re.findall(r"url\(([^)]{2})", page)) <= {"#c", "#h"}


def test_no_part_is_needed_and_what_is_missing_is_said_to_be_not_measured() -> None:
    page = report.render({})
    tree(page)
    assert page.count("Not measured in this run.") == 14
    assert "was not measured" in findings.headline({})


def test_the_parts_stand_in_the_order_of_the_stages_and_the_contents_lead_to_each() -> None:
    whole = made()
    page = tree(report.render(whole))
    parts = [part for part in page.iter("section") if part.get("class") == "part"]
    assert [part.get("id") for part in parts] == ["decide", "agree", "train", "prove", "hedge"]
    contents = next(page.iter("nav"))
    assert [link.get("href") for link in contents.iter("a")] == [f"#{part.get('id')}" for part in parts]
    said = {str(part.get("id")): " ".join("".join(part.itertext()).split()) for part in parts}
    assert "Four labs released openly near the frontier in the first half of 2026" in said["decide"]
    assert "Four shipped charters, simulated under the same luck" in said["decide"]
    assert [link.get("href") for link in parts[0].iter("a")] == ["case.html"]
    assert "abbey" in said["agree"]
    assert "6 entries, 1 void, 5 final. The newest tree head is cosigned by abbey, atlas." in said["agree"]
    assert "What each member gained" in said["train"]
    assert "Identical, bit for bit." in said["prove"]
    assert said["hedge"].index("unresolved") < said["hedge"].index("not pinned")  # the worst first
    assert "org/<b>" in said["hedge"]
    assert "every byte as locked" in said["hedge"]
    assert "Verify says: bytes: holds other bytes" in said["hedge"]
    assert "keep: after 31 items" in said["hedge"]
    assert "' the <b>' became ' a'" in said["hedge"]
    assert "r:1: <broken>" in said["hedge"]
    assert [link.get("href") for link in parts[4].iter("a")] == ["hedge.html"]
    assert "Not measured in this run." in "".join(tree(report.render(whole | {"outlook": None})).itertext())


@pytest.mark.parametrize("missing", sorted(made()))
def test_any_single_part_may_be_missing_or_empty(missing: str) -> None:
    whole = made()
    tree(report.render({key: value for key, value in whole.items() if key != missing}))
    tree(report.render(whole | {missing: None}))
    tree(report.render(whole | {missing: type(whole[missing])()}))


def test_a_diverged_model_is_left_out_not_drawn() -> None:
    whole = made()
    whole["final"]["average"] = dict.fromkeys(NAMES.values(), float("nan"))
    whole["final"]["derivative"]["harbor"]["cloud"] = float("nan")
    page = report.render(whole)
    tree(page)
    assert "stroke k-average" not in page
    assert findings.headline(whole).startswith("The three members measured (not harbor) model")
    assert "harbor" not in findings.gains(whole)


def test_curves_that_were_not_recorded_are_named() -> None:
    whole = made()
    whole["curves"] = {"joint": whole["curves"]["joint"]}
    assert "On the way, alone was not measured." in report.render(whole)


def test_the_headline_is_computed_and_says_when_joining_did_not_pay() -> None:
    assert findings.headline(made()) == (
        "All four members model their own text better for having joined, by 5.0% on average."
    )
    assert findings.headline(made(worse=("harbor",))) == (
        "Joining paid for three of four members, by up to 5.0%; it did not pay for harbor (5.0% worse)."
    )
    assert findings.headline(made(worse=tuple(NAMES))).startswith("Joining did not pay in this run: all four")


def test_a_replay_is_called_identical_only_when_the_digests_agree() -> None:
    assert findings.replay_says(made()) == ("bit for bit", True)
    other = made()
    other["replay"]["state"] = digest("something else")
    assert findings.replay_says(other)[1] is False
    assert "Identical, bit for bit." not in report.render(other)
    assert findings.replay_says({}) == ("not run", None)


def test_hostile_names_and_samples_are_text_and_nothing_else() -> None:
    whole = made(rename=HOSTILE)
    whole["samples"][0]["text"] = HOSTILE
    whole["log"]["entries"][5]["reason"] = HOSTILE
    whole["settings"][HOSTILE] = HOSTILE
    page = report.render(whole)
    assert not list(tree(page).iter("script"))
    assert "alert('&')" in words(page)


@settings(max_examples=30, deadline=None)
@given(st.text(min_size=1))
def test_any_name_at_all_gives_a_well_formed_page(name: str) -> None:
    tree(report.render(made(rename=name)))


def test_void_entries_are_counted_and_crossed_out_and_heads_flagged() -> None:
    page = report.render(made())
    assert "6 entries, 1 void, 1 tree heads, 5 final." in words(page)
    assert page.count('class="cross"') == 1
    assert page.count('class="flag"') == 1
    assert "5: update by abbey, void: wrong base" in words(page)


def test_equal_digests_have_equal_fingerprints_and_others_do_not() -> None:
    assert charts.fingerprint("x", digest("a")) == charts.fingerprint("x", digest("a"))
    assert charts.fingerprint("x", digest("a")) != charts.fingerprint("x", digest("b"))
