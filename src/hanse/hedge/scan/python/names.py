"""Names and keys that speak of models: constants, attributes, parameters, options, items of dictionaries, enumerations."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from hanse.hedge.scan import keys as words
from hanse.hedge.scan.code import judging, tables, texts
from hanse.hedge.scan.code.sightings import Sightings
from hanse.hedge.scan.code.tables import PAYLOAD
from hanse.hedge.scan.code.values import Text
from hanse.hedge.scan.python import naming
from hanse.hedge.scan.python.loading import meant_as_name
from hanse.hedge.scan.python.resolve import Resolver
from hanse.hedge.scan.python.values import Binding, Module, Place


class Names:
    """The rules over names and keys of one module. All they find is soft: a call that uses it as a piece overrules it."""

    def __init__(self, module: Module, resolver: Resolver, sightings: Sightings) -> None:
        self.module = module
        self.resolver = resolver
        self.sightings = sightings

    def payloads(self) -> None:
        """Dictionaries that are sent to a service: as good as a call."""
        for node, place in self.module.tables:
            if PAYLOAD & set(_literal_keys(node)):
                self._table(node, place)

    def run(self) -> None:
        """Everything else."""
        for node, place in self.module.tables:
            if not PAYLOAD & set(_literal_keys(node)):
                self._table(node, place)
        for binding in self.module.named:
            self._named(binding)
        self._enumerations()

    def _named(self, binding: Binding) -> None:
        """A constant, attribute, item, option, parameter or loop variable."""
        uses = self.module.uses[binding.name]
        if binding.how == "value" and uses > 0 and uses == self.module.compared[binding.name]:
            return  # it is only compared
        values = self.resolver.binding(binding)
        tables.named(self.resolver, self.sightings, binding.name, values, self._beside(binding))

    def _beside(self, binding: Binding) -> list[Text]:
        """The revision that a sibling gives: REVISION, MODEL_REVISION beside MODEL_ID."""
        scope = binding.place.scope
        places = [scope.bindings, scope.attributes] if scope.kind == "class" else [scope.bindings]
        stem = re.sub(r"_?(?:id|name|path|name_or_path|repo|repo_id)$", "", binding.name, flags=re.I)
        for name in (f"{binding.name}_revision", f"{stem}_revision", f"{stem}_commit", f"{stem}_sha", "revision"):
            for place in places:
                for found in place.get(name.upper() if binding.name.isupper() else name, ()):
                    given = texts.texts(self.resolver.binding(found))
                    if given:
                        return given
        return []

    def _table(self, node: ast.Dict, place: Place) -> None:
        """A dictionary with keys that speak of models."""
        keys = _literal_keys(node)
        if not tables.speaks(keys):
            return
        literals = [expr for expr in keys.values() if isinstance(expr, ast.Constant) and isinstance(expr.value, str)]
        texts_beside = [text for expr in literals for text in texts.texts(self.resolver.evaluate(expr, place))]
        tables.files_inside(self.sightings, texts_beside)
        for key, expr in keys.items():
            if judging.strength(key) != "no" and not tables.aliased(key, keys):
                self._item(key, expr, keys, place)

    def _item(self, key: str, expr: ast.expr, keys: dict[str, ast.expr], place: Place) -> None:
        values = self.resolver.evaluate(expr, place)
        revisions = list(self._key_revisions(keys, key, place))
        named = False
        for text in tables.flat(self.resolver, values):
            named = tables.entry(self.sightings, key, keys, text, revisions) or named
        gap = texts.unsettled(values)
        if gap is None or named or key != "model" or not PAYLOAD & set(keys):
            return
        if meant_as_name(expr, values, gap.why == "call"):
            self.sightings.put_together(gap.pieces)
            self.sightings.unresolved(self.resolver.at(expr, place), naming.source(self.module, expr), f"key {key}")

    def _key_revisions(self, keys: dict[str, ast.expr], key: str, place: Place) -> Iterator[Text]:
        own = [name for name in keys if name.startswith(f"{key}_") and words.is_revision(name)]
        for name in own or [name for name in keys if words.is_revision(name)]:
            yield from texts.texts(self.resolver.evaluate(keys[name], place))

    def _enumerations(self) -> None:
        """Members of classes whose own name speaks of models: class Models(Enum): SMALL = "..."."""
        for name, scopes in self.module.classes.items():
            for scope in scopes if judging.strength(name) == "sure" else ():
                for bindings in scope.bindings.values():
                    for binding in bindings:
                        if binding.how == "value" and isinstance(binding.expr, ast.Constant):
                            self._member(name, binding)

    def _member(self, name: str, binding: Binding) -> None:
        for text in texts.texts(self.resolver.binding(binding)):
            look = judging.by_name("model", text.value)
            if look is not None and look.kind != "path":
                self.sightings.report(text, look, f"class {name}", self._beside(binding), soft=True)


def _literal_keys(node: ast.Dict) -> dict[str, ast.expr]:
    """A dictionary's literal keys with their values."""
    pairs = zip(node.keys, node.values, strict=True)
    return {key.value: value for key, value in pairs if isinstance(key, ast.Constant) and isinstance(key.value, str)}
