"""The brief: which release a name means, what is at risk by which rule, and what every sentence rests on."""

from __future__ import annotations

from functools import cache
from itertools import product
from pathlib import Path

import pytest
from tests.outlook.rows import LAST, about, before, catalogue, day, event, frontier, scored, shipped

from hanse.errors import InputError
from hanse.outlook.brief import ORDER, Brief, Sentence, find_release, read_models, render, write_brief
from hanse.outlook.catalogue.tables import TABLES, Catalogue
from hanse.outlook.forecast import Outlook, outlooks
from hanse.outlook.rating import months_between


@cache
def base_rates() -> list[Outlook]:
    """What is forecast of the shipped rows by the base rate."""
    return outlooks(shipped(), "base rate")


# --- names

NAMES = {
    "Qwen/Qwen3-235B-A22B": "qwen3-235b-a22b",
    "Qwen/Qwen3-235B-A22B-Thinking-2507-FP8": "qwen3-235b-a22b-2507",
    "Qwen/Qwen3-235B-A22B-Instruct-2507": "qwen3-235b-a22b-2507",
    "qwen3:235b-a22b": "qwen3-235b-a22b",
    "Qwen3_5-397B-A17B": "qwen3-5-397b-a17b",
    "unsloth/gpt-oss-120b-GGUF": "gpt-oss-120b",
    "openai/gpt-oss-20b": "gpt-oss-20b",
    "bartowski/google_gemma-3-27b-it-GGUF": "gemma-3-27b",
    "meta-llama/Llama-3.1-405B-Instruct-FP8": "llama-3-1-405b",
    "meta-llama/Llama-4-Scout-17B-16E-Instruct": "llama-4-scout",
    "mistralai/Mixtral-8x7B-Instruct-v0.1": "mixtral-8x7b",
    "moonshotai/Kimi-K2-Thinking": "kimi-k2-thinking",
    "deepseek-ai/DeepSeek-V3.2-Exp": "deepseek-v3-2-exp",
    "zai-org/GLM-5.3-Flash-FP8": "glm-5-3-flash",
    "GLM-5": "glm-5",
    "glm-5-2": "glm-5-2",
    "stepfun-ai/step3": "step-3",
}
NOBODY = [
    "deepseek-ai/DeepSeek-V3.9", "zai-org/GLM-5.9", "moonshotai/Kimi-K2.8", "Qwen/Qwen3-4B-Instruct-2507", "Qwen/Qwen9-1T",
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B", "google/gemma-3-4b-it", "nonsense", "/", "---", "a/b/c", "7b", "模型",
]  # fmt: skip
"""Later versions, other sizes, distilled models and nonsense."""


@pytest.mark.parametrize("name", NAMES)
def test_a_name_means_the_release_it_is_or_is_a_copy_of(name: str) -> None:
    found = find_release(shipped(), name)
    assert found is not None
    assert found.id == NAMES[name]


@pytest.mark.parametrize("name", NOBODY)
def test_a_version_or_size_that_is_not_there_is_not_taken_for_another(name: str) -> None:
    assert find_release(shipped(), name) is None


def test_every_release_is_found_by_its_id_and_its_name_and_with_a_quantization_after_it() -> None:
    rows = shipped()
    for release in rows.releases:
        for name in (
            release.id,
            release.model,
            release.model.upper(),
            f"someone/{release.model.replace(' ', '-')}-AWQ-4bit",
        ):
            found = find_release(rows, name)
            assert found is not None, name
            assert found.id == release.id, name


# --- what is read


def test_names_are_read_with_commas_from_lines_and_from_tables(tmp_path: Path) -> None:
    wanted = ["a/B-1", "c d", "e"]
    assert read_models(" a/B-1 , c d,,e,a/B-1") == wanted
    lines, lock, odd = tmp_path / "models.txt", tmp_path / "models.lock", tmp_path / "own.toml"
    lines.write_text("# what we use\na/B-1\n\n  c d\r\ne\n")
    lock.write_text(
        '[[model]]\nrepository = "a/B-1"\nrepo = "not this"\n[[model]]\nmodel = "c d"\n[x.y]\nrepo = "e"\nother = "z"\n'
    )
    odd.write_text(
        '[deployed]\nmodel = "a/B-1"\n[[deployed.more]]\nmodel = { repo = "c d" }\n[last]\nmodels = [{ model = "e" }]\n'
    )
    assert read_models(str(lines)) == read_models(str(lock)) == read_models(str(odd)) == wanted


def test_fifty_names_with_commas_are_no_file_name() -> None:
    names = [f"organization-{at}/a-model-of-some-length-{at}" for at in range(50)]
    assert read_models(",".join(names)) == names


def test_a_name_that_is_also_a_folder_here_is_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Qwen" / "Qwen3-32B").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert read_models("Qwen/Qwen3-32B") == ["Qwen/Qwen3-32B"]


BAD = {
    "none.lock": (None, "none.lock: cannot read models from it: .*No such file"),
    "bad.toml": (b'model = "open', "bad.toml: cannot read models from it: "),
    "latin.txt": (b"caf\xe9", "latin.txt: cannot read models from it: "),
    "empty.txt": (
        b"# nothing\n\n",
        "empty.txt: names no model; give names with commas, a file with one per line, or a models.lock",
    ),
    "empty.toml": (b'[x]\nname = "a"\nmodel = 3\n', "empty.toml: names no model"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_names_nothing_is_refused_by_name(name: str, tmp_path: Path) -> None:
    content, message = BAD[name]
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_models(str(tmp_path / name))


def test_commas_alone_name_no_model() -> None:
    with pytest.raises(InputError, match="names no model"):
        read_models(" , ,")


# --- risk


def outlook(state: str, low: float = 0, value: float = 0, high: float = 0) -> Outlook:
    probability = about(value, low, high) if state == "forecast" else None
    last = "a-near" if state in ("forecast", "left") else ""
    return Outlook("a", state, LAST if last else None, last, 3.0, probability, "cox", (), (), "a reason")  # type: ignore[arg-type]


LICENSE_RISK = {"MIT": "low", "Metered": "medium", "Research": "high", "Unread": "cannot rate", "Own": "cannot rate"}
SUPPLY_RISK = {
    "sure": (outlook("forecast", 0.5, 0.8, 0.9), "low"),
    "open": (outlook("forecast", 0.3, 0.6, 0.8), "medium"),
    "even": (outlook("forecast", 0.3, 0.4, 0.5), "medium"),
    "unlikely": (outlook("forecast", 0.1, 0.2, 0.49), "high"),
    "left": (outlook("left"), "high"),
    "cannot": (outlook("cannot rate"), "cannot rate"),
    "not near": (outlook("not near"), "cannot rate"),
    "nothing": (None, "cannot rate"),
}


def asked(license_: str, size: float | None, told: Outlook | None, weights: str = "open", name: str = "a-1") -> Brief:
    pairs = [
        scored("a-near", "a", day("2025-01-01"), 3),
        scored("a-1", "a", day("2026-05-01"), None, size, license=license_, weights=weights),
    ]
    return write_brief(catalogue(pairs, frontier()), [name], [told] if told else [])


@pytest.mark.parametrize(("license_", "supply"), list(product(LICENSE_RISK, SUPPLY_RISK)))
def test_the_risk_of_a_large_model_is_the_worse_of_license_and_supply(license_: str, supply: str) -> None:
    told, wanted = SUPPLY_RISK[supply]
    (model,) = asked(license_, 200, told).models
    assert model.risk == min([LICENSE_RISK[license_], wanted], key=ORDER.index)
    assert any("license" in sentence.text for sentence in model.why) == (license_ != "MIT")


@pytest.mark.parametrize("license_", LICENSE_RISK)
def test_the_risk_of_a_small_model_is_that_of_its_license(license_: str) -> None:
    for told, _ in SUPPLY_RISK.values():
        (model,) = asked(license_, 40, told).models
        assert model.risk == LICENSE_RISK[license_]


def test_what_was_only_announced_or_is_not_known_cannot_be_rated() -> None:
    (model,) = asked("MIT", 200, SUPPLY_RISK["sure"][0], "not verified").models
    assert model.risk == "cannot rate"
    assert "announced" in model.why[0].text
    (model,) = asked("MIT", 40, SUPPLY_RISK["sure"][0], "not verified").models
    assert model.risk == "cannot rate"  # small or not
    (model,) = asked("MIT", 200, None, name="somebody/else").models
    assert (model.risk, model.release, model.substitutes) == ("cannot rate", None, ())


def test_models_come_riskiest_first_and_the_last_events_of_their_lab_are_told() -> None:
    events = [
        event(f"e{at}", "a", day(f"2026-0{at}-01"), kind)
        for at, kind in enumerate(["departure", "license", "funding", "withdrawal"], 1)
    ]
    pairs = [
        scored("a-1", "a", day("2026-05-01"), None),
        scored("b-1", "b", day("2026-05-01"), None, 8, license="Metered"),
        scored("b-2", "b", day("2026-05-01"), None, 8),
        scored("c-1", "c", day("2026-05-01"), None, 8, license="Research"),
    ]
    found = write_brief(catalogue(pairs, frontier(), events), ["b-2", "b-1", "a-1", "c-1"], [])
    assert [(m.asked, m.risk) for m in found.models] == [
        ("c-1", "high"),
        ("a-1", "cannot rate"),
        ("b-1", "medium"),
        ("b-2", "low"),
    ]
    assert [s.rows for s in found.models[1].why if s.rows[0].startswith("e")] == [
        ("e4",),
        ("e2",),
    ]  # newest two, no funding


def test_a_license_is_to_be_read_where_it_is_metered_not_where_an_event_says_so() -> None:
    told = event("e", "a", day("2026-01-01"), "license", what="a turned to MIT after metered and research-only terms.")
    for license_, wanted in LICENSE_RISK.items():
        rows = catalogue([scored("a-1", "a", day("2026-05-01"), None, license=license_)], frontier(), [told])
        steps = [
            step for step in write_brief(rows, ["a-1"], []).todo if step.text.startswith("Have the license of a-1 read")
        ]
        assert bool(steps) == (wanted in ("medium", "high"))


# --- substitutes


def test_substitutes_are_small_open_recent_of_other_payers_and_at_most_three() -> None:
    rows = shipped()
    found = write_brief(rows, [release.id for release in rows.releases], base_rates())
    told = [model for model in found.models if model.substitutes]
    assert len(told) > 50
    for model in found.models:
        assert model.release is not None
        labs = [release.lab for release, _ in model.substitutes]
        assert len(labs) == len(set(labs)) <= 3
        assert model.release.lab not in labs
        assert bool(labs) == (model.risk != "low")
        for release, _ in model.substitutes:
            assert release.total_params_b is not None
            assert release.total_params_b <= 40
            assert rows.license_of[release.license].class_ == "open"
            assert release.weights == "open"
            assert months_between(release.date, rows.collected) <= 24


def test_the_best_scored_substitute_comes_first_then_the_newest() -> None:
    pairs = [
        scored("a-1", "a", day("2026-05-01"), None, 200, license="Metered"),
        scored("a-2", "a", day("2026-05-02"), 1, 8),
        scored("b-old", "b", day("2024-11-01"), 2, 8),
        scored("b-1", "b", day("2025-06-01"), 9, 8),
        scored("b-2", "b", day("2026-03-01"), 12, 8),
        scored("c-1", "c", day("2026-01-01"), None, 40),
        scored("d-1", "d", day("2026-02-01"), None, 40),
        scored("d-2", "d", day("2026-03-01"), 2, 41),
        scored("e-1", "e", day("2026-04-01"), None, 4, license="Metered"),
        scored("f-1", "f", day("2026-04-01"), None, None),
        scored("g-1", "g", day("2025-01-01"), None, 4),
    ]
    (model,) = write_brief(catalogue(pairs, frontier()), ["a-1"], []).models
    assert [release.id for release, _ in model.substitutes] == ["b-2", "d-1", "c-1"]


# --- what it rests on, and how it reads


def known(rows: Catalogue) -> set[str]:
    found = set(TABLES) | {row.license for row in rows.licenses} | {row.name for row in rows.scores}
    return found | {row.id for name in ("releases", "events", "labs") for row in getattr(rows, name)}


def sentences(brief: Brief) -> list[Sentence]:
    found = [*brief.summary, *brief.todo]
    for model in brief.models:
        found += [*model.why, *model.sure, *(sentence for _, sentence in model.substitutes)]
    return found


ASKED = {
    "everything": [release.id for release in shipped().releases] + ["unknown/one"],
    "unknown only": ["unknown/one", "another"],
    "low only": ["qwen3-32b", "olmo-3-32b"],
    "one": ["kimi-k3"],
}


@pytest.mark.parametrize("which", ASKED)
def test_every_sentence_names_rows_that_exist(which: str) -> None:
    rows = shipped()
    for forecasts in (base_rates(), []):
        brief = write_brief(rows, ASKED[which], forecasts)
        for sentence in sentences(brief):
            assert sentence.rows, sentence.text
            assert set(sentence.rows) <= known(rows), sentence.text
        with_rows = render(brief, sources=True)
        assert all(f"[{', '.join(s.rows)}]" in with_rows for s in (*brief.summary, *brief.todo))
        assert with_rows.count("[") > render(brief).count("[")


def test_a_brief_about_fifty_models_stays_about_two_pages() -> None:
    rows = shipped()
    risky = [m.asked for m in write_brief(rows, ASKED["everything"], base_rates()).models][:50]
    text = render(write_brief(rows, risky, base_rates()))
    assert len(text.splitlines()) <= 140
    assert "The other 44 are at no more risk" in text
    assert len(render(write_brief(rows, ASKED["one"], [])).splitlines()) <= 40


def test_what_is_left_out_is_at_no_more_risk_than_what_is_told() -> None:
    rows = shipped()
    found = write_brief(rows, ASKED["everything"], base_rates()).models
    assert [ORDER.index(m.risk) for m in found] == sorted(ORDER.index(m.risk) for m in found)


@pytest.mark.parametrize("name", ["a|b", "a\nb", "a\n\n# b", "| x |\n| y |", "a\r\nb|c"])
def test_a_name_with_bars_or_line_ends_does_not_break_the_table(name: str) -> None:
    rows = shipped()
    text = render(write_brief(rows, [name, "kimi-k3"], []))
    lines = text.splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 4
    for line in table:
        assert line.replace("\\|", "").count("|") == 4
    assert sum(line.startswith("# ") for line in lines) == 1
    assert sum(line.startswith("### ") for line in lines) == 2


def test_a_release_with_a_bar_in_its_name_does_not_break_the_table() -> None:
    text = render(
        write_brief(catalogue([scored("a-1", "a", before(LAST, 1), None, model="A | 1\nB")], frontier()), ["a-1"], [])
    )
    (line,) = [line for line in text.splitlines() if line.startswith("| a-1")]
    assert line == f"| a-1 | cannot rate | A \\| 1 B, {before(LAST, 1)} |"


def test_json_says_what_the_brief_says() -> None:
    rows = shipped()
    brief = write_brief(rows, ["kimi-k3", "unknown/one"], base_rates())
    found = brief.as_json()
    assert [m["release"] for m in found["models"]] == [m.release.id if m.release else None for m in brief.models]
    told = [s for part in (found["summary"], found["todo"]) for s in part]
    assert all(set(s) == {"text", "rows"} for s in told)
    assert [s["text"] for s in found["models"][0]["why"]] == [s.text for s in brief.models[0].why]
