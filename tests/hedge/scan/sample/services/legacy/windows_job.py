"""Written in Notepad: byte order mark and CRLF line ends."""
from sentence_transformers import SentenceTransformer
from transformers import pipeline

NAMES = [
    "sentence-transformers/all-MiniLM-L12-v2",
    "sentence-transformers/multi-qa-MiniLM-L6-cos-v1",
]
ENCODERS = [SentenceTransformer(name) for name in NAMES]
zero_shot = pipeline(
    "zero-shot-classification",
    model="MoritzLaurer/deberta-v3-base-zeroshot-v2.0",
    revision="refs/pr/3",
)
