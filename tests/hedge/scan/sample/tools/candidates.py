"""The models we compare every Monday."""

CANDIDATES = [
    {"model": "meta-llama/Llama-3.2-3B-Instruct", "quantization": None},
    {"model": "CohereForAI/aya-expanse-8b", "quantization": "awq"},
    {"model": "gpt-4o-mini", "quantization": None},
    # {"model": "01-ai/Yi-1.5-9B-Chat", "quantization": None},
]
OWNERS = {"evaluation": "brigantine/quality", "serving": "brigantine/platform"}
