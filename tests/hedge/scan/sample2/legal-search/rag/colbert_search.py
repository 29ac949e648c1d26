from dataclasses import dataclass

from fastembed import SparseTextEmbedding, TextEmbedding
from fastembed.rerank.cross_encoder import TextCrossEncoder
from ragatouille import RAGPretrainedModel


@dataclass(frozen=True)
class SearchConfig:
    index_name: str = "lexfirm/decisions-2025"
    dense: str = "sentence-transformers/all-MiniLM-L6-v2"
    sparse: str = "prithivida/Splade_PP_en_v1"
    distance: str = "cosine"


class LateInteraction:
    checkpoint = "colbert-ir/colbertv2.0"

    def __init__(self):
        self.rag = RAGPretrainedModel.from_pretrained(self.checkpoint)


def make(cfg: SearchConfig = SearchConfig()):
    dense = TextEmbedding(model_name=cfg.dense)
    sparse = SparseTextEmbedding(model_name=cfg.sparse)
    rerank = TextCrossEncoder(model_name="Xenova/ms-marco-MiniLM-L-6-v2")
    return dense, sparse, rerank
