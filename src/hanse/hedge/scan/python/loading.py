"""From a call to the arguments in it that name models, with what the call says about their revision."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from hanse.hedge.scan.code import judging, texts
from hanse.hedge.scan.code.judging import Ask
from hanse.hedge.scan.code.values import Plain, Table, Text, Thing, Unknown, Values
from hanse.hedge.scan.finding import Kind
from hanse.hedge.scan.python import calls, naming
from hanse.hedge.scan.python.callees import CHOOSERS, LOOKUPS
from hanse.hedge.scan.python.calls import Spec
from hanse.hedge.scan.python.evaluator import Evaluator
from hanse.hedge.scan.python.muted import muted
from hanse.hedge.scan.python.parameters import MAPPING, PASSING
from hanse.hedge.scan.python.values import Site

_TORCHVISION = re.compile(r"torchvision\.models\.(?:[a-z_]+\.)*(?P<builder>[a-z]\w*\d\w*|[a-z]\w+)$")
_KERAS = re.compile(r"(?:tensorflow|tf|keras)\.(?:\w+\.)*applications\.(?:\w+\.)*(?P<builder>[A-Z]\w+)$")
_NOT_BUILDERS = frozenset({"get_weight", "get_model_weights", "list_models", "get_model_builder"})
_WITH_FLAG = re.compile(r"(?P<library>timm|open_clip)\.(?:\w+\.)*(?P<call>create_model\w*)$")
_SETTINGS = re.compile(
    r"(?:^|_)(?:settings|config|cfg|conf|args|opts?|options|params|hparams|flags|env|namespace)$", re.I
)
"""What holds names, not models."""
FILES = frozenset(
    {"filename", "weight_name", "gguf_file", "model_file", "subfolder", "file_name", "variant", "allow_patterns"}
)
"""Keywords for a file inside a repository that the same call names."""
_NAME = re.compile(
    r"(?:^|_)(?:name|id|path|repo|ckpt|checkpoint|uri|url|ref|file|slug|identifier|source)s?$|_or_path$", re.IGNORECASE
)
"""Variables that hold names, not models."""
_DESCRIBES = frozenset({"name", "id", "path", "repo", "slug", "identifier", "source", "uri", "default"})
"""Keywords that name the model a class like ModelConfig describes."""
_VAGUE = "model_backbone"
"""A name that speaks of models only vaguely."""
_DESCRIBED = re.compile(r"^[A-Z]\w*(?:Model|LLM|Llm|Embed|Tokenizer)|^(?:Model|LLM|Llm|Embed|Tokenizer)")
_WIDGETS = frozenset({"Dropdown", "Radio", "Select", "RadioButtons", "Combobox"})
_LOADERS = re.compile(r"model|llm|tokenizer|embedder|checkpoint|pipeline|lora|adapter|weights", re.IGNORECASE)
_OTHER_TYPES = frozenset({"dataset", "space"})


@dataclass(frozen=True, eq=False)
class Asked:
    """An argument that names a model."""

    expr: ast.expr
    how: str
    ask: Ask = "any"
    kind: Kind = "hub"
    revisions: tuple[Text, ...] = ()
    name: str = ""
    """The keyword, when only it says that a model is meant."""
    objects: bool = False
    silent: bool = False


@dataclass(frozen=True)
class Built:
    """A call whose own name is that of the model: resnet50(weights=...)."""

    ref: str
    how: str


def asked(evaluator: Evaluator, site: Site, name: str) -> Iterator[Asked | Built]:
    """The arguments of a call that name models; `name` is the callee's dotted name."""
    call, last = site.node, naming.last(name)
    if not last or (texts.texts(tuple(_keyword(evaluator, site, "repo_type"))) and _is_other(evaluator, site)):
        return
    special = _special(evaluator, site, name, last)
    if special is not None:
        yield from special
        return
    taken: set[int] = set()
    for spec in calls.specs(name):
        for expr, keyword in _arguments(call, _for_adapters(spec, name), spec.keywords):
            if id(expr) not in taken and not isinstance(expr, ast.Starred):
                taken.add(id(expr))
                revisions = revisions_of(evaluator, site, keyword)
                yield Asked(expr, f"{last}(...)", spec.ask, spec.kind, revisions, "", spec.objects, spec.silent)
    yield from _generic(evaluator, site, last, taken)


def _special(evaluator: Evaluator, site: Site, name: str, last: str) -> Iterator[Asked | Built] | None:
    """Calls with rules of their own; None for all others."""
    if last in ("load", "list", "help") and name.endswith("hub." + last) and naming.root(name) == "torch":
        return _torch_hub(evaluator, site, last)
    for pattern in (_TORCHVISION, _KERAS):
        builder = pattern.search(name)
        if builder is not None and builder["builder"] not in _NOT_BUILDERS:
            return _builder(evaluator, site, builder["builder"], keras=pattern is _KERAS)
    flagged = _WITH_FLAG.match(name)
    if flagged is not None:
        return _flagged(evaluator, site, flagged["library"], last)
    if last in ("simple_evaluate", "evaluate") and any(keyword.arg == "model_args" for keyword in site.node.keywords):
        return iter(())  # its names stand inside one string: see `reading`
    return None


def builds(call: ast.Call) -> bool:
    """Whether the callee's own name may be that of a model."""
    last = naming.word(call.func)
    return (
        last[:1].isupper()
        or any(keyword.arg in ("weights", "pretrained", "model_args") for keyword in call.keywords)
        or last == "get_model"
    )


def _generic(evaluator: Evaluator, site: Site, last: str, taken: set[int]) -> Iterator[Asked]:
    """model=, tokenizer=, checkpoint=... of any call; the first argument of calls like load_model("org/name"); the default of
    a lookup like get("model", "org/name")."""
    call = site.node
    if muted(call, last):
        return
    keywords = {keyword.arg or "" for keyword in call.keywords}
    aliased = "litellm_params" in keywords
    if judging.goods(keywords):
        return
    described = _DESCRIBED.search(last) is not None
    for keyword in call.keywords:
        name = keyword.arg or ""
        if described and name in _DESCRIBES:  # ModelConfig(name="org/name"), but also UserModel(id="a/b")
            name = _VAGUE
        if (
            name
            and id(keyword.value) not in taken
            and judging.strength(name) != "no"
            and not (aliased and name == "model_name")
        ):
            yield _keyed(evaluator, site, keyword.value, f"{last}({keyword.arg}=...)", name)
    if last in CHOOSERS | _WIDGETS:
        for expr in _choices(call):
            yield _keyed(evaluator, site, expr, f"{last}(...)", "model")
    first = call.args[0] if call.args else None
    if first is None or id(first) in taken:
        return
    if (
        isinstance(first, ast.Constant)
        and isinstance(first.value, str)
        and last in LOOKUPS
        and judging.strength(first.value) != "no"
    ):
        for default in [
            *call.args[1:2],
            *(keyword.value for keyword in call.keywords if keyword.arg in ("default", "fallback")),
        ]:
            yield _keyed(evaluator, site, default, f"default of {first.value}", first.value)
    elif isinstance(first, ast.Constant | ast.Name | ast.Attribute | ast.JoinedStr) and _LOADERS.search(last):
        yield replace(_keyed(evaluator, site, first, f"{last}(...)", f"{last}_model"), ask="file")


def _choices(call: ast.Call) -> Iterator[ast.expr]:
    """What can be chosen in a widget whose label speaks of models."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    labels = [*call.args[:1], *(given[name] for name in ("label", "name", "description") if name in given)]
    if any(
        isinstance(label, ast.Constant) and re.search(r"\b(?:model|llm)s?\b", str(label.value), re.I)
        for label in labels
    ):
        yield from call.args[1:2]
        yield from (given[name] for name in ("options", "choices", "value") if name in given)


def _keyed(evaluator: Evaluator, site: Site, expr: ast.expr, how: str, name: str) -> Asked:
    """An argument for which only a name speaks."""
    return Asked(expr, how, "shape", "hub", revisions_of(evaluator, site, name), name, silent=True)


def _arguments(call: ast.Call, position: int | None, keywords: tuple[str, ...]) -> Iterator[tuple[ast.expr, str]]:
    for keyword in call.keywords:
        if keyword.arg in keywords:
            yield keyword.value, keyword.arg or ""
    if (
        position is not None
        and len(call.args) > position
        and not any(isinstance(part, ast.Starred) for part in call.args[:position])
    ):
        yield call.args[position], "model"


def _for_adapters(spec: Spec, name: str) -> int | None:
    """PeftModel.from_pretrained takes a loaded model first."""
    owner = naming.last(name.removesuffix(".from_pretrained"))
    if spec.position == 0 and name.endswith(".from_pretrained") and re.fullmatch(r"Peft(?:Mixed)?Model\w*", owner):
        return 1
    return spec.position


def _keyword(evaluator: Evaluator, site: Site, name: str) -> Values:
    """A keyword's values, those in **mappings too."""
    for keyword in site.node.keywords:
        if keyword.arg == name:
            return evaluator.evaluate(keyword.value, site.place)
    for keyword in site.node.keywords:
        if keyword.arg is None:
            for value in evaluator.evaluate(keyword.value, site.place):
                if isinstance(value, Table):
                    for key, item in value.pairs:
                        if key and any(text.value == name for text in texts.texts(key)):
                            return evaluator.later(item)
    return ()


def _is_other(evaluator: Evaluator, site: Site) -> bool:
    return all(text.value in _OTHER_TYPES for text in texts.texts(_keyword(evaluator, site, "repo_type")))


def revisions_of(evaluator: Evaluator, site: Site, keyword: str) -> tuple[Text, ...]:
    """The revisions that a call may give the model under `keyword`."""
    stem = re.sub(r"(?<=[a-z])_?(?:id|name|path|name_or_path)$", "", keyword)
    names = [f"{keyword}_revision", f"{stem}_revision"]
    if not re.match(r"tokenizer|adapter|draft|speculative|lora|assistant|controlnet|vae", keyword):
        names += ["revision", "model_revision"]
    for name in dict.fromkeys(names):
        found = texts.texts(_keyword(evaluator, site, name))
        if found:
            return tuple(found)
    return ()


def _torch_hub(evaluator: Evaluator, site: Site, last: str) -> Iterator[Asked]:
    if last != "load" or any(text.value == "local" for text in texts.texts(_keyword(evaluator, site, "source"))):
        return
    for expr, _ in _arguments(site.node, 0, ("repo_or_dir", "github")):
        yield Asked(expr, "torch.hub.load(...)", "torch.hub", "url")


def _builder(evaluator: Evaluator, site: Site, builder: str, keras: bool) -> Iterator[Asked | Built]:
    """torchvision.models.resnet50(weights=...), keras.applications.ResNet50()."""
    given = {keyword.arg: keyword.value for keyword in site.node.keywords if keyword.arg}
    weights = given.get("weights") or given.get("pretrained")
    if weights is None and builder != "get_model" and site.node.args and not keras:
        weights = site.node.args[0]
    if weights is None and keras:
        yield Built(builder, f"{builder}(...)")
        return
    if weights is None or (isinstance(weights, ast.Constant) and weights.value in (None, False)):
        return
    values = evaluator.evaluate(weights, site.place)
    if values and all(isinstance(value, Plain) and value.value in (None, False) for value in values):
        return
    if any(judging.by_call(text.value, "weights", "path") for text in texts.texts(values)):
        yield Asked(weights, f"{builder}(...)", "weights", "path")
    elif builder == "get_model":
        for expr, _ in _arguments(site.node, 0, ("name",)):
            yield Asked(expr, "get_model(...)", "any", "url")
    else:
        yield Built(builder, f"{builder}(...)")


def _flagged(evaluator: Evaluator, site: Site, library: str, last: str) -> Iterator[Asked]:
    """timm.create_model(name, pretrained=True), open_clip.create_model_and_transforms(name, pretrained="...")."""
    values = _keyword(evaluator, site, "pretrained")
    if not values and len(site.node.args) > 1 and library == "open_clip":
        values = evaluator.evaluate(site.node.args[1], site.place)
    off = not values or all(isinstance(value, Plain) and not value.value for value in values)
    for expr, name in _arguments(site.node, 0, ("model_name", "model")):
        named = texts.texts(evaluator.evaluate(expr, site.place))
        on_hub = any(text.value.startswith(("hf-hub:", "hf_hub:")) for text in named) and library == "open_clip"
        if not off or on_hub or "from_pretrained" in last:
            yield Asked(expr, f"{last}(...)", "any", "hub", revisions_of(evaluator, site, name))
    for keyword in site.node.keywords:
        if keyword.arg == "checkpoint_path":
            yield Asked(
                keyword.value, f"{last}(checkpoint_path=...)", "shape", "path", (), "checkpoint_path", silent=True
            )


def inner_files(site: Site, name: str) -> Iterator[ast.expr]:
    """The file inside a repository that a call fetches: the repository is the model, the file is no second one."""
    call, last = site.node, naming.last(name)
    named = {given.arg for given in call.keywords}
    if (
        last in ("hf_hub_download", "hf_hub_url", "try_to_load_from_cache", "model_file_download")
        and len(call.args) > 1
    ):
        yield call.args[1]
    if (
        last in ("from_pretrained", "load_lora_weights", "load_ip_adapter", "load_textual_inversion")
        or "repo_id" in named
        or last.startswith("hf_hub")
    ):
        for given in call.keywords:
            if given.arg in FILES:
                yield given.value


def handed_over(site: Site) -> Site | None:
    """map(load, names) and submit(load, name) as a call of load."""
    call = site.node
    last = naming.word(call.func)
    at = 1 if last == "run_in_executor" else 0
    if (
        last not in MAPPING | PASSING
        or len(call.args) < at + 2
        or not isinstance(call.args[at], ast.Attribute | ast.Name)
    ):
        return None
    rest = call.args[at + 1 :]
    if last in MAPPING:
        any_item = ast.copy_location(ast.Name("", ast.Load()), call)
        rest = [ast.copy_location(ast.Subscript(part, any_item, ast.Load()), part) for part in rest]
    made = ast.copy_location(ast.Call(call.args[at], rest, [] if last in MAPPING else call.keywords), call)
    site.place.scope.module.kept.append(made)
    return Site(made, site.place)


def meant_as_name(expr: ast.expr, values: Values, objects: bool) -> bool:
    """Whether an unknown argument is a name rather than a loaded model."""
    if any(isinstance(value, Thing) for value in values):
        return False
    if not objects or any(isinstance(value, Unknown) and value.why == "input" for value in values):
        return True
    name = expr.id if isinstance(expr, ast.Name) else expr.attr if isinstance(expr, ast.Attribute) else ""
    if isinstance(expr, ast.Attribute) and isinstance(expr.value, ast.Name | ast.Attribute):
        holder = expr.value.id if isinstance(expr.value, ast.Name) else expr.value.attr
        if _SETTINGS.search(holder):
            return True
    if isinstance(expr, ast.Subscript | ast.Call | ast.JoinedStr):
        return not isinstance(expr, ast.Call)
    return _NAME.search(name) is not None
