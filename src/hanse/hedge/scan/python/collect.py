"""One walk over a syntax tree: scopes and bindings, calls, dictionaries, names that speak of models, telling literals."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from hanse.hedge.scan.python.expressions import Expressions
from hanse.hedge.scan.python.values import Binding, BlockKind, Import, Later, Module, Place, Scope


def collect(tree: ast.Module, text: str, file: str) -> Module:
    """Everything in a file that rules look at. Raises RecursionError for trees that are too deep."""
    module = Module(file, text.split("\n"))
    module.root = Scope(module, "module", "", None, tree)
    walk = _Walk(module)
    walk.body(tree.body)
    return module


class _Walk(Expressions):
    """Statements."""

    def body(self, statements: Iterable[ast.stmt]) -> None:
        for statement in statements:
            self.order += 1
            self.place = Place(self.scope, self.blocks, self.order)
            self.visit(statement)

    def block(self, statements: list[ast.stmt], kind: BlockKind = "branch") -> None:
        if not statements:
            return
        self.block_count += 1
        if kind == "loop":
            self.module.loops.add(self.block_count)
        outer, self.blocks = self.blocks, (*self.blocks, self.block_count)
        self.body(statements)
        self.blocks = outer

    def _functiondef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for decorator in node.decorator_list:
            self.visit(decorator)
        scope = Scope(self.module, "function", node.name, self.scope, node, place=self.place)
        self._bind(Binding(node.name, self.place, "scope", scope=scope))
        self.module.functions.setdefault(node.name, []).append(scope)
        self._parameters(node.args, scope)
        self._inside(scope, node.body)

    _asyncfunctiondef = _functiondef

    def _inside(self, scope: Scope, statements: list[ast.stmt]) -> None:
        outer = self.scope, self.blocks, self.place, self.mute
        self.scope, self.blocks, self.mute = scope, (), False
        self.body(statements)
        self.scope, self.blocks, self.place, self.mute = outer

    def _classdef(self, node: ast.ClassDef) -> None:
        for part in (*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)):
            self.visit(part)
        scope = Scope(self.module, "class", node.name, self.scope, node, place=self.place)
        self._bind(Binding(node.name, self.place, "scope", scope=scope))
        self.module.classes.setdefault(node.name, []).append(scope)
        self._inside(scope, node.body)

    def _assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self._target(target, "value", node.value)
        self.visit(node.value)
        inner = self.module.inner.get(id(node.value))
        if inner is not None and isinstance(node.targets[0], ast.Name):
            inner.name = node.targets[0].id

    def _annassign(self, node: ast.AnnAssign) -> None:
        self._target(node.target, "value", node.value, annotation=node.annotation)
        if node.value is not None:
            self.visit(node.value)

    def _augassign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            before = ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target)
            total = ast.copy_location(ast.BinOp(before, node.op, node.value), node)
            self._target(node.target, "value", total)
        self.visit(node.value)

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        self._target(node.target, "element", node.iter)
        self.block(node.body, "loop")
        self.block(node.orelse)

    _asyncfor = _for

    def _while(self, node: ast.While) -> None:
        self.visit(node.test)
        self.block(node.body, "loop")
        self.block(node.orelse)

    def _if(self, node: ast.If) -> None:
        self.visit(node.test)
        self.block(node.body)
        self.block(node.orelse)

    def _try(self, node: ast.Try) -> None:
        self.block(node.body)
        for handler in node.handlers:
            if handler.name:
                self._bind(Binding(handler.name, self.place, "unknown"))
            self.block(handler.body)
        self.block(node.orelse)
        self.body(node.finalbody)

    _trystar = _try

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self.visit(item.context_expr)
            if item.optional_vars is not None:
                self._target(item.optional_vars, "value", item.context_expr)
        self.body(node.body)

    _asyncwith = _with

    def _match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        for case in node.cases:
            self.block(case.body)

    def _return(self, node: ast.Return) -> None:
        if node.value is not None:
            scope: Scope | None = self.scope
            if scope is not None and scope.kind == "function":
                scope.returns.append(Later(node.value, self.place))
            self.visit(node.value)

    def _yield(self, node: ast.Yield) -> None:
        if node.value is not None:
            self.scope.yields.append(Later(node.value, self.place))
            self.visit(node.value)

    def _expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.visit(node.value)

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            module = alias.name if alias.asname else name
            self._imported(name, Import(module, None, 0))

    def _importfrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            imported = Import(node.module or "", alias.name, node.level)
            if alias.name == "*":
                self.module.stars.append(imported)
            else:
                self._imported(alias.asname or alias.name, imported)

    def _imported(self, name: str, imported: Import) -> None:
        self._bind(Binding(name, self.place, "import", imported=imported))
        self.module.imports.append((name, imported))

    def _global(self, node: ast.Global | ast.Nonlocal) -> None:
        if isinstance(node, ast.Global):
            self.scope.outer_names.update(node.names)

    _nonlocal = _global

    def _raise(self, node: ast.Raise) -> None:
        self.quiet(node.exc, node.cause)

    def _assert(self, node: ast.Assert) -> None:
        self.quiet(node.test, node.msg)

    def _delete(self, node: ast.Delete) -> None:
        self.quiet(*node.targets)
