"""The real kubectl against the local cluster: every case of `cases`.

The kubectl of the PATH is used, or each of those that the environment variable AIM_KUBECTLS names, parted by colons.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess

import pytest

from local.cases import CASES, Step
from local.shell import local_cluster, run

KUBECTLS = os.environ.get("AIM_KUBECTLS", shutil.which("kubectl") or "").split(":")
pytestmark = pytest.mark.skipif(
    not KUBECTLS[0], reason="no kubectl on the PATH; test_exchanges.py replays what it sent"
)


@pytest.mark.parametrize("kubectl", KUBECTLS, ids=os.path.basename)
@pytest.mark.parametrize("case", CASES)
def test_kubectl_does_and_prints_what_it_does_on_a_real_cluster(case, kubectl, tmp_path):
    async def scenario() -> None:
        async with local_cluster() as local:
            for step in CASES[case]:
                ran = await run(kubectl, local.url, tmp_path, step)
                assert step.is_as_wanted(ran.code, ran.text), f"kubectl {step.args}: {ran.code}\n{ran.text}"

    asyncio.run(scenario())


@pytest.mark.parametrize("kubectl", KUBECTLS, ids=os.path.basename)
def test_kubectl_get_watch_sees_each_change(kubectl, tmp_path):
    async def scenario() -> str:
        async with local_cluster() as local:
            await run(kubectl, local.url, tmp_path, CASES["write"][0])
            watcher = await asyncio.create_subprocess_exec(
                kubectl, "get", "aimsvc", "-w", "--output-watch-events",
                stdout=subprocess.PIPE, env={"HOME": str(tmp_path), "KUBECONFIG": str(tmp_path / "kubeconfig")},
            )  # fmt: skip
            lines = [await watcher.stdout.readline() for _ in range(2)]
            await run(kubectl, local.url, tmp_path, Step("label aimsvc chat a=b"))
            lines.append(await watcher.stdout.readline())
            await run(kubectl, local.url, tmp_path, Step("delete aimsvc chat --wait=false"))
            lines.append(await watcher.stdout.readline())
            watcher.terminate()
            await watcher.communicate()
            return b"".join(lines).decode()

    text = asyncio.run(asyncio.wait_for(scenario(), 30))
    assert [line.split()[0] for line in text.splitlines()] == ["EVENT", "ADDED", "MODIFIED", "DELETED"]


@pytest.mark.parametrize("kubectl", KUBECTLS, ids=os.path.basename)
def test_kubectl_apply_k_takes_a_kustomization(kubectl, tmp_path):
    (tmp_path / "kustomization.yaml").write_text("namePrefix: my-\nresources: [service.yaml]\n")
    (tmp_path / "service.yaml").write_text(CASES["read"][0].stdin)

    async def scenario() -> None:
        async with local_cluster() as local:
            assert "my-chat created" in (await run(kubectl, local.url, tmp_path, Step(f"apply -k {tmp_path}"))).text

    asyncio.run(scenario())
