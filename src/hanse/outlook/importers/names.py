"""Is it the same model, is it the same lab: publishers write names differently.

Two names are equal when their letters and digits are. Within one lab, names are also equal when they differ by the lab's
own name in front, by a variant of the same weights (-instruct, -base, -FP8), by what stands in parentheses, or by a size
that only one of them states and that the other's parameters bear out.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hanse.outlook.catalogue.schema import Lab, Release
from hanse.outlook.catalogue.tables import Catalogue

_TUNED = ("instruct", "instruction", "base", "chat", "it", "hf", "latest")
_PACKED = (
    "fp8",
    "bf16",
    "fp16",
    "fp32",
    "int4",
    "int8",
    "4bit",
    "8bit",
    "awq",
    "gptq",
    "gguf",
    "mlx",
    "nvfp4",
    "mxfp4",
)
_VARIANTS = frozenset((*_TUNED, *_PACKED))
_SIZE = re.compile(r"(a?)([0-9]+(?:\.[0-9]+)?)([mbt])")
_BILLIONS = {"m": 1e-3, "b": 1.0, "t": 1e3}
_PARENTHESIS = re.compile(r"\(([^()]*)\)")
_BREAKS = re.compile(r"[\s\-_/:,]+")
_NEAR_SIZE = 0.1


def normalized(name: str) -> str:
    """Letters and digits only, of one case; + is the word, for Command R+ is not Command R."""
    folded = unicodedata.normalize("NFKC", name).casefold().replace("+", " plus ")
    return "".join(char for char in folded if char.isalnum())


def near(a: float, b: float) -> bool:
    """Sizes a tenth apart or less: as close as rounding and counting of embeddings make one model look."""
    return abs(a - b) <= _NEAR_SIZE * max(a, b)


@dataclass(frozen=True)
class Key:
    """What of a name tells models of one lab apart."""

    full: str
    bare: str
    """Without sizes; empty when that leaves only the lab's name."""
    sizes: tuple[float, ...]
    """Billions of parameters as the name says, total or active."""


def key(name: str, lab: Lab) -> Key:
    """The key of a model's name within its lab."""
    words = [word for word in _BREAKS.split(_PARENTHESIS.sub(_sizes_in, name.casefold())) if word]
    words = [word for word in words if word not in _VARIANTS] or words
    sizes = [match for word in words if (match := _SIZE.fullmatch(word))]
    full, bare = normalized(" ".join(words)), normalized(" ".join(word for word in words if not _SIZE.fullmatch(word)))
    return Key(
        _without_lab(full, lab) or full,
        _without_lab(bare, lab),
        tuple(float(size[2]) * _BILLIONS[size[3]] for size in sizes),
    )


def _sizes_in(parenthesis: re.Match[str]) -> str:
    """Of a parenthesis only sizes count: Qwen2.5-Coder (7B), but DeepSeek-R1 (May 2025)."""
    return " " + " ".join(word for word in _BREAKS.split(parenthesis[1]) if _SIZE.fullmatch(word)) + " "


def _without_lab(name: str, lab: Lab) -> str:
    # "NVIDIA (Nemotron)" is NVIDIA: what stands in parentheses may be the family itself
    known = {normalized(_PARENTHESIS.sub("", called)) for called in (lab.id, *lab.known_as)}
    for called in sorted(known, key=len, reverse=True):
        if called and name.startswith(called):
            return name[len(called) :]
    return name


class ReleaseIndex:
    """Releases by name: those of the catalogue and those an import adds as it goes."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._lab = catalogue.lab
        self._named: dict[str, Release] = {}
        self._of: defaultdict[str, list[tuple[Key, Release]]] = defaultdict(list)
        self.ids: set[str] = set()
        for release in catalogue.releases:
            self.add(release)

    def add(self, release: Release) -> None:
        """Let it be found."""
        self.ids.add(release.id)
        self._named.setdefault(normalized(release.model), release)
        if lab := self._lab.get(release.lab):
            self._of[release.lab].append((key(release.model, lab), release))

    def of(self, lab: str) -> list[Release]:
        """Releases of a lab."""
        return [release for _, release in self._of[lab]]

    def find(self, names: Iterable[str], labs: Iterable[Lab], total_b: float | None) -> Release | None:
        """The release that goes by one of these names; `total_b` is its size in billions, if known."""
        for name in names:
            if found := self._named.get(normalized(name)):
                return found
            for lab in labs:
                wanted = key(name, lab)
                for same in (_same_key, _same_but_size):
                    for candidate, release in self._of[lab.id]:
                        if same(wanted, total_b, candidate, release):
                            return release
        return None


def _same_key(wanted: Key, total_b: float | None, candidate: Key, release: Release) -> bool:
    return wanted.full == candidate.full


def _same_but_size(wanted: Key, total_b: float | None, candidate: Key, release: Release) -> bool:
    if wanted.bare != candidate.bare or not wanted.bare:
        return False
    if wanted.sizes and not candidate.sizes:
        known = [size for size in (release.total_params_b, release.active_params_b) if size is not None]
        return not known or any(near(a, b) for a in wanted.sizes for b in known)
    if candidate.sizes and not wanted.sizes:
        return total_b is None or (release.total_params_b is not None and near(total_b, release.total_params_b))
    return False


def labs_called(catalogue: Catalogue, organization: str) -> tuple[Lab, ...]:
    """Labs in a publisher's organization cell: the one the whole cell names, else those its comma-separated parts name."""
    lab = catalogue.lab_called.get(organization)
    return (lab,) if lab else _parts(catalogue, organization)


def labs_within(catalogue: Catalogue, organization: str) -> tuple[Lab, ...]:
    """Every lab an organization cell names: one of several may be the one we file the release under."""
    labs = (*labs_called(catalogue, organization), *_parts(catalogue, organization))
    return tuple({lab.id: lab for lab in labs}.values())


def _parts(catalogue: Catalogue, organization: str) -> tuple[Lab, ...]:
    parts = (catalogue.lab_called.get(part.strip()) for part in organization.split(","))
    return tuple({lab.id: lab for lab in parts if lab is not None}.values())


def labs_by_slug(labs: Sequence[Lab]) -> dict[str, Lab]:
    """Labs by normalized id, name, alias and hub organization; what two labs share names neither."""
    found: defaultdict[str, dict[str, Lab]] = defaultdict(dict)
    for lab in labs:
        for name in (lab.id, *lab.known_as, *lab.orgs):
            found[normalized(name)][lab.id] = lab
    return {name: next(iter(those.values())) for name, those in found.items() if len(those) == 1 and name}
