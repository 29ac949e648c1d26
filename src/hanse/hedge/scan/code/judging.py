"""Whether a text is a model where code puts it: in a loading call, under a keyword or a name, or anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from hanse.hedge.scan import keys, looks, vocabulary
from hanse.hedge.scan.finding import Kind
from hanse.hedge.scan.looks import Look
from hanse.hedge.scan.vocabulary import word_lists

Ask = str
"""How a call asks: 'any' (nothing but a model can stand there), 'shape' (the text must look like one), 'file' (the same, but
a path must be a file of weights), 'ollama', 'hosted' (both: any name), 'weights' (a file of weights), 'torch.hub'."""

_WORDS = word_lists("judging")
_GOODS = _WORDS["goods"]
_PREFIX = re.compile(r"(?:local|hf-hub|hf_hub|huggingface|hf|transformers|sentence-transformers):(?=[^/\s]+/)")
_WORKERS = re.compile(r"@(?:cf|hf)/[\w.-]+/[\w.@-]+")
_CHECKED = re.compile(
    r"price|prices|pricing|cost|costs|limit|limits|window|deprecated|blocked|banned|forbidden|retired|denied|denylist|"
    r"blocklist|tariff|rates|context|regex|pattern|prefix|prefixes|suffix|title|label|labels|description|message|error|"
    r"help|prompt|template|doc|docs|alias"
)
_COLLECTIONS = _WORDS["collections"]
"""Last words of names for many models: MODEL_MAP."""
_EXTRA = frozenset(
    {"model_source", "path_or_hf_repo", "source_model", "model_spec", "model_string", "model_str", "model_ref"}
)
_MODELISH = re.compile(
    r"(?:^|[-_./])(?:\d+x)?\d+(?:\.\d+)?[bm](?:$|[-_.])|llama|mistral|mixtral|qwen|gemma|phi-?\d|bert|gpt|t5|bart|whisper|clip|vit-|"
    r"bge|gte-|minilm|mpnet|falcon|bloom|opt-\d|diffusion|sdxl|flux|wav2vec|hubert|instruct|-chat|-base|-large|-small|-tiny|"
    r"embed|rerank|lora|gguf|awq|gptq|uncased|-cased|deepseek|nllb|opus-mt|detr|resnet|convnext|vicuna|zephyr|starcoder|"
    r"codegen|pythia|smol|olmo|granite|nemotron|command-r|yolo|segformer|florence|siglip|dino|blip|controlnet|ip-adapter|"
    r"e5-|moe|adapter|tokenizer|splade|colbert|bark|musicgen|speecht5|parakeet|canary|kokoro|kimi|glm-|minimax|ernie|jamba|"
    r"-v\d|layoutlm|donut|trocr|longformer|electra|pegasus|marian|mamba|rwkv|stablelm|dolly|mpt-|-it$|-sft|-dpo|-ft$|sam-|sam2|xlm",
    re.IGNORECASE,
)
_GIVEN_AWAY = re.compile(
    r"hf://|huggingface\.co/|hf\.co/|hf-mirror\.com/|modelscope\.c|ollama\.com/library/|tfhub\.dev/|"
    r"\.(?:gguf|ggml|safetensors|onnx|ptl?|pth|ckpt|keras|tflite|mlmodel|llamafile|nemo|caffemodel|pdparams|litertlm|bin|h5)"
    r"(?:\?[^/]*)?$|^[A-Za-z0-9][\w.-]*/[\w.-]+$"
)
_FETCHED = re.compile(
    r"^hf://|/(?:resolve|raw)/|\.git$|^git\+|://(?:api-inference|router)\.huggingface\.co/|://tfhub\.dev/"
)
_ADDRESS = re.compile(
    r"(?:huggingface\.co|hf\.co|hf-mirror\.com)/(?:models/)?\{[^{}]+\}|hf://\{|(?:huggingface\.co|hf\.co)/.*/resolve/"
)
_FILE_NAMES = re.compile(
    r"(?:weights|model|index|adapter)_(?:name|file|filename|file_name)|\w*file_?name", re.IGNORECASE
)


def by_call(text: str, ask: Ask, kind: Kind) -> Look | None:
    """A text that a loading call is given. `kind` is that of a name without a shape."""
    text = text.strip()
    if ask == "weights":
        return _look(text) if looks.weights(text) or "://" in text else None
    if ask == "ollama":
        return looks.ollama(text)
    found = _look(text)
    if found is not None and not (ask == "hosted" and found.kind in ("ollama", "hub") and "/" not in text):
        return found
    if ask == "shape":
        return found
    if ask == "hosted":
        return Look("hosted", text) if re.fullmatch(r"[\w.:/@+-]{2,120}", text) and not looks.blank(text) else None
    guess = looks.asked(text)
    if guess is None:
        return None
    return Look(kind, guess.ref, guess.revision) if guess.kind == "hub" and "/" not in text else guess


def by_name(name: str, text: str) -> Look | None:
    """A text under a keyword, key, constant or attribute of this name, when the name speaks of models."""
    how = strength(name)
    if how == "no":
        return None
    found = _look(text.strip())
    if found is None or (
        found.kind == "path" and "/" not in text and _FILE_NAMES.search(name) and not text.endswith(".gguf")
    ):
        return None
    if how == "sure":
        return None if found.kind == "path" and _folder(text.strip()) else found
    if found.kind == "path":
        return found if looks.weights(text) else None
    if found.kind == "ollama":
        return found if re.search(r"[\d:-]", text) else None
    if found.kind == "hub" and "/" in text and "://" not in text:
        return found if modelish(text) else None
    return found


def _folder(text: str) -> bool:
    """Whether a path names a folder of models rather than a model."""
    last = text.rstrip("/").rpartition("/")[2].lower()
    return text.endswith("/") or last in ("", ".", "..", "~") or last in vocabulary.FOLDERS


@lru_cache(maxsize=8192)
def strength(name: str) -> keys.Strength:
    """Whether a name of code speaks of models: 'sure', 'vague' or 'no'."""
    whole = "_".join(keys.words(name))
    if whole in _EXTRA:
        return "sure"
    if any(_CHECKED.fullmatch(word) for word in keys.words(name)):
        return "no"
    found = keys.strength(name)
    if found != "no":
        return found
    parts = list(keys.words(name))
    for index, part in enumerate(parts):  # models_by_task
        if part in ("by", "for", "per") and index:
            parts = parts[:index]
            break
    while len(parts) > 1 and parts[-1] in _COLLECTIONS:
        parts.pop()
    return keys.strength("_".join(parts))


def goods(names: Iterable[str]) -> bool:
    """Whether these keys or keywords stand beside the model of a car or a device."""
    return not _GOODS.isdisjoint(names)


def inner_file(text: str, beside: Iterable[str]) -> bool:
    """Whether a text is a file inside a repository or at an address that stands beside it."""
    if "/" in text or not looks.weights(text):
        return False
    found = [_look(other) for other in beside if other != text and "/" in other]
    return any(look is not None and look.kind in ("hub", "url") for look in found)


def anywhere(text: str) -> Look | None:
    """A text that is a model wherever it stands: what is fetched from the hub, a file of weights, a known organization's
    model. A page about a model is none."""
    bare = text.split("?", maxsplit=1)[0].split("#", maxsplit=1)[0] if "://" in text else text
    found = looks.anywhere(bare)
    if found is None:
        return None
    if "://" in text:
        return found if looks.weights(bare) or _FETCHED.search(bare) else None
    if found.kind == "hub" and not modelish(text):
        return None
    if found.kind == "path" and "/" not in text and not text.endswith((".gguf", ".llamafile")):
        return None  # a file's name alone is mostly one inside a repository or folder
    return found


def address_of_model(text: str) -> bool:
    """Whether a string with `{x}` for its gaps is the address of a model on the hub, and not prose around one."""
    if re.search(r"\s|/(?:datasets|spaces|api|docs)/", text):
        return False
    return _ADDRESS.search(text) is not None


def may_be_anywhere(text: str) -> bool:
    """A cheap first question before `anywhere`."""
    return 3 < len(text) <= looks.MAX_LENGTH and _GIVEN_AWAY.search(text) is not None


def modelish(text: str) -> bool:
    """Whether the name after the organization sounds like a model: a size, a family, a role."""
    return _MODELISH.search(text.partition("/")[2] or text) is not None


def _look(text: str) -> Look | None:
    found = looks.keyed(text)
    if found is not None:
        return found
    if _WORKERS.fullmatch(text):
        return Look("hosted", text)
    prefix = _PREFIX.match(text)
    if prefix is not None:
        inner = looks.keyed(text[prefix.end() :])
        return Look(inner.kind, text, inner.revision) if inner is not None else None
    if vocabulary.HOSTED.fullmatch(text.removeprefix("ft:").split(":")[0]) and text.startswith("ft:"):
        return Look("hosted", text)
    return None
