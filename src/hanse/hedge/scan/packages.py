"""Packages that carry weights: a table of names, and the places where a project requires one."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib.resources import files

from hanse.hedge.scan.config.nodes import Mapping, Node, Scalar, Sequence
from hanse.hedge.scan.finding import Hit

_NAME = re.compile(r"\s*(?P<name>@?[A-Za-z0-9][\w.-]*(?:/[\w.-]+)?)\s*(?:\[[^\]]*\])?\s*(?P<rest>.*)", re.DOTALL)
_EXACT = re.compile(r"===?\s*v?(?P<version>[\w.!+-]+)")
_WHEEL = re.compile(r"(?P<name>[A-Za-z0-9][\w.]*?)-(?P<version>\d[\w.+!]*?)(?:-[\w.]+)*\.(?:whl|tar\.gz|zip)(?=$|[#?])")
_QUOTED = re.compile(r"[\"']([^\"'\n]{3,300})[\"']")


@lru_cache(maxsize=1)
def _table() -> tuple[tuple[str, str], ...]:
    text = (files("hanse.hedge.scan") / "packages.csv").read_text(encoding="utf-8")
    return tuple((row["ecosystem"], row["name"]) for row in csv.DictReader(text.splitlines()))


@lru_cache(maxsize=4096)
def carries_weights(name: str, ecosystem: str = "pypi") -> bool:
    """Whether a package of this name has weights in it."""
    plain = re.sub(r"[-_.]+", "-", name).lower() if ecosystem == "pypi" else name.lower()
    return any(kind == ecosystem and fnmatchcase(plain, pattern) for kind, pattern in _table())


def requirement(text: str, line: int, how: str, ecosystem: str = "pypi") -> Iterator[Hit]:
    """A requirement as pip or npm takes it: name==version, name @ URL, a wheel's URL, name@version. The name is as written."""
    if len(text) > 1000:
        return
    wheel = _WHEEL.search(text.rsplit("/", 1)[-1]) if "/" in text or text.endswith((".whl", ".tar.gz")) else None
    match = _NAME.fullmatch(text) if not re.match(r"\s*(https?|file|git\+\w+)://", text) else None
    if ecosystem == "npm":
        name, _, version = text.rpartition("@") if text.rfind("@") > 0 else (text, "", "")
        if carries_weights(name, "npm"):
            yield Hit(line, name, version if re.fullmatch(r"\d+\.\d+\.\d+[\w.+-]*", version) else None, how, "package")
    elif (
        match
        and carries_weights(match["name"].split("/")[0])
        and (match["rest"][:1] in ("", "=", "<", ">", "~", "!", "@", ";", "#", " ", ",", "\n"))
    ):
        exact = _EXACT.match(match["rest"])
        yield Hit(line, match["name"], exact["version"].strip() if exact else None, how, "package")
    elif wheel and match is None and carries_weights(wheel["name"]):
        yield Hit(line, wheel["name"], None, how, "package")


def read_requirements(text: str) -> Iterator[Hit]:
    """requirements.txt and constraints: a line each; comments, options and hashes are left out."""
    rows = text.split("\n")
    for number, row in enumerate(rows, 1):
        given = re.split(r"(?:^|\s)#|\s--hash|\s+\\?$", row.strip())[0].strip()
        if given and not given.startswith("-"):
            yield from requirement(given.rstrip("\\ "), number, "requirement")


def read_setup(text: str) -> Iterator[Hit]:
    """setup.py and setup.cfg: any quoted string or line that is a requirement."""
    for number, row in enumerate(text.split("\n"), 1):
        given = _QUOTED.findall(row) or [row.strip()]
        for item in given:
            yield from requirement(item, number, "requirement")


def versioned(name: str, value: str, line: int, ecosystem: str) -> Iterator[Hit]:
    """A name with its version beside it, as package.json, Pipfile and Poetry have them."""
    if not carries_weights(name, ecosystem):
        return
    pattern = r"[v=]*(\d+\.\d+\.\d+[\w.+-]*)" if ecosystem == "npm" else r"===?\s*([\w.!+-]+)"
    exact = re.fullmatch(pattern, value.strip())
    yield Hit(line, name, exact[1] if exact else None, "requirement", "package")


def in_tables(node: Node, ecosystem: str, depth: int = 0) -> Iterator[Hit]:
    """Tables of dependencies, wherever they are: name = "==1.0" or name = {version = "..."}."""
    if not isinstance(node, Mapping) or depth > 12:
        return
    for entry in node.entries:
        if isinstance(entry.value, Mapping):
            yield from in_tables(entry.value, ecosystem, depth + 1)
        elif isinstance(entry.value, Sequence) and ecosystem == "pypi":
            for item in entry.value.items:
                if isinstance(item, Scalar):
                    yield from requirement(item.value, item.line, "requirement")
        if carries_weights(entry.key, ecosystem):
            value = (
                entry.value.value
                if isinstance(entry.value, Scalar)
                else entry.value.text("version")
                if isinstance(entry.value, Mapping)
                else ""
            )
            yield from versioned(entry.key, value, entry.line, ecosystem)


def read_maven(text: str) -> Iterator[Hit]:
    """<artifactId> of a package that carries weights, with the <version> below it."""
    rows = text.split("\n")
    for number, row in enumerate(rows, 1):
        match = re.search(r"<artifactId>\s*([\w.-]+)\s*</artifactId>", row)
        if match and carries_weights(match[1], "maven"):
            version = re.search(r"<version>\s*([\w.-]+)\s*</version>", " ".join(rows[number - 1 : number + 2]))
            yield Hit(number, match[1], version[1] if version else None, "dependency", "package")


def read_gradle(text: str) -> Iterator[Hit]:
    """ "group:artifact:version"."""
    for number, row in enumerate(text.split("\n"), 1):
        for match in re.finditer(r"[\"'][\w.-]+:([\w.-]+)(?::([\w.-]+))?[\"']", row):
            if carries_weights(match[1], "maven"):
                yield Hit(number, match[1], match[2], "dependency", "package")


def read_conda(text: str) -> Iterator[Hit]:
    """environment.yml: items of lists; conda pins with one '='."""
    for number, row in enumerate(text.split("\n"), 1):
        match = re.match(r"\s*-\s*[\"']?([^#\"']+)", row)
        if match:
            given = match[1].strip()
            conda = re.fullmatch(r"([\w.-]+)=([\w.]+)(=\w+)?", given)
            yield from requirement(f"{conda[1]}=={conda[2]}" if conda else given, number, "requirement")


def ecosystem_of(file: str, how: str) -> str:
    """The registry a package was found for: npm, maven or pypi."""
    if file.rsplit("/", 1)[-1] == "package.json" or how.split(maxsplit=1)[0] in ("npm", "yarn", "pnpm", "bun"):
        return "npm"
    return "maven" if how == "dependency" else "pypi"
