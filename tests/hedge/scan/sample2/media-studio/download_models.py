"""Warms the cache of the render nodes (once we also fetched CompVis/stable-diffusion-v1-4)."""
from urllib.request import urlretrieve

import replicate
from huggingface_hub import HfApi, hf_hub_download, snapshot_download

WANTED = [
    ("Salesforce/blip-image-captioning-large", "2227ac38c9f16105cb0412e7cab4759978a8fd90"),
    ("Intel/dpt-hybrid-midas", None),
]
DATASETS = ["lambdalabs/naruto-blip-captions"]
ESRGAN_URL = "https://github.com/xinntao/Real-ESRGAN/releases/download/v0.1.0/RealESRGAN_x4plus.pth"

for repo_id, rev in WANTED:
    snapshot_download(repo_id, revision=rev, allow_patterns=["*.safetensors", "*.json"])
for name in DATASETS:
    snapshot_download(repo_id=name, repo_type="dataset")
snapshot_download("poloclub/diffusiondb", repo_type="dataset", revision="main")
snapshot_download(repo_id="gradio/dracula_test", repo_type="space")

hf_hub_download(repo_id="guoyww/animatediff", filename="mm_sd_v15_v2.ckpt")
hf_hub_download("stabilityai/sd-turbo", "unet/diffusion_pytorch_model.fp16.safetensors", revision="fp16")
urlretrieve(ESRGAN_URL, "weights/RealESRGAN_x4plus.pth")
urlretrieve("https://github.com/googlefonts/roboto/releases/download/v3.009/Roboto.zip", "fonts/Roboto.zip")

for info in HfApi().list_models(author="media-studio", filter="lora"):
    snapshot_download(info.id)

preview = replicate.run(
    "bytedance/sdxl-lightning-4step:5f24084160c9089501c1b3545d9be3c27883ae2239b6f412990e82d4a6210f8f",
    input={"prompt": "warm-up"},
)
