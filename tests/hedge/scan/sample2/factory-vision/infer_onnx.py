import os
from pathlib import Path

import joblib
import onnxruntime as ort
import torch

HERE = Path(__file__).resolve().parent
MODEL_DIR = os.environ.get("MODEL_DIR", "models")

session = ort.InferenceSession(os.path.join(MODEL_DIR, "defect.onnx"), providers=["CPUExecutionProvider"])
outliers = joblib.load(HERE / "models" / "isolation_forest.joblib")
customer_model = ort.InferenceSession(os.environ["CUSTOMER_ONNX"])


def export(net: torch.nn.Module) -> None:
    dummy = torch.randn(1, 3, 224, 224)
    torch.onnx.export(net, dummy, "out/defect-v2.onnx", opset_version=17)
    torch.save(net.state_dict(), "out/defect-v2.pt")
    print("exported; compare with models/defect-v1.onnx by hand")
