"""Never tighter than the reference: every object that its schema stored must stay writable.

Its constraints (`reference_constraints.py`) are compared with ours: nothing is tighter, nothing is forgotten.
"""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import pytest
from reference_constraints import REFERENCE, Constraints
from schema_walk import places

from aimcore.api.crd import structural_schema
from aimcore.api.objects import OBJECTS
from aimcore.api.reading import Malformed
from aimctl_runtime.local.validation import SchemaValidator

NEW_FIELDS: dict[str, Constraints] = {
    "AIMRuntimeConfig": {("spec.autoscaling.scaledObject", "enum"): ["aim", "kserve"]},
    "AIMClusterRuntimeConfig": {("spec.autoscaling.scaledObject", "enum"): ["aim", "kserve"]},
    "AIMService": {
        ("status.templateSelection.candidates[]", "required"): ["name"],
        ("status.templateSelection.candidates[].scope", "enum"): ["Cluster", "Namespace"],
        ("status.templateSelection.candidates[].result", "enum"): ["chosen", "rejected"],
    },
}
"""Constraints on fields that the reference does not have: no stored object can violate them."""

WORDS = ("enum", "pattern", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "required")


def ours(kind: str) -> Constraints:
    found: Constraints = {}
    for path, node in places(structural_schema(kind)):
        for word in WORDS:
            if word in node:
                found[path, word] = sorted(node[word]) if isinstance(node[word], list) else node[word]
        for check in node.get("x-kubernetes-validations", ()):
            found[path, f"rule: {check['message']}"] = True
    return found


@pytest.mark.rule("R-1.1", "R-1.2", "M-1")
@pytest.mark.parametrize("kind", sorted(REFERENCE))
def test_the_constraints_are_the_references_and_no_more(kind):
    expected = REFERENCE[kind] | NEW_FIELDS.get(kind, {})
    found = ours(kind)
    assert {place: value for place, value in found.items() if expected.get(place) != value} == {}, "tighter"
    assert {place: value for place, value in expected.items() if place not in found} == {}, "forgotten"


VALIDATE = SchemaValidator()
SILLY: dict[str, list[dict[str, Any]]] = {
    "AIMService": [
        {"spec": {"model": {"name": ""}, "replicas": 0, "template": {}, "overrides": {}}},
        {"spec": {"model": {"image": "x"}, "replicas": -3, "minReplicas": 9, "maxReplicas": 1}},
        {"spec": {"model": {"name": "m"}, "routing": {"enabled": True, "requestTimeout": "5x", "pathTemplate": "{"}}},
        {"spec": {"model": {"name": "m"}, "autoScaling": {"metrics": [{"type": "PodMetric"}]}}},
        {
            "spec": {
                "model": {"name": "m"},
                "autoScaling": {
                    "metrics": [
                        {
                            "type": "PodMetric",
                            "podmetric": {
                                "metric": {"operationOverTime": "median"},
                                "target": {"type": "Utilization", "value": "lots"},
                            },
                        }
                    ]
                },
            }
        },
        {"spec": {"model": {"name": "m"}, "caching": {"mode": "Never"}, "cacheModel": True}},
        {"spec": {"model": {"name": "m"}, "resources": {"limits": {"cpu": 1}, "requests": {"cpu": "9"}}}},
        {"spec": {"model": {"name": "m"}, "env": [{"name": "PROTOCOL", "value": "v9"}, {"name": ""}]}},
        {},
    ],
    "AIMModel": [
        {"spec": {"image": "not an image", "customTemplates": [{}, {}], "env": [{"name": "A", "valueFrom": {}}]}},
        {},
    ],
    "AIMServiceTemplate": [
        {"spec": {"modelName": "m", "resources": None, "type": None, "caching": {}}},
        {"status": {"status": "Ready", "profile": {"engine_args": None, "env_vars": {}}, "discovery": {}}},
    ],
    "AIMArtifact": [
        {"spec": {"sourceUri": "hf://x", "size": "0", "modelDownloadImage": ""}, "status": {"allocatedSize": "0"}},
        {"spec": {"sourceUri": "s3://b/k", "size": 17}},
    ],
    "AIMTemplateCache": [{"spec": {"templateName": "t", "templateScope": "Unknown", "modelSources": []}}],
    "AIMClusterModelSource": [
        {"spec": {"filters": [{"image": ""}], "syncInterval": "often", "versions": ["?"]}},
        {"status": {"availableModels": 3}},
    ],
    "AIMRuntimeConfig": [{"spec": {"pvcHeadroomPercent": -4, "storage": {}, "labelPropagation": {"match": [""]}}}, {}],
}


@pytest.mark.parametrize(("kind", "raw"), [(k, raw) for k, raws in SILLY.items() for raw in raws])
def test_what_the_reference_admits_is_admitted(kind, raw):
    assert VALIDATE(SimpleNamespace(schema=structural_schema(kind)), raw, None) == []


@pytest.mark.parametrize(("kind", "raw"), [(k, raw) for k, raws in SILLY.items() for raw in raws])
def test_a_stored_object_stays_writable(kind, raw):
    """Labels, status and the parts of spec that may change are written to each object after the upgrade."""
    schema = SimpleNamespace(schema=structural_schema(kind))
    labelled = copy.deepcopy(raw) | {"metadata": {"labels": {"a": "b"}}}
    assert VALIDATE(schema, labelled, raw) == []
    condition = {
        "type": "Ready",
        "status": "False",
        "reason": "R",
        "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    observed = copy.deepcopy(raw) | {
        "status": raw.get("status", {}) | {"conditions": [condition], "observedGeneration": 1}
    }
    assert VALIDATE(schema, observed, raw) == []


@pytest.mark.parametrize(("kind", "raw"), [(k, raw) for k, raws in SILLY.items() for raw in raws if "spec" in raw])
def test_what_the_schema_admits_can_be_read(kind, raw):
    assert not isinstance(OBJECTS[kind].parse(raw), Malformed)


@pytest.mark.rule("F-145")
def test_an_object_that_even_the_reference_would_refuse_today_stays_writable():
    """A field that an old release stored and no schema admits any more: the rest of the object can still change."""
    schema = SimpleNamespace(schema=structural_schema("AIMService"))
    stored = {"spec": {"model": {"name": "m"}, "overrides": {"metric": "cost"}, "replicas": 1}}
    assert VALIDATE(schema, stored, None) != []
    assert VALIDATE(schema, stored | {"spec": stored["spec"] | {"replicas": 2}}, stored) == []
    assert VALIDATE(schema, stored | {"status": {"status": "Failed"}}, stored) == []
