import torch
from diffusers import DiffusionPipeline
from transformers import CLIPModel


def build(kind):
	if kind == "clip":
		return CLIPModel.from_pretrained(	"openai/clip-vit-base-patch32"	)
	if kind == "draw":
		return DiffusionPipeline.from_pretrained('stabilityai/sdxl-turbo',	variant='fp16')
	return	DiffusionPipeline.from_pretrained(kind)
