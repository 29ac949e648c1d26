import cv2
import torch
from segment_anything import SamPredictor, sam_model_registry
from ultralytics import SAM, YOLO

CLASS_NAMES = ["scratch", "dent", "bolt/missing", "ok"]
SAM_CHECKPOINT = "weights/sam_vit_b_01ec64.pth"
PLC_MODEL = "S7-1500"
CAMERA_MODEL = "Basler acA1920-40gc"

detector = YOLO("yolo11n.pt")
defects = YOLO("weights/defects.pt", task="detect")
mobile = SAM("mobile_sam.pt")
scratch_net = YOLO("yolo11n-seg.yaml")


def predictor() -> SamPredictor:
    sam = sam_model_registry["vit_b"](checkpoint=SAM_CHECKPOINT)
    return SamPredictor(sam.to("cuda"))


def backbone():
    """dinov2_vitl14 would be better, but the line PC has 8 GB."""
    return torch.hub.load("facebookresearch/dinov2", "dinov2_vits14")


def run(source: int = 0) -> None:
    cap = cv2.VideoCapture(source)
    while cap.isOpened():
        ok, frame = cap.read()
        if not ok:
            break
        for box in defects(frame)[0].boxes:
            print(CLASS_NAMES[int(box.cls)], "yolov8x.pt had better recall")


def train():
    detector.train(data="coco128.yaml", epochs=30, project="runs/defects", name="yolo11n")
    detector.export(format="onnx")
