"""Subresources with a meaning of their own: the scale of a workload and the log of a pod."""

from __future__ import annotations

from aimcore.resource import Json, Key
from aimcore.simulation.cluster import ApiError, Cluster, PatchType
from aimcore.simulation.errors import bad_request
from aimcore.simulation.world import Denial, World
from aimctl_runtime.local.catalog import Target
from aimctl_runtime.local.cells import found
from aimctl_runtime.local.exchange import Answer, LogStream, Reply, Request, decoded, status
from aimctl_runtime.local.readings import field_manager_of, is_dry, key_of, number


def scale(cluster: Cluster, request: Request, target: Target) -> Reply:
    """`autoscaling/v1` Scale of a workload: reads and writes `spec.replicas`."""
    key = key_of(target)
    if request.method in ("PUT", "PATCH"):
        body = decoded(request)
        replicas, versions = found(".spec.replicas", body), found(".metadata.resourceVersion", body)
        if not replicas or not isinstance(replicas[0], int) or isinstance(replicas[0], bool) or replicas[0] < 0:
            raise bad_request("spec.replicas: Invalid value: must be a whole number of at least 0")
        patch: Json = {"spec": {"replicas": replicas[0]}}
        if versions and versions[0]:
            patch["metadata"] = {"resourceVersion": versions[0]}
        written = cluster.patch(key, patch, PatchType.MERGE, manager=field_manager_of(request), dry_run=is_dry(request))
        return Reply(200, _scale_of(written.object))
    if request.method != "GET":
        return status(405, "MethodNotAllowed", "a scale can be read, updated and patched")
    return Reply(200, _scale_of(cluster.get(key)))


def log(cluster: Cluster, world: World, request: Request, target: Target) -> Answer:
    """The log of one container, whole or followed."""
    pod = cluster.get(key_of(target))
    names = [str(n) for n in (*found(".spec.initContainers[*].name", pod), *found(".spec.containers[*].name", pod))]
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
        pod = cluster.get(key)
    except ApiError:
        return True
    statuses = (*found(".status.initContainerStatuses[*]", pod), *found(".status.containerStatuses[*]", pod))
    return any(found(".name", s) == [container] and found(".state.terminated", s) for s in statuses)


def _scale_of(raw: Json) -> Json:
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    labels = found(".spec.selector.matchLabels", raw)
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {k: v for k, v in raw["metadata"].items() if k in kept},
        "spec": {"replicas": next(iter(found(".spec.replicas", raw)), 1)},
        "status": {
            "replicas": next(iter(found(".status.replicas", raw)), 0),
            "selector": ",".join(f"{k}={v}" for m in labels for k, v in sorted(m.items())),
        },
    }
