"""`aimctl cache`: on saved files and on a cluster."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
import yaml

from aimcore.resource import Key
from aimcore.simulation.clock import Clock
from aimcore.simulation.settings import WorldSettings
from aimctl_runtime.cli import BAD_INPUT, NO_CLUSTER, OK, main
from aimctl_runtime.local.kubeconfig import write_kubeconfig
from aimctl_runtime.local.server import LocalCluster

OURS = {"app.kubernetes.io/managed-by": "aim-template-cache-controller"}


def artifact(name, labels=OURS):
    return {
        "apiVersion": "aim.eai.amd.com/v1alpha1",
        "kind": "AIMArtifact",
        "metadata": {"name": name, "namespace": "team", "labels": labels},
        "spec": {"sourceUri": f"hf://amd/{name}"},
        "status": {"status": "Ready", "persistentVolumeClaim": f"{name}-cache", "allocatedSize": "11Gi"},
    }


def pod(claim):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "reader", "namespace": "team"},
        "spec": {
            "containers": [{"name": "c", "image": "i"}],
            "volumes": [{"name": "m", "persistentVolumeClaim": {"claimName": claim}}],
        },
    }


OBJECTS = [artifact("used"), artifact("idle"), artifact("own", {}), pod("used-cache")]


def rows(out):
    lines = [line.split(None, 5) for line in out.splitlines()]
    return {cells[1]: cells[-1] for cells in lines if cells and "/" in cells[1]}


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "saved.yaml"
    path.write_text(yaml.safe_dump_all(OBJECTS))
    return str(path)


def test_saved_objects_are_listed_with_those_who_refer_to_them(saved, capsys):
    assert main(["cache", "list", "--from", saved]) == OK
    out = capsys.readouterr().out
    assert rows(out)["aimart/used"].endswith("Pod reader")
    assert rows(out)["aimart/idle"].endswith("nobody")
    assert rows(out)["aimart/own"].endswith("made by hand")
    assert out.splitlines()[-1] == "1 of 3 unused, 11 GiB unused"


def test_pruning_saved_objects_only_says_what_it_would_do(saved, capsys):
    assert main(["cache", "prune", "--from", saved, "--by-hand"]) == OK
    out = capsys.readouterr().out.splitlines()
    assert out[:2] == ["would delete AIMArtifact team/idle (11 GiB)", "would delete AIMArtifact team/own (11 GiB)"]
    assert main(["cache", "prune", "--from", saved, "--yes"]) == BAD_INPUT


def run_on_cluster(tmp_path, capsys, *arguments, without=()):
    """What a command says, and which artifacts are left after it."""

    async def run():
        clock = Clock(datetime(2026, 1, 1, tzinfo=UTC))
        async with LocalCluster(WorldSettings.read({}), clock=clock, speed=1) as local:
            local.cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}})
            for obj in OBJECTS:
                status = obj.get("status")
                local.cluster.create({k: v for k, v in obj.items() if k != "status"})
                if status:
                    key = Key(obj["kind"], "team", obj["metadata"]["name"])
                    local.cluster.update({**local.cluster.get(key), "status": status}, subresource="status")
            for kind in without:
                local.cluster.remove_type(kind)
            write_kubeconfig(tmp_path / "kubeconfig", local.url)
            code = await asyncio.to_thread(main, ["cache", *arguments, "--kubeconfig", str(tmp_path / "kubeconfig")])
            return code, [a["metadata"]["name"] for a in local.cluster.objects("AIMArtifact")]

    code, left = asyncio.run(run())
    return code, left, capsys.readouterr()


def test_pruning_a_cluster_deletes_exactly_what_nobody_refers_to(tmp_path, capsys):
    code, left, said = run_on_cluster(tmp_path, capsys, "prune", "--yes")
    assert (code, sorted(left)) == (OK, ["own", "used"]), said.err
    assert said.out.splitlines() == ["deleted AIMArtifact team/idle (11 GiB)", "1 of 3 unused, 11 GiB freed"]


def test_a_cluster_without_kserve_has_caches_too(tmp_path, capsys):
    code, _, said = run_on_cluster(tmp_path, capsys, "list", without=["InferenceService"])
    assert code == OK
    assert rows(said.out)["aimart/used"].endswith("Pod reader")


def test_what_cannot_be_looked_through_is_never_pruned(tmp_path, capsys):
    code, left, said = run_on_cluster(tmp_path, capsys, "prune", "--yes", without=["AIMService"])
    assert (code, sorted(left)) == (NO_CLUSTER, ["idle", "own", "used"])
    assert "aimservices cannot be listed" in said.err


@pytest.mark.parametrize("how", [[], ["--dry-run"]])
def test_without_yes_nothing_is_deleted(tmp_path, capsys, how):
    code, left, said = run_on_cluster(tmp_path, capsys, "prune", *how)
    assert (code, sorted(left)) == (OK, ["idle", "own", "used"])
    assert said.out.splitlines()[0] == "would delete AIMArtifact team/idle (11 GiB)"


def test_another_namespace_has_nothing_to_list(tmp_path, capsys):
    code, _, said = run_on_cluster(tmp_path, capsys, "list", "-n", "others")
    assert (code, rows(said.out)) == (OK, {})


def test_a_cluster_that_cannot_be_reached_is_said(tmp_path, capsys):
    write_kubeconfig(tmp_path / "kubeconfig", "http://127.0.0.1:9")
    assert main(["cache", "list", "--kubeconfig", str(tmp_path / "kubeconfig")]) == NO_CLUSTER
    assert "cannot be reached" in capsys.readouterr().err
