"""Charters drawn at random, from the types of the schema: every clause, every key."""

from __future__ import annotations

import types
from fractions import Fraction
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from hypothesis import strategies as st
from pydantic import BaseModel

from hanse.charter.clause import KINDS
from hanse.charter.schema import Charter, parse_charter
from hanse.charter.threshold import Threshold
from hanse.errors import CharterError
from hanse.units import Money, Ratio

NAMES = ("ada", "bob", "cy")
CLASSES = ("full", "data")
KEYS_OF_NAMES = {"member": NAMES, "membership": CLASSES, "early_access": CLASSES}
DAYS = ("2027-01-01", "2028-02-29", "2029-06-30", "2031-01-01")
lines = st.sampled_from(["once more", "Ümlaut – and a dash", 'a "quoted" line', "x" * 500, "back\\slash", "# no comment"])
proses = st.sampled_from(["One line.", "Two\nlines.", 'Three """ quotes\n\nand a gap', "{withdrawal} applies.", "ends in \\"])
thresholds = st.sampled_from([f"{c} {n}/{d} of {of}" for c in (">", ">=") for n, d in ((1, 2), (2, 3), (3, 4))
                              for of in ("roll", "members", "present", "cast")])  # fmt: skip
money = st.builds(lambda n, d: Money(Fraction(n, 10**d), "USD"), st.integers(0, 10**12), st.integers(0, 6)).map(str)
shares = st.integers(1, 99).flatmap(lambda d: st.builds(lambda n: str(Ratio(Fraction(n, d))), st.integers(0, d)))
ratios = st.builds(lambda n, d: str(Ratio(Fraction(n, d))), st.integers(0, 500), st.integers(1, 99))


def value_of(key: str, annotation: Any, extra: tuple[Any, ...] = ()) -> st.SearchStrategy[Any]:
    """Plain values for one key."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *extra_ = get_args(annotation)
        return value_of(key, inner, (*extra, *extra_))
    if origin in (Union, types.UnionType):
        inner = next(item for item in get_args(annotation) if item is not type(None))
        return value_of(key, inner, extra)
    if origin is Literal:
        return st.sampled_from(get_args(annotation))
    if origin is tuple:
        if key in KEYS_OF_NAMES:
            return st.lists(st.sampled_from(KEYS_OF_NAMES[key]), max_size=2, unique=True)
        return st.lists(value_of(key, get_args(annotation)[0]), min_size=1, max_size=2)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return tables(annotation)
    if annotation is Threshold:
        return thresholds
    if annotation is Money:
        return money
    if annotation is Ratio:
        return ratios if key == "growth" else shares
    if annotation is bool:
        return st.booleans()
    if annotation is int:
        return st.integers(1, 36_500)
    return texts_of(key, extra)


def texts_of(key: str, extra: tuple[Any, ...]) -> st.SearchStrategy[str]:
    if key in KEYS_OF_NAMES:
        return st.sampled_from(KEYS_OF_NAMES[key])
    if key in ("start", "end", "by", "as_of", "until", "locked_until"):
        return st.sampled_from(DAYS)
    named = {getattr(item, "func", None) and item.func.__name__ for item in extra}
    if "_short" in named:
        return st.sampled_from(["north", "south-2"])
    return proses if "_prose" in named else lines


def tables(model: type[BaseModel]) -> st.SearchStrategy[dict[str, Any]]:
    required = {k: value_of(k, f.annotation, tuple(f.metadata)) for k, f in model.model_fields.items() if f.is_required()}
    optional = {k: value_of(k, f.annotation, tuple(f.metadata)) for k, f in model.model_fields.items() if not f.is_required()}
    return st.fixed_dictionaries(required, optional=optional)


def takes(clause: str, document: Any) -> bool:
    """Whether a charter with this clause alone stands."""
    try:
        whole(**{clause: document})
    except CharterError:
        return False
    return True


def whole(**clauses: Any) -> Charter:
    """A charter of three members and two classes with such clauses."""
    members = [{"name": name, "membership": "full", "site": name != "cy"} for name in NAMES]
    classes = [{"name": name} for name in CLASSES]
    term = {"start": DAYS[0], "end": DAYS[-1]}
    return parse_charter(
        {"name": "drawn", "currency": "USD", "term": term, "membership": classes, "member": members} | clauses, "drawn"
    )


ONE = {key: f.annotation for key, f in Charter.model_fields.items()}
SINGLE = [
    "affiliates", "transfer", "admission", "attendance", "dues", "in_kind", "assurance", "spending", "arrears", "breach", "power",
    "choice", "technical", "amendment", "dispute", "withdrawal", "expulsion", "dissolution", "weights", "training", "data",
    "audit", "release", "bucket",
]  # fmt: skip
MANY = ["pledge", "price", "sunset", "veto", "spec", "text"]


@st.composite
def clauses(draw: st.DrawFn) -> dict[str, Any]:
    """Some clauses, each of which a charter takes."""
    found: dict[str, Any] = {}
    for key in draw(st.lists(st.sampled_from(SINGLE + MANY), unique=True, max_size=8)):
        some = value_of(key, ONE[key], ())
        found[key] = draw(some.filter(lambda document, key=key: takes(key, document)))
    if draw(st.booleans()):
        rules = tables(get_args(ONE["decision"])[1])
        kinds = st.lists(st.sampled_from(KINDS), unique=True, max_size=3)
        found["decision"] = {
            kind: draw(rules.filter(lambda document, kind=kind: takes("decision", {kind: document}))) for kind in draw(kinds)
        }
    return found


charters = clauses().map(lambda found: whole(**found))
