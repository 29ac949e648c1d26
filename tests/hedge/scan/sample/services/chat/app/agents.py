"""LangChain and LlamaIndex glue."""
from langchain.chat_models import init_chat_model
from langchain_anthropic import ChatAnthropic
from langchain_community.llms import LlamaCpp
from langchain_huggingface import HuggingFaceEmbeddings, HuggingFacePipeline
from langchain_ollama import ChatOllama, OllamaEmbeddings
from langchain_openai import ChatOpenAI
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.llms.ollama import Ollama


class Planner:
    model_name = "gpt-4.1-mini"
    topic = "freight/planning"

    def __init__(self):
        self.llm = ChatOpenAI(model=self.model_name, temperature=0)


class Writer:
    MODEL = "claude-3-haiku-20240307"

    def build(self):
        return ChatAnthropic(model=self.MODEL, max_tokens=512)


def local_tools():
    return ChatOllama(model="qwen2.5-coder:7b", base_url="http://ollama.internal:11434")


def vectors():
    return OllamaEmbeddings(model="nomic-embed-text")


def sentence_vectors():
    return HuggingFaceEmbeddings(
        encode_kwargs={"normalize_embeddings": True},
        model_name="sentence-transformers/all-mpnet-base-v2",
    )


def pipe():
    return HuggingFacePipeline.from_model_id(model_id="microsoft/Phi-3.5-mini-instruct", task="text-generation")


def judge():
    return init_chat_model("anthropic:claude-3-5-haiku-latest", temperature=0)


def cheap():
    return LlamaCpp(model_path="weights/tiny-support-q4_k_m.gguf", n_ctx=2048)


def index_models():
    embedder = HuggingFaceEmbedding(model_name="BAAI/bge-m3")
    llm = Ollama(model="llama3.1:8b-instruct-q4_K_M", request_timeout=120.0)
    return embedder, llm
