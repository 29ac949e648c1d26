import os

import torch
from controlnet_aux import CannyDetector
from diffusers import (
    AutoencoderKL,
    ControlNetModel,
    DiffusionPipeline,
    FluxPipeline,
    StableDiffusionPipeline,
    StableDiffusionXLControlNetPipeline,
)

SDXL = "stabilityai/stable-diffusion-xl-base-1.0"
STYLE_LORA = os.getenv("STYLE_LORA", "nerijs/pixel-art-xl")
NEGATIVE_PROMPT = "blurry, watermark, runwayml/stable-diffusion-v1-5 look"

# vae = AutoencoderKL.from_pretrained("stabilityai/sdxl-vae")
vae = AutoencoderKL.from_pretrained("madebyollin/sdxl-vae-fp16-fix", torch_dtype=torch.float16)
canny = CannyDetector()
controlnet = ControlNetModel.from_pretrained(
    "diffusers/controlnet-canny-sdxl-1.0", variant="fp16", torch_dtype=torch.float16
)
pipe = StableDiffusionXLControlNetPipeline.from_pretrained(SDXL, vae=vae, controlnet=controlnet)
refiner = DiffusionPipeline.from_pretrained(
    pretrained_model_name_or_path="stabilityai/stable-diffusion-xl-refiner-1.0",
    revision="5d4cfe854c9a9a87939ff3653551c2b3c99a4356",
)
pipe.load_lora_weights(STYLE_LORA, weight_name="pixel-art-xl.safetensors", adapter_name="pixel")
pipe.load_lora_weights("loras/brand_v2.safetensors", adapter_name="brand")
pipe.load_ip_adapter("h94/IP-Adapter", subfolder="sdxl_models", weight_name="ip-adapter_sdxl.bin")

legacy = StableDiffusionPipeline.from_single_file(
    "https://huggingface.co/stable-diffusion-v1-5/stable-diffusion-v1-5/blob/main/v1-5-pruned-emaonly.safetensors"
)


def flux(fast: bool = True) -> FluxPipeline:
    return FluxPipeline.from_pretrained(
        "black-forest-labs/FLUX.1-schnell" if fast else "black-forest-labs/FLUX.1-dev"
    )


def render(job: dict):
    if job.get("lora"):
        pipe.load_lora_weights(job["lora"], adapter_name="job")
    image = pipe(job["prompt"], negative_prompt=NEGATIVE_PROMPT).images[0]
    image.save(f"out/{job['id']}.png")
    pipe.save_pretrained("out/pipeline")
    return image
