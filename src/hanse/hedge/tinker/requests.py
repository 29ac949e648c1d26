"""The JSON bodies of the API, both eras. A key that is not read is passed over, as servers of this API do: clients add some with
every release; what a key we do read may hold is checked.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hanse.hedge.tinker.refused import Refused

Id = Annotated[str, Field(min_length=1, max_length=200)]
Number = Annotated[int, Field(ge=0, lt=1 << 62)]
Token = Annotated[int, Field(ge=0, lt=1 << 31)]
Metadata = Annotated[dict[Annotated[str, Field(max_length=200)], Any], Field(max_length=100)]
Ttl = Annotated[int, Field(ge=1, le=10 * 366 * 86400)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
"""Of a checkpoint: a folder's name on every system."""


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, allow_inf_nan=False, protected_namespaces=())


class CreateSession(_Body):
    """POST create_session."""

    user_metadata: Metadata | None = None
    display_name: Annotated[str, Field(max_length=500)] | None = None


class OfSession(_Body):
    """POST session_heartbeat."""

    session_id: Id


class LoraShape(_Body):
    """An adapter, as a client asks for one."""

    rank: Annotated[int, Field(ge=1)]
    seed: Annotated[int, Field(ge=0, lt=1 << 63)] | None = None
    train_unembed: bool = True
    train_mlp: bool = True
    train_attn: bool = True


class Optimizer(_Body):
    """The family of the optimizer."""

    type: str = "adamw"


class CreateModel(_Body):
    """POST create_model."""

    session_id: Id
    model_seq_id: Number
    base_model: Annotated[str, Field(max_length=500)]
    user_metadata: Metadata | None = None
    lora_config: LoraShape
    optimizer_config: Optimizer = Optimizer()


class Numbered(_Body):
    """What every request of a run has."""

    model_id: Id
    seq_id: Number


class OfModel(_Body):
    """POST get_info, unload_model."""

    model_id: Id


class TensorBody(_Body):
    """A tensor: flat numbers and a shape; or the values of a compressed sparse row matrix."""

    data: list[int] | list[float]
    dtype: Literal["int64", "float32"]
    shape: Annotated[list[Number], Field(max_length=2)] | None = None
    sparse_crow_indices: list[Number] | None = None
    sparse_col_indices: list[Number] | None = None


class ChunkBody(_Body):
    """A piece of a prompt; only text is served."""

    type: str = "encoded_text"
    tokens: list[Token] | None = None


class ModelInput(_Body):
    """A prompt."""

    chunks: list[ChunkBody]


class DatumBody(_Body):
    """One sequence to learn from."""

    model_input: ModelInput
    loss_fn_inputs: Annotated[dict[str, TensorBody], Field(max_length=16)]


class PassBody(_Body):
    """What forward and forward_backward do."""

    data: list[DatumBody]
    loss_fn: str
    loss_fn_config: dict[str, float | str] | None = None


class ForwardBackward(_Body):
    """POST forward_backward as JSON."""

    model_id: Id
    seq_id: Number
    forward_backward_input: PassBody


class Forward(_Body):
    """POST forward; only the JSON era has it."""

    model_id: Id
    seq_id: Number
    forward_input: PassBody


class AdamParams(_Body):
    """One step of AdamW."""

    learning_rate: Annotated[float, Field(ge=0)] = 1e-4
    beta1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    beta2: Annotated[float, Field(ge=0, lt=1)] = 0.95
    eps: Annotated[float, Field(ge=0)] = 1e-12
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    grad_clip_norm: Annotated[float, Field(ge=0)] = 0.0
    """0: no clipping."""


class OptimStep(_Body):
    """POST optim_step."""

    model_id: Id
    seq_id: Number
    adam_params: AdamParams | None = None
    optimizer_params: Any = None
    """Of another family, which is not served."""


class SaveWeights(_Body):
    """POST save_weights."""

    model_id: Id
    seq_id: Number
    path: Name | None = None
    ttl_seconds: Ttl | None = None
    overwrite: bool = False
    user_metadata: Metadata | None = None


class SaveForSampler(_Body):
    """POST save_weights_for_sampler: under a name, or as a new sampling session."""

    model_id: Id
    seq_id: Number
    path: Name | None = None
    sampling_session_seq_id: Number | None = None
    kind: Literal["snapshot", "inflight"] = "snapshot"
    ttl_seconds: Ttl | None = None
    user_metadata: Metadata | None = None


class SaveExternal(_Body):
    """POST save_weights_external."""

    model_id: Id
    seq_id: Number
    path: Name
    ttl_seconds: Ttl | None = None
    age_encryption_recipients: Any = None


class LoadWeights(_Body):
    """POST load_weights: into a model, or (session_id and model_seq_id) as the beginning of a new one."""

    model_id: Id | None = None
    seq_id: Number | None = None
    session_id: Id | None = None
    model_seq_id: Number | None = None
    base_model: Annotated[str, Field(max_length=500)] | None = None
    user_metadata: Metadata | None = None
    path: Annotated[str, Field(max_length=500)]
    optimizer: bool
    optimizer_config: Optimizer | None = None
    weights_access_token: str | None = None


class CreateSampling(_Body):
    """POST create_sampling_session."""

    session_id: Id
    sampling_session_seq_id: Number
    base_model: Annotated[str, Field(max_length=500)] | None = None
    model_path: Annotated[str, Field(max_length=500)] | None = None


class SamplingParams(_Body):
    """How to sample."""

    max_tokens: Annotated[int, Field(ge=1)] | None = None
    seed: Annotated[int, Field(ge=-(1 << 63), lt=1 << 64)] | None = None
    stop: str | Annotated[list[str], Field(max_length=64)] | Annotated[list[Token], Field(max_length=4096)] | None = (
        None
    )
    temperature: Annotated[float, Field(ge=0)] = 1.0
    top_k: Annotated[int, Field(ge=-1, lt=1 << 31)] = -1
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0


class Sample(_Body):
    """POST asample."""

    prompt: ModelInput
    sampling_params: SamplingParams
    num_samples: Annotated[int, Field(ge=1)] = 1
    sampling_session_id: Id | None = None
    seq_id: Number | None = None
    base_model: Annotated[str, Field(max_length=500)] | None = None
    model_path: Annotated[str, Field(max_length=500)] | None = None
    prompt_logprobs: bool | None = None
    topk_prompt_logprobs: Annotated[int, Field(ge=0, le=1000)] = 0
    topk_sample_logprobs: Annotated[int, Field(ge=0, le=1000)] = 0
    prompt_logprobs_last_n: Annotated[int, Field(ge=1)] | None = None
    target_prompt_logprobs: Any = None
    prompt_alt_tokens_k: int = 0


class Retrieve(_Body):
    """POST retrieve_future, cancel_future."""

    request_id: Annotated[str, Field(max_length=500)]


class OfPath(_Body):
    """POST weights_info."""

    tinker_path: Annotated[str, Field(max_length=500)]


class SetTtl(_Body):
    """PUT .../ttl; null: kept for good."""

    ttl_seconds: Ttl | None


BodyT = TypeVar("BodyT", bound=_Body)


def read(kind: type[BodyT], body: bytes) -> BodyT:
    """A body. Raises Refused naming the first key that is wrong."""
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        raise Refused(_first(error)) from error


def _first(error: ValidationError) -> str:
    found = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part)[:60] for part in found["loc"])
    return f"{where or 'the body'}: {found['msg'][:200]}"
