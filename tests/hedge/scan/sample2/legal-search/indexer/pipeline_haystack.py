from haystack import Pipeline
from haystack.components.builders import PromptBuilder
from haystack.components.embedders import SentenceTransformersDocumentEmbedder, SentenceTransformersTextEmbedder
from haystack.components.generators import HuggingFaceLocalGenerator, OpenAIGenerator
from haystack.components.rankers import TransformersSimilarityRanker
from haystack.utils import Secret

from .constants import EMBEDDER, make_ranker_name

doc_embedder = SentenceTransformersDocumentEmbedder(model=EMBEDDER)
text_embedder = SentenceTransformersTextEmbedder(model=EMBEDDER)
ranker = TransformersSimilarityRanker(model=make_ranker_name())


def local_generator(name: str = "HuggingFaceTB/SmolLM2-1.7B-Instruct"):
    return HuggingFaceLocalGenerator(model=name, task="text-generation", generation_kwargs={"max_new_tokens": 300})


def build(kind: str) -> Pipeline:
    pipe = Pipeline()
    pipe.add_component("embedder", text_embedder)
    pipe.add_component("ranker", ranker)
    pipe.add_component("prompt", PromptBuilder(template="{{ query }}"))
    if kind == "cloud":
        pipe.add_component("llm", OpenAIGenerator(Secret.from_env_var("OPENAI_API_KEY"), model="gpt-4.1"))
    elif kind == "tiny":
        pipe.add_component("llm", local_generator("HuggingFaceTB/SmolLM2-360M-Instruct"))
    else:
        pipe.add_component("llm", local_generator())
    pipe.connect("embedder", "ranker")
    return pipe
