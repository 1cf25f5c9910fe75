"""Edge: answers of the API server and its watches. Any code with any body is read; only `UnreachableError` gets out.

`read_json` gives JSON or a ValueError; `read_response` a result; a reflector goes on whatever a watch sends.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore.changes import Apply, Create, Delete, PatchFinalizers, PatchStatus
from aimcore.cluster.kinds import KINDS
from aimcore.facts import Failure, PodLog
from aimcore.resource import Key
from aimcore.testing.histories import START
from aimcore.wire import Again, Done, Refused, Unknown, read_response, requests_of
from aimctl_runtime.clock import VirtualClock
from aimctl_runtime.json_body import LEVELS, is_flat, read_json
from aimctl_runtime.leader import Elector, Tenure
from aimctl_runtime.observe.pod_logs import PodLogReader
from aimctl_runtime.observe.secrets import SecretReader, credentials_of
from aimctl_runtime.reflector import Reflector
from aimctl_runtime.store import Store
from aimctl_runtime.transport import LONGEST_WAIT, Response, UnreachableError, decode
from aimctl_runtime.watched import Watched
from fuzz.bounds import answer_or, assert_linear, cpu_within
from fuzz.inputs import DEEP, NASTY_TEXTS, effort, json_bodies, json_values, nested, texts
from shell.doubles import Lines, ScriptedClient, listing, log_into, run, settle, thing
from shell.registries import VirtualClockThatRuns

CODES = st.sampled_from(
    [200, 201, 202, 204, 301, 400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 429, 500, 503, 504, 0, -1, 999]
)
MEMBERS = ("kind", "apiVersion", "metadata", "name", "namespace", "resourceVersion", "uid", "continue", "items",
    "type", "object",
           "code", "reason", "message", "details", "causes", "field", "status", "spec", "labels", "ownerReferences",
           "auths",
           "holderIdentity", "leaseDurationSeconds", "leaseTransitions", "data", ".dockerconfigjson")  # fmt: skip
WORDS = ("Status", "AlreadyExists", "NotFound", "FieldManagerConflict", "NamespaceTerminating",
    'conflict with "m" using v1',
         "ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR", "Expired", "Pod", "v1", "5",
         "kubernetes.io/dockerconfigjson",
         "exceeded quota", "admission webhook x", "failed calling webhook", " cannot  resource ",
         "namespaces")  # fmt: skip
JSON = json_values(MEMBERS, WORDS)
KEY = Key("Job", "ns", "x")
CHANGES = (
    Apply(KEY, {"metadata": {"name": "x"}}, "m", "c", uid="u"), Create(KEY, {"metadata": {"name": "x"}}, "m", "c"),
    Delete(KEY, "u", "why"), PatchStatus(KEY, {"a": 1}, "5", "m"), PatchFinalizers(KEY, ({"op": "test"},), "m"),
)  # fmt: skip


@effort(120)
@given(st.sampled_from(CHANGES), CODES, JSON | texts() | st.none(), st.booleans())
def test_any_answer_to_any_change_is_a_result(change: Any, code: int, body: Any, is_forced: bool) -> None:
    found = read_response(change, code, body, START, forced={"m": START}, is_forced=is_forced)
    assert isinstance(found, Done | Again | Refused | Unknown)
    if isinstance(found, Refused | Unknown):
        assert found.outcome.message
    if isinstance(found, Again):
        assert isinstance(read_response(change, code, body, START, is_forced=True), Refused | Unknown | Done)
    requests_of(change)


@effort(150)
@given(json_bodies(MEMBERS), st.dictionaries(st.sampled_from(["Retry-After", "retry-after", "X"]), texts(), max_size=2))
def test_any_body_and_any_headers_are_decoded(body: bytes, headers: dict[str, str]) -> None:
    answer_or((ValueError,), lambda: read_json(body))
    response = Response(200, body, headers)
    response.decoded()
    assert response.retry_after is None or 0 <= response.retry_after <= LONGEST_WAIT


@effort(120)
@given(json_values())
def test_json_that_is_flat_is_read_as_python_reads_it(value: Any) -> None:
    body = json.dumps(value).encode()
    assert repr(read_json(body)) == repr(json.loads(body))


def depth(value: Any) -> int:
    levels = 0
    here = [value]
    while here := [v for c in here if isinstance(c, (dict, list)) for v in (c.values() if isinstance(c, dict) else c)]:
        levels += 1
    return levels


@pytest.mark.parametrize("levels", [1, LEVELS - 1, LEVELS, LEVELS + 1, 900, 5000, DEEP])
def test_a_deep_object_is_cut_and_spoils_nothing_beside_it(levels: int) -> None:
    deep = '{"a":' * levels + "1" + "}" * levels
    body = f'{{"items":[{{"x":{deep}, "t": "[[[{{{{\\"]"}}, {{"y": [1, 2]}}],"metadata":{{}}}}'.encode()
    with cpu_within():
        found = read_json(body)
    assert found["items"][1] == {"y": [1, 2]}
    assert found["items"][0]["t"] == '[[[{{"]'
    assert depth(found) <= LEVELS
    assert levels > LEVELS - 4 or depth(found) == levels + 3


def test_depth_that_never_ends_is_text() -> None:
    for start in (b"[", b'{"a":', b'[{"a":[', b"[" * 50 + b"1,"):
        with cpu_within():
            assert decode(start * DEEP) == (start * DEEP).decode()


def test_work_grows_with_the_body() -> None:
    for made in (
        lambda n: b"[" + b"{}," * n + b"1]",
        lambda n: b'["' + b"[" * n + b'"]',
        lambda n: b"[" * n,
        lambda n: b'"' + b'\\"' * n + b'"',
        lambda n: b'["[",' * n,
        lambda n: b"[" + b'{"a":' * 150 + b"1" + b"}" * 150 + b', "x"' * n + b"]",
        lambda n: (b"[" * 200 + b"]" * 200 + b",") * (n // 100),
    ):
        assert_linear(decode, made, 8_000)
        assert is_flat(made(1)) in (True, False)


# ---- reflector ------------------------------------------------------------------------------------------------------
PODS = Watched(KINDS["Pod"])
EVENTS = st.fixed_dictionaries(
    {"type": st.sampled_from(["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR", "X"]) | JSON, "object": JSON}
)
LINES_OF_A_WATCH = st.lists(
    json_bodies(MEMBERS) | EVENTS.map(lambda e: json.dumps(e).encode()) | st.just(b""), max_size=5
)
PAGES = st.builds(
    lambda code, body: Response(code, body), CODES,
    json_bodies(MEMBERS) | st.fixed_dictionaries({"items": JSON,
    "metadata": JSON}).map(lambda b: json.dumps(b).encode()),
)  # fmt: skip


async def reflect(pages: list[Response], streams: list[list[bytes]], codes: list[int]) -> Store:
    """A reflector through a script; at the end it must still be alive, and learn a healthy list."""
    import asyncio

    clock, client = VirtualClock(START), ScriptedClient(*pages, *[listing(thing("Pod", "last", 10**6))] * 50)
    client.streams, client.stream_codes = [*streams, *[None] * 50], [*codes, *[200] * 50]  # type: ignore[list-item]
    store = Store(lambda *_, **__: None, planned=())
    task = asyncio.create_task(Reflector(PODS, client, store, clock, log_into(Lines(), clock)).run())
    for _ in range(12):
        await settle(30)
        clock.advance(70)
    assert not task.done(), task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return store


@effort(60)
@given(st.lists(PAGES, max_size=3), st.lists(LINES_OF_A_WATCH, max_size=3), st.lists(CODES, max_size=2))
def test_a_reflector_outlives_any_list_and_any_watch(pages: Any, streams: Any, codes: Any) -> None:
    with cpu_within():
        run(reflect(pages, streams, codes))


@pytest.mark.parametrize("line", [
    b"[" * DEEP, b'{"type":"ADDED","object":' + b'{"a":' * DEEP, b'{"type":"ADDED"', b"\xff\xfe", b"\x00", b"null",
    b"5", b"[]", b'{"type":"ERROR"}',
    json.dumps({"type": "ADDED", "object": {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "x",
    "resourceVersion": "9" * 5000}}}).encode(),
    json.dumps({"type": "ADDED", "object": {"metadata": {"name": ["x"], "resourceVersion": 5}}}).encode(),
    b'{"type":"ADDED","object":{"metadata":{"name":"x"},"a":' + b"9" * 5000 + b"}}",
    b'{"type":"MODIFIED","object":' + b" " * 100_000 + b"}",
], ids=range(13))  # fmt: skip
def test_a_hostile_line_is_survived_and_the_list_is_true_again(line: bytes) -> None:
    with cpu_within():
        store = run(reflect([listing(thing("Pod", "first", 1))], [[line]], [200]))
    assert "first" in [key.name for key in store.table.keys("Pod")]


def test_a_list_with_one_deep_object_still_shows_the_others() -> None:
    deep = {
        **thing("Pod", "deep", 3),
        "metadata": {**thing("Pod", "deep", 3)["metadata"], "annotations": {"x": "DEEP"}},
    }
    body = listing(thing("Pod", "good", 2), deep).body.replace(b'"DEEP"', b"[" * DEEP + b"]" * DEEP)
    store = run(reflect([Response(200, body)], [], []))
    assert {"good", "deep"} <= {key.name for key in store.table.keys("Pod")}


def test_a_list_that_goes_round_in_a_circle_is_given_up_and_tried_again() -> None:
    round_ = Response(200, json.dumps({"metadata": {"continue": "x"}, "items": []}).encode())
    store = run(reflect([round_, round_], [], []))
    assert [key.name for key in store.table.keys("Pod")] == ["last"]


# ---- other readers --------------------------------------------------------------------------------------------------
@effort(100)
@given(st.lists(PAGES, min_size=1, max_size=4))
def test_readers_of_logs_and_secrets_and_leases_bear_any_answer(pages: list[Response]) -> None:
    def client() -> ScriptedClient:
        return ScriptedClient(*pages, *[pages[-1]] * 20)

    clock = VirtualClockThatRuns()
    assert isinstance(run(PodLogReader(client(), clock).read(PodLog("ns", "p", "u", "c", 5))), str | Failure)
    run(SecretReader(client(), clock=clock).keychain("ns", ["a", "b"]))
    elector = Elector(client(), "ns", "me", VirtualClock(START), log_into(Lines()), Tenure())
    answer_or((UnreachableError,), lambda: run(elector._try()))


@effort(120)
@given(
    st.fixed_dictionaries({"type": st.sampled_from(WORDS), "data": st.fixed_dictionaries({".dockerconfigjson": JSON})})
    | JSON
)
def test_any_pull_secret_is_read_or_malformed(secret: Any) -> None:
    if isinstance(secret, dict):
        found = credentials_of(secret)
        assert found is None or isinstance(found, list)


@pytest.mark.parametrize("text", NASTY_TEXTS)
def test_a_lease_with_any_words_is_waited_for_or_taken(text: str) -> None:
    for spec in ({"holderIdentity": text}, {"holderIdentity": "x", "renewTime": text, "acquireTime": text},
                 {"holderIdentity": "x", "leaseDurationSeconds": 10**400, "leaseTransitions": 10**400},
                 nested(50)):  # fmt: skip
        lease = Response(200, json.dumps({"metadata": {"name": text}, "spec": spec}).encode())
        elector = Elector(ScriptedClient(*[lease] * 9), "ns", "me", VirtualClock(START), log_into(Lines()), Tenure())
        run(elector._try())
        run(elector._try())
