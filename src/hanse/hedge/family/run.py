"""`hanse family` from the plan to its members; interrupt and run again at will.

    folder/text-D/         the text made ready, D beginning its digest
    folder/NAME-D/         a member, D beginning the digest of its part of the plan, of the text and of its teacher's weights:
                           a changed part makes another folder, and what is finished is not made again
    folder/family.json     all members
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from hanse import canonical
from hanse.errors import TuneError
from hanse.hedge.distill.arms import Arm, Facts, train_arm
from hanse.hedge.distill.run import distill
from hanse.hedge.distill.settings import DistillConfig, TeacherSpec
from hanse.hedge.family.files import check_formats, quantized
from hanse.hedge.family.plan import FamilyPlan, Size
from hanse.hedge.tune.base import open_base
from hanse.lm import evaluate
from hanse.lm.alone import Prepared, Report, prepare
from hanse.lm.config import LmConfig
from hanse.lm.pack import Packed
from hanse.lm.text import documents
from hanse.store.disk import replace_file

FORMAT = "hanse-family/1"
SHORT = 12


def family(plan: FamilyPlan, made_by: str, report: Report, stop: Callable[[], bool]) -> dict[str, Any] | None:
    """Make every member that is not there; None when `stop` said so. Raises TuneError, QuantizeError and what `hanse.lm` raises."""
    formats = {name for size in plan.size for name in size.quantize}
    if formats:
        check_formats(sorted(formats))
    text = text_digest(plan)
    config = _shared(plan, f"{plan.folder}/text-{text[:SHORT]}")
    prepared = prepare(config, report)
    _needs_held(plan, prepared)
    members: list[dict[str, Any]] = []
    for size in sorted(plan.size, key=lambda one: one.made != "alone"):  # a stable order: teachers first
        report("member", {"name": size.name})
        made = _alone(plan, size, prepared, text, (report, stop)) if size.made == "alone" else _taught(
            plan, size, members, text, (report, stop))  # fmt: skip
        if made is None:
            return None
        folder = plan.root / made["folder"]
        files = quantized(folder, size.quantize, made_by, plan.measure_speed, stop)
        if files is None:
            return None
        members.append(made | {"files": files})
    order = [size.name for size in plan.size]
    found = {"format": FORMAT, "text": text, "part": _part(prepared), "tokenizer": prepared.tokenizer.sha256,
             "members": sorted(members, key=lambda member: order.index(member["name"]))}  # fmt: skip
    replace_file(plan.folder_path / "family.json", json.dumps(found, indent=1).encode())
    return found


def text_digest(plan: LmConfig) -> str:
    """Of every document and how they are split and cut into tokens."""
    made = hashlib.sha256(canonical.encode({name: plan.identity()[name] for name in ("split", "tokenizer", "data")}))
    for source in plan.text:
        made.update(f"{source.domain}\n".encode())
        for path in source.path:
            for document in documents(plan.root / path, source.field):
                made.update(hashlib.sha256(document.text.encode()).digest())
    return made.hexdigest()


def _shared(plan: FamilyPlan, folder: str) -> LmConfig:
    given = {name: getattr(plan, name) for name in LmConfig.model_fields}
    return LmConfig.model_construct(**given | {"folder": folder})


def _sized(plan: FamilyPlan, size: Size, folder: str) -> LmConfig:
    """The settings of a size."""
    model = plan.model.model_copy(update={"config": plan.model.config | size.config})
    return _shared(plan, folder).model_copy(update={"model": model, "total_steps": size.total_steps or plan.total_steps})


def identity(plan: FamilyPlan, size: Size, text: str, teacher: str) -> str:
    """Digest of what a member's weights depend on."""
    whole = _sized(plan, size, "").identity()
    kept = {name: whole[name] for name in ("model", "train", "total_steps", "schedule", "order_seed", "tokenizer", "data")}
    taught = {"teacher": teacher, "alpha": str(plan.alpha), "context": plan.teacher_context, "compare": size.compare}
    return canonical.digest({"name": size.name, "text": text, **kept, **(taught if teacher else {})})


def _alone(
    plan: FamilyPlan, size: Size, prepared: Prepared, text: str, by: tuple[Report, Callable[[], bool]]
) -> dict[str, Any] | None:
    mark = identity(plan, size, text, "")
    folder = f"{plan.folder}/{size.name}-{mark[:SHORT]}"
    config = _sized(plan, size, folder)
    packed = Packed(prepared.packed.path, prepared.tokenizer, plan.data.sequence_length, plan.order_seed)
    held = {part: texts for part, texts in prepared.held.items() if texts}
    arm = Arm(size.name, config, replace(prepared, packed=packed), {"member": mark})
    facts = train_arm(
        arm,
        lambda model, tokenizer: {
            part: evaluate.bits_per_byte(model, tokenizer, texts, plan.data.sequence_length) for part, texts in held.items()
        },
        *by,
    )
    return None if facts is None else _member(size, mark, folder, facts | _scores(facts, _part(prepared)))


def _taught(
    plan: FamilyPlan, size: Size, members: list[dict[str, Any]], text: str, by: tuple[Report, Callable[[], bool]]
) -> dict[str, Any] | None:
    teacher, weights = _teacher(plan, size, members)
    mark = identity(plan, size, text, weights)
    folder = f"{plan.folder}/{size.name}-{mark[:SHORT]}"
    own = _sized(plan, size, folder)
    given = {name: getattr(own, name) for name in LmConfig.model_fields}
    spec = TeacherSpec(model=str(teacher.resolve()), context=plan.teacher_context)
    config = DistillConfig.model_construct(
        **{name: field.get_default(call_default_factory=True) for name, field in DistillConfig.model_fields.items()
           if name not in given}
        | given
        | {"teacher": spec, "alpha": plan.alpha, "seeds": (plan.model.seed,), "compare": size.compare, "longer_max": 0}
    )  # fmt: skip
    found = distill(config, "", *by)
    if found is None:
        return None
    (row,) = found["arms"]["distilled"]
    named = next((one["name"] for one in members if one["weights"] == weights), found["teacher"]["name"])
    gain = next(iter(found["gains"].get("alone", ())), None)
    about = {"teacher": named, "teacher_weights": weights, "lead": found["lead"], "gain": gain}
    facts = row | {"parameters": found["student"]["parameters"]}
    return _member(size, mark, folder, facts) | about


def _teacher(plan: FamilyPlan, size: Size, members: list[dict[str, Any]]) -> tuple[Path, str]:
    """Its folder and its weights' digest. Raises TuneError."""
    named = {member["name"]: member for member in members}
    if size.teacher and size.teacher not in named:
        base = open_base(str(plan.root / size.teacher))
        return base.folder, base.sha256
    alone = [member for member in members if member["made"] == "alone"]
    chosen = named[size.teacher] if size.teacher else max(alone, key=lambda member: int(member["parameters"]))
    return plan.root / chosen["folder"] / "model", chosen["weights"]


def _member(size: Size, mark: str, folder: str, facts: Facts) -> dict[str, Any]:
    kept = ("parameters", "steps", "tokens", "cpu_seconds", "weights", "bits_per_byte")
    about = {"teacher": None, "teacher_weights": None, "lead": None, "gain": None}
    return {"name": size.name, "made": size.made, "identity": mark, "folder": folder, **{key: facts[key] for key in kept}, **about}


def _scores(facts: Facts, part: str) -> dict[str, Any]:
    return {"bits_per_byte": facts["scores"][part]["bits_per_byte"]}


def _part(prepared: Prepared) -> str:
    return "test" if prepared.held["test"] else "dev"


def _needs_held(plan: FamilyPlan, prepared: Prepared) -> None:
    if not (prepared.held["test"] or prepared.held["dev"]):
        raise TuneError(f"{plan.source}: split: nothing is held out, so no size could be scored; set split.test_permille")
