"""The loop: steps, held-out losses, early stop, checkpoints; killed anywhere it goes on to the same weights, bit for bit.

The same bits means: the same machine, libraries and number of processes. Beside the newest checkpoints stands the best one by
held-out loss, which is what a run gives in the end.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hanse.hedge.tune.tuner import Tuner, check_finite
from hanse.lm.checkpoint import Checkpoint, latest_checkpoint, read_checkpoint, write_checkpoint

POINTS = 200
"""Of the loss curve, at most about."""


@dataclass
class Course:
    """What the loop remembers beside weights and moments; all of it is in a checkpoint."""

    curve: list[tuple[int, float, float]] = field(default_factory=list)
    """(step, mean training loss since the point before, learning rate)."""
    held: list[tuple[int, float]] = field(default_factory=list)
    """(step, held-out loss), the base's first."""
    best: int = 0
    """Step of the lowest held-out loss; of the last step where nothing is held out."""
    tokens: int = 0
    """Read by all processes."""
    pending: list[float] = field(default_factory=list)
    """Losses of the steps since the curve's last point."""
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    is_ended: bool = False
    """Early, by patience, or at the last step."""

    def since_best(self) -> int:
        """Evaluations since the best one."""
        return sum(1 for step, _ in self.held if step > self.best)


@dataclass(frozen=True)
class Watch:
    """What a run tells and listens to."""

    report: Callable[[int, Course], None]
    """After every step: steps done, what is known."""
    begin: Callable[[int], None]
    """Once: the step it goes on from."""
    is_stopped: Callable[[], bool]
    """Whether to write a checkpoint and leave; asked after every step."""


def train(tuner: Tuner, work: Path, patience: int, watch: Watch) -> Course | None:
    """Train to the end and leave the best weights in the model. None when it was stopped before; call it again to go on. Raises
    OSError when the disk is full (the last checkpoint stays good), TuneError when training diverged."""
    checkpoints, best = (work / f"{name}-{tuner.world.rank}" for name in ("checkpoints", "best"))
    course = _resume(tuner, checkpoints)
    watch.begin(tuner.step)
    if not course.held and tuner.held and tuner.step == 0:
        course.held.append((0, tuner.evaluate()))
    every = max(1, tuner.settings.steps // POINTS)
    began, worked = time.perf_counter(), time.process_time()
    while not course.is_ended:
        loss, tokens = tuner.do_step()
        course.pending.append(float(loss))
        course.tokens += tokens
        done, last = tuner.step, tuner.step == tuner.settings.steps
        check_finite(course.pending[-1], done)
        if done % every == 0 or last:
            course.curve.append((done, sum(course.pending) / len(course.pending), tuner.rate(done - 1)))
            course.pending = []
        if tuner.held and (done % tuner.settings.evaluate_steps == 0 or last):
            _evaluate(tuner, course, best)
        stuck = bool(patience) and course.since_best() >= patience
        course.is_ended = last or stuck
        watch.report(done, course)  # before the checkpoint: what is told twice is forgotten, what is never told is lost
        stopped = not tuner.world.least(not watch.is_stopped(), tuner.device)
        if done % tuner.settings.checkpoint_steps == 0 or course.is_ended or stopped:
            now, work_now = time.perf_counter(), time.process_time()
            course.seconds, course.cpu_seconds = course.seconds + now - began, course.cpu_seconds + work_now - worked
            began, worked = now, work_now
            write_checkpoint(checkpoints, Checkpoint(done, tuner.weights(), tuner.state(vars(course))))
        if stopped and not course.is_ended:
            return None
    if not tuner.held:
        course.best = tuner.step
    elif course.best:
        kept = latest_checkpoint(best)
        assert kept is not None
        tuner.load(kept.weights)
    return course


def _evaluate(tuner: Tuner, course: Course, best: Path) -> None:
    value = tuner.evaluate()
    check_finite(value, tuner.step)
    is_best = not course.best or value < min(loss for step, loss in course.held if step)
    course.held.append((tuner.step, value))
    if is_best:
        course.best = tuner.step
        write_checkpoint(best, Checkpoint(tuner.step, tuner.weights(), b""), keep=1)


def _resume(tuner: Tuner, checkpoints: Path) -> Course:
    """From the newest checkpoint that all processes have: one may have been killed before it wrote its own."""
    newest = latest_checkpoint(checkpoints)
    step = tuner.world.least(newest.step if newest else 0, tuner.device)
    if newest is None or not step:
        return Course()
    found = newest if newest.step == step else read_checkpoint(checkpoints / f"{step:08d}")
    tuner.load(found.weights)
    return Course(**tuner.restore(found.trainer))
