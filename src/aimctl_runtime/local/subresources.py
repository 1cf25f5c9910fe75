"""Subresources with a meaning of their own: the scale of a workload and the log of a pod."""

from __future__ import annotations

from aimcore.resource import Json, Key
from aimcore.simulation.cluster import ApiError, Cluster, PatchType
from aimcore.simulation.errors import bad_request
from aimcore.simulation.world import Denial, World
from aimctl_runtime.local.catalog import Target
from aimctl_runtime.local.exchange import Answer, LogStream, Reply, Request, decoded, status
from aimctl_runtime.local.readings import is_dry, key_of, manager_of, number


def scale(cluster: Cluster, request: Request, target: Target) -> Reply:
    """`autoscaling/v1` Scale of a workload: reads and writes `spec.replicas`."""
    key = key_of(target)
    if request.method in ("PUT", "PATCH"):
        body = decoded(request)
        spec = body.get("spec") if isinstance(body, dict) else None
        replicas = spec.get("replicas") if isinstance(spec, dict) else None
        if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 0:
            raise bad_request("spec.replicas: Invalid value: must be a whole number of at least 0")
        patch: Json = {"spec": {"replicas": replicas}}
        if version := (body.get("metadata") or {}).get("resourceVersion"):
            patch["metadata"] = {"resourceVersion": version}
        written = cluster.patch(key, patch, PatchType.MERGE, manager=manager_of(request), dry_run=is_dry(request))
        return Reply(200, _scale_of(written.object))
    if request.method != "GET":
        return status(405, "MethodNotAllowed", "a scale can be read, updated and patched")
    return Reply(200, _scale_of(cluster.get(key)))


def log(cluster: Cluster, world: World, request: Request, target: Target) -> Answer:
    """The log of one container, whole or followed."""
    pod = cluster.get(key_of(target))
    spec = pod.get("spec") or {}
    names = [c["name"] for c in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ()))]
    container = request.query.get("container") or (names[0] if len(names) == 1 else "")
    if container not in names:
        what = f"container {container} is not valid" if container else "a container name must be specified"
        raise bad_request(f"{what} for pod {target.name}, choose one of: [{' '.join(names)}]")
    lines = number(request, "tailLines") if "tailLines" in request.query else None
    previous = request.flag("previous")

    def read(count: int | None) -> str | Denial:
        return world.pod_log(target.namespace, target.name, container, previous=previous, lines=count)

    shown, whole = read(lines), read(None)
    if isinstance(shown, Denial) or isinstance(whole, Denial):
        raise bad_request(shown.message if isinstance(shown, Denial) else "the log is gone")
    if not request.flag("follow") or previous:
        return Reply(200, shown, content_type="text/plain")
    skipped = len(whole) - len(shown)

    def rest() -> str | None:
        text = read(None)
        return text[skipped:] if isinstance(text, str) else None

    return LogStream(rest, lambda: _has_ended(cluster, key_of(target), container))


def _has_ended(cluster: Cluster, key: Key, container: str) -> bool:
    """Whether a container will write no more: it is gone, or it ended."""
    try:
        found = cluster.get(key).get("status") or {}
    except ApiError:
        return True
    states = (*(found.get("initContainerStatuses") or ()), *(found.get("containerStatuses") or ()))
    return any(s.get("name") == container and "terminated" in (s.get("state") or {}) for s in states)


def _scale_of(raw: Json) -> Json:
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    spec, found = raw.get("spec") or {}, raw.get("status") or {}
    labels = (spec.get("selector") or {}).get("matchLabels") or {}
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {k: v for k, v in raw["metadata"].items() if k in kept},
        "spec": {"replicas": spec.get("replicas", 1)},
        "status": {
            "replicas": found.get("replicas", 0),
            "selector": ",".join(f"{k}={v}" for k, v in sorted(labels.items())),
        },
    }
