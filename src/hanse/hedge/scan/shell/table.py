"""Commands that take models: which words and options name one, and of which kind. Everything else is generic (see `options`)."""

from __future__ import annotations

from dataclasses import dataclass

from hanse.hedge.scan.finding import Kind


@dataclass(frozen=True)
class Spec:
    """What of a command names models."""

    first: int | None = None
    """Which word that is no option names the model, from 0; None when none does."""
    all: bool = False
    """Every word from `first` on does."""
    kind: Kind = "hub"
    """Of a name without a shape."""
    options: frozenset[str] = frozenset()
    """Options that name one, besides those whose name says so."""
    strict: bool = False
    """Take a word only if it looks like a model (it may be something else)."""
    repository: bool = False
    """A download from the hub: --repo-type and --revision count, further words are files."""


def _spec(*names: str, options: str = "", **given: object) -> dict[str, Spec]:
    spec = Spec(options=frozenset(options.split()), **given)  # type: ignore[arg-type]
    return dict.fromkeys(names, spec)


SPECS: dict[str, Spec] = {
    **_spec("ollama run", "ollama pull", "ollama show", "ollama launch", first=0, kind="ollama", options="--model"),
    **_spec("docker model pull", "docker model run", "docker model package", "docker model inspect", first=0, kind="url"),
    **_spec("ramalama run", "ramalama pull", "ramalama serve", "ramalama bench", "ramalama chat", first=0, kind="ollama"),
    **_spec("vllm serve", first=0, options="--model --tokenizer --speculative-model --lora-modules"),
    **_spec("vllm chat", "vllm complete", "vllm bench", "vllm run-batch", options="--model -m --tokenizer"),
    **_spec("vllm.entrypoints.openai.api_server", "vllm.entrypoints.api_server", "vllm.entrypoints.openai.run_batch",
            "vllm.entrypoints.cli.main", "sglang.launch_server", "sglang.bench_serving", "sglang.bench_one_batch",
            "llama_cpp.server", "fastchat.serve.model_worker", "fastchat.serve.vllm_worker", "fastchat.serve.cli",
            "aphrodite.endpoints.openai.api_server", "lightllm.server.api_server", "tgi", "text-generation-server",
            options="--model --model-path --tokenizer-path --tokenizer --draft-model-path --speculative-draft-model-path"),
    **_spec("text-generation-launcher", "text-embeddings-router", "text-generation-benchmark",
            options="--model-id --tokenizer-name --lora-adapters"),
    **_spec("text-generation-server download-weights", "text-generation-server serve", "trtllm-serve", "trtllm-serve serve",
            "lmdeploy serve api_server", "lmdeploy serve gradio", "lmdeploy chat", "lmdeploy lite auto_awq", "openllm serve", "openllm start", "openllm run", "aphrodite run",
            "transformers chat", "transformers serve", "transformers-cli chat", "mlc_llm serve", "mlc_llm chat",
            "trtllm-bench", "exo run", "tabby serve", "nexa run", "nexa pull", "nexa infer", "local-ai run",
            "localai run", "lms get", "lms load", "foundry model", "llamafile", "swama run", "mistralrs serve", "modular",
            "max serve", "max generate", "dynamo run", "kaito", "optillm", "cortex run", "cortex pull", "jan", "vllm-mlx serve",
            first=0, options="--model -m --model-path --chat-model", strict=False),
    **_spec("hf download", "huggingface-cli download", first=0, repository=True),
    **_spec("modelscope download", first=0, options="--model", repository=True, kind="url"),
    **_spec("llama-server", "llama-cli", "llama-bench", "llama-perplexity", "llama-embedding", "llama-simple", "llama-run",
            "llama-mtmd-cli", "llama-llava-cli", "llama-speculative", "llama-imatrix", "llama-quantize-stats", "main", "server",
            "llama.cpp", "koboldcpp", "koboldcpp.py", "whisper-cli", "whisper-server", "whisper.cpp", "stable-diffusion.cpp", "sd",
            "llama-tts", "llama-batched-bench", "llama-parallel", "llama-gemma3-cli", "llama-qwen2vl-cli", "rpc-server",
            options="-m -hf -hfr --hf-repo -hfd -hfrd --hf-repo-draft -md --model-draft --lora --mmproj -mm -mv --model-vocoder "
                    "--vae --diffusion-model -hfv -hffv --control-vector -mu --model-url -dr --docker-repo --lora-scaled"),
    **_spec("mlx_lm.generate", "mlx_lm.server", "mlx_lm.chat", "mlx_lm.lora", "mlx_lm.convert", "mlx_lm.fuse", "mlx_lm.evaluate",
            "mlx_lm.cache_prompt", "mlx_lm.dwq", "mlx_lm.perplexity", "mlx_vlm.generate", "mlx_vlm.server", "mlx_vlm.chat",
            "mlx_vlm.lora", "mlx_whisper", "mlx_lm generate", "mlx_lm server", "mlx_lm chat", "mlx_lm lora", "mlx_lm convert",
            "mlx-openai-server launch", "mlx_audio.tts.generate", "mlx_lm", "mlx_vlm",
            options="--model --model-path --adapter-path --hf-path --draft-model --hf-model"),
    **_spec("spacy download", first=0, kind="package"),
    **_spec("ct2-transformers-converter", "optimum-cli export", "optimum-cli", "trl", "accelerate", "llamafactory-cli", "axolotl",
            "swift", "lighteval", "auto-round", "auto_round", "whisper", "whisper-ctranslate2", "faster-whisper",
            "whisperx", "infinity_emb", "ilab", "xinference", "tts", "piper", "coqui", "insanely-fast-whisper", "gguf-my-repo",
            "guidellm", "genai-perf", "evalplus", "bigcodebench", "olive", "litgpt", "tune", "unsloth", "gptqmodel", "ct2",
            options="--model --model_name --pretrained --model-id --tokenizer --repository --model_name_or_path"),
    **_spec("litgpt download", "tune download", first=0, repository=True),
    **_spec("ilab model", options="--repository --model-path --model", kind="hub"),
    **_spec("litellm", "llm", "aider", "mods", "codex", "claude", "gemini", "opencode", "goose", "sgpt", "chatblade", "gptme",
            "interpreter", "fabric", "tgpt", "oterm", "open-webui", "promptfoo", "shell-gpt", "elia", "aichat",
            options="-m --model --weak-model --editor-model --embedding-model", kind="hosted"),
    **_spec("llm embed", "llm embed-multi", "llm chat", "llm prompt", options="-m --model", kind="hosted"),
    **_spec("gh models run", "llm models default", "opencode run", first=0, kind="hosted", strict=True, options="-m --model"),
    **_spec("mlflow models serve", "mlflow models build-docker", "mlflow models predict", "mlflow deployments create",
            options="-m --model-uri", kind="url"),
    **_spec("wandb artifact get", "dvc pull", "dvc get", "kit pull", "kit unpack", "oras pull", "modctl pull", "git-lfs",
            first=0, all=True, strict=True, kind="url"),
    **_spec("yolo", "nemo", "ultralytics", "lm_eval", "lm-eval", "evaluate", strict=True),
}  # fmt: skip
"""By the command's words: 'ollama run', or one word for all of its forms; of `python -m X`, X."""

NOT_USED = frozenset({
    "ollama rm", "ollama create", "ollama push", "ollama cp", "ollama stop", "ollama list", "ollama ps", "ollama serve", "hf upload",
    "hf upload-large-folder", "huggingface-cli upload", "huggingface-cli upload-large-folder", "hf repo", "hf cache", "hf auth", "hf repos",
    "huggingface-cli repo", "huggingface-cli delete-cache", "huggingface-cli scan-cache", "huggingface-cli login", "docker model rm",
    "docker model push", "docker model tag", "lms unload", "lms ls", "ramalama rm", "ramalama push", "hf jobs", "hf repo-files",
})  # fmt: skip
"""Commands that name models and use none."""

IMAGES: tuple[tuple[str, str], ...] = (
    ("vllm", "vllm serve"), ("text-generation-inference", "text-generation-launcher"), ("text-embeddings-inference", "text-embeddings-router"),
    ("tei", "text-embeddings-router"), ("llama.cpp", "llama-server"), ("llama-cpp", "llama-server"), ("llamacpp", "llama-server"),
    ("sglang", "sglang.launch_server"), ("ollama", "ollama"), ("infinity", "infinity_emb"), ("localai", "local-ai run"),
    ("local-ai", "local-ai run"), ("litellm", "litellm"), ("lmdeploy", "lmdeploy serve"), ("tabby", "tabby serve"),
    ("whisper", "whisper"), ("aphrodite", "aphrodite run"), ("tgi", "text-generation-launcher"), ("ramalama", "ramalama"),
    ("koboldcpp", "koboldcpp"), ("mistral.rs", "mistralrs serve"), ("huggingfaceserver", "huggingfaceserver"),
)  # fmt: skip
"""What a container runs when its command begins with an option: by a part of the image's name."""

BOOLEAN = frozenset(
    [
        "-q",
        "--quiet",
        "--verbose",
        "--force",
        "--insecure",
        "--trust-remote-code",
        "--trust_remote_code",
        "--rm",
        "-it",
        "-ti",
        "-i",
        "--detach",
        "--yes",
        "-y",
        "--help",
        "--enable-auto-tool-choice",
        "--enable-prefix-caching",
        "--enforce-eager",
        "--enable-lora",
        "--disable-log-requests",
        "--jinja",
        "--mlock",
        "-cnv",
        "--conversation",
        "--interactive",
        "--embedding",
        "--embeddings",
        "--reranking",
        "--metrics",
        "--resume-download",
        "--progress",
        "--no-cache-dir",
        "--user",
        "--upgrade",
        "-U",
        "--init",
        "--privileged",
        "--location",
        "--fail",
        "--silent",
        "--show-error",
        "--compressed",
        "--pre",
        "--recursive",
        "--json",
        "--all",
        "--single-branch",
        "--async-scheduling",
        "--auto",
        "--keep",
        "--ignore-eos",
        "--dry-run",
        "--continue",
        "--nowordwrap",
        "--hidethinking",
    ]
)
"""Options that take no value, so that the word after them is not theirs."""

WRAPPERS: dict[str, int] = {
    "sudo": 0, "env": 0, "nohup": 0, "exec": 0, "time": 0, "nice": 0, "command": 0, "builtin": 0, "stdbuf": 0, "setsid": 0, "eval": 0,
    "timeout": 1, "watch": 0, "xargs": 0, "srun": 0, "mpirun": 0, "uvx": 0, "npx": 0, "bunx": 0, "pipx run": 0, "uv run": 0,
    "uv tool run": 0, "poetry run": 0, "pdm run": 0, "hatch run": 0, "rye run": 0, "pixi run": 0, "conda run": 0, "micromamba run": 0,
    "mamba run": 0, "pipenv run": 0, "pnpm exec": 0, "yarn exec": 0, "dumb-init": 0, "tini": 0, "gosu": 1, "su-exec": 1, "numactl": 0,
    "taskset": 1, "systemd-run": 0, "start": 0, "retry": 0, "op run": 0, "doppler run": 0, "dotenv run": 0, "infisical run": 0,
    "modal run": 0, "ray job submit": 0, "screen": 0, "caffeinate": 0, "proxychains": 0, "proxychains4": 0, "flock": 1, "nsys profile": 0,
}  # fmt: skip
"""Commands that run the rest of the line, with how many words of their own stand before it."""

WRAPPER_VALUES = frozenset(
    [
        "-n",
        "-u",
        "-g",
        "--name",
        "--user",
        "-p",
        "--env-file",
        "--with",
        "--python",
        "--from",
        "--extra",
        "--group",
        "--project",
        "-C",
        "--directory",
        "-I",
        "-P",
        "-S",
        "-L",
        "-k",
        "--with-requirements",
        "-N",
        "--ntasks",
        "--gres",
        "--gpus",
        "--partition",
        "--cpunodebind",
        "--membind",
        "-d",
        "-a",
        "-s",
        "--host",
        "--index-url",
    ]
)
"""Options of wrappers that take a value."""

KEYWORDS = frozenset(
    {"if", "then", "elif", "else", "do", "while", "until", "!", "{", "}", "fi", "done", "&&", "||", "function"}
)
