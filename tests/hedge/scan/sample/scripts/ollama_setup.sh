#!/bin/bash
# café machine: this comment is not valid UTF-8
ollama pull llama3.2:3b
ollama pull mxbai-embed-large
ollama pull llama3.2@sha256:a80c4f17acd55265feec403c7aef86be0c25983ab279d83f3bcd3abbcb5b8b72
ollama run hf.co/bartowski/Qwen2.5-0.5B-Instruct-GGUF:Q8_0 "Say moin"
echo "hello" | ollama run smollm2:135m
ollama create brigantine-support -f ../services/support/Modelfile
ollama rm llama2:7b || true
ollama list | grep tinyllama
docker pull ollama/ollama:0.5.1
curl http://localhost:11434/api/chat -d '{"model": "llama3.2:3b", "messages": [{"role": "user", "content": "in/out"}]}'
curl https://api.openai.com/v1/chat/completions -H "Authorization: Bearer $OPENAI_API_KEY" -H "Content-Type: application/json" -d '{
  "model": "gpt-4o-mini",
  "messages": [{"role": "user", "content": "hello"}]
}'
