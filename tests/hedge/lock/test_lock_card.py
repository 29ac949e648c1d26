"""Model cards as people write them, and as somebody hostile would."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.hedge.lock.card import Card, config_hint, merged, read_adapter, read_card, repository


def card(metadata: str) -> Card:
    return read_card(f"---\n{metadata}\n---\n# A model\nlicense: not this one\n")


@pytest.mark.parametrize(
    ("metadata", "license_", "base", "relation"),
    [
        ("license: apache-2.0", "apache-2.0", (), ""),
        ("license: 'mit'  # short", "mit", (), ""),
        ("license: other\nlicense_name: llama3.1\nlicense_link: LICENSE", "llama3.1", (), ""),
        ("license: [apache-2.0, mit]", "apache-2.0, mit", (), ""),
        ("license: other", "other", (), ""),
        ("base_model: org/base", "", ("org/base",), ""),
        ("base_model:\n- org/a\n- org/b\nbase_model_relation: merge", "", ("org/a", "org/b"), "merge"),
        ("base_model:\n  - https://huggingface.co/org/a/tree/main\n  - gpt2", "", ("org/a", "gpt2"), ""),
        ("base_model: >-\n  org/folded\nlicense: mit", "mit", ("org/folded",), ""),
        (
            "tags:\n- a\n# a comment\nlicense: mit\nmodel-index:\n- name: {broken: [yaml\nbase_model: org/b",
            "mit",
            ("org/b",),
            "",
        ),
        ("base_model: [org/a, org/a, ../../etc, '/srv/model']", "", ("org/a",), ""),
        ("base_model_relation: cousin", "", (), ""),
        ("license: {id: mit}", "", (), ""),
        ("license: 2024-13-45", "2024-13-45", (), ""),
        ("license: yes", "yes", (), ""),
    ],
)
def test_the_keys_that_matter(metadata: str, license_: str, base: tuple[str, ...], relation: str) -> None:
    found = card(metadata)
    assert (found.license, found.base, found.relation) == (license_, base, relation)


def test_cards_without_metadata_say_nothing() -> None:
    for text in ("", "# A model\nlicense: mit\n", "---\nlicense: mit\n", "----\nlicense: mit\n---\n"):
        assert read_card(text) == Card()
    assert read_card("\ufeff---\r\nlicense: mit\r\n---\r\n").license == "mit"


def test_what_cannot_be_used_is_a_note() -> None:
    assert card("license: 'mit\x1b[31m'").notes != ()
    assert "names no repository" in card("base_model: C:\\models\\x").notes[0]
    assert "cannot be read" in card("license: [unclosed").notes[0]
    assert "cannot be read" in card("base_model: " + "[" * 5000).notes[0]
    assert "cannot be read" in card("base_model: " + "a" * 20_000).notes[0]
    assert "cannot be read" in card('license: "\\U99999999"').notes[0]


def test_megabytes_of_results_beside_the_keys_cost_nothing() -> None:
    results = "\n".join(f"  - {{name: task-{number}, value: [{number}, *anchor]}}" for number in range(60_000))
    assert card(f"model-index:\n{results}\nlicense: mit").license == "mit"


@settings(max_examples=150, deadline=None)
@given(st.text("license_namkbo:-[]{}'\"&*!|>% \n\tx#\\0u\x00\x85", max_size=120))
def test_any_metadata_is_read_or_noted(text: str) -> None:
    found = card(f"license: {text}\nbase_model: {text}")
    assert all(repository(name) == name for name in found.base)


def test_adapters_say_what_they_adapt() -> None:
    config = {"base_model_name_or_path": "org/base", "revision": "abc123", "peft_type": "LORA"}
    assert read_adapter(json.dumps(config)) == Card(base=("org/base@abc123",), relation="adapter")
    assert read_adapter(json.dumps(config | {"revision": None})).base == ("org/base",)
    assert read_adapter(json.dumps(config | {"revision": "a b\n"})).base == ("org/base",)
    local = read_adapter(json.dumps(config | {"base_model_name_or_path": "/home/me/base"}))
    assert (local.base, local.relation) == ((), "adapter")
    assert "names no repository" in local.notes[0]
    assert "no JSON object" in read_adapter("[1]").notes[0]
    assert "no JSON object" in read_adapter("[" * 100_000).notes[0]


def test_the_trainers_own_path_is_a_hint_only() -> None:
    assert "org/base" in config_hint('{"_name_or_path": "org/base"}')
    for said in ('{"_name_or_path": "/scratch/out"}', '{"_name_or_path": 3}', "{", "[]", ""):
        assert config_hint(said) == ""


def test_a_pinned_base_stands_for_the_same_one_unpinned() -> None:
    cards = [Card("mit", base=("org/a", "org/b"), notes=("n",)), Card("x", base=("org/a@1",), relation="adapter")]
    assert merged(cards) == Card("mit", "", ("org/b", "org/a@1"), "adapter", ("n",))
    assert merged(cards[::-1]).base == ("org/a@1", "org/b")
