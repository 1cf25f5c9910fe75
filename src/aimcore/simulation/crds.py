"""CustomResourceDefinitions as stored objects: reading a type out of one, and its status.

The simulated server installs a kind at once; it knows one version of a kind, the stored one.
"""

from __future__ import annotations

from typing import Any

from aimcore.api.kinds import Kind
from aimcore.simulation.causes import Cause, invalid, required
from aimcore.simulation.resource_type import Json, Lookup, ResourceType, Strategy

CRD = "CustomResourceDefinition"


def type_of_crd(crd: Json) -> ResourceType:
    """The type that a CRD defines. Total: parts of a wrong shape count as absent."""
    spec = _map(crd.get("spec"))
    names = _map(spec.get("names"))
    version = _stored_version(spec)
    short, categories = names.get("shortNames"), names.get("categories")
    kind = Kind(
        str(names.get("kind", "")),
        str(spec.get("group", "")),
        str(version.get("name", "")),
        str(names.get("plural", "")),
        spec.get("scope") != "Cluster",
        tuple(short) if isinstance(short, list) else (),
        tuple(categories) if isinstance(categories, list) else (),
    )
    schema = _map(version.get("schema")).get("openAPIV3Schema")
    fields = version.get("selectableFields")
    columns = version.get("additionalPrinterColumns")
    return ResourceType(
        kind,
        schema if isinstance(schema, dict) else None,
        status_subresource="status" in _map(version.get("subresources")),
        columns=tuple(columns) if isinstance(columns, list) else (),
        selectable_fields=tuple(str(_map(f).get("jsonPath", "")).removeprefix(".") for f in fields)
        if isinstance(fields, list)
        else (),
    )


def _stored_version(spec: Json) -> Json:
    versions = spec.get("versions")
    found = [v for v in versions if isinstance(v, dict)] if isinstance(versions, list) else []
    return next((v for v in found if v.get("storage") is True), found[0] if found else {})


def _map(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _established(crd: Json, _lookup: Lookup) -> Json:
    """A new CRD is accepted and established at once."""
    spec, now = _map(crd.get("spec")), crd["metadata"]["creationTimestamp"]
    conditions = [
        {"type": type_, "status": "True", "reason": reason, "message": message, "lastTransitionTime": now}
        for type_, reason, message in (
            ("NamesAccepted", "NoConflicts", "no conflicts found"),
            ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        )
    ]
    versions = [_stored_version(spec).get("name", "")]
    status = {"conditions": conditions, "acceptedNames": _map(spec.get("names")), "storedVersions": versions}
    return {**crd, "status": status}


def _crd_causes(new: Json, _old: Json | None, _lookup: Lookup) -> list[Cause]:
    spec = _map(new.get("spec"))
    names, version = _map(spec.get("names")), _stored_version(spec)
    causes = [
        required(field)
        for field, value in (
            ("spec.group", spec.get("group")),
            ("spec.names.plural", names.get("plural")),
            ("spec.names.kind", names.get("kind")),
            ("spec.versions", version.get("name")),
        )
        if not isinstance(value, str) or not value
    ]
    wanted = f"{names.get('plural')}.{spec.get('group')}"
    if not causes and new["metadata"]["name"] != wanted:
        text = f'must be spec.names.plural+"."+spec.group, {wanted!r}'
        causes.append(invalid("metadata.name", new["metadata"]["name"], text))
    return causes


CRD_TYPE = ResourceType(
    Kind(CRD, "apiextensions.k8s.io", "v1", "customresourcedefinitions", False, ("crd", "crds")),
    custom=False,
    strategy=Strategy(born=_established, check=_crd_causes),
)
