"""Which reader reads which file: by its name, else by its first line. One table, no registry."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath

from hanse.hedge.scan import packages
from hanse.hedge.scan.config.commands import Commands, environments, references, word_of
from hanse.hedge.scan.config.entries import Tree
from hanse.hedge.scan.config.hcl import read_hcl_nodes
from hanse.hedge.scan.config.jsons import read_json_nodes
from hanse.hedge.scan.config.nodes import Mapping, Node, Scalar
from hanse.hedge.scan.config.rows import read_env_nodes, read_ini_nodes
from hanse.hedge.scan.config.tomls import read_toml_nodes
from hanse.hedge.scan.config.xmls import read_xml_nodes
from hanse.hedge.scan.config.yamls import read_yaml_nodes
from hanse.hedge.scan.docker import read_dockerfile
from hanse.hedge.scan.finding import Hit, Reader
from hanse.hedge.scan.javascript import read_javascript
from hanse.hedge.scan.judge import shifted
from hanse.hedge.scan.modelfile import read_modelfile
from hanse.hedge.scan.notebook import read_notebook
from hanse.hedge.scan.python import read_python
from hanse.hedge.scan.shell import files
from hanse.hedge.scan.shell.commands import Readers
from hanse.hedge.scan.shell.read import Shell
from hanse.hedge.scan.shell.variables import Variables
from hanse.hedge.scan.source import FAMILIES, read_source
from hanse.hedge.scan.worth import worth_reading

DEEPEST = 3
"""Files inside files."""
PYTHON = (".py", ".pyw", ".pyi", ".pyx", ".bzl", ".star")
JAVASCRIPT = (".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".mts", ".cts", ".vue", ".svelte", ".astro")
TERRAFORM = (".tf", ".tfvars")
_REQUIREMENTS = re.compile(
    r"(.*[-_.])?(requirements?|constraints?)([-_.].*)?\.(txt|in|pip)|requirements/[^/]+\.(txt|in)"
)
_SKIPPED = re.compile(r"(package-lock|npm-shrinkwrap|tokenizer|vocab|composer|special_tokens_map|added_tokens|tokenizer_config)\.json|"
                      r".*\.index\.json|.*\.(min|bundle|chunk)\.(js|mjs|cjs)|.*\.d\.ts|.*-lock\.(yaml|yml|json)|pnpm-lock\.yaml")  # fmt: skip
_TEMPLATE = re.compile(r"\.(j2|jinja2?|tpl|tmpl|template|gotmpl|erb|example|sample|dist|in|bak|orig|default)$")
_SHEBANG = re.compile(
    r"#!\s*\S*?(?:/env\s+(?:-S\s+)?)?(?P<program>python|sh|bash|zsh|dash|ash|ksh|node|deno|bun|fish)[\d.]*(?=\s|$)"
)


class Formats:
    """Readers that may call each other: shell in YAML, Python in shell, files in ConfigMaps."""

    def __init__(self, depth: int = 0) -> None:
        self.depth = depth
        self.shell = Shell(Readers(read_python, self._script, self._embedded))

    def reader(self, path: str, text: str) -> Reader | None:
        """The reader for a file; None for prose, data and what nobody reads."""
        name = PurePosixPath(path).name.lower()
        if _SKIPPED.fullmatch(name):
            return None
        if _REQUIREMENTS.fullmatch(name) or _REQUIREMENTS.fullmatch("/".join(path.lower().split("/")[-2:])):
            return packages.read_requirements
        found = self._by_name(name) or self._by_name(_TEMPLATE.sub("", name)) or self._by_first_line(text)
        return found

    def _by_name(self, name: str) -> Reader | None:
        stem, dot, suffix = name.rpartition(".")
        whole: dict[str, Reader] = {
            "makefile": self._of(files.read_makefile), "gnumakefile": self._of(files.read_makefile),
            "justfile": self._of(files.read_justfile), ".justfile": self._of(files.read_justfile),
            "procfile": self._of(files.read_procfile), "modelfile": read_modelfile, "mlmodel": self._tree(read_yaml_nodes), "mlproject": self._tree(read_yaml_nodes), "pipfile": self._packages(read_toml_nodes),
            ".envrc": self._of(files.read_script), "package.json": self._package_json, "pyproject.toml": self._packages(read_toml_nodes),
            "setup.py": _both(read_python, packages.read_setup), "setup.cfg": _both(self._tree(read_ini_nodes), packages.read_setup),
            "environment.yml": _both(self._tree(read_yaml_nodes), packages.read_conda), "pom.xml": _both(self._tree(read_xml_nodes), packages.read_maven),
            "environment.yaml": _both(self._tree(read_yaml_nodes), packages.read_conda),
            "build.gradle": packages.read_gradle, "build.gradle.kts": packages.read_gradle,
        }  # fmt: skip
        if name in whole:
            return whole[name]
        if re.fullmatch(r"(docker|container)file([.\-_].*)?|.*\.(docker|container)file", name):
            return self._of(read_dockerfile)
        if re.fullmatch(r"modelfile[.\-_].*|.*\.modelfile", name):
            return read_modelfile
        if re.fullmatch(
            r"\.env(\..*|rc)?|.*\.env(\.[\w-]+)?|\.flaskenv|env\.(example|sample|template|local|prod|dev)|dotenv", name
        ):
            return self._tree(read_env_nodes)
        if re.fullmatch(r"procfile\..*", name):
            return self._of(files.read_procfile)
        return self._by_suffix(suffix) if dot and stem != "" else None

    def _by_suffix(self, suffix: str) -> Reader | None:
        if f".{suffix}" in PYTHON:
            return read_python
        if f".{suffix}" in JAVASCRIPT:
            return read_javascript
        trees: dict[str, Callable[[str], list[Node]]] = {
            "yaml": read_yaml_nodes, "yml": read_yaml_nodes, "json": read_json_nodes, "jsonc": read_json_nodes, "json5": read_json_nodes,
            "toml": read_toml_nodes, "ini": read_ini_nodes, "cfg": read_ini_nodes, "conf": read_ini_nodes, "properties": read_ini_nodes,
            "xml": read_xml_nodes,
            "config": read_ini_nodes, "hocon": read_ini_nodes, "code-workspace": read_json_nodes,
        }  # fmt: skip
        if suffix in trees:
            return self._tree(trees[suffix])
        if suffix in ("tf", "tfvars", "hcl", "nomad"):
            return self.hcl
        shells: dict[str, Callable[[str, Shell], Iterator[Hit]]] = {
            "sh": files.read_script, "bash": files.read_script, "zsh": files.read_script, "ksh": files.read_script, "fish": files.read_script,
            "command": files.read_script, "sbatch": files.read_script, "slurm": files.read_script, "mk": files.read_makefile,
            "just": files.read_justfile, "service": files.read_unit, "ps1": files.read_powershell, "psm1": files.read_powershell,
            "bat": files.read_batch, "cmd": files.read_batch, "container": files.read_unit,
        }  # fmt: skip
        if suffix in shells:
            return self._of(shells[suffix])
        if suffix in FAMILIES:
            return partial(_source, suffix)
        return self._notebook if suffix == "ipynb" else None

    def _by_first_line(self, text: str) -> Reader | None:
        match = _SHEBANG.match(text)
        if not match:
            return None
        if match["program"] == "python":
            return read_python
        return read_javascript if match["program"] in ("node", "deno", "bun") else self._of(files.read_script)

    def _of(self, read: Callable[[str, Shell], Iterator[Hit]]) -> Reader:
        return lambda text: read(text, self.shell) if worth_reading(text) else iter(())

    def _tree(self, read: Callable[[str], list[Node]]) -> Reader:
        def reader(text: str) -> Iterator[Hit]:
            if worth_reading(text):
                for node in read(text):
                    yield from self.tree(node, "$" in text)

        return reader

    def tree(self, node: Node, open_: bool = True) -> Iterator[Hit]:
        """One document of configuration; `open_` when something in it may have to be filled in."""
        known = references(node) if open_ else {}
        around = Variables()
        for name, values in known.items():
            if "." in name:
                for value in values[:24]:
                    around.define(name, value)
        for entry in environments(node) if open_ else ():
            if isinstance(entry.value, Scalar):
                for filled in around.fill(word_of(entry.value.value, entry.value.line)):
                    if filled.known:
                        around.define(entry.key, filled)
        yield from Tree(Commands(self.shell, around), lambda name: known.get(name, []), self._embedded).read(node)

    def hcl(self, text: str, others: Iterable[str] = ()) -> Iterator[Hit]:
        """HCL, with the other files of its module."""
        rows = text.split("\n")
        for node in read_hcl_nodes(text, others):
            for hit in self.tree(node):
                bare = hit.ref[2:-1] if hit.ref.startswith("${") else ""
                as_it_stands = not hit.resolved and bare and hit.ref not in rows[min(hit.line, len(rows)) - 1]
                yield replace(hit, ref=bare) if as_it_stands else hit

    def _packages(self, read: Callable[[str], list[Node]]) -> Reader:
        """TOML with requirements: lists of PEP 508, and Poetry's and Pipfile's tables."""

        def reader(text: str) -> Iterator[Hit]:
            for node in read(text):
                yield from self.tree(node)
                yield from packages.in_tables(node, "pypi")

        return reader

    def _package_json(self, text: str) -> Iterator[Hit]:
        for node in read_json_nodes(text)[:1]:
            yield from packages.in_tables(node, "npm")
            if isinstance(node, Mapping):
                kept = [e for e in node.entries if not e.key.lower().endswith("dependencies")]
                yield from self.tree(Mapping(node.line, kept))

    def _notebook(self, text: str) -> Iterator[Hit]:
        yield from read_notebook(text, self.shell.text)

    def _script(self, text: str, line: int, variables: Variables, depth: int) -> Iterator[Hit]:
        inner = Variables()
        inner.outer = variables
        yield from self.shell.text(text, line, inner, depth)

    def _embedded(self, name: str, text: str, line: int) -> Iterator[Hit]:
        """A file that stands inside another, from its line `line` on."""
        if self.depth >= DEEPEST:
            return
        reader = Formats(self.depth + 1).reader(name, text)
        if reader is not None:
            yield from shifted(reader(text), line)


def read_shell(text: str) -> Iterator[Hit]:
    """Shell text that stands in another language."""
    yield from Formats(1).shell.text(text)


def _source(suffix: str, text: str) -> Iterator[Hit]:
    return read_source(text, FAMILIES[suffix]) if worth_reading(text) else iter(())


def _both(first: Reader, second: Reader) -> Reader:
    def reader(text: str) -> Iterator[Hit]:
        yield from first(text)
        yield from second(text)

    return reader
