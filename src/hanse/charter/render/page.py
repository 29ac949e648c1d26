"""Articles as one self-contained page."""

from __future__ import annotations

from collections.abc import Sequence

from hanse.charter.render.article import Article, Part, Quote, Table
from hanse.charter.render.articles import LEGEND, articles
from hanse.charter.schema import Charter
from hanse.page.document import document
from hanse.page.stylesheet import CSS
from hanse.page.svg import esc

OWN = """
main{max-width:820px}
section{margin-top:40px;padding-top:18px}
section>p{margin:.5em 0;max-width:44em}
section>p>b{color:var(--soft);font-weight:500;margin-right:.7em}
blockquote{margin:.6em 0 .6em 1.2em;padding-left:1em;border-left:3px solid var(--rule);white-space:pre-wrap;overflow-wrap:anywhere}
td{white-space:normal;overflow-wrap:anywhere}
.scroll{max-height:none}
.contents{columns:2;font-size:.9rem;padding-left:1.6em}
.force{color:var(--soft);font-style:italic;font-size:.88rem}
@media (max-width:760px){.contents{columns:1}}
"""


def page(charter: Charter) -> str:
    """The whole charter, by its digest."""
    found = articles(charter)
    draft = "This is a draft. " if charter.is_draft else ""
    contents = "".join(f'<li><a href="#article-{item.number}">{esc(item.title)}</a></li>' for item in found)
    head = (
        f'<p class="eyebrow">Charter</p><h1>{esc(charter.name)}</h1><p class="lead">{draft}SHA-256 of the canonical charter: '
        f'<code>{charter.digest}</code></p><p class="lead">{esc(LEGEND)}</p><ol class="contents">{contents}</ol>'
    )
    return document(f"Charter of {charter.name}", CSS + OWN, head + "".join(map(_article, found)))


def _article(article: Article) -> str:
    blocks = [f"<h2>Article {article.number}. {esc(article.title)}</h2>"]
    blocks += [_part(part, number) for number, part in article.numbered()]
    if article.force:
        blocks.append(f'<p class="force">{esc(article.force)}</p>')
    return f'<section id="article-{article.number}">{"".join(blocks)}</section>'


def _part(part: Part, number: str) -> str:
    if isinstance(part, Quote):
        return f"<blockquote>{esc(part.text)}</blockquote>"
    return table(part) if isinstance(part, Table) else f"<p><b>{number}</b>{esc(part)}</p>"


def table(found: Table) -> str:
    """A table that scrolls by itself where it is too wide."""
    head = _row("th", found.heads)
    body = "".join(_row("td", row) for row in found.rows)
    return f'<div class="scroll"><table><thead>{head}</thead><tbody>{body}</tbody></table></div>'


def _row(cell: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{cell}>{esc(item)}</{cell}>' for item in cells)}</tr>"
