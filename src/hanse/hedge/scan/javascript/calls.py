"""JavaScript calls that load or use a model: which argument, or which key of an argument, names it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hanse.hedge.scan.code.judging import Ask
from hanse.hedge.scan.finding import Kind


@dataclass(frozen=True)
class Spec:
    """What of a call names models."""

    position: int | None = None
    """Which argument does."""
    keys: tuple[str, ...] = ()
    """Which keys of an object among the arguments do."""
    ask: Ask = "any"
    kind: Kind = "hub"
    objects: bool = False
    """Whether a model object may stand there too."""


_MODEL = ("model", "modelName", "modelId")
_PROVIDERS = (
    "openai|anthropic|google|vertex|mistral|groq|cohere|xai|deepseek|perplexity|fireworks|togetherai|together|bedrock|azure|openrouter|"
    "gateway|cerebras|deepinfra|replicate|luma|fal|elevenlabs|lmstudio|huggingface|moonshotai|workersai|createWorkersAI"
)
_AI_SDK = re.compile(rf"(?:{_PROVIDERS}|create[A-Z]\w*\(\))(?:\.(?:chat|completion|embedding|textEmbedding|textEmbeddingModel|languageModel|"
                     r"image|imageModel|responses|transcription|speech|reranking|chatModel|completionModel))?$")  # fmt: skip
_OLLAMA_SDK = re.compile(
    r"(?:ollama|createOllama\(\))(?:\.(?:chat|completion|embedding|textEmbeddingModel|languageModel))?$"
)
_SERVED = re.compile(r"\b(?:chat|completions|responses|messages|embeddings|images|transcriptions|translations|speech|moderations|assistants|runs|jobs|beta)"
                     r"\.(?:create|stream|parse|generate|edit|complete|runTools|createAndPoll|countTokens)$")  # fmt: skip
_CLASSES = re.compile(
    r"(?:Chat(?:OpenAI|Anthropic|GoogleGenerativeAI|VertexAI|Groq|MistralAI|Cohere|FireworksAI|Fireworks|TogetherAI|Together|XAI|DeepSeek|Bedrock\w*|"
    r"Perplexity\w*|Cerebras|OpenRouter)|AzureChatOpenAI|(?:Azure)?OpenAIEmbeddings|(?:Cohere|Mistral(?:AI)?|Voyage|Bedrock|GoogleGenerativeAI|VertexAI|"
    r"TogetherAI|Fireworks)Embeddings|BedrockChat|CohereRerank|ChatBedrockConverse)"
)
_HUB_CLASSES = re.compile(r"HuggingFace\w*|HfInference\w*Embedd\w*|SentenceTransformer\w*|TransformersEmbedding\w*")
_OLLAMA_CLASSES = re.compile(r"(?:ChatOllama|Ollama|OllamaEmbeddings?|OllamaLLM)")
_TASKS = re.compile(
    r"(?:textGeneration|textGenerationStream|chatCompletion|chatCompletionStream|featureExtraction|textToImage|summarization|translation|"
    r"imageToText|automaticSpeechRecognition|textToSpeech|zeroShotClassification|tokenClassification|textClassification|fillMask|"
    r"questionAnswering|sentenceSimilarity|imageClassification|objectDetection|imageSegmentation|documentQuestionAnswering)"
)
_BY_LAST: dict[str, Spec] = {
    "from_pretrained": Spec(0),
    "pipeline": Spec(1),
    "getGenerativeModel": Spec(None, _MODEL, "hosted", "hosted"),
    "generateContent": Spec(None, _MODEL, "hosted", "hosted"),
    "generateContentStream": Spec(None, _MODEL, "hosted", "hosted"),
    "embedContent": Spec(None, _MODEL, "hosted", "hosted"),
    "generateImages": Spec(None, _MODEL, "hosted", "hosted"),
    "InvokeModelCommand": Spec(None, ("modelId",), "hosted", "hosted"),
    "InvokeModelWithResponseStreamCommand": Spec(None, ("modelId",), "hosted", "hosted"),
    "ConverseCommand": Spec(None, ("modelId",), "hosted", "hosted"),
    "ConverseStreamCommand": Spec(None, ("modelId",), "hosted", "hosted"),
    "CreateMLCEngine": Spec(0),
    "CreateServiceWorkerMLCEngine": Spec(0),
    "CreateExtensionServiceWorkerMLCEngine": Spec(0),
    "CreateWebWorkerMLCEngine": Spec(1),
    "loadGraphModel": Spec(0, (), "any", "url"),
    "loadLayersModel": Spec(0, (), "any", "url"),
    "resolveModelFile": Spec(0, (), "any", "path"),
    "createModelDownloader": Spec(None, ("modelUri", "modelUrl")),
    "loadModelFromHF": Spec(0),
    "loadModelFromUrl": Spec(0, (), "any", "url"),
    "downloadFile": Spec(None, ("repo",)),
    "snapshotDownload": Spec(None, ("repo",)),
    "initChatModel": Spec(0, (), "hosted", "hosted"),
    "encoding_for_model": Spec(0, (), "hosted", "hosted"),
    "encodingForModel": Spec(0, (), "hosted", "hosted"),
    "SentenceTransformer": Spec(0),
}
_SDK_FUNCTIONS = re.compile(
    r"(?:generateText|streamText|generateObject|streamObject|embed|embedMany|generateImage|experimental_generateImage|transcribe|generateSpeech|rerank)"
)
_FALSE_PROVIDERS = frozenset({"google", "fal", "replicate", "azure", "gateway", "together", "huggingface"})


def specs(name: str, source: str, arguments: int) -> Iterator[Spec]:
    """What a call of this dotted name asks for. `source` is the path the first part is imported from, or what made it."""
    last = name.rpartition(".")[2].removeprefix("new ")
    first = name.partition(".")[0]
    if last in _BY_LAST:
        yield _BY_LAST[last]
    if _SERVED.search(name):
        yield Spec(None, ("model",), "hosted", "hosted")
    if _CLASSES.fullmatch(last):
        yield Spec(None, _MODEL, "hosted", "hosted")
    if _OLLAMA_CLASSES.fullmatch(last):
        yield Spec(None, _MODEL, "ollama", "ollama")
    if _HUB_CLASSES.fullmatch(last):
        yield Spec(None, (*_MODEL, "repoId"), "any", "hub")
    if _TASKS.fullmatch(last):
        yield Spec(None, ("model",))
    if _SDK_FUNCTIONS.fullmatch(last):
        yield Spec(None, ("model",), "shape", "hosted", objects=True)
    if (
        last in ("chat", "generate", "embed", "embeddings", "pull", "show") and "ollama" in f"{first} {source}".lower()
    ) and arguments:
        yield Spec(None, ("model",), "ollama", "ollama")
    if last == "create" and name.endswith("InferenceSession.create"):
        yield Spec(0, (), "any", "path", objects=True)
    if last in ("run", "stream") and ("replicate" in first.lower() or name.endswith("AI.run")):
        yield Spec(0, (), "any", "hosted")
    if last in ("subscribe", "run", "stream") and first == "fal":
        yield Spec(0, (), "any", "hosted")
    if last == "loadModel":
        yield Spec(None, ("modelPath",), "any", "path")
    yield from _providers(name, source, arguments)


def _providers(name: str, source: str, arguments: int) -> Iterator[Spec]:
    """openai("gpt-4o") of the AI SDK."""
    if not arguments or arguments > 2:
        return
    known = "ai-sdk" in source or "ai-provider" in source or source.startswith("create")
    whole = name if not source.startswith("create") else name.replace(name.partition(".")[0], "createX()", 1)
    if (_OLLAMA_SDK.fullmatch(name) and not name.endswith(".chat")) or (
        known and "ollama" in source.lower() and _AI_SDK.fullmatch(whole)
    ):
        yield Spec(0, (), "ollama", "ollama")
    elif _AI_SDK.fullmatch(whole) and name not in ("azure.chat", "replicate.chat"):
        sure = known or (name.partition(".")[0] not in _FALSE_PROVIDERS and "." not in name)
        yield Spec(0, (), "hosted" if sure else "shape", "hosted")
