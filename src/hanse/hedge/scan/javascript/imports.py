"""import and export: which names of which files."""

from __future__ import annotations

from dataclasses import dataclass

from hanse.hedge.scan.javascript.lexer import Group, Item, Token
from hanse.hedge.scan.javascript.tree import Name, Tree, is_mark, split

_LONGEST = 40
"""Items between `import` and its path at most."""


@dataclass(frozen=True, eq=False)
class Imports:
    """Binds the imports of one group."""

    tree: Tree
    group: Group

    def read(self, index: int) -> int:
        """import a, {b as c} from "path": binds what it names; gives where it ends."""
        items = self.group.items
        words: list[Item] = []
        for at in range(index + 1, min(index + _LONGEST, len(items))):
            item = items[at]
            if isinstance(item, Token) and item.kind == "string":
                self._bind(words, item)
                return at + 1
            if is_mark(item, ";", "=", "("):
                return at
            words.append(item)
        return index + 1

    def _bind(self, words: list[Item], path: Token) -> None:
        for position, word in enumerate(words):
            if isinstance(word, Group):
                for names in _named(word):
                    self.tree.bind(
                        Name(names[-1], "import", None, source=(path.text, names[0]), line=path.line), self.group
                    )
            elif isinstance(word, Token) and word.kind == "name" and word.text not in ("from", "type", "as"):
                whole = position > 1 and is_mark(words[position - 2], "*")
                source = (path.text, "*" if whole else "default")
                self.tree.bind(Name(word.text, "import", None, source=source, line=path.line), self.group)

    def exported(self, index: int, names: Group) -> None:
        """export {a as b} [from "path"]."""
        items = self.group.items
        path = items[index + 3] if index + 3 < len(items) else None
        path_text = path.text if isinstance(path, Token) and path.kind == "string" else ""
        for words in _named(names):
            self.tree.exported[words[-1]] = words[0]
            if path_text:
                name = Name(words[0], "import", None, source=(path_text, words[0]))
                self.tree.root.names.setdefault(words[0], []).append(name)


def _named(group: Group) -> list[list[str]]:
    """{a, b as c} as [[a], [b, c]]."""
    found = []
    for part in split(group.items):
        words = [item.text for item in part if isinstance(item, Token) and item.text not in ("type", "as")]
        if words:
            found.append(words)
    return found
