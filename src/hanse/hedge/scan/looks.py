"""Does a string look like a model? One judgment for every reader.

Three questions, by how much the place says already:

- `anywhere`: nothing asks for a model, so the string must give itself away (hf://, an address on the hub, a file of
  weights, a name by a known organization);
- `keyed`: a key or an option calls it a model, so that shapes count too (org/name, a family of Ollama, a name of an API, a path);
- `asked`: a call or command that takes nothing but a model, so that any name counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from hanse.hedge.scan import vocabulary
from hanse.hedge.scan.finding import Hit, Kind
from hanse.hedge.scan.vocabulary import word_lists

MAX_LENGTH = 400
"""Characters; longer strings are prose or data."""
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}"
_HUB = re.compile(rf"(?P<org>{_NAME})/(?P<name>[A-Za-z0-9_][A-Za-z0-9._-]{{0,95}})")
_AT = re.compile(r"@(?P<revision>[\w./-]+)$")
_BUCKETS = (
    "s3://",
    "gs://",
    "gcs://",
    "az://",
    "abfs://",
    "abfss://",
    "wasbs://",
    "r2://",
    "minio://",
    "oss://",
    "cos://",
)
_PLACES = ("oci://", "docker://", "azureml://", "azureml:", "models:/", "runs:/", "mlflow-artifacts:/", "ms://", "modelscope://",
           "wandb-artifact://", "dvc://", "ngc://", "kaggle://", "ftp://", "file://", "hdfs://", "dbfs:/", "tinker://")  # fmt: skip
_PATHS = ("/", "./", "../", "~/", "pvc://", ".\\", "C:\\", "D:\\")
_OLLAMA = re.compile(
    r"(?P<name>(?:[\w.-]+/)?[a-z][\w.-]*):(?P<tag>latest|(?:\d+x)?\d+(?:\.\d+)?[bm](?:-[\w.]+)*|e[248]b[\w.-]*|[\w.-]*q\d[\w.-]*|"
    r"mini|medium|instruct|text|code|vision|cloud|fp16|[\w.]*-cloud)"
)
_HOLE = re.compile(r"\$\{|\$\(|\$[A-Za-z_0-9@*]|\{\{|\{%|%\(|%s|\$\$|\{[A-Za-z_][\w.]*\}|@[A-Z_]+@|__[A-Z][A-Z_]*__")
_BLANK = re.compile(r"<[^>]+>|(your|my)[-_](model|org|repo|name)[\w/-]*|x{3,}|todo|tbd|changeme|placeholder|none|null|nil|"
                    r"true|false|auto|default|\.{3}|n/a", re.IGNORECASE)  # fmt: skip
_WORDS = word_lists("looks")
_HUB_PAGES = _WORDS["hub_pages"]


@dataclass(frozen=True)
class Look:
    """What a string turned out to be."""

    kind: Kind
    ref: str
    revision: str | None = None

    def hit(self, line: int, how: str) -> Hit:
        """As a reader gives it."""
        return Hit(line, self.ref, self.revision, how, self.kind)


def holes(text: str) -> bool:
    """Whether something is filled in while the program runs: ${...}, {{...}}, %s, {name}: then the name is unresolved."""
    return _HOLE.search(text) is not None


def blank(text: str) -> bool:
    """Whether it only stands where a name would: <your-model>, null, auto, or nothing."""
    return not text.strip() or _BLANK.fullmatch(text.strip()) is not None


def weights(text: str) -> bool:
    """Whether the last part is a file of weights by its suffix."""
    low = text.lower()
    if not low.endswith(vocabulary.WEIGHTS) or any(letter in text for letter in "*?\n"):
        return False
    name = low.rsplit("/", 1)[-1].rsplit("\\", 1)[-1]
    return name not in vocabulary.WEIGHTS


def anywhere(text: str) -> Look | None:
    """A model that gives itself away without any help from its place; None otherwise."""
    text = text.strip()
    if not _plausible(text):
        return None
    found = _address(text)
    if found is not None:
        return found
    if text.startswith(_BUCKETS) or "://" in text:
        return Look("bucket" if text.startswith(_BUCKETS) else "url", text) if _sure_weights(text) else None
    if _sure_weights(text):
        return Look("path", text)
    routed = _routed(text)
    if routed is not None:
        return routed
    match = _HUB.fullmatch(_AT.sub("", text))
    if match and match["org"].lower() in vocabulary.ORGANIZATIONS and not vocabulary.NOT_MODELS.search(text):
        return _slashed(text)
    return None


def keyed(text: str) -> Look | None:
    """A model under a key that speaks of models; None for anything of no such shape (a class, a mode, a number)."""
    text = text.strip()
    if not _plausible(text):
        return None
    found = _address(text) or _place(text)
    if found is not None:
        return found
    if "://" in text:
        return Look("url", text) if weights(text) else None
    if weights(text):
        return Look("path", text)
    if text.startswith(_PATHS):
        return None if vocabulary.NOT_MODELS.search(text) else Look("path", text)
    return _slashed(text) if "/" in text else _bare(text)


def asked(text: str) -> Look | None:
    """A model where nothing else can stand: every name counts but blanks. Words without a shape are taken for the hub's."""
    text = text.strip()
    found = keyed(text)
    if found is not None:
        return found
    if not _plausible(text) or text.startswith("-"):
        return None
    if "://" in text:
        return Look("url", text)
    if "/" in text or text.startswith(".") or "\\" in text:
        return Look("path", text)
    return Look("hub", text) if re.fullmatch(r"[\w.:@+-]+", text) else None


def ollama(text: str) -> Look | None:
    """A name where Ollama's are expected. A tag stays in the name (it chooses the model); a digest is the revision."""
    text = text.strip()
    if not _plausible(text) or text.startswith("-"):
        return None
    address = _address(text) if "://" in text else None
    if address is not None:
        return address
    if text.startswith(("/", "./", "../", "~")) or weights(text):
        return Look("path", text)
    name, _, digest = text.partition("@")
    return Look("ollama", name, digest or None) if re.fullmatch(r"[\w.:/-]+", name) else None


def _plausible(text: str) -> bool:
    return 1 < len(text) <= MAX_LENGTH and not blank(text) and not re.search(r"[\s\"'`<>|;,*?()\[\]{}$]", text)


def _sure_weights(text: str) -> bool:
    return weights(text) and text.lower().endswith(vocabulary.SURE_WEIGHTS)


def _address(text: str) -> Look | None:
    """hf:// and addresses on the hub, on ModelScope and in Ollama's library."""
    if text.startswith(("hf://", "hf-mirror://")):
        return _hf(text)
    lower = text.lower()
    if lower.startswith(("hf.co/", "huggingface.co/")):
        rest, _, quantization = text.partition("/")[2].partition(":")
        return Look("hub", text) if _HUB.fullmatch(rest) and (quantization or rest) else None
    if not lower.startswith(
        ("http://", "https://", "git+https://", "git@hf.co:", "git@huggingface.co:", "ssh://git@hf.co")
    ):
        return None
    if lower.startswith("git@"):
        return _hub_path(text.partition(":")[2].split("/"))
    try:
        parts = urlsplit(text.removeprefix("git+"))
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return None
    path = [unquote(part) for part in parts.path.split("/") if part]
    if host in ("huggingface.co", "hf.co", "hf-mirror.com"):
        return _hub_path(path)
    if host in ("api-inference.huggingface.co", "router.huggingface.co") and "models" in path:
        return _hub_path(path[path.index("models") + 1 :])
    if host in ("modelscope.cn", "modelscope.com", "modelscope.ai") and len(path) >= 3 and path[0] == "models":
        return Look("url", text)
    if host in ("ollama.com", "registry.ollama.ai") and len(path) >= 2 and path[0] == "library":
        return Look("ollama", path[1])
    if (
        host == "tfhub.dev"
        or (host == "civitai.com" and "models" in path)
        or (host == "kaggle.com" and path[:1] == ["models"])
    ):
        return Look("url", text)
    return None


def _hf(text: str) -> Look | None:
    """hf://[models/]org/name[@revision | :revision][/file]. After a colon the name stays as it is written."""
    scheme, _, rest = text.partition("://")
    if rest.startswith(("datasets/", "spaces/")):
        return None
    match = re.match(rf"(models/)?{_NAME}/[\w.-]+", rest)
    if match is None:
        return None
    tail = rest[match.end() :]
    revision = tail[1:].split("/", 1)[0] if tail[:1] in ("@", ":") else ""
    return Look("hub", f"{scheme}://{match[0]}" if tail.startswith("@") else text, revision or None)


def _hub_path(path: list[str]) -> Look | None:
    """[org, name, resolve | blob | raw | tree, revision, ...]."""
    if len(path) < 2 or path[0] in _HUB_PAGES:
        return None
    name = path[1].removesuffix(".git")
    if _HUB.fullmatch(f"{path[0]}/{name}") is None:
        return None
    at = len(path) > 3 and path[2] in ("resolve", "blob", "raw", "tree")
    return Look("hub", f"{path[0]}/{name}", path[3] if at else None)


def _place(text: str) -> Look | None:
    """Addresses that stand for a model when a key says so: buckets, registries, volumes."""
    if text.startswith(_BUCKETS) and len(text.partition("://")[2]) > 1:
        return Look("bucket", text)
    if text.startswith("pvc://"):
        return Look("path", text)
    if text.startswith(_PLACES):
        if text.startswith("models:/"):
            return Look("url", text)
        name, _, digest = text.partition("@sha256:")
        return Look("url", name, f"sha256:{digest}" if digest else None)
    return None


def _routed(text: str) -> Look | None:
    """provider:name and provider/name when the name is plainly one: openai:gpt-4o, ollama:chat:llama3, anthropic/claude-3-opus."""
    if text.split(":", maxsplit=1)[0] in vocabulary.FAMILIES and _OLLAMA.fullmatch(text):
        return Look("ollama", text)
    first, *rest = re.split(r"[:/]", text)
    name = rest[-1] if rest else ""
    if (first in vocabulary.PROVIDERS or first == "openai") and vocabulary.HOSTED.fullmatch(name):
        return Look("hosted", text)
    if first == "ollama" and (name in vocabulary.FAMILIES or _OLLAMA.search(text)):
        return Look("ollama", text)
    if (
        first == "huggingface"
        and ":" in text
        and (vocabulary.OLD_HUB.fullmatch(name) or _HUB.fullmatch(text.rsplit(":", 1)[-1]))
    ):
        return Look("hub", text)
    return None


def _slashed(text: str) -> Look | None:
    """FIRST/REST: a provider and its model, a folder, or an organization of the hub."""
    first, _, rest = text.partition("/")
    lower = first.lower()
    if lower in vocabulary.LOCAL_SERVERS and rest:
        kind = vocabulary.LOCAL_SERVERS[lower]
        return Look("ollama" if kind == "ollama" else "path" if kind == "path" else "hub", text)
    if lower == "models" and vocabulary.HOSTED.fullmatch(text):
        return Look("hosted", text)
    if vocabulary.NOT_MODELS.search(text) or lower in vocabulary.MEDIA:
        return None
    if lower in vocabulary.FOLDERS:
        return Look("path", text)
    if vocabulary.closed(lower, rest):
        return Look("hosted", text)
    at = _AT.search(text)
    name, revision = (text[: at.start()], at["revision"]) if at else (text, None)
    if _HUB.fullmatch(name) and not re.fullmatch(r"[\d.]+/[\d.]+", name):
        return Look("hub", name, revision)
    if _OLLAMA.fullmatch(text):
        return Look("ollama", text)
    named, _, quantization = name.partition(":")
    if quantization and _HUB.fullmatch(named):
        return Look("hub", name, revision)
    return Look("path", text) if text.count("/") > 1 and lower in vocabulary.FOLDERS else None


def _bare(text: str) -> Look | None:
    """One word: a name of an API, of Ollama's library, or an old one of the hub."""
    if vocabulary.HOSTED.fullmatch(text):
        return Look("hosted", text)
    name, _, digest = text.partition("@")
    if name.split(":")[0] in vocabulary.FAMILIES or _OLLAMA.fullmatch(name):
        return Look("ollama", name, digest or None)
    first, _, rest = text.partition(":")
    if rest and first in vocabulary.PROVIDERS | {"openai"}:
        return Look("hosted", text)
    if vocabulary.OLD_HUB.fullmatch(text):
        return Look("hub", text)
    return None
