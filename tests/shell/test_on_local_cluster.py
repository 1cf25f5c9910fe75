"""The whole shell against the simulated cluster over real HTTP, on good days and on bad ones."""

from __future__ import annotations

import asyncio
import io
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from aimcore.api.kinds import Kind
from aimcore.cluster.kinds import KINDS
from aimcore.plan import Child, Plan, PlannedEvent
from aimcore.resource import Key
from aimcore.simulation.clock import Clock
from aimcore.simulation.requests import PatchType
from aimcore.simulation.resource_type import ResourceType
from aimcore.simulation.settings import WorldSettings
from aimcore.snapshot import Found, NotInstalled, Snapshot
from aimctl_runtime.client import connect
from aimctl_runtime.controller import Controller
from aimctl_runtime.local.faults import AFTERWARDS, REFUSALS, Effect, Fault
from aimctl_runtime.local.kubeconfig import write_kubeconfig
from aimctl_runtime.local.server import LocalCluster
from aimctl_runtime.log import Log, Output
from aimctl_runtime.scopes import closing
from aimctl_runtime.settings import RuntimeSettings
from aimctl_runtime.watched import Watched

from .doubles import START, Lines, log_into, run

SERVICES = tuple(f"s{number}" for number in range(5))
ROWS = (Watched(KINDS["AIMService"]), Watched(KINDS["ServiceAccount"]), Watched(KINDS["ScaledObject"]))


def make_plan(snapshot: Snapshot, key: Key) -> Plan:
    """Each service wants an account that carries its number of replicas, and says so."""
    match snapshot.object(*key):
        case Found(service) if not service.is_deleting:
            replicas = str(service.spec.get("replicas"))
            metadata = {"name": key.name, "namespace": key.namespace, "annotations": {"replicas": replicas}}
            account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
            outcome = snapshot.outcome(key, Key("ServiceAccount", key.namespace, key.name))
            state = "Running" if outcome is None else "Degraded"
            events = (PlannedEvent("Normal", "Told", replicas),) if service.status.get("status") != state else ()
            status = {"status": state, "observedGeneration": service.generation}
            return Plan.made_from(snapshot, key, children=(Child(account, "Account"),), status=status, events=events)
        case _:
            return Plan.made_from(snapshot, key)


def service(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "aim.eai.amd.com/v1alpha1",
        "kind": "AIMService",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"model": {"image": "a"}},
    }


class Scene:
    def __init__(self, local: LocalCluster, controller: Controller, lines: io.StringIO) -> None:
        self.local, self.controller, self.lines = local, controller, lines

    def has_converged(self) -> bool:
        try:
            return all(self._is_right(name) for name in SERVICES)
        except KeyError:
            return False

    def _is_right(self, name: str) -> bool:
        live = self.read("AIMService", name)
        account = self.read("ServiceAccount", name)
        return (
            live["status"]["status"] == "Running"
            and live["status"]["observedGeneration"] == live["metadata"]["generation"]
            and account["metadata"]["annotations"] == {"replicas": str(live["spec"]["replicas"])}
        )

    def read(self, kind: str, name: str) -> Any:
        items = self.local.cluster.list(kind, "default")["items"]
        return {item["metadata"]["name"]: item for item in items}[name]

    async def until(self, holds: Callable[[], bool], seconds: float = 15) -> None:
        async with asyncio.timeout(seconds):
            while not holds():
                await asyncio.sleep(0.01)

    @property
    def writes(self) -> int:
        return sum(n for call, n in self.local.calls.items() if call.verb not in ("get", "list", "watch"))

    async def is_quiet(self) -> bool:
        before = self.writes
        await asyncio.sleep(0.15)
        return self.writes == before


@asynccontextmanager
async def scene(folder: Path, *faults: Fault, rows: tuple[Watched, ...] = ROWS) -> AsyncIterator[Scene]:
    settings = WorldSettings.read({"nodes": [{"name": "n"}]})
    lines = io.StringIO()
    async with LocalCluster(settings, clock=Clock(START), speed=0) as local:
        for name in SERVICES:
            local.cluster.create(service(name))
        local.faults.inject(*faults)
        write_kubeconfig(folder / "kubeconfig", local.url)
        client = await connect(str(folder / "kubeconfig"))
        log = Log(Output(stream=lines, verbosity=1))
        controller = Controller(
            client, RuntimeSettings(), log=log, watched=rows, planned=("AIMService",), make_plan=make_plan
        )
        async with closing(client), controller.running():
            yield Scene(local, controller, lines)


def test_on_a_good_day_each_child_and_status_is_written_once_and_then_nothing(tmp_path: Path):
    async def claim() -> None:
        async with scene(tmp_path) as scenery:
            await scenery.until(lambda: scenery.has_converged() and scenery.writes == 15)
            assert await scenery.is_quiet()
            calls: Counter[str] = Counter()
            for call, number in scenery.local.calls.items():
                if call.verb not in ("get", "list", "watch"):
                    calls[call.resource] += number
            assert calls == {"serviceaccounts": 5, "aimservices/status": 5, "events": 5}
            assert "fault of the controller" not in scenery.lines.getvalue()

    run(claim())


def test_a_change_is_followed_and_a_lost_child_made_again(tmp_path: Path):
    async def claim() -> None:
        async with scene(tmp_path) as scenery:
            await scenery.until(scenery.has_converged)
            key = Key("AIMService", "default", "s1")
            patch = {"spec": {"replicas": 7}}
            scenery.local.cluster.patch(key, patch, PatchType.MERGE)
            scenery.local.cluster.delete(Key("ServiceAccount", "default", "s2"))
            assert not scenery.has_converged()
            await scenery.until(scenery.has_converged)
            assert scenery.read("ServiceAccount", "s1")["metadata"]["annotations"] == {"replicas": "7"}

    run(claim())


def only(effect: Effect, *resources: str, verbs: tuple[str, ...] = (), times: int = 2, **more: Any) -> Fault:
    return Fault(effect, verbs=frozenset(verbs), resources=frozenset(resources), times=times, **more)


TROUBLE = [
    *((effect, "aimservices/status") for effect in sorted(AFTERWARDS | set(REFUSALS))),
    *((effect, "serviceaccounts") for effect in sorted(AFTERWARDS)),
    (Effect.TIMEOUT, "serviceaccounts"),
    (Effect.UNAVAILABLE, "serviceaccounts"),
]


@pytest.mark.parametrize(("effect", "resource"), TROUBLE)
@pytest.mark.rule("F-82", "F-83", "F-99", "F-100", "F-101")
def test_writes_that_meet_trouble_are_made_in_the_end(tmp_path: Path, effect: Effect, resource: str):
    async def claim() -> None:
        async with scene(tmp_path, only(effect, resource, verbs=("create", "patch"), times=1)) as scenery:
            await scenery.until(scenery.has_converged)
            assert scenery.local.faults.struck
            assert "fault of the controller" not in scenery.lines.getvalue()

    run(claim())


@pytest.mark.parametrize(
    "effect", [Effect.TOO_MANY, Effect.INTERNAL, Effect.EXPIRED, Effect.NO_ANSWER, Effect.TRUNCATED]
)
@pytest.mark.rule("F-132")
def test_lists_that_meet_trouble_are_made_in_the_end(tmp_path: Path, effect: Effect):
    async def claim() -> None:
        async with scene(tmp_path, only(effect, verbs=("list",), times=2)) as scenery:
            await scenery.until(scenery.has_converged)
            assert len(scenery.local.faults.struck) == 2

    run(claim())


@pytest.mark.parametrize("effect", [Effect.DROPPED, Effect.EXPIRED_STREAM, Effect.UNAVAILABLE, Effect.EXPIRED])
@pytest.mark.rule("F-137")
def test_watches_that_break_miss_nothing(tmp_path: Path, effect: Effect):
    async def claim() -> None:
        async with scene(tmp_path, only(effect, verbs=("watch",), times=3)) as scenery:
            await scenery.until(scenery.has_converged)
            scenery.local.cluster.delete(Key("ServiceAccount", "default", "s0"))
            await scenery.until(scenery.has_converged)
            assert len(scenery.local.faults.struck) == 3

    run(claim())


def test_versions_that_were_compacted_while_a_watch_was_down_are_made_good_by_a_list(tmp_path: Path):
    async def claim() -> None:
        async with scene(tmp_path, only(Effect.UNAVAILABLE, verbs=("watch",), times=6)) as scenery:
            await scenery.until(scenery.has_converged)
            scenery.local.cluster.delete(Key("ServiceAccount", "default", "s3"))
            scenery.local.cluster.compact()
            await scenery.until(scenery.has_converged)

    run(claim())


def test_a_kind_that_is_missing_stops_nobody_else_and_is_used_when_it_appears(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("aimctl_runtime.reflector.ABSENT", 0.2)

    async def claim() -> None:
        rows = (*ROWS, Watched(Kind("Widget", "example.com", "v1", "widgets")))
        async with scene(tmp_path, rows=rows) as scenery:
            await scenery.until(scenery.has_converged)
            availability = scenery.controller.store.table.availability
            assert availability("Widget") == NotInstalled("Widget")
            assert "install the CRD of Widget" in scenery.lines.getvalue()
            scenery.local.cluster.add_type(ResourceType(rows[-1].kind))
            await scenery.until(lambda: availability("Widget") is None)

    run(claim())


def test_a_restart_with_empty_memory_writes_nothing(tmp_path: Path):
    async def claim() -> None:
        async with scene(tmp_path) as scenery:
            await scenery.until(lambda: scenery.has_converged() and scenery.writes == 15)
            assert await scenery.is_quiet()
            before = scenery.writes
            client = await connect(str(tmp_path / "kubeconfig"))
            again = Controller(
                client, RuntimeSettings(), log=log_into(Lines()), watched=ROWS, planned=("AIMService",),
                make_plan=make_plan,
            )  # fmt: skip
            async with closing(client), again.running():
                await scenery.until(lambda: len(again.queue) == 0 and again.queue.is_idle)
                assert scenery.writes == before

    run(claim())
