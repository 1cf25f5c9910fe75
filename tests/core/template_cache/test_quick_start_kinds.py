"""The user guide's Quick Start, below the service: model → templates → discovery → cache → artifact."""

import json

import pytest

from aimcore.facts import ImageLabels, InspectedImage, PodLog
from aimcore.kinds.artifact import plan_artifact
from aimcore.kinds.model import plan_model
from aimcore.kinds.template import plan_template
from aimcore.kinds.template_cache import plan_template_cache
from aimcore.resource import Key
from core.kind_rounds import Rounds, aim, condition_of, finished, node, pod

IMAGE = "amdenterpriseai/aim-qwen-qwen3-32b:0.8.5"
DEPLOYMENT = {"gpuModel": "MI300X", "gpuCount": 1, "metric": "throughput", "precision": "fp16", "profileId": "p"}
TEMPLATE = "amdenterpriseai-aim-qwen-qwen3-32b-0-8-1x-mi300x-thr-fp16-2d0a"
OUTPUT = [
    {
        "profile": {
            "metadata": {
                "engine": "vllm",
                "gpu": "MI300X",
                "gpu_count": 1,
                "metric": "throughput",
                "precision": "fp16",
            },
            "engine_args": {"tensor-parallel-size": 1},
            "env_vars": {"HIP_FORCE_DEV_KERNARG": "1"},
        },
        "models": [{"name": "Qwen/Qwen3-32B", "source": "hf://Qwen/Qwen3-32B"}],
    }
]
PLANNERS = {
    "AIMModel": plan_model,
    "AIMServiceTemplate": plan_template,
    "AIMTemplateCache": plan_template_cache,
    "AIMArtifact": plan_artifact,
}


@pytest.fixture
def world() -> Rounds:
    rounds = Rounds(PLANNERS)
    rounds.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ml-team"}})
    rounds.put(node("gpu-1", "74a1"))
    rounds.put(aim("AIMModel", "qwen-qwen3-32b", "ml-team", spec={"image": IMAGE}))
    return rounds


def discover(world: Rounds) -> None:
    world.settle()
    assert world.get("AIMModel", "ml-team", "qwen-qwen3-32b")["status"]["status"] == "Progressing"
    labels = {"com.amd.aim.model.canonicalName": "Qwen/Qwen3-32B"}
    labels["com.amd.aim.model.recommendedDeployments"] = json.dumps([DEPLOYMENT])
    world.answer(ImageLabels(IMAGE, "ml-team"), InspectedImage(labels))
    world.settle()
    (job,) = world.all("Job")
    world.patch(Key("Job", "ml-team", job["metadata"]["name"]), {"status": finished()})
    seen = world.put(pod("discover", "ml-team", job["metadata"]["name"], "Succeeded"))
    world.settle()
    world.answer(PodLog("ml-team", "discover", seen["metadata"]["uid"], "discovery", None), json.dumps(OUTPUT))
    world.settle()


@pytest.mark.rule("M-21", "M-25", "M-36", "N-5", "T-31", "P-4", "J-1", "O-1", "D-9")
def test_an_image_becomes_a_ready_model_with_a_discovered_template(world):
    discover(world)
    template = world.get("AIMServiceTemplate", "ml-team", TEMPLATE)
    assert template["status"]["status"] == "Ready"
    assert condition_of(template, "Discovered") == ("True", "DiscoveryComplete")
    assert template["status"]["profile"]["env_vars"] == {"HIP_FORCE_DEV_KERNARG": "1"}
    assert template["status"]["modelSources"] == [{"modelId": "Qwen/Qwen3-32B", "sourceUri": "hf://Qwen/Qwen3-32B"}]
    assert template["status"]["hardwareSummary"] == "1 x MI300X"
    model = world.get("AIMModel", "ml-team", "qwen-qwen3-32b")
    assert model["status"]["status"] == "Ready"
    assert condition_of(model, "ServiceTemplatesReady") == ("True", "AllTemplatesReady")
    assert condition_of(model, "ImageMetadataReady") == ("True", "ImageMetadataFound")
    assert model["status"]["observedGeneration"] == 1


@pytest.mark.rule("B4", "B5", "B6", "A5.3", "A6.3", "A8", "A9", "A5.2")
def test_the_cache_of_that_template_downloads_its_model(world):
    discover(world)
    spec = {"templateName": TEMPLATE, "templateScope": "Namespace", "mode": "Shared"}
    world.put(aim("AIMTemplateCache", "qwen", "ml-team", spec=spec))
    world.settle()
    (artifact,) = world.all("AIMArtifact")
    name, uid = artifact["metadata"]["name"], artifact["metadata"]["uid"]
    assert name.startswith("hf---qwen-qwen3-32b-")
    assert "ownerReferences" not in artifact["metadata"]
    check = next(j for j in world.all("Job") if "check-size" in j["metadata"]["name"])["metadata"]["name"]
    assert condition_of(artifact, "CheckSizeJobReady") == ("False", "JobRunning")
    world.patch(Key("Job", "ml-team", check), {"status": finished()})
    seen = world.put(pod("size", "ml-team", check, "Succeeded"))
    line = json.dumps({"url": "hf://Qwen/Qwen3-32B", "sizeBytes": 9094593249})
    world.answer(PodLog("ml-team", "size", seen["metadata"]["uid"], "check-size", 1), line + "\n")
    world.settle()
    (claim,) = world.all("PersistentVolumeClaim")
    assert claim["spec"]["resources"]["requests"]["storage"] == "10Gi"
    download = next(j for j in world.all("Job") if "-download-" in j["metadata"]["name"])
    assert download["metadata"]["ownerReferences"][0]["uid"] == uid
    (binding,) = world.all("RoleBinding")
    assert binding["metadata"]["name"] == "aim-engine-artifact-status-updater"
    assert "ownerReferences" not in binding["metadata"]
    assert world.get("AIMTemplateCache", "ml-team", "qwen")["status"]["status"] == "Progressing"

    world.patch(Key("PersistentVolumeClaim", "ml-team", claim["metadata"]["name"]), {"status": {"phase": "Bound"}})
    world.patch(Key("Job", "ml-team", download["metadata"]["name"]), {"status": finished()})
    world.settle()
    done = world.get("AIMArtifact", "ml-team", name)
    assert done["status"]["status"] == "Ready"
    assert done["status"]["progress"]["displayPercentage"] == "100 %"
    assert done["status"]["verifiedClaimUID"] == claim["metadata"]["uid"]
    assert done["status"]["discoveredSizeBytes"] == 9094593249
    assert done["status"]["allocatedSize"] == "10Gi"
    assert condition_of(done, "DownloadComplete") == ("True", "Verified")
    cache = world.get("AIMTemplateCache", "ml-team", "qwen")
    assert cache["status"]["status"] == "Ready"
    assert condition_of(cache, "ArtifactsReady") == ("True", "AllCachesReady")
    assert cache["status"]["artifacts"][name]["persistentVolumeClaim"] == claim["metadata"]["name"]
    assert cache["status"]["resolvedTemplateKind"] == "AIMServiceTemplate"


@pytest.mark.rule("A10", "A5.3")
def test_after_the_download_job_is_gone_the_artifact_stays_ready_and_makes_no_other(world):
    test_the_cache_of_that_template_downloads_its_model(world)
    for job in world.all("Job"):
        world.remove(Key("Job", "ml-team", job["metadata"]["name"]))
    assert world.settle() == 0
    assert world.all("Job") == []
