"""What keeps a pod from starting on its node, in the order in which a kubelet comes to it. Pure functions of the stage.

1. The node turns the pod away: disk pressure (`rejection`).
2. Its volumes cannot be attached or mounted, or its sandbox gets no network (`hindrance`): an event, and the pod waits
   in `ContainerCreating`.
3. Its image cannot be pulled (`pull_trouble`), its configuration is incomplete, its container cannot be created or run
   (`container_trouble`, `run_trouble`): a waiting reason of the container.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from aimcore.simulation.actors.containers import find_image, main_container
from aimcore.simulation.actors.stage import Json, Stage, part, sequence
from aimcore.simulation.settings import NodePool, StorageClass, WorldSettings

PRESSURE = "node.kubernetes.io/disk-pressure"
_IMAGE = re.compile(
    r"[a-z0-9]+([._:/-]+[a-z0-9]+)*(/[a-z0-9._-]+)*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?(@sha256:[0-9a-f]{64})?"
)
_LONGEST_IMAGE = 512


class Trouble(NamedTuple):
    """`reason` of an event or of a waiting container, with its message; `source` of the event."""

    reason: str
    message: str
    source: str = "kubelet"


def is_image(text: str) -> bool:
    """Whether a text can name an image."""
    return len(text) <= _LONGEST_IMAGE and _IMAGE.fullmatch(text) is not None


# ---- the node -------------------------------------------------------------------------------------------------------
def pool_of(settings: WorldSettings, node: object) -> NodePool | None:
    """The pool of a node, None for one that the settings do not name."""
    pool, _, number = str(node).rpartition("-")
    return next((p for p in settings.nodes if p.name == pool and number.isdecimal() and int(number) < p.count), None)


def is_under_pressure(settings: WorldSettings, node: Json) -> bool:
    pool = pool_of(settings, node["metadata"]["name"])
    return pool is not None and pool.fault == "disk-pressure"


def hindrance(stage: Stage, pod: Json) -> Trouble | None:
    """What of volumes and sandbox keeps the containers from being created."""
    volumes = (_volume_trouble(stage, pod, volume) for volume in sequence(pod, "spec", "volumes"))
    found = next((trouble for trouble in volumes if trouble is not None), None)
    if found is not None:
        return found
    pool = pool_of(stage.settings, part(pod, "spec", "nodeName"))
    if pool is None or pool.fault != "no-network":
        return None
    why = 'failed to setup network for sandbox: plugin type="calico" failed (add): connection is unauthorized'
    return Trouble("FailedCreatePodSandBox", f"Failed to create pod sandbox: rpc error: code = Unknown desc = {why}")


def _volume_trouble(stage: Stage, pod: Json, volume: Mapping[str, object]) -> Trouble | None:
    namespace = pod["metadata"]["namespace"]
    secret = part(volume, "secret", "secretName")
    if isinstance(secret, str) and part(volume, "secret", "optional") is not True:
        if stage.get("Secret", namespace, secret) is None:
            text = f'MountVolume.SetUp failed for volume "{volume.get("name")}" : secret "{secret}" not found'
            return Trouble("FailedMount", text)
        return None
    claim = stage.get("PersistentVolumeClaim", namespace, str(part(volume, "persistentVolumeClaim", "claimName")))
    if claim is None:
        return None
    name, bound = part(claim, "spec", "storageClassName"), part(claim, "spec", "volumeName")
    match next((c for c in stage.settings.storage_classes if c.name == name), StorageClass("")).mount_fault:
        case "attach":
            text = f'AttachVolume.Attach failed for volume "{bound}" : rpc error: code = Internal desc = no free slot'
            return Trouble("FailedAttachVolume", text, "attachdetach-controller")
        case "mount":
            why = "rpc error: code = DeadlineExceeded desc = context deadline exceeded"
            return Trouble("FailedMount", f'MountVolume.MountDevice failed for volume "{bound}" : {why}')
        case _:
            return None


# ---- images ---------------------------------------------------------------------------------------------------------
def pull_trouble(stage: Stage, pod: Json, image: str) -> Trouble | None:
    """Why an image cannot be had, as a waiting reason."""
    if not is_image(image):
        text = f'Failed to apply default image tag "{image}": couldn\'t parse image name'
        return Trouble("InvalidImageName", text)
    found = find_image(stage.settings, image)
    fault = "not-found" if found is None else found.fault
    if found is not None and found.private and not fault and not _has_pull_secret(stage, pod):
        fault = "unauthorized"
    pulling = f'failed to pull and unpack image "{image}": failed to resolve reference "{image}":'
    match fault:
        case "not-found":
            return Trouble("ErrImagePull", f"rpc error: code = NotFound desc = {pulling} {image}: not found")
        case "unauthorized":
            text = "pull access denied, repository does not exist or may require authorization: 401 Unauthorized"
            return Trouble("ErrImagePull", f"rpc error: code = Unknown desc = {pulling} {text}")
        case "unreachable":
            text = "dial tcp: lookup registry: no such host"
            return Trouble("ErrImagePull", f"rpc error: code = Unknown desc = {pulling} {text}")
        case "rate-limited":
            text = "unexpected status: 429 Too Many Requests: toomanyrequests: You have reached your pull rate limit."
            return Trouble("ErrImagePull", f"rpc error: code = Unknown desc = {pulling} {text}")
        case _:
            return None


def _has_pull_secret(stage: Stage, pod: Json) -> bool:
    namespace = pod["metadata"]["namespace"]
    account = stage.get("ServiceAccount", namespace, part(pod, "spec", "serviceAccountName") or "default")
    named = [*sequence(pod, "spec", "imagePullSecrets"), *sequence(account or {}, "imagePullSecrets")]
    return any(stage.get("Secret", namespace, str(s.get("name"))) is not None for s in named)


# ---- containers -----------------------------------------------------------------------------------------------------
def container_trouble(stage: Stage, pod: Json) -> Trouble | None:
    """Why the container cannot be created, as a waiting reason."""
    missing = next(_missing_secrets(stage, pod), None)
    if missing is not None:
        return Trouble("CreateContainerConfigError", missing)
    if _start_fault(stage, pod) == "create":
        text = "failed to create containerd container: failed to set up the rootfs: no space for a snapshot"
        return Trouble("CreateContainerError", text)
    return None


def run_trouble(stage: Stage, pod: Json) -> Trouble | None:
    """Why the container, once created, does not run, as a waiting reason."""
    if _start_fault(stage, pod) != "run":
        return None
    why = 'exec: "/entrypoint": permission denied: unknown'
    return Trouble("RunContainerError", f"failed to create containerd task: OCI runtime create failed: {why}")


def _start_fault(stage: Stage, pod: Json) -> str:
    found = find_image(stage.settings, str(main_container(pod).get("image") or ""))
    return "" if found is None else found.start_fault


def _missing_secrets(stage: Stage, pod: Json) -> Iterator[str]:
    namespace = pod["metadata"]["namespace"]
    for container in sequence(pod, "spec", "containers"):
        wanted = [part(e, "valueFrom", "secretKeyRef") for e in sequence(container, "env")]
        wanted += [part(e, "secretRef") for e in sequence(container, "envFrom")]
        for ref in wanted:
            if not isinstance(ref, Mapping) or ref.get("optional") is True:
                continue
            secret = stage.get("Secret", namespace, str(ref.get("name")))
            if secret is None:
                yield f'secret "{ref.get("name")}" not found'
            elif "key" in ref and ref["key"] not in {**(secret.get("data") or {}), **(secret.get("stringData") or {})}:
                yield f"couldn't find key {ref['key']} in Secret {namespace}/{ref.get('name')}"
