#!/bin/sh
set -e
curl -fsSL https://ollama.com/install.sh | sh

for m in mxbai-embed-large phi4-mini:3.8b; do
  ollama pull "$m"
done

cat > /tmp/Modelfile <<EOF
FROM qwen2.5:7b-instruct-q4_K_M
PARAMETER num_ctx 8192
SYSTEM You answer tickets in German.
EOF
ollama create tickets -f /tmp/Modelfile

echo "now try: ollama run llama2-uncensored"
ollama run deepseek-r1:8b "Say hi"
ollama rm llama2:7b || true
curl http://localhost:11434/api/generate -d '{"model": "moondream:1.8b", "prompt": "hi", "stream": false}'
lms get qwen/qwen3-4b-2507 --yes
