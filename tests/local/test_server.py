"""The local cluster over real HTTP: reads, watches, logs, faults, counters, time."""

from __future__ import annotations

import asyncio
import io
import json
import time
from datetime import timedelta

import aiohttp
import pytest
import yaml

from aimcore.resource import Key
from aimctl_runtime.local.faults import Call, Effect, Fault
from aimctl_runtime.local.kubeconfig import write_kubeconfig
from local.shell import START, local_cluster

MAPS = "/api/v1/namespaces/default/configmaps"
SERVICES = "/apis/aim.eai.amd.com/v1alpha1/namespaces/default/aimservices"
APPLY = {"Content-Type": "application/apply-patch+yaml"}
MERGE = {"Content-Type": "application/merge-patch+json"}


def config_map(name: str = "a", **data: str) -> dict:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def with_cluster(scenario, **settings):
    """Runs a scenario against a fresh cluster, with an HTTP session; at most 20 s."""

    async def run():
        async with local_cluster(**settings) as local, aiohttp.ClientSession(local.url) as session:
            return await scenario(local, session)

    return asyncio.run(asyncio.wait_for(run(), 20))


async def send(session, method, path, **more):
    """One request whose answer is read to its end."""
    async with session.request(method, path, **more) as got:
        await got.read()


async def events(response, count):
    return [json.loads(await response.content.readline()) for _ in range(count)]


def test_it_listens_on_the_loopback_address_only_and_frees_the_port():
    async def scenario() -> None:
        async with local_cluster() as local:
            assert local.url == f"http://127.0.0.1:{local.port}"
            port = local.port
        with pytest.raises(OSError, match=r"[Cc]onnect"):
            await asyncio.open_connection("127.0.0.1", port)

    asyncio.run(scenario())


def test_open_watches_do_not_hold_up_the_end():
    async def scenario() -> float:
        async with local_cluster() as local, aiohttp.ClientSession(local.url) as session:
            stream = await session.get(f"{MAPS}?watch=1")
            started = time.perf_counter()
            await local.__aexit__(None, None, None)
            stream.close()
            return time.perf_counter() - started

    assert asyncio.run(scenario()) < 2


def test_a_world_that_breaks_is_not_kept_secret():
    async def scenario() -> None:
        async with local_cluster() as local:

            def step() -> bool:
                raise ZeroDivisionError

            local.world.step = step
            local.cluster.create({**config_map(), "metadata": {"name": "a", "namespace": "default"}})
            await asyncio.sleep(5)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(scenario())


def test_the_kserve_crd_comes_in_the_flavour_that_the_world_asks_for():
    def has_schema_of_containers(flavour: str) -> bool:
        local = local_cluster(kserve={"crd": flavour})
        schema = local.cluster.type_of("InferenceService").schema
        return "containers" in json.dumps(schema)

    assert has_schema_of_containers("full")
    assert not has_schema_of_containers("minimal")


def test_the_kubeconfig_names_the_server_and_is_private(tmp_path):
    write_kubeconfig(tmp_path / "deep" / "config", "http://127.0.0.1:1", namespace="team")
    made = yaml.safe_load((tmp_path / "deep" / "config").read_text())
    assert made["clusters"][0]["cluster"]["server"] == "http://127.0.0.1:1"
    assert made["contexts"][0]["context"]["namespace"] == "team"
    assert (tmp_path / "deep" / "config").stat().st_mode & 0o777 == 0o600


@pytest.mark.rule("F-107")
def test_result_codes_are_those_of_the_api_server():
    async def scenario(_, session):
        codes = []
        for method, path, headers, body in (
            ("POST", MAPS, {}, config_map()),
            ("PUT", f"{MAPS}/a", {}, config_map(x="1")),
            ("PATCH", f"{MAPS}/a", MERGE, {"data": {"y": "2"}}),
            ("PATCH", f"{MAPS}/b?fieldManager=m", APPLY, config_map("b")),
            ("PATCH", f"{MAPS}/b?fieldManager=m", APPLY, config_map("b")),
            ("DELETE", f"{MAPS}/a", {}, {}),
            ("GET", f"{MAPS}/a", {}, None),
            ("PUT", MAPS, {}, config_map()),
            ("PATCH", f"{MAPS}/b", {"Content-Type": "text/csv"}, {}),
            ("POST", MAPS, {"Content-Type": "application/json"}, "nonsense"),
            ("POST", f"{MAPS}?dryRun=Some", {}, config_map()),
            ("GET", f"{MAPS}?limit=many", {}, None),
            ("GET", f"{MAPS}?watch=1&resourceVersion=x", {}, None),
        ):
            async with session.request(method, path, headers=headers, json=body) as got:
                codes.append(got.status)
        return codes

    assert with_cluster(scenario) == [201, 200, 200, 201, 200, 200, 404, 405, 415, 400, 422, 400, 500]


@pytest.mark.rule("F-92")
@pytest.mark.parametrize(
    "path",
    ["/", "/apis/nothing.io", "/apis/nothing.io/v1", "/apis/nothing.io/v1/things", "/api/v1/nothings", "/api/v2",
     "/api/v1/namespaces/default/nodes", "/api/v1/pods/x", "/api/v1/namespaces/default/pods/x/exec",
     "/openapi/v3/apis/nothing.io/v1"],
)  # fmt: skip
def test_what_is_not_served_is_404_in_plain_text(path):
    async def scenario(_, session):
        async with session.get(path) as got:
            return got.status, (await got.text()).strip()

    assert with_cluster(scenario) == (404, "404 page not found")


@pytest.mark.rule("F-114")
def test_unknown_fields_come_back_as_warnings():
    async def scenario(_, session):
        body = {
            "apiVersion": "aim.eai.amd.com/v1alpha1",
            "kind": "AIMService",
            "metadata": {"name": "x"},
            "spec": {"model": {"name": "m"}, "wrong": 1},
        }
        async with session.post(SERVICES, json=body) as got:
            return got.status, got.headers["Warning"]

    assert with_cluster(scenario) == (201, '299 - "unknown field \\"spec.wrong\\""')


def test_a_watch_sees_every_change_and_ends_at_its_timeout():
    async def scenario(_, session):
        async with session.get(f"{MAPS}?watch=1&timeoutSeconds=1") as stream:
            await send(session, "POST", MAPS, json=config_map())
            await send(session, "PATCH", f"{MAPS}/a", headers=MERGE, json={"data": {"x": "1"}})
            await send(session, "DELETE", f"{MAPS}/a")
            lines = [json.loads(line) async for line in stream.content]
        return [e["type"] for e in lines if e["object"]["metadata"]["name"] == "a"]

    assert with_cluster(scenario) == ["ADDED", "MODIFIED", "DELETED"]


@pytest.mark.rule("F-136")
def test_a_watch_with_bookmarks_ends_with_one():
    async def scenario(local, session):
        async with session.get(f"{MAPS}?watch=1&timeoutSeconds=1&allowWatchBookmarks=true") as stream:
            lines = [json.loads(line) async for line in stream.content]
        return lines[-1], local.cluster.resource_version

    last, version = with_cluster(scenario)
    assert last["type"] == "BOOKMARK"
    assert last["object"]["metadata"]["resourceVersion"] == str(version)


@pytest.mark.rule("F-137")
def test_a_watch_from_a_forgotten_version_gets_one_error_event_and_ends():
    async def scenario(local, session):
        local.cluster.compact()
        async with session.get(f"{MAPS}?watch=1&resourceVersion=1") as stream:
            return stream.status, [json.loads(line) async for line in stream.content]

    status, lines = with_cluster(scenario)
    assert status == 200
    assert [(e["type"], e["object"]["code"]) for e in lines] == [("ERROR", 410)]


def test_a_change_past_the_api_reaches_watches_too():
    async def scenario(local, session):
        async with session.get(f"{MAPS}?watch=1&resourceVersion={local.cluster.resource_version}") as stream:
            local.cluster.create({**config_map(), "metadata": {"name": "a", "namespace": "default"}})
            return await events(stream, 1)

    assert with_cluster(scenario)[0]["type"] == "ADDED"


def test_a_watch_can_be_had_as_tables_and_a_list_as_metadata():
    async def scenario(_, session):
        await send(session, "POST", MAPS, json=config_map())
        table = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}
        async with session.get(f"{MAPS}?watch=1", headers=table) as stream:
            [event] = await events(stream, 1)
        partial = {"Accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"}
        async with session.get(MAPS, headers=partial) as got:
            return event["object"], await got.json()

    table, partial = with_cluster(scenario)
    assert (table["kind"], table["rows"][0]["cells"][0]) == ("Table", "a")
    assert partial["kind"] == "PartialObjectMetadataList"
    assert "data" not in partial["items"][0]


def test_calls_are_counted_by_verb_and_resource():
    async def scenario(local, session):
        await send(session, "GET", MAPS)
        await send(session, "GET", "/api/v1/configmaps?watch=true&timeoutSeconds=1")
        await send(session, "POST", MAPS, json=config_map())
        await send(session, "GET", f"{MAPS}/a")
        await send(session, "PATCH", f"{SERVICES}/y/status", headers=MERGE, json={})
        await send(session, "DELETE", MAPS)
        return set(local.calls)

    assert with_cluster(scenario) == {
        Call("list", "", "configmaps"),
        Call("watch", "", "configmaps"),
        Call("create", "", "configmaps"),
        Call("get", "", "configmaps"),
        Call("patch", "aim.eai.amd.com", "aimservices/status"),
        Call("deletecollection", "", "configmaps"),
    }


@pytest.mark.parametrize(
    ("effect", "code"),
    [
        (Effect.CONFLICT, 409), (Effect.EXPIRED, 410), (Effect.TOO_MANY, 429), (Effect.TOO_MANY_PLAIN, 429),
        (Effect.INTERNAL, 500), (Effect.UNAVAILABLE, 503), (Effect.TIMEOUT, 504),
    ],
)  # fmt: skip
def test_a_refused_write_is_not_done(effect, code):
    async def scenario(local, session):
        local.faults.inject(Fault(effect, verbs=frozenset({"create"})))
        async with session.post(MAPS, json=config_map()) as got:
            return got.status, local.cluster.peek("ConfigMap", "default", "a")

    assert with_cluster(scenario) == (code, None)


@pytest.mark.rule("F-101")
@pytest.mark.parametrize("effect", [Effect.TIMEOUT_DONE, Effect.NO_ANSWER, Effect.TRUNCATED])
def test_a_write_with_a_spoiled_answer_is_done_all_the_same(effect):
    async def scenario(local, session):
        local.faults.inject(Fault(effect))
        try:
            async with session.post(MAPS, json=config_map()) as got:
                await got.read()
                seen = got.status
        except aiohttp.ClientError as error:
            seen = type(error).__name__
        return seen, local.cluster.peek("ConfigMap", "default", "a") is not None

    wanted = {
        Effect.TIMEOUT_DONE: 504, Effect.NO_ANSWER: "ServerDisconnectedError", Effect.TRUNCATED: "ClientPayloadError",
    }  # fmt: skip
    assert with_cluster(scenario) == (wanted[effect], True)


def test_a_slow_answer_comes_late_and_holds_up_nobody_else():
    async def scenario(local, session):
        local.faults.inject(Fault(Effect.SLOW, verbs=frozenset({"get"}), seconds=0.3))
        started = time.perf_counter()
        slow = asyncio.ensure_future(send(session, "GET", f"{MAPS}/x"))
        await asyncio.sleep(0)
        await send(session, "GET", MAPS)
        others = time.perf_counter() - started
        await slow
        return others, time.perf_counter() - started

    others, whole = with_cluster(scenario)
    assert others < 0.3 <= whole


def test_a_dropped_watch_breaks_off_after_the_events_it_may_still_deliver():
    async def scenario(local, session):
        local.faults.inject(Fault(Effect.DROPPED, after=1))
        for name in "ab":
            await send(session, "POST", MAPS, json=config_map(name))
        got = []
        with pytest.raises(aiohttp.ClientPayloadError):
            async with session.get(f"{MAPS}?watch=1") as stream:
                got.extend([line async for line in stream.content])
        return got

    assert len(with_cluster(scenario)) <= 1


def test_a_silent_watch_stays_open_and_says_nothing():
    async def scenario(local, session):
        local.faults.inject(Fault(Effect.SILENT))
        async with session.get(f"{MAPS}?watch=1&timeoutSeconds=1") as stream:
            await send(session, "POST", MAPS, json=config_map())
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(stream.content.readline(), 1.2)

    with_cluster(scenario)


def test_an_expired_stream_says_so_in_an_event():
    async def scenario(local, session):
        local.faults.inject(Fault(Effect.EXPIRED_STREAM))
        async with session.get(f"{MAPS}?watch=1") as stream:
            return [json.loads(line) async for line in stream.content]

    [event] = with_cluster(scenario)
    assert (event["type"], event["object"]["reason"]) == ("ERROR", "Expired")


POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p"},
    "spec": {"containers": [{"name": "main", "image": "busybox"}]},
}


async def until(local, is_so, seconds=600):
    """Moves the virtual clock until something is so; the world acts by itself."""
    for _ in range(seconds):
        if is_so():
            return
        local.clock.advance(timedelta(seconds=1))
        await asyncio.sleep(0.025)
    raise AssertionError("it never came true")


def is_running(local) -> bool:
    return local.cluster.peek("Pod", "default", "p").get("status", {}).get("phase") == "Running"


IMAGES = [{"image": "busybox", "log": "hello\nworld\n"}]


def test_logs_are_read_whole_or_from_the_tail_and_refused_in_words():
    async def scenario(local, session):
        await send(session, "POST", "/api/v1/namespaces/default/pods", json=POD)
        async with session.get("/api/v1/namespaces/default/pods/p/log") as got:
            early = got.status, (await got.json())["message"]
        async with session.get("/api/v1/namespaces/default/pods/p/log?container=x") as got:
            wrong = got.status, (await got.json())["message"]

        await until(local, lambda: is_running(local))
        texts = []
        for query in ("", "?tailLines=1", "?container=main&tailLines=0"):
            async with session.get(f"/api/v1/namespaces/default/pods/p/log{query}") as got:
                texts.append(await got.text())
        return early, wrong, texts

    early, wrong, texts = with_cluster(scenario, images=IMAGES, defaultCatalogue=False)
    assert early[0] == 400
    assert "waiting to start" in early[1]
    assert wrong == (400, "container x is not valid for pod p, choose one of: [main]")
    assert texts[0].endswith(texts[1])
    assert texts[1].count("\n") == 1
    assert texts[2] == ""


def test_a_followed_log_ends_when_the_pod_goes():
    async def scenario(local, session):
        await send(session, "POST", "/api/v1/namespaces/default/pods", json=POD)
        await until(local, lambda: is_running(local))
        async with session.get("/api/v1/namespaces/default/pods/p/log?follow=true") as stream:
            first = await stream.content.readline()
            await send(session, "DELETE", "/api/v1/namespaces/default/pods/p")
            await until(local, lambda: local.cluster.peek("Pod", "default", "p") is None)
            await stream.content.read()
        return first

    assert with_cluster(scenario, images=IMAGES, defaultCatalogue=False)


def test_a_crd_that_is_applied_is_served_at_once_and_gone_when_deleted():
    crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "foos.ex.io"},
        "spec": {
            "group": "ex.io",
            "names": {"kind": "Foo", "plural": "foos"},
            "scope": "Namespaced",
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
            ],
        },
    }

    async def scenario(_, session):
        codes = []
        for method, path, body in (
            ("GET", "/apis/ex.io/v1", None),
            ("POST", crds, crd),
            ("GET", "/apis/ex.io/v1", None),
            ("GET", "/apis/ex.io/v1/namespaces/default/foos", None),
            ("GET", "/openapi/v3/apis/ex.io/v1", None),
            ("DELETE", f"{crds}/foos.ex.io", None),
            ("GET", "/apis/ex.io/v1/namespaces/default/foos", None),
        ):
            async with session.request(method, path, json=body) as got:
                codes.append(got.status)
        return codes

    assert with_cluster(scenario) == [404, 201, 200, 200, 200, 200, 404]


def test_everything_in_the_openapi_documents_is_valid_json_and_points_somewhere():
    async def scenario(_, session):
        async with session.get("/openapi/v3") as got:
            index = await got.json()
        broken = []
        for path, entry in index["paths"].items():
            async with session.get(entry["serverRelativeURL"]) as got:
                document = await got.json(content_type=None)
            names = document["components"]["schemas"]
            text = json.dumps(document)
            broken += [(path, ref) for ref in _references(text) if ref.rpartition("/")[2] not in names]
        async with session.get("/openapi/v2", headers={"Accept": "application/json"}) as got:
            version = (await got.json())["swagger"]
        async with session.get("/openapi/v2", headers={"Accept": "application/x-protobuf"}) as got:
            return index, broken, version, got.status

    index, broken, version, refused = with_cluster(scenario)
    assert "apis/aim.eai.amd.com/v1alpha1" in index["paths"]
    assert (broken, version, refused) == ([], "2.0", 406)


def _references(text):
    return {part.split('"')[0] for part in text.split('"$ref": "')[1:]}


def test_everybody_may_do_everything_even_when_asking_in_protobuf():
    async def scenario(_, session):
        answers = []
        for plural, kind in (
            ("selfsubjectaccessreviews", "json"),
            ("selfsubjectaccessreviews", "vnd.kubernetes.protobuf"),
            ("selfsubjectrulesreviews", "json"),
        ):
            headers = {"Content-Type": f"application/{kind}"}
            async with session.post(f"/apis/authorization.k8s.io/v1/{plural}", data=b"{}", headers=headers) as got:
                answers.append((await got.json())["status"])
        return answers

    first, second, rules = with_cluster(scenario)
    assert first["allowed"] is second["allowed"] is True
    assert rules["resourceRules"][0]["verbs"] == ["*"]


def test_a_body_that_contradicts_the_url_is_refused():
    async def scenario(_, session):
        codes = []
        for body in (
            {**config_map(), "kind": "Secret"},
            {**config_map(), "metadata": {"name": "a", "namespace": "other"}},
            [1],
            {"metadata": 3},
        ):
            async with session.post(MAPS, json=body) as got:
                codes.append(got.status)
        async with session.put(f"{MAPS}/b", json=config_map("a")) as got:
            codes.append(got.status)
        return codes

    assert with_cluster(scenario) == [400] * 5


def test_the_ticker_moves_the_clock_and_the_world_with_it():
    async def scenario() -> None:
        from aimcore.simulation.clock import Clock
        from aimcore.simulation.settings import WorldSettings
        from aimctl_runtime.local.server import LocalCluster

        clock = Clock(START)
        settings = WorldSettings.read({"images": IMAGES, "defaultCatalogue": False})
        async with LocalCluster(settings, clock=clock, speed=200.0) as local:
            local.cluster.create({**POD, "metadata": {"name": "p", "namespace": "default"}})
            for _ in range(200):
                pod = local.cluster.get(Key("Pod", "default", "p"))
                if pod.get("status", {}).get("phase") == "Running":
                    break
                await asyncio.sleep(0.02)
            assert pod["status"]["phase"] == "Running"
            assert clock.now > START + timedelta(seconds=5)
            assert local.slowest_step < 0.5

    asyncio.run(scenario())


def test_a_negative_speed_is_refused_in_words():
    from aimctl_runtime.local.server import LocalCluster

    with pytest.raises(ValueError, match="allowed: 0"):
        LocalCluster(None, clock=None, speed=-1)


def test_a_body_beyond_the_limit_is_refused():
    async def scenario(_, session):
        async with session.post(MAPS, data=io.BytesIO(b" " * (3 * 1024 * 1024 + 1))) as got:
            return got.status, (await got.json())["reason"]

    assert with_cluster(scenario) == (413, "RequestEntityTooLarge")


@pytest.mark.rule("F-130")
def test_pages_of_a_table_carry_the_token_of_the_next():
    async def scenario(_, session):
        for name in "ab":
            await send(session, "POST", MAPS, json=config_map(name))
        accept = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
        async with session.get(f"{MAPS}?limit=1", headers=accept) as got:
            first = await got.json()
        async with session.get(MAPS, headers=accept, params={"continue": first["metadata"]["continue"]}) as got:
            return [r["cells"][0] for page in (first, await got.json()) for r in page["rows"]]

    assert with_cluster(scenario) == ["a", "b"]


def test_delete_options_are_heeded_and_refused_if_they_are_no_object():
    async def scenario(_, session):
        await send(session, "POST", MAPS, json=config_map())
        codes = []
        for body in ([1], {"preconditions": 3}, {"preconditions": {"uid": "other"}}, {"dryRun": ["All"]}):
            async with session.delete(f"{MAPS}/a", json=body) as got:
                codes.append(got.status)
        return codes

    assert with_cluster(scenario) == [400, 400, 409, 200]


def test_old_style_discovery_and_new_are_both_served():
    async def scenario(_, session):
        kinds = []
        for path, accept in (
            ("/api", "application/json"),
            ("/apis", "application/json"),
            ("/apis/batch", "application/json"),
            ("/apis/batch/v1", "application/json"),
            ("/apis", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"),
            ("/apis", "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"),
        ):
            async with session.get(path, headers={"Accept": accept}) as got:
                kinds.append((await got.json(content_type=None))["kind"])
        return kinds

    assert with_cluster(scenario) == [
        "APIVersions", "APIGroupList", "APIGroup", "APIResourceList", "APIGroupDiscoveryList", "APIGroupList",
    ]  # fmt: skip
