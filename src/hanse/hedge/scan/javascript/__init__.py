"""Models in JavaScript and TypeScript: `lexer` cuts and groups, `tree` finds declarations and calls, `resolve` says what an
expression can be, `calls` what asks for a model, `reading` applies the rules, `project` joins the files of a scan."""

from hanse.hedge.scan.javascript.project import read_javascript, read_javascript_project

__all__ = ["read_javascript", "read_javascript_project"]
