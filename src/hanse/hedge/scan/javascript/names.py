"""Objects and names that speak of models: variables, parameters, fields, attributes, keys."""

from __future__ import annotations

import re

from hanse.hedge.scan import keys as words
from hanse.hedge.scan.code import judging, tables, texts
from hanse.hedge.scan.code.sightings import Sightings
from hanse.hedge.scan.code.tables import PAYLOAD
from hanse.hedge.scan.code.values import Plain, Text, Thing
from hanse.hedge.scan.javascript.lexer import Group, Token
from hanse.hedge.scan.javascript.resolve import Resolver
from hanse.hedge.scan.javascript.tree import Items, Name, Tree, entries


class Names:
    """The rules over names and keys of one file. All they find is soft: a call that uses it as a piece overrules it."""

    def __init__(self, tree: Tree, resolver: Resolver, sightings: Sightings) -> None:
        self.tree = tree
        self.resolver = resolver
        self.sightings = sightings

    def object(self, group: Group, answered: set[int]) -> None:
        """An object with keys that speak of models. `answered` are starts of values that a call has answered for."""
        found = [(key, items) for key, items, _ in entries(group) if key is not None and items]
        keys = [key for key, _ in found]
        if not tables.speaks(keys):
            return
        revisions = [
            text
            for key, items in found
            if words.is_revision(key)
            for text in texts.texts(self.resolver.items(items, group))
        ]
        literals = [items for _, items in found if isinstance(items[0], Token) and items[0].kind == "string"]
        beside = [text for items in literals for text in texts.texts(self.resolver.items(items, group))]
        tables.files_inside(self.sightings, beside)
        for key, items in found:
            if judging.strength(key) != "no" and not tables.aliased(key, keys):
                named = False
                for text in tables.flat(self.resolver, self.resolver.items(items, group)):
                    named = tables.entry(self.sightings, key, keys, text, revisions) or named
                payload = key == "model" and PAYLOAD & set(keys)
                if payload and not named and items[0].start not in answered:
                    self._open(items, group)

    def _open(self, items: Items, group: Group) -> None:
        """A value that only the running program has, in what is sent to a service."""
        values = self.resolver.items(items, group)
        gap = texts.unsettled(values)
        if gap is None or gap.why == "call" or any(isinstance(value, Thing | Plain) for value in values):
            return
        alone = items[0] if len(items) == 1 else None
        if gap.why == "parameter" and isinstance(alone, Token) and not self._is_string(alone):
            return
        self.sightings.put_together(gap.pieces)
        self.resolver.unresolved(self.sightings, items, items[0].line, "key model")

    def _is_string(self, token: Token) -> bool:
        """Whether a parameter is declared to be a string."""
        return re.search(rf"\b{re.escape(token.text)}\??\s*:\s*string", self.tree.text) is not None

    def named(self, name: Name) -> None:
        """A variable, parameter, field or attribute."""
        if judging.strength(name.name) != "no":
            values = self.resolver.binding(name)
            tables.named(self.resolver, self.sightings, name.name, values, self._beside(name))

    def _beside(self, name: Name) -> list[Text]:
        """MODEL_REVISION beside MODEL_ID, modelRevision beside model."""
        if name.value is None:
            return []
        stem = re.sub(r"(?i)_?(?:id|name|path|repo)$", "", name.name)
        if name.name.isupper():
            wanted = [f"{name.name}_REVISION", f"{stem}_REVISION", "REVISION"]
        else:
            wanted = [f"{name.name}Revision", f"{stem}Revision", "revision"]
        for key in wanted:
            for found in name.value.scope.names.get(key, ()):
                if isinstance(found, Name):
                    given = texts.texts(self.resolver.binding(found))
                    if given:
                        return given
        return []
