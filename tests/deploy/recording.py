"""The controller at work on the local cluster, with every call that it makes on record, in the words of RBAC."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from aimcore.api.kinds import AIM_KINDS
from aimcore.facts import Failure, ImageLabels, PodLog, RepositoryTags, SecretExists
from aimcore.resource import Json, Key
from aimcore.settings import Settings
from aimcore.simulation.clock import Clock
from aimcore.simulation.requests import PatchType
from aimcore.simulation.settings import WorldSettings
from aimcore.testing.answers import answer_of
from aimcore.wire import Request
from aimctl_runtime.cli.scaled_clock import ScaledClock
from aimctl_runtime.client import connect
from aimctl_runtime.controller import Controller
from aimctl_runtime.local.kubeconfig import write_kubeconfig
from aimctl_runtime.local.server import LocalCluster
from aimctl_runtime.log import Log, Output
from aimctl_runtime.observe.pod_logs import PodLogReader
from aimctl_runtime.observe.secrets import SecretReader
from aimctl_runtime.scopes import closing
from aimctl_runtime.settings import RuntimeSettings
from aimctl_runtime.transport import Client, Response, Stream

SPEED = 60.0
NAMESPACE = "ml-team"


class Use(NamedTuple):
    """A permission that a call needs. `resource` has its subresource, such as `pods/log`."""

    verb: str
    group: str
    resource: str


def use_of(request: Request) -> Use:
    """What a request asks to be allowed."""
    match request.path.split("?")[0].strip("/").split("/"):
        case ["api", _, *rest]:
            group = ""
        case ["apis", group, _, *rest]:
            pass
        case other:
            raise ValueError(f"no resource path: {other}")
    if rest[0] == "namespaces" and len(rest) > 2:
        rest = rest[2:]
    resource = f"{rest[0]}/{rest[2]}" if len(rest) > 2 else rest[0]
    return Use("patch" if request.verb == "apply" else request.verb, group, resource)


@dataclass
class RecordingClient:
    """A client that remembers what it was asked to do."""

    inner: Client
    uses: set[Use] = field(default_factory=set)

    async def request(self, request: Request, *, timeout: float) -> Response:
        use = use_of(request)
        self.uses.add(use)
        response = await self.inner.request(request, timeout=timeout)
        if request.method == "PATCH" and response.code == 201:
            self.uses.add(use._replace(verb="create"))  # an apply that makes the object needs both
        return response

    @asynccontextmanager
    async def stream(self, request: Request, *, silence: float) -> AsyncIterator[Stream]:
        self.uses.add(use_of(request))
        async with self.inner.stream(request, silence=silence) as stream:
            yield stream

    async def close(self) -> None:
        await self.inner.close()


class Play:
    """A running scenario: makes, changes and waits, with sentences when a wait is in vain."""

    def __init__(self, local: LocalCluster) -> None:
        self.local = local
        self.cluster = local.cluster

    def create(self, kind: str, name: str, spec: Json, *, namespace: str = NAMESPACE, **more: Any) -> None:
        group = "" if kind == "Secret" else "aim.eai.amd.com/v1alpha1"
        metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
        body = {"apiVersion": group or "v1", "kind": kind, "metadata": metadata, **more}
        self.cluster.create({**body, "spec": spec} if spec else body)

    def merge(self, kind: str, name: str, patch: Json, *, namespace: str = NAMESPACE) -> None:
        self.cluster.patch(Key(kind, namespace, name), patch, PatchType.MERGE)

    def delete(self, kind: str, name: str) -> None:
        self.cluster.delete(Key(kind, NAMESPACE, name))

    def find(self, kind: str, name: str, namespace: str = NAMESPACE) -> Json | None:
        return self.cluster.peek(kind, namespace, name)

    def all(self, kind: str) -> list[Json]:
        return list(self.cluster.objects(kind))

    def state(self, name: str, kind: str = "AIMService") -> str:
        found = self.find(kind, name) or {}
        return str(found.get("status", {}).get("status", ""))

    async def until(self, claim: str, holds: Callable[[], object], seconds: float = 30.0) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not holds():
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError("\n  ".join([f"in vain: {claim}", *self._troubles()])) from None

    def _troubles(self) -> Iterator[str]:
        """What is not True, and why."""
        for found in (one for kind in AIM_KINDS for one in self.all(kind)):
            for condition in found.get("status", {}).get("conditions", ()):
                if condition["status"] != "True":
                    about = f"{found['kind']} {found['metadata']['name']}"
                    yield f"{about}: {condition['type']}: {condition['reason']}: {condition['message']}"


async def record(
    world: Json, folder: Path, *plays: Callable[[Play], Awaitable[None]], core: Settings | None = None
) -> set[Use]:
    """Run plays one after the other against one cluster and one controller; answers with all permissions used."""
    clock = Clock(datetime(2026, 11, 1, 12, tzinfo=UTC))
    async with LocalCluster(WorldSettings.read(world), clock=clock, speed=SPEED) as local:
        write_kubeconfig(folder / "kubeconfig", local.url)
        client = RecordingClient(await connect(str(folder / "kubeconfig")))
        controller = Controller(
            client,
            RuntimeSettings(identity="recorded", core=core or Settings()),
            clock=ScaledClock(clock, lambda: SPEED),
            log=Log(Output(verbosity=-1)),
            observers=_observers(local, client),
            patience=1.0,
        )
        async with closing(client), controller.running():
            for play in plays:
                await play(Play(local))
    return client.uses


def _observers(local: LocalCluster, client: Client) -> dict[type, Callable[[Any], Awaitable[object]]]:
    """Registries are the world's; what is asked of the API server is asked of the API server."""
    secrets = SecretReader(client)

    async def labels(want: ImageLabels) -> object:
        keys = await secrets.keychain(want.namespace, want.secrets)
        return keys if isinstance(keys, Failure) else answer_of(local.world, want)

    async def tags(want: RepositoryTags) -> object:
        return answer_of(local.world, want)

    return {
        ImageLabels: labels,
        RepositoryTags: tags,
        PodLog: PodLogReader(client).read,
        SecretExists: secrets.exists,
    }
