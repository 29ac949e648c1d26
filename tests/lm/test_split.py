from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.lm.conftest import story

from hanse.errors import CorpusError
from hanse.lm.spec import SplitSpec
from hanse.lm.split import Held, Holder, part_of, training
from hanse.lm.text import Document

SPEC = SplitSpec(dev_permille=100, test_permille=100, seed=3)
MANY = [Document(str(seed), story(seed, 20)) for seed in range(600)]


def test_parts_have_about_the_size_asked_for_and_cover_everything() -> None:
    parts = [part_of(document.text, SPEC) for document in MANY]
    assert 35 <= parts.count("dev") <= 90
    assert 35 <= parts.count("test") <= 90
    holder = Holder(SPEC)
    holder.hold(MANY)
    assert len(holder.dev) + len(holder.test) + len(list(training(MANY, SPEC))) == len(MANY)


@given(st.text(max_size=40))
def test_a_part_depends_on_the_text_alone_white_space_aside(text: str) -> None:
    assert part_of(text, SPEC) == part_of("  " + "\n".join(text.split(" ")) + "\n", SPEC)


def test_the_seed_matters_and_zero_holds_out_nothing() -> None:
    other = SPEC.model_copy(update={"seed": 4})
    assert [part_of(d.text, SPEC) for d in MANY] != [part_of(d.text, other) for d in MANY]
    none = SplitSpec(dev_permille=0, test_permille=0)
    assert {part_of(d.text, none) for d in MANY} == {"train"}


def test_duplicates_fall_in_one_part_and_are_held_once() -> None:
    holder = Holder(SPEC)
    holder.hold([*MANY, *(Document("copy" + d.id, d.text + " \n") for d in MANY)])
    texts = [" ".join(d.text.split()) for d in (*holder.dev, *holder.test)]
    assert len(texts) == len(set(texts))


def test_near_copies_of_held_documents_are_dropped_and_counted() -> None:
    held = Held((Document("d", story(1)),), (Document("t", story(2)),))
    cleaner = held.cleaner(b"key")
    near = Document("near", story(1) + "and more")
    assert [d.id for d in cleaner.clean([near, Document("far", story(3))])] == ["far"]
    assert cleaner.overlapping == 1


def test_the_build_fails_when_a_held_document_would_train() -> None:
    held = Held((Document("dev:7", story(1)),), ())
    with pytest.raises(CorpusError, match="document twin would train and is held out as dev:7"):
        list(held.refuse([Document("far", story(3)), Document("twin", " " + story(1))]))
