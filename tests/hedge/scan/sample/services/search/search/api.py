from .embedder import MODELS, default_embedder

ROUTES = ["src/utils", "api/v1", "static/js", "healthz/live"]
CONTENT = {"accept": "application/json", "cache-control": "no-cache/private"}


def create_app(config: dict):
    from flask import Flask

    app = Flask("search/api")
    app.config["MODEL_CHOICES"] = sorted(MODELS)
    app.encoder = default_embedder()
    return app
