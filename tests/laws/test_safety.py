"""Law 8: no write endangers what is in use, and no two of our routes stand at one path."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given

from aimcore.changes import Apply, Create, Delete
from aimcore.labels import SERVICE
from aimcore.resource import Key
from aimcore.simulation.cluster import Cluster
from aimcore.testing.histories import Edit, History, Play, Put, Remove, Wait
from aimcore.testing.laws import Broken
from aimcore.testing.safety import Guard, check_routes
from aimcore.testing.samples import GATEWAY, QWEN
from aimcore.testing.strategies import histories
from laws.scenarios import ALL, CHAT, EVERYTHING, chat, obj
from laws.tally import MINUTES, Tally, effort

SAME = {"enabled": True, "gatewayRef": GATEWAY, "pathTemplate": "/same"}
NAMESPACE = Key("Namespace", "", "ml-team")


def guarded(history: History, cluster: Cluster, tally: Tally) -> Play:
    play = Play(history.world, cluster=cluster.fork(), operator=history.operator)
    guard = Guard(play.driver)
    play.act(history.actions)
    play.converge(timedelta(hours=1))
    tally.tried["writes guarded"] += guard.writes
    tally.tried["routes compared"] += check_routes(play.cluster)
    return play


@pytest.mark.parametrize("name", ALL)
def test_no_write_of_a_scenario_endangers_anything(name: str, cluster: Cluster, tally: Tally) -> None:
    guarded(ALL[name], cluster, tally)


@pytest.mark.timeout(max(120, MINUTES * 120))
def test_no_write_of_any_history_endangers_anything(cluster: Cluster, tally: Tally) -> None:
    @effort(40)
    @given(histories())
    def is_safe(history: History) -> None:
        tally.note(guarded(history, cluster, tally))

    is_safe()


@pytest.mark.parametrize("pause", [0, 5, 30, 600])
def test_a_namespace_that_ends_takes_nothing_new(pause: int, cluster: Cluster, tally: Tally) -> None:
    play = guarded(History({}, (EVERYTHING, Wait(pause), Remove(NAMESPACE))), cluster, tally)
    assert play.cluster.peek(*CHAT) is None


def test_of_services_with_one_path_all_but_the_oldest_say_so(cluster: Cluster, tally: Tally) -> None:
    others = [obj("AIMService", name, {"model": {"image": QWEN}, "routing": SAME}) for name in ("a", "b")]
    play = guarded(History({}, (chat(routing=SAME), Wait(5), *others)), cluster, tally)
    reasons = {
        service["metadata"]["name"]: {c["reason"] for c in service["status"]["conditions"]}
        for service in play.cluster.objects("AIMService")
    }
    assert {name for name, found in reasons.items() if "RoutePathConflict" in found} == {"a", "b"}


def test_who_scales_down_by_hand_below_the_spec_is_not_followed(cluster: Cluster, tally: Tally) -> None:
    shrink = {"spec": {"replicas": 1}}
    play = guarded(History({}, (chat(replicas=3), Wait(600), Edit(CHAT, shrink), Wait(600))), cluster, tally)
    [inference_service] = play.cluster.objects("InferenceService")
    assert inference_service["spec"]["predictor"]["minReplicas"] == 1


class TestTheGuardFinds:
    """The law can fail: each danger is found when somebody sends it."""

    @pytest.fixture
    def running(self, cluster: Cluster) -> tuple[Play, Guard]:
        play = Play({}, cluster=cluster.fork())
        play.act([chat(replicas=2, caching={"mode": "Dedicated"}), Wait(600)])
        return play, Guard(play.driver)

    def test_the_deletion_of_a_claim_in_use(self, running) -> None:
        play, _ = running
        for kind in ("PersistentVolumeClaim", "AIMArtifact"):
            key = play.keys(kind)[0]
            with pytest.raises(AssertionError, match="is mounted by pod"):
                play.driver.send(CHAT, Delete(key, "any", "a test"))

    def test_fewer_replicas_than_the_spec_asks_for(self, running) -> None:
        play, _ = running
        [live] = play.cluster.objects("InferenceService")
        manifest = {**live, "spec": {"predictor": {**live["spec"]["predictor"], "minReplicas": 1}}}
        change = Apply(play.keys("InferenceService")[0], manifest, "us", "InferenceService", None)
        with pytest.raises(AssertionError, match="1 replicas instead of 2"):
            play.driver.send(CHAT, change)

    def test_a_write_to_what_an_autoscaler_drives(self, running) -> None:
        play, _ = running
        [live] = play.cluster.objects("Deployment")
        with pytest.raises(AssertionError, match="which others drive"):
            play.driver.send(CHAT, Apply(play.keys("Deployment")[0], live, "us", "InferenceService", None))

    def test_a_child_of_an_owner_that_is_being_deleted(self, running) -> None:
        play, _ = running
        service = play.cluster.peek(*CHAT)
        assert service is not None
        owner = {"apiVersion": service["apiVersion"], "kind": "AIMService", "name": "chat", "controller": True}
        where = {"name": "new", "namespace": "ml-team"}
        references = [{**owner, "uid": service["metadata"]["uid"]}]
        route = {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": {**where, "ownerReferences": references},
        }
        play.act([Put({**obj("AIMService", "chat", service["spec"]).manifest}), Remove(CHAT)])
        play.driver.observe()
        with pytest.raises(AssertionError, match="is being deleted"):
            play.driver.send(CHAT, Create(Key("HTTPRoute", "ml-team", "new"), route, "us", "HTTPRoute"))

    def test_two_routes_at_one_path(self, running) -> None:
        play, _ = running
        for name in ("a", "b"):
            routing = {**SAME, "pathTemplate": f"/{name}"}
            play.act([obj("AIMService", name, {"model": {"image": QWEN}, "routing": routing})])
        play.act([Wait(60)])
        assert check_routes(play.cluster) == 2
        stolen = {"rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "/a"}}]}]}
        play.act([Edit(key, {"spec": stolen}) for key in play.keys("HTTPRoute")])
        with pytest.raises(AssertionError, match="told apart"):
            check_routes(play.cluster)


def test_a_cache_for_a_template_that_no_status_names_endangers_it(cluster: Cluster) -> None:
    play = Play(cluster=cluster.fork())
    Guard(play.driver)
    play.act([chat()])
    key = Key("AIMTemplateCache", "ml-team", "early")
    metadata = {"name": key.name, "namespace": key.namespace, "labels": {SERVICE: "chat"}}
    early = Create(key, {"metadata": metadata, "spec": {"templateName": "unnamed"}}, "aim", "Cache")
    with pytest.raises(Broken, match="no service's status names template unnamed"):
        play.driver.send(CHAT, early)
