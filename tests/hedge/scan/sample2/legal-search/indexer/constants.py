EMBEDDER = "BAAI/bge-base-en-v1.5"

_RANKER_FAMILY = "bge-reranker"
_RANKER_SIZE = "large"

CHUNK_STRATEGY = "sentence/overlap"
INDEX_VERSION = "v1.5"
SUPPORTED_FORMATS = ("application/pdf", "text/html")


def make_ranker_name() -> str:
    return f"BAAI/{_RANKER_FAMILY}-{_RANKER_SIZE}"
