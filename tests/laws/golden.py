"""Golden renders: what each released render revision makes of representative services, as files.

Write those of a new revision with `python -m laws.golden` (from `tests`, with `src` on the path). A file that is there
is never written again: what a revision once rendered, it renders for ever.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from aimcore.kinds.service.revisions import NEWEST
from aimcore.settings import Settings
from aimcore.simulation.cluster import Cluster
from aimcore.testing.histories import Action, Play, Put, new_cluster
from aimcore.testing.samples import GATEWAY, HARDWARE, LONG, METRIC, PLAIN, QWEN, SOURCE
from laws.scenarios import CONFIG, EVERYTHING, ROUTED, chat, obj

GOLDEN = Path(__file__).parent / "golden"
RENDERED = ("InferenceService", "HTTPRoute", "ScaledObject")
REVISIONS = range(1, NEWEST + 1)


def named(name: str, **spec: Any) -> Action:
    return obj("AIMService", name, {"model": {"image": QWEN}, **spec})


def secret(name: str) -> Action:
    metadata = {"name": name, "namespace": "ml-team"}
    return Put({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"token": "dG9rZW4="}})


def _labelled() -> Action:
    spec = {"model": {"image": QWEN}, "minReplicas": 1, "maxReplicas": 2}
    return obj("AIMService", "chat", spec, labels={"team": "research", "cost": "1"})


CUSTOM = {"model": {"custom": {"baseImage": PLAIN, "modelSources": [SOURCE], "hardware": HARDWARE[0]}}}
SERVICES: Mapping[str, tuple[Action, ...]] = {
    "minimal": (chat(),),
    "everything": (EVERYTHING,),
    "runtime-config-and-labels": (obj("AIMRuntimeConfig", "default", CONFIG), _labelled()),
    "custom-model": (obj("AIMService", "chat", {**CUSTOM, "template": {"allowUnoptimized": True}}),),
    "cluster-model": (
        obj("AIMClusterModel", "qwen", {"image": QWEN}),
        obj("AIMService", "chat", {"model": {"name": "qwen"}, "replicas": 3}),
    ),
    "overrides": (chat(overrides={"metric": "throughput"}),),
    "never-cached": (chat(caching={"mode": "Never"}),),
    "name-with-a-dot": (named("dotted.name", routing=ROUTED, minReplicas=1, maxReplicas=2),),
    "longest-name": (named(LONG, routing=ROUTED, minReplicas=1, maxReplicas=2),),
    "route-with-all": (
        chat(
            routing={
                "enabled": True,
                "gatewayRef": GATEWAY,
                "pathTemplate": "/{.metadata.namespace}/at/{.metadata.name}",
                "requestTimeout": "90s",
                "annotations": {"a": "b"},
            }
        ),
    ),
    "environment-from-a-secret": (
        secret("hf"),
        chat(
            env=[
                {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hf", "key": "token"}}},
                {"name": "AIM_ENGINE_ARGS", "value": '{"max-model-len": 8192}'},
            ]
        ),
    ),
    "pull-secrets-and-account": (
        secret("registry"),
        chat(imagePullSecrets=[{"name": "registry"}], serviceAccountName="runner"),
    ),
    "limits-below-requests": (chat(resources={"limits": {"cpu": "2", "memory": "16Gi"}}),),
    "metrics": (chat(minReplicas=2, maxReplicas=4, autoScaling={"metrics": [METRIC]}),),
}


def render(name: str, revision: int, cluster: Cluster) -> str:
    """The children of the service, as the revision wants them, in JSON. Uids and names with their hashes are masked."""
    world = {"images": [{"image": PLAIN}]} if name == "custom-model" else {}
    play = Play(world, cluster=cluster.fork(), operator=Settings(render_revision=revision))
    play.act(SERVICES[name])
    play.converge()
    [service] = play.keys("AIMService")
    wanted = [c.manifest for c in play.driver.plans[service].children if c.key.kind in RENDERED]
    text = json.dumps(sorted(wanted, key=lambda m: m["kind"]), indent=2, sort_keys=True, ensure_ascii=False)
    for found, shown in _masks(play):
        text = text.replace(found, shown)
    return text + "\n"


def _masks(play: Play) -> Iterator[tuple[str, str]]:
    for kind in ("PersistentVolumeClaim", "AIMArtifact"):
        for i, key in enumerate(play.keys(kind)):
            yield key.name, f"<{kind} {i}>"
    for type_ in play.cluster.types():
        for stored in play.cluster.objects(type_.name):
            yield stored["metadata"]["uid"], f"<{stored['kind']} {stored['metadata']['name']}>"


def path_of(name: str, revision: int) -> Path:
    return GOLDEN / f"{name}.{revision}.json"


def main() -> None:
    cluster = new_cluster()
    GOLDEN.mkdir(exist_ok=True)
    for name in SERVICES:
        for revision in REVISIONS:
            if not path_of(name, revision).exists():
                path_of(name, revision).write_text(render(name, revision, cluster), encoding="utf-8")
                sys.stdout.write(f"{name} at revision {revision}\n")


if __name__ == "__main__":
    main()
