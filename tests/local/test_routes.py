"""Requests answered without a network: no request, however odd, breaks the server."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimctl_runtime.local.catalog import call_of
from aimctl_runtime.local.exchange import LogStream, Reply, Request, Stream, decoded
from aimctl_runtime.local.routes import Routes
from local.shell import steady_cluster

LOCAL = steady_cluster()
ROUTES = Routes(LOCAL.cluster, LOCAL.world)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "x", "All", "ConfigMap", "v1"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["apiVersion", "kind", "metadata", "name", "labels", "spec", "replicas", "status", "data",
                 "preconditions", "propagationPolicy", "dryRun", "op", "path", "value", "template", "containers"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)  # fmt: skip
PATHS = st.sampled_from([
    "/", "/api", "/apis", "/api/v1", "/version", "/healthz", "/openapi/v2", "/openapi/v3", "/openapi/v3/api/v1",
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "/api/v1/namespaces", "/api/v1/namespaces/default",
    "/api/v1/namespaces/default/configmaps", "/api/v1/namespaces/default/configmaps/x", "/api/v1/configmaps",
    "/api/v1/namespaces/default/pods/x/log", "/apis/apps/v1/namespaces/default/deployments/x/scale",
    "/apis/aim.eai.amd.com/v1alpha1/namespaces/default/aimservices",
    "/apis/aim.eai.amd.com/v1alpha1/namespaces/default/aimservices/x/status",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "/api/v1/namespaces/x/finalize",
])  # fmt: skip
QUERIES = st.dictionaries(
    st.sampled_from(["watch", "limit", "continue", "labelSelector", "fieldSelector", "resourceVersion", "fieldManager",
                     "dryRun", "force", "fieldValidation", "includeObject", "tailLines", "container", "follow",
                     "sendInitialEvents", "resourceVersionMatch", "timeoutSeconds", "propagationPolicy"]),
    st.sampled_from(["", "0", "1", "true", "x", "All", "a=b", "Strict", "NotOlderThan", "!,", "-1", "²"]),
    max_size=4,
)  # fmt: skip
TYPES = st.sampled_from([
    "", "application/json", "application/yaml", "application/apply-patch+yaml", "application/merge-patch+json",
    "application/json-patch+json", "application/strategic-merge-patch+json", "application/vnd.kubernetes.protobuf",
])  # fmt: skip
ACCEPTS = st.sampled_from([
    "", "application/json", "application/json;as=Table;v=v1;g=meta.k8s.io",
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
])  # fmt: skip


def answered(request: Request):
    routes = Routes(LOCAL.cluster.fork(), LOCAL.world)
    return routes.answer(request, routes.catalog.target(request.path))


@settings(max_examples=300)
@given(
    st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]), PATHS, QUERIES, TYPES, ACCEPTS,
    JSON.map(lambda v: json.dumps(v).encode()) | st.binary(max_size=12) | st.just(b"a: 2026-01-01\n1: &x [*x]"),
)  # fmt: skip
def test_every_request_has_an_answer(method, path, query, content_type, accept, body):
    answer = answered(Request(method, path, query, content_type, accept, body, "test/1"))
    match answer:
        case Reply():
            assert 200 <= answer.code < 600
            assert isinstance(answer.encoded(), bytes)
        case Stream():
            assert all(answer.form(event)["type"] for event in answer.watch.take())
        case LogStream():
            assert isinstance(answer.is_over(), bool)


def test_a_time_in_yaml_is_a_text_and_keys_are_texts():
    body = b"at: 2026-01-01T00:00:00Z\nday: 2026-01-01\n1: one\n"
    read = decoded(Request("PATCH", "/", content_type="application/apply-patch+yaml", body=body))
    assert read == {"at": "2026-01-01T00:00:00Z", "day": "2026-01-01", "1": "one"}


@pytest.mark.parametrize(
    ("method", "path", "query", "verb", "resource"),
    [
        ("GET", "/api/v1/pods", {}, "list", "pods"),
        ("GET", "/api/v1/pods", {"watch": "true"}, "watch", "pods"),
        ("GET", "/api/v1/pods", {"watch": "false"}, "list", "pods"),
        ("GET", "/api/v1/namespaces/x", {}, "get", "namespaces"),
        ("GET", "/api/v1/namespaces/x/pods/y/log", {}, "get", "pods/log"),
        ("PATCH", "/apis/apps/v1/namespaces/x/deployments/y/scale", {}, "patch", "deployments/scale"),
        ("PUT", "/api/v1/namespaces/x/finalize", {}, "update", "namespaces/finalize"),
        ("DELETE", "/api/v1/namespaces/x/pods", {}, "deletecollection", "pods"),
        ("GET", "/version", {}, "get", "/version"),
    ],
)
def test_a_request_is_named_in_the_words_of_rbac(method, path, query, verb, resource):
    call = call_of(Request(method, path, query), ROUTES.catalog.target(path))
    assert (call.verb, call.resource) == (verb, resource)


def test_a_scale_reads_and_writes_the_replicas_and_nothing_else():
    path = "/apis/apps/v1/namespaces/default/deployments"
    routes = Routes(LOCAL.cluster.fork(), LOCAL.world)

    def ask(method: str, path: str, body: object, kind: str = "application/json") -> Reply:
        request = Request(method, path, {}, kind, "", json.dumps(body).encode(), "test/1")
        return routes.answer(request, routes.catalog.target(path))

    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    ask("POST", path, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "w"}, "spec": spec})
    scale = ask("GET", f"{path}/w/scale", None).body
    assert (scale["spec"], scale["status"]["selector"]) == ({"replicas": 1}, "a=b")
    assert ask("PUT", f"{path}/w/scale", {**scale, "spec": {"replicas": 4}}).body["spec"] == {"replicas": 4}
    assert ask("PUT", f"{path}/w/scale", {**scale, "spec": {"replicas": 5}}).code == 409
    assert ask("PATCH", f"{path}/w/scale", {"spec": {"replicas": -1}}, "application/merge-patch+json").code == 400
    assert ask("DELETE", f"{path}/w/scale", {}).code == 405
    assert ask("GET", f"{path}/w", None).body["spec"]["template"]["spec"]["containers"][0]["image"] == "i"
