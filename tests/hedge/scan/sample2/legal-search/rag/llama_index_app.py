import os
import sys

from llama_index.core import Settings, StorageContext, VectorStoreIndex, load_index_from_storage
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.llms.ollama import Ollama
from llama_index.llms.openai import OpenAI
from llama_index.postprocessor.cohere_rerank import CohereRerank
from llama_index.core.postprocessor import SentenceTransformerRerank

EMBED_ORG = "mixedbread-ai"
Settings.embed_model = HuggingFaceEmbedding(model_name=EMBED_ORG + "/mxbai-embed-large-v1")

if os.getenv("OFFLINE"):
    Settings.llm = Ollama(model=os.getenv("OLLAMA_MODEL", "llama3.1:8b"), request_timeout=120.0)
else:
    Settings.llm = OpenAI(model=os.environ.get("LLM_MODEL") or "gpt-4o", temperature=0.1)

postprocessors = [
    CohereRerank(model="rerank-v3.5", top_n=5),
    SentenceTransformerRerank(model="BAAI/bge-reranker-base", top_n=3),
]


def main() -> None:
    if len(sys.argv) > 2:
        Settings.llm = Ollama(model=sys.argv[2])
    storage = StorageContext.from_defaults(persist_dir=sys.argv[1])
    index: VectorStoreIndex = load_index_from_storage(storage, index_id="contracts/v2")
    engine = index.as_query_engine(node_postprocessors=postprocessors)
    print(engine.query("Which clauses mention liability?"))


if __name__ == "__main__":
    main()
