"""Scenarios that together make the controller use every permission that it has."""

from __future__ import annotations

import base64

from deploy.recording import Json, Play

IMAGE = "amdenterpriseai/aim-qwen-qwen3-32b:0.8.5"
CRASHING = "ghcr.io/acme/aim-crash:1.0"
LOST = "ghcr.io/acme/aim-lost:1.0"
TAGGED = "ghcr.io/acme/aim-tags:1.0"
LABELS = {"com.amd.aim.model.canonicalName": "Acme/Demo"}
GATEWAY = {"enabled": True, "gatewayRef": {"name": "inference-gateway", "namespace": "gateways"}}
WORLD: Json = {
    "images": [
        {"image": TAGGED, "labels": LABELS},
        {"image": LOST, "labels": LABELS},
        {"image": CRASHING, "labels": LABELS, "runs": "crash"},
    ],
    "sources": [{"uri": "hf://Acme/Lost", "sizeBytes": 1000, "fault": "not-found"}],
}


def service(play: Play, name: str, spec: Json) -> None:
    play.create("AIMService", name, {"model": {"image": IMAGE}, **spec})


def template(play: Play, name: str, model: str, uri: str) -> None:
    play.create("AIMServiceTemplate", name, {
        "modelName": model, "type": "optimized", "metric": "latency", "precision": "fp8",
        "hardware": {"gpu": {"model": "MI300X", "requests": 1}},
        "modelSources": [{"modelId": "Acme/Lost", "sourceUri": uri, "size": "1Gi"}],
    })  # fmt: skip


async def a_service_comes_up_with_a_route_and_loses_it(play: Play) -> None:
    service(play, "chat", {"routing": GATEWAY})
    await play.until("chat is Running", lambda: play.state("chat") == "Running")
    assert play.all("HTTPRoute")
    play.merge("AIMService", "chat", {"spec": {"replicas": 2}})
    await play.until("the change is applied", lambda: play.all("InferenceService")[0]["spec"]["predictor"])
    play.merge("AIMService", "chat", {"spec": {"routing": {"enabled": False}}})
    await play.until("the route is deleted", lambda: not play.all("HTTPRoute"))


async def a_service_is_scaled_by_a_scaled_object_of_ours_and_then_no_more(play: Play) -> None:
    play.create("AIMRuntimeConfig", "ours", {"autoscaling": {"scaledObject": "aim"}})
    service(play, "scaled", {"runtimeConfigName": "ours", "minReplicas": 1, "maxReplicas": 3})
    await play.until("scaled is Running", lambda: play.state("scaled") == "Running")
    assert play.all("ScaledObject")
    play.merge("AIMService", "scaled", {"spec": {"minReplicas": None, "maxReplicas": None, "replicas": 1}})
    await play.until("the ScaledObject is deleted", lambda: not play.all("ScaledObject"))


async def a_registry_is_read_with_a_secret_and_makes_cluster_models(play: Play) -> None:
    config = base64.b64encode(b'{"auths": {}}').decode()
    play.create("Secret", "pull", {}, type="kubernetes.io/dockerconfigjson", data={".dockerconfigjson": config})
    play.create("AIMModel", "tags", {"image": TAGGED, "imagePullSecrets": [{"name": "pull"}]})
    await play.until("the image is read", lambda: _status(play, "AIMModel", "tags").get("imageMetadata"))
    filters = [{"image": "acme/aim-tags"}]
    play.create("AIMClusterModelSource", "source", {"registry": "ghcr.io", "filters": filters}, namespace="")
    await play.until("the source makes a model", lambda: play.all("AIMClusterModel"))
    play.create("AIMClusterModel", "qwen", {"image": IMAGE}, namespace="")
    await play.until("the model makes templates", lambda: play.all("AIMClusterServiceTemplate"))


async def a_template_is_no_longer_derived_and_deleted(play: Play) -> None:
    def metadata(metric: str) -> Json:
        return {"imageMetadata": {"model": {"recommendedDeployments": [{"metric": metric}]}}}

    for kind, templates, namespace in (
        ("AIMModel", "AIMServiceTemplate", "ml-team"),
        ("AIMClusterModel", "AIMClusterServiceTemplate", ""),
    ):
        play.create(kind, "given", {"image": TAGGED, **metadata("latency")}, namespace=namespace)

        def metrics(of: str = templates) -> set[str]:
            return {t["spec"]["metric"] for t in play.all(of) if t["spec"]["modelName"] == "given"}

        await play.until("its template is there", lambda seen=metrics: seen() == {"latency"})
        play.merge(kind, "given", {"spec": metadata("throughput")}, namespace=namespace)
        await play.until("another is there alone", lambda seen=metrics: seen() == {"throughput"})


async def a_download_fails_is_retried_and_everything_is_deleted(play: Play) -> None:
    play.create("AIMModel", "lost", {"image": LOST, "discovery": {"extractMetadata": False}})
    template(play, "lost", "lost", "hf://Acme/Lost")
    play.create("AIMService", "lost", {"model": {"name": "lost"}})

    def cache() -> Json:
        return _status(play, "AIMService", "lost").get("cache", {})

    await play.until("the cache is retried", lambda: cache().get("retryAttempts"), 60.0)
    play.delete("AIMService", "lost")
    await play.until("its cache and artifact are gone", lambda: not _made_of(play, "AIMArtifact", "hf://Acme/Lost"))


async def a_template_with_a_cache_of_its_own_discovers_and_caches(play: Play) -> None:
    spec = {"modelName": "chat-model", "metric": "throughput", "precision": "fp16"}
    play.create("AIMModel", "chat-model", {"image": IMAGE})
    hardware = {"gpu": {"model": "MI300X", "requests": 1}}
    play.create("AIMServiceTemplate", "own", {**spec, "hardware": hardware, "caching": {"enabled": True}})
    await play.until("its cache is Ready", lambda: play.state("own", "AIMTemplateCache") == "Ready")


async def a_server_crashes_and_its_log_is_read(play: Play) -> None:
    play.create("AIMModel", "crash", {"image": CRASHING, "discovery": {"extractMetadata": False}})
    template(play, "crash", "crash", "hf://Qwen/Qwen3-32B")
    play.create("AIMService", "crash", {"model": {"name": "crash"}})
    await play.until("crash is Failed", lambda: play.state("crash") == "Failed", 60.0)


async def an_artifact_is_downloaded_under_an_account_of_its_own(play: Play) -> None:
    play.create("AIMArtifact", "own", {"sourceUri": "hf://Qwen/Qwen3-32B", "size": "1Gi"})
    await play.until("own is Ready", lambda: play.state("own", "AIMArtifact") == "Ready")


def _status(play: Play, kind: str, name: str) -> Json:
    return (play.find(kind, name) or {}).get("status", {})


def _made_of(play: Play, kind: str, uri: str) -> list[Json]:
    return [a for a in play.all(kind) if a["spec"]["sourceUri"] == uri]


PLAYS = (
    a_service_comes_up_with_a_route_and_loses_it,
    a_service_is_scaled_by_a_scaled_object_of_ours_and_then_no_more,
    a_registry_is_read_with_a_secret_and_makes_cluster_models,
    a_template_is_no_longer_derived_and_deleted,
    a_download_fails_is_retried_and_everything_is_deleted,
    a_template_with_a_cache_of_its_own_discovers_and_caches,
    a_server_crashes_and_its_log_is_read,
)
