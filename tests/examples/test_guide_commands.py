"""The commands of the user guide, typed as it prints them, with kubectl against the local cluster."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import yaml

from aimcore.simulation.settings import WorldSettings
from aimctl_runtime.cli.session import session
from examples.applied import EXAMPLES, documents

KUBECTL = shutil.which("kubectl")
pytestmark = pytest.mark.skipif(
    KUBECTL is None, reason="no kubectl on the PATH; its recorded exchanges are replayed in tests/local"
)
SPEED = 100
ISVC = "qwen-chat-a04542d9"
HPA = f"keda-hpa-{ISVC}-predictor"


class Shell:
    """kubectl with a home of its own and the session's kubeconfig."""

    def __init__(self, home: Path) -> None:
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(home), "KUBECONFIG": str(home / "kubeconfig"), "COLUMNS": "200",
        }  # fmt: skip

    async def start(self, command: str) -> asyncio.subprocess.Process:
        words = shlex.split(command.removeprefix("kubectl "))
        return await asyncio.create_subprocess_exec(
            str(KUBECTL), *words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=self.environment
        )

    async def __call__(self, command: str) -> str:
        """What a command prints. It must succeed."""
        process = await self.start(command)
        out, _ = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 0, f"$ {command}\n{out.decode()}"
        return out.decode()

    async def lines(self, command: str, number: int) -> list[str]:
        """The first lines of a command that goes on."""
        process = await self.start(command)
        assert process.stdout is not None
        found = [(await asyncio.wait_for(process.stdout.readline(), 20)).decode() for _ in range(number)]
        process.terminate()
        await process.communicate()
        return found


@asynccontextmanager
async def shell(home: Path) -> AsyncIterator[Shell]:
    async with session(WorldSettings.read({}), speed=SPEED, kubeconfig=home / "kubeconfig"):
        yield Shell(home)


def in_a_session(home: Path, body: Callable[[Shell], Awaitable[None]]) -> None:
    async def run() -> None:
        async with shell(home) as run_command:
            await body(run_command)

    asyncio.run(asyncio.wait_for(run(), 60))


def table(text: str) -> list[dict[str, str]]:
    """The rows of a kubectl table by their headings."""
    heading, *rows = [line.split() for line in text.splitlines()]
    return [dict(zip(heading, row, strict=False)) for row in rows]


@pytest.mark.rule("R-12.5")
def test_the_quick_start_can_be_followed_to_a_running_service(tmp_path):
    async def follow(run: Shell) -> None:
        assert "aimservice.aim.eai.amd.com/qwen-chat created" in await run(
            f"kubectl apply -f {EXAMPLES}/http-routing.yaml"
        )
        waited = await run("kubectl -n ml-team wait --for=condition=Ready aimservice/qwen-chat --timeout=20s")
        assert waited == "aimservice.aim.eai.amd.com/qwen-chat condition met\n"
        await run("kubectl -n ml-team wait --for=jsonpath={.status.status}=Running aimservice/qwen-chat --timeout=20s")

        (row,) = table(await run("kubectl -n ml-team get aimservice qwen-chat"))
        assert row["NAME"] == "qwen-chat"
        assert row["STATUS"] == "Running"
        assert row["MODEL"] == "aim-qwen-qwen3-32b-0-8-5-cdc1fb22"
        assert row["REPLICAS"] == "1"
        shown = yaml.safe_load(await run("kubectl -n ml-team get aimservice qwen-chat -o yaml"))
        assert shown["status"]["observedGeneration"] == shown["metadata"]["generation"]
        assert shown["status"]["routing"] == {"path": "/ml-team/qwen-chat"}

        described = await run("kubectl -n ml-team describe aimservice qwen-chat")
        assert "All components are ready" in described
        assert "AllComponentsReady" in described.partition("Events:")[2]

        (isvc,) = table(await run("kubectl -n ml-team get inferenceservice -l aim.eai.amd.com/service.name=qwen-chat"))
        assert isvc["NAME"] == ISVC
        (route,) = table(await run("kubectl -n ml-team get httproute -l aim.eai.amd.com/service.name=qwen-chat"))
        assert route["NAME"] == ISVC
        condition = await run(
            "kubectl -n ml-team get aimservice qwen-chat "
            """-o jsonpath='{.status.conditions[?(@.type=="HTTPRouteReady")]}'"""
        )
        assert json.loads(condition)["reason"] == "HTTPRouteAccepted"

        assert "aim-qwen-qwen3-32b-0-8-5-cdc1fb22" in await run(
            "kubectl -n ml-team get aimmodel aim-qwen-qwen3-32b-0-8-5-cdc1fb22"
        )
        assert len(table(await run("kubectl -n ml-team get aimservicetemplate"))) == 2
        assert await run("kubectl get aimclusterservicetemplate") == "No resources found\n"
        assert await run("kubectl -n ml-team get aimruntimeconfig") == "No resources found in ml-team namespace.\n"

        assert "deleted" in await run("kubectl -n ml-team delete aimservice qwen-chat")
        assert "No resources found" in await run("kubectl -n ml-team get aimservice")

    in_a_session(tmp_path, follow)


def test_autoscaling_can_be_watched_as_the_guide_says(tmp_path):
    async def follow(run: Shell) -> None:
        await run(f"kubectl apply -f {EXAMPLES}/custom-metrics.yaml")
        await run("kubectl -n ml-team wait --for=condition=Ready aimservice/qwen-chat --timeout=20s")
        (isvc,) = table(await run("kubectl -n ml-team get inferenceservice -l aim.eai.amd.com/service.name=qwen-chat"))
        assert isvc["NAME"] == ISVC

        scaled = yaml.safe_load(await run(f"kubectl -n ml-team get scaledobject {ISVC}-predictor -o yaml"))
        assert (scaled["spec"]["minReplicaCount"], scaled["spec"]["maxReplicaCount"]) == (1, 3)
        (hpa,) = table(await run(f"kubectl -n ml-team get hpa {HPA}"))
        assert (hpa["NAME"], hpa["MINPODS"], hpa["MAXPODS"]) == (HPA, "1", "3")
        heading, first = await run.lines(f"kubectl -n ml-team get hpa {HPA} -w", 2)
        assert heading.startswith("NAME ")
        assert first.startswith(HPA)
        described = await run(f"kubectl -n ml-team describe hpa {HPA}")
        assert "Min replicas:" in described
        assert "ScalingActive" in described

        status = "kubectl -n ml-team get aimservice qwen-chat -o jsonpath='{.status.runtime.replicas}'"
        assert await run(status) == "1/1 (1-3)"

    in_a_session(tmp_path, follow)


def test_the_troubles_of_the_guide_can_be_found_with_its_commands(tmp_path):
    (custom,) = documents("custom-path.yaml")
    custom["spec"]["runtimeConfigName"] = "team-config"
    (tmp_path / "first.yaml").write_text(yaml.safe_dump(custom))
    custom["spec"]["routing"]["pathTemplate"] = "/team/{.metadata.labels['team']}/chat"
    custom["metadata"]["name"] = "team-chat"
    (tmp_path / "second.yaml").write_text(yaml.safe_dump(custom))

    async def follow(run: Shell) -> None:
        await run(f"kubectl apply -f {tmp_path}/first.yaml")
        await run("kubectl -n ml-team wait --for=jsonpath={.status.status}=Pending aimservice/qwen-chat --timeout=20s")
        assert "No resources found" in await run("kubectl -n ml-team get aimruntimeconfig")
        await run(f"kubectl apply -f {EXAMPLES}/platform/runtime-config.yaml")
        (config,) = table(await run("kubectl -n ml-team get aimruntimeconfig"))
        assert config["NAME"] == "team-config"
        await run("kubectl -n ml-team wait --for=condition=Ready aimservice/qwen-chat --timeout=20s")

        await run(f"kubectl apply -f {tmp_path}/second.yaml")
        await run("kubectl -n ml-team wait --for=jsonpath={.status.status}=Degraded aimservice/team-chat --timeout=20s")
        routes = "kubectl -n ml-team get httproute -l aim.eai.amd.com/service.name=team-chat"
        assert "No resources found" in await run(routes)
        condition = await run(
            "kubectl -n ml-team get aimservice team-chat "
            """-o jsonpath='{.status.conditions[?(@.type=="HTTPRouteReady")]}'"""
        )
        assert json.loads(condition)["reason"] == "PathTemplateInvalid"
        assert "team" in json.loads(condition)["message"]

        await run("kubectl -n ml-team label aimservice team-chat team=research")
        await run("kubectl -n ml-team wait --for=condition=Ready aimservice/team-chat --timeout=20s")
        path = "kubectl -n ml-team get aimservice team-chat -o jsonpath='{.status.routing.path}'"
        assert await run(path) == "/team/research/chat"
        assert "team-chat-a04542d9" in await run(routes)

    in_a_session(tmp_path, follow)


def test_the_complete_example_can_be_followed_with_what_the_platform_provides(tmp_path):
    async def follow(run: Shell) -> None:
        created = await run(f"kubectl apply -f {EXAMPLES}/platform")
        assert "aimclustermodel.aim.eai.amd.com/qwen-qwen3-32b created" in created
        assert "secret/huggingface-creds created" in created
        await run(f"kubectl apply -f {EXAMPLES}/complete.yaml")
        await run("kubectl -n ml-team wait --for=condition=Ready aimservice/qwen-chat --timeout=20s")

        (of_team,) = table(await run("kubectl -n ml-team get aimmodel qwen-qwen3-32b"))
        (of_cluster,) = table(await run("kubectl get aimclustermodel qwen-qwen3-32b"))
        assert of_team["NAME"] == of_cluster["NAME"] == "qwen-qwen3-32b"
        (template,) = table(await run("kubectl get aimclusterservicetemplate"))
        assert template["NAME"] == "qwen3-32b-latency"
        (row,) = table(await run("kubectl -n ml-team get aimservice qwen-chat"))
        assert (row["MODEL"], row["TEMPLATE"], row["REPLICAS"]) == ("qwen-qwen3-32b", "qwen3-32b-latency", "2")

        again = await run(f"kubectl apply -f {EXAMPLES}/complete.yaml")
        assert again == "aimservice.aim.eai.amd.com/qwen-chat unchanged\n"

    in_a_session(tmp_path, follow)
