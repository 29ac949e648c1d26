"""Calls that load, fetch or use a model: which argument names it, and how strongly.

A spec is found by the last part of a callee's dotted name. `modules` tells which libraries it must come from where the
name alone is too common; a callee of unknown origin then only counts when its argument looks like a model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from hanse.hedge.scan.code.judging import Ask
from hanse.hedge.scan.finding import Kind
from hanse.hedge.scan.python import naming


@dataclass(frozen=True)
class Spec:
    """What of a call names models."""

    position: int | None
    """Which positional argument does; None when none does."""
    keywords: tuple[str, ...]
    ask: Ask = "any"
    kind: Kind = "hub"
    """Of a name without a shape."""
    objects: bool = False
    """Whether a loaded model may stand there too, so that only a value that is meant as a name is unresolved."""
    modules: frozenset[str] = frozenset()
    """First parts of dotted names it must have; empty when the name is enough."""
    silent: bool = False
    """Never unresolved: too much else stands there."""


_TABLE: dict[str, list[Spec]] = {}


def _add(names: str, position: int | None, keywords: str, modules: str = "", **given: object) -> None:
    """Names, keywords and modules are words with spaces between them."""
    spec = Spec(position, tuple(keywords.split()), modules=frozenset(modules.split()), **given)  # type: ignore[arg-type]
    for name in names.split():
        _TABLE.setdefault(name, []).append(spec)


# The hub and what loads from it.
_add("from_pretrained", 0, "pretrained_model_name_or_path model_name_or_path model_name model_id pretrained_model_name repo_id checkpoint path "
     "pretrained_model_path name model base_model_name_or_path")  # fmt: skip
_add(
    "from_pretrained",
    None,
    "tokenizer_name_or_path speculative_model draft_model adapter_name_or_path",
    silent=True,
    ask="shape",
)
_add("from_single_file", 0, "pretrained_model_link_or_path pretrained_model_link_or_path_or_dict")
_add("load_lora_weights load_textual_inversion load_ip_adapter load_attn_procs lora_state_dict", 0,
     "pretrained_model_name_or_path_or_dict pretrained_model_name_or_path", objects=True)  # fmt: skip
_add("load_adapter", 0, "peft_model_id model_id adapter_name_or_path", objects=True)
_add("from_quantized", 0, "model_name_or_path quant_path repo_id")
_add("from_preset", 0, "preset")
_add("from_model_id", None, "model_id")
_add("from_hparams", 0, "source")
_add("restore_from", 0, "restore_path", modules="nemo", kind="path")
_add("load_from_checkpoint", 0, "checkpoint_path", kind="path")
_add("get_pretrained", 0, "name", modules="audiocraft")
_add("hf_hub_download snapshot_download try_to_load_from_cache hf_hub_url list_repo_files model_info list_repo_tree get_safetensors_metadata "
     "model_file_download", 0, "repo_id model_id")  # fmt: skip
_add("SentenceTransformer CrossEncoder SparseEncoder", 0, "model_name_or_path model_name")
_add("InferenceClient AsyncInferenceClient InferenceApi", 0, "model repo_id")
_add("pipeline", 1, "model", modules="transformers modelscope diffusers optimum", objects=True)
_add(
    "pipeline",
    None,
    "tokenizer config feature_extractor assistant_model",
    modules="transformers modelscope optimum",
    objects=True,
    silent=True,
)
_add("pipeline", 0, "model_path", modules="lmdeploy")
_add("SFTTrainer DPOTrainer GRPOTrainer RewardTrainer KTOTrainer ORPOTrainer GKDTrainer OnlineDPOTrainer PPOTrainer", 0,
     "model ref_model reward_model teacher_model judge", objects=True, ask="shape")  # fmt: skip
_add("encoding_for_model", 0, "model_name", kind="hosted", ask="hosted")
_add(
    "FlagModel BGEM3FlagModel FlagReranker FlagLLMModel FlagLLMReranker FlagAutoModel LayerWiseFlagLLMReranker",
    0,
    "model_name_or_path",
)
_add(
    "TextEmbedding SparseTextEmbedding TextCrossEncoder LateInteractionTextEmbedding ImageEmbedding",
    0,
    "model_name",
    modules="fastembed",
)
_add("KeyBERT", 0, "model", objects=True)
_add("Detoxify", 0, "model_type", modules="detoxify")
_add("FaceAnalysis", None, "name", modules="insightface")
_add("TTS", 0, "model_name model_path", modules="TTS")
_add("GPT4All", 0, "model_name model", modules="gpt4all langchain_community langchain")
_add("CreateMLCEngine MLCEngine AsyncMLCEngine ChatModule", 0, "model", modules="mlc_llm mlc_chat")
_add("JumpStartModel", 0, "model_id", kind="hosted")
_add("transcribe load_models", None, "path_or_hf_repo", ask="any")
_add("AutoModel", 0, "model", modules="funasr")
_add("BERTScorer", 0, "model_type")

# Engines.
_add("LLM AsyncLLM", 0, "model", modules="vllm tensorrt_llm crewai mii")
_add("LLM", 0, "model_id", modules="llm")
_add("LLM AsyncLLM", None, "tokenizer speculative_model", modules="vllm tensorrt_llm", silent=True)
_add("AsyncEngineArgs EngineArgs ModelConfig", 0, "model", modules="vllm")
_add("AsyncEngineArgs EngineArgs", None, "tokenizer speculative_model", modules="vllm", silent=True)
_add("LoRARequest", 2, "lora_path lora_local_path")
_add("Engine Runtime", None, "model_path model", modules="sglang sgl")
_add("Llama", 0, "model_path", modules="llama_cpp", kind="path")
_add("LlamaCpp LlamaCppEmbeddings ChatLlamaCpp LlamaCPP", None, "model_path model_url", kind="path")
_add("Generator Translator Encoder Whisper", 0, "model_path", modules="ctranslate2", kind="path")
_add("InferenceSession", 0, "path_or_bytes", objects=True, kind="path")
_add("WhisperModel", 0, "model_size_or_path")
_add("load_model", 0, "name", modules="whisper whisper_timestamped stable_whisper")
_add("load_model", 0, "whisper_arch", modules="whisperx")
_add(
    "load_model",
    0,
    "model_uri filepath path model model_path",
    modules="fasttext keras tensorflow tf mlflow spacy tensorflow_hub xgboost catboost lightgbm",
    objects=True,
    kind="path",
)
_add("load", 0, "name path", modules="spacy", kind="hub")
_add("download", 0, "model", modules="spacy", kind="hub")
_add("load", 0, "path_or_hf_repo", modules="mlx_lm mlx_vlm mlx_whisper mlx_embeddings")
_add("load", None, "adapter_path", modules="mlx_lm mlx_vlm", kind="path")
_add("load", 0, "name", modules="clip", kind="hub")
_add("load", 0, "name", modules="gensim", kind="url")
_add("load", 0, "model_path", modules="flair", kind="hub")
_add("load", 0, "handle export_dir", modules="tensorflow_hub tensorflow tf", kind="url", objects=True)
_add("KerasLayer", 0, "handle")
_add("load", 0, "f", modules="torch", ask="weights", kind="path", objects=True)
_add(
    "load", 0, "filename file", modules="joblib pickle cloudpickle dill skops", ask="weights", kind="path", silent=True
)
_add("load_file safe_open", 0, "filename", modules="safetensors", kind="path", objects=True)
_add("load_model load_and_assign", 1, "filename", modules="safetensors", kind="path")
_add("load_state_dict_from_url load_url", 0, "url", kind="url")
_add("get_file", 1, "origin", ask="weights", kind="url", silent=True)
_add("load", 0, "f", modules="onnx", kind="path", objects=True)
_add(
    "HuggingFaceModel PyTorchModel TensorFlowModel SKLearnModel XGBoostModel Model DJLModel",
    None,
    "model_data",
    modules="sagemaker",
    kind="bucket",
)
_add("clone_from", 0, "url", ask="shape", kind="url", silent=True)
_add("load_weights", 0, "filepath path", ask="weights", kind="path", objects=True, silent=True)
_add("load_checkpoint_and_dispatch load_checkpoint_in_model", 1, "checkpoint")
_add("load_word2vec_format load_facebook_model load_facebook_vectors", 0, "fname path", kind="path", objects=True)
_add("YOLO YOLOWorld RTDETR SAM FastSAM NAS YOLOE", 0, "model", modules="ultralytics", kind="path", objects=True)
_add(
    "readNetFromONNX readNetFromCaffe readNetFromTensorflow readNetFromTorch readNet readNetFromDarknet",
    0,
    "onnxFile model",
    ask="weights",
    kind="path",
)
_add("readNetFromCaffe", 1, "caffeModel", ask="weights", kind="path")
_add("read_model compile_model", 0, "model model_path", modules="openvino", kind="path", objects=True)
_add("Interpreter", 0, "model_path", modules="tflite_runtime tensorflow tf ai_edge_litert", kind="path")
_add("MLModel", 0, "model", modules="coremltools", kind="path")
_add("Booster", None, "model_file", kind="path")
_add("BaseOptions", None, "model_asset_path", kind="path")

# Wrappers.
_CHAT = ("ChatOpenAI ChatAnthropic ChatGoogleGenerativeAI ChatVertexAI ChatGroq ChatMistralAI ChatCohere ChatFireworks ChatTogether "
         "ChatPerplexity ChatXAI ChatDeepSeek ChatNVIDIA ChatLiteLLM ChatBedrock ChatBedrockConverse BedrockChat ChatDatabricks "
         "ChatOpenRouter AzureChatOpenAI OpenAIEmbeddings AzureOpenAIEmbeddings VoyageAIEmbeddings CohereEmbeddings MistralAIEmbeddings "
         "GoogleGenerativeAIEmbeddings VertexAIEmbeddings BedrockEmbeddings OpenAIEmbedding CohereEmbedding VoyageEmbedding "
         "GeminiEmbedding MistralAIEmbedding OpenAILike Anthropic OpenAIGenerator OpenAIChatGenerator CohereRerank OpenAITextEmbedder "
         "OpenAIDocumentEmbedder VoyageAIRerank AnthropicChatGenerator GoogleGenAI Bedrock VertexAI ChatZhipuAI ChatTongyi ChatMoonshot")  # fmt: skip
_add(_CHAT, None, "model model_name model_id", kind="hosted", ask="hosted")
_add(_CHAT, None, "deployment_name azure_deployment", kind="hosted", ask="shape", silent=True)
_add("ChatOllama OllamaLLM OllamaEmbeddings OllamaEmbedding OllamaGenerator OllamaChatGenerator OllamaTextEmbedder OllamaDocumentEmbedder "
     "OllamaFunctions OllamaEmbedder", None, "model model_name", kind="ollama", ask="ollama")  # fmt: skip
_add(
    "Ollama",
    None,
    "model id",
    kind="ollama",
    ask="ollama",
    modules="langchain langchain_community langchain_ollama llama_index agno phi",
)
_add("OpenAI Gemini Groq MistralAI Cohere Together Fireworks", None, "model model_name", kind="hosted", ask="hosted",
     modules="langchain langchain_openai langchain_community llama_index dspy")  # fmt: skip
_add(
    "OpenAIChat OpenAIResponses Claude Gemini Groq DeepSeek MistralChat",
    None,
    "id",
    kind="hosted",
    ask="hosted",
    modules="agno phi",
)
_add("HuggingFaceEmbeddings HuggingFaceBgeEmbeddings HuggingFaceInstructEmbeddings HuggingFaceEmbedding HuggingFaceLLM HuggingFaceInferenceAPI "
     "HuggingFaceEndpoint HuggingFaceHub ChatHuggingFace HuggingFaceCrossEncoder HuggingFaceEndpointEmbeddings FastEmbedEmbeddings "
     "SentenceTransformerEmbeddings SentenceTransformersTextEmbedder SentenceTransformersDocumentEmbedder SentenceTransformerRerank "
     "TransformersSimilarityRanker HuggingFaceLocalGenerator HuggingFaceLocalChatGenerator HuggingFaceAPIChatGenerator "
     "SentenceTransformerEmbeddingFunction VLLM VLLMOpenAI HuggingFaceInferenceAPIEmbedding JinaEmbeddings CTransformers", None,
     "model_name repo_id model model_id tokenizer_name", objects=True)  # fmt: skip
_add("init_chat_model init_embeddings", 0, "model", kind="hosted", ask="hosted")
_add("resolve_embed_model resolve_llm", 0, "embed_model llm", objects=True)
_add("from_provider", 0, "model", modules="instructor", kind="hosted")
_add("LM", 0, "model", modules="dspy", kind="hosted")
_add("GenerativeModel", 0, "model_name", kind="hosted", ask="hosted")
_add("Agent", 0, "model", modules="pydantic_ai", kind="hosted", objects=True)
_add("OpenAIModel OpenAIChatModel OpenAIResponsesModel AnthropicModel GeminiModel GoogleModel GroqModel MistralModel BedrockConverseModel CohereModel", 0,
     "model_name", modules="pydantic_ai", kind="hosted", ask="hosted")  # fmt: skip
_add(
    "InferenceClientModel HfApiModel TransformersModel LiteLLMModel MLXModel VLLMModel OpenAIServerModel", 0, "model_id"
)
_add(
    "Transformers LlamaCpp OpenAI transformers from_transformers llamacpp openai",
    0,
    "model model_name model_path",
    modules="guidance outlines",
    objects=True,
)
_add(
    "OpenAIChatCompletionClient AnthropicChatCompletionClient OllamaChatCompletionClient AzureOpenAIChatCompletionClient",
    None,
    "model",
    kind="hosted",
)

# Services.
_add("completion acompletion text_completion atext_completion embedding aembedding image_generation transcription speech rerank responses aresponses "
     "moderation batch_completion", 0, "model", modules="litellm", kind="hosted", ask="hosted")  # fmt: skip
_add("chat generate embed embeddings", 0, "model", modules="ollama", kind="ollama", ask="ollama")
_add("pull show", 0, "model", modules="ollama", kind="ollama", ask="ollama")
_add("create", None, "from_", modules="ollama", kind="ollama", ask="ollama")
_add(
    "converse converse_stream invoke_model invoke_model_with_response_stream",
    None,
    "modelId",
    kind="hosted",
    ask="hosted",
)
_add("generate_content generate_content_stream embed_content count_tokens generate_images generate_videos edit_image generate_content_async",
     None, "model", modules="google vertexai genai", kind="hosted", ask="hosted")  # fmt: skip
_add("run async_run stream", 0, "ref model", modules="replicate", kind="hosted")
_add(
    "run subscribe submit stream run_async subscribe_async submit_async",
    0,
    "application",
    modules="fal_client",
    kind="hosted",
)
_add("chat chat_stream embed rerank multimodal_embed complete", None, "model", modules="cohere voyageai mistralai zhipuai dashscope groq together",
     kind="hosted", ask="hosted")  # fmt: skip
_add("text_generation chat_completion feature_extraction summarization automatic_speech_recognition text_to_image translation "
     "sentence_similarity zero_shot_classification image_to_text text_to_speech question_answering token_classification text_classification",
     None, "model", modules="huggingface_hub", objects=True)  # fmt: skip

_SERVED = Spec(None, ("model", "engine", "deployment_id"), "hosted", "hosted")
_SERVICE_VERBS = frozenset(
    {"create", "acreate", "stream", "parse", "generate", "edit", "create_variation", "create_and_poll", "count_tokens"}
)
_SERVICE_PATH = re.compile(
    r"\b(?:completions|chat|responses|embeddings|messages|images|transcriptions|translations|speech|moderations|assistants|runs|jobs|"
    r"ChatCompletion|Completion|Embedding|Image|Audio|Moderation|realtime|beta|batches)\.\w+$"
)
_COMMON = frozenset({"run", "submit", "subscribe", "stream", "load", "show", "pull", "chat", "generate", "embed", "embeddings",
                     "download", "completion", "embedding", "rerank", "speech", "responses", "transcription", "chat_stream",
                     "complete"})  # fmt: skip
"""Names so common that of a callee of unknown origin only keywords count."""


def specs(name: str) -> Iterable[Spec]:
    """What a callee of this dotted name asks for."""
    last = naming.last(name)
    if last in _SERVICE_VERBS and _SERVICE_PATH.search(name):
        yield _SERVED
    root = naming.root(name)
    for spec in _TABLE.get(last, ()):
        if not spec.modules or _comes_from(name, root, spec.modules):
            yield spec
        elif not root:  # a variable, or a star import: only what looks like a model counts
            position = None if last in _COMMON else spec.position
            yield replace(spec, position=position, ask=spec.ask if spec.ask == "weights" else "shape", silent=True)


def known(last: str) -> bool:
    """Whether some callee with this last part loads a model."""
    return last in _TABLE or last in _SERVICE_VERBS


def loads_something(name: str) -> bool:
    """Whether what a call gives is a loaded model, or a path in a cache, and so no name."""
    return any(
        not spec.modules or _comes_from(name, naming.root(name), spec.modules)
        for spec in _TABLE.get(naming.last(name), ())
    )


def _comes_from(name: str, root: str, modules: frozenset[str]) -> bool:
    if root in modules:
        return True
    first = root.partition("_")[0]
    return (first in ("langchain", "google") and first in modules) or (root == "optimum" and "transformers" in modules)
