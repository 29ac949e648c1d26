"""The divergence against the whole one, and what replaces what in the loss."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from hanse.hedge.distill.align import Symbols, Vocabulary, shared
from hanse.hedge.distill.loss import divergence, masked_loss, teacher_loss
from hanse.hedge.distill.targets import Asked, Targets, log_probs, make_targets

CPU = torch.device("cpu")
LOGITS = st.lists(st.floats(-6, 6, width=32), min_size=6, max_size=6)


@settings(max_examples=60, deadline=None)
@given(LOGITS, LOGITS, st.integers(1, 6))
def test_merging_the_rest_only_lowers_the_divergence_and_keeping_all_is_exact(one: list[float], two: list[float], top: int) -> None:
    theirs, own = (torch.log_softmax(torch.tensor([row]), -1) for row in (one, two))
    whole = functional.kl_div(own, theirs, reduction="sum", log_target=True)
    kept, ids = theirs.topk(top)
    rest = (1 - kept.exp().sum(-1)).clamp(min=0)
    found = divergence(own, ids, kept, rest)
    assert float(found) <= float(whole) + 1e-4
    assert float(found) >= -1e-5
    if top == 6:
        assert float(found) == pytest.approx(float(whole), abs=1e-4)


def test_flattening_is_of_the_logits() -> None:
    logits = torch.tensor([[1.0, -2.0, 0.5]])
    assert torch.allclose(log_probs(logits, None, 2.0), torch.log_softmax(logits / 2, -1))


def vocabulary(pieces: list[bytes | None], **spelled: bytes) -> Vocabulary:
    """Pieces, and the first token of some texts; of the others it is the text itself."""
    return Vocabulary(pieces, lambda text: spelled.get(text.decode(), text))


def test_a_token_that_one_lacks_counts_as_the_first_of_those_that_the_other_spells_it_with() -> None:
    mine = vocabulary([None, b"a", b"ab", b"abc", b"b", b"c"], bc=b"b")
    theirs = vocabulary([b"a", b"b", b"ab", None, b"bc", b"c"], abc=b"a")  # which never says "ab" where "c" follows
    symbols, others = shared(mine, theirs, (7, 6))
    assert (symbols.of.tolist(), symbols.count) == ([4, 0, 1, 0, 2, 3, 4], 5)
    assert (others.of.tolist(), others.count) == ([0, 2, 1, 4, 2, 3], 5)
    found = log_probs(torch.log(torch.tensor([[0.05, 0.2, 0.3, 0.1, 0.2, 0.1, 0.05]])), symbols, 1.0).exp()[0]
    assert found.tolist() == pytest.approx([0.3, 0.3, 0.2, 0.1, 0.1])


class Fixed(torch.nn.Module):
    """A model whose logits are a table by token."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.table = torch.nn.Parameter(torch.randn(rows, rows, generator=torch.Generator().manual_seed(0)))

    def forward(self, input_ids: torch.Tensor, use_cache: bool) -> Fixed:
        self.logits = self.table[input_ids]
        return self


def made(folder: Path, symbols: Symbols | None, where: np.ndarray, top: int = 8) -> Targets:
    stream = np.array([1, 2, 3, 4, 5, 6, 7, 0] * 2, np.int64)
    asked = Asked(stream, where, symbols, 8, 8, top, 1.0, shard=5)
    found = make_targets(folder, Fixed(8), asked, {"of": "a test"}, lambda done: False)
    assert found is not None
    return found


def test_a_student_equal_to_its_teacher_loses_what_the_text_says_alone(tmp_path: Path) -> None:
    targets = made(tmp_path, None, np.arange(16))
    tokens = torch.tensor([[2, 3, 4]])
    logits = Fixed(8).table[torch.tensor([[1, 2, 3]])].detach()
    plain = functional.cross_entropy(logits[0], tokens[0])
    for alpha in (0.0, 0.4, 1.0):
        found = teacher_loss(targets, None, alpha, 1.0, CPU)(logits, tokens, np.array([0]))
        assert float(found) == pytest.approx(float((1 - alpha) * plain), abs=2e-3)  # float16 on disk


def test_of_shared_symbols_the_rest_of_a_token_is_still_learned_from_the_text(tmp_path: Path) -> None:
    pieces: list[bytes | None] = [None, b"a", b"ab", b"b", b"bc", b"c", b"cd", b"d"]
    theirs = vocabulary([b"a", b"b", b"c", b"d"], ab=b"a", bc=b"b", cd=b"c")
    symbols, _ = shared(vocabulary(pieces), theirs, (8, 4))
    targets = made(tmp_path, symbols, np.arange(16))
    tokens, logits = torch.tensor([[2, 3, 4]]), Fixed(8).table[torch.tensor([[1, 2, 3]])].detach()
    found = teacher_loss(targets, symbols, 1.0, 1.0, CPU)(logits, tokens, np.array([0]))
    whole = functional.cross_entropy(logits[0], tokens[0])
    byte = -log_probs(logits[0], symbols, 1.0)[range(3), symbols.of[[2, 3, 4]].tolist()].mean()
    assert float(found) == pytest.approx(float(whole - byte), abs=2e-3)


def test_where_nothing_is_known_the_text_teaches(tmp_path: Path) -> None:
    targets = made(tmp_path, None, np.full(16, -1))
    tokens, logits = torch.tensor([[2, 3, 4]]), torch.randn(1, 3, 8)
    found = teacher_loss(targets, None, 1.0, 2.0, CPU)(logits, tokens, np.array([0]))
    assert float(found) == pytest.approx(float(functional.cross_entropy(logits[0], tokens[0])), abs=1e-5)


def test_answers_alone_count() -> None:
    logits, tokens = torch.randn(1, 3, 8), torch.tensor([[2, 3, 4]])
    loss = masked_loss(np.array([1, 1, 0, 0, 1, 0], np.uint8), CPU)
    assert float(loss(logits, tokens, np.array([2]))) == pytest.approx(float(functional.cross_entropy(logits[0, 1], tokens[0, 1])))
    assert float(masked_loss(np.zeros(6, np.uint8), CPU)(logits, tokens, np.array([2]))) == 0
