"""A whole page: the doctype, the head, and the parts in the middle. Well-formed XML after the doctype."""

from __future__ import annotations

from hanse.page.svg import esc


def document(title: str, css: str, body: str) -> str:
    """One self-contained HTML file; `title` is text, `css` and `body` are markup."""
    head = (
        '<meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/>'
        '<meta name="color-scheme" content="light dark"/>'
        f"<title>{esc(title)}</title><style>{css}</style>"
    )
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body><main>{body}</main></body></html>\n'
