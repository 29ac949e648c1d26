#!/bin/sh
# Fetches the weights for an offline site.
set -eu

hf download sentence-transformers/all-MiniLM-L6-v2 --revision c9745ed1d9f207416be6d2e6f8de32d1f16199bf
huggingface-cli download TheBloke/Mistral-7B-Instruct-v0.2-GGUF mistral-7b-instruct-v0.2.Q4_K_M.gguf --local-dir weights
huggingface-cli download --revision v1.0 brigantine/customs-classifier
huggingface-cli download --repo-type dataset brigantine/customs-dialogues
huggingface-cli upload brigantine/gemma-2-2b-customs out/customs-lora
hf download "$EXTRA_MODEL"

for name in google/flan-t5-small google/flan-t5-base; do
    hf download "$name"
done

git clone https://huggingface.co/microsoft/phi-2
git clone --branch refs/pr/9 https://huggingface.co/prajjwal1/bert-tiny weights/bert-tiny
git clone https://huggingface.co/datasets/brigantine/tickets-2024
git clone --depth 1 https://github.com/ggerganov/llama.cpp

curl -fL -o weights/phi.gguf \
    https://huggingface.co/microsoft/Phi-3-mini-4k-instruct-gguf/resolve/c8f6a1e3b5d7092b4d6f8a0c2e4f6a8b0d2f4a6c/Phi-3-mini-4k-instruct-q4.gguf
wget -q https://huggingface.co/rhasspy/piper-voices/resolve/main/de/de_DE/thorsten/medium/de_DE-thorsten-medium.onnx
wget -q "https://huggingface.co/ggerganov/whisper.cpp/resolve/main/ggml-base.en.bin?download=true" -P weights
curl -fsSL https://github.com/brigantine/freight/releases/download/v2/notes.txt -o out/notes.txt
aws s3 cp s3://brigantine-models/ner/2024-10/model.tar.gz weights/
aws s3 cp s3://brigantine-data/exports/2024/01/claims.csv data/
python -m spacy download en_core_web_md
pip install https://github.com/explosion/spacy-models/releases/download/xx_ent_wiki_sm-3.7.0/xx_ent_wiki_sm-3.7.0-py3-none-any.whl
