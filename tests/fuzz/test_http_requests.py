"""Edge: requests to the local API server. Any request is answered, its mistakes by a `Status`; none by a 500."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore.simulation.clock import Clock
from aimcore.simulation.settings import WorldSettings
from aimcore.simulation.world import World
from aimctl_runtime.local.exchange import LogStream, Reply, Request, Stream
from aimctl_runtime.local.routes import Routes
from aimctl_runtime.local.server import new_cluster
from fuzz.bounds import cpu_within
from fuzz.inputs import DEEP, NASTY_TEXTS, effort, json_values, texts

SETTINGS = WorldSettings.read({})
CLUSTER = new_cluster(SETTINGS, Clock(datetime(2026, 11, 23, tzinfo=UTC)))
WORLD = World(CLUSTER, SETTINGS)
for _ in range(30):
    WORLD.step()
SERVICE = {
    "apiVersion": "aim.eai.amd.com/v1alpha1",
    "kind": "AIMService",
    "metadata": {"name": "chat", "namespace": "default", "labels": {"a": "b"}},
    "spec": {"model": {"name": "m"}},
}
SERVICES = "/apis/aim.eai.amd.com/v1alpha1/namespaces/default/aimservices"
CHAT = f"{SERVICES}/chat"
PATHS = (
    SERVICES, CHAT, f"{CHAT}/status", f"{CHAT}/scale", f"{CHAT}/log", "/api", "/apis", "/api/v1", "/version",
        "/healthz",
    "/api/v1/namespaces", "/api/v1/namespaces/default", "/api/v1/namespaces/default/finalize", "/api/v1/nodes",
    "/api/v1/namespaces/default/pods", "/api/v1/namespaces/default/pods/p/log", "/apis/apps/v1/deployments",
    "/apis/apps/v1/namespaces/default/deployments/d/scale", "/api/v1/namespaces/default/secrets",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "/openapi/v2", "/openapi/v3", "/openapi/v3/api/v1",
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "/api/v1/events", "/api/v1/namespaces/default/configmaps",
)  # fmt: skip
TYPES = (
    "application/json", "application/yaml", "application/apply-patch+yaml", "application/merge-patch+json",
    "application/json-patch+json", "application/strategic-merge-patch+json", "application/vnd.kubernetes.protobuf", "",
)  # fmt: skip
PARAMETERS = (
    "watch", "limit", "continue", "resourceVersion", "resourceVersionMatch", "labelSelector", "fieldSelector", "dryRun",
    "fieldManager", "fieldValidation", "force", "propagationPolicy", "timeoutSeconds", "sendInitialEvents",
    "allowWatchBookmarks", "tailLines", "follow", "previous", "container", "includeObject",
)  # fmt: skip
VALUES = (
    "", "true", "false", "All", "Strict", "Warn", "Ignore", "Exact", "NotOlderThan", "0", "1", "-1", "1" * 5000, "٣",
    "²",
    "a=b", "a in (b,c)", "!a", "a>1", "a>" + "9" * 60, "metadata.name=x", "spec.x=y", "Foreground", "Orphan", ",", "=",
    "eyJydiI6IDFlOTk5LCAic3RhcnQiOiBbIiIsICIiXX0", "eyJydiI6IEluZmluaXR5LCAic3RhcnQiOiBbIiIsICIiXX0", "W1tb",
    "a" * 5000, "(" * 5000, "a in (" + "b," * 3000, " " * 5000 + "x",
)  # fmt: skip
ACCEPTS = (
    "", "application/json", "application/json;as=Table;g=meta.k8s.io;v=v1",
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
    "application/json;as=PartialObjectMetadata;v=v1",
    "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
)  # fmt: skip
MEMBERS = (
    "apiVersion", "kind", "metadata", "name", "namespace", "labels", "annotations", "finalizers", "ownerReferences",
    "uid",
    "resourceVersion", "generateName", "managedFields", "generation", "deletionTimestamp", "spec", "status", "replicas",
    "model", "env", "data", "op", "path", "from", "value", "preconditions", "propagationPolicy", "dryRun", "containers",
    "template", "selector", "matchLabels", "names", "versions", "schema", "openAPIV3Schema", "properties", "type",
    "pattern", "x-kubernetes-validations", "rule", "additionalPrinterColumns", "jsonPath", "$patch", "stringData",
)  # fmt: skip
WORDS = ("add", "remove", "replace", "test", "move", "copy", "/metadata/labels/a", "/spec", "/spec/-", "/spec/env/0",
    "/",
         "chat", "default", "AIMService", "v1", "aim.eai.amd.com/v1alpha1", "object", "string", "array")  # fmt: skip
JSON = json_values(MEMBERS, WORDS)


def routes() -> Routes:
    """A fresh cluster with one service in it."""
    cluster = CLUSTER.fork()
    cluster.create(SERVICE)
    return Routes(cluster, World(cluster, SETTINGS))


def ask(here: Routes, request: Request) -> int:
    """The code of the answer; the whole answer is drawn, as the server would send it."""
    with cpu_within():
        answer = here.answer(request, here.catalog.target(request.path))
        match answer:
            case Reply():
                answer.encoded()
                for name, value in answer.headers.items():
                    assert "\n" not in name + value
                    assert "\r" not in value
                    value.encode("utf-8")
                if answer.code >= 400:
                    assert answer.body if isinstance(answer.body, str) else answer.body["message"]
                return answer.code
            case Stream():
                for event in (*answer.watch.take(), *answer.watch.stop()):
                    answer.form(event)
                assert 0 <= answer.timeout < 10**18
            case LogStream():
                answer.read()
                answer.is_over()
    return 200


def written(value: Any) -> bytes:
    return json.dumps(value).encode()


BODIES = (
    JSON.map(written)
    | st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=4)
    .map(lambda d: written({**SERVICE, **d}))
    | st.lists(
        st.fixed_dictionaries({"op": st.sampled_from(WORDS[:6]), "path": st.sampled_from(WORDS) | texts()},
                              optional={"from": st.sampled_from(WORDS), "value": JSON}), max_size=4,
    ).map(written)
    | st.binary(max_size=60)
    | texts().map(lambda t: t.encode("utf-8", "surrogatepass"))
)  # fmt: skip
REQUESTS = st.builds(
    Request,
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "TRACE", ""]),
    path=st.sampled_from(PATHS) | st.builds(lambda p, t: f"{p}/{t}", st.sampled_from(PATHS), texts()) | texts(),
    query=st.dictionaries(st.sampled_from(PARAMETERS) | texts(), st.sampled_from(VALUES) | texts(), max_size=3),
    content_type=st.sampled_from(TYPES) | texts(),
    accept=st.sampled_from(ACCEPTS) | texts(),
    body=st.just(b"") | BODIES,
    agent=texts(),
)


@effort(150)
@given(st.lists(REQUESTS, min_size=1, max_size=4))
def test_any_requests_are_answered_and_never_by_a_fault_of_the_server(requests: list[Request]) -> None:
    here = routes()
    for request in requests:
        ask(here, request)


@effort(150)
@given(st.sampled_from(TYPES), BODIES, st.sampled_from([CHAT, f"{CHAT}/status", f"{CHAT}/scale"]))
def test_any_patch_of_any_type_is_answered(content_type: str, body: bytes, path: str) -> None:
    here = routes()
    ask(here, Request("PATCH", path, {"fieldManager": "m"}, content_type, body=body))
    assert ask(here, Request("GET", CHAT)) == 200


@pytest.mark.parametrize("name", PARAMETERS)
def test_each_parameter_may_have_any_value(name: str) -> None:
    here = routes()
    for value in (*VALUES, *NASTY_TEXTS):
        for method, path in (("GET", SERVICES), ("GET", CHAT), ("DELETE", CHAT), ("PATCH", CHAT)):
            for more in ({}, {"watch": "1"}, {"limit": "1"}):
                body = b"{}" if method == "PATCH" else b""
                request = Request(method, path, {**more, name: value, "dryRun": "All"} | {name: value},
                                  "application/merge-patch+json", body=body)  # fmt: skip
                ask(here, request)


def test_nesting_ends_at_a_limit_that_is_named() -> None:
    here = routes()
    for levels in (50, 97, 98, 99, 100, 101, 300, 900, DEEP):
        for start, end in ((b'{"a":', b"}"), (b"[", b"]")):
            value = start * levels + b"1" + end * levels
            for kind in TYPES[:6]:
                for body in (value, b'{"spec":{"x":' + value + b'},"metadata":{"annotations":' + value + b"}}"):
                    code = ask(here, Request("PATCH", CHAT, {"fieldManager": "m"}, kind, body=body))
                    assert code in (200, 400, 415, 422)
                    if levels > 100:
                        assert code in (400, 415)
    assert ask(here, Request("GET", CHAT)) == 200


def test_a_free_member_as_deep_as_allowed_can_be_written_read_compared_and_applied() -> None:
    here = routes()
    deep = b'{"a":' * 95 + b"%d" + b"}" * 95
    for value in (1, 2):
        body = b'{"data":{"x":' + deep % value + b"}}"
        crd = b'{"spec":{"versions":[{"schema":{"openAPIV3Schema":' + deep % value + b"}}]}}"
        name = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/aimservices.aim.eai.amd.com"
        for kind in ("application/merge-patch+json", "application/strategic-merge-patch+json"):
            ask(here, Request("PATCH", CHAT, {}, kind, body=body))
            ask(here, Request("PATCH", name, {}, kind, body=crd))


def copies(count: int) -> bytes:
    first = {"op": "add", "path": "/metadata/annotations", "value": {"a": "x"}}
    doubled = [{"op": "copy", "from": "/metadata", "path": f"/metadata/annotations/{n}"} for n in range(count)]
    return written([first, *doubled])


@pytest.mark.parametrize("count", [20, 60, 9_000, 20_000])
def test_a_patch_that_copies_what_it_copied_ends(count: int) -> None:
    request = Request("PATCH", CHAT, {}, "application/json-patch+json", body=copies(count))
    assert ask(routes(), request) in (400, 413, 422)


@pytest.mark.parametrize("text", NASTY_TEXTS)
def test_names_of_unknown_members_come_back_as_one_line_of_warning(text: str) -> None:
    body = written(
        {**SERVICE, "metadata": {"name": "new"}, "spec": {"model": {"name": "m"}, f"x{text}\r\nSet-Cookie: a": 1}}
    )
    assert ask(routes(), Request("POST", SERVICES, {}, "application/json", body=body)) in (201, 400)


PATTERNS = (
    "a{99999999999999}", "(" * 3000 + ")" * 3000, "(a+)+$", "(a|a)*$", "([a-z]+)*b", "[[a-z]&&[b]]", "\\", "[",
    "(?P<", "*",
    "(?i", "a" * 10_000, "(a?){500}a{500}", "\\p{Greek}", "(?<!a)", "x*" * 500,
)  # fmt: skip
RULES = (
    "(" * 20_000, "self" + ".a" * 5000, "!" * 20_000, "[" * 5000 + "]" * 5000, "1" * 5000, "'" * 999, "self == oldSelf",
    "self.all(a, self.all(b, self.all(c, self.all(d, a != '' || b != '' || c != '' || d != ''))))", "", "\x00",
    "true ? 1",
    "self.map(x, self)", "'a'.matches('(a+)+$')", "1/0 == 1", "self.x.y.z", "size(self) > 9223372036854775808",
    "b'\\xff'",
)  # fmt: skip


def definition(schema: dict[str, Any]) -> bytes:
    whole = {"type": "object", "properties": {"spec": schema, "metadata": {"type": "object"}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": whole},
               "additionalPrinterColumns": [{"name": "A", "type": "string", "jsonPath": ".spec" * 2000}]}  # fmt: skip
    names = {"plural": "things", "kind": "Thing", "singular": "thing", "listKind": "ThingList"}
    spec = {"group": "x.io", "scope": "Cluster", "names": names, "versions": [version]}
    head = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    return written({**head, "metadata": {"name": "things.x.io"}, "spec": spec})


@pytest.mark.parametrize("schema", [
    *({"type": "string", "pattern": p} for p in PATTERNS),
    *({"x-kubernetes-preserve-unknown-fields": True, "x-kubernetes-validations": [{"rule": r}]} for r in RULES),
    {"type": "integer", "maximum": 10**300, "multipleOf": 0}, {"enum": [{}, [], None, 1e300]}, {"minLength": -1e300},
    {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [1]}, {"not": {}},
    {"oneOf": [{}] * 99},
], ids=lambda s: repr(s)[:60])  # fmt: skip
def test_a_definition_with_any_pattern_and_rule_judges_its_objects_in_bounded_time(schema: dict[str, Any]) -> None:
    here = routes()
    ask(
        here,
        Request("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {}, "", body=definition(schema)),
    )
    for spec in ("a" * 60 + "!", "x" * 100_000, ["a"] * 60, {"a": 1}, 10**300, None, 1.5, [{}, {}, []]):
        thing = {"apiVersion": "x.io/v1", "kind": "Thing", "metadata": {"name": "t"}, "spec": spec}
        ask(here, Request("POST", "/apis/x.io/v1/things", {}, "", body=written(thing)))
        ask(here, Request("GET", "/apis/x.io/v1/things", {}, accept=ACCEPTS[2]))
