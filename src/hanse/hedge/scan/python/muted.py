"""Calls whose arguments choose no model: what prints, measures, checks, saves, uploads."""

from __future__ import annotations

import ast
import re

from hanse.hedge.scan.vocabulary import word_lists

_WORDS = word_lists("muted")
_SAYS = _WORDS["says"]
SAVES = re.compile(
    r"save\w*|push_to_hub\w*|push_\w+|upload\w*|create_repo|create_commit|create_branch|create_tag|delete\w*|(?:safe_)?dump|export\w*|"
    r"to_(?:csv|json|parquet|onnx|disk|safetensors)|mkdir|makedirs|rmtree|unlink|write_\w+|convert_to_\w+|create_model_card|"
    r"register_model|log_model|rm|merge_and_save"
)
"""What is named here is an output."""
_MEASURES = re.compile(
    r"\w*(?:[Pp]ric(?:e|ing)|[Cc]ost|[Uu]sage|[Mm]etric|Counter|Gauge|Histogram|Logger|Response)\w*|load_dataset"
)
_COPIES = _WORDS["copies"]
_TARGETS = re.compile(r"out|outfile|output\w*|dest\w*|dst|target\w*|save_\w+|to|local_dir|cache_dir|download_root|cache\w*|log\w*|"
                      r"filename|weight_name|gguf_file|file_name|subfolder|variant|allow_patterns|ignore_patterns")  # fmt: skip


def muted(call: ast.Call, last: str) -> bool:
    """Whether a call's literals are no choice of a model."""
    if (
        last in _SAYS
        or last.startswith("assert")
        or SAVES.fullmatch(last) is not None
        or _MEASURES.fullmatch(last) is not None
    ):
        return True
    keywords = {keyword.arg for keyword in call.keywords}
    return "choices" in keywords and bool(keywords & {"usage", "created", "object", "id"})


def saves(last: str) -> bool:
    """Whether a call writes what its arguments name."""
    return SAVES.fullmatch(last) is not None


def copies(last: str) -> bool:
    """Whether the arguments after the first say where something is put: urlretrieve(url, "x.onnx")."""
    return last in _COPIES


def is_target(keyword: str) -> bool:
    """Whether a keyword says where something is put, or which file of a repository is meant."""
    return _TARGETS.fullmatch(keyword) is not None
