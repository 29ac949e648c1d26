#!/bin/sh
# harness runs; leaderboard baseline was tiiuae/falcon-7b
lm_eval --model hf \
    --model_args pretrained=EleutherAI/pythia-160m,revision=step100000,dtype="float" \
    --tasks lambada_openai,hellaswag \
    --device cuda:0 --batch_size 8

lm_eval --model vllm --model_args pretrained=out/dpo/final,tensor_parallel_size=2 --tasks gsm8k

lm_eval --model local-chat-completions \
    --model_args "model=${EVAL_MODEL:?set EVAL_MODEL},base_url=http://localhost:8000/v1/chat/completions" \
    --tasks ifeval --apply_chat_template
