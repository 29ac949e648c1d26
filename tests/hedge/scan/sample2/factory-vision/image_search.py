import clip
import faiss
import numpy as np
import open_clip
from transformers import CLIPModel, CLIPProcessor

model, _, preprocess = open_clip.create_model_and_transforms("ViT-B-32", pretrained="laion2b_s34b_b79k")
tokenizer = open_clip.get_tokenizer("ViT-B-32")
siglip, siglip_pre = open_clip.create_model_from_pretrained("hf-hub:timm/ViT-B-16-SigLIP")
openai_clip, _ = clip.load("ViT-B/32", device="cpu")

HF_CLIP = {"repo": "openai/clip-vit-base-patch16", "kind": "image/text"}
hf_model = CLIPModel.from_pretrained(HF_CLIP["repo"])
hf_processor = CLIPProcessor.from_pretrained(HF_CLIP["repo"])

index = faiss.read_index("index/parts.faiss")
labels = np.load("index/labels.npy", allow_pickle=True)
PROMPTS = ["a photo of a bolt", "a photo of a Bosch/GSR-18V drill"]
