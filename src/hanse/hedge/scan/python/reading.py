"""All rules over one module: loading calls first, then keywords, keys and names that speak of models, then telling literals."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from hanse.hedge.scan import looks
from hanse.hedge.scan.code import judging, tables, texts
from hanse.hedge.scan.code.sightings import Sightings
from hanse.hedge.scan.code.values import Origin, Text
from hanse.hedge.scan.finding import Reader
from hanse.hedge.scan.looks import Look
from hanse.hedge.scan.python import commands, naming
from hanse.hedge.scan.python.calls import known
from hanse.hedge.scan.python.loading import Asked, Built, asked, builds, handed_over, inner_files, meant_as_name
from hanse.hedge.scan.python.muted import saves
from hanse.hedge.scan.python.names import Names
from hanse.hedge.scan.python.resolve import Resolver
from hanse.hedge.scan.python.values import Module, Site


class Reading:
    """The rules over one module. Everything is reported to `sightings`, what stands in other files too."""

    def __init__(self, module: Module, resolver: Resolver, sightings: Sightings, shell: Reader | None = None) -> None:
        self.module = module
        self.resolver = resolver
        self.sightings = sightings
        self.shell = shell
        self._renamed = {local for local, imported in module.imports if imported.name not in (None, local)}

    def run(self) -> None:
        """All rules. What loads models comes first: only for that are callers in other files looked for."""
        later: list[tuple[Asked, Site]] = []
        named: list[tuple[Site, str]] = []
        for site in self.module.calls:
            for each in (site, handed_over(site)):
                if each is not None:
                    name = self._name(each)
                    named.append((each, name))
                    later += self._call(each, name)
        names = Names(self.module, self.resolver, self.sightings)
        names.payloads()
        self.resolver.alone = True
        for wanted, site in later:
            self._asked(wanted, site)
        for site, name in named:
            self._outputs(site, name)
        names.run()
        self._literals()
        self.resolver.alone = False

    def _literals(self) -> None:
        """Strings that give themselves away, and addresses on the hub that are put together."""
        for constant, place in self.module.strings:
            text = str(constant.value)
            found = judging.anywhere(text)
            if found is not None:
                self.sightings.report(Text(text, self.resolver.at(constant, place)), found, "literal", soft=True)
        for node, place in self.module.addresses:
            values = self.resolver.evaluate(node, place)
            for written in texts.texts(values):
                found = judging.anywhere(written.value)
                if found is not None:
                    self.sightings.report(written, found, "address", soft=True)
            if texts.unknown(values) and judging.address_of_model(_with_gaps(node)):
                self._unresolved(node, node.lineno, "address")

    def _unresolved(self, expr: ast.expr, line: int, how: str) -> None:
        origin = Origin(self.module.file, line, expr.col_offset)
        self.sightings.unresolved(origin, naming.source(self.module, expr), how)

    # Calls

    def _name(self, site: Site) -> str:
        """The callee's dotted name; of a callee that no rule knows only its last part, which is cheaper."""
        last = naming.word(site.node.func)
        if last in self._renamed or known(last) or commands.may_run(last) or builds(site.node):
            return naming.dotted(self.resolver, site.node.func, site.place)
        return f"?{last}"

    def _call(self, site: Site, name: str) -> Iterator[tuple[Asked, Site]]:
        """Reports what a loading call names; gives the arguments for which only their keyword speaks."""
        for wanted in asked(self.resolver, site, name):
            if isinstance(wanted, Built):
                line = site.node.func.end_lineno or site.node.lineno
                origin = Origin(self.module.file, line, site.node.col_offset)
                self.sightings.add(origin, Look("url", wanted.ref).hit(line, wanted.how))
            elif wanted.name:
                yield wanted, site
            else:
                self._asked(wanted, site)
        for keyword in site.node.keywords:
            if keyword.arg == "model_args":
                self._model_args(keyword.value, site)
        if self.shell is not None and commands.runs(name):
            for origin, hit in commands.read(self.resolver, site, name, self.shell, partial(naming.source, self.module)):
                self.sightings.add(origin, hit)

    def _asked(self, wanted: Asked, site: Site) -> None:
        values = self.resolver.evaluate(wanted.expr, site.place)
        named = False
        for text, revisions in texts.paired(list(tables.flat(self.resolver, values)), wanted.revisions):
            look = self._judge(wanted, text)
            if look is not None:
                named = True
                self.sightings.report(text, look, wanted.how, revisions, soft=bool(wanted.name))
        if wanted.silent or wanted.ask == "shape":
            return
        gap = texts.unsettled(values)
        if gap is None and not any(looks.holes(text.value) for text in texts.texts(values)):
            return
        if gap is not None:
            objects = wanted.objects or (named and gap.why == "call")
            if not gap.pieces and not meant_as_name(wanted.expr, values, objects):
                return
            self.sightings.put_together(gap.pieces)
        line = site.node.func.end_lineno or site.node.lineno
        self._unresolved(wanted.expr, line, wanted.how)

    def _judge(self, wanted: Asked, text: Text) -> Look | None:
        if looks.holes(text.value) or looks.blank(text.value):
            return None
        if wanted.name:
            look = None if text.derived else judging.by_name(wanted.name, text.value)
            folder = look is not None and look.kind == "path" and not looks.weights(text.value)
            return None if folder and wanted.ask == "file" else look
        if wanted.ask == "torch.hub":
            match = re.fullmatch(r"[\w.-]+/[\w.-]+(?::(?P<revision>[\w./-]+))?", text.value)
            return Look("url", text.value, match["revision"]) if match is not None else None
        return judging.by_call(text.value, wanted.ask, wanted.kind)

    def _outputs(self, site: Site, name: str) -> None:
        """Notes what a call writes, and files inside a repository that it names."""
        parts = list(inner_files(site, name))
        if saves(naming.last(name)):
            parts += [*site.node.args, *(keyword.value for keyword in site.node.keywords)]
        for part in parts:
            if isinstance(part, ast.Name | ast.Attribute | ast.BinOp | ast.Call | ast.JoinedStr | ast.Constant):
                for text in texts.texts(self.resolver.evaluate(part, site.place)):
                    self.sightings.outputs |= {text.origin, *(piece.origin for piece in text.pieces)}

    def _model_args(self, expr: ast.expr, site: Site) -> None:
        """model_args="pretrained=org/name,revision=..." of evaluation harnesses."""
        for text in texts.texts(self.resolver.evaluate(expr, site.place)):
            pairs = dict(part.partition("=")[::2] for part in text.value.split(","))
            for key in ("pretrained", "tokenizer", "peft", "model"):
                look = judging.by_call(pairs.get(key, ""), "any", "hub")
                if look is not None:
                    revision = pairs.get("revision") if key == "pretrained" else None
                    self.sightings.report(text, replace(look, revision=revision or look.revision), f"model_args {key}")


def _with_gaps(node: ast.JoinedStr) -> str:
    """An f-string's text with {x} for what is filled in."""
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "{x}" for part in node.values)
