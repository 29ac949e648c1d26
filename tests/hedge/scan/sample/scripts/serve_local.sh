#!/usr/bin/env bash
# Starts what a developer needs. We no longer start mistral:7b here.
set -euo pipefail

MODEL="${1:-Qwen/Qwen2.5-3B-Instruct}"
DRAFT=Qwen/Qwen2.5-0.5B-Instruct

vllm serve "$MODEL" --port 8000 --speculative-config "{\"model\": \"$DRAFT\", \"num_speculative_tokens\": 4}" &
vllm serve \
  --port 8001 \
  --revision 4bb46517a4da0a9d3b4f2c1e8d7a6b5c4d3e2f10 \
  ibm-granite/granite-3.1-2b-instruct &
python -m vllm.entrypoints.openai.api_server --model=facebook/opt-125m --served-model-name tiny &
vllm serve meta-llama/Llama-3.2-1B-Instruct --enable-lora --lora-modules sql=brigantine/llama-3.2-1b-sql-lora &
python -m sglang.launch_server --model-path deepseek-ai/DeepSeek-V2-Lite-Chat --port 30000 &
text-generation-launcher --model-id HuggingFaceH4/zephyr-7b-beta --revision main &
llama-server -hf ggml-org/gemma-3-1b-it-GGUF:Q4_K_M --port 8080 &
llama-server --hf-repo bartowski/Llama-3.2-1B-Instruct-GGUF --hf-file Llama-3.2-1B-Instruct-Q6_K.gguf &
llama-cli -m ./weights/tiny-support-q4_k_m.gguf -p "Where is my container?" -n 64
mlx_lm.generate --model mlx-community/Qwen2.5-1.5B-Instruct-4bit --prompt "hello"
docker run --rm -v "$PWD/data:/data" vllm/vllm-openai:v0.6.3 --model "$2"
wait
