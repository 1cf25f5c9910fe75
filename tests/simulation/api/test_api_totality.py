"""Whatever JSON comes in, the server answers with an object or an `ApiError`."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimcore.resource import Key
from aimcore.simulation.clock import Clock
from aimcore.simulation.cluster import ApiError, Cluster, PatchType
from aimcore.simulation.crds import type_of_crd
from aimcore.simulation.types import RESOURCE_TYPES
from simulation.api.conftest import FOO

WORDS = st.sampled_from(
    [
        *("metadata", "spec", "status", "name", "labels", "finalizers", "ownerReferences", "uid", "template", "env"),
        *("containers", "resources", "requests", "storage", "selector", "matchLabels", "managedFields", "at", "set"),
        *("predictor", "imagePullSecrets", "rules", "strategy", "stringData", "map", "boxed", "opt", "any", "n"),
        *("properties", "items", "type", "$patch", "op", "path", "group", "names", "versions", "schema", "phase"),
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats(allow_nan=False) | WORDS | st.just("") | st.just("/a/0"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=14,
)
ALL = (*RESOURCE_TYPES, FOO)


@given(st.sampled_from(ALL), st.dictionaries(WORDS, JSON, max_size=4), st.lists(JSON, max_size=3))
@settings(max_examples=150, deadline=None)
def test_any_json_through_any_door_gives_an_object_or_an_api_error(type_, body, patches):
    cluster = Cluster(ALL, clock=Clock(datetime(2026, 1, 1, tzinfo=UTC)), namespaces=("t1",))
    metadata = body.get("metadata")
    place = {"name": "x", **({"namespace": "t1"} if type_.kind.namespaced else {})}
    if metadata is None or isinstance(metadata, dict):
        body = {**body, "metadata": {**(metadata or {}), **place}}
    body = {**body, "kind": type_.name, "apiVersion": type_.kind.api_version}
    key = Key(type_.name, place.get("namespace", ""), "x")
    for call in (cluster.create, cluster.update):
        with contextlib.suppress(ApiError):
            call(body)
    with contextlib.suppress(ApiError):
        cluster.patch(key, body, PatchType.APPLY, manager="m")
    for patch in patches:
        for patch_type in PatchType:
            for subresource in ("", "status"):
                with contextlib.suppress(ApiError):
                    cluster.patch(key, patch, patch_type, manager="m", subresource=subresource)
    with contextlib.suppress(ApiError):
        cluster.dead_owners(cluster.get(key))
        cluster.delete(key)
    assert all(o["metadata"]["resourceVersion"] for o in cluster.objects(type_.name))


@given(st.dictionaries(WORDS, JSON, max_size=4))
def test_a_definition_of_any_shape_can_be_read(schema):
    version = {"name": "v1", "storage": True, "schema": {"openAPIV3Schema": schema}}
    crd = {"spec": {"names": {}, "versions": [version]}}
    assert type_of_crd(crd).kind.version == "v1"


@pytest.mark.parametrize("junk", [None, 3, [], {"versions": 1}, {"names": []}])
def test_a_definition_without_parts_defines_nothing(junk):
    assert type_of_crd({"spec": junk}).kind.kind == ""
