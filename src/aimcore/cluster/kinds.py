"""The table of all kinds that the controller reads or writes: ours and other people's."""

from __future__ import annotations

from collections.abc import Mapping

from aimcore.api.kinds import AIM_KINDS, Kind

FOREIGN_KINDS: Mapping[str, Kind] = {
    k.kind: k
    for k in (
        Kind("InferenceService", "serving.kserve.io", "v1beta1", "inferenceservices", True, ("isvc",)),
        Kind("HTTPRoute", "gateway.networking.k8s.io", "v1", "httproutes"),
        Kind("ScaledObject", "keda.sh", "v1alpha1", "scaledobjects", True, ("so",)),
        Kind("HorizontalPodAutoscaler", "autoscaling", "v2", "horizontalpodautoscalers", True, ("hpa",)),
        Kind("Deployment", "apps", "v1", "deployments", True, ("deploy",)),
        Kind("Pod", "", "v1", "pods", True, ("po",)),
        Kind("Event", "", "v1", "events", True, ("ev",)),
        Kind("Node", "", "v1", "nodes", False, ("no",)),
        Kind("Namespace", "", "v1", "namespaces", False, ("ns",)),
        Kind("Secret", "", "v1", "secrets"),
        Kind("ServiceAccount", "", "v1", "serviceaccounts", True, ("sa",)),
        Kind("PersistentVolumeClaim", "", "v1", "persistentvolumeclaims", True, ("pvc",)),
        Kind("Job", "batch", "v1", "jobs"),
        Kind("Role", "rbac.authorization.k8s.io", "v1", "roles"),
        Kind("RoleBinding", "rbac.authorization.k8s.io", "v1", "rolebindings"),
        Kind("Lease", "coordination.k8s.io", "v1", "leases"),
    )
}
KINDS: Mapping[str, Kind] = {**AIM_KINDS, **FOREIGN_KINDS}
