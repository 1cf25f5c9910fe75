"""Running kubectl against a local cluster, and what of an HTTP exchange is worth keeping."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aimcore.simulation.clock import Clock
from aimcore.simulation.settings import WorldSettings
from aimctl_runtime.local.exchange import Answer, Reply, Request
from aimctl_runtime.local.kubeconfig import write_kubeconfig
from aimctl_runtime.local.server import LocalCluster
from local.cases import Step

GENERATED = re.compile(r"-[a-z0-9]{10}(-[a-z0-9]{5})?(\.[a-z0-9]{16})?$|\.[a-z0-9]{16}$")
START = datetime(2026, 11, 1, 12, tzinfo=UTC)


def local_cluster(**settings: Any) -> LocalCluster:
    """A small cluster whose clock stands still."""
    small = {"nodes": [{"name": "mi300x", "count": 1}], "namespaces": ["default", "kube-system"], "gateways": []}
    return LocalCluster(WorldSettings.read({**small, **settings}), clock=Clock(START), speed=0)


def steady_cluster() -> LocalCluster:
    """A small cluster whose world has done all it can after each request, so that answers do not depend on timing."""
    local = local_cluster()

    def settle(*_: object) -> None:
        while (wake := local.world.next_wake()) is not None and wake <= local.clock.now:
            local.world.step()

    settle()
    local.observers.append(settle)
    return local


@dataclass(frozen=True)
class Ran:
    code: int
    text: str


async def run(kubectl: str, url: str, home: Path, step: Step) -> Ran:
    """One kubectl command with its own home, so that no cache or configuration of the machine is seen."""
    config = home / "kubeconfig"
    write_kubeconfig(config, url)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "KUBECONFIG": str(config),
        "KUBE_EDITOR": "sed -i 's/replicas: 4/replicas: 5/'",
        "COLUMNS": "80",
    }
    process = await asyncio.create_subprocess_exec(
        kubectl,
        *shlex.split(step.args.replace('"', '\\"')),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environment,
    )
    out, _ = await asyncio.wait_for(process.communicate(step.stdin.encode()), 30)
    return Ran(process.returncode or 0, out.decode())


def important(answer: Answer) -> dict[str, Any]:
    """The parts of an answer that must stay the same: no versions, no times, no documents in full."""
    if not isinstance(answer, Reply):
        return {"stream": type(answer).__name__}
    return {"code": answer.code, "type": answer.content_type, **important_body(json_of(answer))}


def json_of(answer: Reply) -> Any:
    try:
        return json.loads(answer.encoded())
    except ValueError:
        return answer.encoded().decode()


def plain_names(objects: Iterable[dict[str, Any]]) -> list[str]:
    """The names of some objects, each once, without the parts that are made up from hashes."""
    return sorted({GENERATED.sub("-*", o["metadata"]["name"]) for o in objects})


def important_body(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        return {"text": body}
    kept: dict[str, Any] = {k: body[k] for k in ("kind", "apiVersion", "reason", "message") if k in body}
    if body.get("kind") == "Table":
        kept["columns"] = [c["name"] for c in body["columnDefinitions"]]
        kept["names"] = plain_names(r["object"] for r in body["rows"])
    elif "items" in body and body.get("kind") != "EventList":
        kept["names"] = plain_names(body["items"])
    elif "metadata" in body:
        kept["metadata"] = {k: body["metadata"][k] for k in ("name", "namespace", "labels") if k in body["metadata"]}
        kept["spec"] = body.get("spec")
    return kept


def recorded(request: Request, answer: Answer) -> dict[str, Any]:
    """One exchange as it is kept in a file."""
    kept = {**asdict(request), "query": dict(request.query), "body": request.body.decode("utf-8", "replace")}
    kept["agent"] = "kubectl"
    return {"request": {k: v for k, v in kept.items() if v}, "answer": important(answer)}


def request_of(kept: dict[str, Any]) -> Request:
    return Request(**{**kept, "body": kept.get("body", "").encode()})
