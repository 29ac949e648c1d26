"""The demo's last chapter: a small application that depends on models, scanned; the demo's own model, locked and verified,
also after a byte of a copy was flipped. Needs no torch."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from hanse.hedge.lock.kept import open_lock, save_lock
from hanse.hedge.lock.take import Wanted, take
from hanse.hedge.lock.verify import verify_folder
from hanse.hedge.scan.tree import scan
from hanse.hedge.source.folder import FolderSource

APPLICATION = {
    "service/answer.py": (
        "import os\n\nfrom transformers import AutoModelForCausalLM, AutoTokenizer\n\n"
        'MODEL = os.environ.get("ANSWER_MODEL", "Qwen/Qwen3-32B")\n\n'
        "tokenizer = AutoTokenizer.from_pretrained(MODEL)\n"
        "model = AutoModelForCausalLM.from_pretrained(MODEL)\n"
    ),
    "service/search.py": (
        "from sentence_transformers import SentenceTransformer\n\n"
        'encoder = SentenceTransformer("sentence-transformers/all-MiniLM-L6-v2",\n'
        '                              revision="c9745ed1d9f207416be6d2e6f8de32d1f16199bf")\n'
    ),
    "service/plug.py": "from transformers import pipeline\n\n\ndef load(settings):\n    return pipeline(model=settings.model)\n",
    "compose.yaml": (
        "services:\n  chat:\n    image: vllm/vllm-openai:v0.11.0\n"
        "    command: --model deepseek-ai/DeepSeek-V3.2 --tensor-parallel-size 8\n"
    ),
    "Modelfile": "FROM llama3.3:70b\nPARAMETER temperature 0.2\n",
    "deploy.sh": "#!/bin/sh\nset -e\nhf download google/gemma-3-27b-it --revision main\nvllm serve google/gemma-3-27b-it\n",
}
"""A made-up application: it names models the way applications do, pinned and not, and one by a name known only when it runs."""


def keep(folder: Path, model: Path, today: str) -> dict[str, Any]:
    """Scan, lock, verify, tamper; everything is written below `folder`, which is made anew. `today` as YYYY-MM-DD."""
    if folder.exists():
        shutil.rmtree(folder)
    application = folder / "application"
    for name, text in APPLICATION.items():
        (application / name).parent.mkdir(parents=True, exist_ok=True)
        (application / name).write_text(text, encoding="utf-8")
    found = scan(application)
    lock_path = application / "models.lock"
    taken = take(Wanted("demo", "", "", (str(model.resolve()),), today), FolderSource(str(model)))
    lock, before = open_lock(lock_path)
    save_lock(lock_path, lock.replaced(taken.model), before, taken.texts)
    good = verify_folder(taken.model, model)
    copy = folder / "tampered"
    shutil.copytree(model, copy)
    largest = max(taken.model.file, key=lambda item: item.size)
    flip(copy / largest.path, largest.size // 2)
    bad = verify_folder(taken.model, copy)
    return {
        "files": found.files,
        "findings": [finding.as_json() for finding in found.findings],
        "lock": {
            "name": taken.model.name,
            "entry": taken.model.entry,
            "license": taken.model.license.id,
            "files": [{"path": f.path, "sha256": f.sha256, "size": f.size} for f in taken.model.file],
            "notes": list(taken.notes),
        },
        "verified": [problem.text for problem in good],
        "tampered": [problem.as_json() for problem in bad],
    }


def flip(path: Path, at: int) -> None:
    """Invert one bit of a file."""
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 1]))
