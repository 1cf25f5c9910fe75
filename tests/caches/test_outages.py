"""An outage never leads to a second download: claims, restarts, kinds that cannot be read."""

import copy
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimcore.kinds.artifact import plan_artifact
from aimcore.resource import Key
from aimcore.snapshot import Unreadable
from aimcore.table import Table
from core.kind_rounds import Rounds, aim, condition_of, finished, pod

KEY = Key("AIMArtifact", "ns", "m")
KINDS = ("PersistentVolumeClaim", "Job", "Pod", "RoleBinding", "Namespace", "AIMRuntimeConfig", "InferenceService")
VERIFIED = [{"type": "DownloadComplete", "status": "True", "reason": "Verified", "message": "m"}]
LEFT_BEHIND = {
    "by us": None,
    "Ready, by another operator": {"status": "Ready"},
    "Degraded but verified, by another operator": {"status": "Degraded", "conditions": VERIFIED},
}


def world(status):
    """An artifact whose files are on its claim; the download Job is gone."""
    rounds = Rounds({"AIMArtifact": plan_artifact})
    rounds.put(aim("AIMArtifact", "m", "ns", spec={"sourceUri": "hf://a/b", "size": "5Gi"}))
    rounds.settle()
    rounds.patch(rounds_key(rounds, "PersistentVolumeClaim"), {"status": {"phase": "Bound"}})
    job = rounds_key(rounds, "Job")
    rounds.patch(job, {"status": finished()})
    rounds.settle()
    rounds.remove(job)
    if status is not None:
        raw = copy.deepcopy(rounds.get(*KEY))
        raw["status"] = copy.deepcopy(status)
        rounds.put(raw)
    return rounds


def rounds_key(rounds, kind):
    return next(k for k in rounds.objects if k.kind == kind)


def restart(rounds, dark=()):
    """A new process, to which some kinds cannot be read. (One that runs goes on with what it knows.)"""
    seen = [raw for key, raw in rounds.objects.items() if key.kind not in dark]
    rounds.table = Table(seen, settings=rounds.settings)
    for kind in dark:
        rounds.table.learn_availability(kind, Unreadable(kind, "ServiceUnavailable", "no"))


def is_untouched(rounds):
    status = rounds.get(*KEY)["status"]
    claim = rounds.get(*rounds_key(rounds, "PersistentVolumeClaim"))["metadata"]["uid"]
    return rounds.all("Job") == [] and status["status"] == "Ready" and status["verifiedClaimUID"] == claim


@pytest.mark.rule("A10", "AD-2")
@pytest.mark.parametrize(("left", "kind"), list(product(LEFT_BEHIND, KINDS)))
def test_a_kind_that_is_dark_for_an_hour_starts_no_download(left, kind):
    rounds = world(LEFT_BEHIND[left])
    restart(rounds, dark=[kind])
    for _ in range(4):
        rounds.settle()
        assert rounds.all("Job") == []
        assert condition_of(rounds.get(*KEY), "DownloadComplete") == ("True", "Verified")
        rounds.pass_time(minutes=15)
    restart(rounds)
    rounds.settle()
    assert is_untouched(rounds)


@pytest.mark.rule("A10", "AD-2")
@given(
    left=st.sampled_from(sorted(LEFT_BEHIND)),
    events=st.lists(st.tuples(st.sampled_from(["goes", "comes", "wait"]), st.sampled_from(KINDS)), max_size=8),
)
def test_no_order_of_outages_and_restarts_starts_a_download(left, events):
    rounds = world(LEFT_BEHIND[left])
    dark = set()
    for what, kind in events:
        match what:
            case "goes":
                dark.add(kind)
                restart(rounds, dark)
            case "comes":
                dark.discard(kind)
                restart(rounds, dark)
            case _:
                rounds.pass_time(minutes=1)
        rounds.settle()
        assert rounds.all("Job") == []
    restart(rounds)
    rounds.settle()
    assert is_untouched(rounds)


@pytest.mark.rule("A8", "A9")
@pytest.mark.parametrize("kind", ["PersistentVolumeClaim", "Job", "Pod"])
@pytest.mark.parametrize("percentage", [40, 100])
def test_a_running_download_is_told_as_before_while_something_is_dark(kind, percentage):
    rounds = Rounds({"AIMArtifact": plan_artifact})
    rounds.put(aim("AIMArtifact", "m", "ns", spec={"sourceUri": "hf://a/b", "size": "5Gi"}))
    rounds.settle()
    rounds.patch(KEY, {"status": {"progress": {"percentage": percentage}}})
    rounds.put(pod("p", "ns", rounds_key(rounds, "Job").name, "Running"))
    rounds.settle()
    before = rounds.get(*KEY)["status"]
    restart(rounds, dark=[kind])
    rounds.settle()
    after = rounds.get(*KEY)["status"]
    assert condition_of({"status": after}, "DownloadComplete") == condition_of({"status": before}, "DownloadComplete")
    assert after["progress"] == before["progress"]
    assert len(rounds.all("Job")) == 1
    assert "ServiceUnavailable" in {c["reason"] for c in after["conditions"]}


@pytest.mark.rule("A5.2", "A9")
def test_a_check_size_job_whose_pods_are_dark_is_not_said_to_have_printed_nothing():
    rounds = Rounds({"AIMArtifact": plan_artifact})
    rounds.put(aim("AIMArtifact", "m", "ns", spec={"sourceUri": "hf://a/b"}))
    rounds.settle()
    rounds.patch(rounds_key(rounds, "Job"), {"status": finished()})
    restart(rounds, dark=["Pod"])
    rounds.settle()
    assert condition_of(rounds.get(*KEY), "CheckSizeOutputReady") == ("", "")
    assert condition_of(rounds.get(*KEY), "CheckSizeJobPodsReady")[1] == "ServiceUnavailable"


@pytest.mark.rule("A10", "AD-3")
def test_only_a_claim_that_is_really_new_is_filled_again():
    rounds = world(None)
    rounds.remove(rounds_key(rounds, "PersistentVolumeClaim"))
    rounds.pass_time(minutes=1)
    rounds.settle()
    assert len(rounds.all("Job")) == 1
    assert rounds.get(*KEY)["status"]["status"] == "Progressing"


@pytest.mark.rule("A5.2", "A1")
def test_a_size_that_is_taken_away_afterwards_is_not_sought():
    rounds = world(None)
    rounds.patch(KEY, {"spec": {"size": "0"}})
    rounds.settle()
    assert is_untouched(rounds)
    rounds.patch(KEY, {"spec": {"size": "-1Gi"}})
    rounds.settle()
    assert is_untouched(rounds)
