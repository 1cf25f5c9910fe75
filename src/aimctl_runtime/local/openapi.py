"""OpenAPI v3 and v2 documents: enough for `kubectl explain`, for validation by the server, and for other clients.

1. Schemas are the types' own structural schemas, with apiVersion, kind and metadata as every object has them.
2. Each kind has a path with a patch operation that takes `fieldValidation` and `dryRun`: this is how kubectl learns
   that the server validates. No path offers strategic merge: kubectl then uses the merge keys it was built with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aimcore.api.kinds import Kind
from aimcore.resource import Json

_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_OWNER = "io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference"
_API_VERSION = "The versioned schema of this representation of an object."
_KIND = "The REST resource that this object represents."

Schemas = Sequence[tuple[Kind, Mapping[str, Any] | None]]
"""The kinds of one group and version with their structural schemas."""


def _text(description: str) -> Json:
    return {"type": "string", "description": description}


def _texts(description: str) -> Json:
    return {"type": "object", "description": description, "additionalProperties": {"type": "string"}}


def _number(description: str) -> Json:
    return {"type": "integer", "format": "int64", "description": description}


def _time(description: str) -> Json:
    return {"type": "string", "format": "date-time", "description": description}


def _list(description: str, items: Json) -> Json:
    return {"type": "array", "description": description, "items": items}


def _standard(prefix: str) -> Json:
    """The schemas that every document shares; `prefix` is where references point."""
    return {
        _META: {
            "type": "object",
            "description": "ObjectMeta is metadata that all persisted resources must have.",
            "properties": {
                "name": _text("Unique within a namespace. It cannot be changed."),
                "generateName": _text("A prefix from which the server makes a unique name if none is given."),
                "namespace": _text("The space within which the name must be unique."),
                "labels": _texts("Keys and values to organise and select objects."),
                "annotations": _texts("Keys and values that tools set and read; not queryable."),
                "uid": _text("Unique in time and space. Set by the server."),
                "resourceVersion": _text("An opaque value that changes with each change of the object."),
                "generation": _number("A sequence number of the desired state. Set by the server."),
                "creationTimestamp": _time("When the object was made. Set by the server."),
                "deletionTimestamp": _time("When the object is to be deleted. Set by the server."),
                "deletionGracePeriodSeconds": _number("Seconds allowed for the object to end gracefully."),
                "finalizers": _list("Must be empty before the object is deleted.", {"type": "string"}),
                "ownerReferences": _list(
                    "Objects that this object depends on. When all are gone, it is collected.",
                    {"allOf": [{"$ref": f"{prefix}{_OWNER}"}]},
                ),
                "managedFields": _list("Which manager owns which fields.", {"type": "object"}),
            },
        },
        _OWNER: {
            "type": "object",
            "description": "OwnerReference names an owner in the same namespace, or one of cluster scope.",
            "required": ["apiVersion", "kind", "name", "uid"],
            "properties": {
                "apiVersion": _text("API version of the owner."),
                "kind": _text("Kind of the owner."),
                "name": _text("Name of the owner."),
                "uid": _text("UID of the owner."),
                "controller": {"type": "boolean", "description": "Whether this is the managing controller."},
                "blockOwnerDeletion": {"type": "boolean", "description": "Whether a foreground deletion waits for us."},
            },
        },
    }


def _name(kind: Kind) -> str:
    """The schema's name: the group backwards, the version, the kind."""
    group = ".".join(reversed(kind.group.split("."))) if "." in kind.group else f"io.k8s.api.{kind.group or 'core'}"
    return f"{group}.{kind.version}.{kind.kind}"


def _identity(kind: Kind) -> Json:
    return {"group": kind.group, "version": kind.version, "kind": kind.kind}


def _schema(kind: Kind, structural: Mapping[str, Any] | None, meta: Json) -> Json:
    schema: Json = dict(structural or {"type": "object", "x-kubernetes-preserve-unknown-fields": True})
    schema.setdefault("description", f"{kind.kind} of {kind.api_version}.")
    standard = {"apiVersion": _text(_API_VERSION), "kind": _text(_KIND), "metadata": meta}
    schema["properties"] = {**(schema.get("properties") or {}), **standard}
    schema["x-kubernetes-group-version-kind"] = [_identity(kind)]
    return schema


def item_path(kind: Kind) -> str:
    """The path of one object of this kind, with its variables in braces."""
    root = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
    return f"{root}{'/namespaces/{namespace}' if kind.namespaced else ''}/{kind.plural}/{{name}}"


def _operations(kind: Kind) -> Json:
    base = {"x-kubernetes-group-version-kind": _identity(kind), "responses": {"200": {"description": "OK"}}}
    options = [
        {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
        for name in ("dryRun", "fieldManager", "fieldValidation")
    ]
    return {
        "get": {**base, "x-kubernetes-action": "get"},
        "patch": {**base, "x-kubernetes-action": "patch", "parameters": options},
        "put": {**base, "x-kubernetes-action": "put", "parameters": options},
        "delete": {**base, "x-kubernetes-action": "delete"},
    }


def index(paths: Mapping[str, str]) -> Json:
    """The answer to `/openapi/v3`: where the document of each group version is, with a hash for caches."""
    return {
        "paths": {p: {"serverRelativeURL": f"/openapi/v3/{p}?hash={digest}"} for p, digest in sorted(paths.items())}
    }


def document(schemas: Schemas, version: str) -> Json:
    """The OpenAPI v3 document of one group version."""
    prefix = "#/components/schemas/"
    meta = {"allOf": [{"$ref": f"{prefix}{_META}"}], "description": "Standard object metadata.", "default": {}}
    components = {_name(kind): _schema(kind, schema, meta) for kind, schema in schemas}
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": version},
        "paths": {item_path(kind): _operations(kind) for kind, _ in schemas},
        "components": {"schemas": {**components, **_standard(prefix)}},
    }


def document_v2(schemas: Schemas, version: str) -> Json:
    """The OpenAPI v2 document of everything."""
    prefix = "#/definitions/"
    meta = {"$ref": f"{prefix}{_META}", "description": "Standard object metadata."}
    definitions = {_name(kind): _schema(kind, schema, meta) for kind, schema in schemas}
    return {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": version},
        "paths": {item_path(kind): _operations(kind) for kind, _ in schemas},
        "definitions": {**definitions, **_standard(prefix)},
    }
