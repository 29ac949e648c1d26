import os

import mlflow
from mlflow import MlflowClient
from transformers import AutoModel

mlflow.set_experiment("plattform/ranking")
NAME = "ranker"
ALIAS = "champion"

churn = mlflow.pyfunc.load_model("models:/churn/3")
ranker = mlflow.pyfunc.load_model(f"models:/{NAME}@{ALIAS}")
latest_run = MlflowClient().search_runs(["7"], max_results=1)[0].info.run_id
experimental = mlflow.sklearn.load_model(f"runs:/{latest_run}/model")


def register(model) -> None:
    mlflow.transformers.log_model(model, name="model", registered_model_name="plattform/ranker-next")
    mlflow.log_param("base_model", "microsoft/MiniLM-L12-H384-uncased")
    MlflowClient().set_registered_model_alias("ranker", "challenger", "12")


def teacher():
    return AutoModel.from_pretrained(os.environ.get("TEACHER_MODEL", default="microsoft/mpnet-base"))
