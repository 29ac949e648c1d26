"""Whether a text is worth parsing: a few words that loading calls and names of models cannot do without."""

from __future__ import annotations

import re

_CALLS = (
    "from_pretrained", "from_single_file", "hf_hub", "snapshot_download", "SentenceTransformer", "CrossEncoder", "InferenceClient",
    "InferenceSession", "transformers", "openai", "OpenAI", "anthropic", "Anthropic", "ollama", "Ollama", "litellm", "langchain", "llama",
    "vllm", "sglang", "huggingface", "HuggingFace", "hf.co", "hf://", "torch.hub", "torch.load", "torch.jit.load", "torchvision", "keras",
    "timm", "open_clip", "whisper", "Whisper", "spacy", "fasttext", "gensim", "joblib", "safetensors", "mlx", "ctranslate", "onnx", "gguf",
    "load_model", "load_lora", "LoRARequest", "from_preset", "from_quantized", "GenerativeModel", "genai", "cohere", "mistral", "bedrock",
    "modelId", "replicate", "ultralytics", "diffusers", "peft", "unsloth", "pydantic_ai", "smolagents", "dspy", "crewai", "autogen",
    "haystack", "tiktoken", "modelscope", "pickle", "completion.create", "completions.create", "messages.create", "\"messages\"",
    "'messages'", "\"hf\"", "huggingface-cli", ".ckpt\"", ".pt\"", ".pth\"", ".h5\"", ".tflite\"", ".nemo\"", ".pkl\"",
)  # fmt: skip
_NAMES = re.compile(
    r"model|llm|tokenizer|checkpoint|adapter|embed|encoder|lora|ckpt|repo_id|judge|rerank|engine|deployment|pipeline",
    re.IGNORECASE,
)
_SHAPES = re.compile(
    r"[\"'](?:[A-Za-z0-9][\w.-]*/[\w.-]+[\w/.@:-]*[\"']|(?:gpt|chatgpt|claude|gemini|text-embed|o[134]\b|dall-e|command|grok|sonar|voyage|jina|"
    r"mistral|mixtral|codestral|llama|qwen|phi|gemma|deepseek|bge|gte|e5-|all-|nomic|mxbai|smollm|tinyllama|distil|bert|roberta|t5|"
    r"xlm|whisper|codellama|starcoder|falcon|vicuna|zephyr|granite|olmo|yi|aya|solar|llava|moondream|nova|titan|amazon\.|anthropic\.|"
    r"meta\.|cohere\.|ai21\.|models?[:/]|s3://|gs://|ft:|@cf/|embed-|rerank|ernie|glm|kimi|moonshot|doubao|jamba|imagen|veo|sora|"
    r"omni-|tts-|multi-qa|paraphrase|msmarco|openai|google|azure|ollama|hf)[\w.:/@-]*[\"'])"
)  # fmt: skip


def worth_parsing(text: str) -> bool:
    """Cheap, and wrong only in one direction: a text without a model may pass."""
    if any(word in text for word in _CALLS):
        return True
    return _NAMES.search(text) is not None and _SHAPES.search(text) is not None
