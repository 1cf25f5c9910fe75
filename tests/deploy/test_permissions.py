"""The roles of `deploy/` allow what the controller does, and nothing else."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import pytest

from aimcore.plan import PlannedEvent
from aimcore.resource import Resource
from aimcore.settings import Settings
from aimctl_runtime.clock import VirtualClock
from aimctl_runtime.health import Guard
from aimctl_runtime.leader import LEASE, Elector, Tenure
from aimctl_runtime.log import Log, Output
from aimctl_runtime.recorder import Recorder
from aimctl_runtime.transport import Response
from aimctl_runtime.watched import watched_kinds
from deploy.manifests import bound_to, component, find, permissions
from deploy.plays import PLAYS, WORLD, an_artifact_is_downloaded_under_an_account_of_its_own
from deploy.recording import RecordingClient, Use, record

ROLE = "aim-engine-manager-role"
RBAC = "rbac.authorization.k8s.io"
NOT_RECORDED = {
    Use("bind", RBAC, "clusterroles"): "no call: the server asks for it when a RoleBinding is created",
}
"""Permissions that no recorded call needs, each with the reason why the role has it."""


@pytest.fixture(scope="module")
def used(tmp_path_factory) -> set[Use]:
    played = asyncio.run(record(WORLD, tmp_path_factory.mktemp("plays"), *PLAYS))
    return played | uses_of_the_recorder()


def test_whatever_the_controller_does_is_allowed(used):
    assert sorted(used - permissions(find("ClusterRole", ROLE))) == []


def test_nothing_is_allowed_that_the_controller_does_not_do(used):
    allowed = permissions(find("ClusterRole", ROLE))
    assert sorted(allowed - used - NOT_RECORDED.keys()) == []
    assert allowed >= NOT_RECORDED.keys()


def test_whatever_is_watched_may_be_listed_and_watched():
    wanted = {Use(verb, row.kind.group, row.kind.plural) for row in watched_kinds() for verb in ("list", "watch")}
    assert sorted(wanted - permissions(find("ClusterRole", ROLE))) == []


def test_secrets_may_be_read_by_name_only():
    assert {use.verb for use in permissions(find("ClusterRole", ROLE)) if use.resource == "secrets"} == {"get"}


def test_only_the_role_of_the_downloads_may_be_handed_out():
    (rule,) = [r for r in find("ClusterRole", ROLE)["rules"] if "bind" in r["verbs"]]
    assert rule["resourceNames"] == ["aim-engine-artifact-status-updater"]


def test_the_account_has_these_roles_and_no_others():
    assert bound_to("aim-engine-controller-manager") == {
        ("ClusterRole", ROLE),
        ("ClusterRole", "aim-engine-metrics-auth-role"),
        ("Role", "aim-engine-leader-election-role"),
    }


def test_accounts_for_each_download_need_exactly_what_their_component_adds(tmp_path):
    core = Settings(dedicated_download_accounts=True)
    play = an_artifact_is_downloaded_under_an_account_of_its_own
    used = asyncio.run(record(WORLD, tmp_path, play, core=core))
    role, binding = component("dedicated-accounts")
    handed_out = {Use(verb, "aim.eai.amd.com", "aimartifacts/status") for verb in ("get", "patch", "update")}
    assert permissions(role) == (used | handed_out) - permissions(find("ClusterRole", ROLE))
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert binding["subjects"] == find("ClusterRoleBinding", "aim-engine-manager-rolebinding")["subjects"]


# ---- the lease and the metrics, each with a permission of its own ---------------------------------------------------
class Scripted:
    """An API server that answers with what it was given, in order."""

    def __init__(self, *answers: tuple[int, object]) -> None:
        self.answers = list(answers)

    async def request(self, _request, *, timeout):  # noqa: ARG002  # the name is the client's
        code, body = self.answers.pop(0)
        return Response(code, json.dumps(body).encode())

    async def close(self) -> None: ...


NOW = datetime(2026, 11, 1, tzinfo=UTC)
QUIET = Log(Output(verbosity=-1))


def uses_of_the_recorder() -> set[Use]:
    """Whether an event is told twice in the plays depends on timing; here it is."""
    client = RecordingClient(Scripted((201, {}), (200, {})))
    service = Resource.of(
        {"kind": "AIMService", "apiVersion": "v1", "metadata": {"name": "a", "namespace": "b", "uid": "1"}}
    )

    async def tell_twice() -> None:
        recorder = Recorder(client, VirtualClock(NOW), QUIET)
        for _ in range(2):
            assert await recorder.emit(service, "c", PlannedEvent("Normal", "Told", "again"))

    asyncio.run(tell_twice())
    return client.uses


def uses_of_the_elector() -> set[Use]:
    lease = {"metadata": {"resourceVersion": "1"}, "spec": {"holderIdentity": "a", "leaseDurationSeconds": 15}}
    server = Scripted((404, {}), (201, lease), (200, lease), (200, lease), (200, lease), (200, lease))
    client = RecordingClient(server)

    async def lead() -> None:
        clock = VirtualClock(NOW)
        elector = asyncio.create_task(Elector(client, "aim-system", "a", clock, QUIET, Tenure()).run(lambda: None))
        while clock.next_wake() is None:
            await asyncio.sleep(0)
        clock.advance(2.0)
        while len(server.answers) > 2:
            await asyncio.sleep(0)
        elector.cancel()
        await asyncio.gather(elector, return_exceptions=True)

    asyncio.run(lead())
    assert server.answers == []
    return client.uses


def test_the_lease_role_allows_what_the_elector_does_to_that_lease():
    role = find("Role", "aim-engine-leader-election-role")
    assert permissions(role) == uses_of_the_elector()
    named = [rule.get("resourceNames") for rule in role["rules"] if "create" not in rule["verbs"]]
    assert named == [[LEASE]]


def test_the_metrics_role_allows_what_the_guard_asks():
    reviewed = {"status": {"authenticated": True, "user": {"username": "p"}}}
    client = RecordingClient(Scripted((201, reviewed), (201, {"status": {"allowed": True}})))
    code = asyncio.run(Guard(client, VirtualClock(NOW), QUIET).admit("Bearer t"))
    assert code == 200
    assert permissions(find("ClusterRole", "aim-engine-metrics-auth-role")) == client.uses
