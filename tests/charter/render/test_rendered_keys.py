"""Every key of every clause shows: two charters that differ in one key differ in words."""

from __future__ import annotations

import copy
import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from pydantic import BaseModel
from tests.charter.drawing import DAYS, NAMES, whole
from tests.run.author import key as key_of

from hanse.charter.clause import KINDS
from hanse.charter.render.article import Article
from hanse.charter.render.articles import articles
from hanse.charter.schema import Charter, parse_charter
from hanse.charter.threshold import Threshold
from hanse.errors import CharterError
from hanse.units import Money, Ratio

RULE = {"passes": "> 1/2 of cast"}
CASH = {"member": "ada", "kind": "cash", "amount": "5 USD"}
HOURS = {"member": "bob", "kind": "gpu_hours", "quantity": 3, "hardware": "H100", "measure": "meter"}
FULL: dict[str, Any] = {
    "purpose": "One model.",
    "membership": [{"name": "full", "seats": {"rule": "one_per", "per": 2}}, {"name": "data"}],
    "affiliates": {"control_over": "1/2"},
    "transfer": {},
    "admission": {},
    "attendance": {"misses": 1},
    "dues": {"rule": "equal", "budget": "9 USD"},
    "pledge": [HOURS, {"member": "cy", "kind": "tokens", "quantity": 7}],
    "price": [{"kind": "gpu_hours", "hardware": "H100", "price": "2 USD", "as_of": DAYS[0]},
              {"kind": "tokens", "price": "3 USD", "as_of": DAYS[0]}],
    "in_kind": {},
    "assurance": {"threshold": "8 USD", "by": DAYS[0]},
    "spending": {},
    "arrears": {"notice_days": 1, "suspend_days": 2, "terminate_days": 3},
    "breach": {"cure_days": 30},
    "power": {"basis": "pledged"},
    "sunset": [{"member": "ada", "votes": 6, "start": DAYS[0], "end": DAYS[2]}],
    "decision": {"plan": RULE | {"any_members": 2, "lapses_hours": 24}, "charter": RULE},
    "veto": [{"member": "ada", "kinds": ["plan"]}],
    "choice": {},
    "technical": {"decides": ["plan"], "seats": 11},
    "amendment": {"notice_days": 30, "class_consent": True},
    "dispute": {"step": [{"before": "the board", "days": 30}], "then": "A court."},
    "withdrawal": {"notice_days": 90, "owed": "nothing"},
    "expulsion": {},
    "dissolution": {},
    "weights": {"on_dissolution": "publish_latest"},
    "spec": [{"member": "ada", "parameters": 10}],
    "training": {"sites": "own"},
    "data": {"consent": "Asked."},
    "audit": {},
    "release": {"licenses": ["Apache-2.0"]},
    "bucket": {"owner": "ada", "payer": "dues"},
    "text": [{"topic": "law", "title": "Law", "text": "Of the place."}],
}  # fmt: skip
"""Every clause. Where a key asks for another, the charters below have it."""
OTHERS: list[dict[str, Any]] = [
    {"dues": {"rule": "sales_share", "rate": "1/100"}},
    {"dues": {"rule": "key", "budget": "9 USD"}},
    {"pledge": [CASH]},
    {"pledge": [{"member": "cy", "kind": "staff", "quantity": 7}]},
    {"price": [{"kind": "staff", "price": "3 USD", "as_of": DAYS[0]}]},
    {"membership": [{"name": "data", "seats": {"rule": "each"}}, {"name": "full"}]},
    {"veto": [{"membership": "full", "kinds": ["plan"]}]},
    {"training": {"sites": "shared", "operator": "Center"}},
    {"member": [{"name": name, "membership": "full", "officer": str(key_of(name).public)} for name in NAMES]},
]
OFFICERS = [str(key_of(name).public) for name in ("eve", "fay")]


def keys(model: type[BaseModel], path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every key there is, by its path in FULL: first row of tables, the plan's rule among decisions."""
    for name, field in model.model_fields.items():
        annotation = field.annotation
        yield (*path, name), annotation
        inner, step = inside(annotation)
        if inner is not None:
            yield from keys(inner, (*path, name, *step))


def inside(annotation: Any) -> tuple[type[BaseModel] | None, tuple[str | int, ...]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, ()
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is dict:
        return arguments[1], ("plan",)
    for item in arguments:
        found, step = inside(item)
        if found is not None:
            return found, (0, *step) if origin is tuple else step
    return None, ()


def values(name: str, annotation: Any) -> list[Any]:
    """Some values for one key, valid or not."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return values(name, get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return values(name, next(item for item in get_args(annotation) if item is not type(None)))
    if origin is Literal:
        return list(get_args(annotation))
    if origin is tuple:
        some = values(name, get_args(annotation)[0])
        return [[], *([item] for item in some), some[:2], some[1::-1]]
    plain = {bool: [True, False], int: [0, 1, 2, 3, 1000], Money: ["7 USD", "0.5 USD", "1_000 USD"], Ratio: ["1/2", "1/3", "2/7"]}
    if annotation is Threshold:
        return [f"{sign} {part} of {of}" for sign in (">", ">=") for part in ("1/2", "2/4", "2/3", "1/1")
                for of in ("roll", "members", "present", "cast")]  # fmt: skip
    days = ("start", "end", "by", "as_of", "until", "locked_until")
    texts = {"member": NAMES, "membership": ("full", "data"), "early_access": ("full", "data"), "officer": OFFICERS}
    texts |= dict.fromkeys(days, DAYS) | {"currency": ("EUR", "USD")}
    texts |= {"round_quorum": ("> 1/2 of roll", ">= 2/3 of roll"), "cosigners": ("> 2/3 of members", ">= 2/3 of members")}
    return plain.get(annotation, list(texts.get(name, ("north", "south", "a longer line"))))


def at(path: tuple[str | int, ...], document: Any) -> Any:
    for step in path:
        try:
            document = document[step]
        except (KeyError, IndexError):
            return None
    return document


def accepted(path: tuple[str | int, ...], annotation: Any, document: dict[str, Any]) -> list[Charter]:
    """The charters that differ in one key, each once."""
    found: dict[str, Charter] = {}
    if inside(annotation)[0] is not None:
        choices = [at(path, document), None]
        if isinstance(choices[0], list):
            choices.append(choices[0] * 2)
    else:
        choices = [*values(str(path[-1]), annotation), None]
    for value in choices:
        changed = copy.deepcopy(document)
        if value is None:
            at(path[:-1], changed).pop(path[-1], None)
        else:
            at(path[:-1], changed)[path[-1]] = value
        try:
            charter = parse_charter(changed, "changed")
        except CharterError:
            continue
        found[charter.digest] = charter
    return list(found.values())


KEYS = dict(keys(Charter))
FIXED = {("rules",): "only rule set 1 exists", ("member",): "no charter is without members", ("membership",): "members name it",
         ("training", "sites"): "goes with operator"}  # fmt: skip
DOCUMENTS = [whole(**clauses).document() for clauses in (FULL, *OTHERS)]
DOCUMENTS.append({"name": "bare", "member": [{"name": "ada"}]})


@pytest.mark.parametrize("path", [path for path in KEYS if path not in FIXED], ids=lambda path: ".".join(map(str, path)))
def test_a_changed_key_changes_the_words(path: tuple[str | int, ...]) -> None:
    tried = 0
    for document in DOCUMENTS:
        if isinstance(at(path[:-1], document), dict):
            found = accepted(path, KEYS[path], document)
            said: list[list[Article]] = [articles(charter) for charter in found]
            for one, words in enumerate(said):
                assert words not in said[:one], (found[one].document(), words)
            tried += len(found) > 1
    assert tried, "no charter differs in this key alone"


def test_a_kind_of_decision_more_or_less_changes_the_words() -> None:
    said = [articles(whole(decision=dict.fromkeys(KINDS[:count], RULE))) for count in range(len(KINDS) + 1)]
    assert all(said[one] != said[two] for one in range(len(said)) for two in range(one))
