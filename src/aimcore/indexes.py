"""The indexes of the snapshot: which values an object is filed under.

1. An index is a total function from a resource to texts. A bucket holds the objects filed under one text.
2. Values that belong to a namespace are written `<namespace>/<value>` (`in_namespace`).
3. Add a row here to be able to ask a new question; nothing else is needed to be woken by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from aimcore.resource import Resource

Index = Callable[[Resource], Iterable[str]]


def in_namespace(namespace: str, value: str) -> str:
    """The bucket name of a value within a namespace ("" for cluster scope)."""
    return f"{namespace}/{value}"


def _all(_resource: Resource) -> Iterable[str]:
    return ("",)


def _namespace(resource: Resource) -> Iterable[str]:
    return (resource.namespace,)


def _owner(resource: Resource) -> Iterable[str]:
    return {o.uid for o in resource.owners if o.uid}


def by_label(key: str) -> Index:
    """File under `<namespace>/<label value>`."""

    def index(resource: Resource) -> Iterable[str]:
        value = resource.labels.get(key)
        return () if value is None else (in_namespace(resource.namespace, value),)

    return index


def by_spec(field: str) -> Index:
    """File under `<namespace>/<spec.field>` when that is a non-empty text."""

    def index(resource: Resource) -> Iterable[str]:
        value = resource.spec.get(field)
        return (in_namespace(resource.namespace, value),) if isinstance(value, str) and value else ()

    return index


def _involved(resource: Resource) -> Iterable[str]:
    involved = resource.raw.get("involvedObject")
    uid = involved.get("uid") if isinstance(involved, dict) else None
    return (uid,) if isinstance(uid, str) and uid else ()


def _paths(resource: Resource) -> Iterable[str]:
    """The path values that an HTTPRoute matches, without a slash at the end."""
    found = set()
    rules = resource.spec.get("rules")
    for rule in rules if isinstance(rules, list) else ():
        matches = rule.get("matches") if isinstance(rule, dict) else None
        for match in matches if isinstance(matches, list) else ():
            path = match.get("path") if isinstance(match, dict) else None
            value = path.get("value") if isinstance(path, dict) else None
            if isinstance(value, str):
                found.add(value.rstrip("/") or "/")
    return found


def _claims(resource: Resource) -> Iterable[str]:
    """The claims that an InferenceService's predictor mounts."""
    predictor = resource.spec.get("predictor")
    volumes = predictor.get("volumes") if isinstance(predictor, dict) else None
    found = set()
    for volume in volumes if isinstance(volumes, list) else ():
        claim = volume.get("persistentVolumeClaim") if isinstance(volume, dict) else None
        name = claim.get("claimName") if isinstance(claim, dict) else None
        if isinstance(name, str) and name:
            found.add(in_namespace(resource.namespace, name))
    return found


def _templates_used(resource: Resource) -> Iterable[str]:
    """The templates that a service names or lives on, in its namespace or the cluster."""
    named, lived_on = resource.spec.get("template"), resource.status.get("resolvedTemplate")
    names = (reference.get("name") for reference in (named, lived_on) if isinstance(reference, dict))
    return _here_and_in_cluster(resource, *names)


def _template_cached(resource: Resource) -> Iterable[str]:
    return _here_and_in_cluster(resource, resource.spec.get("templateName"))


def _template_served(resource: Resource) -> Iterable[str]:
    return _here_and_in_cluster(resource, resource.labels.get("aim.eai.amd.com/template"))


def _here_and_in_cluster(resource: Resource, *names: object) -> Iterable[str]:
    found = {name for name in names if isinstance(name, str) and name}
    return {in_namespace(where, name) for name in found for where in (resource.namespace, "")}


def _discovery(resource: Resource) -> Iterable[str]:
    labels = resource.labels
    ours = (
        labels.get("app.kubernetes.io/name") == "aim-discovery"
        and labels.get("app.kubernetes.io/component") == "discovery"
        and labels.get("app.kubernetes.io/managed-by") == "aim-controller"
    )
    return ("",) if ours else ()


EVERY_KIND: Mapping[str, Index] = {"all": _all, "namespace": _namespace, "owner": _owner}
"""Indexes that every kind has."""

INDEXES: Mapping[str, Mapping[str, Index]] = {
    "AIMModel": {"image": by_spec("image")},
    "AIMClusterModel": {"image": by_spec("image"), "source": by_label("aim.eai.amd.com/model-source")},
    "AIMServiceTemplate": {"model": by_spec("modelName")},
    "AIMClusterServiceTemplate": {"model": by_spec("modelName")},
    "AIMService": {"template": _templates_used},
    "AIMTemplateCache": {
        "template": _template_cached,
        "service": by_label("aim.eai.amd.com/service"),
    },
    "AIMArtifact": {
        "uri": by_spec("sourceUri"),
        "template-cache": by_label("aim.eai.amd.com/template-cache.name"),
    },
    "Pod": {
        "inference-service": by_label("serving.kserve.io/inferenceservice"),
        "job": by_label("job-name"),
    },
    "Job": {
        "template": by_label("aim.eai.amd.com/template"),
        "discovery": _discovery,
    },
    "Event": {"involved": _involved},
    "HTTPRoute": {"path": _paths},
    "InferenceService": {"claim": _claims, "template": _template_served},
}
