# End points for the customs desk. The first used bert-large-cased.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.70"
    }
  }
}

resource "aws_sagemaker_model" "customs" {
  name               = "customs"
  execution_role_arn = var.role_arn

  primary_container {
    image = "763104351884.dkr.ecr.eu-central-1.amazonaws.com/huggingface-pytorch-inference:2.1.0"
    environment = {
      HF_MODEL_ID       = "joeddav/xlm-roberta-large-xnli"
      HF_MODEL_REVISION = "b227ee8435ceadfa86dc1368a34254e2838bf242"
      HF_TASK           = "zero-shot-classification"
    }
  }
}

resource "aws_sagemaker_model" "fraud" {
  name               = "fraud"
  execution_role_arn = var.role_arn

  primary_container {
    image          = var.fraud_image
    model_data_url = "s3://brigantine-models/fraud/2024-10/model.tar.gz"
  }
}

module "generate" {
  source      = "./modules/tgi"
  hf_model_id = var.generate_model
}

module "rerank" {
  source      = "./modules/tei"
  hf_model_id = var.rerank_model
}

resource "aws_lambda_function" "ask" {
  function_name = "ask"
  role          = var.role_arn
  image_uri     = "ghcr.io/brigantine/ask:2"
  environment {
    variables = {
      BEDROCK_MODEL_ID = "anthropic.claude-3-5-sonnet-20240620-v1:0"
      BUCKET_KEY       = "exports/2024/01"
    }
  }
}
