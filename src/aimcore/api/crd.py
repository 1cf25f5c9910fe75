"""From the models to CustomResourceDefinitions and to JSON schemas for editors.

1. A CRD's schema is structural: every value has a type, no `$ref`, no title, no null branch, no rule at the root.
2. `spec` is never required, as in the reference: a stored object without one must stay writable.
3. CEL rules of a shape and of the field that holds it are added up; the field's description wins.
4. The order of everything is the order of the models, so the same models give the same text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

from aimcore.api.kinds import AIM_KINDS, GROUP, VERSION, Kind
from aimcore.api.objects import OBJECTS
from aimcore.api.reading import AimObject
from aimcore.api.shape import QUANTITY_PATTERN

Json = dict[str, Any]
Column = tuple[str, str, str, int]

_STATUS: Final[Column] = ("Status", "string", ".status.status", 0)
_AGE: Final[Column] = ("Age", "date", ".metadata.creationTimestamp", 0)
_MODEL_COLUMNS: Final = (
    _STATUS,
    ("Source", "string", ".status.sourceType", 0),
    ("Image", "string", ".spec.image", 0),
    ("Model", "string", ".status.imageMetadata.model.canonicalName", 0),
    _AGE,
)
_TEMPLATE_COLUMNS: Final = (
    ("Model", "string", ".spec.modelName", 0),
    _STATUS,
    ("Hardware", "string", ".status.hardwareSummary", 0),
    ("Metric", "string", ".status.profile.metadata.metric", 0),
    ("Precision", "string", ".status.profile.metadata.precision", 0),
)
COLUMNS: Final[Mapping[str, tuple[Column, ...]]] = {
    "AIMArtifact": (
        _STATUS,
        ("Mode", "string", ".status.mode", 0),
        ("Model Size", "string", ".status.displaySize", 0),
        ("Progress", "string", ".status.progress.displayPercentage", 0),
        ("Protocol", "string", ".status.download.protocol", 1),
        ("Attempt", "string", ".status.download.attempt", 1),
        _AGE,
    ),
    "AIMClusterModel": _MODEL_COLUMNS,
    "AIMClusterModelSource": (
        _STATUS,
        ("Models", "integer", ".status.discoveredModels", 0),
        ("LastSync", "date", ".status.lastSyncTime", 0),
        _AGE,
    ),
    "AIMClusterServiceTemplate": _TEMPLATE_COLUMNS,
    "AIMModel": _MODEL_COLUMNS,
    "AIMService": (
        _STATUS,
        ("Model", "string", ".status.resolvedModel.name", 0),
        ("Template", "string", ".status.resolvedTemplate.name", 0),
        ("Replicas", "string", ".status.runtime.replicas", 0),
        _AGE,
    ),
    "AIMServiceTemplate": _TEMPLATE_COLUMNS,
    "AIMTemplateCache": (
        ("Template", "string", ".spec.templateName", 0),
        ("Mode", "string", ".spec.mode", 0),
        _STATUS,
        ("Kind", "string", ".status.resolvedTemplateKind", 0),
        _AGE,
    ),
}
"""Name, type, JSON path and priority of the columns that `kubectl get` prints; a kind without a row has the default."""

_QUANTITY: Final[Json] = {
    "anyOf": [{"type": "integer"}, {"type": "string"}],
    "pattern": QUANTITY_PATTERN,
    "x-kubernetes-int-or-string": True,
}
_RULES: Final = "x-kubernetes-validations"


def crd_for(kind: str) -> Json:
    """The CustomResourceDefinition (apiextensions.k8s.io/v1) of one of our kinds, as JSON; a fresh copy each time."""
    return crd_from(AIM_KINDS[kind], OBJECTS[kind], COLUMNS.get(kind, ()))


def crd_from(facts: Kind, model: type[AimObject], columns: Iterable[Column] = ()) -> Json:
    """The CustomResourceDefinition of any kind, from the model of its objects; a fresh copy each time.

    `columns`: name, type, JSON path and priority of what `kubectl get` prints. The status is a subresource.
    """
    version: Json = {
        "name": facts.version,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
    }
    if printed := _printer_columns(columns):
        version["additionalPrinterColumns"] = printed
    version["schema"] = {"openAPIV3Schema": _copied(_structural_schema(model))}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{facts.plural}.{facts.group}"},
        "spec": {
            "group": facts.group,
            "names": _names(facts),
            "scope": "Namespaced" if facts.namespaced else "Cluster",
            "versions": [version],
        },
    }


def structural_schema(kind: str) -> Json:
    """The `openAPIV3Schema` of one of our kinds, as JSON; a fresh copy each time."""
    copy: Json = _copied(_structural_schema(OBJECTS[kind]))
    return copy


def json_schema_for(kind: str) -> Json:
    """The schema of one of our kinds for editors (JSON schema, draft 2020-12): closed, so that typing errors show.

    CEL rules and defaults of the API server are not in it; an object may satisfy it and still be refused.
    """
    facts = AIM_KINDS[kind]
    schema = _closed(_structural_schema(OBJECTS[kind]))
    schema["properties"]["apiVersion"] = {"const": facts.api_version}
    schema["properties"]["kind"] = {"const": facts.kind}
    schema["properties"]["metadata"] = {"type": "object"}
    needs_spec = "required" in schema["properties"]["spec"]
    schema["required"] = ["apiVersion", "kind", "metadata", *(["spec"] if needs_spec else [])]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"{kind} {GROUP}/{VERSION}",
        **schema,
    }


def _names(facts: Kind) -> Json:
    return {
        "categories": list(facts.categories),
        "kind": facts.kind,
        "listKind": f"{facts.kind}List",
        "plural": facts.plural,
        "shortNames": list(facts.short_names),
        "singular": facts.singular,
    }


def _printer_columns(columns: Iterable[Column]) -> list[Json]:
    return [
        {"name": name, "type": kind_of_value, "jsonPath": path, **({"priority": priority} if priority else {})}
        for name, kind_of_value, path, priority in columns
    ]


@cache
def _structural_schema(model: type[AimObject]) -> Json:
    whole = model.model_json_schema()
    schema = _structural(whole, whole.get("$defs", {}))
    schema["properties"]["metadata"] = {"type": "object"}  # the API server refuses anything else here
    for member in ("apiVersion", "kind"):
        del schema["properties"][member]["default"]
    del schema["required"]
    return schema


def _structural(node: Json, shapes: Mapping[str, Json]) -> Json:
    """One node of pydantic's schema in structural form, with what it refers to in its place."""
    if node.get("x-kubernetes-int-or-string"):
        return {**_kept(node), **_copied(_QUANTITY)}
    branches = [b for b in node.get("anyOf", ()) if b != {"type": "null"}]
    if len(branches) == 1:
        return _joined(_structural(branches[0], shapes), _kept(node))
    if "$ref" in node:
        return _joined(_structural(shapes[node["$ref"].rpartition("/")[2]], shapes), _kept(node))
    result = _kept(node)
    if "const" in result:
        result["enum"] = [result.pop("const")]
    if "properties" in node:
        result["properties"] = {name: _structural(member, shapes) for name, member in node["properties"].items()}
    for inner in ("items", "additionalProperties"):
        if isinstance(node.get(inner), dict):
            result[inner] = _structural(node[inner], shapes)
    return result


_DROPPED: Final = frozenset({"title", "$defs", "$ref", "anyOf", "properties", "items", "additionalProperties"})


def _kept(node: Json) -> Json:
    """The keywords of one node that stay; a default of null says nothing."""
    return {k: v for k, v in node.items() if k not in _DROPPED and not (k == "default" and v is None)}


def _joined(inner: Json, outer: Json) -> Json:
    joined = {**inner, **outer}
    if _RULES in inner and _RULES in outer:
        joined[_RULES] = [*inner[_RULES], *outer[_RULES]]
    return joined


def _closed(node: Json) -> Json:
    """A structural node as plain JSON schema; objects take no member that is not declared."""
    result = {k: v for k, v in node.items() if not k.startswith("x-kubernetes-") and k != "nullable"}
    if "properties" in node:
        result["properties"] = {name: _closed(member) for name, member in node["properties"].items()}
        result["additionalProperties"] = False
    for inner in ("items", "additionalProperties"):
        if isinstance(node.get(inner), dict):
            result[inner] = _closed(node[inner])
    if node.get("nullable"):
        result["type"] = [node["type"], "null"]
        if "enum" in node:
            result["enum"] = [*node["enum"], None]
    return result


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _copied(v) for k, v in value.items()}
    return [_copied(v) for v in value] if isinstance(value, list) else value
