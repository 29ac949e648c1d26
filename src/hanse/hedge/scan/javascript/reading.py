"""The rules over one JavaScript or TypeScript file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hanse.hedge.scan import looks
from hanse.hedge.scan.code import judging, tables, texts
from hanse.hedge.scan.code.sightings import Sightings
from hanse.hedge.scan.code.values import Origin, Table, Text, Thing
from hanse.hedge.scan.javascript import calls
from hanse.hedge.scan.javascript.calls import Spec
from hanse.hedge.scan.javascript.lexer import Group, Template, Token
from hanse.hedge.scan.javascript.names import Names
from hanse.hedge.scan.javascript.resolve import Resolver
from hanse.hedge.scan.javascript.tree import Call, Expression, Items, Name, Tree, entries, is_mark

_MUTED = re.compile(
    r"(?:console|logger|log)\.\w+|.*\b(?:includes|startsWith|endsWith|indexOf|toBe|toEqual|toContain|toMatch|toMatchObject|toStrictEqual|toHaveBeenCalledWith|"
    r"equal|deepEqual|literal|enum|nativeEnum|union|describe|describeOption|test|replace|match)|(?:Error|TypeError|describe|it|test|expect|t|useTranslations|"
    r"load_dataset|require|import|uploadFile|uploadFiles|createRepo|deleteRepo)"
)


class Reading:
    """Applies them."""

    def __init__(self, tree: Tree, resolver: Resolver, file: str) -> None:
        self.tree = tree
        self.resolver = resolver
        self.file = file
        self.sightings = Sightings()
        self._answered: set[int] = set()
        """Starts of values that a call has answered for."""
        self._muted: list[tuple[int, int]] = []

    def run(self) -> Sightings:
        """All rules."""
        for call in self.tree.calls:
            if _MUTED.fullmatch(call.name) and call.arguments:
                scope = call.arguments[0].scope
                self._muted.append((scope.start, scope.end))
        for call in self.tree.calls:
            self._call(call)
        names = Names(self.tree, self.resolver, self.sightings)
        for group in self.tree.objects:
            if not self._silent(group.start):
                names.object(group, self._answered)
        for name in self.tree.named:
            names.named(name)
        self._literals(self.tree.root)
        return self.sightings

    def _silent(self, at: int) -> bool:
        return any(start <= at < end for start, end in self._muted)

    # Calls

    def _call(self, call: Call) -> None:
        source = self._source_of(call)
        for spec in calls.specs(call.name, source, len(call.arguments)):
            how = f"{call.name.rpartition('.')[2]}(...)"
            revisions = self._revisions(call)
            for expression in self._asked(call, spec):
                self._answer(expression, spec, call, how, revisions)

    def _asked(self, call: Call, spec: Spec) -> Iterator[Expression]:
        if spec.position is not None and spec.position < len(call.arguments):
            argument = call.arguments[spec.position]
            if not (
                len(argument.items) == 1 and isinstance(argument.items[0], Group) and argument.items[0].open == "{"
            ):
                yield argument
        for argument in call.arguments if spec.keys else ():
            first = argument.items[0]
            if isinstance(first, Group) and first.open == "{":
                for key, items, _ in entries(first):
                    if key in spec.keys:
                        yield Expression(items, first)

    def _source_of(self, call: Call) -> str:
        """Where the first part of a callee comes from: an import's path, or the call that made it."""
        scope: Group | None = call.scope
        first = call.name.partition(".")[0]
        while scope is not None:
            for name in scope.names.get(first, ()):
                if isinstance(name, Name):
                    if name.how == "import":
                        return name.source[0]
                    return (
                        "".join(getattr(item, "text", "()") for item in name.value.items[:8])
                        if name.value is not None
                        else ""
                    )
            scope = scope.parent
        return ""

    def _answer(self, expression: Expression, spec: Spec, call: Call, how: str, revisions: list[Text]) -> None:
        items = expression.items
        if not items:
            return
        self._answered.add(items[0].start)
        values = self.resolver.evaluate(expression)
        named = False
        for text, own in texts.paired(list(tables.flat(self.resolver, values)), revisions):
            if looks.holes(text.value) or looks.blank(text.value):
                continue
            look = judging.by_call(text.value, spec.ask, spec.kind)
            if look is not None:
                named = True
                self.sightings.report(text, look, how, own)
        gap = texts.unsettled(values)
        if gap is None or named or spec.ask == "shape" or any(isinstance(value, Thing) for value in values):
            return
        if spec.objects and not self._meant_as_name(items):
            return
        self.sightings.put_together(gap.pieces)
        self.resolver.unresolved(self.sightings, items, call.line, how)

    @staticmethod
    def _meant_as_name(items: Items) -> bool:
        last = next((item for item in reversed(items) if isinstance(item, Token) and item.kind == "name"), None)
        return last is not None and re.search(r"(?i)(name|id|path|url|repo)$", last.text) is not None

    def _revisions(self, call: Call) -> list[Text]:
        """Revisions in the objects among a call's arguments."""
        found: list[Text] = []
        for argument in call.arguments:
            for value in self.resolver.evaluate(argument) if argument.items else ():
                for names, item in value.pairs if isinstance(value, Table) else ():
                    if names and any(text.value == "revision" for text in texts.texts(names)):
                        found += texts.texts(self.resolver.later(item))
        return found

    # Literals

    def _literals(self, root: Group) -> None:
        """Strings that give themselves away wherever they stand, but in comparisons, imports and what only prints."""
        waiting = [root]
        while waiting:
            group = waiting.pop()
            for index, item in enumerate(group.items):
                if isinstance(item, Group):
                    waiting.append(item)
                elif isinstance(item, Template):
                    waiting += [part for part in item.parts if isinstance(part, Group)]
                    if len(item.parts) == 1 and isinstance(item.parts[0], str):
                        self._literal(item.parts[0], item, group, index)
                    else:
                        self._address(item, group)
                elif item.kind == "string":
                    self._literal(item.text, item, group, index)

    def _literal(self, text: str, item: Token | Template, group: Group, index: int) -> None:
        if not judging.may_be_anywhere(text):
            return
        before = group.items[index - 1] if index else None
        following = group.items[index + 1] if index + 1 < len(group.items) else None
        if (
            is_mark(before, "===", "!==", "==", "!=")
            or is_mark(following, "===", "!==", "==", "!=")
            or (is_mark(following, ":") and group.open == "{")
        ):
            return
        if isinstance(before, Token) and before.kind == "name" and before.text in ("from", "import", "case", "throw"):
            return
        look = judging.anywhere(text)
        if look is not None and not self._silent(item.start):
            self.sightings.report(Text(text, Origin(self.file, item.line, item.start)), look, "literal", soft=True)

    def _address(self, template: Template, scope: Group) -> None:
        """The hub's address with a name put in."""
        text = "".join(part if isinstance(part, str) else "{x}" for part in template.parts)
        if "huggingface.co" not in text and "hf.co" not in text:
            return
        values = self.resolver.items([template], scope)
        for known in texts.texts(values):
            look = judging.anywhere(known.value)
            if look is not None:
                self.sightings.report(known, look, "address", soft=True)
        gap = texts.unsettled(values)
        if gap is not None and judging.address_of_model(text) and not self._silent(template.start):
            self.sightings.put_together(gap.pieces)
            self.resolver.unresolved(self.sightings, [template], template.line, "address")
