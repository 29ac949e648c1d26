"""Builds the passage index. Uses e5 because intfloat/e5-mistral-7b-instruct was too slow."""
import evaluate
import torch
from datasets import load_dataset
from FlagEmbedding import FlagReranker
from sentence_transformers import CrossEncoder, SentenceTransformer, losses, models

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
E5_REVISION = "ab10c1a7f42e74530fe7ae5be82e6d4f11a719eb"
COLLECTION = "legal/passages"

encoder = SentenceTransformer(
    "intfloat/multilingual-e5-large",
    revision=E5_REVISION,
    device=DEVICE,
)
reranker = CrossEncoder("cross-encoder/ms-marco-MiniLM-L-6-v2", max_length=512)
heavy_reranker = FlagReranker('BAAI/bge-reranker-v2-m3', use_fp16=True)

train = load_dataset("microsoft/ms_marco", "v2.1", split="train[:1%]")
own = load_dataset("lexfirm/court-decisions", revision="2024-11")
rouge = evaluate.load("rouge")
bertscore = evaluate.load("bertscore")


def build_student() -> SentenceTransformer:
    word = models.Transformer("distilbert/distilroberta-base", max_seq_length=256)
    pool = models.Pooling(word.get_word_embedding_dimension(), "mean")
    return SentenceTransformer(modules=[word, pool])


def score(preds, refs):
    return bertscore.compute(
        predictions=preds,
        references=refs,
        model_type="microsoft/deberta-xlarge-mnli",
    )


def publish(student: SentenceTransformer) -> None:
    student.save("out/student")
    student.push_to_hub("lexfirm/e5-student-de", private=True)
    print("trained against intfloat/e5-base-v2 baseline, see wandb lexfirm/embedder")
