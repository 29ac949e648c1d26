"""Fraud scoring: classic models, small and local."""
import pickle
from pathlib import Path

import joblib
import lightgbm
import mlflow
import spacy
import xgboost
from gensim.models import KeyedVectors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

MODEL_PATH = Path(__file__).parent / "weights"

nlp = spacy.load("en_core_web_sm", disable=["parser"])
churn = joblib.load("models/churn/churn.pkl")
booster = lightgbm.Booster(model_file="models/fraud/booster.txt")
tree = xgboost.XGBClassifier()
tree.load_model("models/fraud/tree.json")
registered = mlflow.pyfunc.load_model("models:/fraud-score/7")
remote = mlflow.sklearn.load_model("s3://brigantine-models/fraud/2024-09/model")
words = KeyedVectors.load("models/words/news.kv")

scale = make_pipeline(StandardScaler())
rows = Path("data/2024/01/claims.csv").read_text()

with open("models/legacy/scorer.pkl", "rb") as handle:
    scorer = pickle.load(handle)
