"""What an artifact makes: its claim, its two Jobs, the RoleBinding of its namespace (A4).

1. Each is made once and never applied again.
2. Environment: defaults, then the runtime config's, then the artifact's; a variable is replaced whole, in its place.
3. The RoleBinding has no owner: it is one for each namespace, and lets download pods report progress.
4. With `dedicated_download_accounts` each artifact has an account, a Role and a RoleBinding of its own instead. It owns
   them; the account carries the pull secrets and annotations of the namespace's `default` account.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aimcore import naming
from aimcore.api import quantity
from aimcore.api.kinds import GROUP
from aimcore.cluster.reading import named
from aimcore.kinds.artifact.inputs import Artifact, storage_class
from aimcore.labels import AIM_COMPONENT, CACHE_NAME, CACHE_TYPE, SOURCE_MODEL, TEMPLATE_CREATED, stamp
from aimcore.layering import merge_env
from aimcore.plan import Child, Write
from aimcore.resource import Json, Resource
from aimcore.runtime_config import RuntimeConfig

ROLE_BINDING = "aim-engine-artifact-status-updater"
_RBAC = "rbac.authorization.k8s.io"
_USER = {"runAsUser": 1000, "runAsGroup": 1000}


def desired_claim(resource: Resource, artifact: Artifact, config: RuntimeConfig, size: int) -> Child:
    """The claim that holds the files of `size` bytes, with headroom, in whole Gi."""
    labels = {
        CACHE_NAME: naming.child_label(artifact.name),
        SOURCE_MODEL: naming.label_value(artifact.source_uri.partition("://")[2]),
    }
    if resource.labels.get(TEMPLATE_CREATED) == "true":
        labels[CACHE_TYPE] = "template-cache"
    spec: Json = {
        "accessModes": ["ReadWriteMany"],
        "resources": {"requests": {"storage": quantity.with_headroom(size, config.headroom)}},
    }
    if class_name := storage_class(artifact, config):
        spec["storageClassName"] = class_name
    manifest: Json = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": artifact.claim_name, "namespace": artifact.namespace, "labels": labels},
        "spec": spec,
    }
    return Child(stamp(manifest, resource, config.label_patterns, owned=True), "CachePvc", Write.CREATE)


def desired_check_size_job(resource: Resource, artifact: Artifact, config: RuntimeConfig) -> Child:
    """The Job that asks the source how large the model is."""
    container = {
        "name": "check-size",
        "image": artifact.image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["/check-size.sh"],
        "args": [artifact.source_uri],
        "env": merge_env(config.env, artifact.env),
    }
    pod = {"securityContext": {**_USER, "runAsNonRoot": True}, "containers": [_without_empty(container)]}
    manifest = _job(artifact, artifact.check_size_name, "check-size", 300, pod)
    return Child(stamp(manifest, resource, config.label_patterns, owned=True), "CheckSizeJob", Write.CREATE)


def desired_download_job(
    resource: Resource, artifact: Artifact, config: RuntimeConfig, size: int, account: str = ""
) -> Child:
    """The Job that downloads and verifies the model. `account` "" is the namespace's `default`."""
    container = {
        "name": "model-download",
        "image": artifact.image,
        "imagePullPolicy": "IfNotPresent",
        "args": [artifact.source_uri],
        "env": merge_env(merge_env(_download_env(artifact, size), config.env), artifact.env),
        "securityContext": dict(_USER),
        "volumeMounts": [{"name": "cache", "mountPath": "/cache"}],
    }
    pod: Json = {
        "securityContext": {**_USER, "fsGroup": 1000, "runAsNonRoot": True},
        "volumes": [{"name": "cache", "persistentVolumeClaim": {"claimName": artifact.claim_name}}],
        "containers": [container],
    }
    if account:
        pod["serviceAccountName"] = account
    manifest = _job(artifact, artifact.download_name, "download", 600, pod)
    return Child(stamp(manifest, resource, config.label_patterns, owned=True), "DownloadJob", Write.CREATE)


def desired_role_binding(resource: Resource, artifact: Artifact, config: RuntimeConfig) -> Child:
    """What lets the download pods of the namespace patch the status of artifacts."""
    manifest: Json = {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": ROLE_BINDING, "namespace": artifact.namespace},
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": ROLE_BINDING},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": artifact.namespace}],
    }
    return Child(stamp(manifest, resource, config.label_patterns, owned=False), "DownloadJob", Write.CREATE)


def desired_account(
    resource: Resource, artifact: Artifact, config: RuntimeConfig, default: Resource | None
) -> tuple[Child, Child, Child]:
    """An account for this artifact's downloads alone, and the right to patch this artifact's status alone."""
    name, namespace = artifact.download_name, artifact.namespace
    metadata: Json = {"name": name, "namespace": namespace}
    account: Json = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": dict(metadata)}
    if default is not None and default.annotations:
        account["metadata"]["annotations"] = dict(default.annotations)
    if default is not None and (secrets := named(default.raw, "imagePullSecrets")):
        account["imagePullSecrets"] = list(secrets)
    rule = {
        "apiGroups": [GROUP],
        "resources": ["aimartifacts/status"],
        "resourceNames": [artifact.name],
        "verbs": ["get", "patch", "update"],
    }
    role: Json = {"apiVersion": f"{_RBAC}/v1", "kind": "Role", "metadata": dict(metadata), "rules": [rule]}
    binding: Json = {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": dict(metadata),
        "roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
    }

    def made(manifest: Json) -> Child:
        return Child(stamp(manifest, resource, config.label_patterns, owned=True), "DownloadJob", Write.CREATE)

    return made(account), made(role), made(binding)


def _job(artifact: Artifact, name: str, component: str, ttl: int, pod: dict[str, Any]) -> Json:
    labels = {CACHE_NAME: naming.child_label(artifact.name), CACHE_TYPE: "artifact", AIM_COMPONENT: component}
    spec: dict[str, Any] = {"restartPolicy": "Never", **pod}
    if artifact.pull_secrets:
        spec["imagePullSecrets"] = list(artifact.pull_secrets)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": artifact.namespace, "labels": dict(labels)},
        "spec": {
            "backoffLimit": 2,
            "ttlSecondsAfterFinished": ttl,
            "template": {"metadata": {"labels": dict(labels)}, "spec": spec},
        },
    }


def _download_env(artifact: Artifact, size: int) -> Sequence[Json]:
    values = {
        "AIM_DOWNLOADER_PROTOCOL": "XET,HF_TRANSFER",
        "TMPDIR": "/tmp/",  # noqa: S108  a path in the container
        "HF_HOME": "/tmp/.hf",  # noqa: S108  a path in the container
        "EXPECTED_SIZE_BYTES": str(size),
        "MOUNT_PATH": "/cache",
        "ARTIFACT_NAME": artifact.name,
        "ARTIFACT_NAMESPACE": artifact.namespace,
        "STALL_TIMEOUT": "120",
        "TARGET_DIR": "/cache",
    }
    return [{"name": name, "value": value} for name, value in values.items()]


def _without_empty(container: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in container.items() if v != []}
