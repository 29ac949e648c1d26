import json
import os

import boto3
from sagemaker.huggingface import HuggingFaceModel, get_huggingface_llm_image_uri
from sagemaker.jumpstart.model import JumpStartModel

ROLE = os.environ["SAGEMAKER_ROLE"]
ENDPOINT = "plattform/llm-prod"

hub = {
    "HF_MODEL_ID": "tiiuae/Falcon3-7B-Instruct",
    "SM_NUM_GPUS": "1",
    "MAX_INPUT_LENGTH": "4000",
}
llm = HuggingFaceModel(role=ROLE, image_uri=get_huggingface_llm_image_uri("huggingface", version="3.2.0"), env=hub)
predictor = llm.deploy(initial_instance_count=1, instance_type="ml.g5.2xlarge")

js = JumpStartModel(model_id="huggingface-sentencesimilarity-gte-small", model_version="1.0.0", role=ROLE)

intent = HuggingFaceModel(model_data="s3://plattform-models/intent/model.tar.gz", role=ROLE, transformers_version="4.49")

bedrock = boto3.client("bedrock-runtime", region_name="eu-central-1")


def ask(prompt: str) -> str:
    body = json.dumps({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 200, "messages": [{"role": "user", "content": prompt}]})
    resp = bedrock.invoke_model(
        modelId="eu.anthropic.claude-3-7-sonnet-20250219-v1:0",
        body=body,
    )
    return json.loads(resp["body"].read())["content"][0]["text"]


def ask_any(prompt: str) -> dict:
    return bedrock.converse(modelId=os.environ["BEDROCK_MODEL_ID"], messages=[{"role": "user", "content": [{"text": prompt}]}])
