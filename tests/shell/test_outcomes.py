"""Outcomes that the cluster has overtaken are taken back; all others stay."""

from __future__ import annotations

import pytest

from aimcore.facts import Outcome, OutcomeOf, Refusal
from aimcore.outcomes import settled_outcomes
from aimcore.plan import Child, Deletion, Plan, Write
from aimcore.resource import Key
from aimcore.snapshot import NotInstalled, Snapshot
from aimcore.table import Table

from .doubles import START, thing

SERVICE = Key("AIMService", "ns", "s")
ACCOUNT = Key("ServiceAccount", "ns", "a")
OF = OutcomeOf(SERVICE, ACCOUNT)
WANTED = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "a", "namespace": "ns"}}
ANNOTATED = {**WANTED, "metadata": {**WANTED["metadata"], "annotations": {"x": "1"}}}
DELETED = {"deletionTimestamp": "2026-01-01T00:00:00Z"}


def table(*objects: dict[str, object], known: bool = True) -> Table:
    made = Table(objects)
    if known:
        made.learn_outcome(OF, Outcome(Refusal.UNKNOWN, "timed out", START))
    return made


def settled(made: Table, **members: object) -> tuple[OutcomeOf, ...]:
    snapshot = Snapshot(made, START)
    return settled_outcomes(Plan(SERVICE, **members), snapshot)  # type: ignore[arg-type]


LIVE = thing("ServiceAccount", "a")


@pytest.mark.parametrize(
    ("live", "child", "is_over"),
    [
        (LIVE, Child(WANTED, "A"), True),
        (LIVE, Child(ANNOTATED, "A"), False),
        (LIVE, Child(ANNOTATED, "A", Write.CREATE), True),
        (thing("ServiceAccount", "a", metadata=DELETED), Child(WANTED, "A"), False),
        (None, Child(WANTED, "A"), False),
    ],
)
def test_a_write_is_over_when_its_child_is_as_wanted(live: dict[str, object] | None, child: Child, is_over: bool):
    made = table(*([live] if live else []))
    assert settled(made, children=(child,)) == ((OF,) if is_over else ())


@pytest.mark.parametrize(
    ("live", "uid", "is_over"),
    [
        (LIVE, "uid-a", False),
        (LIVE, "another", True),
        (thing("ServiceAccount", "a", metadata=DELETED), "uid-a", True),
        (None, "uid-a", True),
    ],
)
def test_a_deletion_is_over_when_its_incarnation_is_gone_or_going(
    live: dict[str, object] | None, uid: str, is_over: bool
):
    made = table(*([live] if live else []))
    assert settled(made, deletions=(Deletion(ACCOUNT, uid, "why"),)) == ((OF,) if is_over else ())


def test_what_cannot_be_read_is_not_taken_for_gone():
    made = table()
    made.learn_availability("ServiceAccount", NotInstalled("ServiceAccount"))
    assert settled(made, deletions=(Deletion(ACCOUNT, "u", "why"),)) == ()


def test_without_an_outcome_nothing_is_over():
    made = table(LIVE, known=False)
    assert settled(made, children=(Child(WANTED, "A"),), deletions=(Deletion(ACCOUNT, "x", "why"),)) == ()
