"""The table of other people's kinds: schema, subresources, generation, and built-in behaviour.

1. Custom kinds (KServe, KEDA, Gateway API) have narrow structural schemas; our own kinds come from their CRDs.
2. Built-in kinds keep fields that their schema does not name.
3. The InferenceService comes in two flavours, as KServe ships its CRD: full and minimal.
"""

from __future__ import annotations

from collections.abc import Mapping

from aimcore.api.kinds import Kind
from aimcore.cluster.kinds import FOREIGN_KINDS
from aimcore.simulation import built_in
from aimcore.simulation.crds import CRD_TYPE
from aimcore.simulation.resource_type import ResourceType, Strategy
from aimcore.simulation.schemas import core
from aimcore.simulation.schemas.gateway import GATEWAY, HTTP_ROUTE
from aimcore.simulation.schemas.keda import SCALED_OBJECT
from aimcore.simulation.schemas.kserve import INFERENCE_SERVICE_FULL, INFERENCE_SERVICE_MINIMAL
from aimcore.simulation.schemas.words import Schema

_RBAC, _STORAGE = "rbac.authorization.k8s.io", "storage.k8s.io"
_MORE_KINDS: Mapping[str, Kind] = {
    k.kind: k
    for k in (
        Kind("ConfigMap", "", "v1", "configmaps", True, ("cm",)),
        Kind("Service", "", "v1", "services", True, ("svc",)),
        Kind("PersistentVolume", "", "v1", "persistentvolumes", False, ("pv",)),
        Kind("ReplicaSet", "apps", "v1", "replicasets", True, ("rs",)),
        Kind("StorageClass", _STORAGE, "v1", "storageclasses", False, ("sc",)),
        Kind("ClusterRole", _RBAC, "v1", "clusterroles", False),
        Kind("ClusterRoleBinding", _RBAC, "v1", "clusterrolebindings", False),
        Kind("Gateway", "gateway.networking.k8s.io", "v1", "gateways", True, ("gtw",)),
    )
}


def _kind(name: str) -> Kind:
    return FOREIGN_KINDS.get(name) or _MORE_KINDS[name]


def _column(name: str, path: str, type_: str = "string") -> Mapping[str, str]:
    return {"name": name, "jsonPath": path, "type": type_}


_AGE = _column("Age", ".metadata.creationTimestamp", "date")


def _plain(
    name: str,
    schema: Schema,
    strategy: Strategy | None = None,
    *,
    name_rule: str = "subdomain",
    fields: tuple[str, ...] = (),
) -> ResourceType:
    """A built-in kind without status and without generation."""
    return ResourceType(
        _kind(name),
        schema,
        status_subresource=False,
        has_generation=False,
        custom=False,
        selectable_fields=fields,
        name_rule=name_rule,
        strategy=strategy or Strategy(),
    )


def _stateful(
    name: str,
    schema: Schema,
    strategy: Strategy | None = None,
    *,
    counts: bool = False,
    keeps_status: bool = False,
    name_rule: str = "subdomain",
    propagation: str = "Background",
    fields: tuple[str, ...] = (),
) -> ResourceType:
    """A built-in kind with a status of its own; `counts` if it has a generation."""
    return ResourceType(
        _kind(name),
        schema,
        has_generation=counts,
        custom=False,
        keeps_status=keeps_status,
        name_rule=name_rule,
        default_propagation=propagation,
        selectable_fields=fields,
        strategy=strategy or Strategy(),
    )


def inference_service_type(*, minimal: bool = False) -> ResourceType:
    """The InferenceService in one of KServe's two CRD flavours."""
    schema = INFERENCE_SERVICE_MINIMAL if minimal else INFERENCE_SERVICE_FULL
    columns = (
        _column("URL", ".status.url"),
        _column("Ready", ".status.conditions[?(@.type=='Ready')].status"),
        _AGE,
    )
    return ResourceType(_kind("InferenceService"), schema, columns=columns)


_SCALED_OBJECT_COLUMNS = (
    _column("ScaleTargetKind", ".status.scaleTargetKind"),
    _column("ScaleTargetName", ".spec.scaleTargetRef.name"),
    _column("Min", ".spec.minReplicaCount", "integer"),
    _column("Max", ".spec.maxReplicaCount", "integer"),
    _column("Ready", ".status.conditions[?(@.type=='Ready')].status"),
    _column("Active", ".status.conditions[?(@.type=='Active')].status"),
    _column("Paused", ".status.conditions[?(@.type=='Paused')].status"),
    _AGE,
)
_INVOLVED = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
_EVENT_FIELDS = (*(f"involvedObject.{k}" for k in _INVOLVED), "reason", "reportingComponent", "source", "type")
_POD_FIELDS = (
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.nominatedNodeName",
)
_WORKLOAD = Strategy(
    born=built_in.at_birth(built_in.with_template_policies),
    changed=built_in.on_change(built_in.with_template_policies),
    check=built_in.workload_causes,
)
_DEPLOYMENT = Strategy(
    born=built_in.at_birth(built_in.with_rolling_update),
    changed=built_in.on_change(built_in.with_rolling_update),
    check=built_in.workload_causes,
)
_DATA = Strategy(
    born=built_in.at_birth(built_in.with_data),
    changed=built_in.on_change(built_in.with_data),
    check=built_in.data_causes,
)
_BINDING = Strategy(check=built_in.binding_causes)

RESOURCE_TYPES: tuple[ResourceType, ...] = (
    inference_service_type(),
    ResourceType(_kind("ScaledObject"), SCALED_OBJECT, columns=_SCALED_OBJECT_COLUMNS),
    ResourceType(_kind("HTTPRoute"), HTTP_ROUTE, columns=(_column("Hostnames", ".spec.hostnames"), _AGE)),
    ResourceType(
        _kind("Gateway"),
        GATEWAY,
        columns=(
            _column("Class", ".spec.gatewayClassName"),
            _column("Address", ".status.addresses[*].value"),
            _column("Programmed", ".status.conditions[?(@.type=='Programmed')].status"),
            _AGE,
        ),
    ),
    CRD_TYPE,
    _stateful(
        "Namespace", core.NAMESPACE, Strategy(born=built_in.namespace_born), name_rule="label", fields=("status.phase",)
    ),
    _stateful("Node", core.NODE, keeps_status=True, fields=("spec.unschedulable",)),
    _stateful(
        "Pod", core.POD, Strategy(born=built_in.pod_born, check=built_in.pod_causes), counts=True, fields=_POD_FIELDS
    ),
    _stateful("Service", core.SERVICE, name_rule="label", fields=("spec.clusterIP", "spec.type")),
    _stateful(
        "PersistentVolumeClaim",
        core.PERSISTENT_VOLUME_CLAIM,
        Strategy(born=built_in.claim_born, check=built_in.claim_causes),
    ),
    _stateful("PersistentVolume", core.PERSISTENT_VOLUME, Strategy(born=built_in.volume_born)),
    _stateful("Deployment", core.DEPLOYMENT, _DEPLOYMENT, counts=True),
    _stateful("ReplicaSet", core.REPLICA_SET, _WORKLOAD, counts=True, fields=("status.replicas",)),
    _stateful(
        "Job",
        core.JOB,
        Strategy(born=built_in.job_born, changed=built_in.job_changed, check=built_in.job_causes),
        counts=True,
        propagation="Orphan",
        fields=("status.successful",),
    ),
    _stateful("HorizontalPodAutoscaler", core.HORIZONTAL_POD_AUTOSCALER, Strategy(born=built_in.autoscaler_born)),
    _plain("ConfigMap", core.CONFIG_MAP, Strategy(check=built_in.data_causes)),
    _plain("Secret", core.SECRET, _DATA, fields=("type",)),
    _plain("ServiceAccount", core.SERVICE_ACCOUNT),
    _plain("Event", core.EVENT, fields=_EVENT_FIELDS),
    _plain("Lease", core.LEASE),
    _plain("StorageClass", core.STORAGE_CLASS),
    _plain("Role", core.ROLE, name_rule="path"),
    _plain("ClusterRole", core.ROLE, name_rule="path"),
    _plain("RoleBinding", core.ROLE_BINDING, _BINDING, name_rule="path"),
    _plain("ClusterRoleBinding", core.ROLE_BINDING, _BINDING, name_rule="path"),
)
