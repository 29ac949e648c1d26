"""Words by which `looks` tells a model from any other string: suffixes, providers, families, folders.

They are data, kept short on purpose: a name that is in no list is still found where a call, a flag or a key asks for a
model; these lists only decide its kind, or whether a string under a vague key is a model at all.
"""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files

_LISTS: dict[str, dict[str, str]] = tomllib.loads((files("hanse.hedge.scan") / "words.toml").read_text(encoding="utf-8"))


def word_lists(module: str) -> dict[str, frozenset[str]]:
    """The lists of one module, by name."""
    return {name: frozenset(text.split()) for name, text in _LISTS[module].items()}


_WORDS = word_lists("vocabulary")

WEIGHTS = (
    ".gguf", ".ggml", ".safetensors", ".onnx", ".bin", ".pt", ".pth", ".ckpt", ".h5", ".hdf5", ".keras", ".tflite", ".pkl",
    ".pickle", ".joblib", ".mlmodel", ".mlpackage", ".engine", ".plan", ".llamafile", ".pb", ".nemo", ".caffemodel",
    ".pdparams", ".mar", ".task", ".litertlm",
)  # fmt: skip
"""Suffixes of files that hold weights."""

SURE_WEIGHTS = (
    ".gguf", ".ggml", ".safetensors", ".onnx", ".pt", ".pth", ".ckpt", ".keras", ".tflite", ".mlmodel", ".llamafile",
    ".nemo", ".caffemodel", ".pdparams", ".litertlm",
)  # fmt: skip
"""Those that hardly anything else has: enough even where nothing asks for a model."""

NOT_MODELS = re.compile(
    r"\.(py|pyi|ipynb|js|mjs|cjs|jsx|ts|tsx|json|jsonl|ya?ml|toml|ini|cfg|conf|env|md|rst|txt|csv|tsv|parquet|arrow|sh|bash|"
    r"sql|html?|css|scss|xml|svg|png|jpe?g|gif|webp|wav|mp3|mp4|pdf|log|lock|go|rs|java|kt|c|cc|cpp|h|hpp|cu|rb|php|jinja2?|"
    r"j2|tmpl|tf|proto|tar|gz|tgz|zip|whl|git|sock|db|sqlite|vocab|tiktoken|index)$",
    re.IGNORECASE,
)
"""Suffixes of code, text and data: org/name never ends so."""

FOLDERS = _WORDS["folders"]
"""First parts of relative paths: what starts so is a folder here and no organization of the hub."""
MEDIA = frozenset({"text", "application", "image", "audio", "video", "multipart", "font", "message", "chemical"})
"""Top levels of media types: text/plain is no model."""
PROVIDERS = _WORDS["providers"]
"""First parts of names that litellm, the AI SDK and OpenRouter route to an API."""
FAMILIES = _WORDS["families"]
"""Names in Ollama's library."""
ORGANIZATIONS = _WORDS["organizations"]
"""Organizations of the hub, in lower case: enough where nothing asks for a model."""

LOCAL_SERVERS = {"ollama": "ollama", "ollama_chat": "ollama", "huggingface": "hub", "hosted_vllm": "hub", "vllm": "hub",
                 "llamafile": "path", "lm_studio": "hub", "text-generation-inference": "hub"}  # fmt: skip
"""First parts that route to a server of one's own, with the kind of what follows."""

_HOSTED = (
    r"gpt-(?!oss)[345][\w.-]*", r"gpt-(image|realtime|audio)[\w.-]*", r"chatgpt-[\w.-]+",
    r"o[134](-(mini|pro|preview)[\w.-]*|-\d[\d-]*)?", r"text-(embedding-(3-|ada|gecko|00)|davinci|curie|moderation)[\w.-]*",
    r"(dall-e-|sora-)\d[\w-]*", r"(whisper|tts)-1[\w-]*", r"omni-moderation[\w-]*", r"claude-[\w.@-]+", r"gemini-[\w.-]+",
    r"(text|chat|code)-(bison|unicorn)[\w@.-]*", r"textembedding-gecko[\w@.-]*", r"(imagen|veo)-\d[\w.-]*",
    r"command(-(r|a|light|nightly|text)[\w.+-]*)?", r"embed-(english|multilingual|v\d)[\w.-]*",
    r"rerank-(english|multilingual|v?\d)[\w.-]*", r"open-(mistral|mixtral|codestral)[\w.-]*",
    r"mistral-(large|small|medium|tiny|embed|ocr|saba|moderation)(-(latest|2\d\d\d))?",
    r"(codestral|ministral-\d+b|pixtral(-\w+)?|magistral-\w+|devstral-\w+)(-embed)?-(latest|2\d\d\d)",
    r"grok-[\w.-]+", r"deepseek-(chat|reasoner)", r"sonar(-[\w-]+)?", r"jamba-[\w.-]+", r"voyage-[\w.-]+",
    r"jina-(embeddings|reranker|clip)-v\d[\w.-]*", r"qwen-(max|plus|turbo|long|vl)[\w.-]*", r"qwen3-max[\w.-]*",
    r"moonshot-v1-\w+", r"kimi-(k\d|latest)[\w.-]*", r"glm-\d[\w.-]*", r"ernie-[\w.-]+", r"doubao-[\w.-]+",
    r"nova-(lite|pro|micro|premier|\d)[\w.-]*", r"llama-3[\w.]*-\d+b-(versatile|instant|preview)[\w-]*",
    r"llama-?3[\w.]*-(sonar|groq)[\w-]+", r"mixtral-8x7b-32768", r"eleven_[\w.]+",
    r"((us|eu|apac|global)\.)?(amazon|anthropic|meta|cohere|ai21|mistral|stability|deepseek|writer|openai|qwen)"
    r"\.[a-z][\w.-]*(:\d+)?(:\w+)?",
)  # fmt: skip
HOSTED = re.compile(f"(?:models/)?(?:{'|'.join(_HOSTED)})")
"""Bare names of models that only somebody's API has."""

_OLD = (
    r"(openai-)?gpt2?", r"gpt2-(medium|large|xl)", "distilgpt2", r"(distil)?bert-(base|large)-[\w-]+",
    r"(distil)?roberta-(base|large)[\w-]*", r"albert-[\w]+-v\d", r"t5-(small|base|large|3b|11b)", r"xlm-(roberta|mlm|clm)-[\w-]+",
    r"xlnet-(base|large)-cased", "camembert-base", "ctrl", r"all-(MiniLM|mpnet|distilroberta|roberta)-[\w-]+", r"multi-qa-[\w-]+",
    r"paraphrase-[\w-]+", r"msmarco-[\w-]+", r"clip-ViT-[\w-]+", r"distiluse-base-[\w-]+", "LaBSE", r"(gtr|sentence)-t5-[\w-]+",
    r"(nli|stsb)-[\w-]+", r"bge-(small|base|large|m3|reranker)[\w.-]*", r"(multilingual-)?e5-(small|base|large|mistral)[\w.-]*",
    r"gte-(small|base|large|qwen)[\w.-]*", r"en_core_(web|sci)_\w+", r"\w\w_core_(news|web)_\w+",
)  # fmt: skip
OLD_HUB = re.compile("|".join(_OLD))
"""Names without an organization: old ones of the hub, those of sentence-transformers, pipelines of spaCy."""

_OPEN_BY_OPENAI = re.compile(
    r"whisper-(tiny|base|small|medium|large)|clip|gpt-oss|shap-e|point-e|consistency|imagegpt|privacy|jukebox|diffusers"
)
_CLOSED_BY_GOOGLE = re.compile(r"gemini|text-|chat-|palm|veo|imagen|lyria")


def closed(first: str, rest: str) -> bool:
    """Whether FIRST/REST is a model behind an API: a provider's name, unless what follows is known to be open."""
    if first == "openai":
        return _OPEN_BY_OPENAI.match(rest) is None
    if first == "google":
        return _CLOSED_BY_GOOGLE.match(rest) is not None
    return first in PROVIDERS
