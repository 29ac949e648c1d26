"""Calls of the client about runs, checkpoints and accounts, and those that end."""

from __future__ import annotations

import json
import tarfile
import urllib.request
from io import BytesIO
from typing import Any

from calling import World, call, expect, tinker, types


@call("RestClient.get_server_capabilities", True)
def _(w: World) -> None:
    expect(w.rest.get_server_capabilities().result().supported_models[0].model_name == w.base)


@call("RestClient.get_training_run")
def _(w: World) -> None:
    run = w.rest.get_training_run(w.train.model_id).result()
    expect(
        run.lora_rank == 4
        and run.user_metadata == {"for": "conformance"}
        and run.last_checkpoint.tinker_path == w.state
    )


@call("RestClient.get_training_run_by_tinker_path")
def _(w: World) -> None:
    expect(w.rest.get_training_run_by_tinker_path(w.state).result().training_run_id == w.train.model_id)


@call("RestClient.list_training_runs")
def _(w: World) -> None:
    page = w.rest.list_training_runs(limit=2, offset=0).result()
    expect(len(page.training_runs) == 2 and page.cursor.total_count >= 3)


@call("RestClient.get_weights_info_by_tinker_path")
def _(w: World) -> None:
    info = w.rest.get_weights_info_by_tinker_path(w.state).result()
    expect((info.base_model, info.lora_rank, info.train_mlp) == (w.base, 4, True))


@call("RestClient.list_checkpoints")
def _(w: World) -> None:
    found = {item.tinker_path: item for item in w.rest.list_checkpoints(w.train.model_id).result().checkpoints}
    expect(
        set(found) == {w.state, w.named}
        and found[w.state].expires_at is not None
        and found[w.named].checkpoint_type == "sampler"
    )


@call("RestClient.list_user_checkpoints")
def _(w: World) -> None:
    expect({w.state, w.named} <= {item.tinker_path for item in w.rest.list_user_checkpoints().result().checkpoints})


@call("RestClient.set_checkpoint_ttl_from_tinker_path")
def _(w: World) -> None:
    w.rest.set_checkpoint_ttl_from_tinker_path(w.state, None).result()
    (kept,) = [
        item for item in w.rest.list_checkpoints(w.train.model_id).result().checkpoints if item.tinker_path == w.state
    ]
    expect(kept.expires_at is None)


@call("RestClient.get_checkpoint_archive_url", False)
def _(w: World) -> None:
    url = w.rest.get_checkpoint_archive_url(w.train.model_id, "sampler_weights/first").result().url
    with urllib.request.urlopen(url) as answer, tarfile.open(fileobj=BytesIO(answer.read())) as tar:
        expect(set(tar.getnames()) == {"adapter_config.json", "adapter_model.safetensors"})


@call("RestClient.get_checkpoint_archive_url_from_tinker_path", False)
def _(w: World) -> None:
    expect("/files?" in w.rest.get_checkpoint_archive_url_from_tinker_path(w.named).result().url)


@call("TrainingClient.save_weights_external", True)
def _(w: World) -> None:
    w.external = w.train.save_weights_external("out").result().path


@call("RestClient.get_external_weights_urls", True)
def _(w: World) -> None:
    urls = w.rest.get_external_weights_urls(w.external).result().urls
    with urllib.request.urlopen(urls["adapter_config.json"]) as answer:
        expect(json.load(answer)["r"] == 4 and set(urls) == {"adapter_config.json", "adapter_model.safetensors"})


@call("RestClient.get_sampler")
def _(w: World) -> None:
    expect(w.rest.get_sampler(w.sampler._sampling_session_id).result().base_model == w.base)


@call("RestClient.get_session")
def _(w: World) -> None:
    found = w.rest.get_session(w.train.model_id.partition(":")[0]).result()
    expect(w.train.model_id in found.training_run_ids and w.sampler._sampling_session_id in found.sampler_ids)


@call("RestClient.list_sessions")
def _(w: World) -> None:
    expect(w.train.model_id.partition(":")[0] in w.rest.list_sessions().result().sessions)


@call("RestClient.delete_checkpoint")
def _(w: World) -> None:
    w.rest.delete_checkpoint(w.train.model_id, "sampler_weights/first").result()
    expect(w.named not in {item.tinker_path for item in w.rest.list_checkpoints(w.train.model_id).result().checkpoints})


@call("RestClient.delete_checkpoint_from_tinker_path")
def _(w: World) -> None:
    w.rest.delete_checkpoint_from_tinker_path(w.state).result()
    expect(w.state not in {item.tinker_path for item in w.rest.list_checkpoints(w.train.model_id).result().checkpoints})


def _unserved() -> None:
    publish = "publish_checkpoint_from_tinker_path"
    path, session = "tinker://{0}/weights/x", "{0}"
    rows: list[tuple[str, bool | None, Any]] = [
        (f"RestClient.{publish}", None, lambda r, i: getattr(r, publish)(path.format(i))),
        (f"RestClient.un{publish}", None, lambda r, i: getattr(r, f"un{publish}")(path.format(i))),
        ("RestClient.assign_session_project", None, lambda r, i: r.assign_session_project(session.format(i), "p")),
        ("RestClient.export_session_trace", None, lambda r, i: r.export_session_trace(session.format(i))),
        ("RestClient.get_audit_log", None, lambda r, i: r.get_audit_log(*span())),
        ("RestClient.get_billing_usage", None, lambda r, i: r.get_billing_usage(*span())),
        ("RestClient.whoami", None, lambda r, i: r.whoami()),
        ("RestClient.copy_weights", True, lambda r, i: r.copy_weights(path.format(i), "p")),
        ("RestClient.search_sessions", True, lambda r, i: r.search_sessions(types.SessionSearchRequest())),
        ("RestClient.get_current_checkpoint_storage_usage", True, lambda r, i: r.get_current_checkpoint_storage_usage()),
        ("AdminClient.get_audit_log", True, lambda r, i: tinker.AdminClient().get_audit_log(*span())),
        ("AdminClient.get_billing_usage", True, lambda r, i: tinker.AdminClient().get_billing_usage(*span())),
        ("AdminClient.get_current_checkpoint_storage_usage", True,
         lambda r, i: tinker.AdminClient().get_current_checkpoint_storage_usage()),
    ]  # fmt: skip
    for name, since, ask in rows:
        call(name, since)(lambda w, ask=ask: ask(w.rest, w.train.model_id).result())


def span() -> tuple[Any, Any]:
    from datetime import UTC, datetime

    return datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)


_unserved()


@call("ServiceClient.copy_weights", True)
def _(w: World) -> None:
    tinker.ServiceClient(project_id="p").copy_weights(w.named).result()


@call("ServiceClient.close", True)
def _(w: World) -> None:
    w.service.close("success").result()
