"""One sentence for each trouble, with the remedy."""

from __future__ import annotations

import pytest

from aimcore.cluster.kinds import KINDS
from aimcore.errors import NETWORK_REASONS
from aimcore.snapshot import NotInstalled, Unreadable
from aimctl_runtime.herald import OUR_CRDS, OVER, REFUSED, UNREACHABLE, Herald
from aimctl_runtime.watched import Watched, watched_kinds

from .doubles import Lines, log_into

ROWS = watched_kinds()


def told(*news: tuple[Watched, object]) -> list[tuple[str, str]]:
    lines = Lines()
    herald = Herald(log_into(lines))
    for watched, availability in news:
        herald.tell(watched, availability)
    return [(line["level"], line["msg"]) for line in lines.messages]


def unreadable(watched: Watched, reason: str) -> Unreadable:
    return Unreadable(watched.kind.kind, reason, f"about {watched.kind.plural}")


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [*((reason, UNREACHABLE) for reason in sorted(NETWORK_REASONS)), ("Unauthorized", REFUSED)],
)
def test_a_trouble_of_the_whole_server_is_told_once_and_so_is_its_end(reason, sentence):
    down = [(row, unreadable(row, reason)) for row in ROWS]
    up = [(row, None) for row in ROWS]
    assert told(*down, *down) == [("error", sentence)]
    assert told(*down, *up) == [("error", sentence), ("info", OVER)]
    assert told(*down, *up, *down) == [("error", sentence), ("info", OVER), ("error", sentence)]


def test_our_missing_definitions_are_one_error():
    missing = [(row, NotInstalled(row.kind.kind)) for row in ROWS if row.kind.group == "aim.eai.amd.com"]
    assert len(missing) == 10
    assert told(*missing) == [("error", OUR_CRDS)]


def test_missing_definitions_of_others_are_no_error_and_each_is_named():
    rows = [Watched(KINDS["ScaledObject"]), Watched(KINDS["HTTPRoute"])]
    said = told(*((row, NotInstalled(row.kind.kind)) for row in rows))
    assert [level for level, _ in said] == ["info", "info"]
    assert "install the CRD of ScaledObject (keda.sh/v1alpha1)" in said[0][1]
    assert "install the CRD of HTTPRoute (gateway.networking.k8s.io/v1)" in said[1][1]


def test_a_permission_that_is_missing_is_named_once_although_three_lists_need_it():
    pods = [row for row in ROWS if row.kind.kind == "Pod"]
    assert len(pods) == 3
    ((level, sentence),) = told(*((row, unreadable(row, "Forbidden")) for row in pods))
    assert level == "error"
    assert "grant list and watch on pods in the API group core" in sentence


def test_another_trouble_of_the_same_list_is_news_and_its_end_is_silent():
    row = Watched(KINDS["Job"])
    said = told((row, unreadable(row, "Forbidden")), (row, unreadable(row, "ServiceUnavailable")), (row, None))
    assert [sentence.split(":")[0] for _, sentence in said] == [
        "jobs may not be read",
        "jobs cannot be read now; trying again.",
    ]
