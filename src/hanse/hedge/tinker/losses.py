"""The losses of the API, each a sum over one sequence's tokens, as its documentation defines them.

cross_entropy  -sum(weights * log p)
importance_sampling  -sum(ratio * advantages), ratio = exp(log p - log q), q what the sampler gave
ppo    -sum(min(ratio * A, clip(ratio) * A))                 Schulman et al. 2017, arXiv 1707.06347
cispo  -sum(stop(clip(ratio)) * A * log p)                   MiniMax 2025, arXiv 2506.13585
dro    -sum(log p * A - beta/2 * (log p - log q)^2)          Richemond et al. 2024, arXiv 2405.19107
gspo   ppo with the mean log-ratio of a sequence             Zheng et al. 2025, arXiv 2507.18071, the token-level variant
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hanse.hedge.tinker.refused import Refused

Inputs = Mapping[str, Any]
"""Tensors by name, as long as the sequence."""


@dataclass(frozen=True)
class Loss:
    """One loss."""

    of: Callable[[Any, Inputs, Mapping[str, float]], Any]
    """(log p of the targets, inputs, settings) to a scalar."""
    needs: tuple[str, ...]
    """Inputs beside target_tokens."""
    settings: Mapping[str, float]
    """Settings with their defaults."""
    several: bool = False
    """Whether a position may have several targets."""


def _cross_entropy(logprobs: Any, inputs: Inputs, settings: Mapping[str, float]) -> Any:
    return -(logprobs * inputs["weights"]).sum()


def _ratio(logprobs: Any, inputs: Inputs) -> Any:
    return (logprobs - inputs["logprobs"]).exp()


def _importance_sampling(logprobs: Any, inputs: Inputs, settings: Mapping[str, float]) -> Any:
    return -(_ratio(logprobs, inputs) * inputs["advantages"]).sum()


def _clipped(ratio: Any, inputs: Inputs, settings: Mapping[str, float]) -> Any:
    """A datum may bring thresholds of its own, a token each; else the request's."""
    low = inputs.get("clip_low_threshold", settings["clip_low_threshold"])
    high = inputs.get("clip_high_threshold", settings["clip_high_threshold"])
    return ratio.clamp(low, high)


def _proximal(ratio: Any, inputs: Inputs, settings: Mapping[str, float]) -> Any:
    advantages = inputs["advantages"]
    return -(ratio * advantages).minimum(_clipped(ratio, inputs, settings) * advantages).sum()


def _ppo(logprobs: Any, inputs: Inputs, settings: Mapping[str, float]) -> Any:
    return _proximal(_ratio(logprobs, inputs), inputs, settings)


def _gspo(logprobs: Any, inputs: Inputs, settings: Mapping[str, float]) -> Any:
    counted = inputs["sequence_ratio_mask"] != 0
    if not bool(counted.any()):
        raise Refused("gspo: sequence_ratio_mask marks no token")
    held = logprobs.detach()
    mean = (held - inputs["logprobs"])[counted].mean()
    return _proximal((mean + logprobs - held).exp(), inputs, settings)


def _cispo(logprobs: Any, inputs: Inputs, settings: Mapping[str, float]) -> Any:
    weight = _clipped(_ratio(logprobs, inputs), inputs, settings).detach()
    return -(weight * logprobs * inputs["advantages"]).sum()


def _dro(logprobs: Any, inputs: Inputs, settings: Mapping[str, float]) -> Any:
    penalty = settings["beta"] / 2 * (logprobs - inputs["logprobs"]) ** 2
    return -(logprobs * inputs["advantages"] - penalty).sum()


_POLICY = ("logprobs", "advantages")
_CLIP = {"clip_low_threshold": 0.8, "clip_high_threshold": 1.2}
LOSSES: dict[str, Loss] = {
    "cross_entropy": Loss(_cross_entropy, ("weights",), {}, several=True),
    "importance_sampling": Loss(_importance_sampling, _POLICY, {}),
    "ppo": Loss(_ppo, _POLICY, _CLIP),
    "cispo": Loss(_cispo, _POLICY, _CLIP),
    "dro": Loss(_dro, _POLICY, {"beta": 0.05}),
    "gspo": Loss(_gspo, (*_POLICY, "sequence_ratio_mask"), _CLIP),
}
OPTIONAL = ("clip_low_threshold", "clip_high_threshold")


def check_loss(name: str, settings: Mapping[str, float]) -> Mapping[str, float]:
    """The settings with defaults. Raises Refused for a loss or a setting that is not served."""
    if name not in LOSSES:
        raise Refused(f"loss_fn {name[:60]!r} is not served; there are: {', '.join(LOSSES)}")
    known = LOSSES[name].settings
    for key in settings:
        if key not in known:
            raise Refused(f"loss_fn_config: {name} has no {key[:60]!r}; it has {', '.join(known) or 'no settings'}")
    return {**known, **settings}
