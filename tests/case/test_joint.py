"""Whose wish decides: votes by the charter's formula and its sunsets, or a spec agreed beforehand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.case.made import everybody, scene, terms

from hanse.case.joint import distances

SMALL, LARGE = 10**10, 3 * 10**11
"""A factor of 30: the distance of models that are of no use to each other."""


def wishes(*sizes: int) -> list[dict[str, Any]]:
    return [{"member": f"m{at}", "parameters": size} for at, size in enumerate(sizes)]


def far(found: Any, year: int = 0) -> list[float]:
    distance, _ = distances(scene(found), year, everybody(found))
    return [round(float(value), 6) for value in distance[:, 0]]


def test_equal_votes_meet_in_the_middle() -> None:
    found = terms(2, spec=wishes(SMALL, LARGE))
    distance, mean = distances(scene(found), 0, everybody(found))
    assert distance[:, 0] == pytest.approx([0.25, 0.25])
    assert mean == pytest.approx([0.25])


def test_a_founders_votes_pull_the_model_until_they_end() -> None:
    rows = [{"member": "m0", "votes": 9, "start": "2027-01-01", "end": "2029-01-01"}]
    found = terms(2, spec=wishes(SMALL, LARGE), sunset=rows)
    assert found.votes[:, :4].tolist() == [[9, 9, 1, 1], [1, 1, 1, 1]]
    assert far(found, 1) == [0.01, 0.81]
    assert far(found, 2) == [0.25, 0.25]


def test_votes_follow_pledges_where_the_charter_says_so() -> None:
    more = [{"member": "m1", "kind": "cash", "amount": "200_000_000 USD"}]
    found = terms(2, spec=wishes(SMALL, LARGE), power={"basis": "pledged"}, pledge=more)
    assert far(found) == [0.5625, 0.0625]


def test_members_without_a_vote_decide_by_heads_if_only_they_wish() -> None:
    classes = [{"name": "full"}, {"name": "data", "votes": False}]
    members = {"membership": "data"}
    found = terms(2, spec=wishes(SMALL, LARGE), membership=classes, member=members)
    assert far(found) == [0.25, 0.25]


def test_an_agreed_spec_leaves_wishes_where_they_are_and_costs_nothing() -> None:
    found = terms(2, spec=wishes(SMALL, LARGE))
    found = replace(found, agreed=found.wishes[0])
    distance, mean = distances(scene(found), 0, everybody(found))
    assert distance[:, 0] == pytest.approx([0, 1])
    assert not np.any(mean)
