"""What a student is trained towards: the teacher's distributions beside the text's tokens, or answers alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from hanse.hedge.distill.align import Ids, Symbols
from hanse.hedge.distill.targets import Targets, log_probs
from hanse.lm.train import Loss

_REST_MIN = 1e-7
"""Below it a float32 rest is rounding."""


def teacher_loss(
    targets: Targets, symbols: Symbols | None, alpha: float, temperature: float, device: torch.device
) -> Loss:
    """alpha x T^2 x KL(teacher || student) + (1 - alpha) x cross-entropy (Hinton et al. 2015, arXiv 1503.02531), T being the
    temperature, over the symbols kept and the rest as one.

    With `symbols`, what the student's rows stand for, only the part of the cross-entropy that is the symbol's gives way to the
    teacher: log p(token) = log p(its symbol) + log p(token | its symbol), and the second term stays whole. Where nothing is
    known, all of it does.
    """

    def loss(logits: torch.Tensor, wanted: torch.Tensor, starts: Ids) -> torch.Tensor:
        said = {name: value.to(device).flatten(0, 1) for name, value in targets.read(starts, wanted.shape[1]).items()}
        flat, tokens = logits.flatten(0, 1), wanted.flatten()
        whole = functional.cross_entropy(flat, tokens, reduction="none")
        own = log_probs(flat, symbols, temperature)
        if symbols is None:
            part = whole
        else:
            plain = own if temperature == 1 else log_probs(flat, symbols, 1.0)
            part = -plain.gather(-1, torch.from_numpy(symbols.of).to(device)[tokens][:, None])[:, 0]
        far = divergence(own, said["ids"], said["log_probs"], said["rest"])
        return (whole - alpha * said["known"] * (part - temperature**2 * far)).mean()

    return loss


def divergence(own: torch.Tensor, ids: torch.Tensor, theirs: torch.Tensor, rest: torch.Tensor) -> torch.Tensor:
    """KL(teacher || student) [places], nats: `own` log-probabilities [places, symbols] against the teacher's at `ids`
    [places, top], all other symbols as one of the probability `rest`. Merging symbols can only lower it (data processing)."""
    picked = own.gather(-1, ids)
    shares = theirs.exp()
    kept = (shares * (theirs - picked)).sum(-1)
    left = (1 - picked.exp().sum(-1)).clamp(min=_REST_MIN)
    other = rest * (rest.clamp(min=_REST_MIN).log() - left.log())
    return kept + other


def masked_loss(answers: npt.NDArray[np.uint8], device: torch.device) -> Loss:
    """Cross-entropy over the tokens of answers alone: `answers` is 1 at their positions in the token file."""

    def loss(logits: torch.Tensor, wanted: torch.Tensor, starts: Ids) -> torch.Tensor:
        length = wanted.shape[1]
        counted = np.stack([answers[start + 1 : start + 1 + length] for start in starts]).astype(np.float32)
        weights = torch.from_numpy(counted).to(device).flatten()
        each = functional.cross_entropy(logits.flatten(0, 1), wanted.flatten(), reduction="none")
        return (each * weights).sum() / weights.sum().clamp(min=1)

    return loss
