"""The rules over one JavaScript or TypeScript file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hanse.hedge.scan import looks
from hanse.hedge.scan.finding import Hit
from hanse.hedge.scan.javascript import calls
from hanse.hedge.scan.javascript.calls import Spec
from hanse.hedge.scan.javascript.lexer import Group, Template, Token
from hanse.hedge.scan.javascript.resolve import Resolver, bare
from hanse.hedge.scan.javascript.tree import Call, Expression, Items, Name, Tree, entries, is_mark
from hanse.hedge.scan.python import judging, texts
from hanse.hedge.scan.python.muted import prices
from hanse.hedge.scan.python.sightings import Sightings
from hanse.hedge.scan.python.texts import Values
from hanse.hedge.scan.python.values import Many, Origin, Plain, Table, Text, Thing

EXPRESSION = 160
_INNER = frozenset(
    {
        "name",
        "id",
        "path",
        "repo",
        "uri",
        "url",
        "source",
        "hf",
        "file",
        "hub",
        "slug",
        "default",
        "primary",
        "fallback",
        "base",
        "value",
    }
)
_PAYLOAD = frozenset({"messages", "prompt", "input", "inputs", "contents"})
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
        for group in self.tree.objects:
            if not self._silent(group.start):
                self._object(group)
        for name in self.tree.named:
            self._named(name)
        self._literals(self.tree.root)
        return self.sightings

    def _silent(self, at: int) -> bool:
        return any(start <= at < end for start, end in self._muted)

    # Calls

    def _call(self, call: Call) -> None:
        source = self._source_of(call)
        for spec in calls.specs(call.name, source, len(call.arguments)):
            how = f"{call.name.rpartition('.')[2]}(...)"
            revision = self._revision(call)
            for expression in self._asked(call, spec):
                self._answer(expression, spec, call, how, revision)

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

    def _answer(self, expression: Expression, spec: Spec, call: Call, how: str, revision: str | None) -> None:
        items = expression.items
        if not items:
            return
        self._answered.add(items[0].start)
        values = self.resolver.evaluate(expression)
        named = False
        for text in self._flat(values):
            if looks.holes(text.value) or looks.blank(text.value):
                continue
            look = judging.by_call(text.value, spec.ask, spec.kind)
            if look is not None:
                named = True
                self.sightings.report(text, look, how, revision)
        gap = texts.unknown(values)
        if gap is None or named or spec.ask == "shape" or any(isinstance(value, Thing) for value in values):
            return
        if spec.objects and not self._meant_as_name(items):
            return
        if gap.why == "call" and not self._meant_as_name(items) and spec.objects:
            return
        self.sightings.put_together(gap.pieces)
        line = call.line
        self.sightings.add(
            Origin(self.file, line, call.start), Hit(line, self._source(items), None, how, "unknown", False)
        )

    @staticmethod
    def _meant_as_name(items: Items) -> bool:
        last = next((item for item in reversed(items) if isinstance(item, Token) and item.kind == "name"), None)
        return last is not None and re.search(r"(?i)(name|id|path|url|repo)$", last.text) is not None

    def _revision(self, call: Call) -> str | None:
        for argument in call.arguments:
            for value in self.resolver.evaluate(argument) if argument.items else ():
                if isinstance(value, Table):
                    for text in texts.texts(self._under(value, "revision")):
                        return text.value.strip() or None
        return None

    # Objects and names

    def _object(self, group: Group) -> None:
        found = [(key, items, line) for key, items, line in entries(group) if key is not None]
        keys = [key for key, _, _ in found]
        if not any(judging.strength(key) != "no" for key in keys) or prices(keys) or judging.goods(keys):
            return
        revision = None
        for key, items, _ in found:
            if key == "revision":
                revision = next((text.value.strip() for text in texts.texts(self.resolver.items(items, group))), None)
        for key, items, _ in found:
            if not items or judging.strength(key) == "no" or (key == "model_name" and "litellm_params" in keys):
                continue
            self._entry(key, items, group, revision, bool(_PAYLOAD & set(keys)))

    def _entry(self, key: str, items: Items, group: Group, revision: str | None, payload: bool) -> None:
        values = self.resolver.items(items, group)
        named = False
        for text in self._flat(values):
            look = judging.by_name(key, text.value)
            if look is None and payload and key in ("model", "modelId") and not looks.holes(text.value):
                look = judging.by_call(text.value, "hosted", "hosted")
            if look is not None and not looks.holes(text.value):
                named = True
                self.sightings.report(text, look, f"key {key}", revision, soft=True)
        gap = texts.unknown(values)
        known = any(isinstance(value, Thing | Plain) for value in values)
        if (
            gap is None
            or named
            or known
            or not payload
            or key != "model"
            or items[0].start in self._answered
            or gap.why == "call"
        ):
            return
        if (
            gap.why == "parameter"
            and len(items) == 1
            and isinstance(items[0], Token)
            and not self._string_typed(items[0])
        ):
            return
        self.sightings.add(
            Origin(self.file, items[0].line, items[0].start),
            Hit(items[0].line, self._source(items), None, f"key {key}", "unknown", False),
        )

    def _string_typed(self, token: Token) -> bool:
        """Whether a parameter is declared to be a string."""
        return re.search(rf"\b{re.escape(token.text)}\??\s*:\s*string", self.tree.text) is not None

    def _named(self, name: Name) -> None:
        """A variable, parameter, field or attribute whose name speaks of models."""
        if judging.strength(name.name) == "no":
            return
        values = self.resolver.binding(name)
        revision = self._beside(name)
        for text in self._flat(values):
            look = judging.by_name(name.name, text.value)
            if look is not None and not looks.holes(text.value):
                self.sightings.report(text, look, f"name {name.name}", revision, soft=True)
        for value in values:
            if isinstance(value, Table):
                self._below(value, name.name, 0)
            elif isinstance(value, Many):
                for item in value.items:
                    for inner in self.resolver.later(item):
                        if isinstance(inner, Table):
                            self._below(inner, name.name, 1)

    def _beside(self, name: Name) -> str | None:
        """MODEL_REVISION beside MODEL_ID."""
        scope = name.value.scope if name.value is not None else None
        stem = re.sub(r"(?i)_?(?:id|name|path|repo)$", "", name.name)
        upper = name.name.isupper()
        wanted = (
            (f"{name.name}_REVISION", f"{stem}_REVISION", "REVISION")
            if upper
            else (f"{name.name}Revision", f"{stem}Revision", "revision")
        )
        for key in wanted if scope is not None else ():
            for found in scope.names.get(key, ()) if scope is not None else ():
                if isinstance(found, Name):
                    for text in texts.texts(self.resolver.binding(found)):
                        return text.value.strip() or None
        return None

    def _under(self, table: Table, key: str) -> Values:
        return tuple(
            value
            for names, item in table.pairs
            if names and any(text.value == key for text in texts.texts(names))
            for value in self.resolver.later(item)
        )

    def _below(self, table: Table, name: str, depth: int) -> None:
        """Values of an object whose own name speaks of models."""
        pairs = [
            (text.value, self.resolver.later(item)) for names, item in table.pairs for text in texts.texts(names or ())
        ]
        if depth > 3 or prices([key for key, _ in pairs]):
            return
        revision = next(
            (text.value for key, values in pairs if key == "revision" for text in texts.texts(values)), None
        )
        for key, values in pairs:
            for value in values:
                if isinstance(value, Table):
                    self._below(value, name, depth + 1)
            if depth == 0 or key in _INNER or judging.strength(key) != "no":
                for text in self._flat(values):
                    look = judging.by_name(name if depth == 0 or key in _INNER else key, text.value)
                    if look is not None and not looks.holes(text.value):
                        self.sightings.report(text, look, f"name {name}", revision, soft=True)

    def _flat(self, values: Values, depth: int = 0) -> Iterator[Text]:
        for value in values:
            if isinstance(value, Text):
                yield value
            elif isinstance(value, Many) and depth < 2:
                for item in value.items:
                    yield from self._flat(self.resolver.later(item), depth + 1)

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
            self.sightings.report(
                Text(text, Origin(self.file, item.line, item.start)), look, "literal", None, soft=True
            )

    def _source(self, items: Items) -> str:
        items = bare(items)
        text = " ".join(self.tree.text[items[0].start : items[-1].end].split())
        return text if len(text) <= EXPRESSION else text[: EXPRESSION - 1] + "…"
