terraform {
  required_providers {
    azurerm = { source = "hashicorp/azurerm", version = "~> 4.20" }
    aws     = { source = "hashicorp/aws", version = "~> 5.90" }
  }
}

variable "embedding_model" {
  type        = string
  description = "Bedrock id, e.g. cohere.embed-multilingual-v3"
  default     = "amazon.titan-embed-text-v2:0"
}

variable "rerank_model" {
  type = string
}

resource "azurerm_cognitive_deployment" "chat" {
  name                 = "nb-gpt4o-weu"
  cognitive_account_id = azurerm_cognitive_account.main.id
  model {
    format  = "OpenAI"
    name    = "gpt-4o"
    version = "2024-11-20"
  }
  sku { name = "Standard" }
}

resource "aws_sagemaker_model" "llm" {
  name               = "plattform-llm"
  execution_role_arn = aws_iam_role.sm.arn
  primary_container {
    image = "763104351884.dkr.ecr.eu-central-1.amazonaws.com/huggingface-pytorch-tgi-inference:2.6.0-tgi3.2.3-gpu-py311-cu124-ubuntu22.04"
    environment = {
      HF_MODEL_ID  = "mistralai/Ministral-8B-Instruct-2410"
      SM_NUM_GPUS  = "1"
    }
  }
}

resource "aws_lambda_function" "rag" {
  function_name = "rag"
  image_uri     = "ghcr.io/plattform/rag:1.0.3"
  environment {
    variables = {
      EMBEDDING_MODEL_ID = var.embedding_model
      RERANK_MODEL_ID    = var.rerank_model
    }
  }
}
