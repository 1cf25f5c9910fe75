"""Every reason is reached: those of faults and of worlds that break, each by the history that is for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from aimcore.changes import Apply, Create, Delete
from aimcore.cluster.kinds import KINDS
from aimcore.resource import Key
from aimcore.status_answer import read_answer, refusal_of
from aimcore.testing.exploration.branches import Explorer
from aimcore.testing.exploration.refusals import DENIALS, LIST_TROUBLES, denial, denials_of
from aimcore.testing.exploration.schedule import Denied, Schedule, Unanswered, Unlisted
from aimcore.testing.exploration.trunk import Trunk, record
from laws.exploring import Account, empty_cluster
from laws.scenarios import EVERY, MENDED

WHOLE, PRIVATE, SEARCHED = "everything at once", "a private image", "a registry that is searched"
OF_WORLDS = {
    "volumes that no node can use": {"FailedAttachVolume", "FailedMount"},
    "nodes that take no pod": {"PodEvicted", "FailedCreatePodSandBox"},
    "containers that do not start": {"PodOOMKilled", "CreateContainerError", "RunContainerError"},
    "a busy registry": {"RateLimited", "ErrImagePull", "ImagePullBackOff"},
    "sizes that cannot be read": {"NoSizeOutput", "InvalidSizeOutput"},
    "a Job failed by hand, a lost volume": {"JobFailed", "PvcLost"},
    "names that are taken": {"ModelNameTaken", "InferenceServiceNameTaken"},
    "a cluster model without its image": {"ClusterModelFailed"},
    "a rescale that is refused": {"ScaleTargetNotReady"},
    "a registry that is searched": {"AllFiltersSucceeded"},
    "a private image": {"ImageFound"},
    "an image that no kubelet can name": {"InvalidImageName"},
}
OF_LISTS = {
    "credentials": "Unauthorized",
    "permission": "Forbidden",
    "busy": "RateLimited",
    "broken": "ServiceUnavailable",
    "starting": "ServiceUnavailable",
    "timeout": "Timeout",
    "bad gateway": "ServerError",
    "bad request": "ClientError",
    "login page": "UnknownError",
    "refused": "ConnectionRefused",
    "silent": "NetworkTimeout",
    "reset": "ConnectionReset",
    "no name": "DNSFailure",
    "no route": "NetworkError",
}
OF_KINDS = {
    "InferenceService": "FetchError",
    "HTTPRoute": "HTTPRouteFetchError",
    "HorizontalPodAutoscaler": "HPAFetchError",
    "Node": "GPUCheckFailed",
}
OF_DENIALS = {
    "permission": "Forbidden",
    "credentials": "Forbidden",
    "webhook": "AdmissionDenied",
    "quota": "QuotaExceeded",
    "namespace gone": "NamespaceNotFound",
    "namespace going": "NamespaceTerminating",
}


@pytest.fixture(scope="module")
def trunks() -> Callable[[str], Trunk]:
    return cache(lambda name: record(EVERY[name], empty_cluster()))


def said_under(trunk: Trunk, schedule: Schedule) -> set[str]:
    """The reasons, as `Kind Condition Reason`, of a branch under which no law broke."""
    explorer, account = Explorer(trunk), Account()
    finding = explorer.branch(schedule, watched=True)
    assert not finding.lines, finding.lines
    account.note_branch(finding, explorer.course)
    return set(account.reasons)


def reasons_of(entries: set[str]) -> set[str]:
    return {entry.split()[2] for entry in entries}


@pytest.mark.parametrize("name", MENDED)
def test_a_world_that_breaks_reaches_the_reasons_that_it_is_for(name: str, trunks) -> None:
    account = Account()
    account.note_log(trunks(name).end.play)
    assert reasons_of(set(account.reasons)) >= OF_WORLDS[name]


@pytest.mark.rule("R-11.3")
@pytest.mark.parametrize("why", LIST_TROUBLES)
def test_each_trouble_with_a_list_has_its_reason(why: str, trunks) -> None:
    said = said_under(trunks(WHOLE), (Unlisted(-1, "AIMServiceTemplate", why, 120),))
    assert f"AIMService TemplateReady {OF_LISTS[why]}" in said


@pytest.mark.parametrize("kind", OF_KINDS)
def test_kinds_with_a_component_of_their_own_have_a_reason_of_their_own(kind: str, trunks) -> None:
    assert OF_KINDS[kind] in reasons_of(said_under(trunks(WHOLE), (Unlisted(-1, kind, "permission", 120),)))


@pytest.mark.parametrize("why", DENIALS)
def test_each_denial_of_a_write_has_its_reason(why: str, trunks) -> None:
    trunk = trunks(WHOLE)
    number = next(
        n for n, sent in enumerate(trunk.sent)
        if isinstance(sent.change, Apply) and sent.change.key.kind == "InferenceService"
    )  # fmt: skip
    said = said_under(trunk, (Denied(number, why, 60),))
    assert f"AIMService InferenceServiceReady {OF_DENIALS[why]}" in said


@pytest.mark.parametrize(
    ("why", "reason"),
    [("permission", "SecretAccessFailed"), ("broken", "RegistryUnreachable"), ("refused", "RegistryUnreachable")],
)
def test_a_secret_that_cannot_be_read_is_told_apart_from_one_that_is_missing(why: str, reason: str, trunks) -> None:
    said = said_under(trunks(PRIVATE), (Unlisted(-1, "Secret", why, 120),))
    assert f"AIMModel ImageMetadataReady {reason}" in said


def test_quotas_and_namespaces_deny_only_what_is_made_anew() -> None:
    made = Create(Key("Job", "ns", "j"), {}, "m", "")
    gone = Delete(made.key, "u", "")
    for why in DENIALS:
        codes = [refusal_of(read_answer(*denial(why, change, KINDS["Job"]))) for change in (made, gone)]
        assert codes[0] == OF_DENIALS[why]
        assert codes[1] == (OF_DENIALS[why] if why in denials_of(gone) else "Forbidden")


def test_while_a_registry_does_not_answer_what_is_asked_says_so(trunks) -> None:
    assert "AwaitingRegistry" in reasons_of(said_under(trunks(SEARCHED), (Unanswered(-1, 60),)))
    assert "AwaitingMetadata" in reasons_of(said_under(trunks(WHOLE), (Unanswered(-1, 60),)))
