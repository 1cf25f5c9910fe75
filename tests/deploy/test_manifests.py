"""What `kubectl apply -k deploy/` brings: names, labels and fields that people and other tools rely on."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import tomllib

import pytest
import yaml

from aimcore.api.kinds import AIM_KINDS
from aimctl_runtime import cli
from aimctl_runtime.health import serve_probes
from aimctl_runtime.settings import parse_settings
from deploy.manifests import DEPLOY, ROOT, files_of, find, manifests, permissions
from local.cases import Step
from local.shell import local_cluster, run

KUBECTLS = [one for one in os.environ.get("AIM_KUBECTLS", shutil.which("kubectl") or "").split(":") if one]
ALL = frozenset({"create", "delete", "get", "list", "patch", "update", "watch"})
READ = frozenset({"get", "list", "watch"})


def manager() -> dict:
    (container,) = find("Deployment", "aim-engine-controller-manager")["spec"]["template"]["spec"]["containers"]
    return container


# ---- the objects ----------------------------------------------------------------------------------------------------
def test_every_object_has_the_names_of_the_reference():
    roles = {m["metadata"]["name"] for m in manifests() if m["kind"] == "ClusterRole"}
    people = {f"aim-engine-{k.singular}-{r}-role" for k in AIM_KINDS.values() for r in ("admin", "editor", "viewer")}
    assert roles - people == {
        "aim-engine-manager-role",
        "aim-engine-metrics-auth-role",
        "aim-engine-metrics-reader",
        "aim-engine-artifact-status-updater",
    }
    assert people <= roles
    others = {
        (m["kind"], m["metadata"]["name"]) for m in manifests() if not m["kind"].startswith(("Cluster", "Custom"))
    }
    assert others == {
        ("Namespace", "aim-system"),
        ("ServiceAccount", "aim-engine-controller-manager"),
        ("Role", "aim-engine-leader-election-role"),
        ("RoleBinding", "aim-engine-leader-election-rolebinding"),
        ("Deployment", "aim-engine-controller-manager"),
        ("Service", "aim-engine-controller-manager-metrics-service"),
    }


def test_all_ten_kinds_are_defined():
    defined = {m["spec"]["names"]["kind"] for m in manifests() if m["kind"] == "CustomResourceDefinition"}
    assert defined == set(AIM_KINDS)


def test_every_file_of_the_folder_is_taken_in():
    ours = {path for path in DEPLOY.glob("*.yaml") if path.name != "kustomization.yaml"}
    assert ours <= set(files_of(DEPLOY))


def test_everything_namespaced_lies_in_aim_system_and_carries_the_name_of_the_project():
    for one in manifests():
        if one["kind"] in ("Role", "RoleBinding", "ServiceAccount", "Deployment", "Service"):
            assert one["metadata"]["namespace"] == "aim-system"
        if one["kind"] != "CustomResourceDefinition":
            assert one["metadata"]["labels"]["app.kubernetes.io/name"] == "aim-engine"


@pytest.mark.parametrize("kind", sorted(AIM_KINDS))
def test_people_have_three_roles_for_each_kind(kind):
    own, verbs = AIM_KINDS[kind], {"admin": {"*"}, "editor": ALL, "viewer": READ}
    for role, wanted in verbs.items():
        allowed = permissions(find("ClusterRole", f"aim-engine-{own.singular}-{role}-role"))
        assert {u.verb for u in allowed if u.resource == own.plural} == wanted
        assert {u.verb for u in allowed if u.resource == f"{own.plural}/status"} == {"get"}
        assert {(u.group, u.resource.partition("/")[0]) for u in allowed} == {("aim.eai.amd.com", own.plural)}


def test_the_role_of_the_downloads_has_its_fixed_name_and_content():
    allowed = permissions(find("ClusterRole", "aim-engine-artifact-status-updater"))
    assert {(u.verb, u.resource) for u in allowed} == {(v, "aimartifacts/status") for v in ("get", "patch", "update")}


def test_whoever_scrapes_may_get_the_metrics():
    assert find("ClusterRole", "aim-engine-metrics-reader")["rules"] == [
        {"nonResourceURLs": ["/metrics"], "verbs": ["get"]}
    ]


# ---- the Deployment -------------------------------------------------------------------------------------------------
def test_the_selector_is_that_of_the_reference_so_that_its_deployment_is_updated_in_place():
    wanted = {"control-plane": "controller-manager", "app.kubernetes.io/name": "aim-engine"}
    deployment = find("Deployment", "aim-engine-controller-manager")
    assert deployment["spec"]["selector"] == {"matchLabels": wanted}
    assert wanted.items() <= deployment["metadata"]["labels"].items()
    assert deployment["spec"]["template"]["metadata"]["labels"] == wanted
    assert find("Service", "aim-engine-controller-manager-metrics-service")["spec"]["selector"] == wanted


def test_the_pod_is_restricted():
    spec = find("Deployment", "aim-engine-controller-manager")["spec"]["template"]["spec"]
    assert spec["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert manager()["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert spec["terminationGracePeriodSeconds"] == 10
    assert manager()["resources"] == {
        "limits": {"cpu": "500m", "memory": "4Gi"},
        "requests": {"cpu": "100m", "memory": "256Mi"},
    }


def test_the_command_is_ours_and_its_flags_are_known():
    assert manager()["command"] == ["aimctl", "run"]
    assert "run" in cli.COMMANDS
    settings = parse_settings(manager()["args"], {"AIM_SYSTEM_NAMESPACE": "aim-system", "POD_NAME": "p"})
    assert (settings.leader_elect, settings.metrics_secure) == (True, True)
    assert (settings.metrics_bind_address, settings.health_probe_bind_address) == (":8443", ":8081")


def test_the_pod_knows_its_name_and_namespace():
    given = {e["name"]: e["valueFrom"]["fieldRef"]["fieldPath"] for e in manager()["env"]}
    assert given == {"AIM_SYSTEM_NAMESPACE": "metadata.namespace", "POD_NAME": "metadata.name"}


def test_the_probes_ask_for_paths_that_are_served():
    import aiohttp

    async def answers() -> list[int]:
        probes = await serve_probes("127.0.0.1:0")
        try:
            async with aiohttp.ClientSession() as session:
                codes = []
                for name in ("livenessProbe", "readinessProbe"):
                    path = manager()[name]["httpGet"]["path"]
                    async with session.get(f"http://127.0.0.1:{probes.port}{path}") as answer:
                        codes.append(answer.status)
                return codes
        finally:
            await probes.close()

    assert asyncio.run(answers()) == [200, 200]
    times = [
        (manager()[n]["initialDelaySeconds"], manager()[n]["periodSeconds"])
        for n in ("livenessProbe", "readinessProbe")
    ]
    assert times == [(15, 20), (5, 10)]
    ports = {str(p["containerPort"]) for p in manager()["ports"]}
    assert {address.rpartition(":")[2] for address in manager()["args"] if ":" in address} == ports


def test_the_image_has_the_version_of_the_project():
    (image,) = yaml.safe_load((DEPLOY / "kustomization.yaml").read_text())["images"]
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert image == {"name": manager()["image"], "newTag": version}
    assert f"{image['name']}:{version}" in (DEPLOY / "Dockerfile").read_text()


# ---- the image ------------------------------------------------------------------------------------------------------
def test_the_image_installs_only_what_is_locked_and_runs_without_rights():
    text = (DEPLOY / "Dockerfile").read_text()
    for install in re.findall(r"pip (?:install|wheel)[^&\n]*", text):
        assert "--require-hashes" in install or "--no-index" in install, install
    copied = [name for line in re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.MULTILINE) for name in line.split()]
    assert copied
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert re.search(r"^USER 65532:65532$", text, re.MULTILINE)


def test_what_builds_the_wheel_is_what_the_project_asks_for():
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    assert (ROOT / "requirements" / "build.in").read_text().split() == asked


# ---- kubectl --------------------------------------------------------------------------------------------------------
@pytest.mark.skipif(not KUBECTLS, reason="no kubectl on the PATH; the manifests themselves are checked above")
@pytest.mark.parametrize("kubectl", KUBECTLS, ids=os.path.basename)
def test_kubectl_applies_the_folder_and_then_finds_nothing_to_change(kubectl, tmp_path):
    async def applied() -> list[str]:
        async with local_cluster() as local:
            texts = []
            for step in (Step(f"apply -k {DEPLOY}"), Step(f"apply -k {DEPLOY}"), Step(f"diff -k {DEPLOY}")):
                ran = await run(kubectl, local.url, tmp_path, step)
                assert ran.code == 0, ran.text
                texts.append(ran.text)
            return texts

    first, second, difference = asyncio.run(applied())
    # The CRDs are in the local cluster from the start: kubectl warns that it did not make them.
    assert len([line for line in first.splitlines() if not line.startswith("Warning: ")]) == len(manifests())
    assert "deployment.apps/aim-engine-controller-manager created" in first
    assert {line.split()[-1] for line in second.splitlines()} == {"unchanged"}
    assert difference == ""


@pytest.mark.skipif(not KUBECTLS, reason="no kubectl on the PATH; the manifests themselves are checked above")
@pytest.mark.parametrize("kubectl", KUBECTLS, ids=os.path.basename)
def test_the_component_for_dedicated_accounts_switches_them_on(kubectl, tmp_path):
    relative = os.path.relpath(DEPLOY, tmp_path)
    overlay = {"resources": [relative], "components": [f"{relative}/dedicated-accounts"]}
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    built = subprocess.run([kubectl, "kustomize", tmp_path], capture_output=True, text=True, check=True).stdout
    (deployment,) = [one for one in yaml.safe_load_all(built) if one["kind"] == "Deployment"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert parse_settings(container["args"], {}).core.dedicated_download_accounts
    assert "name: aim-engine-dedicated-accounts-role\n" in built
