"""Any JSON gives a plan, and the order of objects does not matter, for all kinds below the service."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimcore.facts import Answer, ImageLabels, PodLog, RepositoryTags
from aimcore.kinds.artifact import plan_artifact
from aimcore.kinds.model import plan_model
from aimcore.kinds.model_source import plan_model_source
from aimcore.kinds.template import plan_template
from aimcore.kinds.template_cache import plan_template_cache
from aimcore.plan import Plan
from aimcore.resource import Key
from aimcore.snapshot import Snapshot
from aimcore.table import Table
from core.kind_rounds import GROUP, START, plan_shuffled

PLANNERS = {
    "AIMModel": plan_model,
    "AIMClusterModel": plan_model,
    "AIMServiceTemplate": plan_template,
    "AIMClusterServiceTemplate": plan_template,
    "AIMTemplateCache": plan_template_cache,
    "AIMArtifact": plan_artifact,
    "AIMClusterModelSource": plan_model_source,
}
MEMBERS = [
    "image", "modelName", "hardware", "gpu", "model", "requests", "minVram", "cpu", "templateName", "templateScope",
    "mode", "sourceUri", "modelId", "size", "env", "name", "value", "valueFrom", "modelSources", "conditions", "type",
    "status", "reason", "message", "lastTransitionTime", "profile", "discovery", "attempts", "lastAttemptTime",
    "nextAttemptTime", "specHash", "customTemplates", "custom", "imageMetadata", "recommendedDeployments", "gpuCount",
    "gpuModel", "metric", "precision", "filters", "versions", "exclude", "maxModels", "syncInterval", "artifacts",
    "progress", "percentage", "download", "allocatedSize", "imagePullSecrets", "runtimeConfigName", "caching",
    "enabled", "discoveredSizeBytes", "verifiedClaimUID", "resolvedNodeAffinity", "storageClassName", "phase",
    "containerStatuses", "state", "waiting", "terminated", "registry",
]  # fmt: skip
TEXTS = st.sampled_from(
    ["", "m", "t", "c", "True", "False", "Ready", "Failed", "Cluster", "Namespace", "Shared", "Dedicated", "10Gi", "x",
     "hf://a/b", "MI300X", "latency", "fp8", "2026-11-23T12:00:00Z", "InlineModelSources", "org/aim-*", ">=1.0",
     "org/a:1", "DownloadComplete", "Verified", "Discovered", "DiscoveryFailed"]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers(-3, 2**40) | st.floats() | TEXTS | st.text(max_size=4)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)
OBJECT = st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=8)


def put(kind: str, name: str, namespace: str, spec: Any, status: Any, **metadata: Any) -> dict[str, Any]:
    found = {"name": name, "uid": f"u-{kind}-{name}", "generation": 1, **metadata}
    if namespace:
        found["namespace"] = namespace
    return {"apiVersion": GROUP, "kind": kind, "metadata": found, "spec": spec, "status": status}


OURS = {"finalizers": ["aim.eai.amd.com/artifactcleanup"]}


@st.composite
def worlds(draw: st.DrawFn) -> list[dict[str, Any]]:
    """One object of each kind, and the foreign ones they look at, all with arbitrary content."""
    objects = []
    for kind in PLANNERS:
        namespace = "" if "Cluster" in kind else "ns"
        spec = draw(OBJECT | JSON)
        if isinstance(spec, dict):
            spec = {"modelName": "m", "templateName": "m", "sourceUri": "hf://a/b", "image": "i", **spec}
        objects.append(put(kind, "m", namespace, spec, draw(OBJECT | JSON), **OURS))
    for kind in ("Job", "PersistentVolumeClaim", "Pod", "RoleBinding", "AIMRuntimeConfig"):
        labels = {"aim.eai.amd.com/template": "m", "job-name": "j"}
        owner = {"uid": f"u-{draw(st.sampled_from(['AIMServiceTemplate', 'AIMArtifact']))}-m", "controller": True}
        name = draw(st.sampled_from(["j", "m", "default", "m-cache-00000000"]))
        objects.append(
            put(
                kind,
                name,
                "ns",
                draw(JSON),
                draw(OBJECT | JSON),
                labels=draw(st.just(labels) | JSON),
                ownerReferences=[owner],
            )
        )
    objects.append(put("Node", "n", "", None, None, labels=draw(JSON)))
    objects.append(put("AIMArtifact", "other", "ns", {"sourceUri": "hf://a/b", **draw(OBJECT)}, draw(JSON)))
    return objects


@pytest.mark.rule("E-2")
@settings(max_examples=60)
@given(worlds(), st.integers(0, 3))
def test_any_json_gives_a_plan_and_the_order_of_objects_does_not_matter(world, seed):
    for kind, planner in PLANNERS.items():
        key = Key(kind, "" if "Cluster" in kind else "ns", "m")
        table = Table(world)
        plan = planner(Snapshot(table, START), table.find(key))
        assert isinstance(plan, Plan)
        assert plan_shuffled(planner, world, key, seed) == plan
        for child in plan.children:
            assert child.key.name
            json.dumps(child.manifest)
        types = [c["type"] for c in plan.status.get("conditions", ())]
        assert len(types) == len(set(types))


@settings(max_examples=40)
@given(JSON | st.text(max_size=40))
def test_any_answer_gives_a_plan(value):
    artifact = put("AIMArtifact", "m", "ns", {"sourceUri": "hf://a/b"}, {})
    template = put("AIMServiceTemplate", "m", "ns", {"modelName": "m"}, {})
    world = [
        artifact,
        template,
        put("AIMModel", "m", "ns", {"image": "i"}, {}),
        put("AIMClusterModelSource", "m", "", {"filters": [{"image": "org/a-*"}]}, {}),
    ]
    complete = {"conditions": [{"type": "Complete", "status": "True"}]}
    check = plan_artifact(Snapshot(Table(world), START), Table(world).find(Key("AIMArtifact", "ns", "m"))).children[-1]
    search = plan_template(
        Snapshot(Table(world), START), Table(world).find(Key("AIMServiceTemplate", "ns", "m"))
    ).children[0]
    for child in (check, search):
        world.append({**child.manifest, "status": complete})
        world.append(
            put("Pod", f"p-{child.key.name}", "ns", {}, {"phase": "Succeeded"}, labels={"job-name": child.key.name})
        )
    table = Table(world)
    table.learn_answer(ImageLabels("i", "ns"), Answer(value, START))
    table.learn_answer(RepositoryTags("docker.io", "org/a-*", "aim-system"), Answer(value, START))
    for kind, lines, container in (("check-size", 1, "check-size"), ("discover", None, "discovery")):
        for pod_ in (w for w in world if w["kind"] == "Pod" and kind in w["metadata"]["name"]):
            want = PodLog("ns", pod_["metadata"]["name"], pod_["metadata"]["uid"], container, lines)
            table.learn_answer(want, Answer(value, START))
    for key in [k for kind in PLANNERS for k in table.keys(kind)]:
        assert isinstance(PLANNERS[key.kind](Snapshot(table, START), table.find(key)), Plan)
