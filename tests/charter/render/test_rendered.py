"""A charter as prose: every clause once, silence said, references numbered, and no words of a member that make an article."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from tests.charter.drawing import charters, whole
from tests.charter.render.test_rendered_keys import CASH, FULL, HOURS, RULE

from hanse.charter.force import FORCE
from hanse.charter.render.article import Quote, Table
from hanse.charter.render.articles import WORDS, articles
from hanse.charter.render.markdown import markdown
from hanse.charter.render.page import page
from hanse.charter.render.silence import SILENT
from hanse.charter.schema import FIRST, Charter, parse_charter

relaxed = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def paragraphs(charter: Charter, title: str) -> str:
    return "\n".join(str(part) for item in articles(charter) if item.title == title for part in item.parts)


def test_every_top_level_key_has_its_article_and_all_but_the_first_their_words_of_silence() -> None:
    assert sorted(key for words in WORDS for key in words.keys) == sorted(Charter.model_fields)
    assert set(SILENT) == set(Charter.model_fields) - FIRST
    assert all(len({FORCE[key] for key in words.keys}) == 1 for words in WORDS)
    titles = {key: words.title for words in WORDS for key in words.keys}
    assert all(titles[key] == SILENT[key][0] for key in SILENT)


@relaxed
@given(charters)
def test_each_clause_is_an_article_with_its_force_or_a_line_in_the_last(charter: Charter) -> None:
    found = articles(charter)
    assert [item.number for item in found] == list(range(1, len(found) + 1))
    there = [key for item in found for key in item.keys]
    assert set(there) == set(charter.document())
    last = found[-1].parts[-1]
    silent = [row[0] for row in last.rows] if isinstance(last, Table) else []
    assert silent == [SILENT[key][0] for key in SILENT if key not in there]
    for item in found[:-1]:
        assert item.force == {
            "executed": "Hanse executes this article.", "checked": "Hanse checks this article.", "prose": "This article is prose.",
        }[FORCE[item.keys[0]]]  # fmt: skip
        assert item.parts
    assert articles(charter) == found


@relaxed
@given(charters)
def test_markdown_and_the_page_have_the_same_words(charter: Charter) -> None:
    check_printed(charter)


@relaxed
@given(st.text("# >-*_`|[](){}<&~\\=+1.) ab\n", min_size=1, max_size=40).map(str.strip).filter(bool))
def test_the_words_of_a_member_stay_words(words: str) -> None:
    line = words.replace("\n", " ")
    rows = [{"topic": "law", "title": line, "text": words}]
    check_printed(whole(name=line, text=rows, pledge=[CASH | {"measure": line}], bucket={"owner": line, "payer": line}))


def check_printed(charter: Charter) -> None:
    found = articles(charter)
    root = ET.fromstring(page(charter).removeprefix("<!doctype html>\n"))
    assert [item.text for item in root.iter("h2")] == [f"Article {item.number}. {item.title}" for item in found]
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown(charter))
    heads = [tokens[at + 1].content for at, token in enumerate(tokens) if token.type == "heading_open" and token.tag == "h2"]
    assert [re.sub(r"\\(.)", r"\1", head) for head in heads] == [f"Article {item.number}. {item.title}" for item in found]
    for kind, tag in ((Table, "table"), (Quote, "blockquote")):
        count = sum(isinstance(part, kind) for item in found for part in item.parts)
        assert sum(token.type == f"{tag}_open" for token in tokens) == count == len(list(root.iter(tag)))
    made = {token.type for token in tokens}
    assert not made & {"bullet_list_open", "ordered_list_open", "code_block", "fence", "hr", "html_block"}
    said = ["".join(child.content if child.type == "text" else " " for child in token.children or ())
            for token in tokens if token.type == "inline"]  # fmt: skip
    shown = squeezed(" ".join(said))
    plain = squeezed(" ".join(root.itertext()))
    for item in found:
        for part in item.parts:
            cells = [cell for row in part.rows for cell in row] if isinstance(part, Table) else [part]
            for cell in cells:
                text = squeezed(cell.text if isinstance(cell, Quote) else str(cell))
                assert text in plain
                assert text in shown, (text, shown)


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_references_become_articles_and_those_to_silence_the_last() -> None:
    rows = [{"topic": "law", "title": "See", "text": "{withdrawal}, {decision.plan}, {dues}, {nothing}, {Withdrawal}"}]
    charter = whole(text=rows, withdrawal=FULL["withdrawal"], decision={"plan": RULE})
    numbers = {key: item.number for item in articles(charter) for key in item.keys}
    last = len(articles(charter))
    said = f"Article {numbers['withdrawal']}, Article {numbers['decision']} (plan), Article {last}, {{nothing}}, {{Withdrawal}}"
    assert said in paragraphs(charter, "Further words")


def test_a_threshold_is_said_with_comparison_and_whole_as_it_is_written() -> None:
    rule = {"quorum": ">= 2/3 of roll", "passes": "> 1/2 of cast", "heads": ">= 1/1 of members", "lazy_hours": 72}
    said = paragraphs(whole(decision={"plan": rule}), "Decisions")
    assert "it is valid only when at least two thirds of all votes of the roll take part" in said
    assert "carried by more than half of the votes cast for and against, abstentions left out, and besides by all of the" in said
    assert "There is no rule for a decision on a routine matter, " in said
    assert "at least 2/4 of" in paragraphs(whole(decision={"plan": {"passes": ">= 2/4 of cast"}}), "Decisions")


def test_a_schedule_adds_up_by_year_and_joins_years_that_are_alike() -> None:
    prices = [{"kind": "gpu_hours", "hardware": "H100", "price": "2.5 USD", "as_of": "2026-11-25"}]
    rows = [CASH, CASH | {"every": "once", "start": "2028-02-29"}, HOURS | {"start": "2030-01-01"}]
    table = next(item for item in articles(whole(pledge=rows, price=prices)) if item.title == "Pledges").parts[-1]
    assert isinstance(table, Table)
    assert table.heads == ("Member", "year from 1 January 2027", "year from 1 January 2028", "year from 1 January 2029",
                           "year from 1 January 2030")  # fmt: skip
    assert table.rows[0] == ("ada", "5 in cash", "10 in cash", "5 in cash", "5 in cash")
    assert table.rows[1][4] == "7.50 in kind"
    assert table.rows[3] == ("together", "5 in cash", "10 in cash", "5 in cash", "12.50: 5 in cash, 7.50 in kind")
    even = next(item for item in articles(whole(pledge=[CASH])) if item.title == "Pledges").parts[-1]
    assert isinstance(even, Table)
    assert even.heads == ("Member", "each of the 4 years from 1 January 2027")


@pytest.mark.parametrize(("changes", "words"), [
    ({"price": []}, "the price table has no row for GPU-hours on H100."),
    ({"term": None}, "the charter has no term from which years are counted."),
])  # fmt: skip
def test_a_schedule_that_cannot_be_made_says_why(changes: dict[str, object], words: str) -> None:
    document = whole(pledge=[HOURS]).document() | changes
    charter = parse_charter({key: value for key, value in document.items() if value is not None}, "c")
    assert words in paragraphs(charter, "Pledges")
