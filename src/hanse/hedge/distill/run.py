"""`hanse distill` from the settings to a student and its report; interrupt and run again at will.

    folder/run.json        identity
    folder/text/           as `hanse lm` has it; level sequence: answers.jsonl, taught/ and alone/ with a token file each
    folder/teacher.json    its held-out scores
    folder/targets/        its distributions (`targets`)
    folder/arms/           every student (`arms`)
    folder/model/          the student: of the seed that is best on dev
    folder/distilled.json  what it came to, and from what
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hanse import canonical
from hanse.errors import TuneError
from hanse.hedge.distill import judge
from hanse.hedge.distill.align import Symbols, align, same_vocabulary, shared
from hanse.hedge.distill.arms import Arm, Facts, read_facts, summed, train_arm
from hanse.hedge.distill.ground import Ground, answers_ground, text_ground
from hanse.hedge.distill.loss import teacher_loss
from hanse.hedge.distill.settings import DistillConfig
from hanse.hedge.distill.targets import Asked, Targets, make_targets
from hanse.hedge.distill.teacher import Teacher, open_teacher, read_tokenizer, with_student
from hanse.hedge.tune.folder import kept_files
from hanse.lm.alone import Prepared, Report, claim, embedding_rows
from hanse.lm.config import LmConfig
from hanse.lm.model import config_of
from hanse.lm.pack import Packed
from hanse.lm.tokenizer import Tokenizer
from hanse.lm.train import Loss, pick_device
from hanse.store.disk import replace_file

Places = npt.NDArray[np.bool_]
FORMAT = "hanse-distilled/1"
CURVE = 8
"""Dev scores of an arm on its way."""


@dataclass(frozen=True)
class Lesson:
    """How the taught students are trained."""

    loss: Loss | None
    digest: str
    cpu_seconds: float
    """What the teacher took to be asked."""
    known: float
    """Share of the positions read that have a distribution."""


def distill(config: DistillConfig, key: str, report: Report, stop: Callable[[], bool]) -> dict[str, Any] | None:
    """Do all that is not done; None when `stop` said so. `key` is an endpoint's. Raises TuneError and what `hanse.lm` raises for
    what the user can mend, Unavailable for an endpoint that stops; what was made stays, and the next run goes on from it."""
    teacher = open_teacher(config)
    if config.level != "sequence":
        teacher.readable()
    config, base = with_student(config, teacher)
    finished = _finished(config, teacher)
    if finished is not None:
        return finished
    claim(config, {**config.identity(), "teacher": canonical.digest([teacher.name, teacher.sha256]),
                   "level": canonical.digest([config.level, base, list(config.prompts)])})  # fmt: skip
    if config.level == "sequence":
        ground = answers_ground(config, teacher, key, report, stop)
    else:
        ground = text_ground(config, report)
    if ground is None:
        return None
    known = _teacher_scores(config, teacher, ground)
    alone = _train(config, ground, "alone", _alone(config, ground), report, stop)
    if alone is None:
        return None
    ahead = judge.lead(known, alone, ground.part) if alone and known else None
    if ahead is not None:
        report("lead", ahead | {"part": ground.part})
    lesson = _lesson(config, teacher, ground, report, stop)
    if lesson is None:
        return None
    taught = _train(config, ground, "distilled", lesson, report, stop)
    if taught is None:
        return None
    longer = _longer(config, ground, alone, taught, lesson, (report, stop))
    if longer is None:
        return None
    return _finish(config, teacher, ground, {"lesson": lesson, "lead": ahead, "teacher": known, "base": base},
                   {"alone": alone, "distilled": taught, "longer": longer})  # fmt: skip


def _finished(config: DistillConfig, teacher: Teacher) -> dict[str, Any] | None:
    """The report of these very settings and this teacher, where it is there with its student."""
    path = config.folder_path / "distilled.json"
    if not path.exists() or not (config.folder_path / "model" / "config.json").exists():
        return None
    found = read_facts(path)
    same = found.get("settings") == _settings(config) and found["teacher"]["sha256"] == teacher.sha256
    return found if same else None


def _settings(config: DistillConfig) -> dict[str, Any]:
    """As JSON reads them back."""
    found: dict[str, Any] = json.loads(config.model_dump_json(exclude={"source"}))
    return found


def _teacher_scores(config: DistillConfig, teacher: Teacher, ground: Ground) -> Facts | None:
    """Of a teacher whose distributions can be read, on what is held out."""
    path = config.folder_path / "teacher.json"
    if teacher.folder is None:
        return None
    if not path.exists():
        model = teacher.model(config.device)
        scores = ground.scoring(model, read_tokenizer(teacher.folder), length=config.teacher.context)
        facts = {"parameters": sum(tensor.numel() for tensor in model.parameters()), "scores": summed(scores)}
        replace_file(path, json.dumps(facts).encode())
    return read_facts(path)


def _alone(config: DistillConfig, ground: Ground) -> Lesson | None:
    return Lesson(ground.alone_loss, ground.alone_digest, 0.0, 1.0) if config.compare and ground.alone is not None else None


def _train(
    config: DistillConfig, ground: Ground, kind: str, lesson: Lesson | None, report: Report, stop: Callable[[], bool],
    steps: Mapping[int, int] | None = None,
) -> list[Facts] | None:  # fmt: skip
    """One student from each seed."""
    prepared = ground.taught if kind == "distilled" else ground.alone
    if lesson is None or prepared is None:
        return []
    made, scoring = [], partial(ground.scoring, length=config.data.sequence_length)
    for seed in config.seeds:
        total = steps[seed] if steps is not None else config.total_steps
        own = arm_config(config, seed, f"{config.folder}/arms/{seed}-{kind}", total)
        packed = Packed(prepared.packed.path, prepared.tokenizer, config.data.sequence_length, seed)
        arm = Arm(f"{seed}-{kind}", own, replace(prepared, packed=packed), {"lesson": lesson.digest}, lesson.loss)
        facts = train_arm(arm, scoring, report, stop)
        if facts is None:
            return None
        made.append(facts | {"seed": seed})
    return made


def arm_config(config: DistillConfig, seed: int, folder: str, steps: int) -> LmConfig:
    """The student's settings as `hanse lm` has them; a decay that begins before the end still ends with it."""
    given = {name: getattr(config, name) for name in LmConfig.model_fields}
    train = config.train
    if train.decay_steps and steps != config.total_steps:
        train = train.model_copy(update={"decay_start": max(0, train.decay_start + steps - config.total_steps)})
    model = config.model.model_copy(update={"seed": seed})
    given |= {"folder": folder, "model": model, "order_seed": seed, "total_steps": steps, "train": train, "tracker": "",
              "evaluate_steps": max(1, steps // CURVE)}  # fmt: skip
    return LmConfig.model_construct(**given)


def _lesson(
    config: DistillConfig, teacher: Teacher, ground: Ground, report: Report, stop: Callable[[], bool]
) -> Lesson | None:
    """The loss of the taught students; None when stopped. Raises TuneError where vocabularies differ."""
    if config.level == "sequence":
        return Lesson(ground.taught_loss, ground.taught_digest, ground.cpu_seconds, 1.0)
    theirs, mine = teacher.tokenizer(), ground.taught.tokenizer
    if config.level == "logits" and not same_vocabulary(theirs, mine):
        raise TuneError(
            f'level = "logits" needs one vocabulary, and the student\'s ({mine.size} tokens) is another than that of '
            f'{teacher.name} ({theirs.size}): set vocabulary = "teacher", or level = "shared" or "sequence"'
        )
    read = _read(config, ground)
    asked, symbols, model = _asked(config, teacher, theirs, ground.taught, read)
    identity = {"teacher": teacher.sha256, "tokens": ground.taught.counts["root"], "student": mine.sha256, "level": config.level,
                "context": asked.context, "top": asked.top, "temperature": str(config.temperature),
                "places": hashlib.sha256(asked.where.tobytes()).hexdigest()}  # fmt: skip
    count = asked.where.size

    def progress(done: int) -> bool:
        report("asked", {"done": done, "total": int(count)})
        return stop()

    targets = make_targets(config.folder_path / "targets", model, asked, identity, progress)
    if targets is None:
        return None
    return _taught(config, targets, symbols, targets.known / int(read.sum()))


def _asked(
    config: DistillConfig, teacher: Teacher, theirs: Tokenizer, taught: Prepared, read: Places
) -> tuple[Asked, Symbols | None, Any]:
    """What is asked, what the student's rows stand for, and the teacher's model."""
    tokens = np.asarray(taught.packed.tokens, np.int64)
    model = teacher.model(config.device)
    rows = int(model.get_input_embeddings().weight.shape[0])  # type: ignore[operator]
    context = min(config.teacher.context, int(getattr(model.config, "max_position_embeddings", 1 << 30)))
    spec = (context, config.teacher.top, config.temperature.float)
    if config.level == "logits":
        return Asked(tokens, np.where(read, np.arange(tokens.size), -1), None, min(rows, taught.tokenizer.size), *spec), None, model
    beside = align(tokens, taught.tokenizer, theirs)
    own = config_of(config.model, embedding_rows(config, taught.tokenizer), config.base_path)
    mine, said = shared(beside.student, beside.teacher, (int(own.vocab_size), rows))
    return Asked(beside.stream, np.where(read, beside.where, -1), said, rows, *spec), mine, model


def _read(config: DistillConfig, ground: Ground) -> Places:
    """The positions that a student reads before its last step, from any seed: the teacher is asked no others."""
    length, found = config.data.sequence_length, np.zeros(ground.taught.packed.tokens.size, np.bool_)
    for seed in config.seeds:
        packed = Packed(ground.taught.packed.path, ground.taught.tokenizer, length, seed)
        for start in packed.starts(0, config.total_steps * config.train.batch_sequences):
            found[start : start + length] = True
    return found


def _taught(config: DistillConfig, targets: Targets, symbols: Symbols | None, known: float) -> Lesson:
    loss = teacher_loss(targets, symbols, config.alpha.float, config.temperature.float, pick_device(config.device))
    digest = canonical.digest({"targets": targets.digest, "alpha": str(config.alpha), "temperature": str(config.temperature)})
    return Lesson(loss, digest, targets.cpu_seconds, known)


def _longer(
    config: DistillConfig, ground: Ground, alone: list[Facts], taught: list[Facts], lesson: Lesson,
    by: tuple[Report, Callable[[], bool]],
) -> list[Facts] | None:  # fmt: skip
    """The student alone for as much CPU time as the taught one took, the asking of the teacher counted whole."""
    if not alone or not config.longer_max:
        return []
    path = config.folder_path / "longer.json"
    if not path.exists():  # measured once: a run that goes on goes on with the same number
        steps = {}
        for one, other in zip(alone, taught, strict=True):
            times = (other["cpu_seconds"] + lesson.cpu_seconds) / max(one["cpu_seconds"], 1e-9)
            steps[str(one["seed"])] = round(config.total_steps * min(max(times, 1.0), float(config.longer_max)))
        replace_file(path, json.dumps(steps).encode())
    chosen = {int(seed): int(count) for seed, count in read_facts(path).items()}
    return _train(config, ground, "longer", _alone(config, ground), *by, steps=chosen)


def _finish(
    config: DistillConfig, teacher: Teacher, ground: Ground, known: Mapping[str, Any], arms: Mapping[str, list[Facts]]
) -> dict[str, Any]:
    """The report's document and the student's folder."""
    part, lesson = ground.part, known["lesson"]
    by = "dev" if all("dev" in facts["scores"] for facts in arms["distilled"]) else part
    best = min(arms["distilled"], key=lambda facts: float(facts["scores"][by]["bits_per_byte"]))
    _export(config.folder_path / "arms" / best["name"] / "model", config.folder_path / "model",
            config.base_path if config.student else None)  # fmt: skip
    per_token = ground.tokens[part]
    found = {
        "format": FORMAT,
        "level": config.level,
        "part": part,
        "documents": len(best["scores"][part]["nats"]),
        "teacher": {"name": teacher.name, "sha256": teacher.sha256, "license": teacher.license,
                    "parameters": known["teacher"]["parameters"] if known["teacher"] else None,
                    **_score(known["teacher"], part, None)},
        "student": {"folder": str(Path(config.folder) / "model"), "seed": best["seed"], "parameters": best["parameters"],
                    "weights": best["weights"], "tokenizer": ground.taught.tokenizer.sha256,
                    "base": config.student, "base_sha256": known["base"]},
        "data": {"root": ground.taught.counts["root"], "tokens": ground.taught.counts["tokens"],
                 "lesson": lesson.digest, "known": lesson.known},
        "settings": _settings(config),
        "teacher_cpu_seconds": lesson.cpu_seconds,
        "lead": known["lead"],
        "no_comparison": ground.why_not if config.compare else "compare = false",
        "arms": {kind: [_row(facts, part, per_token) for facts in rows] for kind, rows in arms.items()},
        "gains": {kind: [judge.gain([one], other, part) | {"seed": one["seed"],
                          "nats_per_token": _nats(one, part, per_token) - _nats(other, part, per_token)}
                         for one, other in zip(arms[kind], arms["distilled"], strict=True)]
                  for kind in ("alone", "longer") if arms[kind]},
    }  # fmt: skip
    path = config.folder_path / "distilled.json"
    replace_file(path, json.dumps(found, indent=1).encode())
    return read_facts(path)


def _row(facts: Facts, part: str, tokens: int) -> dict[str, Any]:
    kept = ("seed", "steps", "tokens", "cpu_seconds", "weights", "curve")
    return {key: facts[key] for key in kept} | _score(facts, part, tokens)


def _score(facts: Facts | None, part: str, tokens: int | None) -> dict[str, Any]:
    if facts is None:
        return {"bits_per_byte": None, "domains": {}}
    score = facts["scores"][part]
    found = {"bits_per_byte": score["bits_per_byte"], "domains": score["domains"]}
    return found if tokens is None else found | {"nats_per_token": sum(score["nats"]) / tokens}


def _nats(facts: Facts, part: str, tokens: int) -> float:
    return float(sum(facts["scores"][part]["nats"])) / tokens


def _export(made: Path, folder: Path, base: Path | None) -> None:
    """The student's folder; one that began as a base keeps the base's tokenizer, chat template and the like, as they are."""
    with tempfile.TemporaryDirectory(prefix=".model.", dir=folder.parent) as temporary:
        new = Path(temporary) / "new"
        new.mkdir()
        for path in sorted(made.iterdir()):
            _copy(path, new / path.name)
        if base is not None:
            for name in kept_files(base):
                (new / name).parent.mkdir(parents=True, exist_ok=True)
                _copy(base / name, new / name)
        if folder.exists():
            folder.rename(Path(temporary) / "old")
        new.rename(folder)


def _copy(path: Path, to: Path) -> None:
    """Raises OSError naming the copy."""
    try:
        shutil.copyfile(path, to)
    except OSError as error:
        error.filename = str(to)  # not the original, which can be read
        raise
