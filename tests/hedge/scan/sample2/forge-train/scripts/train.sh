#!/usr/bin/env bash
set -euo pipefail

export WANDB_PROJECT=forgeworks/claims
MODEL="${MODEL:-mistralai/Mistral-7B-v0.3}"
DATASET=${DATASET:-HuggingFaceH4/no_robots}
RUN_NAME="mistral-7b/$(date +%F)"

echo "training $MODEL, teacher is gpt-4o (offline outputs)"
# hf download google/gemma-2-2b

hf download "$MODEL" --exclude "*.pth"
hf download "$DATASET" --repo-type dataset
huggingface-cli download facebook/opt-125m --revision 27dcfa74d334bc871f3234de431e71c6eeba5dd6

accelerate launch --config_file configs/z3.yaml \
  trl/sft.py \
  --model_name_or_path "$MODEL" \
  --dataset_name "$DATASET" \
  --output_dir "out/$RUN_NAME"

torchrun --nproc_per_node 8 trl/reward.py \
  --model_name_or_path \
    Qwen/Qwen2-0.5B-Instruct \
  --dataset_name trl-lib/ultrafeedback_binarized

llamafactory-cli train llamafactory/qwen2_5vl_lora_sft.yaml
hf upload forgeworks/claims-mistral out/latest
