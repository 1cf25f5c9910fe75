"""The simulated world: everything that runs in a cluster beside our controller.

1. `step()` is one fair round: every actor learns what is new and acts once on each key that is due. It never waits.
2. `next_wake()` names the next moment at which something will happen by itself; `None` means silence for ever.
3. A world is a function of cluster and settings: a new `World` on the same cluster goes on where the last one stopped,
   and `fork()` gives an equal one on a copy of the cluster.
4. The world answers what cannot be asked of the API: image labels, tags, logs. A refusal is a `Denial`, never an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, Self

from aimcore.resource import Key
from aimcore.simulation.actors.actor import Actor
from aimcore.simulation.actors.autoscalers import Autoscalers
from aimcore.simulation.actors.claims import Claims, desired_class
from aimcore.simulation.actors.containers import find_image, script_of
from aimcore.simulation.actors.deployments import Deployments
from aimcore.simulation.actors.garbage import GarbageCollector
from aimcore.simulation.actors.gateways import Gateways, desired_gateway
from aimcore.simulation.actors.jobs import Jobs
from aimcore.simulation.actors.keda import Keda
from aimcore.simulation.actors.kserve import KServeController
from aimcore.simulation.actors.kubelet import Kubelet
from aimcore.simulation.actors.namespaces import Namespaces
from aimcore.simulation.actors.nodes import desired_nodes
from aimcore.simulation.actors.replicasets import ReplicaSets
from aimcore.simulation.actors.scheduler import Scheduler
from aimcore.simulation.actors.stage import NONE, Json, Stage, moment_of, number, part, sequence
from aimcore.simulation.actors.webhooks import install
from aimcore.simulation.cluster import ApiError, Cluster
from aimcore.simulation.settings import WorldSettings, WorldSettingsError

_ACTORS: tuple[type[Actor], ...] = (
    Namespaces,
    GarbageCollector,
    Claims,
    Scheduler,
    Kubelet,
    Jobs,
    ReplicaSets,
    Deployments,
    KServeController,
    Keda,
    Autoscalers,
    Gateways,
)


_RATE_LIMITED = "TOOMANYREQUESTS: You have reached your pull rate limit"


@dataclass(frozen=True, slots=True)
class Denial:
    """The world's "no": `kind` is a value of `aimcore.facts.FailureKind`; `message` is a sentence."""

    kind: str
    message: str


def furniture(settings: WorldSettings) -> list[Json]:
    """The objects that the settings describe: namespaces, nodes, storage classes, gateways."""
    namespaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in settings.namespaces]
    classes = [desired_class(c) for c in settings.storage_classes]
    return [*namespaces, *desired_nodes(settings.nodes), *classes, *map(desired_gateway, settings.gateways)]


class World:
    """A cluster's surroundings. Creating one puts nodes, namespaces and webhooks in place.

    Raises WorldSettingsError if the settings name what no API server stores.
    """

    def __init__(self, cluster: Cluster, settings: WorldSettings) -> None:
        self.stage = Stage(cluster, settings)
        self.actors: tuple[Actor, ...] = tuple(kind(self.stage) for kind in _ACTORS)
        self._enter()
        self.stage.drain()
        try:
            self._furnish()
        except ApiError as refused:
            raise WorldSettingsError((f"world: {refused.message}",)) from refused

    @property
    def cluster(self) -> Cluster:
        return self.stage.cluster

    @property
    def settings(self) -> WorldSettings:
        return self.stage.settings

    # ---- life -------------------------------------------------------------------------------------------------------
    def step(self) -> bool:
        """One round of all actors. True if anything was stored."""
        before = self.cluster.resource_version
        self.stage.drain()
        for actor in self.actors:
            actor.step()
        return self.cluster.resource_version != before

    def next_wake(self) -> datetime | None:
        """The next moment at which an actor has something to do; now, if it has already; None for never."""
        self.stage.drain()
        wakes = [wake for actor in self.actors if (wake := actor.next_wake()) is not None]
        return min(wakes, default=None)

    def run_until(self, end: datetime, *, rounds: int = 100_000) -> int:
        """Let the world live alone until `end` or until it is silent; the clock moves. Answers with the rounds it took.

        Raises RuntimeError if it is not done after `rounds` rounds: something writes for ever.
        """
        for done in range(rounds):
            wake = self.next_wake()
            if wake is None or wake > end:
                self.cluster.clock.set(max(self.cluster.clock.now, end))
                return done
            if wake > self.cluster.clock.now:
                self.cluster.clock.set(wake)
            self.step()
        raise RuntimeError(f"the world is not silent after {rounds} rounds")

    def change(self, settings: WorldSettings) -> None:
        """Other settings from now on: nodes, classes and gateways come and go; every actor looks at everything again.

        What is described differently is made anew. Namespaces are never deleted.
        """
        self.stage.drain()
        wanted = furniture(settings)
        for old in furniture(self.settings):
            metadata = old["metadata"]
            live = self.stage.get(old["kind"], metadata.get("namespace", ""), metadata["name"])
            if old not in wanted and old["kind"] != "Namespace" and live is not None:
                self.stage.delete(live)
        self.stage.settings = settings
        self._furnish()
        for actor in self.actors:
            actor.wake_all()

    def fork(self, cluster: Cluster | None = None) -> World:
        """An equal world on a copy of the cluster (by default on a fork of this one)."""
        self.stage.drain()
        twin = object.__new__(World)
        twin.stage = self.stage.fork(cluster if cluster is not None else self.cluster.fork())
        twin.actors = tuple(actor.fork(twin.stage) for actor in self.actors)
        twin._enter()
        return twin

    def restarted(self) -> Self:
        """A world with empty memory on the same cluster, as after a restart of all components."""
        return type(self)(self.cluster, self.settings)

    @property
    def troubles(self) -> Mapping[tuple[str, Key], str]:
        """What the server refused the actors, by actor and key."""
        return {(a.name, key): text for a in self.actors for key, text in a.troubles.items()}

    def lose_volume(self, namespace: str, claim: str) -> None:
        """The volume behind a bound claim is gone (F-78). Nothing happens if there is no such claim."""
        self.stage.drain()
        found = self.stage.get("PersistentVolumeClaim", namespace, claim)
        if found is not None:
            self.stage.set_status(found, {**found.get("status", {}), "phase": "Lost"}, "kube-controller-manager")

    def _enter(self) -> None:
        self.stage.attach([(actor, actor.watches) for actor in self.actors])
        install(self.stage)

    def _furnish(self) -> None:
        """Put up what the settings name and what is not there yet."""
        for wanted in furniture(self.settings):
            kind, metadata = wanted["kind"], wanted["metadata"]
            namespace = metadata.get("namespace", "")
            if self.stage.serves(kind) and self.stage.get(kind, namespace, metadata["name"]) is None:
                self.stage.create(wanted, "kubectl-create")

    # ---- answers ----------------------------------------------------------------------------------------------------
    def image_labels(
        self, image: str, namespace: str = "", secrets: tuple[str, ...] = ()
    ) -> Mapping[str, str] | Denial:
        """What a registry answers about an image. A private one needs one of `secrets` to exist in `namespace`."""
        missing = self._missing_secret(namespace, secrets)
        if missing is not None:
            return missing
        found = find_image(self.settings, image)
        fault = "not-found" if found is None else found.fault
        if found is not None and found.private and not fault and not secrets:
            fault = "unauthorized"
        match fault:
            case "not-found":
                return Denial("not-found", f'failed to fetch image "{image}": MANIFEST_UNKNOWN: manifest unknown')
            case "unauthorized":
                text = "UNAUTHORIZED: authentication required"
                return Denial("auth", f'failed to fetch image "{image}": {text}')
            case "unreachable":
                return Denial(
                    "unreachable", f'failed to fetch image "{image}": dial tcp: lookup registry: no such host'
                )
            case "rate-limited":
                return Denial("rate-limited", f'failed to fetch image "{image}": {_RATE_LIMITED}')
            case _:
                return dict(found.labels) if found is not None else {}

    def repository_tags(
        self, registry: str, repository: str, namespace: str = "", secrets: tuple[str, ...] = ()
    ) -> tuple[tuple[str, str], ...] | Denial:
        """The repositories and tags of a registry that match a name or pattern, from the images with exact tags."""
        missing = self._missing_secret(namespace, secrets)
        if missing is not None:
            return missing
        found: list[tuple[str, str]] = []
        for image in self.settings.images:
            name, _, tag = image.image.rpartition(":")
            home, _, rest = name.partition("/")
            if "." not in home and ":" not in home:
                home, rest = "docker.io", name
            same = registry in ("", home) or (registry in ("index.docker.io", "docker.io") and home == "docker.io")
            if "*" in tag or not name or not same or not fnmatchcase(rest, repository):
                continue
            if image.private and not secrets:
                return Denial("auth", f"failed to list tags of {name}: UNAUTHORIZED: authentication required")
            if image.fault == "unreachable":
                return Denial("unreachable", f"failed to list tags of {name}: dial tcp: lookup {home}: no such host")
            if image.fault == "rate-limited":
                return Denial("rate-limited", f"failed to list tags of {name}: {_RATE_LIMITED}")
            found.append((rest, tag))
        if not found:
            return Denial("not-found", f"failed to list tags of {repository}: NAME_UNKNOWN: repository name not known")
        return tuple(sorted(found))

    def _missing_secret(self, namespace: str, secrets: tuple[str, ...]) -> Denial | None:
        self.stage.drain()
        for name in secrets:
            if self.stage.get("Secret", namespace, name) is None:
                text = f'imagePullSecret "{name}" not found in namespace "{namespace}"'
                return Denial("secret-not-found", text)
        return None

    def pod_log(
        self, namespace: str, pod: str, container: str = "", *, previous: bool = False, lines: int | None = None
    ) -> str | Denial:
        """The log of a container, its last `lines` if given; `previous`: of its run before the last restart."""
        self.stage.drain()
        found = self.stage.get("Pod", namespace, pod)
        if found is None:
            return Denial("not-found", f'pods "{pod}" not found')
        names = [str(c.get("name")) for c in sequence(found, "spec", "containers")]
        wanted = container or (names[0] if names else "")
        if wanted not in names:
            return Denial("not-found", f"container {wanted} is not valid for pod {pod}")
        status = next((s for s in sequence(found, "status", "containerStatuses") if s.get("name") == wanted), NONE)
        text = self._log_of(found, status, previous=previous) if wanted == names[0] else ""
        if text is None:
            why = part(status, "state", "waiting", "reason") or "ContainerCreating"
            return Denial("not-found", f'container "{wanted}" in pod "{pod}" is waiting to start: {why}')
        kept = text.splitlines(keepends=True)
        return "".join(kept if lines is None else kept[-lines:] if lines > 0 else [])

    def _log_of(self, pod: Json, status: Mapping[str, Any], *, previous: bool) -> str | None:
        """What the container has printed, None if there was no such run."""
        script = script_of(pod, self.settings)
        whole = "".join(beat.log for beat in script)
        restarts = number(status.get("restartCount"))
        if previous:
            return whole if restarts or part(status, "lastState", "terminated") else None
        runs = part(status, "state", "running")
        if not runs and (part(status, "state", "terminated") or part(status, "lastState", "terminated")):
            return whole
        started = moment_of(part(status, "state", "running", "startedAt"))
        if started is None:
            return None
        lived = (self.cluster.clock.now - started).total_seconds()
        return "".join(beat.log for beat in script if beat.at <= lived)
