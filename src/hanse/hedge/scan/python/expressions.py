"""The expressions of one walk over a syntax tree: calls, dictionaries, targets of assignments, telling literals."""

from __future__ import annotations

import ast
from collections.abc import Callable

from hanse.hedge.scan.code import judging
from hanse.hedge.scan.python import naming
from hanse.hedge.scan.python.muted import copies, is_target, muted
from hanse.hedge.scan.python.values import Binding, How, Later, Module, Place, Scope, Site

_OPTION_CALLS = frozenset(
    {"add_argument", "add_option", "option", "argument", "DEFINE_string", "DEFINE_list", "DEFINE_enum"}
)


class Expressions:
    """What a walk does with expressions; `collect` adds statements."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.scope = module.root
        self.blocks: tuple[int, ...] = ()
        self.order = 0
        self.block_count = 0
        self.place = Place(self.scope, (), 0)
        self.mute = False
        """Inside what only prints, compares or saves: literals there choose nothing."""
        self.on: dict[type[ast.AST], Callable[..., None]] = {
            kind: getattr(self, f"_{kind.__name__.lower()}")
            for kind in (  # statements are in `collect`
                ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.For,
                ast.AsyncFor, ast.While, ast.If, ast.Try, ast.TryStar, ast.With, ast.AsyncWith, ast.Match, ast.Return, ast.Yield,
                ast.Expr, ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal, ast.Call, ast.Compare, ast.Dict, ast.Name,
                ast.Constant, ast.JoinedStr, ast.Lambda, ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp,
                ast.NamedExpr, ast.Subscript, ast.Raise, ast.Assert, ast.Delete,
            )
        }  # fmt: skip

    def visit(self, node: ast.AST) -> None:
        on = self.on.get(type(node))
        if on is not None:
            on(node)
        else:
            self.children(node)

    def children(self, node: ast.AST) -> None:
        """As ast.iter_child_nodes, which costs twice as much."""
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                for part in value:
                    if isinstance(part, ast.AST):
                        self.visit(part)
            elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context | ast.operator):
                self.visit(value)

    def quiet(self, *nodes: ast.AST | None) -> None:
        outer, self.mute = self.mute, True
        for node in nodes:
            if node is not None:
                self.visit(node)
        self.mute = outer

    def _parameters(self, arguments: ast.arguments, scope: Scope) -> None:
        plain = [*arguments.posonlyargs, *arguments.args]
        defaults: list[ast.expr | None] = [*([None] * (len(plain) - len(arguments.defaults))), *arguments.defaults]
        pairs = [*zip(plain, defaults, strict=False), *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=False)]
        for argument, default in pairs:
            binding = Binding(
                argument.arg, self.place, "parameter", default, scope=scope, annotation=argument.annotation
            )
            binding.line = argument.lineno
            scope.bindings.setdefault(argument.arg, []).append(binding)
            self._name_rule(binding)
            if default is not None:
                self.visit(default)
        for rest in (arguments.vararg, arguments.kwarg):
            if rest is not None:
                scope.bindings.setdefault(rest.arg, []).append(Binding(rest.arg, self.place, "unknown"))

    def _lambda(self, node: ast.Lambda) -> None:
        outer, place = self.scope, self.place
        scope = self.module.inner[id(node)] = Scope(self.module, "lambda", "", self.scope, node, place=place)
        self._parameters(node.args, scope)
        self.scope, self.place = scope, Place(scope, (), self.order)
        scope.returns.append(Later(node.body, self.place))
        self.visit(node.body)
        self.scope, self.place = outer, place

    def _namedexpr(self, node: ast.NamedExpr) -> None:
        scope = self.scope
        while scope.kind == "comprehension" and scope.parent is not None:
            scope = scope.parent
        before = Place(self.scope, self.blocks, self.order - 1)  # the rest of the statement already reads it
        binding = Binding(node.target.id, before, "value", node.value)
        scope.bindings.setdefault(node.target.id, []).append(binding)
        self._name_rule(binding)
        self.visit(node.value)

    def _target(
        self,
        target: ast.expr,
        how: How,
        value: ast.expr | None,
        path: tuple[int, ...] = (),
        annotation: ast.expr | None = None,
    ) -> None:
        """Bind what stands left of '=' or after 'for'."""
        if isinstance(target, ast.Tuple | ast.List):
            pairs = value.elts if how == "value" and not path and isinstance(value, ast.Tuple | ast.List) else None
            for index, part in enumerate(target.elts):
                if pairs is not None and len(pairs) == len(target.elts):
                    self._target(part, how, pairs[index])
                else:
                    self._target(part, how, value, (*path, index))
            return
        if isinstance(target, ast.Starred):
            self._target(target.value, "unknown", None)
            return
        if isinstance(target, ast.Name):
            binding = Binding(target.id, self.place, how, value, path, annotation=annotation, line=target.lineno)
            self._bind(binding)
        elif isinstance(target, ast.Attribute):
            binding = Binding(target.attr, self.place, how, value, path, annotation=annotation, line=target.lineno)
            self._attribute(target, binding)
            self.visit(target.value)
        elif isinstance(target, ast.Subscript):
            self._item(target, Binding("", self.place, how, value, path, line=target.lineno))
            self.quiet(target.value, target.slice)
            return
        else:
            return
        self._name_rule(binding)

    def _bind(self, binding: Binding) -> None:
        scope = self.scope
        if binding.name in scope.outer_names:
            scope = scope.module.root
        scope.bindings.setdefault(binding.name, []).append(binding)

    def _attribute(self, target: ast.Attribute, binding: Binding) -> None:
        owner = self._class() if isinstance(target.value, ast.Name) and target.value.id in ("self", "cls") else None
        if owner is not None:
            owner.attributes.setdefault(target.attr, []).append(binding)
        else:
            self.module.members.setdefault(target.attr, []).append(binding)

    def _item(self, target: ast.Subscript, binding: Binding) -> None:
        if isinstance(target.slice, ast.Constant) and isinstance(target.slice.value, str):
            binding.name = target.slice.value
            self.module.items.setdefault(binding.name, []).append(binding)
            self._name_rule(binding)

    def _class(self) -> Scope | None:
        scope: Scope | None = self.scope
        while scope is not None and scope.kind != "class":
            scope = scope.parent
        return scope

    def _name_rule(self, binding: Binding) -> None:
        if (binding.expr is not None or binding.how == "parameter") and judging.strength(binding.name) != "no":
            self.module.named.append(binding)

    def _call(self, node: ast.Call) -> None:
        site = Site(node, self.place)
        self.module.calls.append(site)
        last = naming.word(node.func)
        if last:
            self.module.called.setdefault(last, []).append(site)
        if last in _OPTION_CALLS:
            self._option(node)
        if last in ("setdefault", "putenv", "setenv") and len(node.args) > 1:
            self._environment(node.args[0], node.args[1])
        for index, argument in enumerate(node.args):
            if isinstance(argument, ast.Name | ast.Attribute):
                name = argument.id if isinstance(argument, ast.Name) else argument.attr
                self.module.passed.setdefault(name, []).append((site, index))
        for keyword in node.keywords:
            if keyword.arg in ("target", "func", "fn") and isinstance(keyword.value, ast.Name):
                self.module.passed.setdefault(keyword.value.id, []).append((site, -1))
        outer, self.mute = self.mute, muted(node, last)
        self.visit(node.func)
        for argument in node.args[:1] if copies(last) else node.args:
            self.visit(argument)
        self.quiet(*(node.args[1:] if copies(last) else ()))
        for keyword in node.keywords:
            if keyword.arg is not None and is_target(keyword.arg):
                self.quiet(keyword.value)
            else:
                self.visit(keyword.value)
        self.mute = outer

    def _environment(self, key: ast.expr, value: ast.expr) -> None:
        """os.environ.setdefault("MODEL", ...): as an assignment to that item."""
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value.isupper():
            binding = Binding(key.value, self.place, "value", value, line=key.lineno)
            self.module.items.setdefault(key.value, []).append(binding)

    def _option(self, node: ast.Call) -> None:
        """add_argument("--model-id", default=...): the default by the option's name."""
        names = [part.value for part in node.args if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        given = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        long = [name for name in names if name.startswith("--")] or names[:1]
        destination = given.get("dest")
        if isinstance(destination, ast.Constant) and isinstance(destination.value, str):
            long = [destination.value]
        if not long:
            return
        name = long[0].split("/")[0].lstrip("-").replace("-", "_")
        default = given.get("default")
        if (
            default is None
            and isinstance(node.func, ast.Attribute)
            and node.func.attr.startswith("DEFINE_")
            and len(node.args) > 1
        ):
            default = node.args[1]
        if isinstance(default, ast.Constant) and default.value is None:
            default = None
        self.module.options.setdefault(name, []).append(Later(default, self.place) if default is not None else None)
        if default is not None:
            self._name_rule(Binding(name, self.place, "value", default, line=node.lineno))

    def _compare(self, node: ast.Compare) -> None:
        for operand in (node.left, *node.comparators):
            for part in operand.elts if isinstance(operand, ast.Tuple | ast.List | ast.Set) else (operand,):
                if isinstance(part, ast.Name):
                    self.module.compared[part.id] += 1
        self.quiet(node.left, *node.comparators)

    def _dict(self, node: ast.Dict) -> None:
        if not self.mute:
            self.module.tables.append((node, self.place))
        for key in node.keys:
            if key is not None and not isinstance(key, ast.Constant):
                self.quiet(key)
        for value in node.values:
            self.visit(value)

    def _name(self, node: ast.Name) -> None:
        self.module.uses[node.id] += 1

    def _constant(self, node: ast.Constant) -> None:
        if not self.mute and isinstance(node.value, str) and judging.may_be_anywhere(node.value):
            self.module.strings.append((node, self.place))

    def _joinedstr(self, node: ast.JoinedStr) -> None:
        address = False
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                self.quiet(part.value)
            elif isinstance(part, ast.Constant):
                address = (
                    address
                    or "huggingface.co" in str(part.value)
                    or "hf.co/" in str(part.value)
                    or "hf://" in str(part.value)
                )
        if address and not self.mute:
            self.module.addresses.append((node, self.place))

    def _subscript(self, node: ast.Subscript) -> None:
        self.visit(node.value)
        self.quiet(node.slice)

    def _listcomp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        outer, place = self.scope, self.place
        scope = self.module.inner[id(node)] = Scope(self.module, "comprehension", "", self.scope, node, place=place)
        for generator in node.generators:
            self.visit(generator.iter)
            self.scope = scope
            self._target(generator.target, "element", generator.iter)
            self.place = Place(scope, (), self.order)
            for condition in generator.ifs:
                self.quiet(condition)
        for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            self.visit(part)
        scope.returns.append(Later(node.value if isinstance(node, ast.DictComp) else node.elt, self.place))
        self.scope, self.place = outer, place

    _setcomp = _generatorexp = _dictcomp = _listcomp
