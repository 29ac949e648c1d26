"""The four corpora: deterministic, large enough, split by document, and nothing held out stands in train."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.demo import corpora, sources
from hanse.errors import CorpusError, MissingExtraError
from hanse.lm.text import Document
from hanse.lm.text import documents as read_documents

LONG = "a line of text which is certainly long enough to count as copied and not as standing there by chance"


def made(count: int, letters: int = 600) -> list[Document]:
    def words(seed: int) -> str:
        return " ".join(hashlib.sha256(f"{seed} {i}".encode()).hexdigest()[:8] for i in range(letters // 9))

    return [Document(f"d{i}", words(i) + "\n") for i in range(count)]


def domain_of(found: list[Document], repeats: bool = False) -> corpora.Domain:
    return replace(corpora.DOMAINS[0], name="made", read=lambda: iter(found), repeats=repeats)


@pytest.mark.parametrize("domain", corpora.DOMAINS, ids=lambda d: d.name)
def test_each_domain_has_text_for_a_member_and_a_disjoint_split(domain: corpora.Domain, tmp_path: Path) -> None:
    written = corpora.write(domain, tmp_path, train_bytes=300_000)
    assert 300_000 <= written.text_bytes["train"] < 310_000
    assert written.documents["test"] >= 20
    for name, path in written.files.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == written.split[name]
        assert len(list(read_documents(path))) == written.documents[name]
    held_out = [*read_documents(written.files["dev"]), *read_documents(written.files["test"])]
    corpora.check_disjoint(read_documents(written.files["train"]), held_out)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["dev.jsonl", "test.jsonl", "train.jsonl"]


@pytest.mark.parametrize("domain", corpora.DOMAINS, ids=lambda d: d.name)
def test_held_out_sets_are_the_ones_the_page_names_for_this_version(domain: corpora.Domain, tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "corpora.md").read_text(encoding="utf-8")
    named = re.search(rf"\| `{domain.name}` \| ([0-9.]+) \| `(\w+)` \| `(\w+)` \|", page)
    assert named is not None
    if named[1] != domain.version:
        pytest.skip(f"{domain.package} {domain.version}: the page was measured with {named[1]}")
    split = corpora.write(domain, tmp_path, train_bytes=10_000).split
    assert (split["dev"][:16], split["test"][:16]) == (named[2], named[3])


def test_longer_excerpts_for_a_large_train_keep_dev_and_test_as_they_are(tmp_path: Path) -> None:
    domain = corpora.domain("nations")
    small = corpora.write(domain, tmp_path / "a", train_bytes=50_000)
    large = corpora.write(domain, tmp_path / "b", train_bytes=corpora.LARGE_BYTES + 1)
    assert (small.split["dev"], small.split["test"]) == (large.split["dev"], large.split["test"])
    assert max(len(d.text.encode()) for d in read_documents(large.files["train"])) > corpora.DOCUMENT_BYTES_MAX


def test_a_damaged_data_file_is_named(tmp_path: Path) -> None:
    for name, data in (("a.json", b"{"), ("b.json.gz", b"not gzip"), ("c.json", b"[1]")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(CorpusError, match=name):
            sources._object("botocore", tmp_path / name)


def test_writing_again_writes_the_same_bytes_and_a_larger_train_keeps_the_test_set(tmp_path: Path) -> None:
    domain = corpora.domain("scripture")
    first = corpora.write(domain, tmp_path / "a", train_bytes=100_000)
    assert corpora.write(domain, tmp_path / "b", train_bytes=100_000).split == first.split
    larger = corpora.write(domain, tmp_path / "c", train_bytes=200_000)
    assert (larger.split["test"], larger.split["dev"]) == (first.split["test"], first.split["dev"])


def test_members_and_domains_have_names_of_their_own_and_every_package_a_version() -> None:
    assert len({d.name for d in corpora.DOMAINS}) == len({d.member for d in corpora.DOMAINS}) == 4
    assert all(d.version and d.license and d.license_note for d in corpora.DOMAINS)


def test_the_page_on_corpora_names_each_domain_with_package_and_license() -> None:
    page = (Path(__file__).parents[2] / "docs" / "corpora.md").read_text(encoding="utf-8")
    for domain in corpora.DOMAINS:
        assert f"`{domain.name}`" in page
        assert domain.package in page
        assert domain.license in page
        assert domain.member in page


def test_a_held_out_document_in_train_fails() -> None:
    with pytest.raises(CorpusError, match="evaluation document b is training document a"):
        corpora.check_disjoint([Document("a", "same  text")], [Document("b", "same text\n")])


def test_a_long_line_shared_with_train_fails_and_a_short_one_does_not() -> None:
    with pytest.raises(CorpusError, match="share the line"):
        corpora.check_disjoint([Document("a", f"x\n  {LONG}\n")], [Document("b", f"{LONG}\ny\n")])
    corpora.check_disjoint([Document("a", "x\nshort\n")], [Document("b", "short\ny\n")])


def test_candidates_that_overlap_a_held_out_document_are_dropped_and_counted() -> None:
    found = made(40)
    found += [Document(f"copy{i}", d.text.replace("a", "a", 1) + LONG + "\n") for i, d in enumerate(found)]
    sizes = {"train": 6_000, "dev": 1_000, "test": 1_000}
    parts, dropped = corpora.split(corpora.documents(domain_of(found, repeats=True), 1 << 40), sizes)
    held_out = parts["dev"] + parts["test"]
    corpora.check_disjoint(parts["train"], held_out)
    assert dropped > 0


def test_too_little_text_says_so_and_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="ask for less"):
        corpora.write(domain_of(made(10)), tmp_path / "member", train_bytes=1_000_000, dev_bytes=500, test_bytes=500)
    assert not (tmp_path / "member").exists()


def test_a_repeated_long_line_stays_in_its_first_document_only_except_in_code() -> None:
    found = [Document(d.id, d.text + LONG + "\n") for d in made(3)]
    assert sum(LONG in d.text for d in corpora.documents(domain_of(found), 1 << 40)) == 1
    assert sum(LONG in d.text for d in corpora.documents(domain_of(found, repeats=True), 1 << 40)) == 3


def test_a_package_that_is_not_installed_names_the_extra() -> None:
    with pytest.raises(MissingExtraError, match=r"hanse\[demo\]"):
        _ = replace(corpora.DOMAINS[1], package="no-such-package-at-all").version
    with pytest.raises(CorpusError, match="no corpus named"):
        corpora.domain("poetry")


def test_legal_headers_leave_source_code_and_code_stays() -> None:
    head = "#!/usr/bin/python\n# -*- coding: utf-8 -*-\n# Copyright someone\n# Licensed so\n"
    source = head + "\nimport os\n# Copyright too\nx = 1\n"
    assert sources.strip_legal(source) == "import os\nx = 1\n"
    assert sources.strip_legal("# What this does.\nx = 1\n") == "# What this does.\nx = 1\n"


def test_markup_becomes_paragraphs() -> None:
    assert sources.plain("<p>One <b>two</b>&nbsp;&lt;3</p><p>four<br/>five</p>") == ["One two <3", "four", "five"]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=60), max_size=60))
def test_an_excerpt_is_whole_lines_of_the_document_within_the_limit(lines: list[str]) -> None:
    text = corpora._excerpt("name", lines, 500)
    assert text in "\n".join(lines) + "\n"
    assert len(text.encode()) <= 500 or json.dumps(text) == json.dumps("\n".join(lines))
