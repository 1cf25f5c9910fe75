"""Built-in kinds. Fields that the controller and the actors use are named; all others are kept as they come."""

from __future__ import annotations

from aimcore.simulation.schemas.pod_spec import POD_TEMPLATE, pod_spec
from aimcore.simulation.schemas.words import (
    BOOLEAN,
    CONDITIONS,
    INT_OR_TEXT,
    INTEGER,
    NAME_REFERENCE,
    QUANTITIES,
    SELECTOR,
    TEXT,
    TEXTS,
    Schema,
    atomic,
    atomic_fields,
    default,
    fields,
    map_list,
    open_fields,
)

OPEN: Schema = open_fields({})
_ROLLING = default(
    open_fields({"maxUnavailable": default(INT_OR_TEXT, "25%"), "maxSurge": default(INT_OR_TEXT, "25%")}), {}
)
_TARGET_REFERENCE = fields({"apiVersion": TEXT, "kind": TEXT, "name": TEXT})
_STATUS = open_fields({"conditions": CONDITIONS})
_CONTAINER_STATUSES = atomic(open_fields({"name": TEXT}))

CONFIG_MAP: Schema = open_fields({"data": TEXTS, "binaryData": TEXTS, "immutable": BOOLEAN})
SECRET: Schema = open_fields(
    {"type": default(TEXT, "Opaque"), "data": TEXTS, "stringData": TEXTS, "immutable": BOOLEAN}
)
SERVICE_ACCOUNT: Schema = open_fields(
    {
        "secrets": map_list(open_fields({"name": TEXT}), "name"),
        "imagePullSecrets": atomic(NAME_REFERENCE),
        "automountServiceAccountToken": BOOLEAN,
    }
)
NAMESPACE: Schema = open_fields(
    {
        "spec": open_fields({"finalizers": atomic(TEXT)}),
        "status": open_fields({"phase": TEXT, "conditions": CONDITIONS}),
    }
)
NODE: Schema = open_fields(
    {
        "spec": open_fields(
            {
                "unschedulable": BOOLEAN,
                "taints": atomic(OPEN),
                "podCIDRs": {"type": "array", "items": TEXT, "x-kubernetes-list-type": "set"},
            }
        ),
        "status": open_fields(
            {
                "conditions": CONDITIONS,
                "addresses": map_list(open_fields({"type": TEXT}), "type"),
                "capacity": QUANTITIES,
                "allocatable": QUANTITIES,
            }
        ),
    }
)
POD: Schema = open_fields(
    {
        "spec": pod_spec(),
        "status": open_fields(
            {
                "phase": TEXT,
                "conditions": CONDITIONS,
                "podIPs": map_list(open_fields({"ip": TEXT}), "ip"),
                "hostIPs": atomic(OPEN),
                **dict.fromkeys(
                    ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"), _CONTAINER_STATUSES
                ),
            }
        ),
    }
)
SERVICE: Schema = open_fields(
    {
        "spec": open_fields(
            {
                "type": default(TEXT, "ClusterIP"),
                "sessionAffinity": default(TEXT, "None"),
                "selector": {**TEXTS, "x-kubernetes-map-type": "atomic"},
                "ports": map_list(
                    open_fields(
                        {"port": INTEGER, "protocol": default(TEXT, "TCP"), "name": TEXT, "targetPort": INT_OR_TEXT}
                    ),
                    "port",
                    "protocol",
                ),
                "externalIPs": atomic(TEXT),
            }
        ),
        "status": _STATUS,
    }
)
DEPLOYMENT: Schema = open_fields(
    {
        "spec": open_fields(
            {
                "replicas": default(INTEGER, 1),
                "selector": SELECTOR,
                "template": POD_TEMPLATE,
                "strategy": default(open_fields({"type": default(TEXT, "RollingUpdate")}), {}),
                "revisionHistoryLimit": default(INTEGER, 10),
                "progressDeadlineSeconds": default(INTEGER, 600),
            }
        ),
        "status": _STATUS,
    }
)
REPLICA_SET: Schema = open_fields(
    {
        "spec": open_fields({"replicas": default(INTEGER, 1), "selector": SELECTOR, "template": POD_TEMPLATE}),
        "status": _STATUS,
    }
)
JOB: Schema = open_fields(
    {
        "spec": open_fields(
            {
                "parallelism": default(INTEGER, 1),
                "completions": default(INTEGER, 1),
                "backoffLimit": default(INTEGER, 6),
                "completionMode": default(TEXT, "NonIndexed"),
                "suspend": default(BOOLEAN, False),
                "manualSelector": default(BOOLEAN, False),
                "podReplacementPolicy": default(TEXT, "TerminatingOrFailed"),
                "ttlSecondsAfterFinished": INTEGER,
                "activeDeadlineSeconds": INTEGER,
                "selector": SELECTOR,
                "template": POD_TEMPLATE,
                "podFailurePolicy": OPEN,
            }
        ),
        "status": open_fields({"conditions": atomic(OPEN), "uncountedTerminatedPods": OPEN}),
    }
)
_CLAIM_SPEC = open_fields(
    {
        "accessModes": atomic(TEXT),
        "resources": fields({"requests": QUANTITIES, "limits": QUANTITIES}),
        "volumeMode": default(TEXT, "Filesystem"),
        "storageClassName": TEXT,
        "volumeName": TEXT,
        "selector": SELECTOR,
        "dataSource": atomic_fields(OPEN),
    }
)
PERSISTENT_VOLUME_CLAIM: Schema = open_fields(
    {
        "spec": _CLAIM_SPEC,
        "status": open_fields(
            {"phase": TEXT, "accessModes": atomic(TEXT), "capacity": QUANTITIES, "conditions": CONDITIONS}
        ),
    }
)
PERSISTENT_VOLUME: Schema = open_fields(
    {
        "spec": open_fields(
            {
                "accessModes": atomic(TEXT),
                "capacity": QUANTITIES,
                "claimRef": OPEN,
                "volumeMode": default(TEXT, "Filesystem"),
                "persistentVolumeReclaimPolicy": default(TEXT, "Retain"),
            }
        ),
        "status": OPEN,
    }
)
STORAGE_CLASS: Schema = open_fields(
    {
        "provisioner": TEXT,
        "parameters": TEXTS,
        "reclaimPolicy": default(TEXT, "Delete"),
        "volumeBindingMode": default(TEXT, "Immediate"),
        "allowVolumeExpansion": BOOLEAN,
    }
)
HORIZONTAL_POD_AUTOSCALER: Schema = open_fields(
    {
        "spec": open_fields(
            {
                "scaleTargetRef": _TARGET_REFERENCE,
                "minReplicas": default(INTEGER, 1),
                "maxReplicas": INTEGER,
                "metrics": atomic(OPEN),
                "behavior": OPEN,
            }
        ),
        "status": open_fields({"conditions": CONDITIONS, "currentMetrics": {**atomic(OPEN), "nullable": True}}),
    }
)
ROLE: Schema = open_fields(
    {
        "rules": atomic(
            fields({k: atomic(TEXT) for k in ("apiGroups", "resources", "resourceNames", "verbs", "nonResourceURLs")})
        )
    }
)
ROLE_BINDING: Schema = open_fields(
    {
        "roleRef": atomic_fields(
            fields({"apiGroup": default(TEXT, "rbac.authorization.k8s.io"), "kind": TEXT, "name": TEXT})
        ),
        "subjects": atomic(atomic_fields(fields({"apiGroup": TEXT, "kind": TEXT, "name": TEXT, "namespace": TEXT}))),
    }
)
LEASE: Schema = open_fields({"spec": open_fields({"holderIdentity": TEXT, "leaseDurationSeconds": INTEGER})})
EVENT: Schema = open_fields(
    {
        "involvedObject": atomic_fields(open_fields({"kind": TEXT, "name": TEXT, "uid": TEXT})),
        "count": INTEGER,
        "reason": TEXT,
        "type": TEXT,
    }
)
