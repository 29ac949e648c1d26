#!/bin/bash
set -euo pipefail
BASE_URL=https://huggingface.co/TheBloke/Mistral-7B-Instruct-v0.2-GGUF/resolve/3a6fbf4a41a1d52e415a4958cde6856d34b2db93
FILE=mistral-7b-instruct-v0.2.Q4_K_M.gguf

mkdir -p models
[ -f "models/$FILE" ] || curl -L --fail -o "models/$FILE" "$BASE_URL/$FILE"
curl -sSLO https://raw.githubusercontent.com/ggml-org/llama.cpp/master/grammars/json.gbnf

case "${1:-chat}" in
  chat)
    exec llama-server -hf ggml-org/gemma-3-4b-it-GGUF:Q4_K_M --port 8080 -ngl 99
    ;;
  embed)
    exec llama-server --hf-repo nomic-ai/nomic-embed-text-v1.5-GGUF \
      --hf-file nomic-embed-text-v1.5.Q8_0.gguf --embeddings
    ;;
  local)
    exec llama-cli -m models/tinyllama-stories.gguf -p "Once upon a time"
    ;;
  *)
    echo "usage: $0 chat|embed|local   (try ggml-org/SmolVLM-500M-Instruct-GGUF)" >&2
    exec llama-server -m "$2"
    ;;
esac
