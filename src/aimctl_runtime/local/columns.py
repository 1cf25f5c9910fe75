"""The columns that `kubectl get` shows for kinds without printer columns of their own, in kubectl's order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from aimcore.resource import Json
from aimctl_runtime.local.cells import Cell, Column, Reader, age, duration, found, parsed_time, path_column


def _at(path: str, default: Cell = "<none>") -> Reader:
    def read(raw: Json, _: datetime) -> Cell:
        values = [v for v in found(path, raw) if isinstance(v, str | int)]
        return ",".join(map(str, values)) if values else default

    return read


def _condition(kind: str) -> Reader:
    return _at(f'.status.conditions[?(@.type=="{kind}")].status', "")


def _number(path: str) -> Reader:
    def read(raw: Json, _: datetime) -> Cell:
        values = found(path, raw)
        return values[0] if values and isinstance(values[0], int) else 0

    return read


def _ratio(done: str, wanted: str, default: int = 1) -> Reader:
    def read(raw: Json, now: datetime) -> Cell:
        total = found(wanted, raw)
        return f"{_number(done)(raw, now)}/{total[0] if total else default}"

    return read


def _count(path: str) -> Reader:
    return lambda raw, _: sum(len(v) for v in found(path, raw) if isinstance(v, list | dict))


def _joined(first: str, second: str) -> Reader:
    return lambda raw, now: f"{_at(first, '')(raw, now)}/{_at(second, '')(raw, now)}"


def _pairs(path: str) -> Reader:
    def read(raw: Json, _: datetime) -> Cell:
        maps = [v for v in found(path, raw) if isinstance(v, dict)]
        return ",".join(f"{k}={v}" for m in maps for k, v in sorted(m.items())) or "<none>"

    return read


def _pod_ready(raw: Json, _: datetime) -> Cell:
    ready = found(".status.containerStatuses[*].ready", raw)
    return f"{sum(r is True for r in ready)}/{len(found('.spec.containers[*]', raw))}"


def _pod_status(raw: Json, _: datetime) -> Cell:
    """The reason that matters most: deletion, then a failing init container, then a failing container, then phase."""
    if "deletionTimestamp" in raw["metadata"]:
        return "Terminating"
    for prefix, statuses in (("Init:", "initContainerStatuses"), ("", "containerStatuses")):
        for state in found(f".status.{statuses}[*].state", raw):
            is_done = found(".terminated.exitCode", state) == [0]
            reasons = [r for r in (*found(".waiting.reason", state), *found(".terminated.reason", state)) if r]
            if reasons and not (prefix and is_done) and reasons[0] != "PodInitializing":
                return f"{prefix}{reasons[0]}"
    return _at(".status.reason", "")(raw, _) or _at(".status.phase", "Unknown")(raw, _)


def _restarts(raw: Json, _: datetime) -> Cell:
    return sum(n for n in found(".status.containerStatuses[*].restartCount", raw) if isinstance(n, int))


def _node_status(raw: Json, _: datetime) -> Cell:
    ready = found('.status.conditions[?(@.type=="Ready")].status', raw)
    word = "Unknown" if not ready else "Ready" if ready[0] == "True" else "NotReady"
    return f"{word},SchedulingDisabled" if found(".spec.unschedulable", raw) == [True] else word


def _node_roles(raw: Json, _: datetime) -> Cell:
    prefix = "node-role.kubernetes.io/"
    labels = [name for labels in found(".metadata.labels", raw) if isinstance(labels, dict) for name in labels]
    return ",".join(k.removeprefix(prefix) for k in labels if k.startswith(prefix)) or "<none>"


def _job_status(raw: Json, _: datetime) -> Cell:
    for kind in ("Complete", "Failed", "Suspended", "FailureTarget", "SuccessCriteriaMet"):
        if _condition(kind)(raw, _) == "True":
            return kind
    return "Terminating" if "deletionTimestamp" in raw["metadata"] else "Running"


def _job_duration(raw: Json, now: datetime) -> Cell:
    start = next(iter(map(parsed_time, found(".status.startTime", raw))), None)
    end = next(iter(map(parsed_time, found(".status.completionTime", raw))), None)
    return "" if start is None else duration(int(((end or now) - start).total_seconds()))


def _event_seen(raw: Json, now: datetime) -> Cell:
    paths = (".series.lastObservedTime", ".lastTimestamp", ".eventTime", ".firstTimestamp")
    return age(next((v for p in paths for v in found(p, raw) if v), None), now)


def _event_object(raw: Json, now: datetime) -> Cell:
    kind, _, name = str(_joined(".involvedObject.kind", ".involvedObject.name")(raw, now)).partition("/")
    return f"{kind.lower()}/{name}"


_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}


def _access_modes(raw: Json, _: datetime) -> Cell:
    modes = found(".status.accessModes[*]", raw) or found(".spec.accessModes[*]", raw)
    return ",".join(_MODES.get(str(m), str(m)) for m in modes)


def _claim_status(raw: Json, _: datetime) -> Cell:
    return "Terminating" if "deletionTimestamp" in raw["metadata"] else _at(".status.phase", "")(raw, _)


def _ports(raw: Json, _: datetime) -> Cell:
    ports = found(".spec.ports[*]", raw)
    return ",".join(f"{p.get('port')}/{p.get('protocol', 'TCP')}" for p in ports if isinstance(p, dict)) or "<none>"


def _targets(raw: Json, _: datetime) -> Cell:
    """Current and wanted value of each metric of an autoscaler."""
    texts = []
    current = found(".status.currentMetrics[*]", raw)
    for at, metric in enumerate(found(".spec.metrics[*]", raw)):
        now = [v for c in current[at : at + 1] for v in found(".*.current.*", c)]
        wanted = [v for k in ("averageUtilization", "averageValue", "value") for v in found(f".*.target.{k}", metric)]
        texts.append(f"{now[0] if now else '<unknown>'}/{wanted[0] if wanted else '<unknown>'}")
    return ", ".join(texts) or "<none>"


def _storage_class(raw: Json, _: datetime) -> Cell:
    mark = found(".metadata.annotations['storageclass.kubernetes.io/is-default-class']", raw)
    return f"{_at('.provisioner', '')(raw, _)}{' (default)' if mark == ['true'] else ''}"


def _plain(path: str, name: str, default: Cell = "") -> Column:
    return Column(name, _at(path, default))


def _wide(path: str, name: str) -> Column:
    return Column(name, _at(path), wide=True)


NAME = path_column("Name", ".metadata.name")
AGE = path_column("Age", ".metadata.creationTimestamp", "date")
_CREATED = path_column("Created At", ".metadata.creationTimestamp")
_STORAGE_CLASS = _plain(".spec.storageClassName", "StorageClass")
_WORKLOAD = (
    AGE,
    _wide(".spec.template.spec.containers[*].name", "Containers"),
    _wide(".spec.template.spec.containers[*].image", "Images"),
    Column("Selector", _pairs(".spec.selector.matchLabels"), wide=True),
)

# fmt: off
BUILT_IN: Mapping[str, tuple[Column, ...]] = {
    "Pod": (
        Column("Ready", _pod_ready), Column("Status", _pod_status), Column("Restarts", _restarts), AGE,
        _wide(".status.podIP", "IP"), _wide(".spec.nodeName", "Node"),
    ),
    "Deployment": (
        Column("Ready", _ratio(".status.readyReplicas", ".spec.replicas")),
        Column("Up-to-date", _number(".status.updatedReplicas")),
        Column("Available", _number(".status.availableReplicas")), *_WORKLOAD,
    ),
    "ReplicaSet": (
        Column("Desired", _number(".spec.replicas")), Column("Current", _number(".status.replicas")),
        Column("Ready", _number(".status.readyReplicas")), *_WORKLOAD,
    ),
    "Job": (
        Column("Status", _job_status), Column("Completions", _ratio(".status.succeeded", ".spec.completions")),
        Column("Duration", _job_duration), *_WORKLOAD,
    ),
    "Service": (
        _plain(".spec.type", "Type", "ClusterIP"), _plain(".spec.clusterIP", "Cluster-IP", "<none>"),
        _plain(".status.loadBalancer.ingress[*].ip", "External-IP", "<none>"), Column("Port(s)", _ports), AGE,
    ),
    "PersistentVolumeClaim": (
        Column("Status", _claim_status), _plain(".spec.volumeName", "Volume"),
        _plain(".status.capacity.storage", "Capacity"), Column("Access Modes", _access_modes), _STORAGE_CLASS, AGE,
        _wide(".spec.volumeMode", "VolumeMode"),
    ),
    "PersistentVolume": (
        _plain(".spec.capacity.storage", "Capacity"), Column("Access Modes", _access_modes),
        _plain(".spec.persistentVolumeReclaimPolicy", "Reclaim Policy"), Column("Status", _claim_status),
        Column("Claim", _joined(".spec.claimRef.namespace", ".spec.claimRef.name")), _STORAGE_CLASS, AGE,
    ),
    "StorageClass": (
        Column("Provisioner", _storage_class), _plain(".reclaimPolicy", "ReclaimPolicy", "Delete"),
        _plain(".volumeBindingMode", "VolumeBindingMode", "Immediate"), AGE,
    ),
    "Node": (
        Column("Status", _node_status), Column("Roles", _node_roles), AGE,
        _plain(".status.nodeInfo.kubeletVersion", "Version"),
        _wide('.status.addresses[?(@.type=="InternalIP")].address', "Internal-IP"),
    ),
    "Namespace": (_plain(".status.phase", "Status", "Active"), AGE),
    "HorizontalPodAutoscaler": (
        Column("Reference", _joined(".spec.scaleTargetRef.kind", ".spec.scaleTargetRef.name")),
        Column("Targets", _targets), _plain(".spec.minReplicas", "MinPods", "1"),
        _plain(".spec.maxReplicas", "MaxPods"), Column("Replicas", _number(".status.currentReplicas")), AGE,
    ),
    "Secret": (_plain(".type", "Type", "Opaque"), Column("Data", _count(".data")), AGE),
    "ConfigMap": (Column("Data", _count(".data")), AGE),
    "Role": (_CREATED,),
    "RoleBinding": (Column("Role", _joined(".roleRef.kind", ".roleRef.name")), AGE),
    "Lease": (_plain(".spec.holderIdentity", "Holder"), AGE),
    "CustomResourceDefinition": (_CREATED,),
}
EVENT = (
    Column("Last Seen", _event_seen), _plain(".type", "Type"), _plain(".reason", "Reason"),
    Column("Object", _event_object), _plain(".message", "Message"), _wide(".source.component", "Source"),
    _wide(".count", "Count"), _wide(".metadata.name", "Name"),
)
# fmt: on
