"""Values with something to be filled in: ${MODEL:-x}, {{ model | default("x") }}, ${oc.env:MODEL,x}. Some carry a default."""

from __future__ import annotations

import re

_DEFAULTS = (
    re.compile(r"\$\{[A-Za-z_]\w*:?[-=](?P<default>[^${}]*)\}"),  # shell, compose
    re.compile(r"\$\{oc\.env:\s*\w+\s*,\s*(?P<default>[^${}]*)\}"),  # OmegaConf
    re.compile(r"\$\{env:\w+[,:]\s*(?P<default>[^${}]*)\}"),
    re.compile(r"\$\{[\w.-]+:(?P<default>[^${}:]+(?::[^${}]*)?)\}"),  # Spring: ${MODEL:gpt-4o}
    re.compile(r"\$?\{\{-?[^{}]*?\|\s*default\s*\(?\s*(?P<quote>[\"'])(?P<default>[^\"']*)(?P=quote)\s*(?:,\s*true\s*)?\)?[^{}]*\}\}", re.I),
    re.compile(r"\$?\{\{-?\s*default\s+(?P<quote>[\"'])(?P<default>[^\"']*)(?P=quote)[^{}]*\}\}"),  # Helm
    re.compile(r"\$?\{\{-?[^{}]*?\|\|\s*(?P<quote>[\"'])(?P<default>[^\"']*)(?P=quote)\s*\}\}"),  # GitHub
    re.compile(r"\$?\{\{-?\s*env_var\(\s*[\"']\w+[\"']\s*,\s*(?P<quote>[\"'])(?P<default>[^\"']*)(?P=quote)\s*\)[^{}]*\}\}"),
    re.compile(r"\$?\{\{-?\s*(?P<quote>[\"'])(?P<default>[^\"'{}]+)(?P=quote)\s*\}\}"),
)  # fmt: skip


def with_defaults(text: str) -> str:
    """The text with every expression that has a default replaced by it."""
    if "$" not in text and "{{" not in text:
        return text
    for pattern in _DEFAULTS:
        text = pattern.sub(lambda match: match["default"].strip("'\" "), text)
    return text
