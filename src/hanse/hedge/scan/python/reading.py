"""All rules over one module: loading calls first, then keywords, keys and names that speak of models, then telling literals."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from hanse.hedge.scan import looks
from hanse.hedge.scan.finding import Hit, Kind, Reader
from hanse.hedge.scan.looks import Look
from hanse.hedge.scan.python import commands, judging, naming, texts
from hanse.hedge.scan.python.calls import known
from hanse.hedge.scan.python.loading import Asked, Built, asked, builds, handed_over, inner_files, meant_as_name
from hanse.hedge.scan.python.muted import prices, saves
from hanse.hedge.scan.python.resolve import Resolver
from hanse.hedge.scan.python.sightings import Sightings
from hanse.hedge.scan.python.texts import Values
from hanse.hedge.scan.python.values import Binding, Many, Module, Origin, Place, Site, Table, Text

EXPRESSION = 160
"""Characters of an unresolved expression that are shown at most."""
_INNER = frozenset({"name", "id", "path", "repo", "uri", "url", "source", "hf", "file", "hub", "slug", "default", "primary",
                    "fallback", "base", "small", "large", "fast", "chat", "weights", "gguf", "local"})  # fmt: skip
"""Keys below a name that speaks of models: MODELS = {"small": {"repo": ...}}."""
_PAYLOAD = frozenset({"messages", "prompt", "input", "inputs", "contents"})


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
        payloads = [(node, place) for node, place in self.module.tables if _PAYLOAD & set(_keys(node))]
        for node, place in payloads:
            self._table(node, place)
        self.resolver.alone = True
        for wanted, site in later:
            self._asked(wanted, site)
        for site, name in named:
            self._outputs(site, name)
        for node, place in self.module.tables:
            if not _PAYLOAD & set(_keys(node)):
                self._table(node, place)
        for binding in self.module.named:
            self._named(binding)
        self._enumerations()
        self._literals()
        self.resolver.alone = False

    def _literals(self) -> None:
        """Strings that give themselves away, and addresses on the hub that are put together."""
        for constant, place in self.module.strings:
            text = str(constant.value)
            found = judging.anywhere(text)
            if found is not None:
                self.sightings.report(Text(text, self.resolver.at(constant, place)), found, "literal", None, soft=True)
        for node, place in self.module.addresses:
            values = self.resolver.evaluate(node, place)
            for written in texts.texts(values):
                found = judging.anywhere(written.value)
                if found is not None:
                    self.sightings.report(written, found, "address", None, soft=True)
            source = self._source(node)
            if texts.unknown(values) and judging.address_of_model(source):
                self._unresolved(node, node.lineno, "address")

    def _enumerations(self) -> None:
        """Members of classes whose own name speaks of models: class Models(Enum): SMALL = "..."."""
        for name, scopes in self.module.classes.items():
            for scope in scopes if judging.strength(name) == "sure" else ():
                for bindings in scope.bindings.values():
                    for binding in bindings:
                        if binding.how == "value" and isinstance(binding.expr, ast.Constant):
                            for text in texts.texts(self.resolver.binding(binding)):
                                look = judging.by_name("model", text.value)
                                if look is not None and look.kind != "path":
                                    self.sightings.report(text, look, f"class {name}", self._beside(binding), soft=True)

    # Calls

    def _name(self, site: Site) -> str:
        """The callee's dotted name; of a callee that no rule knows only its last part, which is cheaper."""
        func = site.node.func
        last = func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
        if last in self._renamed or known(last) or commands.may_run(last) or builds(site.node):
            return naming.dotted(self.resolver, func, site.place)
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
            for origin, hit in commands.read(self.resolver, site, name, self.shell, self._source):
                self.sightings.add(origin, hit)

    def _asked(self, wanted: Asked, site: Site) -> None:
        values = self.resolver.evaluate(wanted.expr, site.place)
        named = False
        for text in self._flat(values):
            look = self._judge(wanted, text)
            if look is not None:
                named = True
                self.sightings.report(text, look, wanted.how, wanted.revision, soft=bool(wanted.name))
        if wanted.silent or wanted.ask == "shape":
            return
        gap = texts.unknown(values)
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
            return judging.by_name(wanted.name, text.value)
        if wanted.ask == "torch.hub":
            return Look("url", text.value) if re.fullmatch(r"[\w.-]+/[\w.-]+(:[\w./-]+)?", text.value) else None
        return judging.by_call(text.value, wanted.ask, wanted.kind)

    def _flat(self, values: Values, depth: int = 0) -> Iterator[Text]:
        """Texts among values and in their lists."""
        for value in values:
            if isinstance(value, Text):
                yield value
            elif isinstance(value, Many) and depth < 2:
                for item in value.items:
                    yield from self._flat(self.resolver.later(item), depth + 1)

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
                    self.sightings.report(
                        text, look, f"model_args {key}", pairs.get("revision") if key == "pretrained" else None
                    )

    # Names and keys

    def _named(self, binding: Binding) -> None:
        """A constant, attribute, item, option, parameter or loop variable whose name speaks of models."""
        if self._only_compared(binding):
            return
        values = self.resolver.binding(binding)
        revision = self._beside(binding)
        for text in self._flat(values):
            look = judging.by_name(binding.name, text.value)
            if look is not None and not looks.holes(text.value):
                self.sightings.report(text, look, f"name {binding.name}", revision, soft=True)
        for value in values:
            if isinstance(value, Table):
                self._below(value, binding.name, 0)
            elif isinstance(value, Many):
                for item in value.items:
                    for inner in self.resolver.later(item):
                        if isinstance(inner, Table):
                            self._below(inner, binding.name, 1)

    def _only_compared(self, binding: Binding) -> bool:
        uses = self.module.uses[binding.name]
        return uses > 0 and uses == self.module.compared[binding.name] and binding.how == "value"

    def _beside(self, binding: Binding) -> str | None:
        """The revision that a sibling gives: REVISION, MODEL_REVISION beside MODEL_ID."""
        scope = binding.place.scope
        places = [scope.bindings, scope.attributes] if scope.kind == "class" else [scope.bindings]
        upper = binding.name.isupper()
        stem = re.sub(r"_?(?:id|name|path|name_or_path|repo|repo_id)$", "", binding.name, flags=re.I)
        names = [f"{binding.name}_revision", f"{stem}_revision", f"{stem}_commit", f"{stem}_sha", "revision"]
        for name in names:
            for place in places:
                for found in place.get(name.upper() if upper else name, ()):
                    for text in texts.texts(self.resolver.binding(found)):
                        if text.value.strip():
                            return text.value.strip()
        return None

    def _below(self, table: Table, name: str, depth: int) -> None:
        """Values of a dictionary whose own name speaks of models."""
        texts_by_key = [(key.value, item) for keys, item in table.pairs for key in texts.texts(keys or ())]
        if prices([key for key, _ in texts_by_key]) or depth > 3:
            return
        revision = next(
            (
                text.value
                for key, item in texts_by_key
                if key == "revision"
                for text in texts.texts(self.resolver.later(item))
            ),
            None,
        )
        for key, item in texts_by_key:
            for value in self.resolver.later(item):
                if isinstance(value, Table):
                    self._below(value, name, depth + 1)
                elif depth == 0 or key in _INNER or judging.strength(key) != "no":
                    for text in self._flat((value,)):
                        look = judging.by_name(name if depth == 0 or key in _INNER else key, text.value)
                        if look is not None and not looks.holes(text.value):
                            self.sightings.report(text, look, f"name {name}", revision, soft=True)

    def _table(self, node: ast.Dict, place: Place) -> None:
        """A dictionary with keys that speak of models."""
        keys = _keys(node)
        if not any(judging.strength(key) != "no" for key in keys) or prices(list(keys)) or judging.goods(keys):
            return
        for key, expr in keys.items():
            if judging.strength(key) != "no" and not (key == "model_name" and "litellm_params" in keys):
                self._item(key, expr, keys, place)

    def _item(self, key: str, expr: ast.expr, keys: dict[str, ast.expr], place: Place) -> None:
        values = self.resolver.evaluate(expr, place)
        revision = self._key_revision(keys, key, place)
        named = False
        for text in self._flat(values):
            look = judging.by_name(key, text.value)
            if look is None and key in ("model", "modelId") and "messages" in keys:
                look = judging.by_call(text.value, "hosted", "hosted")
            if look is not None and not looks.holes(text.value):
                named = True
                self.sightings.report(text, look, f"key {key}", revision, soft=True)
        gap = texts.unknown(values)
        if gap is None or named or key != "model" or not _PAYLOAD & set(keys):
            return
        if meant_as_name(expr, values, gap.why == "call"):
            self._unresolved(expr, expr.lineno, f"key {key}")

    def _key_revision(self, keys: dict[str, ast.expr], key: str, place: Place) -> str | None:
        for name in (f"{key}_revision", "revision", "model_revision"):
            if name in keys:
                for text in texts.texts(self.resolver.evaluate(keys[name], place)):
                    return text.value.strip() or None
        return None

    # Reports

    def _unresolved(self, expr: ast.expr, line: int, how: str) -> None:
        kind: Kind = "unknown"
        self.sightings.add(
            Origin(self.module.file, line, expr.col_offset), Hit(line, self._source(expr), None, how, kind, False)
        )

    def _source(self, expr: ast.expr) -> str:
        """An expression as written, on one line."""
        first, last = expr.lineno - 1, (expr.end_lineno or expr.lineno) - 1
        lines = [line.encode() for line in self.module.lines[first : last + 1]]
        if not lines:
            return ast.unparse(expr)[:EXPRESSION]
        lines[-1] = lines[-1][: expr.end_col_offset]
        lines[0] = lines[0][expr.col_offset :]
        text = " ".join(b"\n".join(lines).decode(errors="replace").split())
        return text if len(text) <= EXPRESSION else text[: EXPRESSION - 1] + "…"


def _keys(node: ast.Dict) -> dict[str, ast.expr]:
    """A dictionary's literal keys with their values."""
    pairs = zip(node.keys, node.values, strict=True)
    return {key.value: value for key, value in pairs if isinstance(key, ast.Constant) and isinstance(key.value, str)}
