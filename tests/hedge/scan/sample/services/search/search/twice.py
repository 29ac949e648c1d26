"""The same model on two lines, each with its own revision, and one that the scan should skip."""
from huggingface_hub import hf_hub_download, snapshot_download
from transformers import AutoModel, AutoTokenizer

tok = AutoTokenizer.from_pretrained("bert-base-uncased")
net = AutoModel.from_pretrained("bert-base-uncased", revision="main")

folder = snapshot_download(
    repo_id="thenlper/gte-small",
    allow_patterns=["*.json", "*.safetensors"],
    revision=(
        "17e1f347d17fe144873b1201da91788898c639cd"
    ),
)
weights = hf_hub_download("thenlper/gte-small", "onnx/model.onnx", revision="v1.0")
stop_words = hf_hub_download(repo_id="brigantine/stop-words", filename="de.txt", repo_type="dataset")
everything = snapshot_download("wikimedia/wikipedia", repo_type="dataset", allow_patterns="20231101.de/*")

experimental = AutoModel.from_pretrained("jinaai/jina-embeddings-v3", trust_remote_code=True)  # hanse: ignore
