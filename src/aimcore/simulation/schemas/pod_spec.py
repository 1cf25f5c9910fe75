"""The pod spec in its two guises: in built-in kinds (containers are map lists, defaults are filled in) and in the
InferenceService (containers, volumes and pull secrets are atomic lists, nearly nothing is defaulted)."""

from __future__ import annotations

from aimcore.simulation.schemas.words import (
    BOOLEAN,
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

KEY_SELECTOR = atomic_fields(fields({"key": TEXT, "name": default(TEXT, ""), "optional": BOOLEAN}, ("key",)))
ENV_ITEM = fields(
    {
        "name": TEXT,
        "value": TEXT,
        "valueFrom": fields(
            {
                "secretKeyRef": KEY_SELECTOR,
                "configMapKeyRef": KEY_SELECTOR,
                "fieldRef": atomic_fields(open_fields({"fieldPath": TEXT, "apiVersion": TEXT})),
                "resourceFieldRef": atomic_fields(open_fields({"resource": TEXT})),
                "fileKeyRef": atomic_fields(open_fields({"key": TEXT})),
            }
        ),
    },
    ("name",),
)
ENV = map_list(ENV_ITEM, "name")
PORTS = map_list(
    fields(
        {
            "containerPort": INTEGER,
            "protocol": default(TEXT, "TCP"),
            "name": TEXT,
            "hostIP": TEXT,
            "hostPort": INTEGER,
        },
        ("containerPort",),
    ),
    "containerPort",
    "protocol",
)
MOUNTS = map_list(
    fields(
        {
            "mountPath": TEXT,
            "name": TEXT,
            "subPath": TEXT,
            "subPathExpr": TEXT,
            "readOnly": BOOLEAN,
            "mountPropagation": TEXT,
            "recursiveReadOnly": TEXT,
        },
        ("mountPath", "name"),
    ),
    "mountPath",
)
RESOURCES = fields(
    {
        "requests": QUANTITIES,
        "limits": QUANTITIES,
        "claims": map_list(fields({"name": TEXT, "request": TEXT}, ("name",)), "name"),
    }
)
ENV_FROM = atomic(open_fields({"prefix": TEXT}))
NODE_SELECTOR_TERM = atomic_fields(
    fields(
        {
            key: atomic(fields({"key": TEXT, "operator": TEXT, "values": atomic(TEXT)}, ("key", "operator")))
            for key in ("matchExpressions", "matchFields")
        }
    )
)
AFFINITY = fields(
    {
        "nodeAffinity": fields(
            {
                "requiredDuringSchedulingIgnoredDuringExecution": atomic_fields(
                    fields({"nodeSelectorTerms": atomic(NODE_SELECTOR_TERM)}, ("nodeSelectorTerms",))
                ),
                "preferredDuringSchedulingIgnoredDuringExecution": atomic(open_fields({"weight": INTEGER})),
            }
        ),
        **{
            side: fields(
                {
                    f"{when}DuringSchedulingIgnoredDuringExecution": atomic(open_fields({}))
                    for when in ("required", "preferred")
                }
            )
            for side in ("podAffinity", "podAntiAffinity")
        },
    }
)


def container(*, built_in: bool) -> Schema:
    """A container; built-in kinds default its termination message."""
    properties = {
        "name": TEXT,
        "image": TEXT,
        "command": atomic(TEXT),
        "args": atomic(TEXT),
        "workingDir": TEXT,
        "env": ENV,
        "envFrom": ENV_FROM,
        "ports": PORTS,
        "resources": default(RESOURCES, {}) if built_in else RESOURCES,
        "volumeMounts": MOUNTS,
        "volumeDevices": map_list(fields({"devicePath": TEXT, "name": TEXT}), "devicePath"),
        "imagePullPolicy": TEXT,
        "restartPolicy": TEXT,
        "securityContext": open_fields({}),
        **{probe: open_fields({}) for probe in ("readinessProbe", "livenessProbe", "startupProbe", "lifecycle")},
        "resizePolicy": atomic(open_fields({})),
        "stdin": {"type": "boolean"},
        "stdinOnce": {"type": "boolean"},
        "tty": {"type": "boolean"},
        "terminationMessagePath": default(TEXT, "/dev/termination-log") if built_in else TEXT,
        "terminationMessagePolicy": default(TEXT, "File") if built_in else TEXT,
    }
    return fields(properties, ("name",))


def _pod_properties(*, built_in: bool) -> dict[str, Schema]:
    def filled(schema: Schema, value: object) -> Schema:
        return default(schema, value) if built_in else schema

    return {
        "serviceAccountName": TEXT,
        "serviceAccount": TEXT,
        "automountServiceAccountToken": BOOLEAN,
        "restartPolicy": filled(TEXT, "Always"),
        "dnsPolicy": filled(TEXT, "ClusterFirst"),
        "schedulerName": filled(TEXT, "default-scheduler"),
        "terminationGracePeriodSeconds": filled(INTEGER, 30),
        "securityContext": filled(open_fields({}), {}),
        "activeDeadlineSeconds": INTEGER,
        "nodeName": TEXT,
        "nodeSelector": {**TEXTS, "x-kubernetes-map-type": "atomic"},
        "priorityClassName": TEXT,
        "priority": INTEGER,
        "preemptionPolicy": TEXT,
        "runtimeClassName": TEXT,
        "hostname": TEXT,
        "subdomain": TEXT,
        "hostNetwork": BOOLEAN,
        "hostPID": BOOLEAN,
        "hostIPC": BOOLEAN,
        "shareProcessNamespace": BOOLEAN,
        "setHostnameAsFQDN": BOOLEAN,
        "enableServiceLinks": BOOLEAN,
        "overhead": QUANTITIES,
        "dnsConfig": open_fields({}),
        "os": open_fields({}),
        "affinity": AFFINITY,
        "tolerations": atomic(open_fields({})),
        "topologySpreadConstraints": map_list(
            open_fields({"topologyKey": TEXT, "whenUnsatisfiable": TEXT, "labelSelector": SELECTOR}),
            "topologyKey",
            "whenUnsatisfiable",
        ),
        "resourceClaims": map_list(open_fields({"name": TEXT}), "name"),
        "schedulingGates": map_list(fields({"name": TEXT}), "name"),
        "readinessGates": atomic(open_fields({})),
    }


def pod_spec() -> Schema:
    """The spec of a Pod and of the templates of Deployment, ReplicaSet and Job."""
    containers = map_list(container(built_in=True), "name")
    return open_fields(
        {
            **_pod_properties(built_in=True),
            "containers": containers,
            "initContainers": containers,
            "ephemeralContainers": map_list(open_fields({"name": TEXT}), "name"),
            "volumes": map_list(open_fields({"name": TEXT}), "name"),
            "imagePullSecrets": map_list(NAME_REFERENCE, "name"),
            "hostAliases": map_list(open_fields({"ip": TEXT}), "ip"),
        }
    )


def predictor_properties() -> dict[str, Schema]:
    """The pod part of an InferenceService's predictor."""
    containers = atomic(container(built_in=False))
    return {
        **_pod_properties(built_in=False),
        "containers": containers,
        "initContainers": containers,
        "volumes": atomic(open_fields({"name": TEXT}, ("name",))),
        "imagePullSecrets": atomic(atomic_fields(fields({"name": default(TEXT, "")}))),
        "hostAliases": atomic(open_fields({})),
    }


POD_METADATA = fields(
    {
        "name": TEXT,
        "labels": TEXTS,
        "annotations": TEXTS,
        "finalizers": {"type": "array", "items": TEXT, "x-kubernetes-list-type": "set"},
        "creationTimestamp": {**TEXT, "nullable": True},
    }
)
POD_TEMPLATE = fields({"metadata": POD_METADATA, "spec": pod_spec()})
