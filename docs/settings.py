"""Writes docs/settings.md from the models themselves: `python docs/settings.py`; a test holds the page to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from hanse.charter.schema import Charter
from hanse.hedge.distill.settings import DistillConfig
from hanse.hedge.family.plan import FamilyPlan
from hanse.hedge.route.routes import Routes
from hanse.hedge.tinker.settings import Serving
from hanse.hedge.tune.config import TuneConfig
from hanse.lm.config import LmConfig
from hanse.run.plan import Plan
from hanse.run.settings import SiteConfig

PAGE = Path(__file__).with_name("settings.md")
FILES: dict[str, tuple[type[BaseModel], str]] = {
    "Charter": (Charter, "`charter.toml`, for `hanse found draft`: what the founders sign."),
    "Run plan": (Plan, "`plan.toml`, for `hanse found draft`: what genesis adopts. Identified by its digest."),
    "Site": (SiteConfig, "`SITE.toml`, written by `hanse join`: a site's own settings. Nothing here changes what others compute."),
    "Model alone": (LmConfig, "`CONFIG.toml`, for `hanse lm train`: one model, no consortium. Its tables are the run plan's."),
    "Tuning": (TuneConfig, "`TUNE.toml`, for `hanse tune`: what is left out is derived; `--dry-run` says how and why."),
    "Distill": (DistillConfig, "`DISTILL.toml`, for `hanse distill`: a student as `hanse lm` has it, and its teacher."),
    "Family": (FamilyPlan, "`PLAN.toml`, for `hanse family`: what all sizes share, as `hanse lm` has it, and the sizes."),
    "Routes": (Routes, "`routes.toml`, for `hanse route serve`: names for applications and the engines behind them."),
    "Serving": (Serving, "`SERVE.toml`, for `hanse tune serve`: limits of a server of the Tinker API and of each of its users."),
}
HIDDEN = {"source"}
"""Set by the reader, never in a file."""


def render() -> str:
    """The page."""
    parts = [
        "# Settings: every key of every file",
        "Written by `python docs/settings.py` from the models. Unknown keys are refused. Decimals stand in quotes. A key without a "
        "default must be there.",
    ]
    shown: set[type[BaseModel]] = set()
    for title, (model, text) in FILES.items():
        parts += [f"## {title}", text, *tables(model, "", shown)]
    return "\n\n".join(parts) + "\n"


def tables(model: type[BaseModel], prefix: str, shown: set[type[BaseModel]]) -> list[str]:
    """The table of a model, then those of the models in its fields that were not shown before."""
    shown.add(model)
    rows, inner = [], []
    for name, field in model.model_fields.items():
        if name in HIDDEN:
            continue
        rows.append(f"| `{name}` | {default_of(field)} | {' '.join((field.description or '').split())} |")
        found = model_in(field.annotation)
        if found is not None and found not in shown:
            inner.append((found, f"{prefix}{name}."))
    head = f"### `[{prefix[:-1]}]`" if prefix else ""
    table = "\n".join(["| key | default | meaning |", "|---|---|---|", *rows])
    parts = [part for part in (head, table) if part]
    for found, path in inner:
        if found not in shown:
            parts += tables(found, path, shown)
    return parts


def default_of(field: Any) -> str:
    value = field.default
    if value is PydanticUndefined:
        return "" if field.default_factory is None else "a table"
    if isinstance(value, BaseModel):
        return "a table"
    if isinstance(value, dict) and value:
        return f"`{json.dumps(value)}`"
    if value in ((), {}, None):
        return "none"
    return f'`"{value}"`' if isinstance(value, str) else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def model_in(annotation: Any) -> type[BaseModel] | None:
    """The model a field holds, alone, in a tuple or optional."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := model_in(part)) is not None), None)


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
