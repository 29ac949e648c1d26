#!/usr/bin/env bash
# Serves the support model. History: lmsys/vicuna-13b-v1.5 (2023), then
#   vllm serve mistralai/Mixtral-8x7B-Instruct-v0.1
set -e
PORT=${PORT:-8000}
ALIAS=support-bot

exec vllm serve mistralai/Mistral-Small-3.2-24B-Instruct-2506 \
  --revision 95a6d26c4bfb886c58daf9d3f7332c857cb27b42 \
  --tokenizer mistralai/Mistral-Small-3.1-24B-Instruct-2503 \
  --tokenizer-mode mistral \
  --served-model-name "$ALIAS" \
  --speculative-config '{"model": "yuhuili/EAGLE-LLaMA3.1-Instruct-8B", "num_speculative_tokens": 3}' \
  --enable-lora --lora-modules sql=/mnt/adapters/sql-lora \
  --tool-call-parser mistral \
  --port "$PORT"
