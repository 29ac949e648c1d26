"""What a callee is called: the dotted name by which it is known outside, through imports, variables and attributes."""

from __future__ import annotations

import ast

from hanse.hedge.scan.python.evaluator import Evaluator
from hanse.hedge.scan.python.values import Binding, Module, Place, Scope

DEPTH = 12


def dotted(evaluator: Evaluator, expr: ast.expr, place: Place, depth: int = 0) -> str:
    """'openai.OpenAI().chat.completions.create' for client.chat.completions.create. What is not known by an import starts
    with '?': '?client.chat'; what the project defines itself starts with '.': '.load'."""
    if depth > DEPTH:
        return "?"
    if isinstance(expr, ast.Name):
        return _name(evaluator, expr, place, depth)
    if isinstance(expr, ast.Attribute):
        if isinstance(expr.value, ast.Name) and expr.value.id in ("self", "cls"):
            return _own(evaluator, expr.attr, place, depth)
        return f"{dotted(evaluator, expr.value, place, depth + 1)}.{expr.attr}"
    if isinstance(expr, ast.Call):
        return f"{dotted(evaluator, expr.func, place, depth + 1)}()"
    if isinstance(expr, ast.Await | ast.Starred | ast.NamedExpr):
        return dotted(evaluator, expr.value, place, depth + 1)
    if isinstance(expr, ast.Subscript):
        return f"{dotted(evaluator, expr.value, place, depth + 1)}[]"
    if isinstance(expr, ast.BoolOp):
        return dotted(evaluator, expr.values[-1], place, depth + 1)
    return "?"


def _name(evaluator: Evaluator, expr: ast.Name, place: Place, depth: int) -> str:
    bindings = evaluator.lookup(expr.id, place)
    if not bindings:
        return f"?{expr.id}"
    return _bound(evaluator, bindings[0], depth) or f"?{expr.id}"


def _bound(evaluator: Evaluator, binding: Binding, depth: int) -> str:
    if binding.imported is not None:
        wanted = binding.imported
        parts = ["." * wanted.level + wanted.module] if wanted.module or wanted.level else []
        return ".".join([*parts, wanted.name] if wanted.name else parts)
    if binding.how == "scope":
        return f".{binding.name}"
    if binding.annotation is not None and binding.how in ("parameter", "value", "unknown"):
        named = _annotation(evaluator, binding.annotation, binding.place, depth)
        if named and not named.startswith("?"):
            return named
    if binding.how == "value" and binding.expr is not None and not binding.path:
        found = dotted(evaluator, binding.expr, binding.place, depth + 1)
        return "" if found == "?" else found
    if binding.how == "parameter" and isinstance(binding.expr, ast.Call | ast.Name | ast.Attribute):
        found = dotted(evaluator, binding.expr, binding.place, depth + 1)
        return "" if found == "?" else found
    return ""


def _annotation(evaluator: Evaluator, annotation: ast.expr, place: Place, depth: int) -> str:
    if isinstance(annotation, ast.BinOp):
        return _annotation(evaluator, annotation.left, place, depth)
    if isinstance(annotation, ast.Name | ast.Attribute):
        return f"{dotted(evaluator, annotation, place, depth + 1)}()"
    return ""


def _own(evaluator: Evaluator, attribute: str, place: Place, depth: int) -> str:
    owner = enclosing_class(place.scope)
    if owner is not None:
        for binding in (*owner.attributes.get(attribute, ()), *owner.bindings.get(attribute, ())):
            found = _bound(evaluator, binding, depth + 1)
            if found:
                return found
    return f"?self.{attribute}"


def enclosing_class(scope: Scope | None) -> Scope | None:
    """The class a scope lies in."""
    while scope is not None and scope.kind != "class":
        scope = scope.parent
    return scope


def last(name: str) -> str:
    """The last part of a dotted name: what is called."""
    return name.rpartition(".")[2].lstrip("?")


def root(name: str) -> str:
    """The module a dotted name begins with; '.' for the project's own; empty when it is not known."""
    if name.startswith("."):
        return "."
    return "" if name.startswith("?") else name.split(".", 1)[0].split("(", 1)[0]


def source(module: Module, expr: ast.expr) -> str:
    """An expression as written."""
    first, last = expr.lineno - 1, (expr.end_lineno or expr.lineno) - 1
    lines = [line.encode() for line in module.lines[first : last + 1]]
    if not lines:
        return ast.unparse(expr)
    lines[-1] = lines[-1][: expr.end_col_offset]
    lines[0] = lines[0][expr.col_offset :]
    return b"\n".join(lines).decode(errors="replace")


def word(expr: ast.expr) -> str:
    """The name of a name or attribute: what is called, inherited from or decorated with; empty for anything else."""
    return expr.attr if isinstance(expr, ast.Attribute) else expr.id if isinstance(expr, ast.Name) else ""


def bases(scope: Scope) -> list[str]:
    """Names of the classes that a class inherits from."""
    return [word(base) for base in getattr(scope.node, "bases", ())]


def decorators(scope: Scope) -> set[str]:
    """Names of a function's decorators, called or not."""
    found = getattr(scope.node, "decorator_list", ())
    return {word(part.func if isinstance(part, ast.Call) else part) for part in found}
