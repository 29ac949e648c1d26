"""Sentence vectors for the search index."""
from fastembed import TextEmbedding
from FlagEmbedding import FlagReranker
from sentence_transformers import CrossEncoder, SentenceTransformer

MINILM = "sentence-transformers/" + "all-MiniLM-L6-v2"
HUB = "sentence-transformers"

MODELS = {
    "small": "BAAI/bge-small-en-v1.5",
    "base": "BAAI/bge-base-en-v1.5",
    "large": "BAAI/bge-large-en-v1.5",
}
INDEX_PATHS = {"small": "indexes/small", "base": "indexes/base"}


def embedder(size: str = "small") -> SentenceTransformer:
    return SentenceTransformer(MODELS[size])


def default_embedder() -> SentenceTransformer:
    return SentenceTransformer(MINILM, revision="c9745ed1d9f207416be6d2e6f8de32d1f16199bf")


def multilingual() -> SentenceTransformer:
    return SentenceTransformer(HUB + "/" + "distiluse-base-multilingual-cased-v2")


def percent() -> SentenceTransformer:
    return SentenceTransformer("%s/%s" % (HUB, "LaBSE"))


def formatted() -> SentenceTransformer:
    return SentenceTransformer("{}/gtr-t5-base".format(HUB))


def reranker(fast: bool = True):
    if fast:
        return CrossEncoder("cross-encoder/ms-marco-TinyBERT-L-2-v2", max_length=256)
    return FlagReranker("BAAI/bge-reranker-v2-m3", use_fp16=True)


def onnx_embedder():
    return TextEmbedding(model_name="nomic-ai/nomic-embed-text-v1.5-Q")


def split_over_lines():
    return SentenceTransformer(
        "mixedbread-ai/"
        "mxbai-embed-large-v1"
    )


def by_config(cfg) -> SentenceTransformer:
    return SentenceTransformer(cfg.model.name, trust_remote_code=False)


class Indexer:
    def __init__(self, settings):
        self.settings = settings
        self.encoder = SentenceTransformer(self.settings.encoder)
