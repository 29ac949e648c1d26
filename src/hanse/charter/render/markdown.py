"""Articles as Markdown. Whatever a member wrote stays text: it can make no heading, no table and no article of its own."""

from __future__ import annotations

import re

from hanse.charter.render.article import Article, Part, Quote, Table
from hanse.charter.render.articles import LEGEND, articles
from hanse.charter.schema import Charter

_MARKS = re.compile(r"([\\`*_\[\]<>|#~&])")
_FIRST = re.compile(r"^([0-9]*)([-+=.)])")


def markdown(charter: Charter) -> str:
    """The whole charter, by its digest."""
    found = articles(charter)
    draft = "This is a draft. " if charter.is_draft else ""
    digest = f"{draft}SHA-256 of the canonical charter: `{charter.digest}`"
    head = f"# Charter of {escaped(charter.name)}\n\n{digest}\n\n{escaped(LEGEND)}\n"
    return head + "".join(f"\n{_article(item)}" for item in found)


def _article(article: Article) -> str:
    blocks = [f"## Article {article.number}. {escaped(article.title)}"]
    blocks += [_part(part, number) for number, part in article.numbered()]
    if article.force:
        blocks.append(f"*{article.force}*")
    return "\n\n".join(blocks) + "\n"


def _part(part: Part, number: str) -> str:
    if isinstance(part, Quote):
        return "\n".join(f"> {_first(escaped(line))}" if line else ">" for line in part.text.split("\n"))
    return table(part) if isinstance(part, Table) else f"{number} {escaped(part)}"


def table(found: Table) -> str:
    """A pipe table."""
    lines = [found.heads, ("---",) * len(found.heads), *(tuple(map(escaped, row)) for row in found.rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return _MARKS.sub(r"\\\1", text)


def _first(line: str) -> str:
    """A line whose first sign would begin a list, underline a heading or set code apart, with that sign held back."""
    spaces, rest = line[: len(line) - len(line.lstrip(" "))], line.lstrip(" ")
    if len(spaces) >= 4:
        spaces = "&#32;" + spaces[1:]
    return spaces + _FIRST.sub(r"\1\\\2", rest)
