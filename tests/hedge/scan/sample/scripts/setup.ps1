# Windows laptops of the depots
$ErrorActionPreference = "Stop"
$Model = "phi3.5:3.8b"
ollama pull $Model
ollama pull gemma2:2b
hf download Systran/faster-whisper-small --local-dir C:\models\whisper
# ollama pull codellama:7b
Write-Host "see docs/models.md or ask in support/laptops"
