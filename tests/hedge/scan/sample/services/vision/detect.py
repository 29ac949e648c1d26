"""Damage detection on container photos."""
import keras
import keras_hub
import onnxruntime as ort
import timm
import torch
import torchvision
from diffusers import ControlNetModel, StableDiffusionControlNetPipeline
from transformers import AutoImageProcessor, AutoModelForObjectDetection
from ultralytics import YOLO

backbone = timm.create_model("vit_base_patch16_224.augreg_in21k", pretrained=True, num_classes=4)
blank = timm.create_model("resnet18", pretrained=False)
hub = timm.create_model("hf_hub:timm/convnext_tiny.in12k_ft_in1k", pretrained=True)
old = torch.hub.load("pytorch/vision:v0.10.0", "deeplabv3_resnet50", pretrained=True)
tv = torchvision.models.resnet50(weights="IMAGENET1K_V2")
untrained = torchvision.models.resnet34(weights=None)
app_model = keras.applications.EfficientNetB0(weights="imagenet", include_top=False)
preset = keras_hub.models.ImageClassifier.from_preset("resnet_50_imagenet")
defects = keras.models.load_model("models/vision/defects.h5")
detector = AutoModelForObjectDetection.from_pretrained("facebook/detr-resnet-50", revision="no_timm")
processor = AutoImageProcessor.from_pretrained("facebook/detr-resnet-50", revision="no_timm")
yolo = YOLO("yolov8n.pt")
session = ort.InferenceSession("../../models/fraud/fraud.onnx")
state = torch.load("models/legacy/vision.pt", map_location="cpu")

control = ControlNetModel.from_pretrained("lllyasviel/sd-controlnet-canny")
sd = StableDiffusionControlNetPipeline.from_pretrained(
    "stable-diffusion-v1-5/stable-diffusion-v1-5",
    controlnet=control,
    torch_dtype=torch.float16,
)
sd.load_lora_weights("latent-consistency/lcm-lora-sdv1-5")
sd.save_pretrained("out/container-sd")
